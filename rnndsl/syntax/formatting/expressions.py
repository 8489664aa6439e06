"""Expressions to text: one space around operators, no more parentheses than needed, long calls and lists over several lines."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.syntax import tree

WIDTH = 120
LEVELS = {
    "or": 1,
    "and": 2,
    "not": 3,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "//": 6,
    "%": 6,
    "@": 6,
    "**": 8,
}
NEGATION = 7
POSTFIX = 9
ATOM = 10


def flat(expr: tree.Expr) -> str:
    """On one line."""
    return _level(expr)[0]


def _level(expr: tree.Expr) -> tuple[str, int]:
    """The text, and how tightly its outermost operator binds."""
    if isinstance(expr, tree.Number | tree.String):
        return expr.span.text, ATOM
    if isinstance(expr, tree.Name):
        return expr.name, ATOM
    if isinstance(expr, tree.Binary):
        return _binary(expr), LEVELS[expr.op]
    if isinstance(expr, tree.Call):
        return f"{_at(expr.function, POSTFIX)}({', '.join(map(argument, expr.arguments))})", POSTFIX
    if isinstance(expr, tree.Boolean):
        return ("true" if expr.value else "false"), ATOM
    if isinstance(expr, tree.ListExpr):
        return f"[{', '.join(map(flat, expr.items))}]", ATOM
    if isinstance(expr, tree.Record):
        return f"({', '.join(map(argument, expr.fields))})", ATOM
    if isinstance(expr, tree.CollectionSet):
        return f"{{{', '.join(name.name for name in expr.names)}}}", ATOM
    if isinstance(expr, tree.Attribute):
        target = f"({flat(expr.target)})" if isinstance(expr.target, tree.Number) else _at(expr.target, POSTFIX)
        return f"{target}.{expr.name}", POSTFIX
    if isinstance(expr, tree.Index):
        return f"{_at(expr.target, POSTFIX)}[{', '.join(map(flat, expr.indices))}]", POSTFIX
    if isinstance(expr, tree.Delay):
        return _delay(expr), POSTFIX
    if isinstance(expr, tree.AxisIndex):
        return f"{_at(expr.target, POSTFIX)}[{', '.join(map(argument, expr.arguments))}]", POSTFIX
    if isinstance(expr, tree.Range):
        by = f" by {flat(expr.by)}" if expr.by else ""
        return f"{flat(expr.start) if expr.start else ''}..{flat(expr.stop) if expr.stop else ''}{by}", 0
    if isinstance(expr, tree.Unary):
        if expr.op == "not":
            return f"not {_at(expr.operand, LEVELS['not'])}", LEVELS["not"]
        return f"-{_at(expr.operand, NEGATION)}", NEGATION
    return f"if {flat(expr.condition)} then {flat(expr.yes)} else {flat(expr.no)}", 0


def _at(expr: tree.Expr, level: int) -> str:
    text, bound = _level(expr)
    return text if bound >= level else f"({text})"


def _binary(expr: tree.Binary) -> str:
    """A chain such as `a + b - c` is walked in a loop: it may be long."""
    level = LEVELS[expr.op]
    if level == LEVELS["**"]:
        return f"{_at(expr.left, POSTFIX)} ** {_at(expr.right, NEGATION)}"
    parts: list[str] = []
    left: tree.Expr = expr
    while isinstance(left, tree.Binary) and LEVELS[left.op] == level:
        parts.append(f" {left.op} {_at(left.right, level + 1)}")
        left = left.left
        if level == LEVELS["=="]:
            level += 1  # comparisons do not chain
            break
    parts.append(_at(left, level))
    return "".join(reversed(parts))


def _delay(expr: tree.Delay) -> str:
    target = _at(expr.target, POSTFIX)
    if expr.steps is None:
        return f"{target}[t]"
    if isinstance(expr.steps, tree.Number | tree.Name):
        return f"{target}[t-{flat(expr.steps)}]"
    return f"{target}[t - {_at(expr.steps, LEVELS['*'])}]"


def argument(node: tree.Argument) -> str:
    return f"{node.name} = {flat(node.value)}" if node.name else flat(node.value)


def type_text(node: tree.TensorTypeExpr) -> str:
    dims = ", ".join("..." if isinstance(dim, tree.Rest) else flat(dim) for dim in node.dims)
    return f"{node.dtype.name if node.dtype else ''}[{dims}]"


def name_text(node: tree.IndexedName) -> str:
    return node.name if node.index is None else f"{node.name}[{flat(node.index)}]"


# ---------------------------------------------------------------- several lines


def lay_out(before: str, expr: tree.Expr, after: str, indent: str) -> str:
    """`before expr after`, broken at the outermost call or list if it is too long for a line."""
    line = f"{before}{flat(expr)}{after}"
    if len(indent) + len(line) <= WIDTH:
        return line
    if isinstance(expr, tree.Call) and expr.arguments:
        return broken(f"{before}{_at(expr.function, POSTFIX)}(", expr.arguments, f"){after}", indent)
    if isinstance(expr, tree.Record):
        return broken(f"{before}(", expr.fields, f"){after}", indent, comma=len(expr.fields) > 1)
    if isinstance(expr, tree.ListExpr) and expr.items:
        items = [tree.Argument(item.span, None, None, item) for item in expr.items]
        return broken(f"{before}[", items, f"]{after}", indent)
    return line


def broken(before: str, arguments: Sequence[tree.Argument], after: str, indent: str, comma: bool = True) -> str:
    """Each argument on a line of its own."""
    inner = indent + "  "
    lines = [before]
    for i, node in enumerate(arguments):
        end = "," if comma or i + 1 < len(arguments) else ""
        lines.append(inner + lay_out(f"{node.name} = " if node.name else "", node.value, end, inner))
    return "\n".join([*lines, indent + after])
