"""What a result needs: reachability over the plan's graph, scans included, in one walk without recursion over nodes.

A scan is entered by the results that are asked of it: outputs pull in their part of the body, a state is needed if the body reads
it, and then so is its next value. `if_training` is followed on one side; outside training `dropout` is its argument and a
variable that a scan updates is just the variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rnndsl.plan.model import Graph, Node, Scan

RANDOM = frozenset({"dropout", "bernoulli", "random_uniform", "random_normal", "categorical"})


class ScanReach:
    """What is needed of one scan: `results` (of, name), names of `states`, paths of `variables`, and the body's own `Reach`.

    `carry`: states kept between calls are wanted for their own sake, so every state of a carrying scan is needed.
    """

    def __init__(self, scan: Scan, training: bool, carry: bool) -> None:
        self.scan = scan
        self.training = training
        self.results: dict[tuple[str, str], None] = {}
        self.states: dict[str, None] = {}
        self.variables: dict[str, None] = {}
        self.body = Reach(scan.body, training, carry)
        self._entered = False
        self._carry = carry and scan.carry
        self._states = {s.old: s for s in scan.states}
        self._by_name = {s.name: s for s in scan.states}
        self._variables = {v.old: v for v in scan.variables}
        self._outer = {x.inner: x.outer for x in (*scan.scanned, *scan.given)}

    def demand(self, of: str, name: str) -> list[str]:
        """Ask for a result. Returns ids of the enclosing graph that it newly needs."""
        if (of, name) in self.results:
            return []
        self.results[of, name] = None
        outer: list[str] = [] if self._entered else self._enter()
        if of in ("output", "last"):
            return outer + self._body([name])
        if of == "final":
            return outer + self._state(name)
        return outer + self._variable(name)

    def _enter(self) -> list[str]:
        """What any result needs: the lengths, the number of steps, the state that ends a row."""
        self._entered = True
        scan = self.scan
        outer = [x for x in (scan.lengths, scan.mask, scan.steps) if isinstance(x, str)]
        outer += [x.outer for x in scan.scanned[:1]]
        wanted = [s.name for s in scan.states] if self._carry else []
        if scan.until is not None:
            wanted.append(scan.until)
        for name in wanted:
            outer += self._state(name)
        return outer

    def _state(self, name: str) -> list[str]:
        if name in self.states:
            return []
        self.states[name] = None
        state = self._by_name[name]
        return [state.initial, *self._body([state.new])]

    def _variable(self, path: str) -> list[str]:
        if path in self.variables:
            return []
        self.variables[path] = None
        variable = next(v for v in self.scan.variables if v.path == path)
        return [variable.initial, *self._body([variable.new])]

    def _body(self, ids: Iterable[str]) -> list[str]:
        """Walk the body. Inputs that it reaches for the first time pull in states, or values from outside."""
        outer: list[str] = []
        waiting: list[str] = list(ids)
        while waiting:
            fresh = self.body.demand(waiting)
            waiting = list[str]()
            for inner in fresh:
                self._input(inner, waiting, outer)
        return outer

    def _input(self, inner: str, waiting: list[str], outer: list[str]) -> None:
        if inner in self._outer:
            outer.append(self._outer[inner])
            return
        if inner in self._states:
            state = self._states[inner]
            wanted, known = state, self.states
            name = state.name
        else:
            variable = self._variables[inner]
            wanted, known = variable, self.variables
            name = variable.path
            if not self.training:
                outer.append(variable.initial)
                return
        if name in known:
            return
        known[name] = None
        waiting.append(wanted.new)
        outer.append(wanted.initial)


class Reach:
    """The part of one graph that the demanded ids need. Demands may be added; nothing is ever taken away."""

    def __init__(self, graph: Graph, training: bool, carry: bool = False) -> None:
        self.graph = graph
        self.training = training
        self.carry = carry
        self.index: dict[str, Node | Scan] = {node.id: node for node in graph.nodes}
        self.needed: set[str] = set()
        self.scans: dict[str, ScanReach] = {}
        self._inputs = {x.id for x in graph.inputs}

    def demand(self, ids: Iterable[str]) -> list[str]:
        """Add `ids` and all that they need. Returns the graph's inputs that are reached for the first time.

        Raises KeyError for an id that the graph does not define."""
        fresh: list[str] = []
        waiting = list(ids)
        while waiting:
            name = waiting.pop()
            if name in self.needed:
                continue
            self.needed.add(name)
            if name in self._inputs:
                fresh.append(name)
                continue
            waiting.extend(self._needs(self.index[name]))
        return fresh

    def inputs(self) -> list[str]:
        """The inputs that are needed, in the graph's order."""
        return [x.id for x in self.graph.inputs if x.id in self.needed]

    def nodes(self) -> Iterator[Node | Scan]:
        """The nodes that are needed, in the graph's order; of scans, those that were entered."""
        for node in self.graph.nodes:
            if node.id in self.needed:
                yield node

    def everywhere(self) -> Iterator[Node]:
        """The operations that are needed, in bodies of scans too."""
        for node in self.nodes():
            if isinstance(node, Node):
                yield node
            else:
                yield from self.scans[node.id].body.everywhere()

    def reads(self) -> list[str]:
        """Paths of the variables that are read, in order of the first reading."""
        return list(dict.fromkeys(node.attrs["variable"] for node in self.everywhere() if node.op == "read"))

    def draws(self) -> bool:
        """Whether anything random is drawn."""
        return any(node.op in RANDOM and (self.training or node.op != "dropout") for node in self.everywhere())

    def all_scans(self) -> Iterator[ScanReach]:
        """The scans that are entered, outer ones first."""
        for node in self.nodes():
            if isinstance(node, Scan):
                yield self.scans[node.id]
                yield from self.scans[node.id].body.all_scans()

    def chosen(self, node: Node) -> tuple[str, ...]:
        """The arguments that an operation needs in this graph."""
        if node.op == "if_training":
            return node.args[:1] if self.training else node.args[1:2]
        if node.op == "dropout" and not self.training:
            return node.args[:1]
        return node.args

    def scan_variable(self, node: Node) -> str | None:
        """The id that a `result` stands for outside training, if it is that of a variable: the variable's value."""
        if self.training or node.attrs["of"] != "variable":
            return None
        scan = self.index[node.args[0]]
        assert isinstance(scan, Scan)
        return next(v.initial for v in scan.variables if v.path == node.attrs["name"])

    def _needs(self, node: Node | Scan) -> Iterable[str]:
        if isinstance(node, Scan):
            return ()
        if node.op != "result":
            return self.chosen(node)
        plain = self.scan_variable(node)
        if plain is not None:
            return (plain,)
        scan = self.index[node.args[0]]
        assert isinstance(scan, Scan)
        if scan.id not in self.scans:
            self.scans[scan.id] = ScanReach(scan, self.training, self.carry)
        return (scan.id, *self.scans[scan.id].demand(node.attrs["of"], node.attrs["name"]))


def reach(graph: Graph, ids: Iterable[str], training: bool, carry: bool = False) -> Reach:
    """What `ids` need of `graph`."""
    result = Reach(graph, training, carry)
    result.demand(ids)
    return result


def needed_inputs(graph: Graph, ids: Iterable[str], training: bool, carry: bool = True) -> list[str]:
    """The inputs of the top graph that `ids` depend on, in the graph's order.

    `carry`: states of carrying scans are stored, as in `predict`, `evaluate` and training; False for the pure functions."""
    return reach(graph, ids, training, carry).inputs()
