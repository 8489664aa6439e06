"""The same bytes from two processes, from two compilations in one, in whatever folder; and a model that works like the module."""

import numpy as np
import pytest

from rnndsl.artefact.files import files_below

pytestmark = pytest.mark.tf
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 6, 3)).astype("float32")
Y = RNG.normal(size=(3, 6, 4)).astype("float32")


def test_files_of_an_artefact(built):
    assert files_below(built[0]) == [
        "graph.ckpt.data-00000-of-00001",
        "graph.ckpt.index",
        "graph.meta",
        "manifest.json",
        "saved_model.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    ]


@pytest.mark.parametrize("other", [1, 2, 3])
def test_same_bytes_in_one_process_and_in_another(built, other):
    for name in files_below(built[0]):
        assert (built[0] / name).read_bytes() == (built[other] / name).read_bytes(), name


def test_nothing_of_the_machine_is_in_the_graph(built):
    data = b"".join((built[2] / name).read_bytes() for name in files_below(built[2]))
    assert b"/tmp" not in data
    assert b"site-packages" not in data
    assert str(built[2].parent).encode() not in data


def test_names_of_functions_are_unique_and_in_order(built):
    from rnndsl.artefact.canonical import read_saved_model

    library = read_saved_model(built[0]).meta_graphs[0].graph_def.library
    names = [function.signature.name for function in library.function]
    numbers = [name.rpartition("_")[2] for name in names]
    assert numbers == sorted(numbers)
    assert len({number[:8] for number in numbers}) == 1
    assert any(name.startswith("__inference_predict_") for name in names)


@pytest.fixture(scope="module")
def pair(built):
    import tensorflow as tf
    from sample import sample

    return sample(), tf.saved_model.load(str(built[0]))


def variables(module):
    return {path: v.numpy() for path, v in module.variables_by_path.items() if not path.startswith("train/")}


def test_signatures_work_after_loading(pair):
    module, loaded = pair
    assert sorted(loaded.signatures) == ["evaluate", "fit", "predict", "reset", "tune"]
    for _ in range(3):
        for name in ("fit", "tune"):
            expected = module.signature_functions[name](X, Y)
            got = loaded.signatures[name](x=X, y=Y)
            np.testing.assert_array_equal(got["loss"], expected["loss"])
        np.testing.assert_array_equal(
            loaded.signatures["predict"](x=X)["states"], module.signature_functions["predict"](X)["states"]
        )
    for path, value in variables(module).items():
        np.testing.assert_array_equal(loaded.variables_by_path[path].numpy(), value)
    assert loaded.variables_by_path["norm/mean"].numpy() != 0


def test_functions_of_dicts_work_after_loading(pair):
    module, loaded = pair
    values = {path: RNG.normal(size=v.shape).astype("float32") for path, v in variables(module).items() if path.startswith("enc/")}
    expected = module.gradients(values, {"x": X}, {"y": Y})
    got = loaded.gradients(values, {"x": X}, {"y": Y})
    np.testing.assert_array_equal(got["loss"], expected["loss"])
    for path in values:
        np.testing.assert_array_equal(got["gradients"][path], expected["gradients"][path])
    np.testing.assert_array_equal(loaded.apply(values, {"x": X})["states"], module.apply(values, {"x": X})["states"])


def test_collections_hold_variables_after_loading(pair):
    _, loaded = pair
    assert [v.name for v in loaded.collections["trainable_variables"]] == ["enc/w:0", "enc/u:0", "enc/b:0"]
    assert loaded.collections["mine"][0] is loaded.variables_by_path["enc/u"]
    assert list(loaded.collections["none"]) == []


def test_gradients_flow_through_a_loaded_model(pair):
    """Gradient functions and custom gradients have been renamed with the functions that they belong to."""
    import tensorflow as tf

    module, loaded = pair
    x = tf.constant(X)
    found = []
    for function in (module.signature_functions["predict"], loaded.signatures["predict"]):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(function(x=x)["states"])
        found.append(tape.gradient(total, x).numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    assert np.abs(found[0]).max() > 0


def test_saved_again_after_loading(pair, tmp_path):
    import tensorflow as tf

    _, loaded = pair
    tf.saved_model.save(loaded, str(tmp_path / "again"), signatures=loaded.signatures)
    again = tf.saved_model.load(str(tmp_path / "again"))
    np.testing.assert_array_equal(again.signatures["predict"](x=X)["states"], loaded.signatures["predict"](x=X)["states"])


def test_runs_in_a_session(built):
    """Through `tf.compat.v1.saved_model.load`, as TensorFlow Serving and the C API do it."""
    import tensorflow as tf
    from sample import sample

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], str(built[0]))
        signature = meta_graph.signature_def["predict"]
        states = session.run(signature.outputs["states"].name, {signature.inputs["x"].name: X})
    np.testing.assert_allclose(states, sample().signature_functions["predict"](X)["states"].numpy(), rtol=1e-6)


def test_xla_marks_survive(built):
    from rnndsl.artefact.canonical import read_saved_model

    library = read_saved_model(built[0]).meta_graphs[0].graph_def.library
    marked = [f.signature.name for f in library.function if "_XlaMustCompile" in f.attr and f.attr["_XlaMustCompile"].b]
    assert any("gate" in name for name in marked)
