"""Beam search: `beam(dec, feed = f, first = x0, width = k, steps = n, end = id)`, a closed loop over the k likeliest sequences.

The cell maps over one more leading axis, of length k, whose places are the sequences so far. Each step scores every next id of each
sequence, keeps the k best of all, and moves every state to the sequences that stem from its own. What is put out is each
sequence's new id and the place of the one it stems from; a second scan, from the last step back, follows these and reads the ids.

A sequence that has ended stays as it is, with its score; a row ends when all its sequences have. At first there is one sequence:
the score of the other places is minus infinity, and so it is in the end where fewer than k sequences exist.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.records import StateRecordInProgress, StepContext
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import LENGTH, ScanResult, Tensor
from rnndsl.elaborate.time.closed import Feedback, own_state
from rnndsl.elaborate.time.scan_options import Loop
from rnndsl.language.rules.types import FLOATS, widest
from rnndsl.plan.attributes import NOTHING, Along, Attributes, Dim, Dims, OneHot, Over, Reduction, Shape, ToDType
from rnndsl.plan.model import DType, Scan, ScanInput, ScanState, TensorType
from rnndsl.plan.ordering import Largest
from rnndsl.plan.rewriting import new_axis
from rnndsl.plan.stretches import Exchanged
from rnndsl.records import replace
from rnndsl.text.codes import loops as codes
from rnndsl.text.source import Span

DONE, SCORE, STEPS, PARENTS = "output.done", "output.score", "output.steps", "output.parents"
"""Whether each sequence has ended, and its log-probability; how many steps a row took; the named output of where sequences stem
from."""


class Search(Feedback):
    """A scan as a beam search. [rows]: the leading axes of a step but that of the sequences, of which there are `width`."""

    def __init__(self, session: Session, loop: Loop, width: int, span: Span, path: str) -> None:
        super().__init__(session, loop, path)
        self.width, self.span = width, span
        self.axis = new_axis("beam", session.graphs.axes)
        session.graphs.axes.append(self.axis)
        self.parents: Tensor | None = None
        self.done: StateRecordInProgress | None = None

    def axes(self, axes: tuple[str, ...]) -> tuple[str, ...]:
        return (*axes, self.axis)

    def rows(self, step: StepContext) -> tuple[str, ...]:
        return step.axes[:-1]

    # ---- one step

    def close(self, step: StepContext, output: Tensor) -> Tensor:
        """Chooses the sequences by `output`, the logits. Returns their ids, i32 [rows] [width], with `PARENTS` beside."""
        if output.type.dtype not in FLOATS or len(output.type.dims) != 1:
            codes.no_logits(self.span, output.type).throw()
        dtype = widest((output.type.dtype, "f32"))
        end = self._end(output.type.dims[0])
        score = self._score(step, dtype)
        if end is not None:
            self.done = own_state(self.session, step, DONE, TensorType("bool", step.axes), False, self.span)
        chosen, best = self._largest(self._sums(output, score.old, end, dtype))
        size = self._number(output.type.dims[0], "i32")
        self.parents, ids = self._add("floordiv", [chosen, size]), self._add("mod", [chosen, size])
        score.new = self._as_axis(best)
        self._count(step, ids, best, end)
        self.feed(step, self._as_axis(ids))
        return replace(ids, named={PARENTS: self.parents})

    def _score(self, step: StepContext, dtype: DType) -> StateRecordInProgress:
        """The log-probabilities of the sequences so far: at first of one that is empty."""
        score = own_state(self.session, step, SCORE, TensorType(dtype, step.axes), 0, self.span)
        with self.session.graphs.building(step.outer):
            score.initial = self._as_axis(self._certain(0, self.width, dtype))
        return score

    def _end(self, size: int) -> int | None:
        if self.loop.end is None:
            return None
        end, span = self.loop.end
        if not isinstance(end, int):
            codes.end_of_search(span, describe(end)).throw()
        if not 0 <= end < size:
            codes.end_beyond(span, end, size).throw()
        return end

    def _sums(self, logits: Tensor, score: Tensor, end: int | None, dtype: DType) -> Tensor:
        """The scores of all sequences with each next id: [rows, axis] [n]. What has ended goes on with its end, at no cost."""
        wide = logits if logits.type.dtype == dtype else self._add("cast", [logits], ToDType(dtype))
        gain = self._add("log_softmax", [wide], Along(-1))
        if self.done is not None:
            gain = self._add("where", [self.done.old, self._certain(end, logits.type.dims[0], dtype), gain])
        return self._add("add", [score, gain])

    def _largest(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """The `width` largest of all, [rows] [width]: where they are, place after place, and what."""
        flat = self._add("reshape", [self._as_dim(sums)], Dims((self.width * sums.type.dims[0],)))
        where = self._add("largest", [flat], Largest(self.width))
        return where, self._add("take", [flat, where], Dim(-1))

    def _count(self, step: StepContext, ids: Tensor, best: Tensor, end: int | None) -> None:
        """The lengths of sequences, the steps of rows, and what has ended."""
        one, length = self._number(1, "i32"), own_state(self.session, step, LENGTH, TensorType("i32", step.axes), 0, self.span)
        steps = own_state(self.session, step, STEPS, TensorType("i32", self.rows(step)), 0, self.span)
        steps.new = self._add("add", [steps.old, one])
        grown = one
        if self.done is not None and self.ended is not None:
            was = self._moved(self.done.old)
            now = self._add("or", [was, self._add("eq", [ids, self._number(end, "i32")])])
            self.done.new = self._as_axis(now)
            grown = self._add("where", [was, self._number(0, "i32"), one])
            over = self._add("or", [now, self._is_none(best)])
            self.ended.new = self._add("all", [over], Reduction((), (-1,)))
        length.new = self._as_axis(self._add("add", [self._moved(length.old), grown]))

    def _is_none(self, score: Tensor) -> Tensor:
        """Where there is no sequence."""
        return self._add("eq", [score, self._add("log", [self._number(0, score.type.dtype)])])

    def finish(self, records: list[StateRecordInProgress]) -> None:
        """Every state of the cell goes with the sequence that it is of; those of sequences that have ended stay."""
        for record in records:
            if record.of_loop:
                continue
            assert record.new is not None
            new, whole = record.new, record.old.type
            if new.type != whole:
                new = self._add("broadcast", [new], Shape(whole.dims, whole.axes))
            if self.done is not None:
                new = self._add("where", [self.done.old, record.old, new])
            record.new = self._as_axis(self._moved(new))

    def _moved(self, value: Tensor) -> Tensor:
        """[rows, axis] [..] as [rows] [width, ..], each sequence with what its parent has."""
        assert self.parents is not None
        return self._add("gather", [self._as_dim(value), self.parents])

    # ---- after all steps

    def sequences(self, found: ScanResult, along: str) -> Tensor:
        """The ids of the sequences, i32 [rows, along] [width], zeros past their ends; `ids`, `scores` and `lengths` beside."""
        score, length = (self._as_dim(found.of_loop[name]) for name in (SCORE, LENGTH))
        none = self._number(0, "i32")
        lengths = self._add("where", [self._is_none(score), none, length])
        ids = self._traced(found, along)
        past = self._add("lt", [self._add("position", [ids], Over(along)), lengths])
        ids = self._add("where", [past, ids, none])
        return replace(ids, named={"ids": ids, "scores": score, "lengths": lengths})

    def _traced(self, found: ScanResult, along: str) -> Tensor:
        """From the last step of each row back: the ids of each sequence, by way of where it stems from."""
        outer, body = self.session.graphs.builder, self.session.graphs.new_builder()
        parents = found.named[PARENTS]
        assert isinstance(parents, ScanResult)
        scanned = [(each, body.input(each.type.without(along))) for each in (found.output, parents.output)]
        start = self._number(list(range(self.width)), "i32")
        place = body.input(scanned[0][1].type)
        with self.session.graphs.building(body):
            id, parent = (self._add("take", [inner, place], Dim(-1)) for _, inner in scanned)
        back = Scan(
            id=self.session.graphs.fresh(),
            path=f"{self.path}/back",
            axis=along,
            scanned=tuple(ScanInput(each.id, inner.id) for each, inner in scanned),
            given=(),
            states=(ScanState("place", start.id, place.id, parent.id),),
            variables=(),
            outputs=(id.id,),
            body=body.graph(),
            lengths=found.of_loop[STEPS].id,
            reverse=True,
            place=str(self.span),
        )
        outer.nodes.append(back)
        return outer.result(back.id, "output", 0, found.output.type, self.span)

    # ---- nodes of the graph in the making

    def _add(self, op: str, args: Sequence[Tensor], attrs: Attributes = NOTHING) -> Tensor:
        return self.session.graphs.builder.add(op, args, self.span, attrs)

    def _number(self, value: object, dtype: DType) -> Tensor:
        return self.session.literal(value, dtype, self.span)

    def _certain(self, id: int | None, size: int, dtype: DType) -> Tensor:
        """The logarithms of probabilities where only `id` of so many may be: zero, and minus infinity elsewhere."""
        return self._add("log", [self._add("one_hot", [self._number(id, "i32")], OneHot(size, dtype))])

    def _as_dim(self, value: Tensor) -> Tensor:
        return self._add("as_dim", [value], Exchanged(self.axis, self.width))

    def _as_axis(self, value: Tensor) -> Tensor:
        return self._add("as_axis", [value], Exchanged(self.axis, self.width))
