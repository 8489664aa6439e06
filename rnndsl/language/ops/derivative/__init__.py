"""The derivative of each operation, in operations of the plan. Rows name them; derivations import them when they are wanted."""
