"""What each name stands for, by hand: the line and kind of what defines it, in true scopes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rnndsl.names.members import complete
from tests.elaborate.checking import check_text
from tests.names.reading import of_text

TEXT = """rnn 1
import "gates.rnn" (Gate as Own, base)
axis src
collection mine
const n = 3
fn n_times(x, y = x) = n * x + y

cell Inner(units: int) {
  input x: [n, m]
  input late: [m] = zeros
  state old: [m] = zeros
  fn f(x) = x + m
  old = f(x[0]) + n_times(old[t-1], y = m)
  output old
}

cell Outer(units: int, wide: bool) {
  input x: [q]
  given hint: [src, q]
  for k in 0..units {
    layer part[k] = Inner(units = units)
    if wide { const n = k }
    state s[k]: [n] = zeros
    s[k] = part[k](x, late = s[k][t-1])
  }
  if wide { g = s_0 } else { g = s[1] }
  var seen: [] in {mine}
  n = g * part[0].old
  update seen <- seen + base
  output n + g
}

model m(size: int = n) with (seed = size) {
  input x: f32[batch, time, 3]
  input y: f32[batch, src, 3]
  scope enc with (init = orthogonal) {
    layer cell = Outer(size, wide = true)
    run = scan(cell, x, given = (hint = y), initial = (part_0.old = x[time = 0]), until = s_1)
    deep = run.final.part_1.old
  }
  z = if training then enc.run else enc.deep
  layer table = Own(3)
  tied = transpose(table.wx) @ table(z, over_all = true)
  loss l in losses = mean(tied + l2({mine}))
  init enc/cell/part_0/* ~ zeros
  freeze **/seen
  rate table/wx by 0.5
  train step = sgd(rate = 0.1) on l over enc/** after mine
  signature give = z
  output z
}

layout keras(i: int) for Outer {
  "w{i}" = seen + units
}
"""
GATES = """rnn 1
const base = 2
block Gate(units: int, act: fn = tanh) {
  input x: [..., n]
  input over_all
  param wx: [n, units]
  output act(x @ wx)
}
"""
CASES = [
    # the line, a word of it (its nth mention), what defines it: kinds and lines, the nearest first; `gates` in the other file
    ("import", "Gate", 0, "block gates:3"),
    ("import", "Own", 0, "block gates:3"),
    ("import", "base", 0, "const gates:2"),
    ("fn n_times", "n", 0, "const 5"),
    ("fn n_times", "x", 1, "parameter 6"),
    ("fn n_times", "y", 1, "parameter 6"),
    ("  input x: [n, m]", "n", 0, "const 5"),
    ("  input x: [n, m]", "m", 0, "dim 9"),
    ("  input late", "m", 0, "dim 9"),
    ("  fn f(x)", "x", 1, "parameter 12"),
    ("  fn f(x)", "m", 0, "dim 9"),
    ("  old = f(x[0])", "old", 0, "state 11, equation 13"),
    ("  old = f(x[0])", "x", 0, "input 9"),
    ("  old = f(x[0])", "y", 0, "parameter 6"),
    ("  given hint", "src", 0, "axis 3"),
    ("  given hint", "q", 0, "dim 18"),
    ("    layer part[k]", "k", 0, "for 20"),
    ("    layer part[k]", "Inner", 0, "cell 8"),
    ("    layer part[k]", "units", 0, "parameter 8"),
    ("    layer part[k]", "units", 1, "parameter 17"),
    ("    state s[k]", "n", 0, "const 22, equation 28, const 5"),
    ("    s[k] = part[k]", "late", 0, "input 10"),
    ("  if wide { g = s_0 }", "s_0", 0, "state 23, equation 24"),
    ("  var seen", "mine", 0, "collection 4"),
    ("  n = g * part[0].old", "g", 0, "equation 26, equation 26"),
    ("  n = g * part[0].old", "part", 0, "layer 21"),
    ("  n = g * part[0].old", "old", 0, "state 11, equation 13"),
    ("  output n + g", "n", 0, "const 22, equation 28"),
    ("  update seen", "base", 0, "const gates:2"),
    ("model m(size", "n", 0, "const 5"),
    ("model m(size", "size", 1, "parameter 33"),
    ("    layer cell = Outer", "wide", 0, "parameter 17"),
    ("    run = scan", "hint", 0, "given 19"),
    ("    run = scan", "part_0", 0, "layer 21"),
    ("    run = scan", "old", 0, "state 11, equation 13"),
    ("    run = scan", "s_1", 0, "state 23, equation 24"),
    ("    run = scan", "initial", 0, ""),
    ("    deep = run", "final", 0, ""),
    ("    deep = run", "part_1", 0, "layer 21"),
    ("    deep = run", "old", 0, "state 11, equation 13"),
    ("  z = if training", "enc", 1, "scope 36"),
    ("  z = if training", "deep", 0, "equation 39"),
    ("  tied =", "wx", 0, "param gates:6"),
    ("  tied =", "over_all", 0, "input gates:5"),
    ("  loss l", "mine", 0, "collection 4"),
    ("  loss l", "losses", 0, ""),
    ("  init enc", "enc", 0, "scope 36"),
    ("  init enc", "cell", 0, "layer 37"),
    ("  init enc", "part_0", 0, "layer 21"),
    ("  freeze", "seen", 0, "var 27"),
    ("  rate table", "wx", 0, "param gates:6"),
    ("  train step", "l", 0, "loss 44"),
    ("  train step", "mine", 0, "collection 4"),
    ("  signature", "z", 0, "equation 41"),
    ("layout keras", "Outer", 0, "cell 17"),
    ('  "w{i}"', "i", 0, "parameter 53"),
    ('  "w{i}"', "seen", 0, "var 27"),
    ('  "w{i}"', "units", 0, "parameter 17"),
]


@pytest.mark.parametrize("line, word, nth, expected", CASES, ids=lambda value: str(value).strip())
def test_a_name_stands_for(line: str, word: str, nth: int, expected: str, tmp_path: Path) -> None:
    (tmp_path / "gates.rnn").write_text(GATES, encoding="utf-8")
    start = TEXT.index(f"\n{line}") + 1
    at = [start + each.start() for each in re.finditer(rf"\b{word}\b", TEXT[start:].partition("\n")[0])]
    use = complete(of_text(tmp_path, TEXT)).uses[at[nth + line.count(word) - 1] if False else at[nth]]
    places = [(site.kind, site.span.source.name, site.span.source.line_number(site.span.start)) for site in use.sites]
    assert ", ".join(f"{kind} {'gates:' if file == 'gates.rnn' else ''}{number}" for kind, file, number in places) == expected
    assert use.definitions and use.is_told


def test_the_uses_of_a_definition(tmp_path: Path) -> None:
    (tmp_path / "gates.rnn").write_text(GATES, encoding="utf-8")
    bindings = complete(of_text(tmp_path, TEXT))
    (part,) = bindings.uses[TEXT.index("part[k]")].definitions
    lines = [TEXT.count("\n", 0, use.span.start) + 1 for use in bindings.references(part)]
    assert sorted(lines) == [21, 24, 28, 38, 39, 45]


def test_the_names_that_are_visible(tmp_path: Path) -> None:
    (tmp_path / "gates.rnn").write_text(GATES, encoding="utf-8")
    module = of_text(tmp_path, TEXT)
    complete(module)

    def at(text: str) -> set[str]:
        return {*module.scope.at(TEXT.index(text)).visible()}

    assert {"k", "part", "x", "units", "n", "Own", "tanh"} <= at("Inner(units = units)")
    assert not {"k", "cell", "size"} & at("n + g")
    assert {"cell", "run", "deep", "x", "size"} <= at("run.final")
    assert "run" not in at("enc.deep")


MAYBE = """rnn 1
const n = 2
block B(own: bool) {
  input x: [..., 3]
  if own { const n = 5 }
  output x * n
}
block Axed(over: axis) {
  input x: [m]
  output rename(x, over = time)
}
axis src
model m {
  input x: f32[batch, 3]
  input z: f32[batch, src, 3]
  layer a = B(false)
  layer b = B(true)
  layer c = Axed(src)
  output y = a(x) - b(x)
  output w = c(z)
}
"""


def test_what_an_if_leaves_out_hides_nothing(tmp_path: Path) -> None:
    found = check_text(tmp_path, MAYBE)
    assert found.errors == [], found.text


TIED = """rnn 1
model m {
  input ids: i32[batch]
  logits = words.vectors @ transpose(words.emb.table) + word.emb[1].table[0]
  scope words {
    layer emb = Embedding(5, 3)
    vectors = emb(ids)
  }
  scope word {
    for k in 0..2 {
      layer emb[k] = Embedding(5, 5)
      e[k] = emb[k](ids)
    }
  }
  output logits
}
"""


def test_a_layers_variable_is_read_wherever_the_layer_is_applied(tmp_path: Path) -> None:
    found = check_text(tmp_path, TIED)
    assert found.errors == [], found.text


def test_what_a_scope_defines_is_not_seen_outside(tmp_path: Path) -> None:
    found = check_text(tmp_path, "rnn 1\n\nmodel m {\n  input x: f32[batch, 3]\n  scope s { y = x }\n  output z = y\n}\n")
    assert found.codes == ["RNN0101"]
    assert "it is defined in the scope `s`: write `s.y`" in found.text


def test_a_word_of_an_option_is_not_hidden_by_a_name(tmp_path: Path) -> None:
    body = "  hold = x * 2\n  last = x\n  layer g = GRU(3)\n  run = scan(g, x, masked = hold)\n"
    body += "  output y = mean(run + hold + last, over = last)\n"
    found = check_text(tmp_path, f"rnn 1\n\nmodel m {{\n  input x: f32[batch, time, 3]\n{body}}}\n")
    assert found.errors == [], found.text
