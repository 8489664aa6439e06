"""Graphs made ready to be differentiated."""
