"""Section 7: states, delays, the order of equations, cells in cells."""

from __future__ import annotations

from tests.language.section_7_10.examples import Example

_ABC = {"x": [[1, 2, 3]]}
_SUM = "cell Sum { input x: []  state s: [] = zeros  s = s[t-1] + x  output s }"
_PAST = """
cell Past(k: int = 1) {{ input x: []  state s: [] = {initial}  s = x  output s[t-{k}] }}
---
input x: f32[batch, time]
layer c = Past()
output y = scan(c, x)
"""


def _past(initial: str, k: int = 1) -> str:
    return _PAST.format(initial=initial, k=k)


EXAMPLES = [
    Example("INITIAL is a number", _past("7"), {"y": [[7, 1, 2]]}, _ABC),
    Example("INITIAL is a negative number", _past("-2.5"), {"y": [[-2.5, 1, 2]]}, _ABC),
    Example("INITIAL is zeros", _past("zeros"), {"y": [[0, 1, 2]]}, _ABC),
    Example("INITIAL is ones", _past("ones"), {"y": [[1, 1, 2]]}, _ABC),
    Example("INITIAL is constant(v)", _past("constant(4)"), {"y": [[4, 1, 2]]}, _ABC),
    Example("before the start every delay reads INITIAL", _past("5", 3), {"y": [[5, 5, 5]]}, _ABC),
    Example("a list: one step back first", _past("[10, 20, 30]", 3), {"y": [[30, 20, 10]]}, _ABC),
    Example("a list of which the first is read", _past("[10, 20, 30]", 1), {"y": [[10, 1, 2]]}, _ABC),
    Example(
        "INITIAL is an expression over the cell's own params",
        """
cell C { input x: [n]  param a: [n] ~ constant(2)  param b: [n] ~ ones  state s: [n] = 3 * a + b  s = s[t-1] + x  output s }
---
input x: f32[batch, time, 1]
layer c = C()
output y = scan(c, x)
""",
        {"y": [[[8], [10], [13]]]},
        {"x": [[[1], [2], [3]]]},
    ),
    Example(
        "a list of expressions, one for each delay",
        """
cell C { input x: []  param a: [] ~ constant(2)  state s: [] = [a, 10 * a]  s = x  output s[t-1] + s[t-2] }
---
input x: f32[batch, time]
layer c = C()
output y = scan(c, x)
""",
        {"y": [[22, 3, 3]]},
        _ABC,
    ),
    Example(
        "an input's past, where it declares an initial",
        """
cell C { input x: [] = zeros  input z: [] = [7, 8]  output 100 * x[t-1] + 10 * x[t-2] + z[t-2] }
---
input x: f32[batch, time]
layer c = C()
output y = scan(c, x = x, z = x)
""",
        {"y": [[8, 107, 211]]},
        _ABC,
    ),
    Example(
        "delays of inputs and of states count valid steps, in the scan's direction",
        """
cell C { input x: [] = zeros  state s: [] = zeros  s = s[t-1] + x[t-1]  output 100 * s[t-2] + 10 * s + x[t-2] }
---
input x: f32[batch, time]
input m: bool[batch, time]
layer c = C()
output forward = scan(c, x, mask = m)
output backward = scan(c, x, mask = m, reverse = true)
""",
        # valid: 1, 2, 4. forward: s = 0, 1, 3; backward (4, 2, 1): s = 0, 4, 6
        {"forward": [[0, 10, 0, 31]], "backward": [[64, 40, 0, 0]]},
        {"x": [[1, 2, 3, 4]], "m": [[True, True, False, True]]},
    ),
    Example(
        "delays are states like any other: their finals, and given by `initial`",
        """
cell C { input x: [] = zeros  state s: [] = zeros  s = x  output s[t-2] + x[t-1] }
---
input x: f32[batch, time]
layer c = C()
e = scan(c, x)
run = scan(c, x, initial = e.final)
output y = run
output s = run.final.s[0]
output before = run.final.s[1]
output past = run.final.x
""",
        {"y": [[2 + 3, 3 + 1, 1 + 2]], "s": [3], "before": [2], "past": [3]},
        _ABC,
    ),
    Example(
        "one value for each delay is given as a list, one step back first",
        """
cell C { input x: [] = zeros  state s: [] = zeros  s = x  output 100 * s[t-2] + s[t-1] + x[t-2] }
---
input x: f32[batch, time]
input start: f32[batch]
layer c = C()
e = scan(c, x)
output y = scan(c, x, initial = (s = [start, 7.0], x = [5, 0.5]))
output z = scan(c, x, initial = (s = e.final.s, x = e.final.x))
""",
        {"y": [[700 + 4 + 0.5, 400 + 1 + 5, 100 + 2 + 1]], "z": [[200 + 3 + 2, 300 + 1 + 3, 100 + 2 + 1]]},
        _ABC | {"start": [4]},
    ),
    Example(
        "a list of numbers of the state's own shape is one value",
        """
cell C { input x: []  state s: [2] = zeros  s = x + 0 * s[t-2]  output s[t-1] }
cell D { input x: []  state s: [2] = zeros  s = x + zeros_like(s[t-1])  output s[t-2] }
---
input x: f32[batch, time]
layer c = C()
layer d = D()
output y = scan(c, x, initial = (s = [4, 5]))
output z = scan(d, x, initial = (s = [[4, 5], [6, 7]]))
""",
        {"y": [[[4, 5], [1, 1], [2, 2]]], "z": [[[6, 7], [4, 5], [1, 1]]]},
        _ABC,
    ),
    Example(
        "an inner cell's state of the step before, read before and after the cell is applied",
        """
cell Sum(start: float) {
  input x: []
  state s: [] = start
  if start > 5 { state u: [] = 1.0  u = u[t-1] + 1 }
  s = s[t-1] + x
  output s
}
cell Double { input x: []  state k: [] = 1.0  layer inner = Sum(10.0)  y = inner(x + inner.s[t-1])  k = y + k[t-1]
  output y + 1000 * inner.s[t-1] + inner.u[t-1] / 100 }
fn half(new, old) = (new + old) / 2
cell Slow { input x: []  layer inner = map_state(Sum(0.0), half)  output inner(x + inner.s[t-1]) + 100 * inner.s[t-1] }
cell Two(cells: [cell]) {
  input x: []
  layer c[0] = cells[0]
  layer c[1] = cells[1]
  output c[1](c[0](x)) + 100 * (c[0].s[t-1] + c[1].s[t-1])
}
---
input x: f32[batch, time]
layer d = Double()
layer e = Slow()
layer g = Two([Sum(1.0), Sum(2.0)])
run = scan(d, x)
output y = run
output s = run.final.inner.s
output slow = scan(e, x)
output two = scan(g, x)
output from_zero = scan(d, x, initial = (inner.s = 0.0))
""",
        # Double: s = 10, 21, 44, 91. Slow: the cell's own s = x + 2 old, carried as half of the way from old
        {
            "y": [[21 + 10_000.01, 44 + 21_000.02, 91 + 44_000.03]],
            "s": [91],
            "slow": [[1, 3 + 50, 6.5 + 175]],
            "two": [[2 + 2 + 300, 4 + 4 + 600, 7 + 8 + 1200]],
            "from_zero": [[1 + 0.01, 4 + 1000.02, 11 + 4000.03]],
        },
        _ABC,
    ),
    Example(
        "equations are in dependency order whatever order they are written in",
        """
cell C { input x: []  output c  c = b * 2  state s: [] = zeros  s = c  b = a + s[t-1]  a = x + 1 }
---
output y = z + w
input x: f32[batch, time]
w = scan(c, x)
z = w * v
v = w + 1
layer c = C()
""",
        {"y": [[4 * 5 + 4, 14 * 15 + 14]]},
        {"x": [[1, 2]]},
    ),
    Example(
        "applying a cell in a cell is one step; its states by dotted names",
        f"""
{_SUM}
cell Two {{ input x: []  layer a = Sum()  layer b = Sum()  output b(a(x)) }}
cell Three {{ input x: []  layer two = Two()  layer c = Sum()  output c(two(x)) }}
---
input x: f32[batch, time]
layer three = Three()
run = scan(three, x, initial = (two.a.s = 10, c.s = 100))
output a = run.final.two.a.s
output b = run.final.two.b.s
output c = run.final.c.s
output y = run
again = scan(three, x, initial = (two = run.final.two))
output d = again.final.two.a.s
output e = again.final.c.s
""",
        # a: 11 13 16; b: 11 24 40; c: 111 135 175 | again a: 17 19 22; b: 57 76 98; c: 57 133 231
        {"a": [16], "b": [40], "c": [175], "y": [[111, 135, 175]], "d": [22], "e": [231]},
        _ABC,
    ),
    Example(
        "the new state of an inner cell is read as `layer.state`",
        f"""
{_SUM}
cell C {{ input x: []  layer a = Sum()  y = a(x)  output y * 0 + a.s }}
---
input x: f32[batch, time]
layer c = C()
output y = scan(c, x)
""",
        {"y": [[1, 3, 6]]},
        _ABC,
    ),
    Example(
        "families of states and of inner cells",
        """
cell C(n: int) {
  input x: []
  y[0] = x
  for k in 0..n {
    state s[k]: [] = k
    s[k] = s[k][t-1] + y[k]
    y[k + 1] = s[k]
  }
  output y[n]
}
---
input x: f32[batch, time]
layer c = C(2)
run = scan(c, x, initial = (s_1 = 5))
output y = run
output a = run.final.s_0
""",
        {"y": [[6, 9, 15]], "a": [6]},
        _ABC,
    ),
    Example(
        "every new state of map_state(cell, f) is f(new, old)",
        f"""
{_SUM}
cell Two {{ input x: []  layer a = Sum()  state s: [] = ones  s = a(x)  output s }}
fn tenth(new, old) = new + 10 * old
---
input x: f32[batch, time]
layer two = Two()
run = scan(map_state(two, tenth), x)
output y = run
output s = run.final.s
output a = run.final.a.s
""",
        # the output is the inner cell's own; a.s: 1, 3 + 10, 16 + 130; s: 1 + 10, 3 + 110, 16 + 1130
        {"y": [[1, 3, 16]], "a": [146], "s": [16 + 1130]},
        _ABC,
    ),
    Example(
        "an i32 and a bool state",
        """
cell C { input x: []  state n: i32[] = 3  state odd: bool[] = false  n = n[t-1] + 1  odd = not odd[t-1]
         output x * cast(n, f32) * (if true then where(odd, 1, -1) else 0) }
---
input x: f32[batch, time]
layer c = C()
run = scan(c, x)
output y = run
output n = run.final.n
""",
        {"y": [[4, -10, 18]], "n": 6},
        _ABC,
    ),
]
