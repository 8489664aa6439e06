"""`given` of cells that a scanned cell is made of: handed on by the wrappers, however deep, and by each of two directions."""

from __future__ import annotations

import numpy as np

from rnndsl.meaning.running import Model
from tests.compiling import plan_of
from tests.derive.running import run

SPEC = """rnn 1
axis src
## Reads all of a memory at every step.
cell Reader() {
  given memory: [src, m]
  input x: [m]
  state h: [m] = zeros
  h = 0.5 * h[t-1] + x + sum(memory, over = src)
  output h
  output seen = sum(memory, over = src)
}
cell Plain() {
  input x: [m]
  state h: [m] = zeros
  h = 0.25 * h[t-1] + x
  output h
}
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input memory: f64[batch, src, 2]
  input n: i32[batch]
  layer stack = Stack([Reader(), Residual(Plain()), Residual(DropoutCell(Reader(), input = 0.5))])
  layer zone = Zoneout(Reader(), 0.25)
  layer reader = Reader()
  layer plain = Plain()
  run = scan(stack, x, lengths = n, given = (memory = memory))
  both = bidirectional(reader, plain, x, given = (memory = memory), merge = sum)
  output stacked = run
  output seen = run.level[2]
  output zoned = scan(zone, x, given = (memory = memory))
  output summed = both
  once = step(stack, x[time = 0], given = (memory = memory))
  output once
}
"""
RANDOM = np.random.default_rng(0)
X, MEMORY, N = RANDOM.normal(size=(3, 4, 2)), RANDOM.normal(size=(3, 5, 2)), np.array([4, 2, 0], "i4")
READ = MEMORY.sum(1)


def _sums(x: np.ndarray, kept: float, read: np.ndarray | float, mixed: float = 0.0) -> np.ndarray:
    """h = kept h[t-1] + x + read; of the state that is kept, `mixed` is the old one's (Krueger et al. 2017, equation 4)."""
    h, found = np.zeros((len(x), 2)), []
    for t in range(x.shape[1]):
        new = kept * h + x[:, t] + read
        found.append(new)
        h = mixed * h + (1 - mixed) * new
    return np.stack(found, 1)


def _stacked(x: np.ndarray) -> np.ndarray:
    first = _sums(x, 0.5, READ)
    second = first + _sums(first, 0.25, 0.0)
    return second + _sums(second, 0.5, READ)


def test_wrappers_hand_on_what_is_given() -> None:
    found = Model(plan_of(SPEC)).call("predict", {"x": X, "memory": MEMORY, "n": N})
    valid = (np.arange(4) < N[:, None])[..., None]
    np.testing.assert_allclose(found["stacked"], _stacked(X) * valid, rtol=1e-12)
    np.testing.assert_allclose(found["seen"], found["stacked"], rtol=1e-12)
    np.testing.assert_allclose(found["once"], _stacked(X)[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found["zoned"], _sums(X, 0.5, READ, 0.25), rtol=1e-12)
    np.testing.assert_allclose(found["summed"], _sums(X, 0.5, READ) + _sums(X[:, ::-1], 0.25, 0.0)[:, ::-1], rtol=1e-12)


STREAMED = (
    SPEC.partition("model m")[0]
    + """
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input memory: f64[batch, src, 2]
  layer stack = Stack([Plain(), Reader()])
  run = scan(stack, x, given = (memory = memory))
  output y = run
  output below = run.level[0]
  output seen = run.seen
  output latest = run.seen.last
}
"""
)


def test_a_stream_gives_it_at_each_step_and_named_outputs_too() -> None:
    plan = plan_of(STREAMED)
    below = _sums(X, 0.25, 0.0)
    wanted = {"y": _sums(below, 0.5, READ), "below": below, "seen": np.repeat(READ[:, None], 4, 1)}
    wanted["latest"] = wanted["seen"]
    now = {each.name: np.zeros((3, 2)) for each in plan.function("stream").inputs if each.kind == "state"}
    assert len(now) == 2
    for t in range(4):
        results, _ = run(plan, "stream", {**now, "x": X[:, t], "memory": MEMORY}, {})
        found = {name: value for (_, name), value in results.items()}
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name], value[:, t], rtol=1e-12, err_msg=name)
        now = {name: found[name] for name in now}


FAMILY = """rnn 1
axis src
cell Readers(n: int) {
  input x: [m]
  for k in 0..n {
    given memory[k]: [src, m]
  }
  state h: [m] = zeros
  read[0] = x
  for k in 0..n {
    read[k + 1] = read[k] + (k + 1) * sum(memory[k], over = src)
  }
  h = 0.5 * h[t-1] + read[n]
  output h
}
cell Plain() {
  input x: [m]
  state h: [m] = zeros
  h = 0.25 * h[t-1] + x
  output h
}
model m with (dtype = f64) {
  input x: f64[batch, time, 2]
  input memory: f64[batch, src, 2]
  layer bare = Readers(2)
  layer stack = Stack([Plain(), Residual(Readers(2))])
  layer wrapped = Residual(Readers(2))
  layer plain = Plain()
  output alone = scan(bare, x, given = (memory_0 = memory, memory_1 = memory))
  output stacked = scan(stack, x, given = (memory_0 = memory, memory_1 = memory))
  output summed = bidirectional(wrapped, plain, x, given = (memory_0 = memory, memory_1 = memory), merge = sum)
}
"""


def test_families_are_handed_on_too() -> None:
    """Each member once, the second counts twice; no step has the memory's own axis."""
    found = Model(plan_of(FAMILY)).call("predict", {"x": X, "memory": MEMORY})
    below = _sums(X, 0.25, 0.0)
    np.testing.assert_allclose(found["alone"], _sums(X, 0.5, 3 * READ), rtol=1e-12)
    np.testing.assert_allclose(found["stacked"], below + _sums(below, 0.5, 3 * READ), rtol=1e-12)
    forth, back = X + _sums(X, 0.5, 3 * READ), _sums(X[:, ::-1], 0.25, 0.0)[:, ::-1]
    np.testing.assert_allclose(found["summed"], forth + back, rtol=1e-12)
