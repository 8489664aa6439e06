"""Numbers of TensorFlow 1's own tests of its cells, from std.tf1."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tests.std.tf1.adapter import (
    CASES,
    DTYPES,
    Array,
    Case,
    Cell,
    array,
    layered,
    model,
    results,
    scopes,
    split,
    states_of,
)

pytestmark = pytest.mark.tf

NOT_EXPRESSIBLE = {
    "DropoutWrapperTest.testDropoutWrapperRecurrentStateInputAndOutputWithSeed#1": "TensorFlow's random masks",
    "LayerNormBasicLSTMCellTest.testBasicLSTMCellWithDropout#0": "TensorFlow's random masks",
    "StackBidirectionalRNNTest.testBidirectionalRNN#8": "the initial states that were fed are not recorded",
    "StackBidirectionalRNNTest.testBidirectionalRNN#9": "the initial states that were fed are not recorded",
}
DROPPED = ("tensor:none:0", 1e-06)


def title(case: Case) -> str:
    return case["id"].rpartition("/")[2]


def drops(case: Case) -> bool:
    """Whether something is dropped almost surely: dropout acts in training only."""
    return any(value in DROPPED for value in case["spec"].get("cell", {}).get("kwargs", {}).get("kwargs", {}).values())


EXPRESSIBLE = [c for c in CASES if title(c) not in NOT_EXPRESSIBLE]


# ---------------------------------------------------------------- inputs


def steps(case: Case) -> Array:
    """The inputs of all steps, [batch, time, …]."""
    named = {k: array(v) for k, v in case["inputs"].items() if k.startswith("inputs")}
    if "inputs" in named:
        return np.swapaxes(named["inputs"], 0, 1) if case["call_args"].get("time_major") else named["inputs"]
    if "inputs[0][0]" in named:
        count = len({k.partition("]")[0] for k in named})
        return np.stack([np.stack([named[f"inputs[{t}][{i}]"] for i in (0, 1)], 1) for t in range(count)], 1)
    return np.stack(list(named.values()), 1)


def lengths(case: Case) -> Array | None:
    found = [array(v) for k, v in case["inputs"].items() if k.startswith("sequence_length")]
    return np.concatenate([f.reshape(-1) for f in found]).astype(np.int32) if found else None


def initial(case: Case) -> Array | None:
    found = [array(v) for k, v in case["inputs"].items() if k.startswith(("state", "initial_state"))]
    return np.concatenate([f.reshape(len(f), -1) for f in found], 1) if found else None


def type_of(value: Array, axes: str = "batch") -> str:
    skip = axes.count(",") + 1
    return f"{DTYPES[str(value.dtype)]}[{', '.join([axes, *map(str, value.shape[skip:])])}]"


def fed_states(states: list[tuple[str, tuple[int, ...]]], vector: Array | None, dtype: str) -> tuple[str, str, dict[str, Array]]:
    """Declarations of inputs for the initial states, the option that gives them, their values."""
    if vector is None or not states:
        return "", "", {}
    lines, fields, values, at = "", [], {}, 0
    for k, (name, dims) in enumerate(states):
        size = int(np.prod(dims))
        lines += f"  input s{k}: {dtype}[batch, {', '.join(map(str, dims))}]\n"
        fields.append(f"{name} = s{k}")
        values[f"s{k}"] = vector[:, at : at + size].reshape(-1, *dims)
        at += size
    return lines, f", initial = ({', '.join(fields)})", values


def joined(found: dict[str, Any], prefix: str, count: int, rows: int) -> Array:
    parts = [np.asarray(found[f"{prefix}{k}"]).reshape(rows, -1) for k in range(count)]
    return np.concatenate(parts, 1) if parts else np.zeros((rows, 0), np.float32)


# ---------------------------------------------------------------- kinds of calls


def call(case: Case) -> dict[str, Array]:
    """One step."""
    values = {f"x{k}": array(v) for k, v in enumerate(v for n, v in case["inputs"].items() if n.startswith("inputs"))}
    cell = layered(case["spec"], case)
    if values["x0"].shape == (0, 0):  # no input at all
        cell = Cell("GridRNNCell(2, 1, [], [0], [0], cell_fn = LSTMCell(2, use_peepholes = true))", cell.path)
        values = {"x0": np.ones((1, 1), np.float32)}
    dtype = DTYPES[str(list(values.values())[-1].dtype)]
    states = states_of(cell, [(n, type_of(v)) for n, v in values.items()])
    lines, option, given = fed_states(states, initial(case), dtype)
    clause = "" if all(v["trainable"] for v in case["variables"]) else " with (trainable = false)"
    body = "".join(f"  input {n}: {type_of(v)}\n" for n, v in values.items()) + lines + scopes([cell], clause)
    body += f"  r = step({cell.value}, {', '.join(values)}{option})\n  output y = r\n"
    body += "".join(f"  output f{k} = r.final.{name}\n" for k, (name, _) in enumerate(states))
    found, names = results(model(body, dtype), case, "predict", {**values, **given})
    finals = joined(found, "f", len(states), len(values["x0"]))
    output = {"output[0]" if "output[0]" in case["reference"] else "output": np.asarray(found["y"])}
    return output | split(finals, case, "new_state") | {"concat(new_state*,axis=1)": finals, "variables": names}


def unrolled(case: Case) -> dict[str, Array]:
    """`dynamic_rnn` and `static_rnn`."""
    cell, x = layered(case["spec"]["cell"], case), steps(case)
    dtype = DTYPES[str(x.dtype)] if x.dtype != np.int64 else "f32"
    x = x.astype(np.int32) if x.dtype == np.int64 else x
    kind = "i32" if x.dtype == np.int32 else dtype
    type = f"{kind}[batch, {', '.join(map(str, x.shape[2:]))}]"
    states = states_of(cell, [("x", type)])
    lines, option, given = fed_states(states, initial(case), dtype)
    body, values = f"  input x: {type.replace('[batch', '[batch, time')}\n{lines}", {"x": x, **given}
    if (n := lengths(case)) is not None:
        body, option, values["n"] = body + "  input n: i32[batch]\n", option + ", lengths = n", n
    body += scopes([cell]) + f"  run = scan({cell.value}, x{option})\n"
    if drops(case):
        return trained(case, cell, body, states, values)
    body += "  output y = run\n" + "".join(f"  output f{k} = run.final.{name}\n" for k, (name, _) in enumerate(states))
    found, names = results(model(body, dtype), case, "predict", values)
    finals = split(joined(found, "f", len(states), len(x)), case, "final_state")
    return by_step(case, np.asarray(found["y"])) | finals | {"variables": names}


def by_step(case: Case, y: Array, name: str = "outputs") -> dict[str, Array]:
    """Outputs [batch, time, …] under TensorFlow's names."""
    if name in case["reference"]:
        return {name: np.swapaxes(y, 0, 1) if case["call_args"].get("time_major") else y}
    found: dict[str, Array] = {}
    for key in case["reference"]:
        if at := re.fullmatch(r"outputs\[(\d+)\](?:\[(\d+)\])?", key):
            step = y[:, int(at[1])]
            nested = at[2] is not None and y.ndim == 4
            found[key] = step[:, int(at[2])] if nested else step
    return found


def trained(
    case: Case, cell: Cell, body: str, states: list[tuple[str, tuple[int, ...]]], values: dict[str, Array]
) -> dict[str, Array]:
    """As `unrolled`, in training: every number is a metric, for which the rows of the batch must agree."""
    rows, count = values["x"].shape[:2]
    width = next(iter(v for k, v in case["reference"].items() if k.startswith("outputs")))["shape"][-1]
    body += "  param p: []\n  loss l = square(p)\n  train step_of = sgd(rate = 0.0)\n"
    where = [(t, i) for t in range(count) for i in range(width)]
    body += "".join(f"  metric y_{t}_{i} = sum(where(position(over = time) == {t}, run[{i}], 0.0)) / {rows}\n" for t, i in where)
    ends = [(k, name, i) for k, (name, dims) in enumerate(states) for i in range(dims[0])]
    body += "".join(f"  metric f_{k}_{i} = sum(run.final.{name}[{i}]) / {rows}\n" for k, name, i in ends)
    found, names = results(model(body, "f32"), case, "step_of", values)
    y = np.array([float(found[f"y_{t}_{i}"]) for t, i in where]).reshape(1, count, width).repeat(rows, 0)
    final = np.array([[float(found[f"f_{k}_{i}"]) for k, _, i in ends]]).repeat(rows, 0)
    names = {n for n in names if n != "p" and not n.startswith("train/")}
    return by_step(case, y) | split(final, case, "final_state") | {"variables": names}


def bidirectional(case: Case) -> dict[str, Array]:
    """`bidirectional_dynamic_rnn`, `static_bidirectional_rnn` and the stacks of them."""
    spec, x = case["spec"], steps(case)
    stacked = "cells_fw" in spec
    pairs = list(zip(*(spec[f"cells_{way}"] if stacked else [spec[f"cell_{way}"]] for way in ("fw", "bw")), strict=True))
    cells = [
        [layered(each, case, part(k, way, stacked, case)) for each, way in zip(pair, ("fw", "bw"), strict=True)]
        for k, pair in enumerate(pairs)
    ]
    body, values, option = f"  input x: {type_of(x, 'batch, time')}\n  y_0 = x\n", {"x": x}, ", merge = none"
    if (n := lengths(case)) is not None:
        body, option, values["n"] = body + "  input n: i32[batch]\n", option + ", lengths = n", n
    body += scopes([c for pair in cells for c in pair])
    states: list[list[str]] = []
    for k, (fw, bw) in enumerate(cells):
        body += (
            f"  run_{k} = bidirectional({fw.value}, {bw.value}, y_{k}{option})\n  y_{k + 1} = concat([run_{k}.fw, run_{k}.bw])\n"
        )
        names = [name for name, _ in states_of(fw, [("x", type_of(x[:, 0]))])]
        states.append(names)
        body += "".join(f"  output {way}_{k}_{j} = run_{k}.{way}.final.{s}\n" for way in ("fw", "bw") for j, s in enumerate(names))
    body += f"  output y = y_{len(cells)}\n  output fw_all = run_0.fw\n  output bw_all = run_0.bw\n"
    raw, variables = results(model(body, DTYPES[str(x.dtype)]), case, "predict", values)
    found: dict[str, Array] = {"variables": variables}
    for k, each in enumerate(states):
        for way in ("fw", "bw"):
            vector = joined(raw, f"{way}_{k}_", len(each), len(x))
            found |= split(vector, case, prefix(case, k, way, stacked))
    if case["kind"] == "bidirectional_dynamic_rnn":
        for k, way in enumerate(("fw", "bw")):
            found |= by_step(case, np.asarray(raw[f"{way}_all"]), f"outputs[{k}]")
        return found
    return found | by_step(case, np.asarray(raw["y"]))


def part(k: int, way: str, stacked: bool, case: Case) -> str:
    if not stacked:
        return way
    return f"cell_{k}/{way}" if case["kind"] == "stack_bidirectional_rnn" else f"cell_{k}/bidirectional_rnn/{way}"


def prefix(case: Case, k: int, way: str, stacked: bool) -> str:
    if case["kind"] == "bidirectional_dynamic_rnn":
        return f"final_state[{('fw', 'bw').index(way)}]"
    return f"final_state_{way}[{k}]" if stacked else f"final_state_{way}"


KINDS = {"cell_call": call, "dynamic_rnn": unrolled, "static_rnn": unrolled}


# ---------------------------------------------------------------- the tests


@pytest.mark.parametrize("case", EXPRESSIBLE, ids=lambda c: f"{c['origin']}-{title(c)}")
def test_numbers_are_tensorflows(case: Case) -> None:
    found = KINDS.get(case["kind"], bidirectional)(case)
    names = found.pop("variables")
    expected = {v["name"].removesuffix(":0") for v in case["variables"]}
    assert names == expected or (names < expected and array(case["inputs"]["inputs"]).size == 0)
    exact = 2e-3 if any(v["dtype"] == "float16" for v in case["inputs"].values()) else 1e-5
    for key, value in case["reference"].items():
        np.testing.assert_allclose(
            found[key], array(value), rtol=exact, atol=min(exact, 1e-6 if exact < 1e-3 else exact), err_msg=key
        )
    for each in case["expected"]:
        name, _, row = each["target"].partition("|row ")
        value = found[name][int(row)] if row else found[name]
        np.testing.assert_allclose(value, array(each["value"]), rtol=max(each["rtol"], 1e-5), atol=each["atol"], err_msg=name)


def test_what_cannot_be_expressed_is_known() -> None:
    assert len(CASES) == 90
    assert {title(c) for c in CASES} >= set(NOT_EXPRESSIBLE)
    assert len(EXPRESSIBLE) == 86
