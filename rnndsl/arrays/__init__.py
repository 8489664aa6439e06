"""Arrays that users give and get: what fits a type of the language, and how a file holds it."""
