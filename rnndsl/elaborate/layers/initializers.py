"""Initialisers of the language: from an expression and a variable's shape to a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from rnndsl.elaborate.evaluate.binding import bind
from rnndsl.elaborate.evaluate.lookup import binding, is_word
from rnndsl.elaborate.layers.recipes import resolve
from rnndsl.elaborate.state.arithmetic import fits
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerValue
from rnndsl.language.drawing import OPERANDS, START, as_recipe, fans
from rnndsl.language.initializers import problem
from rnndsl.language.ops.op import Required
from rnndsl.language.ops.table import OPS
from rnndsl.plan.model import DType, Initializer
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import clauses
from rnndsl.text.codes import variables as codes
from rnndsl.text.source import Span

_MAX_DEPTH = 50


def inherits(expr: tree.Expr) -> bool:
    """Whether `~ inherited` is written."""
    return is_word(expr, "inherited") is not None


def inherited_or(session: Session, expr: tree.Expr, env: Env) -> InitializerValue | None:
    """INIT, if `expr` says `inherited(INIT)`, itself or by way of a parameter: what holds where nothing is inherited."""
    if isinstance(expr, tree.Name):
        found = binding(session, expr, env)
        return inherited_or(session, found.expr, found.env) if isinstance(found, InitializerValue) else None
    if isinstance(expr, tree.Call) and inherits(expr.function):
        bound = bind("inherited", {"otherwise": Required}, expr)["otherwise"].expr
        return InitializerValue(bound, env) if bound is not None else None
    return None


def recipe(session: Session, value: InitializerValue, path: str, shape: tuple[int, ...], dtype: DType, span: Span) -> Initializer:
    """What `value` comes to for the variable at `path`. Raises SpecError if it does not fit."""
    with session.budget.deeper(span, path, _MAX_DEPTH + 50):
        found = resolve(session, value.expr, replace(value.env, fans=fans(shape)))
    made = Initializer(name=found.name, arguments=dict(found.arguments))
    value_of = made.arguments.get("value", [])
    strange = next((each for each in _leaves(value_of) if not fits(each, dtype)), None)
    if strange is not None:
        codes.initializer_dtype(value.expr.span, made.name, path, strange, dtype).throw()
    wrong = problem(made.name, made.arguments, shape, dtype)
    if wrong:
        shown = OPS[made.name].shown if OPERANDS in made.arguments else made.name
        codes.bad_initializer(value.expr.span, shown, path, wrong).throw()
    return made


def _leaves(value: object) -> list[object]:
    if not isinstance(value, list):
        return [value]
    return [leaf for each in cast("list[object]", value) for leaf in _leaves(each)]


def written_out(
    session: Session, record: VariableRecord, made: Initializer, initializer_of: Callable[[VariableRecord], Initializer]
) -> Initializer:
    """`made`, the initialiser of `record`, with those of the variables that it starts from written out in it, so that it needs no
    other. Raises SpecError if their shapes do not fit or it comes back to itself."""
    return _WrittenOut(session, initializer_of).of(record, made, (record.path,))


class _WrittenOut:
    def __init__(self, session: Session, initializer_of: Callable[[VariableRecord], Initializer]) -> None:
        self.session, self.initializer_of = session, initializer_of

    def of(self, record: VariableRecord, made: Initializer, trail: tuple[str, ...]) -> Initializer:
        """`trail`: the paths of the variables that start from this one, itself last."""
        return Initializer(made.name, self._arguments(record, made.name, made.arguments, trail))

    def _arguments(self, record: VariableRecord, name: str, told: Mapping[str, Any], trail: tuple[str, ...]) -> dict[str, Any]:
        if name == START:
            return self._start(record, told["of"], trail)
        if OPERANDS not in told:
            return dict(told)
        return {**told, OPERANDS: [self._operand(record, each, trail) for each in told[OPERANDS]]}

    def _operand(self, record: VariableRecord, operand: object, trail: tuple[str, ...]) -> object:
        recipe = as_recipe(operand)
        return {"name": recipe[0], "arguments": self._arguments(record, *recipe, trail)} if recipe else operand

    def _start(self, record: VariableRecord, path: str, trail: tuple[str, ...]) -> dict[str, Any]:
        if path in trail:
            codes.bad_initializer(record.span, path, record.path, clauses.starts_in_turn(record.path)).throw()
        other = self.session.registry.variables[path]
        if not _broadcasts(other.shape, record.shape):
            wrong = clauses.start_of_other_shape(other.shape, record.shape)
            codes.bad_initializer(record.span, path, record.path, wrong).throw()
        with self.session.budget.deeper(record.span, path, _MAX_DEPTH):
            made = self.of(other, self.initializer_of(other), (*trail, path))
        recipe = {"name": made.name, "arguments": made.arguments}
        return {"of": path, "recipe": recipe, "shape": list(other.shape), "dtype": other.dtype}


def _broadcasts(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether values of `shape` broadcast to `wanted`."""
    trailing = wanted[len(wanted) - len(shape) :]
    return len(shape) <= len(wanted) and all(n in (1, m) for n, m in zip(shape, trailing, strict=True))
