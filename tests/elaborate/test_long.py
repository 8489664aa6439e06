"""Chains of any length: what waits for what is no recursion, in whichever order the text has it. Python's own limit stays as it is.

Each text is checked for some lengths; time and memory of the longer ones are bounded by those of the shorter.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.elaborate.checking import check_text
from tests.memory import alone

Text = Callable[[int], str]
HEAD = "rnn 1\nmodel m(yes: bool = true) {\n  input x: f32[batch, 3]\n"


def chain(line: str, first: str, last: str = "  output a{n}\n}}\n", head: str = HEAD) -> Text:
    """A text whose last equation comes first: `line` for n, n - 1, … 1."""
    return lambda n: head + "".join(line.format(i=i, j=i - 1) for i in range(n, 0, -1)) + first + last.format(n=n)


def round_the_family(n: int) -> str:
    return HEAD + f"  y[{n}] = x\n  for k in 0..{n} {{\n    y[k] = sin(y[k + 1])\n  }}\n  output z = y[0]\n}}\n"


def in_a_cell(n: int) -> str:
    body = "".join(f"  a{i} = sin(a{i - 1})\n" for i in range(n, 0, -1))
    cell = f"rnn 1\ncell C {{\n  input x: [n]\n  state h: [n] = zeros\n{body}  a0 = x + h[t-1]\n  h = a{n}\n  output h\n}}\n"
    return cell + "model m {\n  input x: f32[batch, time, 3]\n  layer c = C()\n  r = scan(c, x)\n  output y = r.last\n}\n"


CHAINS: dict[str, Text] = {
    "equations": chain("  a{i} = sin(a{j})\n", "  a0 = x\n"),
    "sums": chain("  a{i} = x + a{j} * 2 - a{j}\n", "  a0 = x\n"),
    "conditions": chain("  a{i} = if yes then sin(a{j}) else x\n", "  a0 = x\n"),
    "training": chain("  a{i} = if training then sin(a{j}) else x\n", "  a0 = x\n"),
    "functions": chain("  fn f{i}(z) = z + a{i}\n  a{i} = f{j}(x)\n", "  fn f0(z) = z\n"),
    "scopes": chain("  scope s{i} {{\n    y = sin(s{j}.y)\n  }}\n", "  scope s0 {\n    y = x\n  }\n", "  output z = s{n}.y\n}}\n"),
    "layers": chain("  layer d{i} = Dense(3)\n  a{i} = d{i}(a{j})\n", "  a0 = x\n"),
    "constants": chain("  const c{i} = c{j} + 1\n", "  const c0 = 1\n", "  output y = x + c{n}\n}}\n"),
    "constants of the file": chain(
        "const c{i} = c{j} + 1\n", "const c0 = 1\n" + HEAD[6:], "  output y = x + c{n}\n}}\n", "rnn 1\n"
    ),
    "measures": chain("  metric m{i} = m{j} + mean(x)\n", "  metric m0 = 0.0 * mean(x)\n", "}}\n"),
    "a family": round_the_family,
    "a cell": in_a_cell,
}


def seconds(folder: Path, text: str) -> float:
    """Of the processor, for a check that finds nothing wrong."""
    with alone():
        started = time.process_time()
        assert not check_text(folder, text).errors
        return time.process_time() - started


def most_bytes(folder: Path, text: str) -> int:
    """What is held at most during a check."""
    tracemalloc.start()
    try:
        check_text(folder, text)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", CHAINS)
def test_a_chain_in_reverse_order_is_ordinary(kind, tmp_path):
    before = sys.getrecursionlimit()
    assert not check_text(tmp_path, CHAINS[kind](300)).errors
    assert sys.getrecursionlimit() == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHAINS)
def test_cost_grows_as_the_text(kind, tmp_path):
    """Four times the text takes less than eight times the time and six times the memory."""
    assert seconds(tmp_path, CHAINS[kind](2000)) < 8 * seconds(tmp_path, CHAINS[kind](500))
    assert most_bytes(tmp_path, CHAINS[kind](800)) < 6 * most_bytes(tmp_path, CHAINS[kind](200))


def test_a_long_cycle_is_told_in_short(tmp_path):
    text = CHAINS["equations"](400).replace("a0 = x", "a0 = a400")
    (found,) = check_text(tmp_path, text).diagnostics
    assert found.code == "RNN0401"
    assert "`a400` → `a399`" in found.message and "`a1` → `a0` → `a400`" in found.message
    assert len(found.message) < 250 and len(found.notes) < 15


def test_blocks_within_blocks_up_to_the_limit(tmp_path):
    blocks = [f"block B{i} {{\n  input x: [n]\n  layer b = B{i + 1}()\n  output {'sin(' * 6}b(x){')' * 6}\n}}\n" for i in range(62)]
    text = (
        "rnn 1\n"
        + "".join(blocks)
        + "block B62 {\n  input x: [n]\n  output x\n}\n"
        + HEAD[6:]
        + "  layer b = B0()\n  output y = b(x)\n}\n"
    )
    assert not check_text(tmp_path, text).errors


@pytest.mark.parametrize("parameter", ["c: cell = A()", "c: cell = Stack([A(), A()])", "c: [cell] = [A()]"])
def test_a_default_that_needs_itself_is_told(parameter, tmp_path):
    text = f"rnn 1\ncell A({parameter}) {{\n  input x: [n]\n  state h: [n] = zeros\n  h = x\n  output h\n}}\n"
    text += "model m {\n  input x: f32[batch, time, 3]\n  layer a = A()\n  r = scan(a, x)\n  output y = r.last\n}\n"
    found = check_text(tmp_path, text).diagnostics
    assert "RNN0911" in [d.code for d in found]
    assert len(found) <= 2


def test_lists_of_lists_are_counted_before_they_are_written_out(tmp_path):
    lists = "".join(f"const a{i} = [{', '.join([f'a{i - 1}'] * 16)}]\n" for i in range(1, 8))
    text = "rnn 1\nconst a0 = 1.0\n" + lists + "model m {\n  input x: f32[batch, 16]\n  output y = x + a7\n}\n"
    tracemalloc.start()
    found = check_text(tmp_path, text).diagnostics
    assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    tracemalloc.stop()
    assert [d.code for d in found] == ["RNN0912"]
