"""`graph.meta` and `graph.ckpt` in the hands of somebody who has only `tf.compat.v1`."""

import numpy as np
import pytest

pytestmark = pytest.mark.tf
RNG = np.random.default_rng(1)
X = RNG.normal(size=(3, 6, 3)).astype("float32")
Y = RNG.normal(size=(3, 6, 4)).astype("float32")
FEED = {"x:0": X, "y:0": Y}


@pytest.fixture(scope="module")
def expected():
    """Losses, then states and the moving mean, of the module itself."""
    from sample import sample

    module = sample()
    functions = module.signature_functions
    losses = [functions[name](X, Y)["loss"].numpy() for name in ("fit", "tune", "fit", "tune", "fit")]
    return losses, functions["predict"](X)["states"].numpy(), module.variables_by_path["norm/mean"].numpy()


@pytest.fixture
def v1(built):
    """`tf.compat.v1` in a graph into which the sample has been imported, and the saver."""
    import tensorflow as tf

    with tf.Graph().as_default():
        saver = tf.compat.v1.train.import_meta_graph(str(built[0] / "graph.meta"))
        yield tf.compat.v1, saver, str(built[0] / "graph.ckpt")


def test_collections(v1):
    tf, _, _ = v1
    assert [v.name for v in tf.get_collection("trainable_variables")] == ["enc/w:0", "enc/u:0", "enc/b:0"]
    assert [v.name for v in tf.trainable_variables()] == ["enc/w:0", "enc/u:0", "enc/b:0"]
    assert [v.op.name for v in tf.global_variables()][:4] == ["enc/w", "enc/u", "enc/b", "norm/mean"]
    assert [v.name for v in tf.get_collection("mine")] == ["graph-values/enc/u:0"]
    assert [op.name for op in tf.get_collection("update_ops")] == ["norm/mean/update"]
    assert [loss.name for loss in tf.get_collection("losses")] == ["mse:0"]
    assert [op.name for op in tf.get_collection("train_op")] == ["train/fit", "train/tune"]


def test_summaries_can_be_merged(v1):
    tf, saver, checkpoint = v1
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        summary = tf.Summary.FromString(session.run(tf.summary.merge_all()))
        kernel, mean = session.run(tf.global_variables()[0]), session.run(tf.global_variables()[3])
    w, m = summary.value
    assert (w.tag, w.histo.num, w.histo.max) == ("enc/w", kernel.size, kernel.max())
    assert (m.tag, m.simple_value) == ("norm/mean", mean)


def test_trains_like_the_module(expected, v1):
    tf, saver, checkpoint = v1
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        got = []
        for name in ("fit", "tune", "fit", "tune", "fit"):
            loss, _ = session.run([f"train/{name}/loss:0", f"train/{name}"], FEED)
            got.append(loss)
        states = session.run("states:0", {"x:0": X})
        mean = session.run(tf.global_variables()[3])
    for one, other in zip((got, states, mean), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_fetching_a_loss_with_its_train_op_gives_the_value_before_the_step(v1):
    tf, saver, checkpoint = v1
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        before = session.run("evaluate/mse:0", FEED)
        together, _ = session.run(["mse:0", "train/fit"], FEED)
        after = session.run("mse:0", FEED)
    np.testing.assert_allclose(together, before, rtol=1e-6)
    assert after < before


def test_a_fetch_of_outputs_changes_nothing(v1):
    tf, saver, checkpoint = v1
    with tf.Session() as session:
        saver.restore(session, checkpoint)
        before = session.run(tf.global_variables())
        session.run(["states:0"], {"x:0": X})
        session.run(["mse:0"], FEED)
        after = session.run(tf.global_variables())
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_initializers_give_the_stored_values(v1):
    tf, saver, checkpoint = v1
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        initial = session.run(tf.global_variables())
        session.run("train/fit", FEED)
        session.run("reset")
        again = session.run(tf.global_variables())
        saver.restore(session, checkpoint)
        restored = session.run(tf.global_variables())
    for one, two, three in zip(initial, again, restored, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_checkpoint_names_are_paths(built):
    import tensorflow as tf

    names = [name for name, _ in tf.train.list_variables(str(built[0] / "graph.ckpt"))]
    assert {"enc/w", "enc/u", "enc/b", "norm/mean"} <= set(names)


def test_large_initial_values_stay_out_of_the_graph(tmp_path, monkeypatch):
    import tensorflow as tf
    from sample import sample, sample_plan

    from rnndsl.artefact import meta_graph

    monkeypatch.setattr(meta_graph, "EMBEDDED_BYTES", 10)
    meta_graph.write_meta_graph(sample_plan(), sample(), tmp_path)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver = tf.compat.v1.train.import_meta_graph(str(tmp_path / "graph.meta"))
        saver.restore(session, str(tmp_path / "graph.ckpt"))
        names = [v.op.name for v in tf.compat.v1.global_variables()]
        assert not any(name.startswith("graph-initial/") for name in names)
        before = session.run(tf.compat.v1.global_variables())
        session.run("train/fit", FEED)
        session.run(tf.compat.v1.global_variables_initializer())
        after = session.run(tf.compat.v1.global_variables())
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_models_in_one_graph(built, tmp_path):
    """Functions of different models have different names, so that one graph can hold both."""
    import tensorflow as tf
    from sample import sample, sample_plan

    from rnndsl.artefact.meta_graph import write_meta_graph

    write_meta_graph(sample_plan(5), sample(5), tmp_path)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for scope, folder in (("one", built[0]), ("two", tmp_path)):
            saver = tf.compat.v1.train.import_meta_graph(str(folder / "graph.meta"), import_scope=scope)
            saver.restore(session, str(folder / "graph.ckpt"))
        states = session.run(["one/states:0", "two/states:0"], {"one/x:0": X, "two/x:0": X})
    assert [x.shape for x in states] == [(3, 6, 4), (3, 6, 5)]


@pytest.mark.parametrize("name", ["values", "initial", "own", "saver", "captured", "function", "graph"])
def test_what_a_user_calls_as_the_graph_calls_its_own(tmp_path, name):
    """A training call of such a name has its scope beside the graph's own: the variable `values` is found in both."""
    import rnndsl

    text = f"""rnn 1
model m {{
  input {name}_in: f32[batch, 2]
  param values: f32[2] ~ zeros
  output {name}_out = {name}_in * values
  loss fit = mean(square({name}_in * values - 1.0))
  train {name} = adam(rate = 0.1)
}}
"""
    (tmp_path / "m.rnn").write_text(text)
    rnndsl.compile(tmp_path / "m.rnn", tmp_path / "out", emit=("saved-model", "meta-graph"))
