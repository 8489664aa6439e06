"""Tree from tokens, expressions: one method for each action of the grammar, called as its rule is reduced.

A method gets the values of the rule's symbols (tokens, nodes, lists; None for what is left out or was faulty) and the offsets
of the text that they cover.
"""

from __future__ import annotations

import math
from typing import Any

from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.syntax.parsing.tokens import Token
from rnndsl.text.codes import limits, text
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

Values = list[Any]
ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


class ExpressionBuilder:
    """Actions of lists and expressions."""

    def __init__(self, source: SourceFile, sink: Sink) -> None:
        self.source = source
        self.sink = sink

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def at(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)

    def as_name(self, token: Token) -> tree.Name:
        return tree.Name(Span(self.source, token.start, token.end), token.text)

    # ------------------------------------------------------------ lists

    def empty(self, values: Values, start: int, end: int) -> Values:
        return []

    def none(self, values: Values, start: int, end: int) -> None:
        return None

    def nothing(self, values: Values, start: int, end: int) -> None:
        return None

    def kept(self, values: Values, start: int, end: int) -> Any:
        return values[0]

    def first(self, values: Values, start: int, end: int) -> Values:
        return [] if values[0] is None else [values[0]]

    def append(self, values: Values, start: int, end: int) -> Values:
        if values[1] is not None:
            values[0].append(values[1])
        return values[0]

    def append_third(self, values: Values, start: int, end: int) -> Values:
        if values[2] is not None:
            values[0].append(values[2])
        return values[0]

    def second(self, values: Values, start: int, end: int) -> Any:
        return values[1]

    def third(self, values: Values, start: int, end: int) -> Any:
        return values[2]

    # ------------------------------------------------------------ atoms

    def reference(self, values: Values, start: int, end: int) -> tree.Name:
        return tree.Name(Span(self.source, start, end), values[0].text)

    def boolean(self, values: Values, start: int, end: int) -> tree.Boolean:
        return tree.Boolean(self.span(start, end), values[0].text == "true")

    def number(self, values: Values, start: int, end: int) -> tree.Number:
        written = values[0].text
        span = Span(self.source, start, end)
        if written.isdigit():
            return tree.Number(span, int(written))
        value = float(written)
        if math.isinf(value):
            self.sink.add(limits.number_too_large(span, written))
            return tree.Number(span, 0.0)
        return tree.Number(span, value)

    def string(self, values: Values, start: int, end: int) -> tree.String:
        token: Token = values[0]
        if "\\" not in token.text:
            return tree.String(self.at(token), token.text.strip('"'))
        parts: list[str] = []
        inner = token.text[1:].removesuffix('"') if not token.text.endswith('\\"') else token.text[1:]
        i = 0
        while i < len(inner):
            if inner[i] != "\\":
                parts.append(inner[i])
                i += 1
                continue
            escape = inner[i + 1 : i + 2]
            if escape in ESCAPES:
                parts.append(ESCAPES[escape])
            elif not token.silent:
                place = token.start + 1 + i
                self.sink.add(text.bad_escape(self.span(place, place + 2), inner[i : i + 2]))
            i += 2
        return tree.String(self.at(token), "".join(parts))

    def raw_string(self, token: Token) -> tree.String:
        """A regular expression or its replacement: of the escapes, `\\"` alone is read."""
        return tree.String(self.at(token), token.text[1:].removesuffix('"').replace('\\"', '"'))

    def collection_set(self, values: Values, start: int, end: int) -> tree.CollectionSet:
        return tree.CollectionSet(self.span(start, end), self.names(values[1]))

    def names(self, tokens: list[Token]) -> tuple[tree.Name, ...]:
        return tuple(self.as_name(token) for token in tokens)

    def list_empty(self, values: Values, start: int, end: int) -> tree.ListExpr:
        return tree.ListExpr(self.span(start, end), ())

    def list(self, values: Values, start: int, end: int) -> tree.ListExpr:
        return tree.ListExpr(self.span(start, end), tuple(values[1]))

    def parenthesised(self, values: Values, start: int, end: int) -> Any:
        """`(a)` is a, `(h = a)` a record."""
        fields: list[tree.Argument] = values[1]
        trailing_comma = values[2] is not None
        if len(fields) == 1 and fields[0].name is None and not trailing_comma:
            return fields[0].value
        unnamed = next((field for field in fields if field.name is None), None)
        if unnamed:
            self.sink.add(text.unnamed_field(unnamed.span))
        return tree.Record(self.span(start, end), tuple(field for field in fields if field.name is not None))

    # ------------------------------------------------------------ operators

    def unary(self, values: Values, start: int, end: int) -> tree.Unary:
        return tree.Unary(Span(self.source, start, end), values[0].type, values[1])

    def binary(self, values: Values, start: int, end: int) -> tree.Binary:
        return tree.Binary(Span(self.source, start, end), values[1].type, values[0], values[2])

    def conditional(self, values: Values, start: int, end: int) -> tree.Conditional:
        return tree.Conditional(self.span(start, end), values[1], values[3], values[5])

    def range(self, values: Values, start: int, end: int) -> tree.Range:
        return tree.Range(self.span(start, end), values[0], values[2])

    def range_from(self, values: Values, start: int, end: int) -> tree.Range:
        return tree.Range(self.span(start, end), values[0], None)

    def range_to(self, values: Values, start: int, end: int) -> tree.Range:
        return tree.Range(self.span(start, end), None, values[1])

    # ------------------------------------------------------------ calls, indices, attributes

    def argument(self, values: Values, start: int, end: int) -> tree.Argument:
        return tree.Argument(Span(self.source, start, end), None, None, values[0])

    def argument_named(self, values: Values, start: int, end: int) -> tree.Argument | None:
        name = dotted(values[0])
        span = values[0].span
        if name is None:
            self.sink.add(text.not_a_name(span))
            return None
        return tree.Argument(self.span(start, end), name, span, values[2])

    def plain_arguments(self, arguments: list[tree.Argument]) -> tuple[tree.Argument, ...]:
        """The arguments of a call, whose names have no dots."""
        for argument in arguments:
            if argument.name is not None and "." in argument.name:
                self.sink.add(text.dotted_argument(argument.name_span or argument.span))
        return tuple(argument for argument in arguments if argument.name is None or "." not in argument.name)

    def call_empty(self, values: Values, start: int, end: int) -> tree.Call:
        return tree.Call(self.span(start, end), values[0], ())

    def call(self, values: Values, start: int, end: int) -> tree.Call:
        return tree.Call(self.span(start, end), values[0], self.plain_arguments(values[2]))

    def attribute(self, values: Values, start: int, end: int) -> tree.Attribute:
        return tree.Attribute(self.span(start, end), values[0], values[2].text, self.at(values[2]))

    def argument_by(self, values: Values, start: int, end: int) -> tree.Argument | None:
        """`time = a..b by s`."""
        stretch: tree.Range = values[2]
        by = replace(stretch, span=Span(self.source, stretch.span.start, values[4].span.end), by=values[4])
        return self.argument_named([*values[:2], by], start, end)

    def index(self, values: Values, start: int, end: int) -> tree.Index | tree.AxisIndex:
        items: list[tree.Expr | tree.Argument] = values[2]
        if not any(isinstance(each, tree.Argument) for each in items):
            return tree.Index(self.span(start, end), values[0], tuple(values[2]))
        named = [each if isinstance(each, tree.Argument) else tree.Argument(each.span, None, None, each) for each in items]
        return tree.AxisIndex(self.span(start, end), values[0], tuple(named))

    def delay_none(self, values: Values, start: int, end: int) -> tree.Delay:
        return tree.Delay(self.span(start, end), values[0], None)

    def delay(self, values: Values, start: int, end: int) -> tree.Delay:
        return tree.Delay(self.span(start, end), values[0], values[4])

    def delay_less(self, values: Values, start: int, end: int) -> tree.Binary:
        """`t - a + b` is `t - (a - b)`."""
        return tree.Binary(self.span(start, end), "-", values[0], values[2])

    def delay_more(self, values: Values, start: int, end: int) -> tree.Binary:
        """`t - a - b` is `t - (a + b)`."""
        return tree.Binary(self.span(start, end), "+", values[0], values[2])


def dotted(expression: Any) -> str | None:
    """`lstm.h` of a chain of attributes, None of anything else."""
    parts: list[str] = []
    while isinstance(expression, tree.Attribute):
        parts.append(expression.name)
        expression = expression.target
    if not isinstance(expression, tree.Name):
        return None
    return ".".join([expression.name, *reversed(parts)])
