"""What is said about a fault of syntax, and whether one word or sign read otherwise mends it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from rnndsl.syntax import words
from rnndsl.syntax.fault import Fault
from rnndsl.syntax.habits import WORDS, habit
from rnndsl.syntax.tokens import Token
from rnndsl.text.codes import text
from rnndsl.text.diagnostics import MAX_COMPARED, Diagnostic
from rnndsl.text.source import Span

SIGNS = {
    "=": "`=` defines a value",
    "~": "`~` gives an initialiser",
    "<-": "`<-` assigns in an `update`",
    "->": "`->` maps a name to another",
}
ROLES = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "PATH": "a path such as `enc/**`",
    "$END": "the end of the file",
}
ORDER = (
    *("PATH", "NAME", "STRING", "NUMBER", "=", ":", "~", "<-", "->", "(", "[", "{"),
    *("then", "else", "in", "for", "from", "by", "as", "t", "..", ",", ")", "]", "}"),
)
"""What a message names first of all that could stand somewhere."""

CALLED = {"const": "a constant", "fn": "a function", "for": "a variable", "train": "a training step", "var": "a variable"}
"""What the name after a keyword names, if not a thing called so too."""


@dataclass(frozen=True, slots=True)
class Repair:
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
    found = text.UNEXPECTED(span, expected=expected(fault), found=describe(token))
    return Repair(found.suggest(_help(fault)))


def describe(token: Token) -> str:
    """How a message calls a token."""
    if token.type == "$END":
        return "the end of the file"
    if token.type == "STRING":
        return f"the string {token.text if len(token.text) < 40 else token.text[:36] + '…'}"
    return f"`{token.text or token.type}`"


def expected(fault: Fault) -> str:
    """What could stand where the fault is, in few words."""
    accepts = fault.accepts
    if accepts("NUMBER") and accepts("NAME"):
        return "a value"
    if accepts("block"):
        return "`,` or a definition" if accepts(",") else "a definition"
    if accepts("layer"):
        also = "" if fault.token.first else "`,` or " if accepts(",") else "an operator or " if accepts("+") else ""
        return f"{also}a statement"
    wanted = [kind for kind in ORDER if accepts(kind) and (kind != "=" or not accepts(","))]
    if not wanted:
        return "the end of the file"
    names = [ROLES.get(kind, f"`{kind}`") for kind in wanted[:4]]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _help(fault: Fault) -> str | None:
    found = habit(fault)
    if found:
        return found
    token, before = fault.token, fault.before()
    earlier = fault.before(2)
    if token.type == "." and earlier and earlier.type in words.SELECTORS | {"over"}:
        return "a path is written with `/`"
    if token.type == "..":
        return "a range stands after `for … in` and between index brackets"
    if token.type == ")" and before and before.type == "(":
        return "a record has at least one field: `(h = a)`"
    if fault.enclosing[fault.i] < 0 and fault.accepts("block") and (token.type in words.STATEMENTS or token.type == "NAME"):
        return "statements stand in the body of a block, cell or model" if token.first else None
    if token.type == "with" and before:
        return "`with (…)` stands after a layer's constructor, a scope's name or a model's parameters"
    return None


# ---------------------------------------------------------------- one rule for each kind of fault


def _reserved_definition(fault: Fault) -> Repair | None:
    """`state = 0.5`: a statement's keyword as the name of an equation."""
    before = fault.before()
    if before is None or before.type not in words.STATEMENTS or not _is_defined(fault, fault.i):
        return None
    if before.type == "output":
        return None
    return Repair(_reserved(fault.span(before), before.text, "name a value"), "NAME", back=1)


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
        return Repair(_reserved(fault.span(token), token.text, f"name {CALLED.get(before.type, _a(before.type))}"), "NAME")
    if before and not token.first and before.type in words.DEFINITIONS:
        return Repair(_reserved(fault.span(token), token.text, f"name a {before.type}"), "NAME")
    if token.type in words.EXPRESSION_WORDS and fault.accepts("layer") and _is_defined(fault, fault.i + 1):
        return Repair(_reserved(fault.span(token), token.text, "name a value"), "NAME")
    return None


def _reserved_value(fault: Fault) -> Repair | None:
    """`y = state + 1`, where no constructor parameter has that name."""
    token = fault.token
    if token.type not in words.RESERVED or token.first or not fault.accepts("NAME"):
        return None
    if fault.accepts("layer") or token.type in ("then", "else", "in", "and", "or", "with", "for"):
        return None
    return Repair(_reserved(fault.span(token), token.text, "stand for a value"), "NAME")


def _reserved(span: Span, word: str, use: str) -> Diagnostic:
    found = text.RESERVED_WORD(span, word=word, use=use)
    return found.suggest("`t` is the time step, in `h[t-1]`" if word == "t" else None)


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _misspelt(fault: Fault) -> Repair | None:
    """`laier enc = …`, `lodel m(…)`: a word that is nearly a keyword."""
    token, before = fault.token, fault.before()
    if fault.accepts("block") and token.type == "NAME" and fault.enclosing[fault.i] < 0:
        near = _near(token.text, words.FILE_WORDS - {"rnn"} | words.FILE_STATEMENTS)
        return Repair(_unknown_keyword(fault.span(token), token.text, "definition", near), near) if near else None
    if before is None or before.type != "NAME" or token.first or not fault.accepts("="):
        return None
    earlier = fault.before(2)
    if earlier and earlier.type == "}" and _near(before.text, frozenset({"else", "elif"})):
        return Repair(_unknown_keyword(fault.span(before), before.text, "statement", "else if" if token.type != "{" else "else"))
    if not before.first and earlier and earlier.type not in ("{", "}"):
        return None
    if token.type not in ("NAME", "PATH", "STRING", "NUMBER", "*", "**") and token.type not in words.RESERVED:
        return None
    if token.type in words.OPERATORS and fault.is_joined("="):
        return None  # `y *= 2`
    near = None if before.text in WORDS else _near(before.text, words.STATEMENTS)
    return Repair(_unknown_keyword(fault.span(before), before.text, "statement", near), near, back=1)


def _stray(fault: Fault) -> Repair | None:
    """`output y z`: the z was taken for the start of an equation."""
    before, earlier = fault.before(), fault.before(2)
    if before is None or earlier is None or before.type != "NAME" or before.first or not fault.accepts("="):
        return None
    if fault.is_round() or fault.token.type in SIGNS or fault.token.type == "==" or earlier.type in words.KEYWORDS | {"{", "}"}:
        return None
    near = _near(before.text, words.CLAUSES)
    found = text.UNEXPECTED(fault.span(before), expected="an operator or a statement", found=describe(before))
    helpful = WORDS.get(earlier.text) or habit(replace(fault, i=fault.i - 1))
    return Repair(found.suggest(f"did you mean `{near}`?" if near else helpful))


def _unknown_keyword(span: Span, word: str, what: str, near: str | None) -> Diagnostic:
    found = text.UNKNOWN_KEYWORD(span, word=word, what=what)
    return found.suggest(f"did you mean `{near}`?" if near else WORDS.get(word))


def _near(word: str, known: frozenset[str]) -> str | None:
    if len(word) > MAX_COMPARED:
        return None
    near = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.7)
    return near[0] if near else None


def _wrong_sign(fault: Fault) -> Repair | None:
    """`param w: [n] = zeros`, `update m = x`: one of `=`, `~`, `<-`, `->`, `==` for another."""
    token = fault.token
    if token.type not in SIGNS and token.type != "==":
        return None
    wanted = next((sign for sign in SIGNS if sign != token.type and fault.accepts(sign)), None)
    if wanted is None:
        return None
    return Repair(text.WRONG_SIGN(fault.span(token), found=token.text, wanted=wanted, why=SIGNS[wanted]), wanted)


def _comparison(fault: Fault) -> Repair | None:
    token = fault.token
    if token.type not in words.COMPARISONS or not fault.accepts("and"):
        return None
    return Repair(text.CHAINED_COMPARISON(fault.span(token)).suggest("write `a < b and b < c`"), "and")


def _future(fault: Fault) -> Repair | None:
    before = fault.before()
    if fault.token.type != "+" or before is None or before.type != "t":
        return None
    return Repair(text.FUTURE(fault.span(before).to(fault.span(fault.token))).suggest("only earlier steps: `[t - 1]`"), "-")
