"""Rules that give the type of a result from the types of arguments."""
