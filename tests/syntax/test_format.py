"""Formatting keeps the tree and the comments, and doing it twice is doing it once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnndsl.syntax import format_module
from tests.syntax.support import read_well, show_tree

CASES = Path(__file__).parent / "cases"
STD = Path(__file__).parents[2] / "rnndsl" / "std"
SPECS = Path(__file__).parents[2] / "specs"
GOOD = [*sorted(CASES.glob("good_*.rnn")), *sorted(STD.glob("*.rnn")), *sorted(SPECS.glob("*.rnn"))]


def check(text: str) -> str:
    module = read_well(text)
    formatted = format_module(module)
    again = read_well(formatted)
    assert show_tree(again) == show_tree(module)
    assert format_module(again) == formatted
    assert len(again.comments) == len(module.comments)
    assert format_module(read_well(text.replace("\n", "\r\n"))) == formatted.replace("\n", "\r\n")
    return formatted


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_files(path: Path) -> None:
    check(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*SPECS.glob("*.rnn"), *STD.glob("*.rnn")], ids=lambda path: path.stem)
def test_what_is_shipped_is_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_module(read_well(text)) == text


@pytest.mark.parametrize("path", sorted(CASES.glob("format_*.rnn")), ids=lambda path: path.stem)
def test_formatted_as_expected(path: Path) -> None:
    expected = path.with_suffix(".formatted")
    assert check(path.read_text(encoding="utf-8")) == expected.read_text(encoding="utf-8")


NAMES = st.sampled_from(["a", "b", "cell", "model", "on", "over", "frozen", "bounds", "training", "long_name_of_a_value"])
ATOMS = st.one_of(NAMES, st.sampled_from(["1", "0.5", "1e-3", '"s"', '"a\\"b"', "true", "false", "{c, d}", "[]", "h[t]", "h[t-1]"]))
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "@", "==", "<", "and", "or", "<=", "!="]


def _extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{} {} {}".format, ATOMS, st.sampled_from(["+", "-", "*", "**", "@"]), ATOMS),
        st.builds("(-{})".format, inner),
        st.builds("(not {})".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("f({}, k = {})".format, inner, inner),
        st.builds("({})[{}..{}, {}]".format, inner, inner, inner, inner),
        st.builds("({}).state".format, inner),
        st.builds("(h = {}, c.d = {})".format, inner, inner),
        st.builds("h[t - k + {}]".format, ATOMS),
    )


EXPRESSIONS = st.recursive(ATOMS, _extend, max_leaves=12)
COMMENTS = st.sampled_from(["", "", "  # c", "\n  # own line", "\n\n  ## doc", "  ## trailing", "\n# left\n\n"])
SIMPLE = st.one_of(
    st.builds("y = {}".format, EXPRESSIONS),
    st.builds("output {}".format, EXPRESSIONS),
    st.builds("layer l[k] = {} with (init = {})".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("param w: f32[n, {}] ~ zeros # inside\n in {{c}}".format, EXPRESSIONS),
    st.builds("update v <- {} in {{c}}".format, EXPRESSIONS),
    st.builds("train s = {} on a, b over x/**, {{c}} after none".format, EXPRESSIONS),
    st.builds("input x: [..., n] = {}".format, EXPRESSIONS),
    st.just('load a/** from "b" map { "x" -> "y" "z" -> "\\1" }'),
    st.just("freeze a/*\n optional unfreeze b"),
)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(st.builds("{}{}".format, inner, COMMENTS), max_size=3).map("\n".join)
    return st.one_of(
        st.builds("scope s with (a = {}) {{{}\n{}\n}}".format, EXPRESSIONS, COMMENTS, bodies),
        st.builds("if {} {{\n{}\n}} else if b {{\n{}\n}} else {{{}\n{}\n}}".format, EXPRESSIONS, bodies, bodies, COMMENTS, bodies),
        st.builds("for k in 0..{} {{\n{}\n}}".format, EXPRESSIONS, bodies),
    )


STATEMENTS = st.recursive(SIMPLE, _blocks, max_leaves=4)
FILES = st.lists(st.builds("{}{}".format, STATEMENTS, COMMENTS), max_size=4).map(
    lambda lines: "rnn 1\n\nmodel m {\n" + "\n".join(lines) + "\n}\n"
)


@given(FILES)
@settings(max_examples=40, deadline=None, database=None, derandomize=True)
def test_any_file(text: str) -> None:
    check(text)
