"""Section 7: closed loops, whose cell reads what it has put out."""

from __future__ import annotations

from typing import Any

from tests.language.section_7_10.examples import Example

_BEFORE = """
cell Ten { input x: []  state s: [] = zeros  s = 10 * s[t-1] + x  output s }
fn more(y) = y + 1
"""


def _example(claim: str, body: str, given: dict[str, Any], gives: dict[str, Any], before: str = "") -> Example:
    return Example(claim, f"{_BEFORE}{before}---\n{body}", gives, given)


_X = {"x": [[1, 2, 3], [4, 5, 6]]}
_NEXT = """
cell Next { input word: i32[]  state n: i32[] = 0  n = n[t-1] + 1
            output word + 1
            output twice = 2 * word
            output count = n }
fn same(y) = y
"""

EXAMPLES = [
    _example(
        "step 0 reads `first`, each later step f of the output of the step before",
        "input a: f32[batch]\nlayer c = Ten()\nrun = scan(c, feed = more, first = a, steps = 3)\n"
        "output y = run\noutput last = run.last\noutput s = run.final.s",
        {"a": [1, 2]},
        # 1; 10 + 2; 120 + 13
        {"y": [[1, 12, 133], [2, 23, 254]], "last": [133, 254], "s": [133, 254]},
    ),
    _example(
        "f is a function of the language; `first` a plain number; the batch comes from `initial`",
        "input a: f32[batch]\nlayer c = Ten()\noutput y = scan(c, feed = square, first = 3, steps = 3, initial = (s = a))",
        {"a": [0, 1]},
        {"y": [[3, 39, 390 + 39**2], [13, 130 + 169, 2990 + 299**2]]},
    ),
    _example(
        "f is a layer, f is what a constructor makes that owns nothing",
        "input a: f32[batch]\nlayer c = Ten()\nlayer f = Twice(by = 3.0)\n"
        "output y = scan(c, feed = f, first = a, steps = 2)\noutput z = scan(c, feed = Plus(by = 5.0), first = a, steps = 2)",
        {"a": [1, 2]},
        {"y": [[1, 13], [2, 26]], "z": [[1, 16], [2, 27]]},
        "block Twice(by: float) { input x  param w: [] ~ constant(by)  output w * x }\n"
        "block Plus(by: float) { input x  output x + by }\n",
    ),
    _example(
        "no step at all",
        "input a: f32[batch]\nlayer c = Ten()\nrun = scan(c, feed = more, first = a, steps = 0)\noutput y = run.last",
        {"a": [1, 2]},
        {"y": [0, 0]},
    ),
    _example(
        "steps as an input, along another axis",
        "input a: f32[batch]\ninput k: i32[]\naxis word\nlayer c = Ten()\n"
        "output y = scan(c, feed = more, first = a, steps = k, along = word)",
        {"a": [1], "k": 3},
        {"y": [[1, 12, 133]]},
    ),
    _example(
        "lengths: past its end a row's outputs are zero and nothing changes",
        "input a: f32[batch]\ninput n: i32[batch]\nlayer c = Ten()\n"
        "run = scan(c, feed = more, first = a, steps = 3, lengths = n)\n"
        "held = scan(c, feed = more, first = a, steps = 3, lengths = n, masked = hold)\n"
        "output y = run\noutput last = run.last\noutput s = run.final.s\noutput h = held",
        {"a": [1, 2], "n": [2, 0]},
        {"y": [[1, 12, 0], [0, 0, 0]], "last": [12, 0], "s": [12, 0], "h": [[1, 12, 12], [0, 0, 0]]},
    ),
    _example(
        "a reduction over rows counts those that have not come to their end",
        "input a: f32[batch]\ninput n: i32[batch]\nlayer c = Mean()\n"
        "output y = scan(c, feed = more, first = a, steps = 3, lengths = n)",
        {"a": [2, 4, 9], "n": [3, 1, 0]},
        # of rows 0 and 1, then of row 0 alone: 2 - 3; 0 - 0; 1 - 1
        {"y": [[-1, 0, 0], [1, 0, 0], [0, 0, 0]]},
        "cell Mean { input x: []  output x - mean(x, over = batch) }\n",
    ),
    _example(
        "teacher forcing is the plain scan",
        "input x: f32[batch, time]\nlayer c = Ten()\noutput y = scan(c, feed = more, first = 9, teacher = x, teach = 1)",
        _X,
        {"y": [[1, 12, 123], [4, 45, 456]]},
    ),
    _example(
        "a teacher that is never heard gives the length",
        "input x: f32[batch, time]\nlayer c = Ten()\noutput y = scan(c, feed = more, first = 1, teacher = x, teach = 0)",
        _X,
        {"y": [[1, 12, 133], [1, 12, 133]]},
    ),
    _example(
        "taught in training alone: outside it the loop runs freely",
        "input x: f32[batch, time]\nlayer c = Ten()\n"
        "output y = scan(c, feed = more, first = 1, teacher = x, teach = if training then 1.0 else 0.0)\n"
        "output z = scan(c, feed = more, first = 1, teacher = x, teach = if training then 0.0 else 1.0)",
        _X,
        {"y": [[1, 12, 133], [1, 12, 133]], "z": [[1, 12, 123], [4, 45, 456]]},
    ),
    _example(
        "a teacher under a mask: what is masked is not taught, and nothing is fed from there",
        "input x: f32[batch, time]\ninput m: bool[batch, time]\nlayer c = Ten()\n"
        "output y = scan(c, feed = more, first = 1, teacher = x, teach = 1, mask = m)\n"
        "output z = scan(c, feed = more, first = 1, teacher = x, teach = 0, mask = m)",
        {**_X, "m": [[True, False, True], [False, True, True]]},
        {"y": [[1, 0, 13], [0, 5, 56]], "z": [[1, 0, 12], [0, 1, 12]]},
    ),
    _example(
        "in reverse the loop runs from each sequence's end",
        "input x: f32[batch, time]\ninput n: i32[batch]\nlayer c = Ten()\n"
        "output y = scan(c, feed = more, first = 1, teacher = x, teach = 0, reverse = true, lengths = n)",
        {**_X, "n": [3, 2]},
        {"y": [[133, 12, 1], [12, 1, 0]]},
    ),
    _example(
        "an id ends a row, and is its last; named outputs go with it; the ids of a loop are whole numbers",
        "input w: i32[batch]\nlayer c = Next()\nrun = scan(c, feed = same, first = w, steps = 4, end = 5)\n"
        "output y = run\noutput n = run.lengths\noutput double = run.twice\noutput l = run.twice.last\noutput count = run.final.n\n"
        "output counts = run.states.n",
        {"w": [1, 3, 4, 7]},
        {"y": [[2, 3, 4, 5], [4, 5, 0, 0], [5, 0, 0, 0], [8, 9, 10, 11]], "n": [4, 2, 1, 4],
         "double": [[2, 4, 6, 8], [6, 8, 0, 0], [8, 0, 0, 0], [14, 16, 18, 20]], "l": [8, 8, 8, 20], "count": [4, 2, 1, 4],
         "counts": [[1, 2, 3, 4], [1, 2, 2, 2], [1, 1, 1, 1], [1, 2, 3, 4]]},
        _NEXT,
    ),
    _example(
        "a function of the output ends a row; it may read named outputs, as what is fed may",
        "input w: i32[batch]\nlayer c = Next()\nrun = scan(c, feed = two, first = w, steps = 4, end = enough)\n"
        "output y = run\noutput n = run.lengths",
        {"w": [1, 3]},
        # words 1, 2, 4 and 3, 6; twice + count 2 + 1, 4 + 2, 8 + 3 and 6 + 1, 12 + 2
        {"y": [[2, 3, 5, 0], [4, 7, 0, 0]], "n": [3, 2]},
        _NEXT + "fn two(y) = y.twice\nfn enough(y) = y.twice + y.count > 7\n",
    ),
    _example(
        "ended rows of a loop of some lengths",
        "input w: i32[batch]\ninput k: i32[batch]\nlayer c = Next()\n"
        "run = scan(c, feed = same, first = w, steps = 4, end = 5, lengths = k)\noutput y = run\noutput n = run.lengths",
        {"w": [1, 3, 4], "k": [2, 4, 0]},
        {"y": [[2, 3, 0, 0], [4, 5, 0, 0], [0, 0, 0, 0]], "n": [2, 2, 0]},
        _NEXT,
    ),
    _example(
        "other inputs are scanned by name and give the length; a memory is given",
        "input x: f32[batch, time]\ninput k: f32[batch]\nlayer c = Two()\n"
        "output y = scan(c, feed = more, first = 1, b = x, given = (k = k))",
        {"x": [[1, 2, 3]], "k": [100]},
        # 100 + 10 * 1 + 1; 100 + 10 * 112 + 2; 100 + 10 * 1223 + 3
        {"y": [[111, 1222, 100 + 12230 + 3]]},
        "cell Two { input a: []  input b: []  given k: []  output k + 10 * a + b }\n",
    ),
    _example(
        "several inputs are fed by name",
        "input x: f32[batch]\nlayer c = Pair()\n"
        "output y = scan(c, feed = (b = low, a = more), first = (b = constant(2), a = x), steps = 3)",
        {"x": [1, 5]},
        # a, b: 1, 2; 12 + 1, 12 / 2; 136 + 1, 136 / 2
        {"y": [[12, 13 * 10 + 6, 137 * 10 + 68], [52, 53 * 10 + 26, 557 * 10 + 278]]},
        "cell Pair { input a: []  input b: []  output 10 * a + b }\nfn low(y) = y / 2\n",
    ),
    _example(
        "one of several inputs by name, the rest scanned by name",
        "input x: f32[batch, time]\nlayer c = Pair()\noutput y = scan(c, a = x, feed = (b = more), first = (b = 2))",
        {"x": [[1, 2, 3]]},
        {"y": [[12, 33, 64]]},
        "cell Pair { input a: []  input b: []  output 10 * a + b }\n",
    ),
    _example(
        "a stack, and another cell in a wrapper, close a loop",
        "input a: f32[batch]\nlayer c = Stack([Ten1(), Ten1()])\nlayer d = Residual(Ten1())\n"
        "output y = scan(c, feed = more, first = stack([a]), steps = 3)\n"
        "output z = scan(d, feed = more, first = stack([a]), steps = 3)",
        {"a": [1]},
        # fed 1, 2, 23; below 1, 12, 143; above 1, 10 + 12, 220 + 143
        {"y": [[[1], [22], [363]]], "z": [[[2], [16], [13 * 10 + 17 + 17]]]},
        "cell Ten1 { input x: [1]  state s: [1] = zeros  s = 10 * s[t-1] + x  output s }\n",
    ),
    _example(
        "a loop in a block, and one at each step of a cell",
        "axis word\ninput a: f32[batch, time]\nlayer b = Loop(word)\nlayer c = Loops(word)\noutput y = b(a)\noutput z = scan(c, a)",
        {"a": [[1, 2]]},
        {"y": [[12, 23]], "z": [[12, 35]]},
        "block Loop(word: axis) { input a  layer c = Ten()\n"
        "output scan(c, feed = more, first = a, steps = 2, along = word).last }\n"
        "cell Loops(word: axis) { input a: []  layer l = Loop(word)  state s: [] = zeros  s = s[t-1] + l(a)  output s }\n",
    ),
]  # fmt: skip
