"""What `rnndsl inspect` prints: tables as wide as the window, lists that can be seen whole, types on both sides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnndsl.cli.main import main
from rnndsl.text.render.table import table

SPECS = Path(__file__).parents[2] / "specs"
ROWS = [("encoder/lstm/wx", "f32[1, 16]", "scaled(by = 1, mode = fan_in)"), ("head/bias", "f32[1]", "zeros")]


def test_a_table_with_room() -> None:
    assert table(("variable", "type", "starts as"), ROWS, width=60) == (
        "variable         type        starts as\n"
        "---------------  ----------  -----------------------------\n"
        "encoder/lstm/wx  f32[1, 16]  scaled(by = 1, mode = fan_in)\n"
        "head/bias        f32[1]      zeros\n"
    )
    assert table(("variable", "type", "starts as"), ROWS, width=60) == table(("variable", "type", "starts as"), ROWS)


def test_a_table_goes_on_below_between_words() -> None:
    """Neither a path nor a type nor `mode = fan_in` is taken apart, however narrow the window."""
    narrow = (
        "variable         type        starts as\n"
        "---------------  ----------  --------------\n"
        "encoder/lstm/wx  f32[1, 16]  scaled(by = 1,\n"
        "                             mode = fan_in)\n"
        "head/bias        f32[1]      zeros\n"
    )
    assert table(("variable", "type", "starts as"), ROWS, width=43) == narrow
    assert table(("variable", "type", "starts as"), ROWS, width=1) == narrow


def test_numbers_stay_at_the_right() -> None:
    assert table(("name", "size"), [("a a a a", "7")], frozenset({1}), width=9) == "name  size\n----  ----\na a      7\na a\n"


@pytest.mark.parametrize("columns", [90, 110, 200])
def test_a_summary_is_as_wide_as_the_window(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for spec in ("stacked_gru.rnn", "twin.rnn"):
        assert main(["inspect", str(SPECS / spec)]) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= max(columns, 120)


def test_lists_are_cut_unless_all_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(SPECS / "sunspots.rnn")
    assert main(["inspect", spec, "--format", "json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert main(["inspect", spec]) == 0
    cut = capsys.readouterr().out
    assert "(16: --all)" in cut
    assert main(["inspect", spec, "--all"]) == 0
    whole = capsys.readouterr().out
    assert "--all" not in whole
    collections = whole[whole.index("collection ") : whole.index("signature ")].replace("\n", " ")
    for members in summary["collections"].values():
        assert all(f" {name}" in collections for name in members)
    signatures = " ".join(whole[whole.index("signature ") :].split())
    for signature in summary["signatures"]:
        for name, type in (*signature["inputs"].items(), *signature["outputs"].items()):
            assert f"{name}: {type}" in signatures
