"""Keras 3's own numbers for its RNN layers, from cells of std.core and from cells written here in the language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compiling import module_of
from tests.golden.arrays import array

pytestmark = pytest.mark.tf

CASES = {c["id"]: c for c in json.loads((Path(__file__).parent / "keras3.json").read_text(encoding="utf-8"))["cases"]}
CONV = {i for i, c in CASES.items() if c["layer"]["class"].startswith("ConvLSTM")}
"""A ConvLSTM is no cell of std.core."""

CELLS = """
cell OneState(units: int) {
  input x: [n]
  state s: [units] = zeros
  param kernel: [n, units]
  param recurrent: [units, units]
  s = x @ kernel + s[t-1] @ recurrent
  output s
}
cell TwoStates(units: int) {
  input x: [n]
  state s: [units] = zeros
  state s2: [units] = zeros
  param kernel: [n, units]
  param recurrent_1: [units, units]
  param recurrent_2: [units, units]
  s = x @ kernel + s[t-1] @ recurrent_1
  s2 = x @ kernel + s[t-1] @ recurrent_2
  output s + s2
}
"""
STATES = {"SimpleRNN": ["h"], "GRU": ["h"], "LSTM": ["h", "c"], "OneStateRNNCell": ["s"], "TwoStatesRNNCell": ["s", "s2"]}
GATES = {
    "SimpleRNN": [""],
    "GRU": ["update_gate/", "reset_gate/", "candidate/"],
    "LSTM": ["input_gate/", "forget_gate/", "memory_cell/", "output_gate/"],
}


def constructor(kind: str, config: dict[str, Any]) -> str:
    """Our cell for a layer of Keras. Keras' forget bias is in the stored bias."""
    if kind == "StackedRNNCells":
        return f"Stack([{', '.join(constructor(c['class'], c['config']) for c in config['cells'])}])"
    units = config["units"]
    return {
        "SimpleRNN": f"RNN({units})",
        "GRU": f"GRU({units}, reset_after = {str(config.get('reset_after')).lower()})",
        "LSTM": f"LSTM({units}, forget_bias = 0.0)",
        "OneStateRNNCell": f"OneState({units})",
        "TwoStatesRNNCell": f"TwoStates({units})",
    }[kind]


def state_names(kind: str, config: dict[str, Any]) -> list[str]:
    if kind != "StackedRNNCells":
        return STATES[kind]
    return [f"cell_{k}.{s}" for k, c in enumerate(config["cells"]) for s in STATES[c["class"]]]


def variables(path: str, kind: str, config: dict[str, Any], weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Keras' packed weights as our variables. Takes what it uses from the front of `weights`."""
    if kind == "StackedRNNCells":
        parts = [variables(f"{path}/cell_{k}", c["class"], c["config"], weights) for k, c in enumerate(config["cells"])]
        return {name: value for part in parts for name, value in part.items()}
    if kind in ("OneStateRNNCell", "TwoStatesRNNCell"):
        names = ["kernel", "recurrent"] if kind == "OneStateRNNCell" else ["kernel", "recurrent_1", "recurrent_2"]
        return {f"{path}/{name}": weights.pop(0) for name in names}
    return _gates(path, kind, config, weights)


def _gates(path: str, kind: str, config: dict[str, Any], weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    kernel, recurrent = weights.pop(0), weights.pop(0)
    bias = weights.pop(0) if config["use_bias"] else np.zeros(kernel.shape[1], np.float32)
    after = kind == "GRU" and config["reset_after"]
    if after and bias.ndim == 1:
        bias = np.stack([bias, np.zeros_like(bias)])
    found: dict[str, np.ndarray] = {}
    units = config["units"]
    for k, gate in enumerate(GATES[kind]):
        part = slice(k * units, (k + 1) * units)
        found[f"{path}/{gate}wx"], found[f"{path}/{gate}wt"] = kernel[:, part], recurrent[:, part]
        if not after:
            found[f"{path}/{gate}bi"] = bias[part]
        elif gate == "candidate/":
            found[f"{path}/{gate}bi"], found[f"{path}/{gate}bt"] = bias[0, part], bias[1, part]
        else:
            found[f"{path}/{gate}bi"] = bias[0, part] + bias[1, part]
    return found


class Setup:
    """A case as a model: its text, its variables, its feeds, and where each target is found."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.layer = case["layer"]
        self.config = self.layer["config"]
        self.call = next(c["call"] for c in case["calls"] if c != "reset_state")
        self.two_ways = self.layer["class"] == "Bidirectional"
        inner = self.config["layer"] if self.two_ways else self.config.get("cell", self.layer)
        self.kind, self.cell = inner["class"], inner["config"]
        self.states = state_names(self.kind, self.cell)

    def text(self) -> str:
        n = array(self.call["inputs"]).shape[-1]
        lines = [f"  input x: f32[batch, time, {n}]"]
        options = ""
        if "mask" in self.call:
            lines.append("  input mask: bool[batch, time]")
            options += ", mask = mask" + ("" if self.config.get("zero_output_for_mask") else ", masked = hold")
        initial = sorted(k for k in self.call if k.startswith("initial_state"))
        for name, key in zip(self.states, initial, strict=False):
            lines.append(f"  input {name}0: f32[batch, {array(self.call[key]).shape[-1]}]")
        if initial:
            options += f", initial = ({', '.join(f'{s} = {s}0' for s in self.states)})"
        options += ", reverse = true" if self.config.get("go_backwards") else ""
        options += ", carry = true" if self.config.get("stateful") else ""
        return (
            CELLS + "model m() {\n" + "\n".join([*lines, *(self._two(options) if self.two_ways else self._one(options))]) + "\n}\n"
        )

    def _one(self, options: str) -> list[str]:
        outputs = [f"  output final_{i} = run.final.{s}" for i, s in enumerate(self.states)]
        result = "run" if self.config.get("return_sequences") else "run.last"
        cell = f"  layer cell = {constructor(self.kind, self.cell)}"
        return [cell, f"  run = scan(cell, x{options})", f"  output result = {result}", *outputs]

    def _two(self, options: str) -> list[str]:
        cell = constructor(self.kind, self.cell)
        merge = {"ave": "average", None: "none"}.get(self.config["merge_mode"], self.config["merge_mode"])
        lines = [f"  layer fw = {cell}", f"  layer bw = {cell}", f"  run = bidirectional(fw, bw, x, merge = {merge}{options})"]
        if merge == "none":
            return [*lines, "  output result_0 = run.fw.last", "  output result_1 = run.bw.last"]
        finals = [
            f"  output final_{i} = run.{d}.final.{s}" for i, (d, s) in enumerate((d, s) for d in ("fw", "bw") for s in self.states)
        ]
        return [*lines, "  output result = run.last", *finals]

    def variables(self, weights: list[np.ndarray]) -> dict[str, np.ndarray]:
        layers = ("fw", "bw") if self.two_ways else ("cell",)
        return {k: v for layer in layers for k, v in variables(layer, self.kind, self.cell, weights).items()}

    def feed(self, call: dict[str, Any]) -> dict[str, np.ndarray]:
        feed = {"x": array(call["inputs"]).astype(np.float32)}
        if "mask" in call:
            feed["mask"] = array(call["mask"]).astype(bool)
        initial = sorted(k for k in call if k.startswith("initial_state"))
        feed.update({f"{s}0": array(call[k]).astype(np.float32) for s, k in zip(self.states, initial, strict=False)})
        return feed

    def pick(self, outputs: dict[str, Any], target: str) -> np.ndarray:
        """`output`, `output[i]`, `output[i][j]` (a stack's states), `output|row k`."""
        if "|row" in target:
            return np.asarray(outputs["result"])[int(target.rpartition(" ")[2])]
        indices = [int(part.rstrip("]")) for part in target.split("[")[1:]]
        if self.two_ways and self.config["merge_mode"] is None:
            return np.asarray(outputs[f"result_{indices[0]}"])
        if not indices or indices[0] == 0:
            return np.asarray(outputs["result"])
        flat = indices[0] - 1 if len(indices) == 1 else 2 * (indices[0] - 1) + indices[1]
        return np.asarray(outputs[f"final_{flat}"])


@pytest.mark.parametrize("name", [i for i in CASES if i not in CONV])
def test_case(name):
    case = CASES[name]
    setup = Setup(case)
    module = module_of(setup.text(), 1)
    ours = {v.name.removesuffix(":0"): v for v in module.collections["global_variables"]}
    given = setup.variables([array(w["value"]).astype(np.float32) for w in case["weights"]])
    assert set(ours) == set(given)
    for path, value in given.items():
        ours[path].assign(value)
    outputs: dict[str, Any] = {}
    for call in case["calls"]:
        if call == "reset_state":
            module.signature_functions["reset_states"]()
        else:
            outputs = module.signature_functions["predict"](**setup.feed(call["call"]))
    for expected in case["expected"]:
        found = setup.pick(outputs, expected["target"])
        np.testing.assert_allclose(found, array(expected["value"]), rtol=expected["rtol"], atol=expected["atol"])
