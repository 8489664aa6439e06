"""The words of the language by what they do; those of the grammar, and no other (a test compares them)."""

from __future__ import annotations

DEFINITIONS = frozenset({"block", "cell", "model", "optimizer"})
FILE_WORDS = DEFINITIONS | {"rnn", "import", "layout"}
"""Begin an item of a file, and nothing in a body: names there."""

SELECTORS = frozenset({"init", "freeze", "unfreeze", "collect", "rate", "load"})
NAMING = frozenset(
    {
        "axis",
        "collection",
        "const",
        "fn",
        "for",
        "given",
        "initializer",
        "input",
        "layer",
        "loss",
        "metric",
        "param",
        "residual",
        "scope",
        "signature",
        "state",
        "target",
        "train",
        "var",
    }
)
"""Begin a statement and are followed by the name that it gives."""

STATEMENTS = NAMING | SELECTORS | {"if", "output", "require", "update"}
FUNCTIONS = frozenset({"fn", "initializer"})
FILE_STATEMENTS = frozenset({"axis", "collection", "const", "fn", "initializer"})
EXPRESSION_WORDS = frozenset({"and", "else", "false", "if", "in", "not", "or", "t", "then", "training", "true", "with"})
CLAUSES = frozenset({"after", "as", "at", "before", "bounds", "by", "from", "frozen", "map", "on", "optional", "over", "using"})
"""Have a meaning where the grammar asks for them, and are names elsewhere."""

RESERVED = STATEMENTS | EXPRESSION_WORDS
KEYWORDS = RESERVED | FILE_WORDS
OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = {")": "(", "]": "[", "}": "{"}
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
OPERATORS = COMPARISONS | {"+", "-", "*", "/", "//", "%", "**", "@", "and", "or", "not", "if", "else"}
