"""A model as a whole: variables settled, training, signatures, the plan."""
