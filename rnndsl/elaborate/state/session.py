"""The elaboration of one model: its four books, and the values that are being worked out."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from rnndsl.elaborate.state.arithmetic import fits, shape_of
from rnndsl.elaborate.state.budget import Budget
from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import PENDING, Env, Lazy, Pending
from rnndsl.elaborate.state.graphs import Graphs
from rnndsl.elaborate.state.registry import Registry
from rnndsl.elaborate.state.reports import Reports
from rnndsl.elaborate.state.values import BidirectionalResult, ScanResult, Tensor, Value, VariableRef
from rnndsl.plan.attributes import Constant, frozen
from rnndsl.plan.model import DType, TensorType
from rnndsl.records import field, mutable
from rnndsl.syntax import tree
from rnndsl.text.codes import places as place_codes
from rnndsl.text.codes import time as time_codes
from rnndsl.text.codes import types as type_codes
from rnndsl.text.diagnostics import Poisoned, SpecError
from rnndsl.text.source import Span

Reduction = Literal["last", "everything", "error"]
_LONG = 16
"""So many values wait for one another before what the next ones need is worked out first, so that a chain of any length fits."""
_INDEXED = re.compile(r"\b(\w+)\[-1\]")
"""The most names of a cycle that its diagnostic shows."""


@mutable
class Session:
    """`evaluator` gives expressions their values, `needs` says what a value waits for, `ahead` what the state of a cell was that
    is not applied yet; these are of later rooms, so whoever makes a session gives it them."""

    graphs: Graphs
    reports: Reports
    evaluator: Callable[[Session, tree.Expr, Env], Value]
    needs: Callable[[Session, Lazy], list[Lazy]]
    ahead: Callable[[Session, tree.Attribute, int, Env], Tensor | None]
    registry: Registry = field(default_factory=Registry)
    budget: Budget = field(default_factory=Budget)
    running: list[Lazy] = field(default_factory=list[Lazy])
    reductions: list[Reduction] = field(default_factory=lambda: ["error"])
    updating: str | None = None
    step: Tensor | None = None
    """The step of the optimizer whose rate is evaluated: what a schedule that is called there is given first."""
    constants: dict[tuple[int, GraphBuilder, str], Lazy] = field(default_factory=dict[tuple[int, GraphBuilder, str], Lazy])
    """Constants of files by their text, and by graph and dtype: some are tensors."""

    def evaluate(self, expr: tree.Expr, env: Env) -> Value:
        """What `expr` is worth in `env`. Raises SpecError, or Poisoned where a fault has been told already."""
        return self.evaluator(self, expr, env)

    @property
    def equation(self) -> str:
        """The name of what is being evaluated."""
        return self.running[-1].name if self.running else ""

    @contextmanager
    def reducing(self, default: Reduction) -> Generator[None]:
        """What a reduction without `over` means inside."""
        self.reductions.append(default)
        try:
            yield
        finally:
            self.reductions.pop()

    @contextmanager
    def scheduling(self, step: Tensor | None) -> Generator[None]:
        """Whether a schedule that is called inside is given a `step`, and which."""
        before, self.step = self.step, step
        try:
            yield
        finally:
            self.step = before

    def force(self, lazy: Lazy) -> Value:
        """The value of `lazy`, computed once. Raises Poisoned if it failed before; a cycle is diagnosed."""
        if lazy.state == "ready" and len(self.running) >= _LONG:
            self._work_out_needs(lazy)
        if not isinstance(lazy.value, Pending):
            return lazy.value
        if lazy.state == "failed":
            raise Poisoned
        if lazy.state == "running":
            self._cycle(self.running[self.running.index(lazy) :])
        return self._compute(lazy)

    def _work_out_needs(self, lazy: Lazy) -> None:
        """Computes what `lazy` needs, and before that what those need, and so on; depth first, with a stack of its own."""
        path, ahead, on_path = [lazy], [self._open(lazy)], {id(lazy)}
        while path:
            following = ahead[-1].pop() if ahead[-1] else None
            if following is not None and (following.state == "running" or id(following) in on_path):
                waiting = [*self.running, *path]
                cycle = waiting[next(i for i, each in enumerate(waiting) if each is following) :]
                self.reports.attempt(functools.partial(self._cycle, cycle))
            elif following is not None and following.state == "ready":
                path.append(following)
                ahead.append(self._open(following))
                on_path.add(id(following))
            elif following is None and not self._asks_for_more(path[-1], ahead):
                done = path.pop()
                ahead.pop()
                on_path.discard(id(done))
                if done is not lazy and done.state == "ready":
                    self.reports.attempt(functools.partial(self._compute, done))

    def _open(self, lazy: Lazy) -> list[Lazy]:
        """What `lazy` needs and is not worked out, the last first."""
        return [each for each in reversed(self.needs(self, lazy)) if each.state in ("ready", "running")]

    def _asks_for_more(self, lazy: Lazy, ahead: list[list[Lazy]]) -> bool:
        """Whether `lazy` needs yet more, now that what it needed first is known; `ahead` then has it."""
        ahead[-1] = self._open(lazy) if lazy.state == "ready" else []
        return bool(ahead[-1])

    def _compute(self, lazy: Lazy) -> Value:
        lazy.state = "running"
        self.running.append(lazy)
        try:
            value = lazy.compute()
        except SpecError as error:
            self._fail(lazy)
            self.reports.report(error.diagnostic)
            raise Poisoned from None
        except Poisoned:
            self._fail(lazy)
            raise
        finally:
            self.running.pop()
        lazy.value, lazy.state = value, "done"
        if lazy.kind == "equation" and isinstance(value, Tensor):
            self.graphs.names.setdefault(value.id, lazy.name)
        assert lazy.value is not PENDING
        return value

    def _fail(self, lazy: Lazy) -> None:
        lazy.state = "failed"
        self.reports.incomplete = self.reports.incomplete or lazy.kind in ("layer", "variable")

    def _cycle(self, cycle: list[Lazy]) -> None:
        """Each of `cycle` needs the next, the last the first."""
        first, names = cycle[0], [each.name for each in cycle]
        places = {each.name: each.span for each in cycle[1:]}
        for each in cycle:
            each.state = "failed"
        if any(each.kind != "equation" for each in cycle):
            time_codes.cycle_of_definitions(first.span, names, places).throw()
        indexed = next((m for each in cycle if (m := _INDEXED.search(each.span.text)) and m[1] in names), None)
        if indexed:
            time_codes.cycle_by_index(first.span, names, places, indexed[0], indexed[1]).throw()
        time_codes.cycle_in_time(first.span, names, places).throw()

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
                type_codes.not_a_tensor(span, describe(value)).throw()

    def _at_hand(self, tensor: Tensor, span: Span) -> Tensor:
        """`tensor`, or what stands for it in the graph in the making. Raises SpecError for one of another graph."""
        builder = self.graphs.builder
        if tensor.id in builder.ids:
            return tensor
        found = builder.outer(tensor, span) if builder.outer is not None else None
        if found is None:
            place_codes.from_outside(span).throw()
        return found

    def literal(self, value: object, dtype: DType, span: Span) -> Tensor:
        """A constant: a number, or nested lists of numbers."""
        self.budget.add_constant(value, span)
        dims, flat = shape_of(value, span)
        for each in flat:
            if not fits(each, dtype):
                is_far = dtype == "f16" and not isinstance(each, bool)
                (type_codes.beyond_f16(span, each) if is_far else type_codes.number_dtype(span, each, dtype)).throw()
        return self.graphs.builder.leaf("literal", TensorType(dtype, (), dims), Constant(frozen(value)), span)

    def read(self, path: str, span: Span) -> Tensor:
        """The value of a variable in the current graph; within its own update, what the update before wrote."""
        record = self.registry.variables[path]
        if self.updating == path and (latest := self.graphs.builder.latest(path)) is not None:
            return latest
        return self.graphs.builder.read(path, TensorType(record.dtype, (), record.shape), span)
