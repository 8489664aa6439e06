"""The lowering of each operation to StableHLO, by its name."""
