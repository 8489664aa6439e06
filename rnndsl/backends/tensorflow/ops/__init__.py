"""Lowerings of operations, one file a family."""
