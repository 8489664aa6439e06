"""A syntax tree as indented text, one node a line, for `--print-after syntax`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from rnndsl.syntax import tree

HIDDEN = {"span", "name_span", "module_span", "header", "source", "comments", "version", "items"}


def show_tree(module: tree.Module) -> str:
    """`module` as text, each node with its line and column."""
    lines = [f"Module {module.source.name} version {module.version}"]
    for item in module.items:
        lines.extend(_node("", item, 1))
    return "\n".join(lines) + "\n"


def _node(label: str, node: tree.Node, depth: int) -> Iterator[str]:
    at = node.span.source.position(node.span.start)
    values = {name: getattr(node, name) for name in node.__fields__ if name not in HIDDEN}
    simple = {k: v for k, v in values.items() if not _nodes(v) and v not in ((), None)}
    attributes = "".join(f" {k}={v!r}" for k, v in simple.items())
    yield f"{'  ' * depth}{label}{type(node).__name__}{attributes}  @{at.line}:{at.column}"
    for name, value in values.items():
        for child in _nodes(value):
            yield from _node(f"{name}: ", child, depth + 1)


def _nodes(value: object) -> list[tree.Node]:
    values = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
    return [v for v in values if isinstance(v, tree.Node)]
