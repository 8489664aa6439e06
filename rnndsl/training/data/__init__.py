"""Data of every kind as examples: rows, sequences and windows of tables, records, what functions give; and how long they are."""
