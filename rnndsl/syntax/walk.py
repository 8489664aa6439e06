"""Walks over statements."""

from __future__ import annotations

from collections.abc import Iterator

from rnndsl.syntax import tree


def walk(statements: tuple[tree.Statement, ...]) -> Iterator[tree.Statement]:
    """Every statement, those within `if`, `for` and scopes included."""
    for statement in statements:
        yield statement
        match statement:
            case tree.If():
                yield from walk(statement.yes)
                yield from walk(statement.no)
            case tree.For() | tree.Scope():
                yield from walk(statement.body)
            case _:
                pass
