"""The plan: types, nodes, functions; how it is printed and rewritten."""
