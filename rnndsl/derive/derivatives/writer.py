"""The graph that a derivative is written into: nodes with inferred types, and what is known of their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnndsl.language.ops.control import EYE
from rnndsl.language.ops.table import has, has_rule, result_type
from rnndsl.plan.attributes import NOTHING, Attributes, Constant, Size
from rnndsl.plan.model import DType, GraphInput, Node, Scan, ScanInput, TensorType
from rnndsl.plan.rewriting import FreshIds, cotangent_id
from rnndsl.records import replace


class GraphWriter:
    """Nodes in the making. `place`: of the equation whose derivative is being written, which new nodes bear. `target`: the value
    whose cotangent is being written, after which they are called."""

    def __init__(self, order: Sequence[str], fresh: FreshIds, more: tuple[str, ...] = ()) -> None:
        self.order = order
        self.more = more
        """Axes that cotangents have and not every value of the model does: many cotangents at once."""
        self.fresh = fresh
        self.nodes: list[Node | Scan] = []
        self.types: dict[str, TensorType] = {}
        self.place = ""
        self.target = ""
        self._finite: set[str] = set()
        self._selected: set[str] = set()
        self._made: dict[tuple[object, ...], str] = {}
        self._nodes: dict[str, Node] = {}
        self.constants: dict[str, Node] = {}
        """Of what is made here, what is as cheap to write down again."""

    def add(self, op: str, args: Sequence[str], attrs: Attributes = NOTHING) -> str:
        """A node of `op`, the one that is there already if it is the same. Returns its id."""
        key = (op, tuple(args), repr(attrs))
        if key not in self._made:
            t = result_type(op, [self.types[x] for x in args], attrs, self.order)
            self._made[key] = self.put(
                Node(self.fresh.like(cotangent_id(self.target or op)), op, tuple(args), attrs, t, self.place)
            )
        return self._made[key]

    def put(self, node: Node) -> str:
        """A node whose type is known. Returns its id."""
        self.nodes.append(node)
        self._nodes[node.id] = node
        if has(node.op, "constant"):
            self.constants[node.id] = node
        self.know(node.id, node.type, finite=is_finite(node, self._finite), selected=self._selects(node))
        return node.id

    def made(self, name: str) -> Node | None:
        """The node of %name, if it is made here."""
        return self._nodes.get(name)

    def put_scan(self, scan: Scan) -> None:
        self.nodes.append(scan)

    def copy(self, node: Node, args: Sequence[str]) -> str:
        """`node` on other arguments, which may have more axes. Returns the new id."""
        t = node.type
        if has_rule(node):
            t = result_type(node.op, [self.types[x] for x in args], node.attrs, self.order)
        return self.put(replace(node, id=self.fresh.like(node.id), args=tuple(args), type=t))

    def know(self, name: str, t: TensorType, *, finite: bool, selected: bool = False) -> None:
        """A value, and what is known of it."""
        self.types[name] = t
        if finite:
            self._finite.add(name)
        if selected:
            self._selected.add(name)

    def literal(self, value: float, dtype: DType) -> str:
        return self._leaf("d_number", "literal", Constant(value), TensorType(dtype))

    def identity(self, n: int, dtype: DType) -> str:
        return self._leaf("d_identity", EYE.name, Size(n), TensorType(dtype, (), (n, n)))

    def _leaf(self, stem: str, op: str, attrs: Attributes, t: TensorType) -> str:
        """A node without arguments, whose type is told."""
        key = (stem, repr(attrs), t)
        if key not in self._made:
            self._made[key] = self.put(Node(self.fresh.like(stem), op, (), attrs, t, self.place))
        return self._made[key]

    def wide(self, t: TensorType) -> TensorType:
        """The type of a cotangent of a value of the type `t`."""
        return t.with_axes(self.more, self.order) if self.more else t

    def real(self, name: str) -> str:
        """The id of a value that nodes which are not made here may read."""
        return name

    def type_of(self, name: str) -> TensorType:
        return self.types[name]

    def is_finite(self, name: str) -> bool:
        return name in self._finite

    def is_selected(self, name: str) -> bool:
        return name in self._selected

    def unselect(self, name: str) -> None:
        self._selected.discard(name)

    def _selects(self, node: Node) -> bool:
        return has(node.op, "selects") or not self._selected.isdisjoint(node.args)


def is_finite(node: Node, finite: set[str]) -> bool:
    """Whether the value of `node` is a finite number if those of `finite` are."""
    return has(node.op, "leaf") or (not has(node.op, "singular") and bool(node.args) and finite.issuperset(node.args))


def finite_ids(nodes: Iterable[Node | Scan], known: Iterable[str]) -> set[str]:
    """The values of a graph that are finite if those of `known` are."""
    finite = set(known)
    for node in nodes:
        if isinstance(node, Node) and is_finite(node, finite):
            finite.add(node.id)
    return finite


class BodyWriter(GraphWriter):
    """The body of a scan that runs back. What does not depend on its own states is written into the graph around, for all steps
    at once; such a value is known here by an id of its own, and becomes an input where something that does depend reads it."""

    def __init__(self, around: GraphWriter, axis: str) -> None:
        super().__init__(around.order, around.fresh, around.more)
        self.around = around
        self.axis = axis
        self.outside: dict[str, str] = {}
        """From ids here to those around."""
        self.inside: dict[str, str] = {}
        """And back."""
        self.real_ids: dict[str, str] = {}
        self.inputs: list[GraphInput] = []
        self.scanned: list[ScanInput] = []
        self.given: list[ScanInput] = []

    def add(self, op: str, args: Sequence[str], attrs: Attributes = NOTHING) -> str:
        if all(x in self.outside for x in args):
            self.around.place, self.around.target = self.place, self.target
            return self.still(self.around.add(op, [self.outside[x] for x in args], attrs))
        return super().add(op, [self.real(x) for x in args], attrs)

    def copy(self, node: Node, args: Sequence[str]) -> str:
        if all(x in self.outside for x in args):
            return self.still(self.around.copy(node, [self.outside[x] for x in args]))
        return super().copy(node, [self.real(x) for x in args])

    def made(self, name: str) -> Node | None:
        """The node of %name, reading what is known here; if it is made around, as it is at a step."""
        if name not in self.outside:
            return super().made(name)
        node = self.around.made(self.outside[name])
        return None if node is None else replace(node, id=name, args=tuple(map(self.still, node.args)))

    def literal(self, value: float, dtype: DType) -> str:
        return self.still(self.around.literal(value, dtype))

    def identity(self, n: int, dtype: DType) -> str:
        return self.still(self.around.identity(n, dtype))

    def still(self, outer: str) -> str:
        """The id here of what %outer is at a step, or is at every step alike."""
        if outer in self.inside:
            return self.inside[outer]
        t = self.around.type_of(outer).without(self.axis)
        name = self.fresh.like("d_still")
        self.outside[name], self.inside[outer] = outer, name
        self.know(name, t, finite=self.around.is_finite(outer), selected=self.around.is_selected(outer))
        return name

    def own(self, t: TensorType) -> str:
        """A new input that the scan itself feeds: a state."""
        name = self.fresh.like("d_state")
        self.inputs.append(GraphInput(name, t))
        self.know(name, t, finite=True)
        return name

    def real(self, name: str) -> str:
        if name not in self.outside:
            return name
        if name not in self.real_ids:
            self.real_ids[name] = self._fed(self.outside[name], name)
        return self.real_ids[name]

    def feed(self, outer: str) -> str:
        """The real id of what %outer, which has the axis, is at a step."""
        return self.real(self.still(outer))

    def _fed(self, outer: str, name: str) -> str:
        constant = self.around.constants.get(outer)
        if constant is not None:
            return self.put(replace(constant, id=self.fresh.like(constant.id)))
        real = self.fresh.like("d_in")
        whole, t = self.around.type_of(outer), self.types[name]
        (self.scanned if self.axis in whole.axes else self.given).append(ScanInput(self.around.real(outer), real))
        self.inputs.append(GraphInput(real, t))
        self.know(real, t, finite=self.is_finite(name), selected=self.is_selected(name))
        return real
