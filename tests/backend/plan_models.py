"""A small model by hand: an LSTM over time, moving moments, a dense head, a mean squared error."""

from __future__ import annotations

from typing import Any

from plan_builder import Builder, plan, variable

from rnndsl.plan.model import Initializer, Named, Optimizer, Plan, Train, Update


def lstm_cell(n: int, u: int, dtype: str = "f32", path: str = "lstm") -> tuple[Builder, str, str, str, str, str]:
    """The body of one step: (builder, x, h, c, new h, new c)."""
    b = Builder()
    x, h, c = b.input(f"{dtype}[batch, {n}]"), b.input(f"{dtype}[batch, {u}]"), b.input(f"{dtype}[batch, {u}]")

    def gate(name: str) -> str:
        wx = b.op("matmul", x, b.read(f"{path}/{name}/wx", n, u, dtype=dtype))
        wt = b.op("matmul", h, b.read(f"{path}/{name}/wt", u, u, dtype=dtype))
        return b.op("add", b.op("add", wx, wt), b.read(f"{path}/{name}/bi", u, dtype=dtype))

    i, f, o = (b.op("sigmoid", gate(k)) for k in ("input_gate", "forget_gate", "output_gate"))
    g = b.op("tanh", gate("memory_cell"))
    new_c = b.op("add", b.op("mul", f, c), b.op("mul", i, g))
    return b, x, h, c, b.op("mul", o, b.op("tanh", new_c)), new_c


def lstm_variables(n: int, u: int, dtype: str = "f32", path: str = "lstm") -> list[Any]:
    gates = ("input_gate", "forget_gate", "memory_cell", "output_gate")
    shapes = {"wx": (n, u), "wt": (u, u), "bi": (u,)}
    return [variable(f"{path}/{gate}/{name}", *shape, dtype=dtype) for gate in gates for name, shape in shapes.items()]


def regression(
    optimizer: Optimizer | None = None, *, n: int = 2, u: int = 3, dtype: str = "f32", order: str = "after", **scan: Any
) -> Plan:
    """x [batch, time, n], y [batch, 1]; prediction of the last output; `norm/mean` follows the mean of the outputs."""
    g = Builder()
    x, y = g.input(f"{dtype}[batch, time, {n}]", "x"), g.input(f"{dtype}[batch, 1]", "y")
    b, xi, h, c, new_h, new_c = lstm_cell(n, u, dtype)
    zero = g.literal(0.0, dtype)
    run = g.scan(b, scanned={xi: x}, states=[("h", zero, h, new_h), ("c", zero, c, new_c)], outputs=(new_h,), path="run", **scan)
    last = g.result(run, "last", new_h, f"{dtype}[batch, {u}]")
    prediction = g.op("add", g.op("matmul", last, g.read("head/kernel", u, 1, dtype=dtype)), g.read("head/bias", 1, dtype=dtype))
    error = g.op("sub", prediction, y)
    mse = g.op("mean", g.op("square", error), axes=["batch"], dims=[-1])
    mae = g.op("mean", g.op("abs", error), axes=["batch"], dims=[-1])
    mean = g.op("mean", last, axes=["batch"])
    moved = g.op(
        "add", g.op("mul", g.read("norm/mean", u, dtype=dtype), g.literal(0.9, dtype)), g.op("mul", mean, g.literal(0.1, dtype))
    )
    head = [variable("head/kernel", u, 1, dtype=dtype), variable("head/bias", 1, dtype=dtype)]
    moment = variable("norm/mean", u, dtype=dtype, kind="var", initializer=Initializer(name="zeros"))
    variables = [*lstm_variables(n, u, dtype), *head, moment]
    if scan.get("carry"):
        variables += [variable(f"run/{s}", u, dtype=dtype, kind="carried", axes=("batch",)) for s in ("h", "c")]
    trained = tuple(v.path for v in variables if v.trainable)
    step = Train(
        name="step",
        optimizer=optimizer or Optimizer(name="sgd", arguments={"rate": 0.1}),
        losses=("mse",),
        variables=trained,
        updates=("norm/mean/update",),
        order=order,  # type: ignore[arg-type]
    )
    return plan(
        g,
        targets=("y",),
        variables=tuple(variables),
        outputs=(Named(name="prediction", value=prediction),),
        losses=(Named(name="mse", value=mse, collection="losses"),),
        metrics=(Named(name="mae", value=mae),),
        updates=(Update(name="norm/mean/update", variable="norm/mean", value=moved, collections=("update_ops",)),),
        trains=(step,),
        collections={
            "global_variables": tuple(v.path for v in variables),
            "trainable_variables": trained,
            "update_ops": ("norm/mean/update",),
        },
    )
