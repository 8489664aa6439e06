"""Arithmetic on plain numbers at compile time, with bounds on its results."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from rnndsl.codes import names as name_codes
from rnndsl.codes.sizes import NUMBER_TOO_LARGE
from rnndsl.source import Span

_LIMIT = 1 << 63


def compute(function: Callable[..., Any], arguments: list[Any], span: Span) -> int | float | bool:
    """`function(*arguments)` as a number of the language; overflow, division by zero and the like are diagnosed at `span`."""
    if function is _power:
        _check_power(arguments, span)
    try:
        result = function(*arguments)
    except ZeroDivisionError:
        name_codes.DIVIDES_BY_ZERO(span, problem="division by zero").throw()
    except OverflowError:
        NUMBER_TOO_LARGE(span).throw()
    except (ValueError, TypeError) as error:
        name_codes.DIVIDES_BY_ZERO(span, problem=str(error)).throw()
    if isinstance(result, complex):
        name_codes.DIVIDES_BY_ZERO(span, problem="the result is not a real number").throw()
    if isinstance(result, int) and not isinstance(result, bool) and not -_LIMIT <= result < _LIMIT:
        NUMBER_TOO_LARGE(span).throw()
    return result


def _power(a: Any, b: Any) -> Any:
    return a**b


def _check_power(arguments: list[Any], span: Span) -> None:
    base, exponent = arguments
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 and exponent > 64:
        NUMBER_TOO_LARGE(span).throw()


SCALAR_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "and": operator.and_,
    "or": operator.or_,
}
BOOLEAN_OPERATORS = frozenset({"and", "or"})
EQUALITIES = frozenset({"==", "!="})
