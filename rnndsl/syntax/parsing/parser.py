"""The LALR(1) automaton, and what it does at a fault: diagnose, repair or skip, and go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnndsl.syntax import words
from rnndsl.syntax.parsing.build_statements import Builder
from rnndsl.syntax.parsing.fault import Fault
from rnndsl.syntax.parsing.faults import Repair, explain
from rnndsl.syntax.parsing.prepare import Prepared
from rnndsl.syntax.parsing.tokens import Token
from rnndsl.syntax.tables import Tables
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.sink import Sink

MAX_RECOVERIES = 2_000
"""Faults of a text, those that follow from another and are not told included, after which it is not read further."""

Action = Callable[[list[Any], int, int], Any]


class Parser:
    """One parse of one file."""

    def __init__(self, tables: Tables, prepared: Prepared, faulty_lines: set[int], builder: Builder, sink: Sink) -> None:
        self.source = builder.source
        self.rows = tables.rows
        self.end = tables.end
        self.path = tables.path
        self.rules: list[tuple[str, int, Action | None]] = [
            (symbol, length, getattr(builder, action) if action else None) for symbol, length, action in tables.rules
        ]
        self.tokens = prepared.tokens
        self.enclosing = prepared.enclosing
        self.closing = prepared.closing
        self.suspect = prepared.suspect
        self.faulty_lines = faulty_lines
        self.sink = sink
        self.states = [0]
        self.values: list[Any] = [None]
        self.starts = [0]
        self.last_end = 0
        self.failed_at = -1
        self.recoveries = 0
        self.repaired: set[int] = set()  # tokens that were read otherwise, each once at most, so that a parse ends

    def run(self) -> list[Any]:
        """The items of the file."""
        rows, rules, tokens = self.rows, self.rules, self.tokens
        states, values, starts = self.states, self.values, self.starts
        i = 0
        while True:
            token = tokens[i]
            row = rows[states[-1]]
            action = row.get(token.type)
            if token.type == "NAME" and token.text in words.CLAUSES and token.text in row and self._is_clause(i):
                action = row[token.text]
            elif action is None:
                if "PATH" in row and (end := self._path_end(i)):
                    self._shift(row["PATH"], Token("PATH", self.source.text[token.start : end], token.start, end))
                    while tokens[i].start < end:
                        i += 1
                    continue
                if token.alt:
                    action = row.get("NAME")
            if action is None:
                i = self._recover(i)
                if i < 0:
                    return []
                continue
            if action >= 0:
                states.append(action)
                values.append(token)
                starts.append(token.start)
                self.last_end = token.end
                i += 1
                continue
            symbol, length, build = rules[-1 - action]
            if build is None:
                states[-1] = rows[states[-2]][symbol]
                continue
            if length:
                start = starts[-length]
                value = build(values[-length:], start, self.last_end)
                del states[-length:], values[-length:], starts[-length:]
            else:
                start = token.start
                value = build([], start, start)
            goto = rows[states[-1]][symbol]
            if goto == self.end:
                return value
            states.append(goto)
            values.append(value)
            starts.append(start)

    def _shift(self, state: int, token: Token) -> None:
        self.states.append(state)
        self.values.append(token)
        self.starts.append(token.start)
        self.last_end = token.end

    def _is_clause(self, i: int) -> bool:
        """Whether a word such as `over` or `frozen`, where a clause may stand, is no name of an equation after all."""
        return self.tokens[i + 1].type not in ("=", "[")

    def _path_end(self, i: int) -> int:
        """Where the path that begins with token i ends; 0 if none does."""
        token = self.tokens[i]
        if token.first and token.type in words.STATEMENTS:
            return 0
        match = self.path.match(self.source.text, token.start)
        return match.end() if match else 0

    # ------------------------------------------------------------ faults

    def accepts(self, kind: str, height: int | None = None) -> bool:
        """Whether a token of this type could come next, with the stack as it is or cut to `height`."""
        states = self.states[:height]
        while True:
            action = self.rows[states[-1]].get(kind)
            if action is None or action >= 0:
                return action is not None
            symbol, length, _ = self.rules[-1 - action]
            if length:
                del states[-length:]
            goto = self.rows[states[-1]][symbol]
            if goto == self.end:
                return kind == "$END"
            states.append(goto)

    def _recover(self, i: int) -> int:
        """Diagnose the fault at token i and go on; the token to go on with, -1 if there is none."""
        if i == self.failed_at:
            return self._skip(i, i + 1)
        self.recoveries += 1
        if self.recoveries > MAX_RECOVERIES:
            return -1
        repair = explain(Fault(self.source, self.tokens, i, self.accepts, self.closing, self.enclosing))
        if not self._is_known(i, repair.diagnostic):
            self.sink.add(repair.diagnostic)
            if self.sink.full:
                return -1
        if not self._apply(repair, i):
            self.failed_at = i
            return self._skip(i, i)
        return i - repair.back

    def _is_known(self, i: int, found: Diagnostic) -> bool:
        """Whether this fault merely follows from one that has been diagnosed: a bracket not closed, or one on its line."""
        line = self.source.line_number(found.span.start) if found.span else 0
        if self.tokens[i].silent or line in self.faulty_lines:
            return True
        self.faulty_lines.add(line)
        offset = self.tokens[i].start
        if self.enclosing[i] < 0 and any(span.start < offset < span.end for span in self.suspect):
            return True
        opening = self.enclosing[i]
        while opening >= 0 and self.tokens[opening].type != "{":
            if self.tokens[self.closing[opening]].silent:
                return True
            opening = self.enclosing[opening]
        return False

    def _apply(self, repair: Repair, i: int) -> bool:
        """Read tokens[i - back] as the repair says; False if it says nothing."""
        place = i - repair.back
        if repair.read_as is None or place in self.repaired:
            return False
        if repair.back:
            self._cut(len(self.states) - repair.back)
        self.repaired.add(place)
        self.tokens[place].type = repair.read_as
        self.tokens[place].alt = False
        return True

    def _cut(self, height: int) -> None:
        del self.states[height:], self.values[height:], self.starts[height:]

    def _skip(self, fault: int, i: int) -> int:
        """Leave out what cannot be read: the rest of the innermost brackets, header or statement that can be left out whole."""
        if i >= len(self.tokens):
            return -1
        opening = self.enclosing[fault]
        while opening >= 0 and self.tokens[opening].type != "{":
            if self._open_error(opening):
                return self.closing[opening]
            opening = self.enclosing[opening]
        body = self._next_body(fault, opening)
        if body >= 0:
            return body
        while opening >= 0:
            if self._open_error(opening):
                if not self.accepts("output"):
                    return self._next_term(i, self.closing[opening])
                return self._next_statement(i, self.closing[opening])
            opening = self.enclosing[opening]
        height = next((h for h in range(len(self.states), 0, -1) if self.accepts("ERROR", h) and self.accepts("axis", h)), 0)
        if not height:
            return -1
        self._cut(height)
        self._feed_error()
        return self._next_item(i)

    def _open_error(self, opening: int) -> bool:
        """Cut the stack to just after the opening token and put an ERROR there, if the grammar lets it stand."""
        token = self.tokens[opening]
        height = next((h for h in range(len(self.values) - 1, 0, -1) if self.values[h] is token), 0) + 1
        if height == 1:
            return False
        if height < len(self.values) and isinstance(self.values[height], list) and self.accepts("ERROR", height + 1):
            height += 1
        if not self.accepts("ERROR", height):
            return False
        self._cut(height)
        self._feed_error()
        return self.accepts(words.OPENING[token.type])

    def _feed_error(self) -> None:
        place = self.last_end
        while True:
            action = self.rows[self.states[-1]]["ERROR"]
            if action >= 0:
                self._shift(action, Token("ERROR", "", place, place))
                return
            self._reduce(-1 - action, place)

    def _reduce(self, rule: int, place: int) -> None:
        symbol, length, build = self.rules[rule]
        values = self.values[-length:] if length else []
        start = self.starts[-length] if length else place
        value = build(values, start, self.last_end) if build else values[0]
        if length:
            self._cut(len(self.states) - length)
        self.states.append(self.rows[self.states[-1]][symbol])
        self.values.append(value)
        self.starts.append(start)

    # ------------------------------------------------------------ where to go on

    def _next_body(self, fault: int, opening: int) -> int:
        """The `{` of the statement or definition whose header is faulty, with the stack cut to go on there; -1 if none."""
        i = fault
        while self.tokens[i].type not in ("{", "}", "$END"):
            if i > fault and self._begins(i, opening):
                return -1
            i = self.closing.get(i, i) + 1
        if self.tokens[i].type != "{" or self.enclosing[i] != opening:
            return -1
        for height in range(len(self.states), 1, -1):
            if self.accepts("axis", height):
                return -1  # the statement is not on the stack any more
            if self.accepts("{", height) and not self.accepts("NUMBER", height):
                self._cut(height)
                return i
        return -1

    def _begins(self, i: int, opening: int) -> bool:
        token = self.tokens[i]
        if opening < 0:
            return token.type in words.FILE_WORDS or token.type in words.FILE_STATEMENTS
        if self.tokens[i - 1].type == "," and (self._is_equation(i) or token.type not in words.STATEMENTS):
            return False  # `feed = f` of a call without its `(`
        return token.type in words.STATEMENTS or (token.first and (self._is_equation(i) or self._is_misspelt(i)))

    def _is_equation(self, i: int) -> bool:
        if self.tokens[i].type not in words.STATEMENTS and self.tokens[i].type != "NAME":
            return False
        after = i + 1
        if self.tokens[after].type == "[":
            after = self.closing[after] + 1
        return self.tokens[after].type == "="

    def _is_misspelt(self, i: int) -> bool:
        """Two names, which no expression holds side by side, at the start of a line."""
        token, after = self.tokens[i], self.tokens[i + 1]
        return token.type == "NAME" == after.type and not after.first and token.text not in words.CLAUSES

    def _next_statement(self, i: int, closing: int) -> int:
        while i < closing:
            if self._begins(i, 0) or (self.tokens[i].text == "optional" and self.tokens[i + 1].type in words.SELECTORS):
                return i
            i = self.closing.get(i, i) + 1
        return closing

    def _next_term(self, i: int, closing: int) -> int:
        while i < closing and not (self.tokens[i].type == "STRING" and self.tokens[i].first):
            i = self.closing.get(i, i) + 1
        return min(i, closing)

    def _next_item(self, i: int) -> int:
        while self.tokens[i].type != "$END" and not (self.enclosing[i] < 0 and self._begins(i, -1)):
            i = self.closing.get(i, i) + 1
        return i
