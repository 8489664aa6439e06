"""One time step of a model as a function: inputs and states in, outputs and states out.

Each scan over `time` becomes its body, once; its states become inputs and outputs named by their path, `enc/lstm` and `h` as
`enc_lstm_h`; the axis `time` is gone from every type. Step t of a stream gives what the model gives at the end of the first t
steps (at a masked step `last` is zero as the output is: it is the current one).
A mask has one bool a row: where it is false, states stay and outputs are zero (or held, by a state of its own). Lengths are
gone: the caller stops feeding. Everything is as outside training.

Initial states are the caller's: the function's inputs of kind `state` say of each its type and, where it is a number, its initial
value. Where it is an expression over the model's params, the caller runs the model's own scan, or gives what it wants.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from rnndsl.derive.parts import Draft
from rnndsl.elaborate.state import origins
from rnndsl.language.builtins import TIME
from rnndsl.language.ops.table import OPS, has, has_rule, result_type
from rnndsl.plan.attributes import NOTHING, Constant, Result, ValidSteps
from rnndsl.plan.model import Function, Graph, GraphInput, Node, Output, Plan, PlanInput, Scan, ScanState, TensorType
from rnndsl.plan.rewriting import FreshIds, rename_used, types_of, used_ids
from rnndsl.records import replace
from rnndsl.text.codes import places
from rnndsl.text.faults import streams as reasons
from rnndsl.text.faults.streams import Reason


class _NoStreamError(Exception):
    """The model has none."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def stream_function(plan: Plan, whole: Function | None) -> Function | Reason:
    """One time step of `plan`, or the reason why it has none. `whole`: its function `apply`, if it has one.

    Raises SpecError if two names of the stream meet."""
    if whole is None:
        return reasons.no_outputs()
    try:
        return _Step(whole, plan).run()
    except _NoStreamError as error:
        return error.reason


def state_name(path: str) -> str:
    """`enc/lstm.h[t-2]` as `enc_lstm_h_t_2`: a name that an argument can have in Python and in TensorFlow."""
    name = re.sub(r"\W+", "_", path).strip("_")
    return f"state_{name}" if not name[:1].isalpha() else name


def _meet(a: str, b: str, name: str) -> NoReturn:
    """Raises SpecError: two things have the same name in the stream."""
    places.state_meets(name, a, b).throw()


class _Step:
    def __init__(self, whole: Function, plan: Plan) -> None:
        self.whole = whole
        self.plan = plan
        self.fresh = FreshIds(whole.graph)
        self.inputs: list[PlanInput] = []
        self.nodes: list[Node | Scan] = []
        self.types: dict[str, TensorType] = {}
        self.names: dict[str, str] = {}
        self.results: dict[tuple[str, Result], str] = {}
        self.ends: list[Output] = []
        self.late: set[str] = set()
        """Ids whose value is known at the end of the sequence: another step gives them another value."""

    def run(self) -> Function:
        """Raises _NoStreamError, and SpecError if two names meet."""
        graph = self.whole.graph
        old = types_of(graph)
        if not any(isinstance(n, Scan) and n.axis == TIME for n in graph.nodes):
            raise _NoStreamError(reasons.not_scanned(TIME))
        for x in self.whole.inputs:
            self.inputs.append(replace(x, type=x.type.without(TIME)))
            self.types[x.name] = self.inputs[-1].type
        for node in graph.nodes:
            if isinstance(node, Scan):
                self.scan(node, old)
            else:
                self.node(node, old)
        return self.finished()

    def finished(self) -> Function:
        outputs = [replace(x, value=self.names.get(x.value, x.value)) for x in self.whole.outputs]
        results = (n for n in self.whole.graph.nodes if isinstance(n, Node))
        finals = {n.id for n in results if isinstance(n.attrs, Result) and n.attrs.of == "final"}
        itself = {x.name: self.names.get(x.value, x.value) for x in self.whole.outputs if x.value in finals}
        ends = [x for x in self.ends if itself.get(x.name) != x.value]  # `output run_h = run.final.h` is the state itself
        self.need_distinct([x for x in outputs if x.name in {end.name for end in ends}])
        graph = Graph(tuple(GraphInput(x.name, x.type) for x in self.inputs), tuple(self.nodes))
        made = Draft("stream", "stream", graph, [*outputs, *ends])
        return made.function(replace(self.plan, inputs=tuple(self.inputs)))

    def need_distinct(self, outputs: Sequence[Output]) -> None:
        """Raises SpecError if two outputs, states or inputs have one name; of arguments TensorFlow takes `a` and `A` for one."""
        states = {x.name: x.state or "" for x in self.inputs if x.kind == "state"}
        for output in outputs:
            if output.name in states:
                _meet(output.operation, states[output.name], output.name)
        folded = {name.casefold(): state for name, state in states.items()}
        for x in self.inputs:
            if x.kind != "state" and x.name.casefold() in folded:
                _meet(x.name, folded[x.name.casefold()], x.name)

    def claim(self, name: str, state: str) -> None:
        """Raises SpecError if another state has the name."""
        other = next((x.state for x in self.inputs if x.name.casefold() == name.casefold() and x.kind == "state"), None)
        if other is not None:
            _meet(other, state, name)

    # ---- nodes

    def node(self, node: Node, old: dict[str, TensorType]) -> None:
        if isinstance(node.attrs, Result):
            self.result(node)
            return
        if isinstance(node.attrs, ValidSteps) and node.attrs.over == TIME:
            self.valid_steps(node)
            return
        if any(TIME in old[x].axes for x in node.args) or TIME in node.type.axes:
            self.need_no_time(node)
        if any(x in self.late for x in node.args):
            self.late.add(node.id)
        self.emit(node)

    def valid_steps(self, node: Node) -> None:
        """The input as it is, or zero where the mask is false: the caller feeds no step beyond a sequence's end."""
        x = self.names.get(node.args[0], node.args[0])
        if node.told(ValidSteps).mask:
            mask = self.names.get(node.args[-1], node.args[-1])
            x = self.select(mask, x, self.make("zeros_like", x, name="zero"))
        self.names[node.id] = x
        self.late.update({node.id} if any(a in self.late for a in node.args) else ())

    def need_no_time(self, node: Node) -> None:
        """Raises _NoStreamError if `node` is about the axis itself."""
        if TIME in node.attrs.about or has(node.op, "whole_sequence"):
            raise _NoStreamError(reasons.over_axis(OPS[node.op].shown, TIME, node.place))

    def emit(self, node: Node | Scan) -> str:
        """Add `node`, its arguments renamed, its type that of one step. Returns its id."""
        node = rename_used(node, self.names)
        if isinstance(node, Node):
            node = replace(node, type=self.type_of(node))
            self.types[node.id] = node.type
        self.nodes.append(node)
        return node.id

    def type_of(self, node: Node) -> TensorType:
        if not has_rule(node):
            return node.type.without(TIME)
        return result_type(node.op, [self.types[x] for x in node.args], node.attrs, self.whole.axes)

    def make(self, op: str, *args: str, name: str) -> str:
        """Add a new node."""
        t = result_type(op, [self.types[x] for x in args], NOTHING, self.whole.axes)
        node = Node(self.fresh.like(name), op, args, NOTHING, t)
        self.nodes.append(node)
        self.types[node.id] = t
        return node.id

    def result(self, node: Node) -> None:
        key = (node.args[0], node.told(Result))
        if key not in self.results:
            self.emit(node)
            self.late.update({node.id} if node.args[0] in self.late else ())
            return
        self.names[node.id] = self.results[key]
        if node.told(Result).of != "output":
            self.late.add(node.id)

    # ---- scans

    def scan(self, scan: Scan, old: dict[str, TensorType]) -> None:
        late = [x for x in used_ids(scan) if x in self.late]
        if scan.axis != TIME:
            self.late.update({scan.id} if late else ())
            self.emit(self.without_time(scan))
            return
        self.need_forward(scan, late)
        body = types_of(scan.body)
        valid = self.valid(scan)
        for x in (*scan.scanned, *scan.given):
            if TIME in body[x.inner].axes:
                raise _NoStreamError(reasons.sees_all(scan.path, TIME, scan.place))
            self.names[x.inner] = self.names.get(x.outer, x.outer)
        for state in scan.states:
            self.names[state.old] = self.state(scan, state.name, body[state.old], self.constant(state))
        valid = self.still_valid(scan, valid)
        for node in scan.body.nodes:
            self.emit(node)
        for at, state in enumerate(scan.states):
            self.results[scan.id, Result("final", at)] = self.next_state(state, valid)
        for at, name in enumerate(scan.outputs):
            value = self.output(scan, at, self.names.get(name, name), valid)
            self.results[scan.id, Result("output", at)] = self.results[scan.id, Result("last", at)] = value

    def without_time(self, scan: Scan) -> Scan:
        """A scan over another axis, each of whose values may have had the axis `time` beside."""
        nodes: list[Node | Scan] = []
        for node in scan.body.nodes:
            if isinstance(node, Scan):
                nodes.append(self.without_time(node))
                continue
            self.need_no_time(node)
            nodes.append(replace(node, type=node.type.without(TIME)))
        inputs = tuple(GraphInput(x.id, x.type.without(TIME)) for x in scan.body.inputs)
        return replace(scan, body=Graph(inputs, tuple(nodes)))

    def need_forward(self, scan: Scan, late: list[str]) -> None:
        if scan.reverse:
            raise _NoStreamError(reasons.reverse(scan.path, scan.place))
        if scan.steps is not None:
            raise _NoStreamError(reasons.given_steps(scan.path, scan.place))
        if late:
            raise _NoStreamError(reasons.needs_an_end(scan.path, scan.place))

    def state(self, scan: Scan, name: str, t: TensorType, initial: Any) -> str:
        """A new input for a state. Returns its id."""
        path = f"{scan.path}/{name}"
        full = state_name(path)
        self.claim(full, path)
        self.inputs.append(
            PlanInput(name=full, kind="state", type=t, doc=origins.state(name, scan.path), state=path, initial=initial)
        )
        self.types[full] = t
        return full

    def constant(self, state: ScanState) -> Any:
        """The initial value of `state` if it is a constant."""
        node = next((n for n in self.whole.graph.nodes if n.id == state.initial), None)
        return node.attrs.value if isinstance(node, Node) and isinstance(node.attrs, Constant) else None

    def valid(self, scan: Scan) -> str | None:
        """The id of the mask of this step."""
        return None if scan.mask is None else self.names.get(scan.mask, scan.mask)

    def still_valid(self, scan: Scan, valid: str | None) -> str | None:
        """The mask, less the rows that `until` has ended."""
        if scan.until is None:
            return valid
        ended = next(self.names[s.old] for s in scan.states if s.name == scan.until)
        goes_on = self.make("not", ended, name="goes_on")
        return goes_on if valid is None else self.make("and", valid, goes_on, name="valid")

    def next_state(self, state: ScanState, valid: str | None) -> str:
        """The value of a state after the step, which is an output."""
        old, new = self.names[state.old], self.names.get(state.new, state.new)
        value = self.select(valid, new, old)
        self.ends.append(Output(old, value, old))
        return value

    def output(self, scan: Scan, place: int, value: str, valid: str | None) -> str:
        """What the output at `place`, which is `value` at a valid step, is at this step."""
        if valid is not None and scan.hold:
            held = f"output_{place}" if place else "output"
            t = result_type("where", [self.types[valid], self.types[value], self.types[value]], NOTHING, self.whole.axes)
            before = self.state(scan, held, t, 0)
            value = self.select(valid, value, before)
            self.ends.append(Output(before, value, before))
        elif valid is not None:
            value = self.select(valid, value, self.make("zeros_like", value, name="zero"))
        return value

    def select(self, valid: str | None, new: str, old: str) -> str:
        """`new` where the step is valid, of the type of both."""
        if valid is not None:
            return self.make("where", valid, new, old, name="held")
        if self.types[new] == self.types[old] and new != old:
            return new
        always = Node(self.fresh.like("always"), "literal", (), Constant(True), TensorType("bool"))
        self.nodes.append(always)
        self.types[always.id] = always.type
        return self.make("where", always.id, new, old, name="held")
