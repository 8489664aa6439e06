"""The parser's tables, as `rnndsl.syntax.generate` made them."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

from rnndsl.records import record


@record
class Tables:
    """`rows[state][symbol]` is a state to go to or, if negative, `-1 - rule`. A rule is (symbol, length, action)."""

    rows: list[dict[str, int]]
    rules: list[tuple[str, int, str | None]]
    end: int
    scanner: re.Pattern[str]
    path: re.Pattern[str]
    words: frozenset[str]
    grammar_sha256: str


@functools.cache
def load() -> Tables:
    """The tables of this version; nothing is rebuilt."""
    data = json.loads(Path(__file__).with_name("tables.json").read_text(encoding="utf-8"))
    patterns = data["patterns"]
    marks = "|".join(re.escape(mark) for mark in data["marks"])
    kinds = [(kind, patterns[kind]) for kind in ("SPACE", "COMMENT", "NAME", "NUMBER")]
    kinds += [("MARK", marks), ("STRING", patterns["STRING"]), ("OPEN_STRING", r'"[^\n]*'), ("BAD", r"\w+|&&|\|\||\S")]
    scanner = f"(?:{'|'.join(f'(?P<{kind}>{pattern})' for kind, pattern in kinds)})"
    rules = [(symbol, length, None if action == "pass" else action) for symbol, length, action in data["rules"]]
    return Tables(
        data["rows"],
        rules,
        data["end"],
        re.compile(scanner),
        re.compile(patterns["PATH"]),
        frozenset(data["words"]),
        data["grammar_sha256"],
    )
