"""Functions of a plan as StableHLO modules, in MLIR's text: sizes are fixed, variables are arguments."""
