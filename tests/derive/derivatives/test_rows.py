"""The rule of every row, forward: against central differences, against its rule backward, in several directions at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.derive.derivatives.jvp import jvp
from rnndsl.language.ops.table import OPS
from tests.backend.plan_builder import ORDER, Builder, t
from tests.derive.derivatives.by_hand import Array, derived, values
from tests.derive.derivatives.checking import REACH, slope

LENGTHS = {"batch": 2, "time": 3, "src": 2, "frame": 2}
STEP = 1e-4
ONE = "[batch, 3]"
REDUCTIONS = ("sum", "mean", "min", "max", "variance", "norm", "log_sum_exp")
OTHERS: list[tuple[str, list[str], dict[str, Any]]] = [
    ("leaky_relu", [ONE], {"alpha": 0.3}),
    ("elu", [ONE], {"alpha": 0.7}),
    ("gelu", [ONE], {"approximate": True}),
    ("gelu", [ONE], {"approximate": False}),
    *((op, ["[batch, 3]", "[time, 2, 1]"], {}) for op in ("add", "sub", "mul", "div", "pow", "minimum", "maximum", "atan2", "mod")),
    ("clip", [ONE, "[3]", "[batch, 1]"], {}),
    ("where", ["bool[batch, 3]", "[batch, 3]", "[time, 1]"], {}),
    ("matmul", ["[batch, time, 3]", "[3, 2]"], {}),
    ("matmul", ["[batch, 2, 3]", "[time, 3, 2]"], {}),
    ("dot", ["[batch, 3]", "[time, 3]"], {}),
    ("outer", ["[batch, 3]", "[time, 2]"], {}),
    ("einsum", ["[batch, 2, 3]", "[3, 2]"], {"equation": "ab,bc->ca"}),
    ("einsum", ["[batch, 3, 3]"], {"equation": "aa->a"}),
    ("inv", ["[batch, 3, 3]"], {}),
    ("logdet", ["[batch, 3, 3]"], {}),
    ("solve", ["[3, 3]", "[batch, 3]"], {}),
    ("solve", ["[batch, 3, 3]", "[time, 3, 2]"], {}),
    ("conv", ["[batch, 5, 2]", "[3, 2, 2]"], {"padding": ("same",), "stride": (1,)}),
    ("conv", ["[batch, time, 2]", "[2, 2, 2]"], {"padding": ("causal",), "stride": (1,), "over": "time"}),
    ("cast", [ONE], {"dtype": "f64"}),
    ("concat", ["[batch, 2, 3]", "[time, 1, 3]"], {"dim": -2}),
    ("stack", ["[batch, 2]", "[time, 2]"], {}),
    ("index", ["[batch, 2, 3]"], {"items": [["at", 1], ["range", 0, 2]]}),
    ("reshape", ["[batch, 2, 3]"], {"dims": [3, 2]}),
    ("broadcast", ["[batch, 1]"], {"dims": [2, 3], "axes": ["batch"]}),
    ("transpose", ["[batch, 2, 3]"], {}),
    ("roll", [ONE], {"shift": 1}),
    ("gather", ["[4, 3]", "i32[batch, time]"], {}),
    *((op, ["[batch, 2, 3]"], {"dim": -1}) for op in ("softmax", "log_softmax")),
    *((op, ["[batch, time, 3]"], {"over": "time"}) for op in ("softmax", "log_softmax")),
    ("cumsum", ["[batch, 2, 3]"], {"dim": -2, "back": False}),
    ("cumsum", ["[batch, time, 2]"], {"over": "time", "back": True}),
    *(("step_at", ["[batch, time, 2]"], {"over": "time", "at": at}) for at in (0, -2)),
    ("stretch", ["[batch, time, 2]"], {"over": "time", "to": "src", "start": -2, "stop": None, "by": 1}),
    ("segments", ["[time, 2]"], {"over": "time", "to": "src", "within": "batch"}),
    ("segments", ["[time, 2]"], {"over": "time", "to": "src", "within": "batch", "each": 2}),
    ("joined", ["[batch, src, 2]"], {"over": "time", "to": "src", "within": "batch", "size": 3}),
    ("take", ["[time, 3, 2]", "i32[batch, 4, 2]"], {"dim": -2}),
    ("put", ["[time, 2, 3]", "i32[batch, 2, 3]"], {"dim": -1, "size": 4}),
    ("shift", ["[batch, time, 2]"], {"over": "time", "steps": 1}),
    ("reverse", ["[batch, time, 2]"], {"over": "time"}),
    ("turn", ["[batch, time, 2]", "i32[batch]"], {"over": "time"}),
    ("turn", ["[time, 2]", "i32[batch]"], {"over": "time"}),
    ("rename", ["[batch, time, 2]"], {"old": "time", "new": "src"}),
    ("as_dim", ["[batch, time, 2]"], {"over": "batch", "size": 2}),
    ("as_axis", ["[time, 2, 3]"], {"over": "batch", "size": 2}),
    *((op, ["[batch, time, 3]"], {"axes": ["time"], "dims": [-1]}) for op in REDUCTIONS),
    *((op, ["[batch, time, 3]", "bool[batch, time, 1]"], {"axes": ["time"]}) for op in REDUCTIONS if op != "norm"),
    ("cross_entropy", ["[batch, 3]", "[time, 3]"], {}),
    ("cross_entropy", ["[batch, 3]", "i32[batch]"], {}),
    ("binary_cross_entropy", ["[batch, 3]", "[time, 1]"], {}),
    ("huber", ["[batch, 3]", "[time, 1]"], {"delta": 0.2}),
    ("as_axis", ["[batch, 2, 3]"], {"over": "src", "size": 2}),
    ("as_dim", ["[batch, src, 3]"], {"over": "src", "size": 2}),
    ("upper", ["[batch, 3, 3]"], {}),
    ("triangle", ["[batch, 4, 3]"], {}),
    ("triangle", ["[batch, src, 2, 3]"], {"axes": ["src"]}),
    *((op, ["[3, 3]", "[batch, 3]"], {}) for op in ("solve_triangle", "solve_positive")),
    *((op, ["[batch, 3, 3]", "[time, 3, 2]"], {}) for op in ("solve_triangle", "solve_positive")),
]  # fmt: skip
PLAIN = [name for name, row in OPS.items() if row.derivative.startswith(".elementwise") and name not in {x[0] for x in OTHERS}]
ROWS = [*((op, [ONE], {}) for op in PLAIN), *OTHERS]
ELSEWHERE = {
    "contract", "place", "scatter", "valid_steps",  # what derivatives are made of: in `test_hessians`
    "place_step", "place_stretch",  # likewise
    "conv_input", "conv_kernel", "ctc",  # backward in `test_conv_ctc`
    "dropout",  # a product before it is differentiated
}  # fmt: skip


def test_every_row_is_here() -> None:
    assert {x[0] for x in ROWS} | ELSEWHERE == {name for name, row in OPS.items() if row.derivative}


def drawn(text: str, random: np.random.Generator) -> Any:
    """Numbers between kinks and poles: matrices are well conditioned where they are square."""
    kind = t(text if text[0] != "[" else f"f64{text}")
    shape = [*(LENGTHS[a] for a in kind.axes), *kind.dims]
    if kind.dtype == "bool":
        return random.random(shape) < 0.7
    if kind.dtype == "i32":
        return random.integers(0, 3, shape).astype("i4")
    return random.uniform(0.25, 0.95, shape) + (np.eye(3) if kind.dims[-2:] == (3, 3) else 0.0)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r[0]}-{'-'.join(r[1])}-{r[2]}")
def test_forward(row: tuple[str, list[str], dict[str, Any]]) -> None:
    op, args, options = row
    random = np.random.default_rng(7)
    g = Builder()
    ids = [g.input(x if x[0] != "[" else f"f64{x}", f"x{k}") for k, x in enumerate(args)]
    feeds = {name: drawn(x, random) for name, x in zip(ids, args, strict=True)}
    if op == "clip":  # the lower bound is the lower one
        feeds = {"x0": feeds["x0"], "x1": feeds["x1"] * 0.5, "x2": feeds["x2"] * 0.3 + 0.5}
    active = [x for x in ids if g.types[x].dtype == "f64"]
    ways = {x: random.normal(size=(2, *feeds[x].shape)) for x in active}
    y = g.op(op, *ids, **options)
    lead = len(g.types[y].axes)
    seeds: dict[str, str] = {}
    for name in active:
        wide = g.types[name].with_axes(["frame"], ORDER)
        seeds[name] = g.input(f"f64[{', '.join((*wide.axes, *map(str, wide.dims)))}]", f"way_of_{name}")
    d = g.input(f"f64[{', '.join((*g.types[y].axes, *map(str, g.types[y].dims)))}]", "cotangent")
    made, found = jvp(g.graph(), seeds, [y], ORDER)
    laid = {seeds[x]: np.moveaxis(w, 0, len(g.types[x].axes)) for x, w in ways.items()}
    tangents = np.moveaxis(values(made, [found[y]], {**feeds, **laid})[0], lead, 0)
    cotangent = random.normal(size=tangents.shape[1:])
    back, handed = derived(g.graph(), {y: d}, active)
    cotangents = values(back, handed, {**feeds, d: cotangent})

    def at(k: int, steps: int) -> Array:
        return values(g.graph(), [y], {**feeds, **{x: feeds[x] + steps * STEP * w[k] for x, w in ways.items()}})[0]

    for k in range(2):
        expected = slope([at(k, steps) for steps in REACH], STEP)
        np.testing.assert_allclose(tangents[k], expected, rtol=1e-8, atol=1e-8)
        inner = sum(float(np.sum(c * ways[x][k])) for x, c in zip(active, cotangents, strict=True))
        np.testing.assert_allclose(np.sum(cotangent * tangents[k]), inner, rtol=1e-11, atol=1e-11)


def test_the_power_0_is_flat_at_0() -> None:
    g = Builder()
    x, way = g.input("f64[batch]", "x"), g.input("f64[batch]", "way")
    y = g.op("pow", x, g.literal(0.0, "f64"))
    made, found = jvp(g.graph(), {x: way}, [y], ORDER)
    (tangent,) = values(made, [found[y]], {"x": np.array([0.0, -2.0]), "way": np.ones(2)})
    np.testing.assert_array_equal(tangent, [0.0, 0.0])
