"""The library and the functions of the language as pages."""
