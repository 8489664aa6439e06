"""Walks over statements, and over all that a tree has."""

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


def every_node(root: tree.Node) -> Iterator[tree.Node]:
    """`root` and all below it, an outer node before those within."""
    pending: list[object] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Node):
            yield node
            pending += [getattr(node, name) for name in node.__fields__ if name != "span"]
        elif isinstance(node, tuple):
            pending += node  # pyright: ignore[reportUnknownArgumentType]
