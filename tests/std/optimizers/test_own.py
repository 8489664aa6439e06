"""Optimizers of a user's own, `own.rnn`, beside NumPy written from their papers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnndsl.meaning.running import Model
from rnndsl.plan.model import Plan
from tests.compiling import plan_of
from tests.std.optimizers.regression import PATHS, STEPS, XS, YS, gradients

Array = np.ndarray


def plan() -> Plan:
    return plan_of(Path(__file__).parent / "own.rnn")


def trained(name: str, **feeds: float) -> tuple[list[Array], Model]:
    """The variables before the first step, and the model after the last."""
    model = Model(plan())
    before = [np.array(model.variables[path]) for path in PATHS]
    for x, y in zip(XS, YS, strict=True):
        model.call(name, {"x": x, "y": y, **{k: np.asarray(v) for k, v in feeds.items()}})
    return before, model


def agree(model: Model, expected: list[Array]) -> None:
    for path, value in zip(PATHS, expected, strict=True):
        np.testing.assert_allclose(model.variables[path], value, rtol=1e-10, atol=1e-12, err_msg=path)


def steps(values: list[Array]) -> Iterator[tuple[int, list[Array]]]:
    """The number of each step, from 1, and the gradients where `values` are then."""
    for k in range(STEPS):
        yield k + 1, gradients(values, XS[k], YS[k])


def test_adan() -> None:
    """Algorithm 1 of the paper, whose betas are weights of what is new: m_0 = g_0, v_1 = g_1 - g_0, n_0 = g_0 ** 2."""
    values, model = trained("with_adan")
    b1, b2, b3, rate = 0.02, 0.08, 0.01, 0.02
    m = v = n = last = None
    for _, g in steps(values):
        if m is None or v is None or n is None or last is None:
            m, v, n = g, [np.zeros_like(x) for x in g], [x**2 for x in g]
        else:
            m = [(1 - b1) * a + b1 * x for a, x in zip(m, g, strict=True)]
            v = [(1 - b2) * a + b2 * (x - y) for a, x, y in zip(v, g, last, strict=True)]
            n = [(1 - b3) * a + b3 * (x + (1 - b2) * (x - y)) ** 2 for a, x, y in zip(n, g, last, strict=True)]
        last = g
        for at, w in enumerate(values):
            values[at] = (w - rate / (np.sqrt(n[at]) + 1e-8) * (m[at] + (1 - b2) * v[at])) / (1 + 0.1 * rate)
    agree(model, values)


def test_ademamix() -> None:
    """Algorithm 1, alpha rising along a line and beta_3 so that its half-life does, both over 20 steps."""
    values, model = trained("with_ademamix")
    b1, b2, b3, rate = 0.9, 0.999, 0.9999, 0.01
    m1, m2, v = ([np.zeros_like(w) for w in values] for _ in range(3))
    for t, g in steps(values):
        part = min(t / 20, 1.0)
        beta = min(np.exp(np.log(b1) * np.log(b3) / ((1 - part) * np.log(b3) + part * np.log(b1))), b3)
        for at, (w, x) in enumerate(zip(list(values), g, strict=True)):
            m1[at] = b1 * m1[at] + (1 - b1) * x
            m2[at] = beta * m2[at] + (1 - beta) * x
            v[at] = b2 * v[at] + (1 - b2) * x**2
            change = (m1[at] / (1 - b1**t) + 5.0 * part * m2[at]) / (np.sqrt(v[at] / (1 - b2**t)) + 1e-8)
            values[at] = w - rate * (change + 0.1 * w)
    agree(model, values)


def test_schedule_free_adamw() -> None:
    """Algorithm 1: gradients at y = (1 - beta_1) z + beta_1 x, and x the mean of the z weighted by the squared rates."""
    values, model = trained("with_schedule_free")
    z, x, v = list(values), list(values), [np.zeros_like(w) for w in values]
    total = 0.0
    for t, g in steps(values):
        rate = 0.02 * np.sqrt(1 - 0.999**t) * min(1.0, t / 10)
        total += rate**2
        for at, (y, d) in enumerate(zip(list(values), g, strict=True)):
            v[at] = 0.999 * v[at] + 0.001 * d**2
            z[at] = z[at] - rate * (d / (np.sqrt(v[at]) + 1e-8) + 0.1 * y)
            x[at] = (1 - rate**2 / total) * x[at] + rate**2 / total * z[at]
            values[at] = 0.1 * z[at] + 0.9 * x[at]
    agree(model, values)
    for path, value in zip(PATHS, x, strict=True):
        np.testing.assert_allclose(model.variables[f"train/with_schedule_free/{path}/x"], value, rtol=1e-10, atol=1e-12)


def test_a_family_of_slots_and_a_rate_that_is_an_input() -> None:
    values, model = trained("with_delay", speed=0.25)
    past = [[np.zeros_like(w) for w in values] for _ in range(2)]
    for _, g in steps(values):
        for at, d in enumerate(past[-1]):
            values[at] = values[at] - 0.25 * d
        past = [g, *past[:-1]]
    agree(model, values)


def test_a_schedule_of_an_input() -> None:
    """The input is f32, the variables are f64."""
    values, model = trained("with_rising", slow=0.25)
    for t, g in steps(values):
        rate = 0.125 * min(1.0, 0.5 + 0.5 * (t - 1) / 10)
        for at, d in enumerate(g):
            values[at] = values[at] - rate * d
    agree(model, values)


def test_each_variable_has_draws_of_its_own() -> None:
    made = plan()
    train = next(x for x in made.trains if x.name == "with_noise")
    assert [rule.variables for rule in train.optimizer.rules] == [(path,) for path in train.variables]
    model = Model(made)
    before = {path: np.array(value) for path, value in model.variables.items()}
    model.call("with_noise", {"x": XS[0], "y": YS[0]})
    g = gradients([before[path] for path in PATHS], XS[0], YS[0])
    noise = [(model.variables[path] - before[path] + 0.01 * d) / np.sqrt(2 * 0.01 / 16) for path, d in zip(PATHS, g, strict=True)]
    drawn = np.concatenate([x.ravel() for x in noise])
    assert len(set(np.round(drawn, 9))) == drawn.size
    assert 0.2 < np.abs(drawn).mean() < 2.0


def test_slots_are_variables_of_the_plan() -> None:
    """In `global_variables` alone, of the variable's shape unless said, started as it or as they say."""
    made = plan()
    own = {v.path: v for v in made.variables if v.path.startswith("train/with_schedule_free/")}
    slots = {f"{path}/{slot}" for path in PATHS for slot in ("z", "x", "v", "weights")}
    assert set(own) == {f"train/with_schedule_free/{name}" for name in (*slots, "step")}
    assert own["train/with_schedule_free/dense/kernel/weights"].shape == ()
    assert own["train/with_schedule_free/dense/kernel/z"].shape == (3, 2)
    assert all(v.collections == ("global_variables",) and not v.trainable for v in own.values())
    model = Model(made)
    np.testing.assert_array_equal(model.variables["train/with_schedule_free/dense/kernel/z"], model.variables["dense/kernel"])
