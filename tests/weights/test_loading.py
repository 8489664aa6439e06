"""`load`: each variable gets its tensor, baked in, or nothing is compiled and it is told which does not."""

from __future__ import annotations

import json
import os
import random
import re
import string
from pathlib import Path

import numpy as np
import pytest

from rnndsl.driver import Job
from rnndsl.meaning.running import Model
from rnndsl.text.diagnostics import DiagnosticsError
from tests.elaborate.checking import check
from tests.weights.writing import PLAIN, TENSORFLOW

SPEC = """rnn 1
model m {{
  input x: f32[batch, time, 3]
  target goal: f32[batch, 2]
  scope enc {{
    layer lstm = LSTM(4)
    run = scan(lstm, x)
  }}
  layer head = Dense(2)
  output y = head(enc.run.last)
  loss off = mean(square(y - goal))
  {load}
  train step = sgd(rate = 0.1)
}}
"""
GATES = ("input_gate", "forget_gate", "memory_cell", "output_gate")
SHAPES = {f"{gate}/{name}": shape for gate in GATES for name, shape in (("wx", (3, 4)), ("wt", (4, 4)), ("bi", (4,)))}


def values(prefix: str = "rnn/") -> dict[str, np.ndarray]:
    r = np.random.default_rng(3)
    return {f"{prefix}{name}": r.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def spec(folder: Path, load: str) -> Path:
    path = folder / "m.rnn"
    path.write_text(SPEC.format(load=load), encoding="utf-8")
    (folder / "rnndsl.toml").touch()
    return path


def loaded(path: Path):
    """The job of a spec, its plan with functions, and the values that it loads."""
    job = Job(path)
    module = job.resolve()
    plan = job.optimise(job.plan(module, module.models(), {})[0], 1)
    return job, plan, job.pretrained(plan)


def lstm(x, v, prefix):
    """Hochreiter & Schmidhuber 1997 with forget gates, the forget bias of 1 added at run time."""
    h = c = np.zeros((len(x), 4))
    for step in np.moveaxis(x, 1, 0):
        i, f, g, o = (step @ v[f"{prefix}{k}/wx"] + h @ v[f"{prefix}{k}/wt"] + v[f"{prefix}{k}/bi"] for k in GATES)
        c = c / (1 + np.exp(-f - 1)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    return h


MAPPED = 'load enc/** from "{file}" map {{ "enc/lstm/(.*)" -> "rnn/\\1" }}'


@pytest.mark.parametrize("format", PLAIN)
def test_every_format_gives_the_interpreter_its_values(format, tmp_path):
    tensors = values()
    file = PLAIN[format](tmp_path, tensors)
    _, plan, found = loaded(spec(tmp_path, MAPPED.format(file=file.name)))
    assert {f"enc/lstm/{name}" for name in SHAPES} == set(found.values)
    model = Model(plan, found.initial)
    x = np.random.default_rng(1).normal(size=(2, 5, 3)).astype("float32")
    y = model.call("predict", {"x": x})["y"]
    expected = lstm(x.astype(float), tensors, "rnn/") @ model.variables["head/kernel"]
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-6)
    assert not np.any(model.variables["head/bias"])  # the rest is initialised


@pytest.mark.tf
@pytest.mark.parametrize("format", TENSORFLOW)
def test_checkpoints(format, tmp_path):
    tensors = values()
    file = TENSORFLOW[format](tmp_path, tensors)
    job, _, found = loaded(spec(tmp_path, MAPPED.format(file=file.name)))
    for name in SHAPES:
        np.testing.assert_array_equal(found.values[f"enc/lstm/{name}"], tensors[f"rnn/{name}"])
    recorded = {file.path for file in job.files() if file.kind == "weights"}
    assert recorded == {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.index")} | {
        p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.data-*")
    }


@pytest.mark.tf
def test_what_tensorflow_is_needed_for_is_told_when_it_is_compiled(tmp_path):
    tensors = values("rmn/")
    file = TENSORFLOW["checkpoint 1"](tmp_path, tensors)
    path = spec(tmp_path, MAPPED.format(file=file.name))
    assert check(path).text == ""
    with pytest.raises(DiagnosticsError) as error:
        loaded(path)
    told = [d for d in error.value.diagnostics if d.code == "RNN0602"]
    assert len(told) == 1
    assert len(told[0].notes) == len(SHAPES)


@pytest.mark.tf
def test_a_renamed_attribute_of_a_checkpoint_is_told(tmp_path):
    """TensorFlow's `Checkpoint.restore` passes over it, unless it is asked whether all has matched."""
    import tensorflow as tf

    encoder = tf.Module()
    encoder.lstm = tf.Module()
    for name in SHAPES:
        gate, part = name.split("/")
        owner = getattr(encoder.lstm, gate, None) or tf.Module()
        setattr(encoder.lstm, gate, owner)
        setattr(owner, part, tf.Variable(values("")[name]))
    tf.train.Checkpoint(encodr=encoder).write(str(tmp_path / "m.ckpt"))
    load = 'load enc/** from "m.ckpt" map { "enc/(.*)" -> "encoder/\\1" }'
    with pytest.raises(DiagnosticsError) as error:
        loaded(spec(tmp_path, load))
    [told] = [d for d in error.value.diagnostics if d.code == "RNN0602"]
    assert len(told.notes) == len(SHAPES)
    assert all("did you mean `encodr/lstm/" in note.text for note in told.notes)
    assert set(loaded(spec(tmp_path, load.replace("encoder/", "encodr/")))[2].values) == {f"enc/lstm/{name}" for name in SHAPES}


@pytest.mark.tf
def test_values_are_baked_in(tmp_path):
    """Inside somebody else's graph, where nothing runs but what is asked for, they are there; `reset` brings them back."""
    import tensorflow as tf

    import rnndsl

    tensors = values()
    np.savez(tmp_path / "lm.npz", **tensors)
    folder = rnndsl.compile(spec(tmp_path, MAPPED.format(file="lm.npz") + "\n  freeze enc/**"), tmp_path / "out")
    named = {f"enc/lstm/{name}": tensors[f"rnn/{name}"] for name in SHAPES}

    model = rnndsl.load(folder)
    for path, value in named.items():
        np.testing.assert_array_equal(model.initialize()[path], value)
        np.testing.assert_array_equal(model.variables[path], value)
    before = dict(model.variables)
    x, goal = np.ones((2, 3, 3), "float32"), np.ones((2, 2), "float32")
    model.train("step", x=x, goal=goal)
    assert np.any(model.variables["head/kernel"] != before["head/kernel"])
    for path, value in named.items():
        np.testing.assert_array_equal(model.variables[path], value)  # frozen
    model.assign({path: np.zeros_like(value) for path, value in named.items()})
    model.reset()
    for path, value in before.items():
        np.testing.assert_array_equal(model.variables[path], value)

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = tf.saved_model.load(str(folder))

        @tf.function
        def both(x):
            return module.signatures["initialize"](), module.signatures["predict"](x=x)

        initial, predicted = both(tf.constant(x))
        session.run(tf.compat.v1.global_variables_initializer())
        initial, predicted = session.run((initial, predicted))
    for path, value in named.items():
        np.testing.assert_array_equal(initial[path], value)
    np.testing.assert_allclose(predicted["y"], lstm(x.astype(float), tensors, "rnn/") @ before["head/kernel"], atol=1e-6)


@pytest.mark.tf
def test_the_manifest_has_a_receipt_for_each_and_files_are_hashed(tmp_path):
    import hashlib

    import rnndsl

    tensors = values()
    np.savez(tmp_path / "lm.npz", **tensors)
    folder = rnndsl.compile(spec(tmp_path, MAPPED.format(file="lm.npz")), tmp_path / "out", emit=["meta-graph"])
    manifest = json.loads((folder / "manifest.json").read_text())
    receipts = {v["path"]: v["loaded"] for v in manifest["variables"]}
    assert receipts["head/kernel"] is None
    value = tensors["rnn/input_gate/wx"]
    assert receipts["enc/lstm/input_gate/wx"] == {
        "file": "lm.npz",
        "keys": ["rnn/input_gate/wx"],
        "equation": None,
        "sha256": hashlib.sha256(value.tobytes()).hexdigest(),
    }
    [file] = [f for f in manifest["provenance"]["files"] if f["kind"] == "weights"]
    assert file == {"path": "lm.npz", "kind": "weights", "sha256": hashlib.sha256((tmp_path / "lm.npz").read_bytes()).hexdigest()}

    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver = tf.compat.v1.train.import_meta_graph(str(folder / "graph.meta"))
        saver.restore(session, str(folder / "graph.ckpt"))
        [variable] = [v for v in tf.compat.v1.global_variables() if v.op.name == "enc/lstm/input_gate/wx"]
        np.testing.assert_array_equal(session.run(variable), value)


@pytest.mark.tf
def test_verify_holds_the_receipts_against_what_the_artefact_starts_with(tmp_path, monkeypatch, capsys):
    from rnndsl.cli.main import main
    from rnndsl.weights.loading import Pretrained

    np.savez(tmp_path / "lm.npz", **values())
    path = spec(tmp_path, MAPPED.format(file="lm.npz"))
    assert main(["compile", str(path), "-o", str(tmp_path / "right")]) == 0
    capsys.readouterr()
    assert main(["weights", "verify", str(tmp_path / "right")]) == 0
    assert "12 loaded, 0 with another value" in capsys.readouterr().out

    initial = Pretrained.initial

    def skipped(self, variable, seed):
        """A compiler that leaves one value behind."""
        value = initial(self, variable, seed)
        return np.zeros_like(value) if variable.path == "enc/lstm/input_gate/wx" else value

    monkeypatch.setattr(Pretrained, "initial", skipped)
    assert main(["compile", str(path), "-o", str(tmp_path / "wrong")]) == 0
    capsys.readouterr()
    assert main(["weights", "verify", str(tmp_path / "wrong"), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [x["variable"] for x in found if not x["same"]] == ["enc/lstm/input_gate/wx"]
    assert found[0]["keys"] == ["rnn/input_gate/wx"]


def test_part_is_loaded_from_each_of_several_files(tmp_path):
    tensors = {f"enc/lstm/{name}": x for name, x in values("").items()}
    np.savez(tmp_path / "a.npz", **{k: x for k, x in tensors.items() if "/w" in k})
    np.savez(tmp_path / "b.npz", **{f"deep/{k}": x for k, x in tensors.items() if "/b" in k})
    _, _, found = loaded(spec(tmp_path, 'load **/w? from "a.npz"\nload enc/**/bi from "b.npz" at "deep"'.replace("w?", "w*")))
    assert set(found.values) == set(tensors)
    assert {r.file for r in found.receipts.values()} == {"a.npz", "b.npz"}


def test_an_optional_load_takes_what_there_is(tmp_path):
    tensors = {f"enc/lstm/{name}": x for name, x in values("").items() if name.endswith("wx")}
    np.savez(tmp_path / "a.npz", **tensors)
    load = 'load enc/** from "a.npz"'
    assert "RNN0602" in check(spec(tmp_path, load)).codes
    path = spec(tmp_path, f"optional {load}\n  init enc/**/bi ~ constant(0.5)")
    assert check(path).text == ""
    _, plan, found = loaded(path)
    assert set(found.values) == set(tensors)
    assert np.all(found.initial(plan.variable("enc/lstm/input_gate/bi"), 0) == 0.5)


def test_nan_and_infinity_are_counted(tmp_path):
    tensors = values()
    tensors["rnn/input_gate/bi"][:] = [np.nan, 1, -np.inf, np.nan]
    np.savez(tmp_path / "a.npz", **tensors)
    job, *_ = loaded(spec(tmp_path, MAPPED.format(file="a.npz")))
    [warning] = [d for d in job.sink.sorted() if d.code == "RNN0607"]
    assert [note.text for note in warning.notes] == ["`enc/lstm/input_gate/bi`: 2 NaN, 1 infinite"]


def test_of_200_typos_nine_in_ten_are_told_by_the_right_name(tmp_path):
    """One letter of one name of the file is another one, is left out, or is there twice."""
    r = random.Random(7)
    names = [f"enc/lstm/{name}" for name in SHAPES]
    right = 0
    for _ in range(200):
        meant = r.choice(names)
        at = r.randrange(len(meant))
        letter = r.choice(string.ascii_lowercase.replace(meant[at], ""))
        wrong = meant[:at] + r.choice([letter + meant[at + 1 :], meant[at + 1 :], meant[at] + meant[at:]])
        tensors = {wrong if name == meant else name: np.zeros(SHAPES[name.removeprefix("enc/lstm/")], "float32") for name in names}
        np.savez(tmp_path / "a.npz", **tensors)
        found = check(spec(tmp_path, 'load enc/** from "a.npz"'))
        right += f"did you mean `{wrong}`?" in found.text
    assert right >= 180


def test_all_keys_wrong(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"t{i}": np.zeros(shape, "float32") for i, shape in enumerate(SHAPES.values())})
    found = check(spec(tmp_path, 'load enc/** from "a.npz"'))
    assert found.codes == ["RNN0602", "RNN0606"]
    for name in SHAPES:
        assert re.search(rf"`enc/lstm/{name}`, f32.*: there is no `enc/lstm/{name}`", found.text)


NO_FILES = ["", ".", "x" * 300 + ".npz", "m.rnn", "m.rnn/a.npz", "pipe", "locked.npz", "cut.safetensors"]


@pytest.mark.parametrize("file", NO_FILES)
def test_what_is_no_file_of_weights_is_told_in_one_sentence(file, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "locked.npz").mkdir(mode=0)
    (tmp_path / "cut.safetensors").write_bytes(b"123")
    with pytest.raises(DiagnosticsError) as error:
        loaded(spec(tmp_path, f'load enc/** from "{file}"'))
    assert [d.code for d in error.value.diagnostics] == ["RNN0601"]
