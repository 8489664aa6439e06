"""Diagnostics of sizes met while a model is elaborated: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span

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
MAX_DEPTH = 1_000
"""The most expressions that may be evaluated within one another, through definitions too."""
FREE_CALLS = 300_000
"""So many `fn`s may be applied to plain numbers for the entries of `tabulate`, beside MAX_CALLS."""

NUMBER_TOO_LARGE = Code("RNN0910", "number too large")
NESTED_TOO_DEEP = Code("RNN0911", "definitions nested too deep")
TOO_MANY_ELEMENTS = Code("RNN0912", "too many elements")
TOO_MANY_BYTES = Code("RNN0913", "too many bytes")
TOO_MANY_REPEATS = Code("RNN0914", "too many repetitions")
TOO_MANY_CALLS = Code("RNN0915", "too many applications")
TOO_MANY_DIMS = Code("RNN0916", "too many dims")


def number_too_large(span: Span) -> Diagnostic:
    return NUMBER_TOO_LARGE(span, "the result is beyond the range of 64-bit numbers")


def nested_too_deep(span: Span, name: str, limit: int) -> Diagnostic:
    return NESTED_TOO_DEEP(span, f"`{name}` is nested {limit} levels deep: does it use itself?")


def dim_too_large(span: Span, count: int, limit: int) -> Diagnostic:
    return TOO_MANY_ELEMENTS(span, f"a dim of {count} elements is too large: at most {limit}")


def constant_too_large(span: Span, count: int) -> Diagnostic:
    return TOO_MANY_ELEMENTS(span, f"a constant of {count} elements is too large: at most {MAX_ELEMENTS}")


def table_too_large(span: Span, count: int) -> Diagnostic:
    return TOO_MANY_ELEMENTS(span, f"a table of {count} elements is too large: at most {MAX_TABLE}")


def list_too_large(span: Span, count: int) -> Diagnostic:
    return TOO_MANY_ELEMENTS(span, f"a list of {count} elements is too large: at most {MAX_LISTED}")


def lists_too_large(span: Span, count: int) -> Diagnostic:
    """All lists together that became constants of the model."""
    return TOO_MANY_ELEMENTS(span, f"all lists together have {count} elements: at most {MAX_LISTED} are allowed")


def value_too_large(span: Span, op: str, type: object, size: int) -> Diagnostic:
    return _bytes(span, f"the value of `{op}`, {type},", size)


def input_too_large(span: Span, name: str, type: object, size: int) -> Diagnostic:
    return _bytes(span, f"the input `{name}`, {type},", size)


def variable_too_large(span: Span, path: str, shape: tuple[int, ...], size: int) -> Diagnostic:
    return _bytes(span, f"the variable `{path}` {list(shape)}", size)


def variables_too_large(span: Span, path: str, size: int) -> Diagnostic:
    """The variables up to and with that at `path`."""
    return _bytes(span, f"the variables up to `{path}`", size)


def too_many_dims(span: Span, op: str, type: object, count: int) -> Diagnostic:
    return _rank(span, f"the value of `{op}`", type, count)


def input_of_many_dims(span: Span, name: str, type: object, count: int) -> Diagnostic:
    return _rank(span, f"the input `{name}`", type, count)


def _rank(span: Span, what: str, type: object, count: int) -> Diagnostic:
    return TOO_MANY_DIMS(span, f"{what}, {type}, has {count} axes and dims: at most {MAX_RANK}")


def too_many_repeats(span: Span, count: int) -> Diagnostic:
    return TOO_MANY_REPEATS(span, f"with this `for` the model has {count} rounds: at most {MAX_REPEATS}")


def too_many_calls(span: Span) -> Diagnostic:
    most = f"at most {MAX_CALLS} functions, or {MAX_CALLS // LAYER_COST} layers"
    return TOO_MANY_CALLS(span, f"the model applies layers and functions too often: {most}")


def _bytes(span: Span, what: str, size: int) -> Diagnostic:
    return TOO_MANY_BYTES(span, f"{what} would take {human(size)}: at most {human(MAX_BYTES)} fit in a model")


def human(size: float) -> str:
    """`3.638 TiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} PiB"
