"""Every operation against NumPy, written from its definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from plan_builder import Builder
from run_plan import run

from rnndsl.language.ops.table import OPS
from tests.plan.told import told

pytestmark = pytest.mark.tf

R = np.random.default_rng(7)


def one(op: str, values: list[np.ndarray], types: list[str], mode: str = "eager", **attrs: Any) -> np.ndarray:
    g = Builder()
    args = [g.input(text) for text in types]
    return run(g, [g.op(op, *args, **attrs)], dict(zip(args, values, strict=True)), mode=mode)[0]


def _erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf)(x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


ELU, SELU = 1.6732632423543772, 1.0507009873554805
UNARY = {
    "linear": lambda x: x,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: SELU * np.where(x > 0, x, ELU * np.expm1(x)),
    "gelu": lambda x: x * (1 + _erf(x / np.sqrt(2))) / 2,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "exp": np.exp,
    "square": np.square,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan": np.arctan,
    "erf": _erf,
    "neg": np.negative,
    "stop_gradient": lambda x: x,
    "zeros_like": np.zeros_like,
    "ones_like": np.ones_like,
}
POSITIVE = {"log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x)}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.mod,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "atan2": np.arctan2,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def test_every_operation_has_a_lowering() -> None:
    from rnndsl.backends.tensorflow.ops.table import LOWERINGS

    assert set(LOWERINGS) == set(OPS) - {"result", "penalty", "if_training"}


@pytest.mark.parametrize("op", UNARY)
def test_unary(op: str) -> None:
    x = 4 * R.normal(size=(3, 5))
    np.testing.assert_allclose(one(op, [x], ["f64[batch, 5]"]), UNARY[op](x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("op", POSITIVE)
def test_unary_of_positive(op: str) -> None:
    x = R.uniform(0.1, 4, size=(3, 5))
    np.testing.assert_allclose(one(op, [x], ["f64[batch, 5]"]), POSITIVE[op](x), rtol=1e-10)


@pytest.mark.parametrize("op", BINARY)
def test_binary_meets_by_axis_name_and_right_aligned_dims(op: str) -> None:
    """[batch, 1, 3] with [batch, time, 2, 3]."""
    a, b = R.integers(-3, 4, size=(2, 1, 3)).astype("f8"), R.integers(1, 4, size=(2, 4, 2, 3)).astype("f8")
    found = one(op, [a, b], ["f64[batch, 1, 3]", "f64[batch, time, 2, 3]"])
    np.testing.assert_allclose(found, BINARY[op](a[:, None], b), rtol=1e-12)


def test_two_single_axes_unite() -> None:
    a, b = R.normal(size=(2,)), R.normal(size=(3,))
    np.testing.assert_array_equal(one("add", [a, b], ["f64[batch]", "f64[time]"]), a[:, None] + b)
    np.testing.assert_array_equal(one("add", [b, a], ["f64[time]", "f64[batch]"]), a[:, None] + b)


def test_axis_between_others_and_fewer_dims() -> None:
    a, b = R.normal(size=(2, 4, 3)), R.normal(size=(2, 3, 4, 5, 3))
    found = one("mul", [a, b], ["f64[batch, src, 3]", "f64[batch, time, src, 5, 3]"])
    np.testing.assert_array_equal(found, a[:, None, :, None] * b)


def test_pow_and_logic_and_where_and_clip() -> None:
    a, b = R.uniform(0.5, 2, size=(2, 3)), R.normal(size=3)
    np.testing.assert_allclose(one("pow", [a, b], ["f64[batch, 3]", "f64[3]"]), a**b)
    p, q = a > 1, b > 0
    np.testing.assert_array_equal(one("and", [p, q], ["bool[batch, 3]", "bool[3]"]), p & q)
    np.testing.assert_array_equal(one("or", [p, q], ["bool[batch, 3]", "bool[3]"]), p | q)
    np.testing.assert_array_equal(one("not", [p], ["bool[batch, 3]"]), ~p)
    np.testing.assert_array_equal(one("where", [q, a, b], ["bool[3]", "f64[batch, 3]", "f64[3]"]), np.where(q, a, b))
    low, high = np.array(0.8), np.array(1.5)
    np.testing.assert_array_equal(one("clip", [a, low, high], ["f64[batch, 3]", "f64", "f64"]), np.clip(a, 0.8, 1.5))


@pytest.mark.parametrize(("a", "b"), [(7, 2), (-7, 2), (7, -2), (-7, -2)])
def test_integer_division_rounds_down(a: int, b: int) -> None:
    x, y = np.array(a, np.int32), np.array(b, np.int32)
    assert one("floordiv", [x, y], ["i32", "i32"]) == a // b
    assert one("mod", [x, y], ["i32", "i32"]) == a % b


@pytest.mark.parametrize(
    ("x", "w", "equation"),
    [
        ("[3]", "[3, 4]", "n,nu->u"),
        ("[batch, 3]", "[3, 4]", "bn,nu->bu"),
        ("[batch, time, 3]", "[3, 4]", "btn,nu->btu"),
        ("[batch, time, 2, 3]", "[3, 4, 5]", "btkn,nuv->btkuv"),
        ("[batch, 3]", "[3]", "bn,n->b"),
        ("[3]", "[3]", "n,n->"),
        ("[batch, time, 3]", "[batch, 3, 4]", "btn,bnu->btu"),
        ("[batch, 3]", "[time, 3]", "bn,tn->bt"),
        ("[time, 3]", "[batch, 3, 2]", "tn,bnu->btu"),
    ],
)
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_matmul(x: str, w: str, equation: str, mode: str) -> None:
    sizes = {"batch": 2, "time": 5}

    def value(text: str) -> np.ndarray:
        return R.normal(size=[int(sizes.get(p.strip(), 0) or p) for p in text.strip("[]").split(",")])

    a, b = value(x), value(w)
    np.testing.assert_allclose(one("matmul", [a, b], [f"f64{x}", f"f64{w}"], mode), np.einsum(equation, a, b), rtol=1e-10)


def test_matmul_of_an_empty_batch() -> None:
    assert one("matmul", [np.zeros((0, 4, 3)), np.zeros((3, 2))], ["f64[batch, time, 3]", "f64[3, 2]"], "graph").shape == (0, 4, 2)


def test_products() -> None:
    a, b = R.normal(size=(2, 3)), R.normal(size=(2, 4, 3))
    np.testing.assert_allclose(one("dot", [a, b], ["f64[batch, 3]", "f64[batch, time, 3]"]), np.einsum("bn,btn->bt", a, b))
    np.testing.assert_allclose(one("outer", [a, b], ["f64[batch, 3]", "f64[batch, time, 3]"]), np.einsum("bi,btj->btij", a, b))
    found = one("einsum", [a, b], ["f64[batch, 3]", "f64[batch, time, 3]"], equation="i,j->ji")
    np.testing.assert_allclose(found, np.einsum("bi,btj->btji", a, b))


def test_linear_algebra() -> None:
    a, b, v = R.normal(size=(2, 3, 3)), R.normal(size=(2, 4, 3, 2)), R.normal(size=3)
    np.testing.assert_allclose(one("inv", [a], ["f64[batch, 3, 3]"]), np.linalg.inv(a))
    np.testing.assert_allclose(one("logdet", [a], ["f64[batch, 3, 3]"]), np.linalg.slogdet(a)[1])
    found = one("solve", [a, b], ["f64[batch, 3, 3]", "f64[batch, time, 3, 2]"])
    np.testing.assert_allclose(found, np.linalg.solve(a[:, None], b))
    found = one("solve", [a, v], ["f64[batch, 3, 3]", "f64[3]"])
    np.testing.assert_allclose(found, np.stack([np.linalg.solve(m, v) for m in a]))


def _conv1d(x: np.ndarray, k: np.ndarray, stride: int, padding: str) -> np.ndarray:
    """x [length, in], k [width, in, out], as the definitions of the paddings have it."""
    width, length = len(k), len(x)
    out = -(-(length - width + 1) // stride) if padding == "valid" else -(-length // stride)
    total = max((out - 1) * stride + width - length, 0)
    left = {"valid": 0, "same": total // 2, "causal": width - 1}[padding]
    padded = np.concatenate([np.zeros((left, x.shape[1])), x, np.zeros((width + total, x.shape[1]))])
    return np.stack([np.einsum("wi,wio->o", padded[i * stride : i * stride + width], k) for i in range(out)])


@pytest.mark.parametrize("padding", ["same", "valid", "causal"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_conv_over_an_axis(padding: str, stride: int, mode: str) -> None:
    x, k = R.normal(size=(2, 7, 3)), R.normal(size=(4, 3, 5))
    found = one(
        "conv", [x, k], ["f64[batch, time, 3]", "f64[4, 3, 5]"], mode, stride=(stride,), padding=(padding,), over="time", to="frame"
    )
    np.testing.assert_allclose(found, np.stack([_conv1d(row, k, stride, padding) for row in x]), rtol=1e-10, atol=1e-12)


def test_conv_over_the_first_axis_and_more_axes() -> None:
    x, k = R.normal(size=(4, 2, 6, 3)), R.normal(size=(3, 3, 2))
    found = one(
        "conv", [x, k], ["f64[batch, time, src, 3]", "f64[3, 3, 2]"], over="time", to="time", padding=("same",), stride=(1,)
    )
    expected = np.stack([np.stack([_conv1d(x[b, :, s], k, 1, "same") for s in range(6)], 1) for b in range(4)])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_conv_over_trailing_dims(padding: str) -> None:
    x, k = R.normal(size=(2, 3, 6, 5, 2)), R.normal(size=(3, 3, 2, 4))
    found = one("conv", [x, k], ["f64[batch, time, 6, 5, 2]", "f64[3, 3, 2, 4]"], padding=(padding,) * 2, stride=(1, 1))
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)]) if padding == "same" else x
    expected = np.zeros((2, 3, padded.shape[2] - 2, padded.shape[3] - 2, 4))
    for i in range(expected.shape[2]):
        for j in range(expected.shape[3]):
            expected[:, :, i, j] = np.einsum("btxyi,xyio->bto", padded[:, :, i : i + 3, j : j + 3], k)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_shapes() -> None:
    a, b = R.normal(size=(2, 3)), R.normal(size=(2, 4, 2))
    joined = one("concat", [a, b], ["f64[batch, 3]", "f64[batch, time, 2]"], "graph", dim=-1)
    np.testing.assert_array_equal(joined, np.concatenate([np.repeat(a[:, None], 4, 1), b], -1))
    m, n = R.normal(size=(2, 2, 3)), R.normal(size=(4, 3))
    np.testing.assert_array_equal(
        one("concat", [m, n], ["f64[batch, 2, 3]", "f64[4, 3]"], dim=-2), np.concatenate([m, np.stack([n, n])], -2)
    )
    c = R.normal(size=())
    stacked = one("stack", [a, c], ["f64[batch, 3]", "f64"])
    np.testing.assert_array_equal(stacked, np.stack([a, np.full_like(a, c)], -1))
    x = R.normal(size=(2, 4, 3, 5))
    found = one("index", [x], ["f64[batch, 4, 3, 5]"], items=[["at", 2], ["all"], ["range", 1, 4]])
    np.testing.assert_array_equal(found, x[:, 2, :, 1:4])
    np.testing.assert_array_equal(one("reshape", [x], ["f64[batch, 4, 3, 5]"], "graph", dims=[6, 10]), x.reshape(2, 6, 10))
    np.testing.assert_array_equal(one("transpose", [x], ["f64[batch, 4, 3, 5]"]), x.swapaxes(-1, -2))
    np.testing.assert_array_equal(one("roll", [x], ["f64[batch, 4, 3, 5]"], shift=2), np.roll(x, 2, -1))


def test_one_hot_and_gather() -> None:
    ids, table = np.array([[0, 2], [1, 1]], np.int32), R.normal(size=(3, 4))
    np.testing.assert_array_equal(one("one_hot", [ids], ["i32[batch, time]"], n=3, dtype="f32"), np.eye(3, dtype="f4")[ids])
    np.testing.assert_array_equal(one("gather", [table, ids], ["f64[3, 4]", "i32[batch, time]"]), table[ids])
    tables = R.normal(size=(2, 3, 4))
    found = one("gather", [tables, ids], ["f64[batch, 3, 4]", "i32[batch, time]"], "graph")
    np.testing.assert_array_equal(found, np.stack([t[i] for t, i in zip(tables, ids, strict=True)]))


@pytest.mark.parametrize(("attrs", "axis"), [({"dim": -1}, -1), ({"dim": -2}, -2), ({"over": "time"}, 1)])
def test_softmax_and_argmax(attrs: dict[str, Any], axis: int) -> None:
    x = R.normal(size=(2, 4, 3, 5))
    e = np.exp(x - x.max(axis, keepdims=True))
    s = e / e.sum(axis, keepdims=True)
    np.testing.assert_allclose(one("softmax", [x], ["f64[batch, time, 3, 5]"], **attrs), s)
    np.testing.assert_allclose(one("log_softmax", [x], ["f64[batch, time, 3, 5]"], **attrs), np.log(s))
    found = one("argmax", [x], ["f64[batch, time, 3, 5]"], **attrs)
    np.testing.assert_array_equal(found, x.argmax(axis))
    assert found.dtype == np.int32


@pytest.mark.parametrize("steps", [0, 1, 3, -2, 9, -9])
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_shift(steps: int, mode: str) -> None:
    x = R.normal(size=(2, 5, 3))
    expected = np.zeros_like(x)
    for t in range(5):
        if 0 <= t - steps < 5:
            expected[:, t] = x[:, t - steps]
    np.testing.assert_array_equal(one("shift", [x], ["f64[batch, time, 3]"], mode, steps=steps, over="time"), expected)


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_axes(mode: str) -> None:
    x = R.normal(size=(2, 5, 3))
    np.testing.assert_array_equal(one("position", [x], ["f64[batch, time, 3]"], mode, over="time"), np.arange(5))
    np.testing.assert_array_equal(one("reverse", [x], ["f64[batch, time, 3]"], mode, over="time"), x[:, ::-1])
    renamed = one("rename", [x], ["f64[batch, time, 3]"], mode, old="batch", new="src")
    np.testing.assert_array_equal(renamed, x.swapaxes(0, 1))
    np.testing.assert_array_equal(one("rename", [x], ["f64[batch, time, 3]"], mode, old="time", new="src"), x)


REDUCTIONS = {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max, "variance": np.var,
              "norm": lambda x, axis: np.sqrt(np.sum(x * x, axis))}  # fmt: skip


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize(
    ("axes", "dims", "axis"), [(["batch"], [], (0,)), (["batch", "time"], [-1], (0, 1, 3)), ([], [-2, -1], (2, 3))]
)
def test_reductions(op: str, axes: list[str], dims: list[int], axis: tuple[int, ...]) -> None:
    x = R.normal(size=(2, 4, 3, 5))
    found = one(op, [x], ["f64[batch, time, 3, 5]"], axes=axes, dims=dims)
    np.testing.assert_allclose(found, REDUCTIONS[op](x, axis=axis), rtol=1e-10)


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_masked_reductions(op: str, mode: str) -> None:
    """A mask [batch, time] of a value [batch, time, 3], reduced over both axes."""
    x, mask = R.normal(size=(2, 4, 3)), np.array([[1, 1, 0, 0], [1, 0, 1, 1]], bool)
    found = one(op, [x, mask], ["f64[batch, time, 3]", "bool[batch, time]"], mode, axes=["batch", "time"])
    np.testing.assert_allclose(found, REDUCTIONS[op](x[mask], axis=0), rtol=1e-10)


def test_mask_of_one_axis_and_of_dims() -> None:
    x, mask, dims = R.normal(size=(2, 4, 3)), np.array([1, 0, 1, 1], bool), np.array([1, 0, 1], bool)
    found = one("mean", [x, mask], ["f64[batch, time, 3]", "bool[time]"], axes=["batch", "time"])
    np.testing.assert_allclose(found, x[:, mask].mean((0, 1)))
    found = one("mean", [x, dims], ["f64[batch, time, 3]", "bool[3]"], dims=[-1])
    np.testing.assert_allclose(found, x[..., dims].mean(-1))


def test_mean_of_nothing_is_zero() -> None:
    found = one("mean", [np.ones((2, 3)), np.zeros(2, bool)], ["f64[batch, 3]", "bool[batch]"], axes=["batch"])
    np.testing.assert_array_equal(found, np.zeros(3))


def test_boolean_reductions() -> None:
    x, mask = R.random((2, 4, 3)) > 0.5, np.array([[1, 1, 0, 0], [1, 0, 1, 1]], bool)
    for op, function in {"any": np.any, "all": np.all, "count": np.sum}.items():
        np.testing.assert_array_equal(one(op, [x], ["bool[batch, time, 3]"], axes=["time"]), function(x, axis=1))
        masked = one(op, [x, mask], ["bool[batch, time, 3]", "bool[batch, time]"], axes=["batch", "time"])
        np.testing.assert_array_equal(masked, function(x[mask], axis=0))


def test_gelu_by_tanh() -> None:
    x = R.normal(size=7)
    expected = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(one("gelu", [x], ["f64[7]"], approximate=True), expected)


def test_broadcast() -> None:
    x = R.normal(size=(2, 1, 3))
    found = one("broadcast", [x], ["f64[batch, 1, 3]"], "graph", dims=[4, 2, 3])
    np.testing.assert_array_equal(found, np.broadcast_to(x[:, None], (2, 4, 2, 3)))


def test_losses() -> None:
    logits, ids = R.normal(size=(2, 4, 5)), R.integers(0, 5, size=(2, 4)).astype("i4")
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = -np.log(np.take_along_axis(p, ids[..., None], -1)[..., 0])
    np.testing.assert_allclose(one("cross_entropy", [logits, ids], ["f64[batch, time, 5]", "i32[batch, time]"]), expected)
    soft = p[:, ::-1]
    found = one("cross_entropy", [logits, soft], ["f64[batch, time, 5]", "f64[batch, time, 5]"])
    np.testing.assert_allclose(found, -(soft * np.log(p)).sum(-1))
    z = (R.random((2, 4, 5)) > 0.5).astype("f8")
    found = one("binary_cross_entropy", [logits, z], ["f64[batch, time, 5]", "f64[batch, time, 5]"])
    q = _sigmoid(logits)
    np.testing.assert_allclose(found, -(z * np.log(q) + (1 - z) * np.log(1 - q)), rtol=1e-8)
    d = np.abs(logits - z)
    found = one("huber", [logits, z], ["f64[batch, time, 5]", "f64[batch, time, 5]"], delta=0.7)
    np.testing.assert_allclose(found, np.where(d <= 0.7, d * d / 2, 0.7 * (d - 0.35)))


def test_cross_entropy_broadcasts_labels_over_time() -> None:
    logits, ids = R.normal(size=(2, 4, 5)), np.array([1, 3], "i4")
    found = one("cross_entropy", [logits, ids], ["f64[batch, time, 5]", "i32[batch]"], "graph")
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(found, -np.log(np.stack([p[0, :, 1], p[1, :, 3]])))


def test_ctc_sums_over_alignments() -> None:
    """By brute force: every path of 3 symbols over 4 steps whose collapse is the label."""
    logits, blank = R.normal(size=(1, 4, 3)), 2
    p = np.exp(logits[0]) / np.exp(logits[0]).sum(-1, keepdims=True)
    total = 0.0
    for path in np.ndindex(3, 3, 3, 3):
        collapsed = [c for i, c in enumerate(path) if (i == 0 or c != path[i - 1]) and c != blank]
        total += float(np.prod([p[i, c] for i, c in enumerate(path)])) if collapsed == [0, 1] else 0
    types = ["f64[batch, time, 3]", "i32[batch, src]", "i32[batch]", "i32[batch]"]
    values = [logits, np.array([[0, 1, 0]], "i4"), np.array([4], "i4"), np.array([2], "i4")]
    found = one("ctc", values, types, blank=blank)
    np.testing.assert_allclose(found, [-np.log(total)], rtol=1e-6)


def test_leaves() -> None:
    g = Builder()
    a, b = g.literal([[1.0, 2.0]]), g.add("eye", (), told("eye", n=3), g.types[g.literal(np.zeros((3, 3)).tolist())])
    half = g.literal(0.5, "bf16")
    found = run(g, [a, b, half, g.op("cast", half, dtype="f64")], {})
    np.testing.assert_array_equal(found[0], [[1, 2]])
    np.testing.assert_array_equal(found[1], np.eye(3))
    assert found[3] == 0.5 and found[3].dtype == np.float64


@pytest.mark.parametrize("training", [False, True])
def test_if_training_lowers_one_side(training: bool) -> None:
    g = Builder()
    a, b = g.input("f32[batch]"), g.input("f32[batch]")
    chosen = g.op("if_training", a, b)
    assert run(g, [chosen], {a if training else b: np.ones(2)}, training=training)[0].tolist() == [1, 1]


def test_deep_graphs_do_not_recurse() -> None:
    g = Builder()
    x = g.input("f32[batch]", "x")
    for _ in range(3000):
        x = g.op("neg", x)
    assert run(g, [x], {"x": np.ones(1)})[0] == 1
