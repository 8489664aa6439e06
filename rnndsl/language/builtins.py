"""The names that every spec has without an import: what each is, in one table."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from rnndsl.language.initializers import PARAMETERS as INITIALIZERS
from rnndsl.language.ops import table as ops
from rnndsl.language.ops.op import Parameter
from rnndsl.language.rules.products import PADDINGS
from rnndsl.plan.model import DType

DTYPES: tuple[DType, ...] = ("f16", "bf16", "f32", "f64", "i32", "i64", "bool")
LEAST: Mapping[DType, float] = MappingProxyType(
    {
        "f16": -65504.0, "bf16": -(2 - 2.0**-7) * 2.0**127, "f32": -(2 - 2.0**-23) * 2.0**127, "f64": -sys.float_info.max,
        "i32": -(2**31), "i64": -(2**63),
    }
)  # fmt: skip
"""The least finite number of each dtype."""
WIDE = "wide"
"""The dtype in force, f32 where that is narrower: what sums and moments over many values are computed in."""
BATCH, TIME = "batch", "time"
AXES = (BATCH, TIME)
SPECIALS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "scan": (
            "scan(cell, x, …, lengths, mask, masked, reverse, initial, given, carry, along = time, steps, until, "
            "feed, first, teacher, teach, end)",
            "the outputs of a cell over an axis; `.last` and `.final`, with `end` `.lengths`",
            "as the cell's output",
            "through it",
        ),
        "beam": (
            "beam(cell, feed, first, width, steps, end, x = …, lengths, initial, given, along = time)",
            "the ids of the likeliest sequences of a cell whose output is logits, best first; `.ids`, `.scores`, `.lengths`",
            "-> i32 [width]; scores float",
            "through the scores",
        ),
        "step": ("step(cell, x, …, initial, given)", "one step of a cell; `.final`", "as the cell's output", "through it"),
        "bidirectional": (
            "bidirectional(fw, bw, x, …, merge = concat)",
            "two scans, merged by concat, sum, mul, average or none; `.fw`, `.bw`, `.last`",
            "as the cells' outputs",
            "through it",
        ),
        "map_state": (
            "map_state(cell, f, skip = [])",
            "the cell with f(new, old) for every new state but those named",
            "a cell",
            "through it",
        ),
        "map_recurrent": (
            "map_recurrent(cell, f, skip = [])",
            "the cell, its products with weights reading f(past) of every state but those named; what is carried stays",
            "a cell",
            "through it",
        ),
        "states": ("states(layer)", "the new states of a cell in this step, as a list", "a list", "through it"),
        "refuse": (
            'refuse("text")',
            "no value: the text is the message, where the function is called",
            "no value",
            "none",
        ),
        "len": ("len(list)", "how many items a list has", "int, at compile time", "none"),
        "split": ("split(x, n, axis = -1)", "a list of n equal parts", "any [.., n * m] -> n of [.., m]", "everywhere"),
        "concat": ("concat([a, b, …], axis = -1)", "the values joined along a trailing dim", "any", "everywhere"),
        "stack": ("stack([a, b, …])", "the values along a new last dim", "n of any [..] -> [.., n]", "everywhere"),
        "sort": ("sort(x, axis = -1)", "the numbers in rising order", "number", "everywhere"),
        "top_k": (
            "top_k(x, k)",
            "the k largest of the last dim, the largest first; `.values`, `.ids`",
            "number [.., n] -> number [.., k]; ids i32",
            "everywhere",
        ),
        "conv": (
            "conv(x, kernel, stride = 1, padding = same, over, to, lengths)",
            "cross-correlation with kernel [widths.., in, out], over trailing dims, an axis, or `[time, dims]`; with `lengths` "
            "`.lengths`",
            "float [sizes.., in], [widths.., in, out] -> [sizes.., out]",
            "everywhere",
        ),
        "einsum": ('einsum("ij,jk->ik", a, b, …)', "Einstein's sum over trailing dims", "number", "everywhere"),
        "tabulate": (
            "tabulate(n, m, f) or tabulate(n, f)",
            "the constant of f(i, j) or f(i)",
            "-> the model's dtype [n, m] or [n]",
            "none",
        ),
        "position": ("position(over)", "0, 1, … along an axis", "-> i32", "none"),
        "window": (
            "window(x, n, over)",
            "the n latest steps as a first trailing dim, the present one last, zeros before the start",
            "any [..] -> [n, ..]",
            "everywhere",
        ),
        "rename": ("rename(x, old = new)", "x with an axis under another name", "any", "everywhere"),
        "l1": ("l1({collection})", "the sum of absolute values of a collection's variables", "-> float []", "0 at 0"),
        "l2": ("l2({collection})", "the sum of squares of a collection's variables", "-> float []", "everywhere"),
    }
)
"""Functions with rules of their own: signature, value, types and gradient."""
OPTIMIZERS: Mapping[str, tuple[Parameter, ...]] = MappingProxyType(
    {
        "levenberg_marquardt": (
            Parameter("damping", "number", 1e-3),
            Parameter("increase", "number", 2.0),
            Parameter("decrease", "number", 3.0),
            Parameter("min_damping", "number", 1e-20),
            Parameter("max_damping", "number", 1e20),
            Parameter("attempts", "int", 10),
            Parameter("rule", "string", "nielsen"),
            Parameter("scaled", "bool", True),
            Parameter("reach", "number", 10.0),
            Parameter("tolerance", "number", 1e-8),
            Parameter("robust", "string", "none"),
            Parameter("delta", "number", 1.0),
            Parameter("solver", "string", "cholesky"),
            Parameter("jacobian", "string", "auto"),
            Parameter("chunk", "size", None),
        ),
    }
)
"""Optimizers that are no equations for one variable, and what they take; the others are in `std.optimizers`."""
GIVEN = ("value", "gradient", "step")
"""What an optimizer's equations are given beside its slots."""
STEP_OPTIONS = ("clip_norm", "clip_value", "average")
"""What every optimizer takes beside its own parameters."""
WORDS = frozenset(
    {
        "leading", "last", "hold", "none", "inherited", "fan_in", "fan_out", "fan_avg", "training", "t", "average", "mul",
        "untruncated_normal",
    }
)  # fmt: skip
"""Words that mean something in one place only: `over = last`, `masked = hold`, `~ inherited`."""
OPTION_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "masked": ("hold",),
        "jacobian": ("auto", "forward", "reverse"),
        "merge": ("concat", "sum", "mul", "average", "none"),
        "over": ("leading", "inner", "last", "dims"),
        "padding": PADDINGS,
        "robust": ("none", "huber", "cauchy"),
        "rule": ("nielsen", "plain"),
        "solver": ("cholesky", "qr"),
    }
)
"""By an option, the words that it takes, whatever else has such a name."""
MEASURES = frozenset({"damping", "accepted", "converged"})
"""What a training signature may return beside losses and metrics (language, section 10)."""
COLLECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "global_variables": "variables",
        "local_variables": "variables",
        "model_variables": "variables",
        "trainable_variables": "trainable variables",
        "moving_average_variables": "variables",
        "update_ops": "update ops",
        "losses": "losses",
        "regularization_losses": "losses",
        "metrics": "metrics",
        "summaries": "variables",
        "train_op": "train ops",
    }
)
"""The predeclared collections, each with what it holds. Others hold anything."""
SIGNATURES = frozenset(
    {
        "predict", "evaluate", "initialize", "reset", "stream", "reset_states", "apply", "gradients", "collections",
        "loss", "metrics", "damping", "accepted", "converged",
    }
)  # fmt: skip
"""Names that a `train` or `signature` cannot have (language, section 10)."""


NAMES = frozenset({*ops.functions(), *DTYPES, WIDE, *INITIALIZERS, *OPTIMIZERS, *SPECIALS, *AXES})
"""Everything that is in force without a definition."""
