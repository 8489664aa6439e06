"""A plan as TensorFlow's graph."""
