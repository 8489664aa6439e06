"""Diagnostics of the text of a spec, and lints of its looks: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

UNEXPECTED = Code("RNN0001", "unexpected text", "expected {expected}, found {found}")
NO_HEADER = Code("RNN0002", "version missing", "the file does not begin with `rnn 1`")
LATER_VERSION = Code(
    "RNN0003", "unknown version", "the file is written in version {version} of the language: this compiler reads version 1"
)
UNKNOWN_CHARACTER = Code("RNN0004", "unknown character", "`{character}` has no meaning here")
UNTERMINATED_STRING = Code("RNN0005", "unterminated string", 'the string has no closing `"` on its line')
UNCLOSED = Code("RNN0006", "bracket not closed", "`{opening}` is not closed: `{closing}` is missing here")
UNOPENED = Code("RNN0007", "bracket not opened", "`{closing}` closes nothing")
BAD_ESCAPE = Code("RNN0008", "unknown escape", "`{escape}` is not an escape")
BAD_NUMBER = Code("RNN0009", "malformed number", "`{text}` is not a number")
RESERVED_WORD = Code("RNN0010", "reserved word", "`{word}` is a reserved word, so it cannot {use}")
UNKNOWN_KEYWORD = Code("RNN0011", "unknown keyword", "`{word}` begins no {what}")
WRONG_SIGN = Code("RNN0012", "wrong sign", "`{found}` where `{wanted}` is meant: {why}")
REPEATED_CLAUSE = Code("RNN0013", "clause given twice", "`{clause}` is given twice")
BAD_ARGUMENT_NAME = Code("RNN0014", "not a name", "{what} before `=` must be a name")
BAD_RECORD = Code("RNN0015", "record without names", "values in parentheses are a record, so each has a name: `(h = a, c = b)`")
CHAINED_COMPARISON = Code("RNN0016", "chained comparison", "comparisons do not chain")
FUTURE = Code("RNN0017", "read of a later step", "`[t + …]` would read a step that has not been computed")
SAME_LINE = Code("RNN0018", "two statements on a line", "a second statement on one line", "lint")
NAMING = Code("RNN0019", "style of a name", "{what} `{name}` is not written in {style}", "lint")
EARLY_END = Code("RNN0021", "definition ends early", "`}}` ends the definition here, and statements follow")
LOST_DOC = Code("RNN0020", "doc comment of nothing", "no definition or statement follows this doc comment", "lint")
