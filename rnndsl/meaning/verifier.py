"""Checks that a plan is one: what every pass and every backend may rely on. A plan that fails is a bug of the compiler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rnndsl.language.ops import table as ops
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.meaning.verify_function import check_function
from rnndsl.meaning.verify_scan import check_fed, check_inputs, check_result, check_scan, fits
from rnndsl.meaning.verify_tables import check_tables, check_variables
from rnndsl.plan.attributes import Carried, Constant, OfVariable, Result, Size, Value
from rnndsl.plan.model import Function, Graph, Node, Plan, Rule, Scan, TensorType, Variable


class VerificationError(Exception):
    """A plan that contradicts itself. The message names the stage, the node and its place."""


def verify(plan: Plan, stage: str = "") -> None:
    """Raises VerificationError if ids are not unique or used before they are defined, if a type is not what the operation's rule
    gives, if a name in the plan's tables stands for nothing, or if a function is not one. `stage` says which pass made the plan."""
    try:
        check_variables(plan)
        _Verifier(plan, plan.axes).graph(plan.graph)
        check_tables(plan)
        for train in plan.trains:
            for rule in train.optimizer.rules:
                _check_rule(plan, train.name, rule)
        for function in (*plan.functions, *plan.pullbacks):
            _check_function(plan, function)
    except ValueError as error:
        after = f"after {stage}: " if stage else ""
        raise VerificationError(f"{after}plan `{plan.name}`: {error}") from None


def _check_function(plan: Plan, function: Function) -> None:
    try:
        check_function(plan, function, _Verifier(plan, function.axes).graph(function.graph))
    except ValueError as error:
        raise ValueError(f"the function `{function.name}`: {error}") from None


def _check_rule(plan: Plan, name: str, rule: Rule) -> None:
    variables = {v.path: v for v in plan.variables}
    try:
        types = _Verifier(plan, plan.axes).graph(rule.graph)
        need([rule.value, *(slot.value for slot in rule.slots)], types)
        for path in rule.variables:
            if types[rule.value].dims != variables[path].shape:
                raise ValueError(f"gives `{path}` {types[rule.value]}")
        for slot in rule.slots:
            if types[slot.value] != slot.type:
                raise ValueError(f"gives its slot `{slot.name}`, {slot.type}, {types[slot.value]}")
    except ValueError as error:
        raise ValueError(f"the optimizer of `{name}`: {error}") from None


class _Verifier:
    def __init__(self, plan: Plan, axes: Sequence[str]) -> None:
        self.axes = axes
        self.ids: set[str] = set()
        self.variables: dict[str, Variable] = {v.path: v for v in plan.variables}

    def graph(self, graph: Graph) -> dict[str, TensorType]:
        """Check `graph` and the bodies of its scans. Returns the types of its values."""
        types: dict[str, TensorType] = {}
        scans: dict[str, tuple[Scan, dict[str, TensorType]]] = {}
        for given in graph.inputs:
            self.unique(given.id)
            types[given.id] = given.type
        for node in graph.nodes:
            self.unique(node.id)
            if isinstance(node, Scan):
                self.scan(node, types)
                scans[node.id] = (node, self.graph(node.body))
                self.within(node, lambda n=node: check_scan(n, types, scans[n.id][1], self.variables))
                continue
            self.within(node, lambda n=node: self.node(n, types, scans))
            types[node.id] = node.type
        return types

    def unique(self, name: str) -> None:
        if name in self.ids:
            raise ValueError(f"the id %{name} is defined twice")
        self.ids.add(name)

    def within(self, node: Node | Scan, check: Callable[[], None]) -> None:
        """Run `check`, naming `node` in what it raises."""
        try:
            check()
        except (ValueError, KeyError, IndexError, TypeRuleError) as error:
            what = "scan" if isinstance(node, Scan) else node.op
            raise ValueError(f"%{node.id} = {what} ({node.place or 'no place'}) {error}") from None

    def scan(self, scan: Scan, types: dict[str, TensorType]) -> None:
        self.within(scan, lambda: need(scan.outer_ids(), types))
        self.within(scan, lambda: check_inputs(scan))
        self.within(scan, lambda: check_fed(scan, types))

    def node(self, node: Node, types: dict[str, TensorType], scans: dict[str, tuple[Scan, dict[str, TensorType]]]) -> None:
        if node.op not in ops.OPS:
            raise ValueError("is no operation")
        if ops.has(node.op, "temporary"):
            raise ValueError("is left over: it stands for others until all is known")
        if type(node.attrs) is not ops.OPS[node.op].attributes:
            raise ValueError(f"is told {node.attrs}, not {ops.OPS[node.op].attributes.__name__}")
        _check_axes(node.type, self.axes)
        if isinstance(node.attrs, Result):
            if node.args[0] not in scans:
                raise ValueError(f"reads %{node.args[0]}, which is no scan before it")
            scan, body = scans[node.args[0]]
            check_result(node, scan, body)
            return
        need(node.args, types)
        if not ops.has_rule(node):
            self.leaf(node, types)
            return
        expected = ops.result_type(node.op, [types[x] for x in node.args], node.attrs, self.axes)
        if expected != node.type:
            raise ValueError(f"has the type {node.type}, but its rule gives {expected}")

    def leaf(self, node: Node, types: dict[str, TensorType]) -> None:
        if isinstance(node.attrs, Carried) and not fits(types[node.args[0]], node.type):
            raise ValueError(f"starts from {types[node.args[0]]}, which does not broadcast to {node.type}")
        expected = self.leaf_type(node)
        if expected != node.type:
            raise ValueError(f"has the type {node.type}, but is {expected}")

    def leaf_type(self, node: Node) -> TensorType:
        if isinstance(node.attrs, Size):
            return TensorType(node.type.dtype, (), (node.attrs.n,) * 2)
        if isinstance(node.attrs, Constant):
            return TensorType(node.type.dtype, (), _literal_dims(node.attrs.value))
        path = node.told(OfVariable).variable
        if path not in self.variables:
            raise ValueError(f"reads the variable `{path}`, which the plan lacks")
        return self.variables[path].type


def need(names: Iterable[str], types: dict[str, TensorType]) -> None:
    """Raises ValueError for an id that is not defined before."""
    for name in names:
        if name not in types:
            raise ValueError(f"uses %{name}, which is not defined before it")


def _check_axes(t: TensorType, order: Sequence[str]) -> None:
    if list(t.axes) != [axis for axis in order if axis in t.axes]:
        raise ValueError(f"has the type {t}, whose axes are not in the plan's order {', '.join(order)}")


def _literal_dims(value: Value) -> tuple[int, ...]:
    if not isinstance(value, tuple):
        return ()
    return (len(value), *_literal_dims(value[0])) if value else (0,)
