"""docs/guide/functions.md, from what `rnndsl doc --functions` lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnndsl.cli.doc.library import function_rows
from rnndsl.language.builtins import OPTIMIZERS, STEP_OPTIONS
from rnndsl.language.initializers import PARAMETERS
from rnndsl.language.ops.op import Required
from rnndsl.names.library import entries
from rnndsl.syntax import tree

_HEAD = """# Functions, initializers and optimizers

Written by the tests from the compiler's own tables; `rnndsl doc --functions` prints the first.

## Functions

`float` is any of f16, bf16, f32, f64; `number` a float, i32 or i64; `ids` i32 or i64. The arguments of a call have one dtype,
and the result has it too unless another is named: mixing needs `cast`. Only trailing dims are shown; leading axes meet by name,
and `[..]` are dims that are kept. A parameter `= …` may be left out. `zero` in the last column: no gradient goes through.
`dropout` takes `each_step = false` besides: one mask for all steps of a sequence.

"""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return _row(head) + _row(["---"] * len(head)) + "".join(_row(row) for row in rows)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _default(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | None) else str(value)


def _call(name: str, parameters: Sequence[tuple[str, Any]]) -> str:
    shown = [f"{p}" if default is Required else f"{p} = {_default(default)}" for p, default in parameters]
    return _code(f"{name}({', '.join(shown)})" if shown else name)


def page() -> str:
    functions = [(_code(name), value.replace("|", "\\|"), types, gradient) for name, value, types, gradient in function_rows()]
    items = [item for each in entries("std.optimizers")[:1] for item in each.file.tree.items]
    library = [x for x in items if isinstance(x, tree.Definition | tree.FunctionDef) and x.doc]
    optimizers = [
        (_code(" ".join(x.span.text.partition("{")[0].split()).replace("( ", "(").replace(", )", ")")),)
        for x in library
        if isinstance(x, tree.Definition)
    ]
    schedules = [
        (_code(x.span.text.partition(") = ")[0].removeprefix("fn ") + ")"),) for x in library if isinstance(x, tree.FunctionDef)
    ]
    return (
        _HEAD
        + _table(("function", "value", "types", "gradient"), functions)
        + "\n## Initializers\n\nAs in TensorFlow; fans are those of the declared variable. "
        + "`values` takes arrays known at compile time.\nThey combine: see [variables](04-variables.md).\n\n"
        + _table(("initializer",), [(_call(name, parameters),) for name, parameters in PARAMETERS.items()])
        + "\n## Optimizers\n\nOf `std.optimizers`, with Keras' defaults. Each takes also "
        + f"{', '.join(_code(name) for name in STEP_OPTIONS)}: see [training](07-training.md).\n\n"
        + _table(("optimizer",), optimizers)
        + "\nBuilt in, for [residuals](07-training.md#least-squares):\n\n"
        + _table(("optimizer",), [(_call(name, [(p.name, p.default) for p in takes]),) for name, takes in OPTIMIZERS.items()])
        + "\n## Schedules\n\nOf `std.optimizers` too; as a `rate` they are called without `step`.\n\n"
        + _table(("schedule",), schedules)
    )
