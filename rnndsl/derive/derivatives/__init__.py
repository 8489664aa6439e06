"""Derivatives of a graph: graph → graph with the cotangents of what it is made of."""
