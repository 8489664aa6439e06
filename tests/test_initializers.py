"""Initial values: moments and bounds against closed forms and against TensorFlow's own initializers, streams by path."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnndsl.language.drawing import fans
from rnndsl.language.initializers import PARAMETERS, initial_value, problem
from rnndsl.language.ops.op import Required
from rnndsl.plan.model import Initializer, Variable

TRUNCATED = 0.87962566103423978
N = 40_000


def variable(name, shape, dtype="f32", path="enc/w", axes=(), kind="param", **arguments):
    return Variable(
        path=path, kind=kind, dtype=dtype, shape=shape, axes=axes, trainable=kind == "param", collections=(),
        initializer=Initializer(name=name, arguments=arguments), initializer_origin="declared",
    )  # fmt: skip


def drawn(name, shape=(200, 200), seed=0, **options):
    return initial_value(variable(name, shape, **options), seed)


def uniform_cdf(low, high):
    return lambda x: np.clip((x - low) / (high - low), 0, 1)


def normal_cdf(mean, stddev):
    return lambda x: np.array([0.5 * (1 + math.erf((v - mean) / stddev / math.sqrt(2))) for v in x])


def truncated_cdf(mean, stddev):
    inner = normal_cdf(mean, stddev)
    low, high = inner(np.array([mean - 2 * stddev, mean + 2 * stddev]))
    return lambda x: np.clip((inner(x) - low) / (high - low), 0, 1)


def distance(values, cdf):
    """Kolmogorov and Smirnov's statistic times sqrt(n): above 1.95 with probability 0.001."""
    x = np.sort(values.ravel().astype(np.float64))
    at = cdf(x)
    n = len(x)
    return math.sqrt(n) * max(np.max(np.arange(1, n + 1) / n - at), np.max(at - np.arange(n) / n))


S = (100, 400)  # fan_in 100, fan_out 400
CLOSED = [
    ("uniform", {}, uniform_cdf(-0.05, 0.05)),
    ("uniform", {"low": 1.0, "high": 3.0}, uniform_cdf(1, 3)),
    ("log_uniform", {}, lambda x: np.clip(np.log(x) / math.log(1000), 0, 1)),
    ("log_uniform", {"low": 0.5, "high": 8.0}, lambda x: np.clip(np.log(2 * x) / math.log(16), 0, 1)),
    ("normal", {}, normal_cdf(0, 0.05)),
    ("normal", {"mean": 2.0, "stddev": 0.5}, normal_cdf(2, 0.5)),
    ("truncated_normal", {}, truncated_cdf(0, 0.05)),
    ("truncated_normal", {"mean": 1.0, "stddev": 3.0}, truncated_cdf(1, 3)),
    ("glorot_uniform", {}, uniform_cdf(-math.sqrt(6 / 500), math.sqrt(6 / 500))),
    ("xavier_uniform", {}, uniform_cdf(-math.sqrt(6 / 500), math.sqrt(6 / 500))),
    ("glorot_normal", {}, truncated_cdf(0, math.sqrt(2 / 500) / TRUNCATED)),
    ("xavier_normal", {}, truncated_cdf(0, math.sqrt(2 / 500) / TRUNCATED)),
    ("he_uniform", {}, uniform_cdf(-math.sqrt(6 / 100), math.sqrt(6 / 100))),
    ("he_normal", {}, truncated_cdf(0, math.sqrt(2 / 100) / TRUNCATED)),
    ("lecun_uniform", {}, uniform_cdf(-math.sqrt(3 / 100), math.sqrt(3 / 100))),
    ("lecun_normal", {}, truncated_cdf(0, math.sqrt(1 / 100) / TRUNCATED)),
    ("uniform_unit_scaling", {}, uniform_cdf(-math.sqrt(3 / 100), math.sqrt(3 / 100))),
    ("uniform_unit_scaling", {"factor": 1.43}, uniform_cdf(-1.43 * math.sqrt(3 / 100), 1.43 * math.sqrt(3 / 100))),
    ("variance_scaling", {}, truncated_cdf(0, math.sqrt(1 / 100) / TRUNCATED)),
    ("variance_scaling", {"scale": 2.0, "mode": "fan_out"}, truncated_cdf(0, math.sqrt(2 / 400) / TRUNCATED)),
    ("variance_scaling", {"distribution": "untruncated_normal", "mode": "fan_avg"}, normal_cdf(0, math.sqrt(1 / 250))),
]


@pytest.mark.parametrize(("name", "arguments", "cdf"), CLOSED, ids=[f"{n}{a}" for n, a, _ in CLOSED])
def test_the_distribution_is_the_closed_form(name, arguments, cdf):
    assert distance(drawn(name, S, dtype="f64", **arguments), cdf) < 1.95


def test_a_wrong_distribution_would_be_seen():
    assert distance(drawn("normal", S, dtype="f64"), normal_cdf(0, 0.052)) > 1.95
    assert distance(drawn("normal", S, dtype="f64"), truncated_cdf(0, 0.05)) > 1.95


def test_truncated_values_stay_within_two_standard_deviations():
    values = drawn("truncated_normal", mean=1.0, stddev=3.0, dtype="f64")
    assert np.abs(values - 1).max() <= 6


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal", "lecun_normal"])
def test_truncation_keeps_the_variance(name):
    scale, n = {"glorot_normal": (1, 250), "he_normal": (2, 100), "lecun_normal": (1, 100)}[name]
    assert np.std(drawn(name, S)) == pytest.approx(math.sqrt(scale / n), rel=0.02)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (1, 1)), ((7,), (7, 7)), ((3, 5), (3, 5)), ((2, 3, 5), (6, 10)), ((2, 4, 3, 5), (24, 40)), ((0, 4), (0, 4))],
)
def test_fans(shape, expected):
    assert fans(shape) == expected


@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (32, 32), (3, 4, 5), (2, 2, 30)])
def test_orthogonal(shape):
    q = drawn("orthogonal", shape, dtype="f64", gain=1.5).reshape(-1, shape[-1]) / 1.5
    small = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    """Haar measure: the trace of a random orthogonal matrix has mean 0 and variance 1 (Diaconis & Mallows)."""
    traces = [np.trace(drawn("orthogonal", (6, 6), dtype="f64", seed=k)) for k in range(400)]
    assert abs(np.mean(traces)) < 0.2
    assert np.var(traces) == pytest.approx(1, abs=0.25)


def test_constants():
    np.testing.assert_array_equal(drawn("zeros", (2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(drawn("ones", (2,)), np.ones(2))
    np.testing.assert_array_equal(drawn("constant", (), value=2.5), 2.5)
    np.testing.assert_array_equal(drawn("identity", (2, 3), gain=2.0), [[2, 0, 0], [0, 2, 0]])
    np.testing.assert_array_equal(drawn("values", (2, 2), value=[[1, 2], [3, 4]], dtype="i64"), [[1, 2], [3, 4]])


def test_large_integers_are_exact():
    assert drawn("constant", (), dtype="i64", value=2**53 + 1) == 2**53 + 1


@pytest.mark.parametrize(("dtype", "name"), [("f16", "float16"), ("bf16", "bfloat16"), ("f32", "float32"), ("f64", "float64")])
def test_dtypes(dtype, name):
    values = drawn("normal", (3,), dtype=dtype)
    assert values.dtype.name == name
    np.testing.assert_allclose(values.astype(np.float64), drawn("normal", (3,), dtype="f64"), rtol=0.01)


@pytest.mark.parametrize(("dtype", "name"), [("i32", "int32"), ("i64", "int64"), ("bool", "bool")])
def test_whole_dtypes(dtype, name):
    assert drawn("ones", (3,), dtype=dtype).dtype.name == name


def test_uniform_integers():
    values = drawn("uniform", (1000,), dtype="i32", low=2, high=5)
    assert sorted(set(values.tolist())) == [2, 3, 4]


def test_a_carried_state_starts_empty():
    values = initial_value(variable("zeros", (8,), kind="carried", axes=("batch",)), 0)
    assert values.shape == (0, 8)
    assert values.dtype == np.float32


def test_the_call_counter_starts_at_zero():
    assert initial_value(variable("zeros", (), "i64", "counter", kind="counter"), 3) == 0


def test_same_seed_and_path_give_the_same_numbers():
    np.testing.assert_array_equal(drawn("normal", seed=5), drawn("normal", seed=5))


def test_another_seed_or_path_gives_independent_numbers():
    base = drawn("normal", seed=5).ravel()
    for other in (drawn("normal", seed=6), drawn("normal", seed=5, path="enc/w2"), drawn("normal", seed=50, path="enc/w")):
        assert abs(np.corrcoef(base, other.ravel())[0, 1]) < 0.03


def test_seed_and_path_do_not_run_together():
    assert not np.array_equal(drawn("normal", seed=1, path="1/w"), drawn("normal", seed=11, path="/w"))


def test_the_stream_never_changes():
    """Stored values of published models depend on these numbers: if this fails, they change."""
    np.testing.assert_array_equal(
        drawn("uniform", (3,), dtype="f64", path="a", low=0.0, high=1.0),
        [0.9678558832638403, 0.7484292958960492, 0.7461629459897106],
    )


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "dtype", "words"),
    [
        ("orthogonal", {"gain": 1.0}, (3,), "f32", "two or more dims"),
        ("identity", {"gain": 1.0}, (3, 3, 3), "f32", "two dims"),
        ("values", {"value": [[1, 2]]}, (2, 2), "f32", "the shape [1, 2], not [2, 2]"),
        ("values", {"value": [[1, 2], [3]]}, (2, 2), "f32", "different lengths"),
        ("variance_scaling", {"scale": 0.0, "mode": "fan_in", "distribution": "uniform"}, (2, 2), "f32", "positive scale"),
        ("variance_scaling", {"scale": 1.0, "mode": "fan", "distribution": "uniform"}, (2, 2), "f32", "no mode"),
        ("variance_scaling", {"scale": 1.0, "mode": "fan_in", "distribution": "beta"}, (2, 2), "f32", "no distribution"),
        ("normal", {"mean": 0.0, "stddev": -1.0}, (2,), "f32", "negative stddev"),
        ("uniform", {"low": 1.0, "high": 0.0}, (2,), "f32", "above high"),
        ("log_uniform", {"low": 0.0, "high": 1.0}, (2,), "f32", "0 < low <= high"),
        ("glorot_uniform", {}, (2, 2), "i32", "floating-point"),
        ("normal", {"mean": 0.0, "stddev": 1.0}, (2,), "bool", "floating-point"),
    ],
)
def test_a_recipe_that_does_not_fit_says_why(name, arguments, shape, dtype, words):
    assert words in (problem(name, arguments, shape, dtype) or "")
    with pytest.raises(ValueError, match="enc/w"):
        drawn(name, shape, dtype=dtype, **arguments)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_initializer_has_a_value_with_its_defaults(name):
    arguments = {k: [[1.0, 2.0], [3.0, 4.0]] for k, default in PARAMETERS[name] if default is Required}
    values = drawn(name, (2, 2), **arguments)
    assert values.shape == (2, 2)
    assert values.flags.c_contiguous


TF1 = {
    "uniform": ("random_uniform", {"minval": "low", "maxval": "high"}),
    "normal": ("random_normal", {"mean": "mean", "stddev": "stddev"}),
    "truncated_normal": ("truncated_normal", {"mean": "mean", "stddev": "stddev"}),
    "uniform_unit_scaling": ("uniform_unit_scaling", {"factor": "factor"}),
    "variance_scaling": ("variance_scaling", {"scale": "scale", "mode": "mode", "distribution": "distribution"}),
    "orthogonal": ("orthogonal", {"gain": "gain"}),
    "identity": ("identity", {"gain": "gain"}),
}


@pytest.mark.tf
@pytest.mark.parametrize("shape", [(50, 80), (3, 20, 40), (2, 3, 16, 24)])
@pytest.mark.parametrize("name", [n for n in PARAMETERS if n not in ("values", "log_uniform")])
def test_moments_are_those_of_tensorflow(name, shape):
    import tensorflow as tf

    if name == "identity" and len(shape) != 2:
        pytest.skip("TensorFlow's needs a matrix")
    arguments = dict(PARAMETERS[name])
    if name in TF1:
        their_name, names = TF1[name]
        theirs = getattr(tf.compat.v1.initializers, their_name)(**{k: arguments[v] for k, v in names.items()})
    elif name in ("zeros", "ones", "constant"):
        theirs = getattr(tf.compat.v1.initializers, name)()
    else:
        theirs = getattr(tf.keras.initializers, name.replace("xavier", "glorot"))(seed=1)
    reference = np.asarray(theirs(shape, dtype=tf.float32))
    ours = drawn(name, shape)
    scale = max(np.abs(reference).max(), 1e-12)
    assert np.std(ours) == pytest.approx(np.std(reference), rel=0.05, abs=1e-6)
    assert np.mean(ours) == pytest.approx(np.mean(reference), abs=0.06 * float(scale))
    if name != "normal" and name != "orthogonal":
        assert np.abs(ours).max() == pytest.approx(np.abs(reference).max(), rel=0.03)
