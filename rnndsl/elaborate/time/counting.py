"""Which rows count at a step of a scan. What looks along their axes, a mean over the batch, sees no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rnndsl.elaborate.state.records import StepContext
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Tensor
from rnndsl.elaborate.time.closed import Feedback, own_state
from rnndsl.elaborate.time.scan_options import Options
from rnndsl.plan.attributes import ValidSteps
from rnndsl.plan.indices import At, Index
from rnndsl.plan.model import TensorType
from rnndsl.records import mutable

TAKEN = "output.taken"
"""The state that counts the steps of each row, where something asks which rows count. No name of a spec starts with `output`."""
Bring = Callable[[Tensor], Tensor]
"""A value of the enclosing graph as the body has it."""


@mutable
class Counting:
    """The rows that count at a step of the scan with `options`, in the graph of its body; made when first asked for.

    `scanned` brings a value that has the scan's axis, step by step, `given` one that is the same at every step. `around` is the
    step in whose graph the scan stands, if it is in one.
    """

    session: Session
    options: Options
    step: StepContext
    loop: Feedback | None
    around: StepContext | None
    scanned: Bring
    given: Bring

    def rows(self) -> tuple[Tensor, ...]:
        """bool, each of some axes of the step: a row counts where all of them hold; none where every row does."""
        return tuple(self._rows())

    def _rows(self) -> Iterator[Tensor]:
        own = self._within() if self.options.scanned() else self._not_at_its_end()
        if own is not None:
            yield own
        ended = self.ended()
        if ended is not None:
            yield self.step.body.add("not", [ended], self.step.span)
        if self.around is not None and self.around.body is self.step.outer:
            yield from map(self.given, self.around.valid())

    def _within(self) -> Tensor | None:
        """Where the step is one of `lengths` and `mask`: one more scanned input."""
        options, step = self.options, self.step
        by = options.valid_by()
        wanted = {options.along, *step.axes}
        like = next((x for x, _ in options.scanned() if wanted <= {*x.type.axes}), None)
        if not by or like is None:
            return None
        outer, span = step.outer, step.span
        if like.type.dims:
            like = outer.add("index", [like], span, Index((At(0),) * len(like.type.dims)))
        zero = outer.add("zeros_like", [like], span)
        return self.scanned(outer.add("valid_steps", [outer.add("eq", [zero, zero], span), *by], span, valid_steps(options)))

    def _not_at_its_end(self) -> Tensor | None:
        """Where nothing is scanned: which rows have not taken as many steps yet as `lengths` says. One more state."""
        options, step = self.options, self.step
        if options.lengths is None or options.carry:
            return None
        taken = own_state(self.session, step, TAKEN, TensorType("i32", step.axes), 0, step.span)
        with self.session.graphs.building(step.body):
            one = self.session.literal(1, "i32", step.span)
        taken.new = step.body.add("add", [taken.old, one], step.span)
        return step.body.add("lt", [taken.old, self.given(options.lengths[0])], step.span)

    def axes(self) -> set[str]:
        """Over which it differs which steps are valid."""
        ended = self.ended()
        by = [*self.options.valid_by(), *([] if ended is None else [ended])]
        return {axis for each in by for axis in each.type.axes} - {self.options.along}

    def ended(self) -> Tensor | None:
        """Which rows have ended before the step."""
        if self.loop is not None and self.loop.ended is not None:
            return self.loop.ended.old
        record = self.step.states.get(self.options.until[0]) if self.options.until else None
        return None if record is None or record.old.type.dtype != "bool" else record.old


def valid_steps(options: Options) -> ValidSteps:
    """By what the steps of a scan are valid."""
    return ValidSteps(options.along, options.lengths is not None, options.mask is not None)
