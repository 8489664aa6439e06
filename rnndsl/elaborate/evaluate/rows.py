"""What a function that looks along leading axes sees in a step: the rows that count there, and no others."""

from __future__ import annotations

from collections.abc import Collection

from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Tensor
from rnndsl.language.builtins import LEAST
from rnndsl.language.ops.op import Op
from rnndsl.text.source import Span


def counting(session: Session, x: Tensor, axes: Collection[str], span: Span) -> Tensor | None:
    """bool: which rows of `x` count, where it is looked at along `axes`; None if all do."""
    step = session.graphs.step
    if step is None or step.body is not session.graphs.builder or not axes:
        return None
    own, found = {*x.type.axes}, None
    for each in step.valid():
        rows = {*each.type.axes}
        if rows <= own and rows & {*axes}:
            found = each if found is None else step.body.add("and", [found, each], span)
    return found


def only_counting(session: Session, op: Op, x: Tensor, axis: str, span: Span) -> Tensor:
    """`x` with what `op` does not see along `axis` in the rows that do not count."""
    valid = counting(session, x, [axis], span)
    if valid is None or not op.unseen:
        return x
    value = False if x.type.dtype == "bool" else LEAST[x.type.dtype] if op.unseen == "least" else 0
    return session.graphs.builder.add("where", [valid, x, session.literal(value, x.type.dtype, span)], span)
