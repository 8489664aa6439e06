"""What a compiled model offers: signatures and their inputs, carried states, resets, the pure functions, saving and loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plan_builder import Builder, initial_value, plan, variable
from plan_models import regression

from rnndsl.backends.tensorflow.module import build
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Initializer, Named, Optimizer, Plan, Signature, Train
from tests.compiling import plan_of

pytestmark = pytest.mark.tf

R = np.random.default_rng(21)
X, Y = R.normal(size=(3, 6, 2)).astype("f4"), R.normal(size=(3, 1)).astype("f4")


def inputs_of(function: Any) -> list[str]:
    return [spec.name for spec in function.get_concrete_function().structured_input_signature[0]]


def test_signatures_take_what_their_results_need() -> None:
    module = build(regression(), initial=initial_value)
    assert list(module.signature_functions) == ["predict", "evaluate", "stream", "step", "initialize", "reset"]
    assert inputs_of(module.predict) == ["x"]
    assert inputs_of(module.stream) == ["x", "run_h", "run_c"]
    assert inputs_of(module.evaluate) == inputs_of(module.step) == ["x", "y"]
    assert inputs_of(module.initialize) == []


def test_predict_evaluate_and_the_losses_of_a_step_agree() -> None:
    module = build(regression(), initial=initial_value)
    prediction = module.predict(x=X)["prediction"].numpy()
    scores = module.evaluate(x=X, y=Y)
    assert set(scores) == {"mse", "mae"}
    np.testing.assert_allclose(scores["mse"], np.mean((prediction - Y) ** 2), rtol=1e-5)
    results = module.step(x=X, y=Y)
    assert set(results) == {"loss", "mse", "mae"}
    np.testing.assert_allclose(results["loss"], scores["mse"], rtol=1e-6)


def test_losses_are_operations_by_name() -> None:
    graph = build(regression(), initial=initial_value).step.get_concrete_function().graph
    names = {op.name for op in graph.get_operations()}
    assert {"mse", "mae", "loss", "norm/mean/update", "x", "y"} <= names


def test_variables_have_their_paths_as_names_and_are_in_collections() -> None:
    module = build(regression(), initial=initial_value)
    assert all(v.name == f"{path}:0" for path, v in module.variables_by_path.items())
    trainable = [v.name for v in module.collections["trainable_variables"]]
    assert "head/kernel:0" in trainable and "norm/mean:0" not in trainable
    names = [v.name for v in module.collections["global_variables"]]
    assert names[-1] == "train/step/step:0"
    assert len(set(names)) == len(names)
    assert sorted(v.name for v in module.trainable_variables) == sorted(trainable)


def test_initialize_and_reset() -> None:
    module = build(regression(Optimizer(name="adam", arguments={"rate": 0.1})), initial=initial_value)
    first = {k: v.numpy() for k, v in module.initialize().items()}
    before = {k: v.numpy() for k, v in module.variables_by_path.items()}
    module.step(x=X, y=Y)
    assert not np.array_equal(module.variables_by_path["head/kernel"], before["head/kernel"])
    module.reset()
    for path, value in before.items():
        assert module.variables_by_path[path].numpy().tobytes() == value.tobytes(), path
    assert set(first) == {p for p in before if not p.startswith("train/")}
    assert all(first[p].tobytes() == before[p].tobytes() for p in first)


def test_inputs_that_differ_in_an_axis_are_refused() -> None:
    module = build(regression(), initial=initial_value)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`x` and `y` differ in the length of `batch`"):
        module.evaluate(x=X, y=Y[:1])


def test_an_input_along_a_fixed_number_of_steps_is_as_long() -> None:
    text = """rnn 1
cell Counter { state h: [] = zeros  h = h[t-1] + 1.0  output h }
model m {
  input x: f32[batch, time]
  layer counter = Counter()
  output y = scan(counter, steps = 4, along = time)
  output z = x * 2.0
}
"""
    module, x = build(plan_of(text)), np.ones((2, 6), "f4")
    assert module.predict(x=x[:, :4])["y"].numpy().tolist() == [1, 2, 3, 4]
    for call in (lambda: module.predict(x=x), lambda: module.apply({}, {"x": x[:, :3]})):
        with pytest.raises(tf.errors.InvalidArgumentError, match="`x` is not 4 long along `time`, along which a scan takes"):
            call()


def test_apply_is_predict_of_given_variables() -> None:
    module = build(regression(), initial=initial_value)
    start = module.initialize()
    module.step(x=X, y=Y)
    now = {k: v for k, v in module.variables_by_path.items() if not k.startswith("train/")}
    values = {k: tf.convert_to_tensor(v) for k, v in now.items()}
    np.testing.assert_array_equal(module.apply(values, {"x": X})["prediction"], module.predict(x=X)["prediction"])
    module.reset()
    np.testing.assert_array_equal(module.apply(start, {"x": X})["prediction"], module.predict(x=X)["prediction"])


def test_gradients_are_those_of_a_step() -> None:
    """One step of sgd at rate 0.1 by hand; the update that the step makes is the one that is returned."""
    module = build(regression(), initial=initial_value)
    start = module.initialize()
    result = module.gradients(start, {"x": X}, {"y": Y})
    results = module.step(x=X, y=Y)
    np.testing.assert_allclose(result["loss"], results["loss"])
    assert set(result["updates"]) == {"norm/mean"}
    np.testing.assert_allclose(module.variables_by_path["norm/mean"], result["updates"]["norm/mean"])
    for path, gradient in result["gradients"].items():
        np.testing.assert_allclose(module.variables_by_path[path], start[path] - 0.1 * gradient, rtol=1e-5, atol=1e-7)


def test_stream_is_predict_step_by_step() -> None:
    module = build(regression(), initial=initial_value)
    states = {"run_h": np.zeros((3, 3), "f4"), "run_c": np.zeros((3, 3), "f4")}
    for t in range(X.shape[1]):
        results = module.stream(x=X[:, t], **states)
        states = {name: results[name] for name in states}
    np.testing.assert_allclose(results["prediction"], module.predict(x=X)["prediction"], rtol=1e-5)


def test_carried_states_make_pieces_into_one_sequence() -> None:
    module = build(regression(carry=True), initial=initial_value)
    whole = module.predict(x=X)["prediction"].numpy()
    module.reset_states()
    module.predict(x=X[:, :2])
    pieces = module.predict(x=X[:, 2:])["prediction"].numpy()
    np.testing.assert_allclose(pieces, whole, rtol=1e-5, atol=1e-6)
    assert module.variables_by_path["run/h"].shape.as_list() == [None, 3]


def test_carried_states_in_evaluate_and_training_but_not_in_apply() -> None:
    module = build(regression(carry=True), initial=initial_value)
    values = module.initialize()
    fresh = module.apply(values, {"x": X})["prediction"].numpy()
    module.evaluate(x=X, y=Y)
    kept = module.variables_by_path["run/h"].numpy()
    assert kept.shape == (3, 3)
    np.testing.assert_array_equal(module.apply(values, {"x": X})["prediction"], fresh)
    np.testing.assert_array_equal(module.variables_by_path["run/h"], kept)
    assert not np.allclose(module.predict(x=X)["prediction"], fresh)
    module.step(x=X, y=Y)
    assert not np.array_equal(module.variables_by_path["run/h"], kept)


def test_another_batch_size_asks_for_reset_states() -> None:
    module = build(regression(carry=True), initial=initial_value)
    module.predict(x=X)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`run/h`.*call reset_states"):
        module.predict(x=X[:2])
    module.reset_states()
    module.predict(x=X[:2])
    assert module.variables_by_path["run/h"].numpy().shape == (2, 3)


def test_carried_state_without_a_batch() -> None:
    """A running sum over time alone, from 1: the initial value holds for the first call."""
    g, b = Builder(), Builder()
    x, xi, h = g.input("f32[time]", "x"), b.input("f32"), b.input("f32")
    new = b.op("add", xi, h)
    s = g.scan(b, scanned={xi: x}, states=[("h", g.literal(1.0), h, new)], outputs=(new,), carry=True)
    last = g.result(s, "last", new, "f32")
    made = plan(g, variables=(variable("run/h", kind="carried"),), outputs=(Named(name="total", value=last),))
    module = build(made, initial=initial_value)
    assert [float(module.predict(x=np.ones(3, "f4"))["total"]) for _ in range(2)] == [4, 7]
    module.reset_states()
    assert float(module.predict(x=np.ones(1, "f4"))["total"]) == 2


def drawing() -> Plan:
    """`noisy` draws at each call; `plain` drops out, in training only."""
    g = Builder()
    x, w = g.input("f32[batch, 40]", "x"), g.read("w", 40)
    noisy = g.op("add", x, g.op("random_normal", x, stream=5))
    plain = g.op("dropout", g.op("mul", x, w), g.literal(0.5), stream=6)
    loss = g.op("sum", plain, axes=["batch"], dims=[-1])
    one = Initializer(name="constant", arguments={"value": 1.0})
    return plan(
        g,
        variables=(variable("w", 40, initializer=one), variable("calls", dtype="i64", kind="counter")),
        outputs=(Named(name="noisy", value=noisy), Named(name="plain", value=plain)),
        losses=(Named(name="l", value=loss, collection="losses"),),
        trains=(Train(name="step", optimizer=Optimizer(name="sgd", arguments={"rate": 0.0}), losses=("l",), variables=("w",)),),
        signatures=(Signature(name="still", outputs=("plain",)),),
    )


def test_the_counter_goes_up_once_a_call_that_draws() -> None:
    module = build(drawing(), initial=initial_value)
    counter = module.variables_by_path["calls"]
    x = np.ones((2, 40), "f4")
    first, second = module.predict(x=x)["noisy"].numpy(), module.predict(x=x)["noisy"].numpy()
    assert int(counter) == 2 and not np.array_equal(first, second)
    np.testing.assert_array_equal(module.still(x=x)["plain"], x)
    module.evaluate(x=x)
    assert int(counter) == 2
    losses = [float(module.step(x=x)["loss"]) for _ in range(3)]
    assert int(counter) == 5 and len(set(losses)) == 3
    module.reset()
    np.testing.assert_array_equal(module.predict(x=x)["noisy"], first)


def test_apply_draws_by_step() -> None:
    module = build(drawing(), initial=initial_value)
    values, x = module.initialize(), np.ones((2, 40), "f4")
    a, b, c = (module.apply(values, {"x": x}, tf.constant(k, tf.int64))["noisy"].numpy() for k in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    np.testing.assert_array_equal(module.apply(values, {"x": x})["noisy"], a)
    np.testing.assert_array_equal(module.predict(x=x)["noisy"], a)


def test_a_model_without_inputs_fits_its_parameters() -> None:
    g = Builder()
    a = g.read("a")
    loss = g.op("square", g.op("sub", a, g.literal(3.0)))
    made = plan(
        g,
        variables=(variable("a"),),
        outputs=(Named(name="a", value=a),),
        losses=(Named(name="l", value=loss, collection="losses"),),
        trains=(Train(name="fit", optimizer=Optimizer(name="sgd", arguments={"rate": 0.5}), losses=("l",), variables=("a",)),),
    )
    module = build(made, initial=initial_value)
    module.fit()
    assert float(module.predict()["a"]) == 3.0
    assert float(module.apply(module.initialize(), {})["a"]) == float(initial_value(made.variables[0]))


def test_names_that_tensorflow_would_refuse() -> None:
    """A path with a leading underscore; a loss within a scope; a train named like an attribute of `tf.Module`."""
    g = Builder()
    w = g.read("_hidden/w")
    loss = g.op("square", w)
    made = plan(
        g,
        variables=(variable("_hidden/w"),),
        losses=(Named(name="_hidden/penalty", value=loss, collection="losses"),),
        trains=(
            Train(
                name="variables",
                optimizer=Optimizer(name="sgd", arguments={"rate": 0.5}),
                losses=("_hidden/penalty",),
                variables=("_hidden/w",),
            ),
        ),
    )
    module = build(made, initial=initial_value)
    assert set(module.signature_functions["variables"]()) == {"loss", "_hidden_penalty"}
    assert float(module.variables_by_path["_hidden/w"]) == 0.0


def test_an_initial_value_of_another_shape_is_a_fault() -> None:
    with pytest.raises(ValueError, match="lstm/input_gate/wx"):
        build(regression(), initial=lambda v, seed: np.zeros(7, "f4"))


def test_saved_and_loaded(tmp_path: Path) -> None:
    module = build(regression(Optimizer(name="adam", arguments={"rate": 0.1}), carry=True), initial=initial_value)
    signatures = {name: f.get_concrete_function() for name, f in module.signature_functions.items()}
    tf.saved_model.save(module, str(tmp_path), signatures=signatures)
    loaded = tf.saved_model.load(str(tmp_path))
    start = loaded.signatures["initialize"]()
    expected = module.step(x=X, y=Y)
    found = loaded.signatures["step"](x=tf.constant(X), y=tf.constant(Y))
    np.testing.assert_array_equal(found["loss"], expected["loss"])
    np.testing.assert_array_equal(loaded.collections["global_variables"][0], module.collections["global_variables"][0])
    np.testing.assert_allclose(loaded.predict(x=X)["prediction"], module.predict(x=X)["prediction"])
    np.testing.assert_array_equal(loaded.apply(start, {"x": X})["prediction"], module.apply(start, {"x": X})["prediction"])
    loaded.signatures["reset"]()
    np.testing.assert_array_equal(loaded.collections["global_variables"][0], start["lstm/input_gate/wx"])
    assert not loaded.variables_by_path["run/h"].numpy().size
