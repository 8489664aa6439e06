"""Each `cases/NAME.rnn` is read, and what is said about it must be `cases/NAME.diagnostics` (nothing, if there is no such file).

A `cases/NAME.tree` beside it is its tree, spans left out. With `RNNDSL_UPDATE=1` in the environment the files are written
anew: read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.syntax.support import read, show_diagnostics, show_tree

CASES = Path(__file__).parent / "cases"
UPDATE = bool(os.environ.get("RNNDSL_UPDATE"))


def check(actual: str, path: Path) -> None:
    if UPDATE and actual:
        path.write_text(actual, encoding="utf-8")
    elif UPDATE:
        path.unlink(missing_ok=True)
    assert actual == (path.read_text(encoding="utf-8") if path.exists() else "")


@pytest.mark.parametrize("path", sorted(CASES.glob("*.rnn")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    module, found = read(path.read_text(encoding="utf-8"))
    check(show_diagnostics(found), path.with_suffix(".diagnostics"))
    tree_file = path.with_suffix(".tree")
    if tree_file.exists():
        check(show_tree(module), tree_file)


def test_every_code_of_the_text_is_in_a_case_or_a_limit() -> None:
    from rnndsl.text.codes import text
    from rnndsl.text.diagnostics import Code

    said = "".join(path.read_text(encoding="utf-8") for path in CASES.glob("*.diagnostics"))
    declared = {code.number for code in vars(text).values() if isinstance(code, Code)}
    assert {number for number in declared if number not in said} == set()
