"""Spans are exact, and no text at all makes the parser raise."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnndsl.syntax import tree
from tests.syntax.support import read, read_well, show_tree

CASES = Path(__file__).parent / "cases"
SPAN_TEXT = """rnn 1
cell C(units: int = 4) {
  y = a + b * f(c, k = 2)[1..3, 0]
  output h[t - k].last
}
"""


def nodes(node: tree.Node) -> Iterator[tree.Node]:
    yield node
    for field in node.__fields__:
        value = getattr(node, field)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, tree.Node):
                yield from nodes(part)


def test_spans() -> None:
    found = {(type(n).__name__, n.span.text) for n in nodes(read_well(SPAN_TEXT))}
    assert {
        ("ConstructorParam", "units: int = 4"),
        ("Equation", "y = a + b * f(c, k = 2)[1..3, 0]"),
        ("IndexedName", "y"),
        ("Binary", "a + b * f(c, k = 2)[1..3, 0]"),
        ("Binary", "b * f(c, k = 2)[1..3, 0]"),
        ("Index", "f(c, k = 2)[1..3, 0]"),
        ("Call", "f(c, k = 2)"),
        ("Argument", "k = 2"),
        ("Range", "1..3"),
        ("Output", "output h[t - k].last"),
        ("Attribute", "h[t - k].last"),
        ("Delay", "h[t - k]"),
    } <= found
    definition = read_well(SPAN_TEXT).items[0]
    assert isinstance(definition, tree.Definition)
    assert definition.header.text == "cell C"
    assert definition.span.text == SPAN_TEXT[6:-1]


def test_spans_are_inside_those_around_them() -> None:
    def check(node: tree.Node) -> None:
        for part in nodes(node):
            assert node.span.start <= part.span.start <= part.span.end <= node.span.end

    for node in nodes(read_well((CASES / "good_everything.rnn").read_text(encoding="utf-8"))):
        check(node)


def test_precedence() -> None:
    same = {
        "a or b and not c < d + e * -f ** g": "a or (b and (not (c < (d + (e * (-(f ** g)))))))",
        "a - b - c": "(a - b) - c",
        "a ** b ** c": "a ** (b ** c)",
        "-a ** -b": "-(a ** (-b))",
        "a / b @ c % d": "((a / b) @ c) % d",
        "if a or b then c else if d then e else f": "if (a or b) then c else (if d then e else f)",
        "h[t - a - b + c]": "h[t - ((a + b) - c)]",
        "a < -b": "a <-b",
        "x[0..3]": "x[(0)..(3)]",
    }
    for left, right in same.items():
        assert show_tree(read_well(f"rnn 1\nconst a = {left}")) == show_tree(read_well(f"rnn 1\nconst a = {right}"))


def test_docs() -> None:
    file_doc = "## Of nothing near.\n\n## Two\n## lines.\n"
    module = read_well(f"rnn 1\n\n{file_doc}block B {{\n  ## of y\n  y = 3  ## not a doc\n  output y\n}}\n")
    definition = module.items[0]
    assert isinstance(definition, tree.Definition)
    assert definition.doc == "Two\nlines."
    equation, output = definition.body
    assert isinstance(equation, tree.Equation)
    assert equation.doc == "of y"
    assert isinstance(output, tree.Output)


def test_version_is_in_the_tree() -> None:
    assert read("rnn 1")[0].version == 1
    assert read("rnn 7")[0].version == 7
    assert read("")[0].version is None


PIECES = [*"(){}[],.;=~<>-+*/%@\"'#\n \\$"]
PIECES += ["..", "...", "<-", "->", "**", "t", "if", "else", "for", "in", "rnn 1", "block"]
PIECES += ["cell", "state", "output", "over", "with", "0x", "1e", "9" * 400]
PIECES += ["naïve", "##", "import", "layout", "load", "map", "optional"]


@pytest.mark.parametrize("seed", range(4))
def test_mutations_never_raise(seed: int) -> None:
    chance = random.Random(seed)
    texts = [path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.rnn"))]
    for _ in range(120):
        text = chance.choice(texts)
        for _ in range(chance.randint(1, 6)):
            i, j = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
            j = min(j, i + chance.randint(0, 12))
            text = text[:i] + chance.choice([*PIECES, text[j : j + 30]]) + text[j:]
        module, found = read(text)
        assert module.source.text == text
        assert all(d.span is not None and 0 <= d.span.start <= d.span.end <= len(text) for d in found)


def test_one_deleted_token_is_few_diagnostics() -> None:
    """A token left out of a well-formed file is hardly ever more than two diagnostics."""
    import re

    text = (CASES / "good_whole_model.rnn").read_text(encoding="utf-8")
    counts: list[int] = []
    for match in re.finditer(r"[A-Za-z_0-9.]+|[^\sA-Za-z_0-9]", text[6:]):
        if match.start() % 3:
            continue
        changed = text[: 6 + match.start()] + text[6 + match.end() :]
        counts.append(len([d for d in read(changed)[1] if d.severity == "error"]))
    assert max(counts) <= 3
    assert sum(count > 1 for count in counts) <= len(counts) // 50
