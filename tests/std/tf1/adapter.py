"""From a case of TensorFlow 1's tests to a model in the language, and from its results to TensorFlow's names for them."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.plan.model import Scan
from tests.compiling import module_of, plan_of, takes

Case = dict[str, Any]
Array = np.ndarray[Any, Any]
CASES: list[Case] = json.loads((Path(__file__).parents[2] / "golden" / "tf1_cases.json").read_text("utf-8"))["cases"]
DTYPES = {"float16": "f16", "float32": "f32", "float64": "f64", "int64": "i32"}
LEFT_OUT = {
    "name", "dtype", "state_is_tuple", "output_is_tuple", "reuse", "seed", "input_size", "initializer", "kernel_initializer",
    "bias_initializer", "trainable",
}  # fmt: skip
TRANSPARENT = ("DropoutWrapper", "ResidualWrapper")
NAMES = {"WeightNormLSTMCell": "wn_lstm_cell", "LSTMBlockCell": "lstm_cell", "GRUBlockCell": "gru_cell"}
OWN = """
cell Plus1RNNCell() { input x: [n]  state h: [n] = zeros  h = h[t-1] + 1  output x + 1 }
cell DummyMultiDimensionalLSTM(dims: [int]) {
  input x: [a, b, d]  state c: [a, b, d] = zeros  state h: [a, b, d] = zeros
  c = c[t-1] + 1  h = h[t-1] + 1  output x + 1
}
cell NestedRNNCell() {
  input x: [2, n]  state g: [6] = zeros  state h: [6] = zeros  g = g[t-1] + 1  h = h[t-1] + 1  output x + 1
}
fn residual_with_slice_fn(x, y) = x[0..3] + y
"""


def array(value: dict[str, Any]) -> Array:
    dtype = np.dtype(value["dtype"])
    if "fill" in value:
        return np.full(value["shape"], value["fill"], dtype)
    return np.array(value["data"], dtype).reshape(value["shape"])


# ---------------------------------------------------------------- constructors


def written(name: str, value: Any) -> str:
    """An argument as the language has it."""
    match value:
        case {"class": _}:
            return constructor(value)
        case list():
            return f"[{', '.join(written('', v) for v in value)}]"
        case bool():
            return str(value).lower()
        case str() if value.startswith("tensor:"):
            return "0.000001" if "none" in value else "1.0"
        case str():
            return value.removeprefix("fn:")
        case int() if name.startswith("use_peephole"):
            return "true"
        case int() if name in ("input_dims", "output_dims", "priority_dims", "non_recurrent_dims"):
            return f"[{value}]"
        case _:
            return np.format_float_positional(value, trim="0") if isinstance(value, float) else str(value)


def constructor(spec: dict[str, Any]) -> str:
    given = dict(spec["kwargs"])
    positional = [written("", v) for v in given.pop("args", [])]
    given.update(given.pop("kwargs", {}))
    named = [f"{k} = {written(k, v)}" for k, v in given.items() if v is not None and k not in LEFT_OUT]
    return f"{spec['class']}({', '.join([*positional, *named])})"


def cell_name(spec: dict[str, Any]) -> str:
    """TensorFlow's name of the cell's layer."""
    if spec["class"] in TRANSPARENT:
        return cell_name(spec["kwargs"]["args"][0])
    if spec["class"].startswith("Grid") and spec["class"] != "GridLSTMCell":
        return spec["class"]
    half = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", spec["class"])
    return NAMES.get(spec["class"], re.sub(r"([a-z])([A-Z])", r"\1_\2", half).lower())


# ---------------------------------------------------------------- layers under TensorFlow's scopes


@dataclass(frozen=True)
class Cell:
    """A cell of the case: its constructor and the path of its layer."""

    constructor: str
    path: tuple[str, ...]

    @property
    def layer(self) -> str:
        """The layer's own name: a definition's name stands for the definition."""
        return "grid" if self.path[-1].startswith("Grid") else self.path[-1]

    @property
    def value(self) -> str:
        return ".".join([*self.path[:-1], self.layer])

    @property
    def declaration(self) -> str:
        path = "" if self.layer == self.path[-1] else f' with (path = "{self.path[-1]}")'
        return f"layer {self.layer} = {self.constructor}{path}"


def layered(spec: dict[str, Any], case: Case, part: str = "") -> Cell:
    """The cell at the path that the case's variables have; `part` is a piece of it, such as `fw`."""
    name = cell_name(spec)
    for variable in case["variables"]:
        segments = variable["name"].removesuffix(":0").split("/")
        at = next((i for i, s in enumerate(segments) if re.fullmatch(rf"{name}(_\d+)?", s)), None)
        if at is not None and (not part or f"/{part}/" in f"/{'/'.join(segments[:at])}/"):
            return Cell(constructor(spec), tuple(segments[: at + 1]))
    return Cell(constructor(spec), (f"{part}_{name}".replace("/", "_").strip("_"),))


def scopes(cells: list[Cell], clause: str = "") -> str:
    """The layers' declarations, each scope once."""
    text = ""
    for name in dict.fromkeys(c.path[0] for c in cells):
        inside = [Cell(c.constructor, c.path[1:]) for c in cells if c.path[0] == name and len(c.path) > 1]
        here = [c for c in cells if c.path == (name,)]
        text += f" scope {name} {{{scopes(inside, clause)} }}" if inside else f" {here[0].declaration}{clause}\n"
    return text


# ---------------------------------------------------------------- models


def model(body: str, dtype: str) -> str:
    used = set(re.findall(r"\b([A-Z][A-Za-z0-9]*)\(", body))
    own = set(re.findall(r"cell (\w+)\(", OWN))
    imports = f"import std.tf1 ({', '.join(sorted(used - own))})\n" if used - own else ""
    return f"rnn 1\n{imports}{OWN}\nmodel m with (dtype = {dtype}) {{\n{body}\n}}"


def states_of(cell: Cell, inputs: list[tuple[str, str]]) -> list[tuple[str, tuple[int, ...]]]:
    """The states of a cell in TensorFlow's order, with their dims."""
    fed = ", ".join(name for name, _ in inputs)
    lines = "".join(f"  input {name}: {type.replace('[batch', '[batch, time')}\n" for name, type in inputs)
    dtype = inputs[-1][1].partition("[")[0]
    plan = plan_of(
        model(f"{lines}{scopes([cell])} run = scan({cell.value}, {fed})\n output y = run", dtype if dtype != "i32" else "f32")
    )
    scan = next(n for n in plan.graph.nodes if isinstance(n, Scan))
    types = {i.id: i.type for i in scan.body.inputs}
    found = [(s.name, types[s.old].dims) for s in scan.states]
    return sorted(found, key=lambda s: not s[0].startswith("inner.")) if "AttentionCell" in cell.constructor else found


@functools.lru_cache(maxsize=2)  # a case asks for a model of one text or two; all of them would take 200 MB
def compiled(text: str) -> Any:
    return module_of(text)


def results(text: str, case: Case, signature: str, values: dict[str, Array]) -> tuple[dict[str, Any], set[str]]:
    """What a signature returns on those of `values` that it depends on, with the case's variables; the names of the model's."""
    module = compiled(text)
    names = assign(module, case)
    frozen = [v for v in case["variables"] if not v["trainable"]]
    assert not frozen or not module.collections.get("trainable_variables")
    wanted = takes(plan_of(text), signature)
    return module.signature_functions[signature](**{k: v for k, v in values.items() if k in wanted}), names


def assign(module: Any, case: Case) -> set[str]:
    """Sets the variables by their TensorFlow names; the names that the module has."""
    for variable in case["variables"]:
        path = variable["name"].removesuffix(":0")
        if path in module.variables_by_path:
            module.variables_by_path[path].assign(array(variable["value"]))
    return set(module.variables_by_path) - {"call_counter"}


def split(vector: Array, case: Case, prefix: str) -> dict[str, Array]:
    """Concatenated states, cut into TensorFlow's tensors, whose names begin with `prefix`."""
    found: dict[str, Array] = {}
    at = 0
    for name, value in case["reference"].items():
        if name == prefix or re.match(rf"{re.escape(prefix)}[.\[]", name):
            size = int(np.prod(value["shape"][1:]))
            found[name] = vector[:, at : at + size].reshape(value["shape"])
            at += size
    return found
