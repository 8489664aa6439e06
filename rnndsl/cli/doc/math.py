"""Equations as MathML, as a paper sets them: subscripts for steps, names of several letters upright."""

from __future__ import annotations

from html import escape

from rnndsl.names.library import Shown
from rnndsl.syntax import tree
from rnndsl.syntax.formatting.expressions import LEVELS, NEGATION, POSTFIX

_OPERATORS = {"*": "⊙", "@": "", "==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "-": "−", "and": "∧", "or": "∨", "%": "mod", "//": "÷"}
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ",
    "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ", "omega": "ω", "sigmoid": "σ",
}  # fmt: skip


def equation(statement: Shown) -> str:
    """An equation as one `<math>` element; the left side carries the step."""
    if isinstance(statement, tree.Equation | tree.Write):
        left = _identifier(_family(statement.name))
    else:
        left = _identifier("output" if statement.name is None else statement.name.name)
    sign = "←" if isinstance(statement, tree.Write) else "="
    return f"<math><mrow>{left}<mo>{sign}</mo>{_expr(statement.value, 0)}</mrow></math>"


def _family(name: tree.IndexedName) -> str:
    return name.name if name.index is None else f"{name.name}[{name.index.span.text}]"


def _identifier(name: str) -> str:
    base, bracket, index = name.partition("[")
    word = _GREEK.get(base, base)
    head, under, tail = word.partition("_")
    if under and tail and not bracket and len(head) == 1:
        return f"<msub>{_symbol(head)}<mtext>{escape(tail)}</mtext></msub>"
    if bracket:
        return f"<msub>{_symbol(word)}<mtext>{escape(index.rstrip(']'))}</mtext></msub>"
    return _symbol(word)


def _symbol(word: str) -> str:
    return f"<mi>{escape(word)}</mi>" if len(word) == 1 else f'<mi mathvariant="normal">{escape(word.replace("_", " "))}</mi>'


def _level(expr: tree.Expr) -> int:
    match expr:
        case tree.Binary():
            return LEVELS[expr.op]
        case tree.Unary():
            return NEGATION if expr.op == "-" else LEVELS["not"]
        case tree.Conditional():
            return 0
        case _:
            return POSTFIX


def _expr(expr: tree.Expr, level: int) -> str:
    inner = _bare(expr)
    return inner if _level(expr) >= level else f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"


def _bare(expr: tree.Expr) -> str:
    match expr:
        case tree.Number():
            return f"<mn>{escape(expr.span.text)}</mn>"
        case tree.Name():
            return _identifier(expr.name)
        case tree.Binary():
            return _binary(expr)
        case tree.Unary():
            sign = "−" if expr.op == "-" else "¬"
            return f"<mrow><mo>{sign}</mo>{_expr(expr.operand, _level(expr))}</mrow>"
        case tree.Delay():
            return _delay(expr)
        case tree.Index():
            parts = "<mo>,</mo>".join(_expr(i, 0) for i in expr.indices)
            return f"<msub>{_expr(expr.target, POSTFIX)}<mrow>{parts}</mrow></msub>"
        case tree.Call():
            return _call(expr)
        case tree.Conditional():
            parts = (
                _expr(expr.yes, 0),
                "<mtext>&#160;if&#160;</mtext>",
                _expr(expr.condition, 0),
                "<mtext>, else&#160;</mtext>",
                _expr(expr.no, 0),
            )
            return f"<mrow>{''.join(parts)}</mrow>"
        case tree.ListExpr():
            return f"<mrow><mo>[</mo>{'<mo>,</mo>'.join(_expr(i, 0) for i in expr.items)}<mo>]</mo></mrow>"
        case _:
            return f"<mtext>{escape(expr.span.text)}</mtext>"


def _binary(expr: tree.Binary) -> str:
    level = LEVELS[expr.op]
    if expr.op == "/":
        return f"<mfrac>{_wrapped(expr.left)}{_wrapped(expr.right)}</mfrac>"
    if expr.op == "**":
        return f"<msup>{_expr(expr.left, POSTFIX)}{_wrapped(expr.right)}</msup>"
    operator = _OPERATORS.get(expr.op, expr.op)
    sign = f"<mo>{escape(operator)}</mo>" if operator else "<mspace width='0.2em'/>"
    return f"<mrow>{_expr(expr.left, level)}{sign}{_expr(expr.right, level + 1)}</mrow>"


def _wrapped(expr: tree.Expr) -> str:
    return f"<mrow>{_expr(expr, 0)}</mrow>"


def _delay(expr: tree.Delay) -> str:
    steps = "" if expr.steps is None else f"<mo>−</mo>{_expr(expr.steps, 6)}"
    return f"<msub>{_expr(expr.target, POSTFIX)}<mrow><mi>t</mi>{steps}</mrow></msub>"


def _call(expr: tree.Call) -> str:
    name = expr.function.name if isinstance(expr.function, tree.Name) else ""
    plain = [a for a in expr.arguments if a.name is None]
    if name == "sqrt" and len(plain) == 1:
        return f"<msqrt>{_expr(plain[0].value, 0)}</msqrt>"
    if name == "abs" and len(plain) == 1:
        return f"<mrow><mo>|</mo>{_expr(plain[0].value, 0)}<mo>|</mo></mrow>"
    if name == "exp" and len(plain) == 1:
        return f"<msup><mi>e</mi>{_wrapped(plain[0].value)}</msup>"
    parts = map(_argument, expr.arguments)
    return f"<mrow>{_expr(expr.function, POSTFIX)}<mo>(</mo>{'<mo>,</mo>'.join(parts)}<mo>)</mo></mrow>"


def _argument(argument: tree.Argument) -> str:
    name = f"<mtext>{escape(argument.name)}</mtext><mo>=</mo>" if argument.name else ""
    return name + _expr(argument.value, 0)
