"""Sections 8 and 10: one model compiled, loaded with plain `tf.saved_model.load`, and every claim about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.compiling import gives, plan_of

pytestmark = pytest.mark.tf
SPEC = Path(__file__).parent / "whole.rnn"
DOCS = Path(__file__).parents[3] / "docs"
X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 4, 2)
Y = np.asarray([[0.0], [1.0], [2.0]], np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import rnndsl

    return rnndsl.compile(SPEC, tmp_path_factory.mktemp("artefact") / "out", emit=["meta-graph"])


@pytest.fixture(scope="module")
def plan():
    return plan_of(SPEC, 1)


@pytest.fixture(scope="module")
def opened(folder):
    import tensorflow as tf

    return tf.saved_model.load(str(folder))


@pytest.fixture
def model(opened):
    opened.signatures["reset"]()
    return opened


def call(model, name, **inputs):
    import tensorflow as tf

    return {k: v.numpy() for k, v in model.signatures[name](**{k: tf.constant(v) for k, v in inputs.items()}).items()}


def step(model, rate=0.1):
    return call(model, "step", x=X, y=Y, lr=np.float32(rate))


def tune(model):
    return call(model, "tune", x=X, y=Y, z=np.float32(1))


def everything(model):
    both = [*model.collections["global_variables"], *model.collections["local_variables"]]
    return {v.name.removesuffix(":0"): v.numpy() for v in both}


def differ(before, after):
    return {k for k in after if before[k].tobytes() != after[k].tobytes()}


def declared(values):
    return {k for k in values if not k.startswith("train/")}


UPDATED = {"adder/steps", "norm/moving_mean", "norm/moving_variance", "log/digits"}
CARRIED, COUNTER = {"run/h"}, {"call_counter"}


def test_each_signature_takes_just_what_its_results_depend_on(opened, plan):
    found = {name: set(f.structured_input_signature[1]) for name, f in opened.signatures.items()}
    assert found == {
        "predict": {"x"},
        "both": {"x"},
        "evaluate": {"x", "y", "z"},
        "step": {"x", "y", "lr"},
        "tune": {"x", "y", "z"},
        "initialize": set(),
        "reset": set(),
        "reset_states": set(),
        "stream": {"x", "run_h", "summed_s"},
    }
    for function in plan.functions:
        if function.name in found:
            assert {x.name for x in function.inputs} == found[function.name], function.name


def test_each_signature_returns_what_is_said(opened, plan):
    found = {name: set(f.structured_outputs) for name, f in opened.signatures.items()}
    assert found["predict"] == {"prediction", "score", "by_time"}
    assert found["both"] == {"prediction", "score"}
    assert found["evaluate"] == {"mse", "extra", "penalty", "mae"}
    assert found["step"] == {"loss", "mse", "penalty", "mae"}
    assert found["tune"] == {"loss", "mse", "extra", "mae"}
    assert found["stream"] == {"prediction", "score", "by_time", "run_h", "summed_s"}
    assert found["initialize"] == {v.path for v in plan.variables if v.kind in ("param", "var")}
    assert set(gives(plan, "step")) == found["step"]
    assert set(gives(plan, "tune")) == found["tune"]


def test_inference_changes_nothing_but_carried_state(model):
    first = everything(model)
    call(model, "predict", x=X)
    call(model, "both", x=X)
    assert differ(first, everything(model)) == CARRIED
    before = everything(model)
    call(model, "evaluate", x=X, y=Y, z=np.float32(1))
    assert differ(before, everything(model)) == CARRIED


def test_a_training_step_runs_its_updates_and_changes_what_is_trained(model, plan):
    before = everything(model)
    step(model)
    changed = differ(before, everything(model))
    trained = set(plan.trains[0].variables)
    assert trained - changed <= {"norm/beta", "norm/gamma", "head/bias"}
    assert declared(changed) - trained == UPDATED | CARRIED | COUNTER
    assert "enc/candidate/bi" not in changed
    assert all(k.startswith(("train/step/step", "train/step/average/")) for k in changed - declared(changed))


def test_several_applications_update_in_the_order_of_the_text_and_a_scan_at_each_step(model):
    step(model)
    values = everything(model)
    assert values["log/digits"] == 12
    assert values["adder/steps"] == X.shape[1]
    step(model)
    values = everything(model)
    assert values["log/digits"] == 1212
    assert values["adder/steps"] == 2 * X.shape[1]


def test_before_runs_its_updates_on_what_the_optimizer_wrote(model, plan):
    before = everything(model)
    tune(model)
    after = everything(model)
    assert plan.trains[1].variables == ("head/kernel", "head/bias")
    assert declared(differ(before, after)) == {"head/kernel", "head/bias", "fixed"} | CARRIED | COUNTER
    np.testing.assert_allclose(after["fixed"], after["head/kernel"][:, 0])


def test_clip_norm_rate_and_average(model):
    """A step of sgd moves the weights by rate * clipped gradient; the average moves a tenth of the way after it."""
    before = everything(model)
    step(model, 0.25)
    after = everything(model)
    trained = [v.name.removesuffix(":0") for v in model.collections["trainable_variables"]]
    moved = np.concatenate([(after[k] - before[k]).ravel() for k in trained])
    assert np.linalg.norm(moved) <= 0.25 * (1 + 1e-5)
    for path in trained:
        expected = 0.9 * before[path] + 0.1 * after[path]
        np.testing.assert_allclose(after[f"train/step/average/{path}"], expected, rtol=1e-5, atol=1e-6)


def test_initialize_returns_initial_values_also_after_training_and_reset_assigns_them(model, plan):
    first = everything(model)
    step(model), tune(model)
    trained = everything(model)
    initial = call(model, "initialize")
    assert differ(trained, everything(model)) == set()
    for variable in plan.variables:
        if variable.kind in ("param", "var"):
            np.testing.assert_array_equal(initial[variable.path], first[variable.path])
    model.signatures["reset"]()
    assert differ(first, everything(model)) == set()


def test_states_are_carried_from_call_to_call_until_they_are_reset(model):
    once = call(model, "predict", x=X)["by_time"]
    model.signatures["reset_states"]()
    assert model.collections["local_variables"][0].shape[0] is None
    halves = [call(model, "predict", x=x)["by_time"] for x in (X[:, :2], X[:, :2])]
    assert not np.allclose(*halves)
    model.signatures["reset_states"]()
    again = call(model, "predict", x=X)["by_time"]
    np.testing.assert_array_equal(once, again)
    model.signatures["reset_states"]()
    assert call(model, "predict", x=X[:1])["by_time"].shape == (1, 4, 3)  # another batch size


def test_another_batch_size_without_a_reset_is_told(model):
    import tensorflow as tf

    call(model, "predict", x=X)
    with pytest.raises(tf.errors.InvalidArgumentError, match="reset_states"):
        call(model, "predict", x=X[:1])


def test_training_evaluation_and_prediction_carry(model):
    call(model, "predict", x=X)
    one = everything(model)["run/h"]
    call(model, "evaluate", x=X, y=Y, z=np.float32(1))
    two = everything(model)["run/h"]
    step(model, 0.0)
    three = everything(model)["run/h"]
    assert not np.allclose(one, two)
    assert not np.allclose(two, three)


def pure_arguments(model, plan):
    import tensorflow as tf

    values = everything(model)
    return {v.path: tf.constant(values[v.path]) for v in plan.variables if v.kind in ("param", "var")}


def test_apply_is_a_pure_function_that_starts_afresh(model, plan):
    import tensorflow as tf

    expected = call(model, "predict", x=X)
    before = everything(model)
    given = pure_arguments(model, plan)
    for _ in range(2):
        found = model.apply(given, {"x": tf.constant(X)}, tf.constant(0, tf.int64))
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-6)
    found = model.apply(given, {"x": tf.constant(X)})  # `step` may be left out
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
    given["head/bias"] = given["head/bias"] + 1
    moved = model.apply(given, {"x": tf.constant(X)}, tf.constant(0, tf.int64))
    np.testing.assert_allclose(moved["prediction"], expected["prediction"] + 1, rtol=1e-5)
    assert differ(before, everything(model)) == set()


def test_gradients_is_a_pure_function_with_the_updates_that_training_would_make(model, plan):
    import tensorflow as tf

    given = pure_arguments(model, plan)
    before = everything(model)
    inputs, targets = {"x": tf.constant(X)}, {"y": tf.constant(Y)}
    found = model.gradients(given, inputs, targets, tf.constant(0, tf.int64))
    again = model.gradients(given, inputs, targets, tf.constant(0, tf.int64))
    other = model.gradients(given, inputs, targets, tf.constant(1, tf.int64))
    assert differ(before, everything(model)) == set()
    assert set(found) == {"loss", "gradients", "updates"}
    assert set(found["gradients"]) == set(plan.collections["trainable_variables"])
    assert set(found["updates"]) == UPDATED | {"fixed"}
    assert found["loss"] == again["loss"]
    assert found["loss"] != other["loss"]  # another step, another dropout
    trained = step(model, 1.0)
    after = everything(model)
    np.testing.assert_allclose(found["loss"], trained["loss"], rtol=1e-6)  # the counter was 0
    for path in UPDATED:
        np.testing.assert_allclose(found["updates"][path], after[path], rtol=1e-6)
    norm = np.sqrt(sum(float(np.sum(np.square(g))) for g in found["gradients"].values()))
    for path, gradient in found["gradients"].items():
        np.testing.assert_allclose(after[path] - before[path], -gradient / max(norm, 1), rtol=1e-3, atol=1e-6)


def test_stream_is_the_scan_step_by_step(model):
    expected = call(model, "predict", x=X)
    states = {"run_h": np.full((3, 3), 0.5, np.float32), "summed_s": np.zeros((3, 2), np.float32)}
    for t in range(X.shape[1]):
        out = call(model, "stream", x=X[:, t], **states)
        states = {name: out[name] for name in states}
        np.testing.assert_allclose(out["by_time"], expected["by_time"][:, t], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(out["prediction"], expected["prediction"], rtol=1e-5, atol=1e-6)


def test_collections_hold_variables_by_name(model, plan):
    names = {c: [v.name.removesuffix(":0") for v in vs] for c, vs in model.collections.items()}
    assert names["mine"] == ["head/kernel"]
    assert "enc/candidate/bi" in names["model_variables"]
    assert "enc/candidate/bi" not in names["trainable_variables"]
    assert names["local_variables"] == ["run/h", "call_counter"]
    own = [n for n in names["global_variables"] if n.startswith("train/")]
    assert set(own) == {v.path for v in plan.variables if v.kind == "optimizer"}
    assert all(not n.startswith("train/") for c, ns in names.items() if c != "global_variables" for n in ns)
    assert names["moving_average_variables"] == names["trainable_variables"]


def test_updates_come_before_the_optimizer_by_control_dependencies_in_the_saved_graph(folder):
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    assert tf is not None
    functions = saved.meta_graphs[0].graph_def.library.function
    nodes = max(
        ({n.name: n for n in f.node_def} for f in functions if "_step_" in f.signature.name),
        key=len,
    )
    assigned = [n for n in nodes.values() if n.op.startswith("Assign") and n.name.startswith("train/step/")]
    assert assigned
    for update in ("norm/update_moving_mean", "norm/update_moving_variance", "log/update_digits", "adder/update_steps"):
        assert update in nodes, sorted(nodes)
        for node in assigned:
            assert update in reached(nodes, node.name), (node.name, update)


def reached(nodes, start):
    seen, pending = set(), [start]
    while pending:
        name = pending.pop().lstrip("^").split(":")[0]
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        pending += nodes[name].input
    return seen


def test_the_manifest_follows_its_published_schema(folder, plan):
    jsonschema = pytest.importorskip("jsonschema")
    manifest = json.loads((folder / "manifest.json").read_text())
    jsonschema.validate(manifest, json.loads((DOCS / "manifest.schema.json").read_text()))
    assert {name: set(v) for name, v in manifest["collections"].items()} == {k: set(v) for k, v in plan.collections.items()}


def test_a_session_trains_the_meta_graph(folder, model, plan):
    import tensorflow as tf

    values = [step(model)["mse"] for _ in range(3)]
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(str(folder / "graph.meta"))
        saver.restore(session, str(folder / "graph.ckpt"))
        for name in ("trainable_variables", "update_ops", "losses", "mine", "late", "train_op", "local_variables"):
            found = [getattr(x, "name", x) for x in v1.get_collection(name)]
            assert len(found) == len(plan.collections[name]), (name, found)
        assert {v.name for v in v1.trainable_variables()} == {f"{path}:0" for path in plan.collections["trainable_variables"]}
        data = {"x": X, "y": Y, "lr": np.float32(0.1), "z": np.float32(1)}
        placeholders = [op for op in v1.get_default_graph().get_operations() if op.type == "Placeholder"]
        feed = {op.outputs[0]: data[op.name] for op in placeholders if op.name in data}
        train, loss = v1.get_collection("train_op")[0], v1.get_collection("losses")[0]
        found = [session.run([train, loss], feed)[1] for _ in range(3)]
        np.testing.assert_allclose(found, values, rtol=1e-5)
        updated = [session.run(v) for v in v1.global_variables() if v.name == "log/digits:0"]
        assert updated == [121212]


def test_the_manifest_says_what_a_step_does_in_which_order(folder):
    signatures = {x["name"]: x for x in json.loads((folder / "manifest.json").read_text())["signatures"]}
    steps = {name: [(s["name"], s["does"], s["variables"]) for s in signatures[name]["steps"]] for name in ("step", "tune")}
    assert [name for name, *_ in steps["step"]] == [
        "adder/update_steps", "norm/update_moving_mean", "norm/update_moving_variance", "log/update_digits",
        "log/update_digits_1", "train/step", "run/h/keep", "call_counter/advance",
    ]  # fmt: skip
    assert [name for name, *_ in steps["tune"]] == ["train/tune", "update_fixed", "run/h/keep", "call_counter/advance"]
    assert steps["tune"][0][1:] == ("optimize", ["head/kernel", "head/bias"])
    after = {s["name"]: s["after"] for name in ("step", "tune") for s in signatures[name]["steps"]}
    assert after["update_fixed"] == ["train/tune"]
    assert set(after["train/step"]) == {name for name, *_ in steps["step"][:5]}
    assert signatures["predict"]["draws"] is None and signatures["step"]["draws"] == "call_counter"
    assert [s["name"] for s in signatures["predict"]["steps"]] == ["run/h/keep"]


def test_the_manifest_says_where_a_stream_starts(folder):
    signatures = {x["name"]: x for x in json.loads((folder / "manifest.json").read_text())["signatures"]}
    states = {x["name"]: (x["state"], x["initial"]) for x in signatures["stream"]["inputs"] if x["state"]}
    assert states == {"run_h": ("run/h", 0.5), "summed_s": ("summed/s", 0.0)}
    assert {x["name"]: x["shape"] for x in signatures["stream"]["outputs"]}["by_time"] == ["batch", 3]
