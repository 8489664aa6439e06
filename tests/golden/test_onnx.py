"""ONNX's node tests of LSTM, GRU and RNN, by cells of std.core. ONNX packs gates along the first axis: i o f c; z r h."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compiling import module_of
from tests.golden.arrays import array

pytestmark = pytest.mark.tf

FILES = sorted((Path(__file__).parent / "onnx").glob("*.json"))
GATES = {
    "LSTM": ["input_gate/", "output_gate/", "forget_gate/", "memory_cell/"],
    "GRU": ["update_gate/", "reset_gate/", "candidate/"],
    "RNN": [""],
}
CELLS = {"LSTM": "LSTM({}, forget_bias = 0.0)", "GRU": "GRU({})", "RNN": "RNN({})"}


def _variables(case: dict[str, Any], inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    units, gates = case["attributes"]["hidden_size"], GATES[case["op"]]
    w, r = inputs["W"][0], inputs["R"][0]
    bias = inputs["B"][0] if "B" in inputs else np.zeros(2 * len(w), np.float32)
    bias = bias.reshape(2, -1).sum(0)
    found: dict[str, np.ndarray] = {}
    for k, gate in enumerate(gates):
        part = slice(k * units, (k + 1) * units)
        found |= {f"cell/{gate}wx": w[part].T, f"cell/{gate}wt": r[part].T, f"cell/{gate}bi": bias[part]}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_node(file):
    case = json.loads(file.read_text(encoding="utf-8"))
    inputs = {name: array(value) for name, value in case["inputs"].items()}
    units = case["attributes"]["hidden_size"]
    reverse = case["attributes"].get("direction") == "reverse"
    x = inputs["X"]
    batch_first = case["attributes"].get("layout", 0) == 1
    x = x if batch_first else np.swapaxes(x, 0, 1)
    module = module_of(
        f"""
model m() {{
  input x: f32[batch, time, {x.shape[-1]}]
  layer cell = {CELLS[case["op"]].format(units)}
  run = scan(cell, x, reverse = {str(reverse).lower()})
  output every = run
  output h = run.final.h
  {"output c = run.final.c" if case["op"] == "LSTM" else ""}
}}""",
        1,
    )
    ours = {v.name.removesuffix(":0"): v for v in module.collections["global_variables"]}
    given = _variables(case, inputs)
    assert set(ours) == set(given)
    for path, value in given.items():
        ours[path].assign(value)
    outputs = module.signature_functions["predict"](x=x)
    checked = 0
    for name, kind in zip(case["node_outputs"], ("Y", "Y_h", "Y_c"), strict=False):
        if not name:
            continue
        expected = array(case["outputs"][name])
        found = np.asarray(outputs[{"Y": "every", "Y_h": "h", "Y_c": "c"}[kind]])
        found = _layout(found, kind, batch_first)
        np.testing.assert_allclose(found, expected, rtol=case["rtol"], atol=1e-6)
        checked += 1
    assert checked


def _layout(found: np.ndarray, kind: str, batch_first: bool) -> np.ndarray:
    """ONNX: Y [time, dirs, batch, units], Y_h [dirs, batch, units]; with layout 1 batch comes first."""
    if kind == "Y":
        return found[:, :, None] if batch_first else np.swapaxes(found, 0, 1)[:, None]
    return found[:, None] if batch_first else found[None]
