"""Packs activations of slices: sigmoid(x[a..b]) and sigmoid(x[b..c]) become slices of one sigmoid(x[a..c]).

Where they differ, and each is a + b * tanh(c * x) as a sigmoid is, one tanh is taken of all: a compiler vectorises one function of
a whole block, and not several of parts of it. Numbers are then the same up to rounding, absolute and not relative: a gate that is
nearly 0 has fewer digits. So what a logarithm or a quotient reads stays as it is.

A number that is added to a slice, such as a forget gate's bias, is added as part of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rnndsl.language.ops.elementwise import ADD, MUL
from rnndsl.language.ops.table import OPS, has
from rnndsl.passes.remove_dead import remove_dead
from rnndsl.passes.slices import Slice, as_slice, part_of, slice_of
from rnndsl.plan.attributes import NOTHING, Attributes, Constant, Dim, Shape
from rnndsl.plan.model import Function, Graph, Node, Scan, TensorType
from rnndsl.plan.rewriting import FreshIds, in_order, types_of, used_ids
from rnndsl.records import Immutable, record, replace

_TANH = "tanh"


@record
class _Activation(Immutable):
    """`node`, an activation of a slice, to which the number `plus` is added first. `exact`: its relative error counts."""

    node: Node
    of: Slice
    plus: float
    exact: bool


def pack_activations(function: Function) -> Function:
    """`function` with activations packed in each graph, bodies of scans included."""
    fresh = FreshIds(function.graph)
    return remove_dead(replace(function, graph=_pack(function.graph, fresh)))


def _pack(graph: Graph, fresh: FreshIds) -> Graph:
    nodes = [replace(x, body=_pack(x.body, fresh)) if isinstance(x, Scan) else x for x in graph.nodes]
    types = types_of(graph)
    groups: dict[str, list[_Activation]] = {}
    for each in _activations(nodes):
        groups.setdefault(each.of.source, []).append(each)
    made: dict[str, list[Node]] = {}
    for group in groups.values():
        for run in _runs(group):
            if len(run) > 1:
                made.update(_Packed(run, types, fresh).nodes())
    if not made:
        return replace(graph, nodes=tuple(nodes))
    return replace(graph, nodes=in_order([new for node in nodes for new in made.get(node.id, (node,))]))


# ---- what can be packed


def _activations(nodes: Sequence[Node | Scan]) -> Iterator[_Activation]:
    slices: dict[str, tuple[Slice, float]] = {}
    numbers: dict[str, float] = {}
    exact = _read_exactly(nodes)
    for node in nodes:
        if isinstance(node, Scan):
            continue
        if isinstance(node.attrs, Constant) and isinstance(node.attrs.value, int | float):
            numbers[node.id] = float(node.attrs.value)
        selected = slice_of(node)
        if selected is not None:
            slices[node.id] = selected, 0.0
        elif node.op == ADD.name and (shifted := _shifted(node, slices, numbers)) is not None:
            slices[node.id] = shifted
        elif OPS[node.op].kind == "unary" and has(node.op, "elementwise") and node.args[0] in slices:
            yield _Activation(node, *slices[node.args[0]], exact=node.id in exact)


def _shifted(node: Node, slices: Mapping[str, tuple[Slice, float]], numbers: Mapping[str, float]) -> tuple[Slice, float] | None:
    for a, b in (node.args, reversed(node.args)):
        if a in slices and b in numbers:
            of, plus = slices[a]
            return of, plus + numbers[b]
    return None


def _read_exactly(nodes: Sequence[Node | Scan]) -> set[str]:
    """The ids of values whose small numbers matter: what takes a logarithm, divides, or lies inside of a scan reads them."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, Scan) or has(node.op, "singular"):
            found.update(used_ids(node))
    return found


def _runs(group: Sequence[_Activation]) -> Iterator[list[_Activation]]:
    """`group` cut into runs of slices that follow each other and can be computed as one."""
    run: list[_Activation] = []
    for each in sorted(group, key=lambda x: x.of.start):
        if run and not (run[-1].of.stop == each.of.start and _as_one([*run, each])):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _as_one(run: Sequence[_Activation]) -> bool:
    first = run[0].node
    if all((x.node.op, x.node.attrs) == (first.op, first.attrs) for x in run):
        return True
    return all(OPS[x.node.op].of_tanh is not None and not x.exact for x in run)


# ---- packed


class _Packed:
    """The nodes of one run."""

    def __init__(self, run: Sequence[_Activation], types: dict[str, TensorType], fresh: FreshIds) -> None:
        self.run, self.types, self.fresh = run, types, fresh
        self.first = run[0]
        node = self.first.node
        self.width = run[-1].of.stop - self.first.of.start
        self.type = TensorType(node.type.dtype, node.type.axes, (*node.type.dims[:-1], self.width))
        self.made: list[Node] = []
        self.constants: dict[tuple[str, tuple[str, ...], str], str] = {}

    def nodes(self) -> dict[str, list[Node]]:
        """For each activation what takes its place: a slice of the packed one, which the first brings."""
        start, place = self.first.of.start, self.first.node.place
        whole = part_of(Slice(self.first.of.source, start, self.run[-1].of.stop), self.types, self.made, self.fresh, place)
        packed = self._activated(whole)
        found = {x.node.id: [as_slice(x.node, packed, x.of.start - start)] for x in self.run}
        found[self.first.node.id] = [*self.made, *found[self.first.node.id]]
        return found

    def _activated(self, x: str) -> str:
        node = self.first.node
        plus = [a.plus for a in self.run]
        if all(a.node.op == node.op for a in self.run):
            return self._add(node.op, (self._with(ADD.name, x, plus),), node.attrs)
        forms = [form for a in self.run if (form := OPS[a.node.op].of_tanh) is not None]
        shift, scale, inner = ([form[k] for form in forms] for k in range(3))
        x = self._with(ADD.name, self._with(MUL.name, x, inner), [c * a.plus for c, a in zip(inner, self.run, strict=True)])
        x = self._add(_TANH, (x,))
        return self._with(ADD.name, self._with(MUL.name, x, scale), shift)

    def _with(self, op: str, x: str, numbers: Sequence[float]) -> str:
        """`x` times or plus a number for each slice."""
        nothing = 1.0 if op == MUL.name else 0.0
        return x if all(n == nothing for n in numbers) else self._add(op, (x, self._row(numbers)))

    def _row(self, numbers: Sequence[float]) -> str:
        """A vector that has one of `numbers` in all places of each slice."""
        if len(set(numbers)) == 1:
            return self._put("literal", (), Constant(numbers[0]), ())
        widths = [x.of.stop - x.of.start for x in self.run]
        parts: list[str] = []
        for n, width in zip(numbers, widths, strict=True):
            number = self._put("literal", (), Constant(n), ())
            parts.append(self._put("broadcast", (number,), Shape((width,)), (width,)))
        return self._put("concat", tuple(parts), Dim(-1), (self.width,))

    def _put(self, op: str, args: tuple[str, ...], told: Attributes, dims: tuple[int, ...]) -> str:
        """A constant, the one that is there already if it is the same."""
        key = (op, args, repr(told))
        if key not in self.constants:
            t = TensorType(self.type.dtype, (), dims)
            self.constants[key] = self._node(Node(self.fresh.like("packed"), op, args, told, t, self.first.node.place))
        return self.constants[key]

    def _add(self, op: str, args: tuple[str, ...], told: Attributes = NOTHING) -> str:
        return self._node(Node(self.fresh.like(self.first.node.id), op, args, told, self.type, self.first.node.place))

    def _node(self, node: Node) -> str:
        self.made.append(node)
        return node.id
