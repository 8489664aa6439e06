"""What is written so in Python and other languages, and how it is written here: the texts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rnndsl.text.wording import Hint

IN_BRACES = Hint("the statements of a body stand in `{ }`")
END_EARLY = Hint("leave it out, or write the `{` that is missing above")
NO_EXCEPTIONS = Hint("nothing is checked by statements: dims and dtypes are checked by types, `input x: [n, 3]`")
COMMENT = Hint("a comment begins with `#`")
EQUATION = Hint("an equation is written `name = value`")
ONCE = Hint("a name is defined once: give the new value a name of its own")
FUNCTION = Hint("a function is one expression with a name: `fn f(x) = …`")
IMPORT = Hint(
    'what is imported is named: `import "cells.rnn" (Name)`, or `import std.cells (Name)`; Python\'s modules are not needed'
)
CONDITIONAL = Hint("write `if c then a else b`")
PRINT = Hint("nothing is printed: make it an `output`")
SEVERAL_NAMES = Hint("names are defined one by one: `parts = split(x, 2)`, then `parts[0]`")
ATTRIBUTE_DEFINED = Hint("a name is defined without anything before it, `self` neither")
UNPACKED = Hint("arguments are written out one by one")
COMPREHENSION = Hint("a list is written out; `for k in 0..n { … }` repeats statements, `tabulate(n, f)` makes a constant")
SLICE = Hint("a slice is written `x[a..b]`, and an axis goes by its name: `x[time = 0]`")
ELLIPSIS = Hint("leading axes are left out: `x[0]` is of the last trailing dim")
TYPED_PARAMETER = Hint("the parameters of a function have no types")
STRING_PREFIX = Hint("a string has nothing before its quotes")
MEMBERSHIP = Hint("`in` stands in `for k in …` alone: write `a == b or a == c`")
DECORATOR = Hint("a definition has no decorators")
NO_INITIAL = Hint("a state has an initial value: `= zeros`")
DOTTED_PATH = Hint("a path is written with `/`")
LOOSE_RANGE = Hint("a range stands after `for … in` and between index brackets")
EMPTY_RECORD = Hint("a record has at least one field: `(h = a)`")
LOOSE_STATEMENT = Hint("statements stand in the body of a block, cell or model")
LOOSE_WITH = Hint("`with (…)` stands after a layer's constructor, a scope's name or a model's parameters")

SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "=": "`=` defines a value",
        "~": "`~` gives an initialiser",
        "<-": "`<-` assigns in an `update`",
        "->": "`->` maps a name to another",
    }
)
"""What signs that are easily confused stand for."""

MEANT: Mapping[str, str] = MappingProxyType(
    {
        **{
            sign: f"write `{word}`"
            for sign, word in {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "^": "**"}.items()
        },
        **dict.fromkeys("'“”‘’`", "strings are in double quotes"),
        ";": "statements need no `;` between them",
        "?": CONDITIONAL,
        "\\": "a statement goes on over lines without a sign",
    }
)
"""What is said to signs of other languages."""

_WORDS = {
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

WORDS: Mapping[str, Hint] = MappingProxyType({word: Hint(said) for word, said in _WORDS.items()})
"""Words of other languages."""


def untyped(name: str) -> Hint:
    """`y: f32 = x`."""
    return Hint(f"a value has no type of its own: `{name} = …`")


def unnamed(function: str) -> Hint:
    """`f(x)` as a statement."""
    return Hint(f"a value has a name: `y = {function}(…)`")


def type_in_parentheses(dtype: str) -> Hint:
    """`f32(batch, 3)`."""
    return Hint(f"a type is written `{dtype}[batch, 3]`")


def type_missing(keyword: str, name: str) -> Hint:
    """`state h = zeros`."""
    return Hint(f"{EQUATION}; the `{keyword}` needs its type: `{keyword} {name}: [n]`")
