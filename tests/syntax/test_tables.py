"""The shipped tables are those of the grammar, and of no use of lark at run time."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from rnndsl.syntax import generate, tables, words


def test_tables_are_current() -> None:
    grammar = generate.GRAMMAR.read_text(encoding="utf-8")
    assert tables.load().grammar_sha256 == hashlib.sha256(grammar.encode()).hexdigest()
    assert generate.TABLES.read_text(encoding="utf-8") == generate.generate(grammar), "run python -m rnndsl.syntax.generate"


def test_a_conflict_is_refused() -> None:
    with pytest.raises(ValueError, match="conflict"):
        generate.generate('start: start "+" start | NAME\nNAME: /a/\n')


def test_words_are_those_of_the_grammar() -> None:
    assert tables.load().words == words.RESERVED | words.CLAUSES | words.FILE_WORDS
    assert not words.CLAUSES & words.RESERVED


def test_parsing_does_not_import_lark() -> None:
    code = "import sys, rnndsl.syntax as s, rnndsl.text.source as r, rnndsl.text.sink as d\n"
    code += "s.parse(r.SourceFile('a', 'rnn 1'), d.Sink())\nassert 'lark' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
