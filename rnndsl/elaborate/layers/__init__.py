"""Layers, blocks and cells: who owns which variables, and what one application computes."""
