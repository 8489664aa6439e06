"""Expressions, names, calls: from text to values."""
