"""What the parts of elaboration share: the graphs in the making, the registries of layers and variables, the sink."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from rnndsl.elaborate.state.arithmetic import fits, shape_of
from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import PENDING, Env, Lazy, Pending
from rnndsl.elaborate.state.records import StepContext, VariableRecord
from rnndsl.elaborate.state.values import BidirectionalResult, Instance, ScanResult, Tensor, Value, VariableRef
from rnndsl.plan.model import DType, TensorType, Variable
from rnndsl.syntax import tree
from rnndsl.text.codes import names as name_codes
from rnndsl.text.codes import sizes as limit_codes
from rnndsl.text.codes import time as time_codes
from rnndsl.text.codes import types as type_codes
from rnndsl.text.diagnostics import Diagnostic, Poisoned, Sink, SpecError
from rnndsl.text.source import Span

Reduction = Literal["last", "everything", "error"]


@dataclass(slots=True, eq=False)
class Session:
    """The elaboration of one model. `evaluate` is set by `evaluate.expressions`, which closes the circle of calls."""

    sink: Sink
    seed: int
    axes: list[str]
    builders: list[GraphBuilder] = field(default_factory=list[GraphBuilder])
    steps: list[StepContext] = field(default_factory=list[StepContext])
    variables: dict[str, VariableRecord] = field(default_factory=dict[str, VariableRecord])
    carried: dict[str, Variable] = field(default_factory=dict[str, Variable])
    instances: dict[str, Instance] = field(default_factory=dict[str, Instance])
    tree: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    owners: dict[str, Span] = field(default_factory=dict[str, Span])
    names: dict[str, str] = field(default_factory=dict[str, str])
    """By the path of a layer, its name below its owner: another only where it is placed elsewhere."""
    running: list[Lazy] = field(default_factory=list[Lazy])
    reductions: list[Reduction] = field(default_factory=lambda: ["error"])
    updating: str | None = None
    collections: dict[str, Span | None] = field(default_factory=dict[str, "Span | None"])
    draws: bool = False
    bytes: int = 0
    anonymous: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])
    applications: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])
    incomplete: bool = False
    """Whether variables may be missing, since what declares them is faulty."""
    penalties: dict[str, Span] = field(default_factory=dict[str, Span])
    constants: dict[tuple[int, GraphBuilder, str], Lazy] = field(default_factory=dict[tuple[int, GraphBuilder, str], Lazy])
    """Constants of files by their text, and by graph and dtype: some are tensors."""
    rounds: int = 0
    _calls: int = 0
    _refunded: int = 0
    _unwinding: bool = False
    _ids: int = 0
    _ordinals: dict[str, int] = field(default_factory=dict[str, int])
    _depth: int = 0
    evaluate: Callable[[tree.Expr, Env], Value] = field(init=False)

    # ------------------------------------------------------------ graphs

    def fresh(self) -> str:
        self._ids += 1
        return str(self._ids)

    @property
    def builder(self) -> GraphBuilder:
        return self.builders[-1]

    @property
    def step(self) -> StepContext | None:
        return self.steps[-1] if self.steps else None

    @property
    def equation(self) -> str:
        """The name of what is being evaluated."""
        return self.running[-1].name if self.running else ""

    def new_builder(self) -> GraphBuilder:
        return GraphBuilder(self.axes, self.fresh)

    @contextmanager
    def building(self, builder: GraphBuilder) -> Generator[None]:
        """Nodes made inside go to `builder`."""
        self.builders.append(builder)
        try:
            yield
        finally:
            self.builders.pop()

    @contextmanager
    def back_in(self, builder: object) -> Generator[None]:
        """Nodes made inside go to `builder` again, from the bodies of scans in it, as if no step of theirs were being built."""
        builders, steps = self.builders, self.steps
        count = next((i + 1 for i, each in enumerate(builders) if each is builder), len(builders))
        self.builders = builders[:count]
        self.steps = steps if count == len(builders) else [s for s in steps if s.body in self.builders]
        try:
            yield
        finally:
            self.builders, self.steps = builders, steps

    @contextmanager
    def reducing(self, default: Reduction) -> Generator[None]:
        """What a reduction without `over` means inside."""
        self.reductions.append(default)
        try:
            yield
        finally:
            self.reductions.pop()

    @contextmanager
    def deeper(self, span: Span, name: str, limit: int, cost: int = 1) -> Generator[None]:
        """Counts `fn`s and layers, and their nesting: a definition that needs itself is diagnosed, not followed for ever.

        From there to the outermost level nothing is applied: each level on the way out would only meet the same limit again.
        """
        if self._unwinding or self._calls > limit_codes.MAX_CALLS:
            raise Poisoned
        self._calls += cost
        if self._depth >= limit:
            self._unwinding = True
            limit_codes.NESTED_TOO_DEEP(span, name=name, limit=limit).throw()
        if self._calls > limit_codes.MAX_CALLS:
            most = limit_codes.MAX_CALLS
            limit_codes.TOO_MANY_CALLS(span, limit=most, layers=most // limit_codes.LAYER_COST).throw()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._unwinding = self._unwinding and self._depth > 0

    @contextmanager
    def refunding(self) -> Generator[None]:
        """Applications made inside are counted apart, while there are few enough."""
        before = self._calls
        yield
        self._refunded += self._calls - before
        if self._refunded <= limit_codes.FREE_CALLS:
            self._calls = before

    @contextmanager
    def applying(self, layer: str, span: Span) -> Generator[None]:
        """Faults found inside belong to the application of `layer` at `span`."""
        self.applications.append((layer, span))
        try:
            yield
        except SpecError as error:
            self.incomplete = True
            raise SpecError(self._placed(error.diagnostic)) from None
        except Poisoned:
            self.incomplete = True
            raise
        finally:
            self.applications.pop()

    def ordinal(self, key: str) -> int:
        """How often this was asked before for `key`."""
        count = self._ordinals.get(key, 0)
        self._ordinals[key] = count + 1
        return count

    def stream(self, path: str, name: str) -> int:
        """The identity of a random draw: 63 bits of seed, path, name and the ordinal of the draw within them."""
        key = f"{path}\0{name}"
        ordinal = self.ordinal(f"draw\0{key}")
        digest = hashlib.sha256(f"{self.seed}\0{key}\0{ordinal}".encode()).digest()
        self.draws = True
        return int.from_bytes(digest[:8], "big") >> 1

    # ------------------------------------------------------------ paths

    def claim(self, path: str, span: Span) -> bool:
        """Registers `path` for what is declared at `span`. False if that declaration has it already (a further application)."""
        first = self.owners.get(path)
        if first == span:
            return False
        if first is not None:
            name_codes.PATH_TAKEN(span, path=path).note("the first is declared here", first).throw()
        self.owners[path] = span
        parent = path.rpartition("/")[0]
        self.tree.setdefault(parent, []).append(path)
        return True

    def ordered_variables(self) -> list[VariableRecord]:
        """Variables in the order of the text, layer by layer."""
        found: list[VariableRecord] = []
        pending = list(reversed(self.tree.get("", [])))
        while pending:
            path = pending.pop()
            if path in self.variables:
                found.append(self.variables[path])
            pending += reversed(self.tree.get(path, []))
        return found

    # ------------------------------------------------------------ values

    def force(self, lazy: Lazy) -> Value:
        """The value of `lazy`, computed once. Raises Poisoned if it failed before; a cycle is diagnosed."""
        if not isinstance(lazy.value, Pending):
            return lazy.value
        if lazy.state == "failed":
            raise Poisoned
        if lazy.state == "running":
            self._cycle(lazy)
        lazy.state = "running"
        self.running.append(lazy)
        try:
            value = lazy.compute()
        except SpecError as error:
            self._fail(lazy)
            self.report(error.diagnostic)
            raise Poisoned from None
        except Poisoned:
            self._fail(lazy)
            raise
        finally:
            self.running.pop()
        lazy.value, lazy.state = value, "done"
        assert lazy.value is not PENDING
        return value

    def _fail(self, lazy: Lazy) -> None:
        lazy.state = "failed"
        self.incomplete = self.incomplete or lazy.kind in ("layer", "variable")

    def _cycle(self, lazy: Lazy) -> None:
        cycle = self.running[self.running.index(lazy) :]
        text = " → ".join(f"`{each.name}`" for each in (*cycle, lazy))
        in_time = all(each.kind == "equation" for each in cycle)
        what = "equations need each other at the same time" if in_time else "definitions need each other"
        diagnostic = time_codes.CYCLE(lazy.span, what=what, cycle=text)
        for each in cycle[1:]:
            diagnostic = diagnostic.note(f"`{each.name}` is needed on the way", each.span)
        for each in cycle:
            each.state = "failed"
        diagnostic.suggest("a delay such as `h[t-1]` breaks a cycle" if in_time else None).throw()

    def attempt(self, action: Callable[[], object]) -> None:
        """Runs `action`; a fault of the spec goes to the sink and ends only this action."""
        try:
            action()
        except SpecError as error:
            self.report(error.diagnostic)
        except Poisoned:
            pass

    def report(self, diagnostic: Diagnostic) -> None:
        """Tells a fault, once a place."""
        diagnostic = self._placed(diagnostic)
        span = diagnostic.span
        foreign = span is not None and span.source.name.startswith("std/")
        known = (diagnostic.code, name_codes.UNKNOWN_NAME.number)
        if span is not None and not foreign and any(d.span == span and d.code in known for d in self.sink.found):
            return
        self.sink.add(diagnostic)

    def _placed(self, diagnostic: Diagnostic) -> Diagnostic:
        """With a note on the application of the user's that led to a fault in the standard library, or of types in a definition."""
        span = diagnostic.span
        applied = next((each for each in reversed(self.applications) if not each[1].source.name.startswith("std/")), None)
        if span is None or applied is None or any(note.span == applied[1] for note in diagnostic.notes):
            return diagnostic
        layer, at = applied
        within = span.source is at.source and at.start <= span.start and span.end <= at.end
        if within or not (span.source.name.startswith("std/") or diagnostic.code.startswith("RNN02")):
            return diagnostic
        return diagnostic.note(f"in this application of `{layer}`", at)

    def tensor(self, value: Value, span: Span, dtype: DType | None = None) -> Tensor:
        """`value` as a tensor: a scan's outputs, a variable's value, a number as a constant of `dtype`."""
        match value:
            case Tensor():
                return self._at_hand(value, span)
            case ScanResult():
                return value.output
            case BidirectionalResult() if value.output is not None:
                return value.output
            case VariableRef():
                return self.read(value.path, span)
            case bool() | int() | float():
                return self.literal(value, dtype or "f32", span)
            case list() if value and all(isinstance(v, bool | int | float | list) for v in value):
                return self.literal(value, dtype or "f32", span)
            case _:
                type_codes.NOT_A_TENSOR(span, what=describe(value)).throw()

    def _at_hand(self, tensor: Tensor, span: Span) -> Tensor:
        """`tensor`, if it is a value of the graph in the making. Raises SpecError for one of another graph."""
        if tensor.id not in self.builder.ids:
            far = name_codes.MISPLACED(span, what="a value from outside of it", where="the step of a cell")
            far.suggest("hand it to the cell as an input: `given`").throw()
        return tensor

    def literal(self, value: object, dtype: DType, span: Span) -> Tensor:
        """A constant: a number, or nested lists of numbers."""
        dims, flat = shape_of(value, span)
        for each in flat:
            if not fits(each, dtype):
                type_codes.LITERAL_DTYPE(span, value=str(each).lower() if isinstance(each, bool) else each, dtype=dtype).throw()
        return self.builder.leaf("literal", TensorType(dtype, (), dims), {"value": value}, span)

    def read(self, path: str, span: Span) -> Tensor:
        """The value of a variable in the current graph; within its own update, what the update before wrote."""
        record = self.variables[path]
        if self.updating == path and (latest := self.builder.latest(path)) is not None:
            return latest
        return self.builder.read(path, TensorType(record.dtype, (), record.shape), span)
