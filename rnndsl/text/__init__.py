"""What is read and what is said of it: sources, places, diagnostics with their codes, and their renderings."""
