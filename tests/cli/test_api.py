"""`rnndsl.compile` and `rnndsl.load`, and `rnndsl run` on what they make."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import rnndsl
from rnndsl.cli.main import main

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model line(units: int = 1) {
  input x: f32[batch, 3]
  target y: f32[batch, units]
  layer head = Dense(units)
  layer norm = BatchNorm(momentum = 0.5)
  prediction = norm(head(x))
  output prediction
  loss mse = mean(square(prediction - y))
  train step = sgd(rate = 0.1) after update_ops
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("api")
    (root / "line.rnn").write_text(SPEC)
    return rnndsl.compile(root / "line.rnn", root / "out", units=2)


@pytest.fixture
def model(folder: Path) -> rnndsl.Loaded:
    return rnndsl.load(folder)


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.normal(size=(16, 3)).astype(np.float32)
    return {"x": x, "y": (x[:, :2] - x[:, 1:]).astype(np.float32)}


def test_a_wrong_spec_and_a_wrong_parameter(tmp_path: Path) -> None:
    (tmp_path / "line.rnn").write_text(SPEC.replace("norm(head(x))", "norm(hed(x))"))
    with pytest.raises(rnndsl.DiagnosticsError, match="RNN0101") as caught:
        rnndsl.compile(tmp_path / "line.rnn", tmp_path / "out")
    assert caught.value.diagnostics[0].code == "RNN0101"
    (tmp_path / "line.rnn").write_text(SPEC)
    with pytest.raises(rnndsl.SettingError, match="units"):
        rnndsl.compile(tmp_path / "line.rnn", tmp_path / "out", unit=2)
    with pytest.raises(rnndsl.SettingError):
        rnndsl.compile(tmp_path / "line.rnn", tmp_path / "out", units=2.5)
    with pytest.raises(rnndsl.SettingError, match="has the models line"):
        rnndsl.compile(tmp_path / "line.rnn", tmp_path / "out", model="lines")
    assert not (tmp_path / "out").exists()


def test_without_an_output_it_is_a_temporary_folder(tmp_path: Path) -> None:
    (tmp_path / "line.rnn").write_text(SPEC)
    made = rnndsl.compile(tmp_path / "line.rnn")
    assert (made / "manifest.json").is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["line.rnn"]


def test_prediction_is_the_formula(model: rnndsl.Loaded, data: dict[str, np.ndarray]) -> None:
    v = model.variables
    expected = (data["x"] @ v["head/kernel"] + v["head/bias"]) / np.sqrt(1 + 1e-3)
    np.testing.assert_allclose(model.predict(x=data["x"])["prediction"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict({"x": data["x"]})["prediction"], model.predict(x=data["x"])["prediction"])


def test_training_changes_memory_alone_and_reset_undoes_it(model: rnndsl.Loaded, folder: Path, data: dict[str, np.ndarray]) -> None:
    before = model.variables
    losses = [float(model.train("step", data)["mse"]) for _ in range(30)]
    assert losses[-1] < losses[0] / 3
    assert not np.array_equal(model.variables["norm/moving_mean"], before["norm/moving_mean"])
    for path, value in rnndsl.load(folder).variables.items():
        np.testing.assert_array_equal(value, before[path])
    model.reset()
    for path, value in model.variables.items():
        np.testing.assert_array_equal(value, before[path])


def test_training_on_several_replicas_is_refused(
    model: rnndsl.Loaded, data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: SimpleNamespace(num_replicas_in_sync=2))
    before = model.variables
    with pytest.raises(ValueError, match="`step` trains on one replica, not on 2"):
        model.train("step", data)
    assert all(np.array_equal(before[path], value) for path, value in model.variables.items())
    model.predict(x=data["x"])


def test_what_the_model_is_made_of(model: rnndsl.Loaded) -> None:
    assert {"predict", "evaluate", "step", "initialize", "reset"} <= set(model.signatures)
    assert model.collections["trainable_variables"] == ("head/kernel", "head/bias", "norm/gamma", "norm/beta")
    assert model.manifest["parameters"] == {"units": 2}
    initial = model.initialize()
    np.testing.assert_array_equal(initial["head/kernel"], model.variables["head/kernel"])


def test_the_model_as_pure_functions(model: rnndsl.Loaded, data: dict[str, np.ndarray]) -> None:
    values = {p: v for p, v in model.variables.items() if not p.startswith("train/")}
    outputs = model.apply(values, {"x": data["x"]})
    np.testing.assert_allclose(outputs["prediction"], model.predict(x=data["x"])["prediction"], rtol=1e-6)
    found = model.gradients(values, {"x": data["x"]}, {"y": data["y"]})
    assert set(found["gradients"]) == {"head/kernel", "head/bias", "norm/gamma", "norm/beta"}
    assert set(found["updates"]) == {"norm/moving_mean", "norm/moving_variance"}


def test_pure_functions_take_what_fits(model: rnndsl.Loaded, data: dict[str, np.ndarray]) -> None:
    values = {p: v for p, v in model.variables.items() if not p.startswith("train/")}
    expected = model.predict(x=data["x"])["prediction"]
    wide = {p: v.astype(np.float64) for p, v in values.items()}
    for given in (wide, model.variables):  # an optimizer's variables are let be
        found = model.apply(given, {"x": data["x"].astype(np.float64).tolist()}, step=np.int32(3))
        np.testing.assert_allclose(found["prediction"], expected, rtol=1e-6)
    x, y = {"x": data["x"]}, {"y": data["y"]}
    wrong = {
        "`apply` takes no `head/kernl`": lambda: model.apply({**values, "head/kernl": 1.0}, x),
        "`apply` wants `head/bias` too": lambda: model.apply({k: v for k, v in values.items() if k != "head/bias"}, x),
        "`apply` takes no `y`": lambda: model.apply(values, {**x, **y}),
        "`apply` wants `x` too": lambda: model.apply(values, {}),
        "`step` is i64": lambda: model.apply(values, x, step="1"),  # pyright: ignore[reportArgumentType]
        "`gradients` wants `y` too": lambda: model.gradients(values, x),
        "`gradients` takes no `z`": lambda: model.gradients(values, x, {**y, "z": 1}),
        "`x` has the length 16 along `batch`, and `y` has 3": lambda: model.gradients(values, x, {"y": data["y"][:3]}),
        "a method of its own": lambda: model.call("apply", x),
    }
    for message, call in wrong.items():
        with pytest.raises(ValueError, match=message) as caught:
            call()
        assert len(str(caught.value)) < 300


WORDS = """rnn 1
model words {
  input ids: i32[batch, time]
  layer embedding = Embedding(10, 2)
  output vectors = embedding(ids)
}
"""


def test_a_value_that_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "words.rnn").write_text(WORDS)
    words = rnndsl.load(rnndsl.compile(tmp_path / "words.rnn", tmp_path / "out"))
    for wrong in (2**32 + 1, 1.7, "1"):
        with pytest.raises(ValueError, match="`ids` is i32"):
            words.predict(ids=[[wrong, 5]])
    with pytest.raises(ValueError, match=r"^`predict` fails on these values: indices\[0,1\] = 99 is not in \[0, 10\)$"):
        words.predict(ids=[[1, 99]])
    with pytest.raises(TypeError, match="a mapping"):
        words.predict(np.zeros((1, 2)))  # pyright: ignore[reportArgumentType]
    np.testing.assert_array_equal(words.predict(ids=[[1, 3.0]])["vectors"][0, 1], words.variables["embedding/table"][3])


def test_any_arrays_end_in_numbers_or_a_value_error(model: rnndsl.Loaded) -> None:
    r, numbers = random.Random(4), 0
    dtypes = ("float32", "float32", ">f8", "int8", "bool", "float16", "uint64", "complex64", "U3", "object")
    for _ in range(300):
        lengths = [r.choice((0, 1, 2)), r.choice((1, 2, 2, 2))]
        shapes = {"x": [r.choice(lengths[:1] * 8 + [7]), 3], "y": [lengths[0], lengths[1]], "z": []}
        names = ["x", "y", *r.choice([[]] * 9 + [["z"]])]
        given = {name: np.full(shapes[name], r.choice((0, 1))).astype(r.choice(dtypes)) for name in names}
        try:
            found = model.evaluate(given)
        except ValueError as error:
            assert str(error).startswith("`")
        else:
            numbers += 1
            assert found["mse"].shape == ()
    assert 30 < numbers < 270


def test_weights_are_kept(model: rnndsl.Loaded, folder: Path, data: dict[str, np.ndarray], tmp_path: Path) -> None:
    model.train("step", data)
    model.save_weights(tmp_path / "w.npz")
    other = rnndsl.load(folder)
    other.load_weights(tmp_path / "w.npz")
    model.train("step", data)
    other.train("step", data)
    for path, value in model.variables.items():
        np.testing.assert_array_equal(value, other.variables[path])


def test_wrong_arguments(model: rnndsl.Loaded, data: dict[str, np.ndarray]) -> None:
    for wrong in ({}, {"z": 1}, {"x": np.zeros((2, 4))}):
        with pytest.raises(ValueError, match="`"):
            model.predict(wrong)
    with pytest.raises(ValueError, match="no signature `stepp`"):
        model.train("stepp", data)
    with pytest.raises(KeyError, match="head/kernel"):
        model.assign({"head/kernl": 1.0})
    with pytest.raises(ValueError, match="shape"):
        model.assign({"head/bias": np.zeros(3)})
    with pytest.raises(FileNotFoundError):
        rnndsl.load(Path("nowhere"))


def test_run_on_files(folder: Path, data: dict[str, np.ndarray], model: rnndsl.Loaded, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "x.csv", data["x"], delimiter=",", header="a,b,c", comments="")
    np.save(tmp_path / "y.npy", data["y"])
    np.savez(tmp_path / "both.npz", **data)
    x, both, out = (str(tmp_path / name) for name in ("x.csv", "both.npz", "o.npz"))
    assert main(["run", str(folder), x, "-o", out]) == 0
    np.testing.assert_allclose(np.load(out)["prediction"], model.predict(x=data["x"])["prediction"], rtol=1e-5)
    assert main(["run", str(folder), both, "--signature", "evaluate", "-o", out]) == 0
    named = ["--input", f"x={x}", "--input", f"y={tmp_path / 'y.npy'}"]
    assert main(["run", str(folder), *named, "--signature", "step", "-o", out]) == 0
    assert main(["run", str(folder.parent / "line.rnn"), x, "--set", "units=3", "-o", str(tmp_path / "o.csv")]) == 0
    assert (tmp_path / "o.csv").read_text().startswith("prediction_0,prediction_1,prediction_2\n")


SUMS = """rnn 1
model sums {
  input x: f32[batch, time, 2]
  input k: f32[batch, 1]
  output sum_ = x + k
  output all_ = 2 * x
}
"""


def test_run_on_one_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sums.rnn").write_text(SUMS.replace("  output sum_ = x + k\n", "").replace("  input k: f32[batch, 1]\n", ""))
    Path("x.csv").write_text("".join(f"{i},{i + 0.5}\n" for i in range(309)))
    assert main(["run", "sums.rnn", "x.csv", "-o", "o.csv"]) == 0
    assert "read as one sequence of 309 steps, a row each" in capsys.readouterr().err
    np.testing.assert_array_equal(np.loadtxt("o.csv", delimiter=",", skiprows=1), 2 * np.loadtxt("x.csv", delimiter=","))
    assert main(["run", "sums.rnn", "x.csv", "-o", "o.npz"]) == 0
    assert np.load("o.npz")["all_"].shape == (1, 309, 2)


def test_run_on_batches_of_two_lengths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sums.rnn").write_text(SUMS)
    np.savez("in.npz", x=np.zeros((3, 4, 2)), k=np.zeros((2, 1)))
    assert main(["run", "sums.rnn", "in.npz"]) == 2
    assert capsys.readouterr().err == "error: `x` has the length 3 along `batch`, and `k` has 2\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.csv", "-o", "x.csv"], "is an input"),
        (["x.csv", "--signature", "evaluate"], "takes the inputs"),
        (["--input", "x=x.csv", "--signature", "step"], "`step` wants y: f32[batch, 2]"),
        (["--input", "z=x.csv"], "no input `z`"),
        (["none.csv"], "no file"),
        (["x.csv", "--signature", "predic"], "no signature `predic`"),
        (["x.csv", "--set", "units=3"], "already compiled"),
        (["x.csv", "--model", "lines"], "holds no model `lines`"),
    ],
)
def test_run_with_wrong_arguments(
    folder: Path,
    tmp_path: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("1,2,3\n")
    assert main(["run", str(folder), *arguments]) == 2
    assert message in capsys.readouterr().err
