"""The functions of the language, one row each."""
