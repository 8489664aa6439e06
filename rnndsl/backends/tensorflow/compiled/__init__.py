"""Parts of a graph that XLA compiles: recurrences, and what stands around them place by place."""
