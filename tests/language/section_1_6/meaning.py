"""From the text of a model to numbers, in NumPy: what sections 1 to 6 of the language say is checked with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from rnndsl.language.initializers import initial_value
from tests.compiling import plan_of
from tests.elaborate.checking import Checked, check_text
from tests.plan.interpreting import interpret

SIZES = {"batch": 2, "time": 3, "src": 5}
TYPES = {
    "a": "f64[batch, 4]", "b": "f64[batch, 4]", "pos": "f64[batch, 4]", "one": "f64[batch]", "free": "f64[4]",
    "s": "f64[batch, time, 4]", "r": "f64[batch, time, 4]", "long": "f64[batch, time, 6]", "lone": "f64[time, 4]",
    "m": "f64[batch, 3, 4]", "sq": "f64[batch, 3, 3]", "w": "f64[4, 2]", "h": "f64[batch, src, 4]",
    "i": "i32[batch, 4]", "j": "i32[batch, 4]", "big": "i64[batch, 4]", "ids": "i32[batch, time]", "k": "i32[batch]",
    "yes": "bool[batch, 4]", "no": "bool[batch, 4]", "valid": "bool[batch, time]", "here": "bool[batch, src]",
    "v4": "f64[batch, time, 1]", "image": "f64[batch, 5, 6, 2]", "half": "f16[batch, 4]", "single": "f32[batch, 4]",
    "long_image": "f64[batch, time, 6, 2]",
}  # fmt: skip
"""Inputs of every model of a table of expressions: their names and types."""


def _drawn(name: str, type: str) -> np.ndarray:
    dtype, _, dims = type.rstrip("]").partition("[")
    shape = [SIZES.get(part.strip()) or int(part) for part in dims.split(",")]
    rng = np.random.default_rng([*name.encode()])
    if dtype == "bool":
        return rng.random(shape) < 0.6
    if dtype in ("i32", "i64"):
        return rng.integers(0, 4, shape).astype("int32" if dtype == "i32" else "int64")
    x = rng.normal(size=shape) * 1.7
    return (np.abs(x) + 0.1 if name == "pos" else x).astype({"f16": "float16", "f32": "float32"}.get(dtype, "float64"))


VALUES = SimpleNamespace(**{name: _drawn(name, type) for name, type in TYPES.items()})
VALUES.i[0] = [-7, 7, -3, 5]
VALUES.j[:] = [[2, -2, 4, -3], [3, 1, 2, 5]]


def inputs() -> str:
    return "\n".join(f"  input {name}: {type}" for name, type in TYPES.items())


def model_of(outputs: dict[str, str], before: str = "") -> str:
    """A model over the inputs of the table, f64, with `outputs`."""
    shown = "\n".join(f"  output {name} = {text}" for name, text in outputs.items())
    return f"rnn 1\naxis src, frame\n{before}\nmodel m() with (dtype = f64) {{\n{inputs()}\n{shown}\n}}\n"


def outputs_of(text: str, given: dict | None = None, training: bool = False, level: int = 0, **settings: object) -> dict:
    """The outputs, losses and metrics of the model `text`, by name; variables have their initial values."""
    plan = plan_of(text, level, **settings)
    variables = {v.path: initial_value(v, plan.seed) for v in plan.variables}
    found = interpret(plan, {x.name: (given or vars(VALUES))[x.name] for x in plan.inputs}, variables, training)
    return {name: value for (_, _, name), value in found.items()}


def value_of(expression: str, before: str = "") -> np.ndarray:
    """What `expression` over the inputs of the table is worth."""
    return outputs_of(model_of({"y": expression}, before))["y"]


def said_of(text: str, files: dict[str, str] | None = None) -> Checked:
    """What is said of `text`, with no lints about its looks."""
    with tempfile.TemporaryDirectory() as folder:
        return check_text(Path(folder), text if text.startswith("rnn 1") else f"rnn 1\n{text}", files)


def inputs_of(plan) -> dict[str, np.ndarray]:
    """What a model over the table's inputs is fed."""
    return {x.name: vars(VALUES)[x.name] for x in plan.inputs}
