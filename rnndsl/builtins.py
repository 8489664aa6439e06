"""The names that every spec has without an import: what each is, in one table."""

from __future__ import annotations

from rnndsl import ops
from rnndsl.initializers import PARAMETERS as INITIALIZERS
from rnndsl.plan.model import DType

DTYPES: tuple[DType, ...] = ("f16", "bf16", "f32", "f64", "i32", "i64", "bool")
AXES = ("batch", "time")
SPECIALS = (
    "scan", "step", "bidirectional", "map_state", "placed", "states", "len", "split", "tabulate", "l1", "l2", "position", "rename",
    "concat", "stack", "einsum", "cosine", "exponential_decay", "piecewise",
)  # fmt: skip
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "ftrl", "lion", "levenberg_marquardt")
WORDS = frozenset(
    {
        "leading", "last", "hold", "none", "inherited", "fan_in", "fan_out", "fan_avg", "training", "t", "average", "mul",
        "untruncated_normal",
    }
)  # fmt: skip
"""Words that mean something in one place only: `over = last`, `masked = hold`, `~ inherited`."""
MEASURES = frozenset({"damping", "accepted"})
"""What a training signature may return beside losses and metrics (language, section 10)."""
COLLECTIONS = (
    "global_variables", "local_variables", "model_variables", "trainable_variables", "moving_average_variables",
    "update_ops", "losses", "regularization_losses", "metrics", "summaries", "train_op",
)  # fmt: skip
SIGNATURES = frozenset(
    {
        "predict", "evaluate", "initialize", "reset", "stream", "reset_states", "apply", "gradients", "collections",
        "loss", "metrics", "damping", "accepted",
    }
)  # fmt: skip
"""Names that a `train` or `signature` cannot have (language, section 10)."""


NAMES = frozenset({*ops.functions(), *DTYPES, *INITIALIZERS, *OPTIMIZERS, *SPECIALS, *AXES})
"""Everything that is in force without a definition."""
