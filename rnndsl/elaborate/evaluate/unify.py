"""Brings numbers and tensors together: a plain number takes the dtype of the tensor it meets."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.elaborate.evaluate.lookup import is_tensor
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Tensor, Value
from rnndsl.language.ops.op import Op, Parameter
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import DType
from rnndsl.text.source import Span


def unify_for(session: Session, op: Op, operands: Sequence[tuple[Value, Span]], env: Env) -> list[Tensor]:
    """As `unify`, apart from what `op` takes as truth values or ids."""
    apart: list[DType | None] = [_apart(parameter, value) for parameter, (value, _) in zip(op.tensors, operands, strict=True)]
    alike = [operand for operand, dtype in zip(operands, apart, strict=True) if dtype is None]
    united: list[Tensor] = []
    result: list[Tensor] = []
    for (value, span), dtype in zip(operands, apart, strict=True):
        if dtype is not None:
            result.append(session.tensor(value, span, dtype))
            continue
        united = united or unify(session, alike, env)
        result.append(united.pop(0))
    return result


def _apart(parameter: Parameter, value: Value) -> DType | None:
    """The dtype that `value` has for `parameter`, whatever it is beside."""
    if parameter.takes == "bool":
        return "bool"
    return "i32" if parameter.takes == "ids" and _are_ids(value) else None


def unify(session: Session, operands: Sequence[tuple[Value, Span]], env: Env) -> list[Tensor]:
    """`operands` as tensors of one dtype as far as numbers go; tensors keep their own, for the type rule to judge."""
    made = [session.tensor(v, s) if is_tensor(v) else None for v, s in operands]
    known: DType | None = next((t.type.dtype for t in made if t is not None), None)
    dtype = known or _of_numbers([v for v, _ in operands], env)
    return [t or session.tensor(v, s, dtype) for t, (v, s) in zip(made, operands, strict=True)]


def alone(session: Session, value: Value, span: Span, env: Env) -> Tensor:
    """`value` as a tensor by itself: plain numbers have the dtype in force, plain truth values bool."""
    truth = all(isinstance(leaf, bool) for leaf in _leaves(value))
    return session.tensor(value, span, "bool" if truth else env.defaults.dtype)


def _are_ids(value: Value) -> bool:
    """Whether `value` is plain whole numbers."""
    return all(isinstance(leaf, int) and not isinstance(leaf, bool) for leaf in _leaves(value))


def _of_numbers(values: Sequence[Value], env: Env) -> DType:
    """The dtype of an operation on plain numbers alone: bool, or the dtype in force."""
    flat = [leaf for value in values for leaf in _leaves(value)]
    if flat and all(isinstance(leaf, bool) for leaf in flat):
        return "bool"
    own = env.defaults.dtype
    return own if own in FLOATS else "f32"


def _leaves(value: Value) -> list[Value]:
    return [leaf for each in value for leaf in _leaves(each)] if isinstance(value, list) else [value]
