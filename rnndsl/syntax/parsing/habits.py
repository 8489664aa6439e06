"""What is written so in Python and other languages, found by what stands around a fault; the texts are in `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.syntax import words
from rnndsl.syntax.parsing.fault import LOOKBACK, Fault, is_word
from rnndsl.text.codes import habits
from rnndsl.text.wording import Hint


def habit(fault: Fault) -> Hint | None:
    """How the text at the fault, or just before it, is written here."""
    for rule in RULES:
        found = rule(fault)
        if found:
            return found
    return None


def _comment(fault: Fault) -> Hint | None:
    """`//` before the fault on its line, or `/*` or `--` at its beginning."""
    j = fault.i
    while j > 0 and not fault.tokens[j].first and fault.i - j < LOOKBACK:
        if fault.tokens[j].type == "//":
            return habits.COMMENT
        j -= 1
    first = fault.tokens[j]
    pair = first.type, fault.tokens[min(j + 1, len(fault.tokens) - 1)].type
    return habits.COMMENT if first.type == "//" or pair in (("/", "*"), ("-", "-")) else None


def _word(fault: Fault) -> Hint | None:
    """A word of `WORDS` that begins a statement, or may stand in one, at the fault or just before it."""
    for steps in range(2):
        token, before = fault.before(steps), fault.before(steps + 1)
        if token is None or token.text not in habits.WORDS or not is_word(token):
            continue
        if token.first or token.text in ("is", "lambda") or (before and before.type in ("{", "}")):
            return habits.WORDS[token.text]
    return None


def _import(fault: Fault) -> Hint | None:
    before, earlier = fault.before(), fault.before(2)
    is_import = (before and before.type == "import") or (earlier and earlier.type == "import")
    return habits.IMPORT if is_import and fault.token.type not in words.CLOSING else None


def _conditional(fault: Fault) -> Hint | None:
    """`a if c else b`."""
    if fault.token.first:
        return None
    line = [each.type for each in fault.line_before()]
    in_line = "if" in line[:-1] and "then" not in line
    return habits.CONDITIONAL if in_line or (fault.token.type == "if" and fault.is_round()) else None


def _equation(fault: Fault) -> Hint | None:
    """A statement that begins with a name, and is no equation."""
    token, before = fault.token, fault.before()
    if not fault.begins_equation() or before is None:
        return None
    if token.type in words.OPERATORS and fault.is_joined("="):
        return habits.ONCE
    match token.type:
        case ":":
            return habits.EQUATION if fault.is_joined("=") else habits.untyped(before.text)
        case "(":
            return habits.PRINT if before.text == "print" else habits.unnamed(before.text)
        case ",":
            return habits.SEVERAL_NAMES
        case ".":
            return habits.ATTRIBUTE_DEFINED
        case _:
            return None


def _in_brackets(fault: Fault) -> Hint | None:
    token, before = fault.token, fault.before()
    if not fault.is_round() or before is None:
        return None
    opening = fault.enclosing[fault.i]
    in_index = fault.tokens[opening].type == "[" and opening > 0 and fault.tokens[opening - 1].type in ("NAME", ")", "]")
    if token.type in ("*", "**") and before.type in ("(", ","):
        return habits.UNPACKED
    if token.type == "for":
        return habits.COMPREHENSION
    if token.type == ":" and in_index:
        return habits.SLICE
    if token.type == "..." and in_index:
        return habits.ELLIPSIS
    if token.type == ":" and fault.tokens[opening - 2].type in words.FUNCTIONS:
        return habits.TYPED_PARAMETER
    return None


def _others(fault: Fault) -> Hint | None:
    token, before, earlier = fault.token, fault.before(), fault.before(2)
    if before is None:
        return None
    if token.type == "STRING" and before.type == "NAME" and before.end == token.start:
        return habits.STRING_PREFIX
    if token.type == "in" or (token.type == "not" and fault.after().type == "in"):
        return habits.MEMBERSHIP
    if token.type == "@" and token.first:
        return habits.DECORATOR
    if token.type == "=" and fault.is_joined(">"):
        return habits.FUNCTION
    if token.type == "(" and fault.accepts("[") and earlier and earlier.type == ":":
        return habits.type_in_parentheses(before.text)
    if token.type == "{" and before.type == ")" and fault.accepts("="):
        return habits.FUNCTION
    if token.type == "=" and fault.accepts(":") and earlier and earlier.type in ("var", "param", "state"):
        return habits.type_missing(earlier.type, before.text)
    if token.first and before.type == "]" and fault.accepts("=") and any(each.type == "state" for each in fault.line_before()):
        return habits.NO_INITIAL
    return None


RULES: tuple[Callable[[Fault], Hint | None], ...] = (_comment, _import, _conditional, _equation, _in_brackets, _others, _word)
