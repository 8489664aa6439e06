"""Section 7: states over time, `run.states.s`; a state is carried unchanged where a step is left out, and an output is zero."""

from __future__ import annotations

from tests.language.section_7_10.examples import Example

_SUM = "cell Sum { input x: []  state s: [] = 10.0  s = s[t-1] + x  output 2 * s }"
_X = [[1, 2, 3, 4], [5, 6, 7, 8]]
_N = [[1, 1, 0, 1], [0, 1, 1, 0]]


def _scan(options: str, inputs: str = "") -> str:
    return f"""
{_SUM}
---
input x: f32[batch, time]
{inputs}
layer c = Sum()
run = scan(c, x{options})
output s = run.states.s
output y = run
"""


EXAMPLES = [
    Example("a state over time", _scan(""), {"s": [[11, 13, 16, 20], [15, 21, 28, 36]]}, {"x": _X}),
    Example("in reverse", _scan(", reverse = true"), {"s": [[20, 19, 17, 14], [36, 31, 25, 18]]}, {"x": _X}),
    Example(
        "behind a row's length it is the final state",
        _scan(", lengths = n", "input n: i32[batch]"),
        {"s": [[11, 13, 13, 13], [10, 10, 10, 10]], "y": [[22, 26, 0, 0], [0, 0, 0, 0]]},
        {"x": _X, "n": [2, 0]},
    ),
    Example(
        "in reverse too, where that comes last",
        _scan(", lengths = n, reverse = true", "input n: i32[batch]"),
        {"s": [[13, 12, 13, 13], [10, 10, 10, 10]], "y": [[26, 24, 0, 0], [0, 0, 0, 0]]},
        {"x": _X, "n": [2, 0]},
    ),
    Example(
        "at a step that a mask leaves out it is carried",
        _scan(", mask = m", "input m: bool[batch, time]"),
        {"s": [[11, 13, 13, 17], [10, 16, 23, 23]], "y": [[22, 26, 0, 34], [0, 32, 46, 0]]},
        {"x": _X, "m": _N},
    ),
    Example(
        "whatever the outputs hold there",
        _scan(", mask = m, masked = hold", "input m: bool[batch, time]"),
        {"s": [[11, 13, 13, 17], [10, 16, 23, 23]], "y": [[22, 26, 26, 34], [0, 32, 46, 46]]},
        {"x": _X, "m": _N},
    ),
    Example(
        "a mask and lengths, in reverse",
        _scan(", mask = m, lengths = n, reverse = true", "input m: bool[batch, time]\ninput n: i32[batch]"),
        {"s": [[13, 12, 10, 13], [16, 16, 16, 16]]},
        {"x": _X, "m": _N, "n": [3, 2]},
    ),
    Example(
        "behind the end of a row",
        """
cell Count { input x: []  state s: [] = zeros  state done: bool[] = false  s = s[t-1] + x  done = s > 5  output s }
---
input x: f32[batch, time]
layer c = Count()
run = scan(c, x, until = done)
output s = run.states.s
output done = run.states.done
""",
        {"s": [[1, 3, 6, 6], [5, 11, 11, 11]], "done": [[0, 0, 1, 1], [0, 1, 1, 1]]},
        {"x": _X},
    ),
    Example(
        "of inner cells, by dotted names, and of each direction",
        f"""
{_SUM}
cell Outer {{ input x: []  layer inner = Sum()  state k: [] = zeros  k = k[t-1] + inner(x)  output k }}
---
input x: f32[batch, time]
input n: i32[batch]
layer c = Outer()
layer d = Outer()
run = scan(c, x, lengths = n)
b = bidirectional(c, d, x, merge = none)
output s = run.states.inner.s
output k = run.states.k
output back = b.bw.states.inner.s
""",
        {
            "s": [[11, 13, 13, 13], [15, 15, 15, 15]],
            "k": [[22, 48, 48, 48], [30, 30, 30, 30]],
            "back": [[20, 19, 17, 14], [36, 31, 25, 18]],
        },
        {"x": _X, "n": [2, 1]},
    ),
    Example(
        "of a scan within a step",
        f"""
{_SUM}
cell Outer(over: axis) {{
  input x: [over]
  layer inner = Sum()
  run = scan(inner, x, along = over)
  state k: [] = zeros
  k = k[t-1] + sum(run.states.s, over = over)
  output k
}}
---
axis src
input x: f32[batch, time, src]
layer c = Outer(src)
output y = scan(c, x)
""",
        {"y": [[11 + 13, 24 + 13 + 17]]},
        {"x": [[[1, 2], [3, 4]]]},
    ),
]
