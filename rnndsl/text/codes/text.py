"""Diagnostics of the text itself: see `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.codes.habits import END_EARLY, IN_BRACES, MEANT, SIGNS, WORDS
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import Hint, article, either, meant

UNEXPECTED = Code("RNN0001", "unexpected text")
NO_HEADER = Code("RNN0002", "version missing")
LATER_VERSION = Code("RNN0003", "unknown version")
UNKNOWN_CHARACTER = Code("RNN0004", "unknown character")
UNTERMINATED_STRING = Code("RNN0005", "unterminated string")
UNCLOSED = Code("RNN0006", "bracket not closed")
UNOPENED = Code("RNN0007", "bracket not opened")
BAD_ESCAPE = Code("RNN0008", "unknown escape")
BAD_NUMBER = Code("RNN0009", "malformed number")
RESERVED_WORD = Code("RNN0010", "reserved word")
UNKNOWN_KEYWORD = Code("RNN0011", "unknown keyword")
WRONG_SIGN = Code("RNN0012", "wrong sign")
REPEATED_CLAUSE = Code("RNN0013", "clause given twice")
BAD_ARGUMENT_NAME = Code("RNN0014", "not a name")
BAD_RECORD = Code("RNN0015", "record without names")
CHAINED_COMPARISON = Code("RNN0016", "chained comparison")
FUTURE = Code("RNN0017", "read of a later step")
SAME_LINE = Code("RNN0018", "two statements on a line", severity="lint")
NAMING = Code("RNN0019", "style of a name", severity="lint")
LOST_DOC = Code("RNN0020", "doc comment of nothing", severity="lint")
EARLY_END = Code("RNN0021", "definition ends early")

LONGEST_STRING = 40
"""The most characters of a string that a message shows."""

ROLES = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "PATH": "a path such as `enc/**`",
    "$END": "the end of the file",
    "value": "a value",
    "expression": "an expression",
    "operator": "an operator",
    "statement": "a statement",
    "definition": "a definition",
}
"""What may stand somewhere, in words; a sign stands for itself."""

NAMED = {"const": "a constant", "fn": "a function", "for": "a variable", "train": "a training step", "var": "a variable"}
"""What the name after a keyword names, if not a thing called so too."""


# ---------------------------------------------------------------- signs and words


def unexpected(span: Span, wanted: Sequence[str], found: str | None, hint: Hint | None = None) -> Diagnostic:
    """`wanted`: keys of `ROLES` and signs. `found`: the token as written, None at the end of the file."""
    expected = either([ROLES.get(kind, f"`{kind}`") for kind in wanted])
    return UNEXPECTED(span, f"expected {expected}, found {_shown(found)}").suggest(hint)


def no_body(span: Span, found: str) -> Diagnostic:
    """`if c:` where the body stands in braces."""
    return unexpected(span, ["{"], found, IN_BRACES)


def stray(span: Span, word: str, near: str | None, hint: Hint | None) -> Diagnostic:
    """A name after a finished statement, perhaps the clause `near` misspelt."""
    return unexpected(span, ["operator", "statement"], word, meant(near) if near else hint)


def _shown(token: str | None) -> str:
    if token is None:
        return ROLES["$END"]
    if token[0] == '"':
        return f"the string {token if len(token) < LONGEST_STRING else token[: LONGEST_STRING - 4] + '…'}"
    return f"`{token}`"


def unknown_keyword(span: Span, word: str, what: str, near: str | None) -> Diagnostic:
    """`what`: statement or definition, which `word` does not begin, but `near` would."""
    return UNKNOWN_KEYWORD(span, f"`{word}` begins no {what}").suggest(meant(near) if near else WORDS.get(word))


def reserved_name(span: Span, word: str, keyword: str) -> Diagnostic:
    """A reserved word where `keyword` (value, layer, const…) is given its name."""
    return _reserved(span, word, f"name {NAMED.get(keyword, article(keyword))}")


def reserved_value(span: Span, word: str) -> Diagnostic:
    return _reserved(span, word, "stand for a value")


def _reserved(span: Span, word: str, use: str) -> Diagnostic:
    wrong = RESERVED_WORD(span, f"`{word}` is a reserved word, so it cannot {use}")
    return wrong.suggest("`t` is the time step, in `h[t-1]`" if word == "t" else None)


def wrong_sign(span: Span, found: str, wanted: str) -> Diagnostic:
    """`wanted`: a key of `SIGNS`."""
    return WRONG_SIGN(span, f"`{found}` where `{wanted}` is meant: {SIGNS[wanted]}")


def chained_comparison(span: Span) -> Diagnostic:
    return CHAINED_COMPARISON(span, "comparisons do not chain").suggest("write `a < b and b < c`")


def future(span: Span) -> Diagnostic:
    wrong = FUTURE(span, "`[t + …]` would read a step that has not been computed")
    return wrong.suggest("only earlier steps: `[t - 1]`")


def repeated_clause(span: Span, clause: str) -> Diagnostic:
    return REPEATED_CLAUSE(span, f"`{clause}` is given twice")


def repeated_order(span: Span) -> Diagnostic:
    """`train` with `before` and `after`, or one of them twice."""
    return REPEATED_CLAUSE(span, "`before` or `after` is given twice").suggest("updates run on one side of the optimizer")


def not_a_name(span: Span) -> Diagnostic:
    return BAD_ARGUMENT_NAME(span, "what stands before `=` must be a name")


def dotted_argument(span: Span) -> Diagnostic:
    return not_a_name(span).suggest("dotted names are fields of a record: `initial = (lstm.h = a)`")


def unnamed_field(span: Span) -> Diagnostic:
    wrong = BAD_RECORD(span, "values in parentheses are a record, so each has a name: `(h = a, c = b)`")
    return wrong.suggest("a list is written in `[ ]`")


# ---------------------------------------------------------------- brackets


def unclosed(span: Span, opening: str, closing: str, opened: Span) -> Diagnostic:
    wrong = UNCLOSED(span, f"`{opening}` is not closed: `{closing}` is missing here")
    return wrong.note(f"the `{opening}` opened here", opened)


def unopened(span: Span, closing: str, ended: Span | None) -> Diagnostic:
    """`ended`: the bracket that had ended the definition, if one is known to have ended it too early."""
    wrong = UNOPENED(span, f"`{closing}` closes nothing")
    return wrong.note("the definition ends here already", ended) if ended else wrong


def early_end(span: Span) -> Diagnostic:
    return EARLY_END(span, "`}` ends the definition here, and statements follow").suggest(END_EARLY)


# ---------------------------------------------------------------- the file, characters, strings and numbers


def no_header(span: Span) -> Diagnostic:
    return NO_HEADER(span, "the file does not begin with `rnn 1`").suggest("begin the file with `rnn 1`")


def later_version(span: Span, version: str) -> Diagnostic:
    return LATER_VERSION(span, f"the file is written in version {version} of the language: this compiler reads version 1")


def foreign_letter(span: Span, letters: str) -> Diagnostic:
    return _character(span, letters).suggest("names are written in the letters A to Z, digits and `_`")


def foreign_sign(span: Span, sign: str) -> Diagnostic:
    """A sign of another language, or of none."""
    return _character(span, sign).suggest(MEANT.get(sign))


def _character(span: Span, character: str) -> Diagnostic:
    shown = character if character.isprintable() else ascii(character)[1:-1]
    return UNKNOWN_CHARACTER(span, f"`{shown}` has no meaning here")


def unterminated_string(span: Span) -> Diagnostic:
    return UNTERMINATED_STRING(span, 'the string has no closing `"` on its line')


def bad_escape(span: Span, escape: str) -> Diagnostic:
    wrong = BAD_ESCAPE(span, f"`{escape}` is not an escape")
    return wrong.suggest('the escapes are `\\"`, `\\\\`, `\\n` and `\\t`')


def no_leading_zero(span: Span, digits: str) -> Diagnostic:
    return BAD_NUMBER(span, f"`.{digits}` is not a number").suggest(f"write `0.{digits}`")


def no_decimals(span: Span, written: str) -> Diagnostic:
    """`1.`, which lacks what follows the point."""
    return _number(span, written).suggest(f"write `{written}0`")


def grouped_digits(span: Span, written: str) -> Diagnostic:
    return _number(span, written).suggest("digits are not grouped: leave out the `_`")


def malformed_number(span: Span, written: str) -> Diagnostic:
    return _number(span, written)


def _number(span: Span, written: str) -> Diagnostic:
    return BAD_NUMBER(span, f"`{written}` is not a number")


# ---------------------------------------------------------------- style


def lost_doc(span: Span) -> Diagnostic:
    wrong = LOST_DOC(span, "no definition or statement follows this doc comment")
    return wrong.suggest("`#` begins a plain comment")


def same_line(span: Span) -> Diagnostic:
    return SAME_LINE(span, "a second statement on one line").suggest("`rnndsl fmt` parts them")


def naming(span: Span, what: str, name: str, style: str) -> Diagnostic:
    """`what`: model, layer, value…; `style`: UpperCamelCase or snake_case."""
    return NAMING(span, f"the {what} `{name}` is not written in {style}")
