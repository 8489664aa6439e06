"""Tree to text, in one way alone."""
