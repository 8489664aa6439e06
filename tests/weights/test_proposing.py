"""`weights map`: the loads that a file suggests, where one thing alone can be meant; what is open is listed and not chosen."""

from __future__ import annotations

import numpy as np

from rnndsl.cli.main import main
from tests.elaborate.checking import check
from tests.weights import foreign

N, U = 3, 4
SPEC = """rnn 1

model m {
  input x: f32[batch, time, 3]
  scope enc {
    layer fw = LSTM(4)
    layer bw = LSTM(4)
    run = bidirectional(fw, bw, x)
  }
  layer norm = LayerNorm()
  layer head = Dense(2)
  param gain: []
  output y = gain * head(norm(enc.run.last))
}
"""


def mapped(folder, tensors, capsys, text=SPEC):
    """The status of the command, and the lines that it prints."""
    (folder / "m.rnn").write_text(text, encoding="utf-8")
    (folder / "rnndsl.toml").touch()
    np.savez(folder / "w.npz", **{name: np.ones(shape, "float32") for name, shape in tensors.items()})
    status = main(["weights", "map", str(folder / "m.rnn"), str(folder / "w.npz")])
    return status, capsys.readouterr().out.rstrip("\n").split("\n")


def within(text, lines):
    """The spec with what was proposed put in."""
    return text.rstrip().removesuffix("}") + "\n".join(f"  {line}" for line in lines) + "\n}\n"


def torch_file():
    shapes = foreign.torch_shapes("LSTM", N, U, "_l0") | foreign.torch_shapes("LSTM", N, U, "_l0_reverse")
    return {f"net.rnn.{name}": shape for name, shape in shapes.items()} | {
        "net.norm.weight": (8,),
        "net.norm.bias": (8,),
        "net.head.weight": (2, 8),
        "net.head.bias": (2,),
        "net.gain": (),
    }


def test_what_one_thing_alone_can_be_is_settled(tmp_path, capsys):
    text = SPEC.replace("layer bw = LSTM(4)", "layer bw = RNN(4)")
    tensors = {name: shape for name, shape in torch_file().items() if not name.endswith("_reverse")}
    tensors |= {f"net.simple.{name}": shape for name, shape in foreign.torch_shapes("RNN", N, U, "_l1_reverse").items()}
    status, lines = mapped(tmp_path, tensors, capsys, text)
    assert lines == [
        'load enc/fw from "w.npz" at "net.rnn" using torch(0)',
        'load enc/bw from "w.npz" at "net.simple" using torch(1, reverse = true)',
        'load norm from "w.npz" at "net.norm" using torch',
        'load head from "w.npz" at "net.head" using torch',
        'load gain from "w.npz" map { "gain" -> "net.gain" }',
    ]
    assert status == 0
    (tmp_path / "m.rnn").write_text(within(text, lines))
    assert check(tmp_path / "m.rnn").text == ""


def test_layers_of_one_shape_are_not_told_apart_and_nothing_is_chosen(tmp_path, capsys):
    status, lines = mapped(tmp_path, torch_file(), capsys)
    assert status == 1
    assert [line for line in lines if not line.startswith("#")] == [
        'load norm from "w.npz" at "net.norm" using torch',
        'load head from "w.npz" at "net.head" using torch',
        'load gain from "w.npz" map { "gain" -> "net.gain" }',
    ]
    for layer in ("enc/fw", "enc/bw"):
        assert f'#   load {layer} from "w.npz" at "net.rnn" using torch(0)' in lines
        assert f'#   load {layer} from "w.npz" at "net.rnn" using torch(0, reverse = true)' in lines
    stated = [f'load enc/{x} from "w.npz" at "net.rnn" using torch(0{y})' for x, y in (("fw", ""), ("bw", ", reverse = true"))]
    status, rest = mapped(tmp_path, torch_file(), capsys, within(SPEC, stated))
    assert status == 0  # the reader has chosen, and the others are still settled
    assert rest == [line for line in lines if not line.startswith("#")]


def test_keras_names_of_layers_prove_nothing(tmp_path, capsys):
    """Two models that make the same layers in another order have files that differ in nothing but the values."""
    text = SPEC.replace("norm(enc.run.last)", "other(norm(enc.run.last))").replace("Dense(2)", "Dense(8)\n  layer other = Dense(8)")
    tensors = {
        "layers/dense/vars/0": (8, 8),
        "layers/dense/vars/1": (8,),
        "layers/dense_1/vars/0": (8, 8),
        "layers/dense_1/vars/1": (8,),
    }
    status, lines = mapped(tmp_path, tensors, capsys, text)
    assert status == 1
    for layer in ("head", "other"):
        for place in ("dense", "dense_1"):
            assert f'#   load {layer} from "w.npz" at "layers/{place}/vars" using keras' in lines
    assert not any(line.startswith(("load head", "load other")) for line in lines)


def test_the_name_of_a_place_that_is_the_layers_own_does(tmp_path, capsys):
    tensors = {f"a/enc/{x}/cell/{k}": s for x in ("fw", "bw") for k, s in foreign.flax_shapes("LSTM", N, U).items()}
    tensors = {name.replace("/cell/", "/"): shape for name, shape in tensors.items()}
    status, lines = mapped(tmp_path, tensors, capsys)
    assert lines[:2] == [f'load enc/{x} from "w.npz" at "a/enc/{x}" using flax' for x in ("fw", "bw")]
    assert lines[2:] == ["# nothing in the file fits: norm/gamma, norm/beta, head/kernel, head/bias, gain"]
    assert status == 1


def test_what_differs_by_the_forget_bias_alone_is_asked_for(tmp_path, capsys):
    """TensorFlow 1 adds it at run time, cuDNN has it in the bias; their tensors are alike."""
    text = SPEC.replace("layer bw = LSTM(4)", "layer bw = RNN(5)")
    tensors = {f"rnn/lstm_cell/{name}": shape for name, shape in foreign.tf1_shapes("LSTM", N, U).items()}
    _, lines = mapped(tmp_path, tensors | {"step": ()}, capsys, text)
    assert lines[:3] == [
        "# `enc/fw` may be any of these, and names and shapes do not tell which:",
        '#   load enc/fw from "w.npz" at "rnn/lstm_cell" using tf1',
        '#   load enc/fw from "w.npz" at "rnn/lstm_cell" using cudnn',
    ]
    assert lines[-1] == "# nothing takes: step"
