"""Lowering of recurrences."""
