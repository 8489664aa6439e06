"""From a plan to new functions of it."""
