"""Derivatives of convolutions and of CTC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.derive.derivatives.jvp import jvp
from rnndsl.passes.remove_dead import pruned
from rnndsl.plan.model import Graph, Node, TensorType
from rnndsl.plan.rewriting import types_of
from rnndsl.records import replace
from tests.backend.plan_builder import ORDER, Builder
from tests.derive.derivatives.by_hand import Array, derived, difference, values

SIZES = {"batch": 2, "time": 5, "src": 3, "frame": 4}

# x, kernel, options
CONVOLUTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    f"{padding} by {stride}, {name}": (x, kernel, {"padding": padding, "stride": stride, **more})
    for padding in ("same", "valid", "causal")
    for stride in (1, 2)
    for name, x, kernel, more in (
        ("1-D", "[batch, 5, 2]", "[3, 2, 2]", {}),
        ("1-D, narrow", "[batch, 5, 2]", "[2, 2, 1]", {}),
        ("2-D", "[4, 5, 1]", "[3, 2, 1, 2]", {}),
        ("3-D", "[batch, time, 3, 2, 4, 1]", "[2, 2, 3, 1, 1]", {}),
        ("over to", "[batch, time, 2]", "[2, 2, 2]", {"over": "time", "to": "frame"}),
        ("over to, more axes", "[batch, time, src, 1]", "[4, 1, 2]", {"over": "time", "to": "frame"}),
        ("over to, alone", "[time, 2]", "[3, 2, 1]", {"over": "time", "to": "frame"}),
        ("kernel of axes", "[batch, 5, 1]", "[batch, src, 3, 1, 2]", {}),
        ("kernel of axes, 2-D", "[src, 4, 3, 1]", "[batch, 2, 3, 1, 2]", {}),
        ("kernel of axes, over to", "[batch, time, 1]", "[src, 4, 1, 2]", {"over": "time", "to": "frame"}),
        ("over to and a dim", "[batch, time, 4, 2]", "[3, 2, 2, 2]", {"over": "time", "to": "frame"}),
    )
}
CONVOLUTIONS.update({
    f"{padding}, {name}": ("[batch, time, 2]", kernel, {"padding": padding, "over": "time"})
    for padding in ("same", "causal")
    for name, kernel in (("over", "[3, 2, 2]"), ("kernel of axes, over", "[batch, src, 4, 2, 1]"))
})  # fmt: skip
# each dim with a stride and a padding of its own
CONVOLUTIONS.update({
    "centred by 2": ("[batch, 5, 2]", "[4, 2, 2]", {"padding": "centred", "stride": 2}),
    "2-D, mixed": ("[batch, 5, 6, 1]", "[3, 2, 1, 2]", {"padding": ("causal", "valid"), "stride": (1, 3)}),
    "over and a dim, mixed": (
        "[time, src, 6, 2]", "[3, 2, 2, 2]", {"padding": ("causal", "same"), "stride": (1, 2), "over": "time"},
    ),
    "over to and a dim, mixed": (
        "[time, src, 5, 2]", "[2, 3, 2, 1]", {"padding": ("centred", "valid"), "stride": (3, 1), "over": "time", "to": "frame"},
    ),
    "over to and two dims, mixed": (
        "[batch, time, 3, 2, 1]", "[3, 2, 2, 1, 2]",
        {"padding": ("valid", "same", "causal"), "stride": (2, 1, 2), "over": "time", "to": "frame"},
    ),
    "kernel of axes, over to and a dim, mixed": (
        "[batch, time, 5, 1]", "[src, 3, 2, 1, 2]",
        {"padding": ("centred", "valid"), "stride": (2, 3), "over": "time", "to": "frame"},
    ),
})  # fmt: skip


def drawn(g: Builder, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {x.id: random.normal(size=[*(SIZES[a] for a in x.type.axes), *x.type.dims]) for x in g.inputs}


def summed(g: Builder, x: str) -> str:
    """The sum of all numbers of a value."""
    kind = g.types[x]
    return g.op("sum", x, axes=list(kind.axes), dims=list(range(-len(kind.dims), 0)))


def of_each_width(kernel: TensorType, stride: Any = 1, padding: Any = "same", **more: Any) -> dict[str, Any]:
    """The options, those of all of the kernel's widths for each of them."""
    widths = len(kernel.dims) - 2
    return {
        "stride": stride if isinstance(stride, tuple) else (stride,) * widths,
        "padding": padding if isinstance(padding, tuple) else (padding,) * widths,
        **more,
    }


def convolution(case: str) -> tuple[Builder, str, str, str]:
    """x, kernel and the result."""
    x, kernel, options = CONVOLUTIONS[case]
    g = Builder()
    a, b = g.input(f"f64{x}", "x"), g.input(f"f64{kernel}", "kernel")
    return g, a, b, g.op("conv", a, b, **of_each_width(g.types[b], **options))


def cotangents(case: str) -> tuple[Graph, list[str], dict[str, Array]]:
    """Of x and kernel, from a drawn one of the result, which is an input too."""
    g, a, b, y = convolution(case)
    kind = g.types[y]
    feeds = drawn(g, 1)
    d = g.input(f"f64[{', '.join([*kind.axes, *map(str, kind.dims)])}]", "d")
    shape = values(g.graph(), [y], feeds)[0].shape
    feeds["d"] = np.random.default_rng(2).normal(size=shape)
    made, found = derived(g.graph(), {y: d}, [a, b])
    return made, found, feeds


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_is_linear_in_both(case: str) -> None:
    """<d, conv(u, kernel)> is <cotangent of x, u>, and so for the kernel, for other numbers u than those at hand."""
    made, found, feeds = cotangents(case)
    dx, dk = values(made, found, feeds)
    conv = next(n.id for n in made.nodes if isinstance(n, Node) and n.op == "conv")
    for name, cotangent in (("x", dx), ("kernel", dk)):
        other = np.random.default_rng(3).normal(size=cotangent.shape)
        moved = values(made, [conv], {**feeds, name: other})[0]
        np.testing.assert_allclose(np.sum(cotangent * other), np.sum(feeds["d"] * moved), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_second_derivatives_of_a_convolution(case: str) -> None:
    """Of the sum of its squares and of those of its derivatives by x and kernel, along drawn directions."""
    g, a, b, y = convolution(case)
    first = summed(g, g.op("square", y))
    one = g.literal(1.0, "f64")
    inner, gradients = derived(g.graph(), {first: one}, [a, b])
    g.nodes, g.types = list(inner.nodes), types_of(inner)
    loss = first
    for x in gradients:
        loss = g.op("add", loss, summed(g, g.op("square", g.op("mul", x, g.literal(0.1, "f64")))))
    made, found = derived(g.graph(), {loss: one}, [a, b])
    feeds = drawn(g, 4)
    for name, cotangent in zip((a, b), values(made, found, feeds), strict=True):
        for seed in range(3):
            way = np.random.default_rng(seed).normal(size=cotangent.shape)
            expected = difference(made, loss, feeds, name, way)
            np.testing.assert_allclose(np.sum(cotangent * way), expected, rtol=1e-8, atol=1e-8 * float(np.linalg.norm(cotangent)))


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_forward(case: str) -> None:
    """The tangents of cotangents: each is linear in the other argument and in that of the result, so along a direction of one of
    these it is the cotangent with the direction in its place."""
    made, found, feeds = cotangents(case)
    random = np.random.default_rng(6)
    for wanted, moved in ((found[0], "kernel"), (found[1], "x"), (found[0], "d"), (found[1], "d")):
        way = random.normal(size=feeds[moved].shape)
        kind = next(x for x in made.inputs if x.id == moved)
        widened = replace(made, inputs=(*made.inputs, replace(kind, id="way")))
        forward, tangents = jvp(widened, {moved: "way"}, [wanted], ORDER)
        (tangent,) = values(forward, [tangents[wanted]], {**feeds, "way": way})
        (expected,) = values(made, [wanted], {**feeds, moved: way})
        np.testing.assert_allclose(tangent, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.tf
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_tensorflow_agrees_on_convolutions(mode: str) -> None:
    for case in CONVOLUTIONS:
        made, found, feeds = cotangents(case)
        for name, lowered, expected in zip(found, tensorflow(made, found, feeds, mode), values(made, found, feeds), strict=True):
            np.testing.assert_allclose(lowered, expected, rtol=1e-10, atol=1e-12, err_msg=f"{case}: {name}")


# Sequences of 6 steps, 4 classes; labels of up to 3. Rows: repeated labels; as many steps as are needed; a whole sequence;
# no labels; more labels than steps; no step and no label.
LABELS = np.array([[1, 1, 3], [2, 2, 9], [3, 1, 2], [9, 9, 9], [1, 1, 2], [9, 9, 9]], "i4")
STEPS, COUNTS = np.array([5, 3, 6, 4, 3, 0], "i4"), np.array([3, 2, 3, 0, 3, 0], "i4")
ALIGNED = np.array([True, True, True, True, False, True])


def alignment(dtype: str = "f64") -> tuple[Graph, str, str, str, dict[str, Any]]:
    """The graph, the loss, its weighted sum over what can be aligned and that's derivative. Nothing beyond a length is a number."""
    g = Builder()
    x = g.input(f"{dtype}[batch, time, 4]", "x")
    others = [g.input("i32[batch, src]", "ids"), g.input("i32[batch]", "steps"), g.input("i32[batch]", "counts")]
    loss = g.op("ctc", x, *others, blank=0)
    weights = g.literal(1.0, dtype)
    finite = g.op("where", g.input("bool[batch]", "aligned"), loss, g.literal(0.0, dtype))
    whole = summed(g, g.op("mul", finite, g.op("add", weights, g.op("cast", g.op("position", x, over="batch"), dtype=dtype))))
    made, (found,) = derived(g.graph(), {whole: weights}, [x])
    logits = 2 * np.random.default_rng(5).normal(size=(6, 6, 4))
    logits[np.arange(6) >= STEPS[:, None]] = np.nan
    kind = {"f64": "f8", "f32": "f4"}[dtype]
    feeds = {"x": logits.astype(kind), "ids": LABELS, "steps": STEPS, "counts": COUNTS, "aligned": ALIGNED}
    return made, whole, found, loss, feeds


def test_ctc() -> None:
    made, whole, found, loss, feeds = alignment()
    cotangent, losses = values(made, [found, loss], feeds)
    assert np.isinf(losses).tolist() == (~ALIGNED).tolist()
    beyond = np.arange(6) >= STEPS[:, None]
    assert not cotangent[beyond].any()
    assert not cotangent[~ALIGNED].any()
    for place in np.argwhere(~beyond):
        way = np.zeros((6, 6, 4))
        way[tuple(place)] = np.random.default_rng(int(place[1])).normal(size=4)
        expected = difference(made, whole, feeds, "x", way)
        np.testing.assert_allclose(np.sum(cotangent[tuple(place)] * way[tuple(place)]), expected, rtol=1e-8, atol=1e-8)


def test_ctc_forward() -> None:
    """Along a direction the loss moves by the product of the direction and its cotangent."""
    made, whole, found, _, feeds = alignment()
    logits = np.nan_to_num(feeds["x"])
    kind = next(x for x in made.inputs if x.id == "x")
    alone = pruned(made, [whole])
    forward, tangents = jvp(replace(alone, inputs=(*alone.inputs, replace(kind, id="way"))), {"x": "way"}, [whole], ORDER)
    way = np.random.default_rng(8).normal(size=logits.shape)
    (cotangent,) = values(made, [found], {**feeds, "x": logits})
    (tangent,) = values(forward, [tangents[whole]], {**feeds, "x": logits, "way": way})
    np.testing.assert_allclose(tangent, np.sum(cotangent * way), rtol=1e-11)
    np.testing.assert_allclose(tangent, difference(made, whole, {**feeds, "x": logits}, "x", way), rtol=1e-8)


@pytest.mark.tf
@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize(("dtype", "close"), [("f64", 1e-11), ("f32", 1e-4)])
def test_tensorflow_agrees_on_ctc(mode: str, dtype: str, close: float) -> None:
    made, _, found, loss, feeds = alignment(dtype)
    for lowered, expected in zip(tensorflow(made, [found, loss], feeds, mode), values(made, [found, loss], feeds), strict=True):
        np.testing.assert_allclose(lowered, expected, rtol=close, atol=close)


@pytest.mark.tf
@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("kernel", ["[3, 2, 2]", "[src, 3, 2, 2]"])
def test_a_sequence_shorter_than_the_kernel_hands_back_zeros(mode: str, kernel: str) -> None:
    g = Builder()
    a, b = g.input("f64[batch, time, 2]", "x"), g.input(f"f64{kernel}", "kernel")
    y = g.op("conv", a, b, **of_each_width(g.types[b], padding="valid", over="time", to="frame"))
    whole, one = summed(g, g.op("square", y)), g.literal(1.0, "f64")
    made, found = derived(g.graph(), {whole: one}, [a, b])
    feeds = {**drawn(g, 1), "x": np.ones((2, 2, 2))}
    for cotangent, at in zip(tensorflow(made, found, feeds, mode), (a, b), strict=True):
        np.testing.assert_array_equal(cotangent, np.zeros_like(feeds[at]))


def tensorflow(graph: Graph, ids: list[str], feeds: dict[str, Array], mode: str) -> list[Array]:
    """The values by the lowerings. In the mode `graph` no length of an axis is known."""
    from rnndsl.backends.tensorflow.lower import frame_of
    from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
    from tests.lowering import Reads

    def compute(**given: Any) -> list[Any]:
        variables: Any = Reads(lambda path: None)
        frame = frame_of(pruned(graph, ids), ORDER, variables, given, None)
        frame.run()
        return [frame.natural(x) for x in ids]

    kinds = {x.id: DTYPES[x.type.dtype] for x in graph.inputs}
    if mode == "eager":
        return [x.numpy() for x in compute(**{name: tf.constant(x, kinds[name]) for name, x in feeds.items()})]
    specs = {x.id: tf.TensorSpec([*(None for _ in x.type.axes), *x.type.dims], kinds[x.id]) for x in graph.inputs}
    concrete = tf.function(compute, autograph=False).get_concrete_function(**specs)
    return [x.numpy() for x in concrete(**{name: tf.constant(x, kinds[name]) for name, x in feeds.items()})]
