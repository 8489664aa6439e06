"""Diagnostics as text, JSON and SARIF."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest

from rnndsl.cli.schemas import schemas
from rnndsl.text.diagnostics import Code, Diagnostic, Severity
from rnndsl.text.render import Findings, count_line
from rnndsl.text.render.json_report import render_json, schema
from rnndsl.text.render.sarif import render_sarif
from rnndsl.text.render.text import colored, paint_for, plain, render_text
from rnndsl.text.source import SourceFile, Span

TEXT = "rnn 1\nmodel m {\n\tx = foo(日本, ba\u0301r)\n  z = (1 +\n     2 +\n     3)\n}\n\n"
SOURCE = SourceFile("m.rnn", TEXT)


def at(text: str) -> Span:
    start = TEXT.index(text)
    return Span(SOURCE, start, start + len(text))


def finding(number: str, message: str, span: Span | None, severity: Severity = "error") -> Diagnostic:
    return Code(number, "a title", severity=severity)(span, message)


def snippet(span: Span) -> list[str]:
    """The lines below `-->`."""
    return render_text(Findings((finding("RNN0101", "no", span),))).rstrip("\n").split("\n")[1:]


def test_a_name() -> None:
    assert snippet(at("foo")) == [" --> m.rnn:3:6", "  |", "3 |     x = foo(日本, ba\u0301r)", "  |         ^^^"]


def test_marks_stand_below_wide_and_combining_characters() -> None:
    assert snippet(at("日本"))[-1] == "  |             ^^^^"
    assert snippet(at("ba\u0301r"))[-1] == "  |                   ^^^"


def test_a_span_of_several_lines_shows_the_first_and_the_last() -> None:
    assert snippet(at("(1 +\n     2 +\n     3)")) == [
        " --> m.rnn:4:7",
        "  |",
        "4 |   z = (1 +",
        "  |       ^^^^",
        "...",
        "6 |      3)",
        "  |      ^^",
    ]


def test_the_end_of_the_file_is_shown_at_the_last_line_with_text() -> None:
    assert snippet(Span(SOURCE, len(TEXT), len(TEXT))) == [" --> m.rnn:7:2", "  |", "7 | }", "  |  ^"]


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n"])
def test_a_file_without_text(text: str) -> None:
    source = SourceFile("m.rnn", text)
    assert snippet(Span(source, 0, 0)) == [" --> m.rnn:1:1", "  |", "1 |", "  | ^"]


def test_a_long_line_is_cut_around_the_marks() -> None:
    source = SourceFile("m.rnn", "(" * 5000 + "x" + ")" * 5000)
    lines = snippet(Span(source, 5000, 5001))
    assert len(lines[2]) < 130
    assert lines[2][lines[3].index("^")] == "x"


def test_every_span_of_a_text_can_be_shown() -> None:
    for start in range(len(TEXT) + 1):
        for end in range(start, len(TEXT) + 1):
            lines = snippet(Span(SOURCE, start, end))
            assert any(set(line[4:].strip()) == {"^"} for line in lines)


def test_characters_that_would_steer_a_terminal_are_not_printed() -> None:
    source = SourceFile("\x1b[2J.rnn", "x\x1b[31m\u202ey")
    shown = render_text(Findings((finding("RNN0101", "bad \x1b]0;name\x07", Span(source, 0, 1)),)))
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_notes_help_and_the_count() -> None:
    first = finding("RNN0101", "no `foo`", at("foo")).note("defined here", at("model m")).note("by the way").suggest("do")
    second = finding("RNN0102", "two\nlines", None, "lint")
    found = Findings((first, second), {"m.rnn": "specs/m.rnn"}.__getitem__)
    assert render_text(found).split("\n")[5:] == [
        "note: defined here",
        " --> specs/m.rnn:2:1",
        "  |",
        "2 | model m {",
        "  | -------",
        "note: by the way",
        "help: do",
        "",
        "lint[RNN0102]: two",
        "  lines",
        "",
        "",
    ]
    assert count_line([found, found]) == "2 errors, 2 lints"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_and_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert paint_for(Terminal()) is colored
    assert paint_for(io.StringIO()) is plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint_for(Terminal()) is plain


def test_json_keeps_to_its_schema() -> None:
    diagnostic = finding("RNN0101", "no", at("ba\u0301r")).note("there", at("foo")).suggest("help")
    report = json.loads(render_json([Findings((diagnostic, finding("RNN0720", "none", None, "warning")))]))
    jsonschema.validate(report, schema())
    assert (report["errors"], report["warnings"]) == (1, 1)
    assert report["diagnostics"][0]["place"]["start"] == {"line": 3, "column": 14, "utf16": 14, "offset": TEXT.index("ba")}


def test_sarif() -> None:
    diagnostic = finding("RNN0101", "no", at("foo"), "lint").note("there", at("model m"))
    log = json.loads(render_sarif([Findings((diagnostic,))], "1.0"))
    [result] = log["runs"][0]["results"]
    assert (log["version"], result["level"], result["ruleId"], result["ruleIndex"]) == ("2.1.0", "note", "RNN0101", 0)
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 6, "endLine": 3, "endColumn": 9}
    assert result["relatedLocations"][0]["message"]["text"] == "there"


def test_the_published_schemas_are_those_of_the_code() -> None:
    folder = Path(__file__).parents[2] / "docs"
    for name, text in schemas().items():
        assert (folder / name).read_text(encoding="utf-8") == text, "run `make schemas`"
