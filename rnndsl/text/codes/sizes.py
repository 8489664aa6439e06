"""Diagnostics of sizes met while a model is elaborated: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

MAX_ELEMENTS = 1 << 28
"""The most elements that a constant of the graph may have."""
MAX_TABLE = 1 << 20
"""The most elements that `tabulate` may make."""
MAX_LISTED = 1 << 22
"""The most numbers that a list of the text may come to, lists within it counted as often as they are named; and the most that
all constants of a model that are lists may have together."""
MAX_BYTES = 1 << 36
"""The most bytes that the variables of a model may take together: 64 GiB."""
MAX_RANK = 7
"""The most axes and dims together that a value may have: TensorFlow's argmax takes no more, its other operations 8."""
MAX_REPEATS = 10_000
"""The most rounds of all `for`s of a model together, nested ones and those in each application counted."""
MAX_CALLS = 10_000
"""The most applications of layers and `fn`s in a model; one of a layer, which takes longer, counts as LAYER_COST."""
LAYER_COST = 2
MAX_DEPTH = 2_000
"""The most expressions that may be evaluated within one another, through definitions too."""
FREE_CALLS = 300_000
"""So many `fn`s may be applied to plain numbers for the entries of `tabulate`, beside MAX_CALLS."""

NUMBER_TOO_LARGE = Code("RNN0910", "number too large", "the result is beyond the range of 64-bit numbers")
NESTED_TOO_DEEP = Code("RNN0911", "definitions nested too deep", "`{name}` is nested {limit} levels deep: does it use itself?")
TOO_MANY_ELEMENTS = Code("RNN0912", "too many elements", "{what} of {count} elements is too large: at most {limit}")
TOO_MANY_BYTES = Code("RNN0913", "too many bytes", "{what} would take {size}: at most {limit} fit in a model")
TOO_MANY_DIMS = Code("RNN0916", "too many dims", "{what}, {type}, has {count} axes and dims: at most {limit}")
TOO_MANY_REPEATS = Code("RNN0914", "too many repetitions", "with this `for` the model has {count} rounds: at most {limit}")
TOO_MANY_CALLS = Code(
    "RNN0915",
    "too many applications",
    "the model applies layers and functions too often: at most {limit} functions, or {layers} layers",
)
