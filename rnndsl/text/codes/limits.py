"""Diagnostics of limits on the text: RNN0901 to RNN0909. See `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span

TOO_DEEP = Code("RNN0901", "nested too deep")
NUMBER_TOO_LONG = Code("RNN0902", "number too long")
EXPRESSION_TOO_LONG = Code("RNN0903", "expression too long")
NUMBER_TOO_LARGE = Code("RNN0904", "number too large")
TOO_MANY = Code("RNN0905", "too many faults")
TOO_MANY_REMARKS = Code("RNN0906", "too many remarks", severity="lint")
TEXT_TOO_LONG = Code("RNN0907", "text too long")


def too_deep(span: Span, limit: int) -> Diagnostic:
    wrong = TOO_DEEP(span, f"this is nested over {limit} deep")
    return wrong.suggest("a call or an index counts as two levels: give a part of it a name, `part = …`")


def number_too_long(span: Span, length: int, limit: int) -> Diagnostic:
    return NUMBER_TOO_LONG(span, f"the number has {length} characters: at most {limit} are read")


def expression_too_long(span: Span, limit: int) -> Diagnostic:
    return EXPRESSION_TOO_LONG(span, f"the expression has over {limit} operators")


def number_too_large(span: Span, written: str) -> Diagnostic:
    return NUMBER_TOO_LARGE(span, f"`{written}` is beyond the largest float, 1.8e308")


def too_many_faults(span: Span | None, limit: int) -> Diagnostic:
    return TOO_MANY(span, f"over {limit} faults: the text is not read further")


def too_many_remarks(span: Span | None, limit: int) -> Diagnostic:
    return TOO_MANY_REMARKS(span, f"over {limit} warnings and lints: the others are not told")


def text_too_long(span: Span, limit: int) -> Diagnostic:
    return TEXT_TOO_LONG(span, f"the text has over {limit:,} words, signs and comments")
