"""Declared = documented = exercised: each kind of diagnostic has a page whose examples do what it says.

A page of docs/codes has, in this order: a title, prose, a failing example (`rnn error`, or `python error` for an expression
that makes a long text), perhaps the files that it reads (`rnn file=NAME`, `npz file=NAME`), what is rendered (`text`), and
the corrected example (`rnn`), its files if they differ. Where no spec can show the diagnostic the page has a `console`
example instead, and names the test that provokes it.

ACCEPT=1 in the environment writes what is rendered into the pages. Read each before committing it.
"""

from __future__ import annotations

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from rnndsl.text.codes import all_codes
from rnndsl.text.render import Findings
from rnndsl.text.render.text import render_text
from tests.elaborate.checking import check_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/codes"
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S)
TESTED_BY = re.compile(r"<!-- tested by (\S+) -->")
CODES = all_codes()


@dataclass(frozen=True)
class Example:
    text: str
    files: dict[str, str]


@dataclass(frozen=True)
class Page:
    code: str
    text: str
    failing: Example | None
    rendered: str
    corrected: Example | None


def read(code: str) -> Page:
    """The page of `code` in parts."""
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    failing, corrected, rendered = None, None, ""
    files: dict[str, str] = {}
    for fence in FENCE.finditer(text):
        kind, body = fence["kind"], fence["body"]
        match kind.split("=")[0]:
            case "rnn error":
                failing = Example(body, files)
            case "python error":
                failing = Example(_evaluated(body), files)
            case "rnn file" | "npz file":
                files[kind.split("=")[1]] = body
            case "text":
                rendered = body
                files = dict(files)
            case "rnn":
                corrected = Example(body, files)
            case _:
                assert kind == "console", f"{code}: a fence of another kind: {kind}"
    return Page(code, text, failing, rendered, corrected)


def _evaluated(expression: str) -> str:
    """The value of strings joined and repeated by `+` and `*`."""

    def value(node: ast.expr) -> str | int:
        if isinstance(node, ast.BinOp):
            left, right = value(node.left), value(node.right)
            return left + right if isinstance(node.op, ast.Add) else left * right
        assert isinstance(node, ast.Constant)
        return node.value

    made = value(ast.parse(expression.strip(), mode="eval").body)
    assert isinstance(made, str)
    return made


def shown_by_spec() -> list[str]:
    return [code for code in sorted(CODES) if (FOLDER / f"{code}.md").exists() and read(code).failing]


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(path.stem for path in FOLDER.glob("RNN*.md")) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_begins_with_the_title(code: str) -> None:
    assert read(code).text.startswith(f"# {code}: {CODES[code].title}\n\n")


@pytest.mark.parametrize("code", shown_by_spec())
def test_the_failing_example_gives_this_code_alone(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = read(code)
    assert page.failing is not None
    monkeypatch.chdir(tmp_path)
    found = check_text(tmp_path, page.failing.text, page.failing.files)
    mine = [d for d in found.diagnostics if d.code == code]
    if "python error" in page.text:
        rendered = render_text(Findings(tuple(mine)))  # the faults that make a text too long, or too many, are not shown
    else:
        assert {d.code for d in found.diagnostics} == {code}
        rendered = found.text
    if os.environ.get("ACCEPT"):
        path = FOLDER / f"{code}.md"
        path.write_text(page.text.replace(f"```text\n{page.rendered}```", f"```text\n{rendered.rstrip()}\n```"), encoding="utf-8")
        return
    assert rendered.rstrip() == page.rendered.rstrip()


@pytest.mark.parametrize("code", shown_by_spec())
def test_the_corrected_example_is_clean(code: str, tmp_path: Path) -> None:
    page = read(code)
    assert page.corrected is not None
    found = check_text(tmp_path, page.corrected.text, page.corrected.files)
    assert found.text == ""
    assert found.models


@pytest.mark.parametrize("code", sorted(set(CODES) - set(shown_by_spec())))
def test_what_no_spec_shows_is_tested_elsewhere(code: str) -> None:
    named = TESTED_BY.search(read(code).text)
    assert named, f"{code}: neither a failing example nor the test that provokes it"
    assert code in (ROOT / named[1]).read_text(encoding="utf-8")
