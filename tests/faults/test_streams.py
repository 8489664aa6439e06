"""Why a model has no `stream`, as `inspect` and the manifest say it."""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.text.faults import streams
from tests.compiling import plan_of
from tests.faults.provoking import Cases, every, provoke

CELLS = """rnn 1
cell Looks() {
  input x: [n]
  given memory: [time, n]
  state h: [n] = zeros
  h = x + sum(memory, over = time)
  output h
}
cell Counter() {
  state n: [] = zeros
  n = n[t-1] + 1
  output n
}
"""


def model(*lines: str) -> Callable[[], str]:
    """Of a model with an input x over time, its own lines being the 16th and those after it."""
    text = "\n  ".join(("model m {", "input x: f32[batch, time, 3]", *lines))
    return lambda: plan_of(f"{CELLS}{text}\n}}\n").absent["stream"]


CASES: Cases = {
    "no_outputs": (
        lambda: plan_of("rnn 1\nmodel m {\n  param w: [3]\n  loss l = sum(w)\n}\n").absent["stream"],
        "it has no outputs",
    ),
    "not_scanned": (
        lambda: plan_of("rnn 1\nmodel m {\n  input x: f32[batch, 3]\n  output y = x\n}\n").absent["stream"],
        "nothing in it is scanned over `time`",
    ),
    "over_axis": (
        model("layer c = RNN(3)", "output y = scan(c, x) + mean(x, over = time)"),
        "`mean` works over `time` (spec.rnn:17:27)",
    ),
    "sees_all": (
        model("layer a = Looks()", "run = scan(a, x, given = (memory = x))", "output y = run"),
        "each step of `run` sees all of `time` (spec.rnn:17:9)",
    ),
    "reverse": (
        model("layer c = RNN(3)", "run = scan(c, x, reverse = true)", "output y = run"),
        "`run` runs in reverse (spec.rnn:17:9)",
    ),
    "given_steps": (
        model("layer n = Counter()", "ten = scan(n, steps = 10)", "output y = ten"),
        "`ten` runs a given number of steps (spec.rnn:17:9)",
    ),
    "needs_an_end": (
        model(
            "layer c = RNN(3)", "layer d = RNN(3)", "one = scan(c, x)", "two = scan(d, x, initial = one.final)", "output y = two"
        ),
        "`two` needs the end of another scan at its first step (spec.rnn:19:9)",
    ),
}


def saying(act: Callable[[], object]) -> str:
    return str(act())


@every(streams, CASES)
def test_why_not(name: str) -> None:
    provoke(streams, CASES, name, saying)
