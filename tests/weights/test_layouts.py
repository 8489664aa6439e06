"""Layouts: equations between the tensors of other tools and a layer's variables, solved both ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnndsl.driver import Job
from rnndsl.meaning.running import Model
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.weights.layouts import values_of
from tests.elaborate.checking import check, check_text
from tests.weights import foreign

N, U, P = 3, 4, 2


def random(shapes, seed):
    r = np.random.default_rng(seed)
    return {name: r.normal(size=shape, scale=0.7).astype("float32") for name, shape in shapes.items()}


def spec(layers, file="w.npz", more=""):
    """A model of layers of the same input, each loaded from its own place: name: (constructor, layout)."""
    lines = [f"  layer {name} = {made}\n  {name}_run = scan({name}, x)" for name, (made, _) in layers.items()]
    lines += [f"  output y_{name} = {name}_run.last" for name in layers]
    lines += [f'  load {name} from "{file}" at "{name}" using {layout}' for name, (_, layout) in layers.items()]
    needed = [name for name in ("PeepholeLSTM", "ProjectedLSTM") if name in str(layers)]
    imports = f"import std.cells ({', '.join(needed)})" if needed else ""
    body = "\n".join(lines)
    return f"rnn 1\n{imports}\n{more}\nmodel m {{\n  input x: f32[batch, time, {N}]\n{body}\n}}\n"


def loaded(path: Path):
    (path.parent / "rnndsl.toml").touch()
    job = Job(path)
    module = job.resolve()
    plan = job.optimise(job.plan(module, module.models(), {})[0], 0)
    return plan, job.pretrained(plan), [d.code for d in job.sink.sorted()]


def hold(folder, layers, tensors, expected, more=""):
    """The model gives what is `expected` of its layers, and its layouts give the tensors back."""
    np.savez(folder / "w.npz", **{f"{layer}/{key}": x for layer, of in tensors.items() for key, x in of.items()})
    path = folder / "m.rnn"
    path.write_text(spec(layers, more=more), encoding="utf-8")
    plan, found, codes = loaded(path)
    assert codes == []
    x = np.random.default_rng(9).normal(size=(2, 5, N)).astype("float32")
    got = Model(plan, found.initial).call("predict", {"x": x})
    for name, reference in expected.items():
        np.testing.assert_allclose(got[f"y_{name}"], reference(x.astype(float)), rtol=0, atol=2e-6, err_msg=name)
    for load in plan.loads:
        given_back(load, found, tensors[load.at])


def given_back(load, found, tensors):
    """Each equation's right side is the sum of the tensors on its left."""
    right = values_of(load.layout.graph, {}, found.values, [x.value for x in load.layout.equations])
    for at, value in enumerate(right):
        parts = load.layout.equations[at].foreign
        total = sum(tensors[part.key][part.slices] for part in parts)
        np.testing.assert_allclose(value, total, rtol=0, atol=1e-6)


def test_torch(tmp_path):
    layers, tensors, expected = {}, {}, {}
    for kind, made, args, end, p in [
        ("RNN", f"RNN({U})", "", "", 0),
        ("RNN", f"RNN({U})", "(2)", "_l2", 0),
        ("LSTM", f"LSTM({U})", "(0)", "_l0", 0),
        ("LSTM", f"LSTM({U}, forget_bias = 0.0)", "(0, reverse = true)", "_l0_reverse", 0),
        ("LSTM", f"ProjectedLSTM({U}, {P}, peepholes = false)", "(1)", "_l1", P),
        ("GRU", f"GRU({U}, reset_after = true)", "(0)", "_l0", 0),
    ]:
        name = f"l{len(layers)}"
        layers[name] = (made, f"torch{args}")
        tensors[name] = random(foreign.torch_shapes(kind, N, U, end, p), len(layers))
        expected[name] = lambda x, kind=kind, w=tensors[name], end=end: foreign.torch(kind, w, x, end)
    hold(tmp_path, layers, tensors, expected)


def test_onnx(tmp_path):
    layers, tensors, expected = {}, {}, {}
    for kind, made, options in [
        ("RNN", f"RNN({U})", {}),
        ("LSTM", f"LSTM({U})", {}),
        ("LSTM", f"PeepholeLSTM({U})", {}),
        ("GRU", f"GRU({U})", {}),
        ("GRU", f"GRU({U}, reset_after = true)", {"linear_before_reset": True}),
    ]:
        name = f"l{len(layers)}"
        layers[name] = (made, "onnx")
        tensors[name] = random(foreign.onnx_shapes(kind, N, U, peepholes="Peephole" in made), len(layers))
        expected[name] = lambda x, kind=kind, w=tensors[name], o=options: foreign.onnx(kind, w, x, **o)
    hold(tmp_path, layers, tensors, expected)


def test_tensorflow_1_and_cudnn(tmp_path):
    layers, tensors, expected = {}, {}, {}
    for kind, made, layout, forget_bias in [
        ("RNN", f"RNN({U})", "tf1", 0.0),
        ("LSTM", f"LSTM({U})", "tf1", 1.0),
        ("LSTM", f"LSTM({U}, forget_bias = 0.5)", "tf1", 0.5),
        ("GRU", f"GRU({U})", "tf1", 0.0),
        ("RNN", f"RNN({U})", "cudnn", 0.0),
        ("LSTM", f"LSTM({U})", "cudnn", 0.0),
        ("cuDNN's GRU", f"GRU({U}, reset_after = true)", "cudnn", 0.0),
    ]:
        name = f"l{len(layers)}"
        layers[name] = (made, layout)
        tensors[name] = random(foreign.tf1_shapes(kind, N, U), len(layers))
        expected[name] = lambda x, kind=kind, w=tensors[name], b=forget_bias: foreign.tf1(kind, w, x, U, b)
    hold(tmp_path, layers, tensors, expected)


def test_flax(tmp_path):
    layers, tensors, expected = {}, {}, {}
    for kind, made in [("RNN", f"RNN({U})"), ("LSTM", f"LSTM({U})"), ("GRU", f"GRU({U}, reset_after = true)")]:
        name = f"l{len(layers)}"
        layers[name] = (made, "flax")
        tensors[name] = random(foreign.flax_shapes(kind, N, U), len(layers))
        expected[name] = lambda x, kind=kind, w=tensors[name]: foreign.flax(kind, w, x, U)
    hold(tmp_path, layers, tensors, expected)


def test_both_directions_of_one_tensor(tmp_path):
    """ONNX keeps the two directions of an operator in one tensor: what one load leaves another takes."""
    w = random(foreign.onnx_shapes("LSTM", N, U, directions=2), 1)
    np.savez(tmp_path / "w.npz", **w)
    layers = "layer fw = LSTM(4)\n  layer bw = LSTM(4)\n  b = bidirectional(fw, bw, x)\n  output y = b.last"
    both = 'load fw from "w.npz" using onnx\n  load bw from "w.npz" using onnx(direction = 1)'
    path = tmp_path / "m.rnn"
    text = f"rnn 1\nmodel m {{\n  input x: f32[batch, time, {N}]\n  {layers}\n  LOADS\n}}\n"
    path.write_text(text.replace("LOADS", both))
    plan, found, codes = loaded(path)
    assert codes == []
    x = np.random.default_rng(9).normal(size=(2, 5, N)).astype("float32")
    expected = [foreign.onnx("LSTM", w, x, 0), foreign.onnx("LSTM", w, x[:, ::-1], 1)]
    got = Model(plan, found.initial).call("predict", {"x": x})["y"]
    np.testing.assert_allclose(got, np.concatenate(expected, 1), rtol=0, atol=2e-6)

    path.write_text(text.replace("LOADS", both.partition("\n")[0]))
    assert "only parts of 3 tensors" in check(path).text
    path.write_text(text.replace("LOADS", both.replace("direction = 1", "")))
    assert check(path).codes == ["RNN0604"]


OWN = """
cell Odd(units: int, wide: bool = false) {
  input x: [n]
  state h: [units] = zeros
  param a: [n, units]
  param b: [units, units]
  param c: [units]
  param d: [units]
  h = tanh(x @ a + h[t-1] @ b + c * d)
  output h
}

layout theirs(k: int, sign: float = 1.0) for Odd {
  const end = k + 1
  require not wide, "their cells are narrow"
  if sign < 0.0 {
    "m{k}" = -transpose(concat([a, b], axis = 0))
  } else {
    "m{k}" = sign * concat([a, b], axis = 0)
  }
  "v{end}" = reshape(stack([2 * c - 1, 3 / (d / 2)]), [2 * units])
}
"""


def test_a_user_writes_one_for_their_own_cell(tmp_path):
    r = np.random.default_rng(1)
    theirs = {"m3": r.normal(size=(N + U, U)), "v4": r.uniform(1, 2, size=2 * U)}
    turned = {"m3": theirs["m3"].T, "v4": theirs["v4"]}
    tensors = {"p": theirs, "q": turned}
    tensors = {layer: {key: x.astype("float32") for key, x in of.items()} for layer, of in tensors.items()}
    halves = theirs["v4"].reshape(U, 2)
    a, b, c, d = theirs["m3"][:N], theirs["m3"][N:], (halves[:, 0] + 1) / 2, 6 / halves[:, 1]

    def own(x, scale):
        return foreign.over_time(lambda x, h: (np.tanh(x @ a / scale + h @ b / scale + c * d),), x, U)

    layers = {"p": (f"Odd({U})", "theirs(3, 0.5)"), "q": (f"Odd({U})", "theirs(k = 3, sign = -1)")}
    hold(tmp_path, layers, tensors, {"p": lambda x: own(x, 0.5), "q": lambda x: own(x, -1)}, OWN)

    wide = spec({"p": (f"Odd({U}, true)", "theirs(3)")}, more=OWN)
    assert "their cells are narrow" in check_text(tmp_path, wide).text


def test_a_layout_is_imported_by_its_name(tmp_path):
    (tmp_path / "own.rnn").write_text(f"rnn 1\n{OWN}")
    text = spec({"p": (f"Odd({U})", "ours(3)")}, more='import "own.rnn" (Odd, theirs as ours)')
    np.savez(tmp_path / "w.npz", **{"p/m3": np.zeros((N + U, U), "float32"), "p/v4": np.ones(2 * U, "float32")})
    assert check_text(tmp_path, text).text == ""
    assert "no layout `our` for `Odd`" in check_text(tmp_path, text.replace("ours(3)", "our(3)")).text


RESETS = [(f"GRU({U})", x) for x in ("torch(0)", "cudnn", "flax")] + [(f"GRU({U}, reset_after = true)", "tf1")]


@pytest.mark.parametrize("made, layout", RESETS)
def test_the_other_reset_convention_is_refused_by_name(made, layout, tmp_path):
    found = check_text(tmp_path, spec({"g": (made, layout)}))
    assert found.codes == ["RNN0124"]
    assert "GRU" in found.text
    assert "resets" in found.text


def test_the_place_is_told_where_all_its_tensors_are(tmp_path):
    np.savez(tmp_path / "w.npz", **random({f"net.rnn.{k}": s for k, s in foreign.torch_shapes("LSTM", N, U, "_l0").items()}, 0))
    found = check_text(tmp_path, spec({"rnn": (f"LSTM({U})", "torch(0)")}).replace('at "rnn"', 'at "net"'))
    assert found.codes == ["RNN0602", "RNN0606"]
    assert 'they are `at "net.rnn"`' in found.text


def test_the_receipt_tells_the_equation(tmp_path):
    np.savez(tmp_path / "w.npz", **{f"g/{k}": x for k, x in random(foreign.torch_shapes("GRU", N, U, "_l0"), 0).items()})
    path = tmp_path / "m.rnn"
    path.write_text(spec({"g": (f"GRU({U}, reset_after = true)", "torch(0)")}))
    _, found, _ = loaded(path)
    receipt = found.receipts["g/reset_gate/bi"]
    assert receipt.keys == ("g/bias_ih_l0", "g/bias_hh_l0")
    assert receipt.equation == ('"bias_ih_l0"[0..2 * units] + "bias_hh_l0"[0..2 * units] = concat([reset_gate.bi, update_gate.bi])')


def test_what_no_values_fulfil_is_an_error(tmp_path):
    theirs = 'layout theirs(scale: float) for RNN {\n  "a" = scale * wx\n  "b" = wt\n  "c" = bi + 1\n}\n'
    shapes = {"a": (N, U), "b": (U, U), "c": (U,)}
    np.savez(tmp_path / "w.npz", **{f"r/{key}": x for key, x in random(shapes, 1).items()})
    path = tmp_path / "m.rnn"
    path.write_text(spec({"r": (f"RNN({U})", "theirs(0.0)")}, more=theirs))
    with pytest.raises(DiagnosticsError) as error:
        loaded(path)
    [told] = [d for d in error.value.diagnostics if d.severity == "error"]
    assert told.code == "RNN0610"
    assert [note.text for note in told.notes] == ['this is "a" = scale * wx']
    path.write_text(spec({"r": (f"RNN({U})", "theirs(1e-3)")}, more=theirs))
    assert loaded(path)[2] == []


def test_arguments_are_the_models_own_values_and_an_optional_layer_need_not_be_there(tmp_path):
    np.savez(
        tmp_path / "w.npz", **{f"r/{key}": x for key, x in random(foreign.torch_shapes("RNN", N, U, "_l2_reverse"), 1).items()}
    )
    text = spec({"r": (f"RNN({U})", "torch(first + 1, reverse = back)")}).replace("model m {", "model m(first: int = 1) {")
    text = text.replace("  load r", '  const back = first > 0\n  optional load s from "w.npz" using torch\n  load r')
    assert check_text(tmp_path, text).text == ""
    assert check_text(tmp_path, text.replace("torch(first", "torch(last")).codes == ["RNN0101"]
