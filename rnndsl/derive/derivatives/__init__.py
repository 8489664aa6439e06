"""Derivatives of a graph: graph → graph, backward (vjp) and forward (jvp)."""
