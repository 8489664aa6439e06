"""Section 7: `scan`, its options alone and together, `step` and `bidirectional`."""

from __future__ import annotations

from typing import Any

from tests.language.section_7_10.examples import Example

_T, _F = True, False
_CELLS = """
cell Sum { input x: []  state s: [] = zeros  s = s[t-1] + x  output s }
cell Ten { input x: []  state s: [] = zeros  s = 10 * s[t-1] + x  output s }
cell Count { state n: [] = zeros  n = n[t-1] + 1  output n }
"""


def _example(claim: str, body: str, given: dict[str, Any], gives: dict[str, Any], before: str = "") -> Example:
    return Example(claim, f"{_CELLS}{before}---\n{body}", gives, given)


def _scan(claim: str, options: str, given: dict[str, Any], *gives: Any) -> Example:
    """A scan of `Ten` (which writes digits) with the inputs x, n (lengths), m (mask), of batch 2 and time 3.

    It gives the outputs, the last one, the final state."""
    body = f"""
input x: f32[batch, time]
input n: i32[batch]
input m: bool[batch, time]
layer c = Ten()
run = scan(c, x{options})
output y = run
output last = run.last
output final = run.final.s
"""
    x = [[1, 2, 3], [4, 5, 6]]
    full = {"x": x, "n": [2, 0], "m": [[_T, _F, _T], [_F, _T, _F]], **given}
    return _example(claim, body, full, dict(zip(("y", "last", "final"), gives, strict=True)))


_OPTIONS = [
    _scan("plain", "", {}, [[1, 12, 123], [4, 45, 456]], [123, 456], [123, 456]),
    _scan("a trailing comma", ",", {}, [[1, 12, 123], [4, 45, 456]], [123, 456], [123, 456]),
    _scan("reverse", ", reverse = true", {}, [[321, 32, 3], [654, 65, 6]], [321, 654], [321, 654]),
    _scan("lengths", ", lengths = n", {}, [[1, 12, 0], [0, 0, 0]], [12, 0], [12, 0]),
    _scan("lengths of the whole", ", lengths = n", {"n": [3, 3]}, [[1, 12, 123], [4, 45, 456]], [123, 456], [123, 456]),
    _scan("lengths, reverse", ", lengths = n, reverse = true", {}, [[21, 2, 0], [0, 0, 0]], [21, 0], [21, 0]),
    _scan("a mask with gaps", ", mask = m", {}, [[1, 0, 13], [0, 5, 0]], [13, 5], [13, 5]),
    _scan("mask, reverse", ", mask = m, reverse = true", {}, [[31, 0, 3], [0, 5, 0]], [31, 5], [31, 5]),
    _scan("mask, lengths", ", mask = m, lengths = n", {"n": [2, 3]}, [[1, 0, 0], [0, 5, 0]], [1, 5], [1, 5]),
    _scan("mask, lengths, reverse",
          ", mask = m, lengths = n, reverse = true", {"n": [3, 1]}, [[31, 0, 3], [0, 0, 0]], [31, 0], [31, 0]),
    _scan("masked = hold", ", mask = m, masked = hold", {}, [[1, 1, 13], [0, 5, 5]], [13, 5], [13, 5]),
    _scan("hold, reverse", ", mask = m, masked = hold, reverse = true", {}, [[31, 3, 3], [5, 5, 0]], [31, 5], [31, 5]),
    _scan("hold, lengths", ", lengths = n, masked = hold", {}, [[1, 12, 12], [0, 0, 0]], [12, 0], [12, 0]),
    _scan("initial, a length of 0 ends in it, and its last is zero",
          ", lengths = n, initial = (s = 7)", {}, [[71, 712, 0], [0, 0, 0]], [712, 0], [712, 7]),
    _scan("initial, reverse",
          ", initial = (s = 7), reverse = true", {}, [[7321, 732, 73], [7654, 765, 76]], [7321, 7654], [7321, 7654]),
    _scan("no step at all is valid", ", mask = m, initial = (s = 7)", {"m": [[_F] * 3] * 2}, [[0] * 3] * 2, [0, 0], [7, 7]),
    _scan("carry, in a first call, starts from `initial`",
          ", carry = true, initial = (s = 7)", {}, [[71, 712, 7123], [74, 745, 7456]], [7123, 7456], [7123, 7456]),
]  # fmt: skip

_X = {"x": [[1, 2, 3]]}
_OTHERS = [
    _example(
        "initial by another scan's final; each scan has its own state",
        """
input x: f32[batch, time]
layer c = Ten()
e = scan(c, x)
output y = scan(c, x, initial = e.final)
output z = scan(c, x)
""",
        _X,
        {"y": [[1231, 12312, 123123]], "z": [[1, 12, 123]]},
    ),
    _example(
        "initial per row, and of one value for all rows",
        """
input x: f32[batch, time]
input a: f32[batch]
param p: [] ~ constant(3)
layer c = Sum()
output y = scan(c, x, initial = (s = a))
output z = scan(c, x, initial = (s = p))
""",
        {"x": [[1, 2], [3, 4]], "a": [10, 20]},
        {"y": [[11, 13], [23, 27]], "z": [[4, 6], [6, 10]]},
    ),
    _example(
        "along another axis; time is then as any axis",
        """
axis word
input x: f32[batch, time, word]
input m: bool[batch, time, word]
input n: i32[batch, time]
layer c = Ten()
output y = scan(c, x, along = word)
output last = scan(c, x, along = word, reverse = true, mask = m).last
output b = scan(c, x, along = word, lengths = n).last
output over_time = scan(c, x)
""",
        {"x": [[[1, 2], [3, 4]]], "m": [[[_T, _T], [_F, _T]]], "n": [[1, 2]]},
        {"y": [[[1, 12], [3, 34]]], "last": [[21, 4]], "b": [[1, 34]], "over_time": [[[1, 2], [13, 24]]]},
    ),
    _example(
        "given: a memory, the same at every step; its axis is named by its type",
        """
axis src
input x: f32[batch, time]
input memory: f32[batch, src, 2]
input k: f32[batch]
layer c = Reader()
output y = scan(c, x, given = (memory = memory, k = k))
""",
        {"x": [[1, 2]], "memory": [[[1, 2], [3, 4], [5, 6]]], "k": [100]},
        {"y": [[[109, 112], [209, 212]]]},
        """
axis src
cell Reader { input x: []  given memory: [src, n]  given k: []
              total = sum(memory, over = src)  output x * k * ones_like(total) + total }
""",
    ),
    _example(
        "steps as a whole number; the batch comes from `initial`",
        """
input a: f32[batch]
layer c = Count()
run = scan(c, steps = 3, initial = (n = a))
output y = run
output last = run.last
""",
        {"a": [0, 10]},
        {"y": [[1, 2, 3], [11, 12, 13]], "last": [3, 13]},
    ),
    _example(
        "no steps",
        """
input a: f32[batch]
layer c = Count()
none = scan(c, steps = 0, initial = (n = a))
output last = none.last
output final = none.final.n
""",
        {"a": [0, 10]},
        {"last": [0, 0], "final": [0, 10]},
    ),
    _example(
        "steps as an input; the feedback is a state; the batch comes from `given`",
        """
input k: i32[]
input a: f32[batch]
layer c = Grow()
run = scan(c, steps = k, given = (by = a))
output y = run
output final = run.final.s
""",
        {"k": 4, "a": [2, 3]},
        {"y": [[2, 4, 8, 16], [3, 9, 27, 81]], "final": [16, 81]},
        "cell Grow { given by: []  state s: [] = ones  s = s[t-1] * by  output s }\n",
    ),
    _example(
        "until: a bool state ends a row",
        """
input a: f32[batch]
layer c = Until()
run = scan(c, steps = 4, until = done, initial = (n = a))
output y = run
output last = run.last
output n = run.final.n
held = scan(c, steps = 4, until = done, masked = hold, initial = (n = a))
output h = held
""",
        {"a": [0, 1, 5]},
        {"y": [[1, 2, 3, 0], [2, 3, 0, 0], [6, 0, 0, 0]], "last": [3, 3, 6], "n": [3, 3, 6],
         "h": [[1, 2, 3, 3], [2, 3, 3, 3], [6, 6, 6, 6]]},
        "cell Until { state n: [] = zeros  state done: bool[] = false  n = n[t-1] + 1  done = n >= 3  output n }\n",
    ),
    _example(
        "until with an input and lengths",
        """
input x: f32[batch, time]
input n: i32[batch]
layer c = Until()
run = scan(c, x, until = done, lengths = n)
output y = run
output last = run.last
""",
        {"x": [[1, 1, 1, 1], [2, 2, 2, 2], [1, 1, 1, 1]], "n": [4, 4, 2]},
        {"y": [[1, 2, 3, 0], [2, 4, 0, 0], [1, 2, 0, 0]], "last": [3, 4, 2]},
        "cell Until { input x: []  state n: [] = zeros  state done: bool[] = false  n = n[t-1] + x  done = n >= 3  output n }\n",
    ),
    _example(
        "several scanned inputs go by name, one that lacks time is the same at every step",
        """
input x: f32[batch, time]
input z: f32[batch, time]
layer c = Two()
output y = scan(c, b = z, a = x)
output w = scan(c, x, z)
""",
        {"x": [[1, 2]], "z": [[3, 4]]},
        {"y": [[13, 24]], "w": [[13, 24]]},
        "cell Two { input a: []  input b: []  output 10 * a + b }\n",
    ),
    _example(
        "s = step(…): s is the output, s.final the states",
        """
input x: f32[batch]
layer c = Ten()
s = step(c, x, initial = (s = 4))
u = step(c, x, initial = s.final)
output y = s + 0
output a = s.final.s
output b = u.final.s
output z = u
output fresh = step(c, x)
""",
        {"x": [1, 2]},
        {"y": [41, 42], "a": [41, 42], "b": [411, 422], "z": [411, 422], "fresh": [1, 2]},
    ),
    _example(
        "a step of one cell with given",
        """
input a: f32[batch]
layer c = Grow()
output y = step(c, given = (by = a), initial = (s = 5))
""",
        {"a": [2, 3]},
        {"y": [10, 15]},
        "cell Grow { given by: []  state s: [] = ones  s = s[t-1] * by  output s }\n",
    ),
    _example(
        "bidirectional: two scans, merged outputs and last",
        """
input x: f32[batch, time]
input n: i32[batch]
layer f = Ten1()
layer g = Ten1()
c = bidirectional(f, g, x)
s = bidirectional(f, g, x, merge = sum, lengths = n)
u = bidirectional(f, g, x, merge = mul)
a = bidirectional(f, g, x, merge = average)
i = bidirectional(f, g, x, merge = none, initial = (fw.s = 7, bw.s = 8))
output both = c
output last = c.last
output total = s
output slast = s.last
output product = u.last
output mean = a
output fw = i.fw
output bw = i.bw.last
output fs = i.fw.final.s
output bs = i.bw.final.s
""",
        {"x": [[1, 2, 3]], "n": [2]},
        {"both": [[[1, 321], [12, 32], [123, 3]]], "last": [[123, 321]], "total": [[[22], [14], [0]]], "slast": [[12 + 21]],
         "product": [[123 * 321]], "mean": [[[161], [22], [63]]], "fw": [[[71], [712], [7123]]], "bw": [[8321]],
         "fs": [[7123]], "bs": [[8321]]},
        "cell Ten1 { input x: []  state s: [1] = zeros  s = 10 * s[t-1] + x  output s }\n",
    ),
    _example(
        "final states of one bidirectional start another",
        """
input x: f32[batch, time]
layer f = Ten()
layer g = Ten()
b = bidirectional(f, g, x, merge = sum)
again = bidirectional(f, g, x, merge = sum, initial = (fw = b.fw.final, bw = b.bw.final))
output y = again.last
""",
        {"x": [[1, 2]]},
        {"y": [1212 + 2121]},
    ),
    _example(
        "scans in blocks, and nested: words inside sentences",
        """
axis word
input x: f32[batch, time, word]
layer enc = Encoder()
output y = enc(x)
""",
        {"x": [[[1, 2], [3, 4]]]},
        {"y": [[12, 46]]},
        """
axis word
block Words { input x  layer c = Ten()  output scan(c, x, along = word).last }
block Encoder { input x  layer words = Words()  layer total = Sum()  output scan(total, words(x)) }
""",
    ),
    _example(
        "a scan inside a step of a cell",
        """
axis word
input x: f32[batch, time, word]
layer c = Sentences()
output y = scan(c, x)
""",
        {"x": [[[1, 2], [3, 4]]]},
        {"y": [[12, 46]]},
        """
axis word
cell Sentences { input x: [word]  layer c = Ten()  state s: [] = zeros  s = s[t-1] + scan(c, x, along = word).last  output s }
""",
    ),
    _example(
        "the scan of a sequence of no steps",
        """
input x: f32[batch, time]
layer c = Ten()
run = scan(c, x, initial = (s = 5))
output final = run.final.s
output last = run.last
output y = run
""",
        {"x": [[], []]},
        {"final": [5, 5], "last": [0, 0], "y": [[], []]},
    ),
]  # fmt: skip

EXAMPLES = [*_OPTIONS, *_OTHERS]
