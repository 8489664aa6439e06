"""`map_recurrent(cell, f)`: what the products of a cell read of its past states is `f` of them; what is carried stays.

That is where recurrent dropout belongs (Gal & Ghahramani 2016, equation 7): a gate reads the dropped copy in its product with the
recurrent weights, and a sum such as `z * h[t-1] + (1 - z) * n` the state itself, which would grow without bound if each step
scaled it up.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from rnndsl.elaborate.evaluate import applying
from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import StateRecordInProgress
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import MappedCell, Tensor
from rnndsl.language.ops.elementwise import MUL
from rnndsl.language.ops.table import has
from rnndsl.plan.model import Node, Scan
from rnndsl.records import replace
from rnndsl.text.codes import time as codes


@contextmanager
def reading(session: Session, value: MappedCell) -> Generator[None]:
    """Within it a cell is stepped under the `map_recurrent` that `value` is. Raises SpecError if no product reads a state."""
    step = session.graphs.step
    assert step is not None
    start, before = len(step.body.nodes), dict(step.read_as)
    step.recurrent.append(value)
    try:
        yield
    finally:
        step.recurrent.pop()
    if step.recurrent:
        return  # the outermost sees all of them
    read_as = {old: new for old, new in step.read_as.items() if old not in before}
    if not _redirect(session, step.body, start, read_as):
        codes.no_recurrent_product(value.span).throw()


def reader(session: Session, record: StateRecordInProgress, env: Env) -> Callable[[Tensor], Tensor] | None:
    """What products read of a past value of a state: `f` of it for each `map_recurrent` around the cell, the innermost first."""
    assert session.graphs.step is not None
    name = record.base.rpartition(".")[2]
    around = [each for each in reversed(session.graphs.step.recurrent) if name not in each.skip]
    if not around:
        return None

    def read(value: Tensor) -> Tensor:
        for each in around:
            result = applying.call_value(session, each.function, [value], env, each.span)
            read = session.tensor(result, each.span, value.type.dtype)
            if read.type != value.type:
                codes.mapped_state_type(each.span, record.name, value.type, read.type).throw()
            value = read
        return value

    return read


def _redirect(session: Session, graph: GraphBuilder, start: int, read_as: Mapping[str, str]) -> bool:
    """Lets the products among the nodes from `start` on read what `read_as` says. Whether there was one to change."""
    known: dict[str, Node] = {}
    changed: dict[str, str] = dict(read_as)
    nodes: list[Node | Scan] = []

    def within(name: str) -> str:
        """What a product reads for `name`: itself, or a copy of how it is made from past states."""
        node = known.get(name)
        if name in changed or node is None or not _passes(node):
            return changed.get(name, name)
        args = tuple(within(each) for each in node.args)
        changed[name] = name
        if args != node.args:
            copy = replace(node, id=session.graphs.fresh(), args=args)
            nodes.append(copy)
            graph.ids.add(copy.id)
            changed[name] = copy.id
        return changed[name]

    any_changed = False
    for node in graph.nodes[start:]:
        if isinstance(node, Node) and has(node.op, "product"):
            args = tuple(within(each) for each in node.args)
            any_changed |= args != node.args
            node = replace(node, args=args)
        if isinstance(node, Node):
            known[node.id] = node
        nodes.append(node)
    graph.nodes[start:] = nodes
    return any_changed


def _passes(node: Node) -> bool:
    """Whether a past state may go through `node` on its way into a product: a gate, or a change of shape."""
    return has(node.op, "moves") or node.op == MUL.name
