"""Connectionist temporal classification in logarithms: a loop over the steps, and for the alignment another one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.axes import reverse_along
from rnndsl.backends.stablehlo.ops.products import einsum_of
from rnndsl.backends.stablehlo.ops.reductions import log_probabilities, log_sum_exp
from rnndsl.backends.stablehlo.writer import Tensor
from rnndsl.plan.attributes import Blank
from rnndsl.plan.model import Node, TensorType


class _Lattice:
    """The places of a batch of label sequences, a blank around each label: [batch, place]. Along them each step stays, goes one
    ahead, or two where that leaves out a blank between two labels."""

    def __init__(self, f: Frame, node: Node, logits: Operand, labels: Operand, steps: Operand, counts: Operand) -> None:
        self.f, self.steps, self.counts = f, f.cast(steps.tensor, "i32"), f.cast(counts.tensor, "i32")
        rows, time, classes = logits.tensor.shape
        ids = labels.tensor
        number = ids.shape[1]
        blanks = f.writer.constant(node.told(Blank).blank, ids.dtype, (rows, number))
        pairs = f.concatenate([f.reshape(x, (rows, number, 1)) for x in (blanks, ids)], 2)
        last = f.writer.constant(node.told(Blank).blank, ids.dtype, (rows, 1))
        path = f.concatenate([f.reshape(pairs, (rows, 2 * number)), last], 1)
        self.places = f.iota(path.shape, 1)
        shape = (rows, path.shape[1], classes)
        self.chosen = f.compare("EQ", f.spread(path, shape, [0, 1]), f.iota(shape, 2, path.dtype))
        """[batch, place, class]"""
        logs, whole = log_probabilities(f, logits.tensor, 2), (rows, time, *shape[1:])
        each = f.spread(logs, whole, [0, 1, 3])
        each = f.select(f.spread(self.chosen, whole, [0, 2, 3]), each, f.filled(0, each))
        self.own = f.move(f.sum(each, [3]), 1, 0)
        """[time, batch, place]"""
        odd = f.compare("EQ", f.op("and", self.places, f.filled(1, self.places)), f.filled(1, self.places))
        inner = f.op("and", odd, f.compare("GE", self.places, f.filled(3, self.places)))
        self.skips = f.op("and", inner, f.compare("NE", path, self._moved(path, 2, 0)))

    def _moved(self, x: Tensor, by: int, enters: float) -> Tensor:
        """Along the places; what `enters` at the end that is left."""
        f, size = self.f, x.shape[1]
        count = min(abs(by), size)
        entering = f.writer.constant(enters, x.dtype, (x.shape[0], count))
        parts = [entering, f.slice(x, 1, 0, size - count)] if by > 0 else [f.slice(x, 1, count, size), entering]
        return f.concatenate(parts, 1)

    def _start(self, place: Tensor) -> Tensor:
        """Ahead of the first step: at one place of each row."""
        f, dtype = self.f, self.own.dtype
        there = f.compare("EQ", self.places, f.spread(place, self.places.shape, [0]))
        zero = f.writer.constant(0, dtype, self.places.shape)
        return f.select(there, zero, f.filled(-np.inf, zero))

    def _run(self, start: Tensor, ways: Sequence[int], skips: Tensor, *, back: bool) -> tuple[Tensor, Tensor]:
        """After the last step, and after each: [time, batch, place]."""
        f, time = self.f, self.own.shape[0]
        own = reverse_along(f, self.own, 0) if back else self.own

        def step(at: Tensor, carried: Sequence[Tensor]) -> list[Tensor]:
            before, all_steps = carried
            one, two = (self._moved(before, by, -np.inf) for by in ways)
            two = f.select(skips, two, f.filled(-np.inf, two))
            parts = [f.reshape(x, (1, *x.shape)) for x in (before, one, two)]
            after = f.op("add", log_sum_exp(f, f.concatenate(parts, 0), None, [0]), f.row(own, at))
            number = f.op("subtract", f.filled(time - 1, at), at) if back else at
            is_step = f.compare("LT", f.spread(number, self.steps.shape, []), self.steps)
            found = f.select(f.spread(is_step, after.shape, [0]), after, before)
            return [found, f.put_row(all_steps, found, at)]

        end, steps = f.writer.loop(time, [start, f.filled(0, own)], step)
        return end, reverse_along(f, steps, 0) if back else steps

    def ahead(self) -> tuple[Tensor, Tensor]:
        return self._run(self._start(self.f.filled(0, self.counts)), (1, 2), self.skips, back=False)

    def behind(self) -> Tensor:
        start = self._start(self.last)
        return self._run(start, (-1, -2), self._moved(self.skips, -2, False), back=True)[1]

    @property
    def last(self) -> Tensor:
        """[batch]: the blank behind the last label."""
        return self.f.op("add", self.counts, self.counts)


def ctc(f: Frame, node: Node, logits: Operand, labels: Operand, logit_lengths: Operand, label_lengths: Operand) -> Tensor:
    """Graves et al. 2006, equations 6 and 7."""
    lattice = _Lattice(f, node, logits, labels, logit_lengths, label_lengths)
    end, _ = lattice.ahead()
    last = f.spread(lattice.last, end.shape, [0])
    ends = f.op(
        "and", f.compare("LE", lattice.places, last), f.compare("GE", lattice.places, f.op("subtract", last, f.filled(1, last)))
    )
    return f.op("negate", log_sum_exp(f, end, ends, [1]))


def ctc_alignment(f: Frame, node: Node, logits: Operand, labels: Operand, logit_lengths: Operand, label_lengths: Operand) -> Tensor:
    """Graves et al. 2006, equations 14 and 15. Zero beyond a sequence's steps, and if they cannot spell the labels."""
    lattice = _Lattice(f, node, logits, labels, logit_lengths, label_lengths)
    own, ahead, behind = lattice.own, lattice.ahead()[1], lattice.behind()
    least = f.filled(-np.inf, own)
    both = f.op("subtract", f.op("add", ahead, behind), own)  # both have the step itself
    both = f.select(f.compare("GT", own, least), both, least)
    whole = log_sum_exp(f, both, None, [2])
    is_step = f.compare("LT", f.iota(whole.shape, 0), f.spread(lattice.steps, whole.shape, [1]))
    is_finite = f.compare("LT", f.op("abs", whole), f.filled(np.inf, whole))
    spelt = f.op("or", is_finite, f.op("not", is_step))
    spelt = f.writer.reduce(spelt, f.writer.constant(True, "bool"), [0], "and")
    seen = f.op("and", is_step, f.spread(spelt, whole.shape, [1]))
    taken = f.op("exponential", f.op("subtract", both, f.spread(whole, both.shape, [0, 1])))
    taken = f.select(f.spread(seen, both.shape, [0, 1]), taken, f.filled(0, taken))
    chosen = f.cast(lattice.chosen, taken.dtype)
    operands = [Operand(x, TensorType(x.dtype, (), x.shape)) for x in (taken, chosen)]
    return einsum_of(f, operands, ["tbs", "bsc"], "btc", ())


LOWERINGS: Mapping[str, Lower] = {"ctc": ctc, "ctc_alignment": ctc_alignment}
