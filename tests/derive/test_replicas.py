"""Replicas that each have some of the rows take the steps of one model that has them all: held in NumPy, each replica a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from rnndsl.derive.replicas import with_replicas
from rnndsl.language.ops.table import OPS
from rnndsl.meaning.running import Model
from rnndsl.meaning.verifier import verify
from rnndsl.plan.model import Plan
from rnndsl.plan.replicas import How, replicated_name
from tests.compiling import plan_of

HEAD = """model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input n: i32[batch]
  input seen: bool[batch]
  target y: f64[batch, 2]
"""
TAIL = """  train fit = adam(rate = 0.1, clip_norm = 1.0) after update_ops
}
"""
SHARES = (3, 0, 1, 4)
"""Rows of each replica: one has none."""
PLACES = {name: at for at, name in enumerate(("least", "largest", "sum"))}
RANDOM = np.random.default_rng(5)
ROWS = sum(SHARES)
FEEDS = {
    "x": RANDOM.normal(size=(ROWS, 5, 2)),
    "n": RANDOM.integers(1, 6, ROWS).astype(np.int32),
    "seen": np.array([True, False, True, False, False, True, True, True]),
    "y": RANDOM.normal(size=(ROWS, 2)),
}
MERGED: Mapping[How, Callable[..., Any]] = {"sum": np.sum, "largest": np.max, "least": np.min}


class Group:
    """Replicas, a thread each, which wait for each other wherever they meet."""

    def __init__(self, plan: Plan, shares: Sequence[int]) -> None:
        self.shares = shares
        self.barrier = threading.Barrier(len(shares), timeout=30)
        self.brought: list[Any] = [None] * len(shares)
        self.models = [Model(plan) for _ in shares]
        for place, model in enumerate(self.models):
            model.together = self._meeting(place)

    def _meeting(self, place: int) -> Callable[..., Any]:
        def together(how: How, number: int, own: Any) -> Any:
            self.brought[place] = how, number, own
            self.barrier.wait()
            hows, numbers, values = zip(*self.brought, strict=True)
            assert len({*hows}) == len({*numbers}) == 1, "replicas are at different meetings"
            self.barrier.wait()
            return MERGED[how](np.stack(values), axis=0)

        return together

    def call(self, name: str, feeds: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What each replica gives for its share of the rows."""
        results: list[Any] = [None] * len(self.shares)
        ends = np.cumsum(self.shares)

        def one(place: int) -> None:
            rows = slice(ends[place] - self.shares[place], ends[place])
            own = {key: value[rows] for key, value in feeds.items()}
            told = np.array([1, len(self.shares), place], np.int32)
            results[place] = self.models[place].call(replicated_name(name), {**own, "replicas": told})

        threads = [threading.Thread(target=one, args=(place,)) for place in range(len(self.shares))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(x is not None for x in results), "a replica failed"
        return results


def alike(text: str, steps: int = 3, shares: Sequence[int] = SHARES, level: int = 1) -> None:
    """Each of some training steps gives every replica what it gives one model with all rows, and leaves it with its variables."""
    plan = with_replicas(plan_of(text, level=level), "batch", level)
    verify(plan, "replicas")
    one, group = Model(plan), Group(plan, shares)
    before = {path: value.copy() for path, value in one.variables.items()}
    for _ in range(steps):
        feeds = {x.name: FEEDS[x.name] for x in plan.function("fit").inputs}
        told, found = one.call("fit", feeds), group.call("fit", feeds)
        for name, value in told.items():
            for own in found:
                np.testing.assert_allclose(own[name], value, rtol=1e-9, atol=1e-12, err_msg=name)
    trained = [v.path for v in plan.variables if v.trainable]
    assert any(np.abs(one.variables[path] - before[path]).max() > 1e-6 for path in trained)
    for path in (v.path for v in plan.variables if v.kind != "carried"):
        for model in group.models:
            np.testing.assert_allclose(model.variables[path], one.variables[path], rtol=1e-7, atol=1e-8, err_msg=path)


CASES = {
    "a network": """  layer cell = LSTM(3)
  layer norm = BatchNorm()
  layer head = Dense(2)
  h = head(norm(dropout(scan(cell, x, lengths = n).last, 0.3)))
  loss l = mean(square(h - y))
  metric mae = mean(abs(h - y))
""",
    "masks": """  layer head = Dense(2)
  h = head(x[time = -1])
  loss l = mean(square(h - y), mask = seen)
  loss none = mean(square(h), mask = seen and not seen)
  loss regularization = 0.1 * mean(square(h[0]))
""",
    "reductions": """  layer head = Dense(2)
  h = head(x[time = -1])
  loss a = variance(h) + norm(h - y) + log_sum_exp(h) + sum(log_sum_exp(h, over = batch))
  loss b = max(h) - min(h) + sum(max(square(h), over = batch)) + variance(h, mask = seen)
  metric some = where(any(seen) and not all(seen), cast(count(seen), f64), 0.0)
  metric lengths = mean(cast(n, f64))
""",
    "rows that meet at each step": """  cell Met(units: int) {
    input x: [n]
    state h: [units] = zeros
    layer norm = BatchNorm()
    layer gate = Gate(units)
    h = tanh(norm(gate(x, h[t-1])) - mean(h[t-1], over = batch))
    output h
  }
  layer cell = Met(3)
  layer head = Dense(2)
  loss l = mean(square(head(scan(cell, x).last) - y))
""",
    "an embedding": """  layer table = Embedding(6, 2)
  loss l = mean(square(table(n) - y))
""",
    "draws": """  layer head = Dense(2)
  h = dropout(head(x), 0.5, shared = batch) + 0.1 * random_normal(x) * bernoulli(sigmoid(x)) + random_uniform(x)
  loss l = mean(square(sum(h, over = time) - y)) + 0.01 * mean(cast(categorical(head(x)), f64))
""",
    "a state that is kept": """  layer cell = RNN(3)
  layer head = Dense(2)
  run = scan(cell, x, carry = true)
  loss l = mean(square(head(run.last) - y))
""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
@pytest.mark.parametrize("level", [0, 1])
def test_the_steps_of_one_model(text: str, level: int) -> None:
    cell, _, rest = text.rpartition("  }\n") if text.startswith("  cell") else ("", "", text)
    cell = f"{cell}  }}\n" if cell else ""
    alike(cell + HEAD + rest + TAIL, level=level)


LEAST_SQUARES = "  layer cell = RNN(3)\n  layer head = Dense(2)\n  residual r = head(scan(cell, x, lengths = n).last) - y\n"


@pytest.mark.parametrize("optimizer", ["sgd(rate = 0.1)", "adagrad(rate = 0.1)"])
def test_tables_that_one_model_steps_by_rows(optimizer: str) -> None:
    alike(f"{HEAD}{CASES['an embedding']}  train fit = {optimizer}\n}}\n")


@pytest.mark.parametrize("jacobian", ["forward", "reverse"])
def test_least_squares(jacobian: str) -> None:
    alike(f"{HEAD}{LEAST_SQUARES}  train fit = levenberg_marquardt(jacobian = {jacobian}, attempts = 3)\n}}\n")


@pytest.mark.parametrize("options", ["jacobian = reverse", "jacobian = forward, solver = qr"])
def test_what_needs_the_residuals_of_all_rows_is_told_by_its_option(options: str) -> None:
    met = "layer norm = BatchNorm()\n  residual r = norm(head(scan(cell, x, lengths = n).last)) - y\n"
    meeting = LEAST_SQUARES.partition("residual")[0] + met
    plan = plan_of(f"{HEAD}{meeting}  train fit = levenberg_marquardt({options})\n}}\n")
    told = with_replicas(plan, "batch", 0).absent["fit/replicas"]
    assert told.partition(" (")[0] == f"`{options.rpartition(', ')[2]}` needs all rows of `batch` at once"


def test_what_sums_over_axes_says_how_it_follows_from_parts() -> None:
    summing = {name for name, op in OPS.items() if "axes" in op.attributes.__fields__}
    assert {name for name in summing if not OPS[name].parts} == {"triangle", "broadcast"}, "R of all rows; more axes, not fewer"
