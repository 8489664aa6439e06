"""What is said about a fault of syntax, and whether one word or sign read otherwise mends it."""

from __future__ import annotations

import difflib

from rnndsl.records import Immutable, record, replace
from rnndsl.syntax import words
from rnndsl.syntax.parsing.fault import Fault
from rnndsl.syntax.parsing.habits import habit
from rnndsl.syntax.parsing.tokens import Token
from rnndsl.text.codes import habits, text
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import MAX_COMPARED, Hint

ORDER = (
    *("PATH", "NAME", "STRING", "NUMBER", "=", ":", "~", "<-", "->", "(", "[", "{"),
    *("then", "else", "in", "for", "from", "by", "as", "t", "..", ",", ")", "]", "}"),
)
"""What a message names first of all that could stand somewhere."""


@record
class Repair(Immutable):
    """A diagnostic, and perhaps the type as which the token `back` places before the faulty one is to be read."""

    diagnostic: Diagnostic
    read_as: str | None = None
    back: int = 0


def explain(fault: Fault) -> Repair:
    """The most telling diagnostic."""
    for rule in (_reserved_definition, _reserved_name, _reserved_value, _misspelt, _stray, _wrong_sign, _comparison, _future):
        repair = rule(fault)
        if repair:
            return repair
    token, before = fault.token, fault.before()
    # what is missing is missing after the last token: the next line is not at fault
    begins = fault.accepts("block") or fault.accepts("layer")
    missing = before is not None and not begins and (token.type == "$END" or (token.first and token.type != "ERROR"))
    span = Span(fault.source, before.end, before.end) if missing and before else fault.span(token)
    return Repair(text.unexpected(span, expected(fault), _written(token), _help(fault)))


def _written(token: Token) -> str | None:
    """What a message shows of a token; None of the end."""
    return None if token.type == "$END" else token.text or token.type


def expected(fault: Fault) -> list[str]:
    """What could stand where the fault is: few of all, as `text.unexpected` takes it."""
    accepts = fault.accepts
    if accepts("NUMBER") and accepts("NAME"):
        return ["value"]
    if accepts("block"):
        return [",", "definition"] if accepts(",") else ["definition"]
    if accepts("layer"):
        also = [] if fault.token.first else [","] if accepts(",") else ["operator"] if accepts("+") else []
        return [*also, "statement"]
    wanted = [kind for kind in ORDER if accepts(kind) and (kind != "=" or not accepts(","))]
    return wanted[:4] or ["$END"]


def _help(fault: Fault) -> Hint | None:
    found = habit(fault)
    if found:
        return found
    token, before = fault.token, fault.before()
    earlier = fault.before(2)
    if token.type == "." and earlier and earlier.type in words.SELECTORS | {"over"}:
        return habits.DOTTED_PATH
    if token.type == "..":
        return habits.LOOSE_RANGE
    if token.type == ")" and before and before.type == "(":
        return habits.EMPTY_RECORD
    if fault.enclosing[fault.i] < 0 and fault.accepts("block") and (token.type in words.STATEMENTS or token.type == "NAME"):
        return habits.LOOSE_STATEMENT if token.first else None
    if token.type == "with" and before:
        return habits.LOOSE_WITH
    return None


# ---------------------------------------------------------------- one rule for each kind of fault


def _reserved_definition(fault: Fault) -> Repair | None:
    """`state = 0.5`: a statement's keyword as the name of an equation."""
    before = fault.before()
    if before is None or before.type not in words.STATEMENTS or not _is_defined(fault, fault.i):
        return None
    if before.type == "output":
        return None
    return Repair(text.reserved_name(fault.span(before), before.text, "value"), "NAME", back=1)


def _is_defined(fault: Fault, i: int) -> bool:
    """Whether `=`, or an index and `=`, stand at token i."""
    if fault.tokens[i].type == "[":
        i = fault.closing[i] + 1
    return fault.tokens[i].type == "="


def _reserved_name(fault: Fault) -> Repair | None:
    """`layer state = …`, `t = 3`: a reserved word where a name is declared."""
    token, before = fault.token, fault.before()
    if token.type not in words.KEYWORDS or not fault.accepts("NAME"):
        return None
    if before and not token.first and before.type in words.NAMING:
        return Repair(text.reserved_name(fault.span(token), token.text, before.type), "NAME")
    if before and not token.first and before.type in words.DEFINITIONS:
        return Repair(text.reserved_name(fault.span(token), token.text, before.type), "NAME")
    if token.type in words.EXPRESSION_WORDS and fault.accepts("layer") and _is_defined(fault, fault.i + 1):
        return Repair(text.reserved_name(fault.span(token), token.text, "value"), "NAME")
    return None


def _reserved_value(fault: Fault) -> Repair | None:
    """`y = state + 1`, where no constructor parameter has that name."""
    token = fault.token
    if token.type not in words.RESERVED or token.first or not fault.accepts("NAME"):
        return None
    if fault.accepts("layer") or token.type in ("then", "else", "in", "and", "or", "with", "for"):
        return None
    return Repair(text.reserved_value(fault.span(token), token.text), "NAME")


def _misspelt(fault: Fault) -> Repair | None:
    """`laier enc = …`, `lodel m(…)`: a word that is nearly a keyword."""
    token, before = fault.token, fault.before()
    if fault.accepts("block") and token.type == "NAME" and fault.enclosing[fault.i] < 0:
        near = _near(token.text, words.FILE_WORDS - {"rnn"} | words.FILE_STATEMENTS)
        return Repair(text.unknown_keyword(fault.span(token), token.text, "definition", near), near) if near else None
    if before is None or before.type != "NAME" or token.first or not fault.accepts("="):
        return None
    earlier = fault.before(2)
    if earlier and earlier.type == "}" and _near(before.text, frozenset({"else", "elif"})):
        meant = "else if" if token.type != "{" else "else"
        return Repair(text.unknown_keyword(fault.span(before), before.text, "statement", meant))
    if not before.first and earlier and earlier.type not in ("{", "}"):
        return None
    if token.type not in ("NAME", "PATH", "STRING", "NUMBER", "*", "**") and token.type not in words.RESERVED:
        return None
    if token.type in words.OPERATORS and fault.is_joined("="):
        return None  # `y *= 2`
    near = None if before.text in habits.WORDS else _near(before.text, words.STATEMENTS)
    return Repair(text.unknown_keyword(fault.span(before), before.text, "statement", near), near, back=1)


def _stray(fault: Fault) -> Repair | None:
    """`output y z`: the z was taken for the start of an equation."""
    before, earlier = fault.before(), fault.before(2)
    if before is None or earlier is None or before.type != "NAME" or before.first or not fault.accepts("="):
        return None
    if (
        fault.is_round()
        or fault.token.type in habits.SIGNS
        or fault.token.type == "=="
        or earlier.type in words.KEYWORDS | {"{", "}"}
    ):
        return None
    near = _near(before.text, words.CLAUSES)
    hint = habits.WORDS.get(earlier.text) or habit(replace(fault, i=fault.i - 1))
    return Repair(text.stray(fault.span(before), before.text, near, hint))


def _near(word: str, known: frozenset[str]) -> str | None:
    if len(word) > MAX_COMPARED:
        return None
    near = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.7)
    return near[0] if near else None


def _wrong_sign(fault: Fault) -> Repair | None:
    """`param w: [n] = zeros`, `update m = x`: one of `=`, `~`, `<-`, `->`, `==` for another."""
    token = fault.token
    if token.type not in habits.SIGNS and token.type != "==":
        return None
    wanted = next((sign for sign in habits.SIGNS if sign != token.type and fault.accepts(sign)), None)
    if wanted is None:
        return None
    return Repair(text.wrong_sign(fault.span(token), token.text, wanted), wanted)


def _comparison(fault: Fault) -> Repair | None:
    token = fault.token
    if token.type not in words.COMPARISONS or not fault.accepts("and"):
        return None
    return Repair(text.chained_comparison(fault.span(token)), "and")


def _future(fault: Fault) -> Repair | None:
    before = fault.before()
    if fault.token.type != "+" or before is None or before.type != "t":
        return None
    return Repair(text.future(fault.span(before).to(fault.span(fault.token))), "-")
