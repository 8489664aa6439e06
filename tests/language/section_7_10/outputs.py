"""Section 4: named outputs of blocks and cells, and of scans of these. Numbers worked out by hand, the filter's in NumPy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tests.language.section_7_10.examples import Example

_T, _F = True, False
_TEN = """
cell Ten { input x: [n]  state s: [n] = zeros  s = 10 * s[t-1] + x  output s  output minus = -s  output seen = x }
cell Twice(cell: cell) { input x: [n]  layer inner = cell  y = inner(x)  output 2 * y  output ... = y  output half = y }
cell Deaf { input x: [n]  state h: [n] = zeros  h = x  output h }
"""


def _plain(name: str) -> str:
    """`run.level[0].last` as `run_level_0_last`."""
    return re.sub(r"\W+", "_", name)


def _scan(claim: str, call: str, gives: dict[str, Any], cell: str = "Ten()") -> Example:
    """A scan of batch 2 and time 3 with lengths n and a mask m, named `run`."""
    outputs = "".join(f"output {_plain(name)} = {name}\n" for name in gives)
    body = f"""
input x: f32[batch, time, 1]
input n: i32[batch]
input m: bool[batch, time]
layer c = {cell}
run = {call}
{outputs}"""
    given = {"x": [[[1], [2], [3]], [[4], [5], [6]]], "n": [2, 0], "m": [[_T, _F, _T], [_F, _T, _F]]}
    named = {_plain(name): np.expand_dims(value, -1) for name, value in gives.items()}
    return Example(claim, f"{_TEN}---\n{body}", named, given)


_WRAPPED = (
    "Residual(Ten())",
    "Highway(Ten())",
    "DropoutCell(Ten(), output = 0.5)",
    "Zoneout(Ten(), rate = 0.0)",
    "map_state(Ten(), maximum)",
)
_WHOLE = [[-1, -12, -123], [-4, -45, -456]]
_SCANS = [
    _scan("over time, and its last", "scan(c, x)", {"run.minus": _WHOLE, "run.minus.last": [-123, -456], "run.seen.last": [3, 6]}),
    _scan("lengths", "scan(c, x, lengths = n)", {"run.minus": [[-1, -12, 0], [0, 0, 0]], "run.minus.last": [-12, 0]}),
    _scan("a mask", "scan(c, x, mask = m)", {"run.minus": [[-1, 0, -13], [0, -5, 0]], "run.minus.last": [-13, -5]}),
    _scan("hold", "scan(c, x, mask = m, masked = hold)", {"run.seen": [[1, 1, 3], [0, 5, 5]], "run.seen.last": [3, 5]}),
    _scan("reverse", "scan(c, x, reverse = true)",
          {"run.minus": [[-321, -32, -3], [-654, -65, -6]], "run.minus.last": [-321, -654]}),
    _scan("both directions", "bidirectional(c, other, x, merge = none)",
          {"run.fw.minus.last": [-123, -456], "run.bw.minus": [[-321, -32, -3], [-654, -65, -6]]}, "Ten()\nlayer other = Ten()"),
    _scan("one step", "step(c, x, initial = (s = 3.0))", {"run.minus": [[-31, -32, -33], [-34, -35, -36]]}),
    _scan("handed on", "scan(c, x)",
          {"run": [[2, 24, 246], [8, 90, 912]], "run.minus": _WHOLE, "run.half.last": [123, 456]}, "Twice(Ten())"),
    _scan("layers of a stack", "scan(c, x)",
          {"run": [[1, 12, 123], [4, 45, 456]], "run.minus": _WHOLE, "run.level[0].minus": _WHOLE, "run.level[1].last": [123, 456]},
          "Stack([Ten(), Deaf()])"),
    _scan("of two of one name the later", "scan(c, x)",
          {"run.seen": [[1, 12, 123], [4, 45, 456]], "run.level[0].seen": [[1, 2, 3], [4, 5, 6]]},
          "Stack([Ten(), Ten()])"),
    *(_scan(f"around a cell: {cell}", "scan(c, x)", {"run.minus": _WHOLE}, cell) for cell in _WRAPPED),
]  # fmt: skip

_BLOCK = Example(
    "of a block",
    """
block Parts {
  input x: [n]
  total = sum(x)
  output x / stack([total])
  output total = total
  for k in 0..2 { output part[k] = x[k] }
}
---
input x: f32[batch, 2]
layer parts = Parts()
y = parts(x)
output shares = y
output total = y.total
output second = y.part[1]
output o[3] = y.part[0]
""",
    {"shares": [[0.25, 0.75]], "total": [4], "second": [3], "o_3": [1]},
    {"x": [[1, 3]]},
)


def _kalman() -> Example:
    """Kalman 1960: a body of position and velocity seen by its position; what the filter says of it, four results."""
    z = np.array([[1.0, 2.5, 2.9, 4.2], [0.0, -1.0, -2.5, -3.0]])
    a, h = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    q, r = 0.1 * np.eye(2), np.array([[0.5]])
    gains, innovations, means, variances = (np.zeros((2, 4, *dims)) for dims in ((2,), (1,), (2,), (2, 2)))
    for row in range(2):
        mean, p = np.zeros(2), np.eye(2)
        for t in range(4):
            mean, p = a @ mean, a @ p @ a.T + q
            innovation = z[row, t] - h @ mean
            gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r)
            mean, p = mean + gain @ innovation, (np.eye(2) - gain @ h) @ p
            gains[row, t], innovations[row, t], means[row, t], variances[row, t] = gain[:, 0], innovation, mean, p
    text = """
cell Kalman {
  input z: [1]
  state mean: [2] = zeros
  state p: [2, 2] = eye(2)
  moves = tabulate(2, 2, move)
  fn move(i, j) = if i == 1 and j == 0 then 0.0 else 1.0
  ahead = einsum("ij,j->i", moves, mean[t-1])
  spread = moves @ p[t-1] @ transpose(moves) + 0.1 * eye(2)
  output innovation = z - ahead[0..1]
  output gain = spread[0..2, 0] / (spread[0, 0] + 0.5)
  mean = ahead + gain * innovation
  p = spread - outer(gain, spread[0, 0..2])
  output mean
  output variance = p
}
---
input z: f32[batch, time, 1]
layer filter = Kalman()
run = scan(filter, z)
output mean = run
output gain = run.gain
output innovation = run.innovation
output variance = run.variance
output last = run.variance.last
"""
    gives = {"mean": means, "gain": gains, "innovation": innovations, "variance": variances, "last": variances[:, -1]}
    return Example("a Kalman filter's four results", text, gives, {"z": z[..., None]})


def _attention() -> Example:
    """A reader that attends to a memory at each step, within a wrapper: where it looks."""
    text = """
cell Reader(over: axis) {
  input x: [n]
  given memory: [over, n]
  state h: [n] = zeros
  layer look = Look(over)
  seen = look(h[t-1] + x, memory)
  h = x + seen
  output h
  output weights = seen.weights
}
cell Around(cell: cell, over: axis) {
  input x: [n]
  given memory: [over, n]
  layer inner = cell
  y = inner(x, memory = memory)
  output x + y
  output ... = y
}
block Look(over: axis) {
  input query: [n]
  input memory: [over, n]
  output weights = softmax(dot(query, memory), over = over)
  output sum(stack([weights]) * memory, over = over)
}
---
axis src
input x: f32[batch, time, 2]
input memory: f32[batch, src, 2]
layer cell = Around(Reader(src), src)
run = scan(cell, x, given = (memory = memory))
output weights = run.weights
output last = run.weights.last
"""
    x = np.array([[[0.1, 0.2], [0.5, -0.3]]])
    memory = np.array([[[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]])
    weights, h = np.zeros((1, 2, 3)), np.zeros(2)
    for t in range(2):
        scores = np.exp(memory[0] @ (h + x[0, t]))
        weights[0, t] = scores / scores.sum()
        h = x[0, t] + weights[0, t] @ memory[0]
    return Example(
        "the weights of an attention, over time", text, {"weights": weights, "last": weights[:, -1]}, {"x": x, "memory": memory}
    )


EXAMPLES = [*_SCANS, _BLOCK, _kalman(), _attention()]
