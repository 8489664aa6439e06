"""Files read, imports followed, names bound to their definitions, the standard library."""
