"""Text to tree: tokens, brackets, the automaton, the tree; what is said where a text cannot be read, and how it is mended."""
