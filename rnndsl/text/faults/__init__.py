"""Every fault of a command, of its data or of a file: one constructor each, which alone words it."""
