"""Random draws, and the numbers that they are made of."""
