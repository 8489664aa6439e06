"""Artefacts of lowered plans: the same bytes twice in one process, and the same numbers as the module."""

import functools

import numpy as np
import pytest

from rnndsl.artefact.files import files_below
from rnndsl.artefact.manifest import Provenance
from rnndsl.artefact.reading.opening import open_artefact
from rnndsl.plan.model import Optimizer

pytestmark = pytest.mark.tf
RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 5, 2)).astype("float32")
Y = RNG.normal(size=(4, 1)).astype("float32")
CASES = {"carried": {"carry": True, "order": "before"}, "plain": {}}


@pytest.fixture(scope="module", params=list(CASES))
def artefact(request, tmp_path_factory):
    """The module, its folder, and the folder of a second compilation with other functions traced in between."""
    import tensorflow as tf
    from plan_builder import initial_value
    from plan_models import regression

    from rnndsl.artefact.write import write_artefact
    from rnndsl.backends.tensorflow.module import build

    plan = regression(Optimizer(name="adam", arguments={"rate": 0.05}), **CASES[request.param])
    base = tmp_path_factory.mktemp(request.param)
    modules = []

    def make(plan):
        modules.append(build(plan, initial=functools.partial(initial_value)))
        return modules[-1]

    for name in ("one", "two"):
        write_artefact(plan, base / name, provenance=Provenance(), build=make, emit_meta_graph=True)
        for i in range(200):
            tf.function(lambda x, i=i: x + i).get_concrete_function(tf.constant(1.0))
    return modules[0], base / "one", base / "two"


def losses_of(step, count: int = 4) -> list[float]:
    return [float(step()) for _ in range(count)]


def test_same_bytes(artefact):
    _, one, two = artefact
    for name in files_below(one):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_trains_the_same_as_savedmodel_and_in_a_session(artefact):
    import tensorflow as tf

    module, folder, _ = artefact
    loaded = tf.saved_model.load(str(folder))
    expected = losses_of(lambda: module.signature_functions["step"](X, Y)["loss"])
    np.testing.assert_allclose(losses_of(lambda: loaded.signatures["step"](x=X, y=Y)["loss"]), expected, rtol=1e-6)
    v1 = tf.compat.v1
    feed = {"x:0": X, "y:0": Y}
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(str(folder / "graph.meta"))
        saver.restore(session, str(folder / "graph.ckpt"))
        unchanged = session.run(v1.global_variables())
        session.run("mse:0", feed)
        for one, other in zip(unchanged, session.run(v1.global_variables()), strict=True):
            np.testing.assert_array_equal(one, other)
        got = losses_of(lambda: session.run(["mse:0", "train/step"], feed)[0])
        mean = next(v for v in v1.global_variables() if v.op.name == "norm/mean")
        moved = session.run(mean)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    np.testing.assert_allclose(moved, module.variables_by_path["norm/mean"].numpy(), rtol=1e-5)


def test_an_optimizer_of_the_users_own_in_a_session(artefact):
    import tensorflow as tf

    _, folder, _ = artefact
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        saver = v1.train.import_meta_graph(str(folder / "graph.meta"))
        loss = v1.get_collection("losses")[0]
        with tf.control_dependencies(v1.get_collection("update_ops")):
            step = v1.train.GradientDescentOptimizer(0.05).minimize(loss)
        with v1.Session() as session:
            saver.restore(session, str(folder / "graph.ckpt"))
            losses = losses_of(lambda: session.run([loss, step], {"x:0": X, "y:0": Y})[0])
    assert losses == sorted(losses, reverse=True)


def test_manifest(artefact):
    _, folder, _ = artefact
    manifest = open_artefact(folder)
    step = manifest.signature("step")
    assert step.kind == "train"
    assert step.operations["mse"] == "mse"
    assert step.operations["norm/mean/update"] == "norm/mean/update"
    assert all(v.checkpoint_key for v in manifest.variables)
    assert [x.shape for x in step.inputs] == [("batch", "time", 2), ("batch", 1)]
