"""What is written so in Python and other languages, and how it is written here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rnndsl.syntax import words
from rnndsl.syntax.fault import LOOKBACK, Fault, is_word

BLOCKS = "the statements of a body stand in `{ }`"
NO_EXCEPTIONS = "nothing is checked by statements: dims and dtypes are checked by types, `input x: [n, 3]`"
COMMENT = "a comment begins with `#`"
EQUATION = "an equation is written `name = value`"
ONCE = "a name is defined once: give the new value a name of its own"
FUNCTION = "a function is one expression with a name: `fn f(x) = …`"

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "class": "a definition begins with `block`, `cell` or `model`",
        "struct": "a definition begins with `block`, `cell` or `model`",
        "module": "a definition begins with `block`, `cell` or `model`",
        "def": FUNCTION,
        "func": FUNCTION,
        "function": FUNCTION,
        "lambda": FUNCTION,
        "let": EQUATION,
        "val": EQUATION,
        "auto": EQUATION,
        "int": EQUATION,
        "float": EQUATION,
        "double": EQUATION,
        "return": "a result is written `output value`",
        "yield": "a result is written `output value`",
        "while": "time is run over by `scan`; `for k in 0..n { … }` repeats statements",
        "do": "time is run over by `scan`; `for k in 0..n { … }` repeats statements",
        "elif": "write `else if`",
        "elseif": "write `else if`",
        "elsif": "write `else if`",
        "switch": "write `if … { } else if … { }`",
        "match": "write `if … { } else if … { }`",
        "pass": "an empty body is written `{ }`",
        "del": "nothing is deleted: a value that is not used is not computed",
        "global": "a name of the file is read as it is",
        "nonlocal": "a name around a definition is not seen in it: hand it over as a parameter or an input",
        "assert": 'write `require COND, "what is wanted"`',
        "raise": NO_EXCEPTIONS,
        "throw": NO_EXCEPTIONS,
        "try": NO_EXCEPTIONS,
        "except": NO_EXCEPTIONS,
        "is": "write `==`",
        "from": 'what another file defines is imported by `import "cells.rnn" (Name)`, or `import std.cells (Name)`',
    }
)
"""Words of other languages."""

IMPORT = 'what is imported is named: `import "cells.rnn" (Name)`, or `import std.cells (Name)`; Python\'s modules are not needed'


def habit(fault: Fault) -> str | None:
    """How the text at the fault, or just before it, is written here."""
    for rule in RULES:
        found = rule(fault)
        if found:
            return found
    return None


def _comment(fault: Fault) -> str | None:
    """`//` before the fault on its line, or `/*` or `--` at its beginning."""
    j = fault.i
    while j > 0 and not fault.tokens[j].first and fault.i - j < LOOKBACK:
        if fault.tokens[j].type == "//":
            return COMMENT
        j -= 1
    first = fault.tokens[j]
    pair = first.type, fault.tokens[min(j + 1, len(fault.tokens) - 1)].type
    return COMMENT if first.type == "//" or pair in (("/", "*"), ("-", "-")) else None


def _word(fault: Fault) -> str | None:
    """A word of `WORDS` that begins a statement, or may stand in one, at the fault or just before it."""
    for steps in range(2):
        token, before = fault.before(steps), fault.before(steps + 1)
        if token is None or token.text not in WORDS or not is_word(token):
            continue
        if token.first or token.text in ("is", "lambda") or (before and before.type in ("{", "}")):
            return WORDS[token.text]
    return None


def _import(fault: Fault) -> str | None:
    before, earlier = fault.before(), fault.before(2)
    is_import = (before and before.type == "import") or (earlier and earlier.type == "import")
    return IMPORT if is_import and fault.token.type not in words.CLOSING else None


def _conditional(fault: Fault) -> str | None:
    """`a if c else b`."""
    if fault.token.first:
        return None
    line = [each.type for each in fault.line_before()]
    in_line = "if" in line[:-1] and "then" not in line
    return "write `if c then a else b`" if in_line or (fault.token.type == "if" and fault.is_round()) else None


def _equation(fault: Fault) -> str | None:
    """A statement that begins with a name, and is no equation."""
    token, before = fault.token, fault.before()
    if not fault.begins_equation() or before is None:
        return None
    if token.type in words.OPERATORS and fault.is_joined("="):
        return ONCE
    match token.type:
        case ":":
            return EQUATION if fault.is_joined("=") else f"a value has no type of its own: `{before.text} = …`"
        case "(":
            return (
                "nothing is printed: make it an `output`"
                if before.text == "print"
                else f"a value has a name: `y = {before.text}(…)`"
            )
        case ",":
            return "names are defined one by one: `parts = split(x, 2)`, then `parts[0]`"
        case ".":
            return "a name is defined without anything before it, `self` neither"
        case _:
            return None


def _in_brackets(fault: Fault) -> str | None:
    token, before = fault.token, fault.before()
    if not fault.is_round() or before is None:
        return None
    opening = fault.enclosing[fault.i]
    in_index = fault.tokens[opening].type == "[" and opening > 0 and fault.tokens[opening - 1].type in ("NAME", ")", "]")
    if token.type in ("*", "**") and before.type in ("(", ","):
        return "arguments are written out one by one"
    if token.type == "for":
        return "a list is written out; `for k in 0..n { … }` repeats statements, `tabulate(n, f)` makes a constant"
    if token.type == ":" and in_index:
        return "a slice is written `x[a..b]`, and an axis goes by its name: `x[time = 0]`"
    if token.type == "..." and in_index:
        return "leading axes are left out: `x[0]` is of the last trailing dim"
    if token.type == ":" and fault.tokens[opening - 2].type in words.FUNCTIONS:
        return "the parameters of a function have no types"
    return None


def _others(fault: Fault) -> str | None:
    token, before, earlier = fault.token, fault.before(), fault.before(2)
    if before is None:
        return None
    if token.type == "STRING" and before.type == "NAME" and before.end == token.start:
        return "a string has nothing before its quotes"
    if token.type == "in" or (token.type == "not" and fault.after().type == "in"):
        return "`in` stands in `for k in …` alone: write `a == b or a == c`"
    if token.type == "@" and token.first:
        return "a definition has no decorators"
    if token.type == "=" and fault.is_joined(">"):
        return FUNCTION
    if token.type == "(" and fault.accepts("[") and earlier and earlier.type == ":":
        return f"a type is written `{before.text}[batch, 3]`"
    if token.type == "{" and before.type == ")" and fault.accepts("="):
        return FUNCTION
    if token.type == "=" and fault.accepts(":") and earlier and earlier.type in ("var", "param", "state"):
        return f"{EQUATION}; the `{earlier.type}` needs its type: `{earlier.type} {before.text}: [n]`"
    if token.first and before.type == "]" and fault.accepts("=") and any(each.type == "state" for each in fault.line_before()):
        return "a state has an initial value: `= zeros`"
    return None


RULES: tuple[Callable[[Fault], str | None], ...] = (_comment, _import, _conditional, _equation, _in_brackets, _others, _word)
