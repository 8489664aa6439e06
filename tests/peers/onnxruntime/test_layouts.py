"""ONNX's operators are loaded by `using onnx`, give what ONNX Runtime gives, are exported, and give it again there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.peers.exchanging import exchanged

N, U = 3, 4
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
CASES = [
    ("RNN", f"RNN({U})", {}),
    ("LSTM", f"LSTM({U})", {}),
    ("LSTM", f"PeepholeLSTM({U})", {}),
    ("GRU", f"GRU({U})", {"linear_before_reset": 0}),
    ("GRU", f"GRU({U}, reset_after = true)", {"linear_before_reset": 1}),
]


def weights(kind, layers, both, peepholes):
    r = np.random.default_rng(layers)
    directions, k = 1 + both, GATES[kind] * U
    found = {}
    for i in range(layers):
        width = N if i == 0 else U * directions
        shapes = {"W": (directions, k, width), "R": (directions, k, U), "B": (directions, 2 * k)}
        shapes |= {"P": (directions, 3 * U)} if peepholes else {}
        found |= {f"{name}{i}": r.normal(size=shape, scale=0.6).astype("float32") for name, shape in shapes.items()}
    return found


def written(path: Path, kind, layers, both, options, tensors) -> Path:
    """A model of time-major layers, each direction's outputs side by side."""
    nodes, value = [], "x"
    for i in range(layers):
        inputs = (
            [value, f"W{i}", f"R{i}", f"B{i}", "", "", "", f"P{i}"] if f"P{i}" in tensors else [value, f"W{i}", f"R{i}", f"B{i}"]
        )
        direction = "bidirectional" if both else "forward"
        nodes.append(helper.make_node(kind, inputs, [f"y{i}"], hidden_size=U, direction=direction, **options))
        nodes.append(helper.make_node("Transpose", [f"y{i}"], [f"t{i}"], perm=[0, 2, 1, 3]))
        nodes.append(helper.make_node("Reshape", [f"t{i}", "shape"], [f"r{i}"]))
        value = f"r{i}"
    shape = numpy_helper.from_array(np.array([0, 0, -1], "int64"), "shape")
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, None, N])
    y = helper.make_tensor_value_info(value, TensorProto.FLOAT, [None, None, U * (1 + both)])
    initializers = [numpy_helper.from_array(v, name) for name, v in tensors.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], [*initializers, shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def ran(path: Path, x):
    [y] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": np.moveaxis(x, 1, 0)})
    return np.moveaxis(y, 1, 0)


def spec(cell: str, layers: int, both: bool) -> str:
    lines, loads, value = [], [], "x"
    for k in range(layers):
        names = f'w = "W{k}", r = "R{k}", b = "B{k}"' + (f', p = "P{k}"' if "Peephole" in cell else "")
        lines += [f"layer fw_{k} = {cell}"]
        loads += [f'load fw_{k} from "m.onnx" using onnx({names})']
        if both:
            lines += [f"layer bw_{k} = {cell}", f"y_{k} = bidirectional(fw_{k}, bw_{k}, {value})"]
            loads += [f'load bw_{k} from "m.onnx" using onnx(direction = 1, {names})']
        else:
            lines += [f"y_{k} = scan(fw_{k}, {value})"]
        value = f"y_{k}"
    needed = "import std.cells (PeepholeLSTM)" if "Peephole" in cell else ""
    body = "\n  ".join([*lines, f"output y = {value}", *loads])
    return f"rnn 1\n{needed}\nmodel m {{\n  input x: f32[batch, time, {N}]\n  {body}\n}}\n"


@pytest.mark.parametrize("kind, cell, options", CASES)
@pytest.mark.parametrize("layers, both", [(1, False), (2, False), (1, True), (2, True)])
def test_there_and_back(kind, cell, options, layers, both, tmp_path):
    tensors = weights(kind, layers, both, "Peephole" in cell)
    x = np.random.default_rng(8).normal(size=(2, 5, N)).astype("float32")
    wanted = ran(written(tmp_path / "whole.onnx", kind, layers, both, options, tensors), x)
    initializers = [numpy_helper.from_array(v, name) for name, v in tensors.items()]
    onnx.save(helper.make_model(helper.make_graph([], "g", [], [], initializers)), tmp_path / "m.onnx")
    back = exchanged(tmp_path, spec(cell, layers, both), x, wanted, "back.npz")
    with np.load(back) as archive:
        again = dict(archive)
    np.testing.assert_allclose(
        ran(written(tmp_path / "again.onnx", kind, layers, both, options, again), x), wanted, rtol=0, atol=1e-5
    )
