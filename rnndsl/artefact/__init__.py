"""The artefact: its files, written as a whole, with the same bytes each time."""
