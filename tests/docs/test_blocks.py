"""Every spec in the README and the guide is checked: a block of `rnn` compiles, one of `rnn error` says what is below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rnndsl.cli.main import main
from rnndsl.names.reading import MAX_TEXT_BYTES
from rnndsl.syntax.parsing import cost, tokens
from rnndsl.text import sink
from rnndsl.text.codes import sizes
from tests.described import write_described
from tests.docs.pages import PAGES, ROOT, Block, blocks

WHOLE = blocks("rnn")
FAULTY = blocks("rnn error")


def check(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (folder / "rnndsl.toml").touch()
    (folder / "spec.rnn").write_text(block.spec, encoding="utf-8")
    for name, text in re.findall(
        r"^```npz file=(\S+)\n(.*?)^```$", block.page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        write_described(folder / name, text)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    return main(["check", "spec.rnn"])


@pytest.mark.parametrize("block", WHOLE, ids=lambda b: b.name)
def test_a_spec_is_right(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert re.match(r"(#.*\n|\n)*rnn 1\n", block.spec), (
        "a spec begins with `rnn 1`; a part of one needs a comment with what is around it"
    )
    status = check(block, tmp_path, monkeypatch)
    found = capsys.readouterr()
    assert status == 0, found.err or found.out
    assert "(model " in found.out, "no model uses this block, so nothing of it is checked"


@pytest.mark.parametrize("block", FAULTY, ids=lambda b: b.name)
def test_an_error_is_as_shown(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(block, tmp_path, monkeypatch) == 1
    after = block.page.read_text(encoding="utf-8").split(block.text, 1)[1]
    shown = re.match(r"```\n\n```text\n(.*?)```", after, re.DOTALL)
    assert shown, "the message should stand in a block of `text` below"
    found = capsys.readouterr()
    assert shown[1].strip() in found.out + found.err


def test_the_readme_shows_the_spec_of_sunspots() -> None:
    spec = (ROOT / "specs" / "sunspots.rnn").read_text(encoding="utf-8")
    assert spec in [block.text for block in WHOLE if block.page.name == "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_page_is_too_long(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        assert re.match(r"https?:", target) or (page.parent / target).exists(), target


def test_the_limits_are_those_of_the_compiler() -> None:
    page = (ROOT / "docs" / "guide" / "10-decisions.md").read_text(encoding="utf-8")
    told = [
        ("nesting of the text", f"{cost.MAX_NESTING}"),
        ("operators in one expression", f"{cost.MAX_OPERATORS:,}"),
        ("characters of a number", f"{tokens.MAX_NUMBER}"),
        ("faults told in a run", f"{sink.MAX_FOUND}"),
        ("words, signs and comments of a file", f"{tokens.MAX_TOKENS:,}"),
        ("rounds of all `for`s of a model together", f"{sizes.MAX_REPEATS:,}"),
        ("applications of layers and `fn`s in a model, a layer's counting twice", f"{sizes.MAX_CALLS:,}"),
        ("all variables of a model", f"{sizes.MAX_BYTES >> 30} GiB"),
        ("a text file", f"{MAX_TEXT_BYTES // 10**6} MB"),
    ]
    for what, limit in told:
        assert f"| {what} | {limit} |" in page
