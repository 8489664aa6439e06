"""What derivations and passes share: fresh ids, types, renaming, and an order in which everything is defined before it is used."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from rnndsl.language.ops.table import has
from rnndsl.plan.attributes import Carried, Read, Result
from rnndsl.plan.model import (
    Assign,
    Function,
    Graph,
    GraphInput,
    Node,
    Scan,
    ScanInput,
    ScanState,
    ScanVariable,
    Step,
    TensorType,
    all_nodes,
)
from rnndsl.records import replace


class FreshIds:
    """Ids that a graph does not have yet: the wanted one with the first free number behind it."""

    def __init__(self, graph: Graph) -> None:
        self._taken = {x.id for x in graph.inputs}
        for node in all_nodes(graph):
            self._taken.add(node.id)
            if isinstance(node, Scan):
                self._taken.update(x.id for x in node.body.inputs)
        self._next: dict[str, int] = {}

    def like(self, name: str) -> str:
        base = re.sub(r"_\d+$", "", name)
        number = self._next.get(base, 1)
        while f"{base}_{number}" in self._taken:
            number += 1
        self._next[base] = number + 1
        self._taken.add(f"{base}_{number}")
        return f"{base}_{number}"


def new_axis(name: str, axes: Sequence[str]) -> str:
    """`name`, or with a number behind it, as none of the `axes` is called."""
    return next(x for x in (name, *(f"{name}_{k}" for k in range(2, len(axes) + 3))) if x not in axes)


def turned_axes(scan: Scan, types: Mapping[str, TensorType]) -> frozenset[str]:
    """The axes whose rows are at different steps of time at one step of `scan`: in reverse each sequence starts at its own end.
    `types`: of the values around it."""
    return frozenset(types[scan.lengths].axes if scan.reverse and scan.lengths is not None else ())


class Dependence:
    """`ids`: the values of `graph` that depend on those of `on`, in the bodies of scans too. What a subclass tells: which operation
    depends on its arguments, and what a scan carries from step to step."""

    def __init__(self, graph: Graph, on: Iterable[str]) -> None:
        self.ids = set(on)
        self._spread(graph)

    def depends(self, node: Node) -> bool:
        """Whether `node`, which is no result of a scan, depends on what `ids` has so far."""
        raise NotImplementedError

    def carried(self, scan: Scan) -> Sequence[ScanState | ScanVariable]:
        """The states and variables of `scan` that may."""
        raise NotImplementedError

    def _spread(self, graph: Graph) -> None:
        scans: dict[str, Scan] = {}
        for node in graph.nodes:
            if isinstance(node, Scan):
                scans[node.id] = node
                self.enter(node)
            elif scans[node.args[0]].source(node.attrs) in self.ids if isinstance(node.attrs, Result) else self.depends(node):
                self.ids.add(node.id)

    def enter(self, scan: Scan) -> None:
        """What is carried depends on what its initial value and its new one depend on, and that may be carried too."""
        self.ids.update(x.inner for x in (*scan.scanned, *scan.given) if x.outer in self.ids)
        carried = self.carried(scan)
        self.ids.update(x.old for x in carried if x.initial in self.ids)
        while True:
            self._spread(scan.body)
            found = [x.old for x in carried if x.new in self.ids and x.old not in self.ids]
            if not found:
                return
            self.ids.update(found)


def cotangent_id(name: str) -> str:
    """What nodes are called, but for the number behind it, that make the cotangent of %name: `d13x2` of `%13_2`, `d_x` of `%x`."""
    whole = re.sub(r"_(\d+)$", r"x\1", name)
    return f"d{whole}" if whole[:1].isdigit() else f"d_{whole}"


def saved_id(name: str) -> str:
    """What a result is called, but for the number behind it, that has %name of all steps for a derivative."""
    return f"all_{name}"


def is_saved(id: str) -> bool:
    """Whether %id is such a result."""
    return id.startswith("all_")


def is_derived(id: str) -> bool:
    """Whether %id is part of a derivative."""
    return re.match(r"d(_|\d)", id) is not None


def target_of(id: str) -> str | None:
    """The id of the value whose cotangent %id is a part of."""
    if not is_derived(id):
        return None
    stem = re.sub(r"_\d+$", "", id)
    whole = stem[1:] if stem[1].isdigit() else stem[2:]
    return re.sub(r"x(\d+)$", r"_\1", whole)


def is_pure(node: Node) -> bool:
    """Whether `node` gives the same value for the same arguments, wherever it stands."""
    return not isinstance(node.attrs, Result) and not has(node.op, "random")


def follows(node: Node, fixed: Collection[str]) -> bool:
    """Whether `node` is the same wherever the values `fixed` are: a leaf, or a pure function of these alone."""
    return has(node.op, "leaf") or (bool(node.args) and is_pure(node) and all(x in fixed for x in node.args))


def draws(graph: Graph) -> bool:
    """Whether anything random is drawn, in the bodies of scans too."""
    return any(isinstance(node, Node) and has(node.op, "random") for node in all_nodes(graph))


def reads(graph: Graph) -> dict[str, TensorType]:
    """The variables whose values from before the call the graph reads, in order of the first reading, with their types."""
    found = (node for node in all_nodes(graph) if isinstance(node, Node))
    types: dict[str, TensorType] = {}
    for node in found:
        if isinstance(node.attrs, Read):
            types.setdefault(node.attrs.variable, node.type)
    return types


def stored(graph: Graph) -> list[str]:
    """The variables whose values from before the call the graph reads, and the states kept from the last call that it starts
    with."""
    kept = (node.attrs.variable for node in graph.nodes if isinstance(node, Node) and isinstance(node.attrs, Carried))
    return [*reads(graph), *kept]


def types_of(graph: Graph) -> dict[str, TensorType]:
    """The types of the values of `graph`."""
    types = {x.id: x.type for x in graph.inputs}
    types.update((node.id, node.type) for node in graph.nodes if isinstance(node, Node))
    return types


def used_ids(node: Node | Scan) -> Iterable[str]:
    """The ids of its own graph that `node` reads."""
    return node.args if isinstance(node, Node) else node.outer_ids()


def scan_ends(scan: Scan) -> Iterable[str]:
    """The ids of the body that the scan itself reads: outputs and next values."""
    yield from scan.outputs
    yield from (x.new for x in (*scan.states, *scan.variables))


def with_graph(function: Function, graph: Graph, names: Mapping[str, str]) -> Function:
    """`function` over `graph`, its results and steps reading the new `names`."""
    outputs = tuple(replace(x, value=names.get(x.value, x.value)) for x in function.outputs)
    return replace(function, graph=graph, outputs=outputs, steps=tuple(_renamed(step, names) for step in function.steps))


def _renamed(step: Step, names: Mapping[str, str]) -> Step:
    if isinstance(step, Assign):
        rows = None if step.rows is None else names.get(step.rows, step.rows)
        return replace(step, value=names.get(step.value, step.value), rows=rows)
    return step


def rename_used(node: Node | Scan, names: Mapping[str, str]) -> Node | Scan:
    """`node` reading other ids of its graph. Ids that `names` lacks stay."""
    if not names:
        return node
    if isinstance(node, Node):
        return replace(node, args=tuple(names.get(x, x) for x in node.args))

    def feed(items: tuple[ScanInput, ...]) -> tuple[ScanInput, ...]:
        return tuple(ScanInput(names.get(x.outer, x.outer), x.inner) for x in items)

    return replace(
        node,
        scanned=feed(node.scanned),
        given=feed(node.given),
        states=tuple(replace(x, initial=names.get(x.initial, x.initial)) for x in node.states),
        variables=tuple(replace(x, initial=names.get(x.initial, x.initial)) for x in node.variables),
        lengths=None if node.lengths is None else names.get(node.lengths, node.lengths),
        mask=None if node.mask is None else names.get(node.mask, node.mask),
        steps=names.get(node.steps, node.steps) if isinstance(node.steps, str) else node.steps,
        first=None if node.first is None else names.get(node.first, node.first),
    )


def rename_ends(scan: Scan, names: Mapping[str, str]) -> tuple[Scan, tuple[int, ...]]:
    """`scan` whose outputs and next values are other ids of its body, and where each output is then: two may have become one."""
    ids = [names.get(x, x) for x in scan.outputs]
    outputs = tuple(dict.fromkeys(ids))
    renamed = replace(
        scan,
        outputs=outputs,
        states=tuple(replace(x, new=names.get(x.new, x.new)) for x in scan.states),
        variables=tuple(replace(x, new=names.get(x.new, x.new)) for x in scan.variables),
    )
    return renamed, tuple(map(outputs.index, ids))


def move_result(node: Node, places: Sequence[int]) -> Node:
    """A `result` of a scan whose outputs are at other `places`."""
    told = node.told(Result)
    return replace(node, attrs=Result(told.of, places[told.at])) if told.of in ("output", "last") else node


def in_order(nodes: Sequence[Node | Scan]) -> tuple[Node | Scan, ...]:
    """`nodes` with each after those that it reads, otherwise in their order. Linear; without recursion."""
    index = {node.id: node for node in nodes}
    done: dict[str, Node | Scan] = {}
    for start in nodes:
        waiting = [start]
        while waiting:
            node = waiting[-1]
            missing = [index[x] for x in used_ids(node) if x in index and x not in done] if node.id not in done else []
            if missing:
                waiting.extend(reversed(missing))
                continue
            waiting.pop()
            done.setdefault(node.id, node)
    return tuple(done.values())


def drop_unused_inputs(scan: Scan) -> Scan:
    """`scan` without inputs that its body does not read. One scanned input stays, for its length."""
    used = {x for node in scan.body.nodes for x in used_ids(node)} | set(scan_ends(scan))
    scanned = tuple(x for x in scan.scanned if x.inner in used) or scan.scanned[:1]
    given = tuple(x for x in scan.given if x.inner in used)
    gone = {x.inner for x in (*scan.scanned, *scan.given)} - {x.inner for x in (*scanned, *given)}
    inputs = tuple(x for x in scan.body.inputs if x.id not in gone)
    return replace(scan, scanned=scanned, given=given, body=replace(scan.body, inputs=inputs))


def add_inputs(body: Graph, ids: Iterable[str], types: Mapping[str, TensorType]) -> Graph:
    """`body` with more inputs at the end."""
    return replace(body, inputs=(*body.inputs, *(GraphInput(x, types[x]) for x in ids)))
