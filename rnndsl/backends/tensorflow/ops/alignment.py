"""Losses over all alignments of a sequence with its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rnndsl.backends.layout import ordered
from rnndsl.backends.tensorflow.align import Operand, relaid, wide
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Blank
from rnndsl.plan.model import Node

_NEVER = -1e30
"""The logarithm of a probability of zero: finite, so that its gradient is zero and not NaN."""


class _Sequences(NamedTuple):
    """Sequences ready to be aligned with their labels, which have a blank before, between and behind them.

    spelt: ids [batch, place]. chances: their log probabilities [batch, time, place]. may_skip: whether a path may come to a place
    from two before [batch, place]. steps, count: lengths of sequences and of labels [batch]. possible: whether the steps suffice.
    """

    spelt: Any
    chances: Any
    may_skip: Any
    steps: Any
    count: Any
    possible: Any

    @property
    def never(self) -> Any:
        return tf.constant(_NEVER, self.chances.dtype)

    @property
    def ends(self) -> Any:
        """Whether a path may end there [batch, place]: at the last label or the blank behind it."""
        places, last = tf.range(tf.shape(self.spelt)[1]), 2 * self.count[:, None]
        return (places == last) | (places == last - 1)

    def total(self, last: Any) -> Any:
        """The log probability of the labels, from the forward variables at the last step."""
        ends = tf.reduce_logsumexp(tf.where(self.ends, last, self.never), 1)
        return tf.where(self.possible, ends, self.never)


def _sequences(frame: Frame, node: Node, logits: Operand, labels: Operand, *lengths: Operand) -> _Sequences:
    by_batch, named = (relaid(x.tensor, x.type, frame.context.natural) for x in (logits, labels))
    steps, count = (tf.cast(each.tensor, tf.int32) for each in lengths)
    blank = node.told(Blank).blank
    place = tf.range(tf.shape(named)[1])
    ids = tf.where(place < count[:, None], tf.cast(named, tf.int32), blank)
    spelt = _with_blanks(ids, blank)
    chances = tf.gather(tf.nn.log_softmax(wide(by_batch), -1), spelt, axis=2, batch_dims=1)
    repeats = (ids[:, 1:] == ids[:, :-1]) & (place[1:] < count[:, None])
    possible = count + tf.reduce_sum(tf.cast(repeats, tf.int32), 1) <= steps
    return _Sequences(spelt, chances, _may_skip(spelt, blank), steps, count, possible)


def ctc(frame: Frame, node: Node, logits: Operand, *others: Operand) -> Any:
    """-log p(labels | logits), Graves et al. 2006; logits [batch, time, classes], labels [batch, label], one value a sequence.

    The forward variables of section 4.1, in logarithms, in the dtype of the logits (f32 for narrower ones). Infinite, with zero
    gradient, where the labels need more steps than there are. What stands beyond a length is not read.
    """
    x = _sequences(frame, node, logits, *others)
    step, start = _forward(x)
    by_step = tf.transpose(x.chances, [1, 0, 2])
    last = tf.foldl(step, (tf.range(tf.shape(by_step)[0]), by_step), initializer=start)
    loss = -x.total(last)
    return tf.cast(tf.where(x.possible, loss, tf.constant(float("inf"), loss.dtype)), logits.tensor.dtype)


def ctc_alignment(frame: Frame, node: Node, logits: Operand, *others: Operand) -> Any:
    """How often each class is taken at each step, given the labels: equations 14 and 15 of Graves et al. 2006, in logarithms.

    [batch, time, classes]. Zero beyond a sequence's steps, and where the labels need more than there are.
    """
    x = _sequences(frame, node, logits, *others)
    step, start = _forward(x)
    by_step = tf.pad(tf.transpose(x.chances, [1, 0, 2]), [[0, 2], [0, 0], [0, 0]])  # there is a step even if there is no time
    times = tf.range(tf.shape(by_step)[0] - 1)
    ahead = tf.scan(step, (times, by_step[:-1]), initializer=start)
    behind = tf.scan(_backward(x), (times, by_step[1:]), initializer=tf.fill(tf.shape(start), x.never), reverse=True)
    total = x.total(ahead[-1])
    aligned = (total > x.never / 2) & (times[:, None] < x.steps)  # [time, batch]
    places = tf.where(aligned[:, :, None], tf.exp(tf.minimum(ahead + behind - total[:, None], 0)), 0)
    taken = tf.cast(_by_class(places[:-1], x.spelt, logits.type.dims[-1]), logits.tensor.dtype)
    return relaid(taken, ordered(node.type, frame.context.natural), frame.context.order)


def _by_class(places: Any, spelt: Any, classes: int) -> Any:
    """[batch, time, classes]: the sums over places, [time, batch, place], that spell the same."""
    shape = tf.shape(places)
    ids = tf.range(shape[1])[:, None] * classes + spelt
    flat = tf.reshape(tf.transpose(places, [1, 2, 0]), tf.stack([shape[1] * shape[2], shape[0]]))
    sums = tf.math.unsorted_segment_sum(flat, tf.reshape(ids, [-1]), shape[1] * classes)
    return tf.transpose(tf.reshape(sums, tf.stack([shape[1], classes, shape[0]])), [0, 2, 1])


def _with_blanks(ids: Any, blank: int) -> Any:
    """[batch, 2 L + 1]: the labels with a blank before, between and behind them."""
    pairs = tf.stack([tf.fill(tf.shape(ids), blank), ids], 2)
    flat = tf.reshape(pairs, tf.stack([tf.shape(ids)[0], 2 * tf.shape(ids)[1]]))
    return tf.pad(flat, [[0, 0], [0, 1]], constant_values=blank)


def _may_skip(spelt: Any, blank: int) -> Any:
    """[batch, 2 L + 1]: whether a path may come from two places before, past a blank between unlike labels."""
    before = tf.pad(spelt, [[0, 0], [2, 0]], constant_values=blank)[:, :-2]
    return (spelt != blank) & (spelt != before) & (tf.range(tf.shape(spelt)[1]) > 1)


def _forward(x: _Sequences) -> tuple[Any, Any]:
    """One step of log alpha [batch, place], which stays as it is beyond a sequence's steps, and where it starts: with no step, all
    is at the first blank."""
    never, sure = x.never, tf.zeros((), x.chances.dtype)
    places = tf.range(tf.shape(x.spelt)[1])
    first = tf.where(places < 2, sure, never)

    def before(alpha: Any, by: int) -> Any:
        return tf.pad(alpha, [[0, 0], [by, 0]], constant_values=never)[:, : tf.shape(alpha)[1]]

    def step(alpha: Any, at: Any) -> Any:
        t, chance = at
        skipped = tf.where(x.may_skip, before(alpha, 2), never)
        come = tf.where(t == 0, first, tf.reduce_logsumexp(tf.stack([alpha, before(alpha, 1), skipped]), 0))
        return tf.where((t < x.steps)[:, None], tf.maximum(come + chance, never), alpha)

    return step, tf.broadcast_to(tf.where(places < 1, sure, never), tf.shape(x.spelt))


def _backward(x: _Sequences) -> Any:
    """One step back of log beta [batch, place], which has what comes after the step alone; it takes the next step's chances."""
    never = x.never
    last = tf.where(x.ends, tf.zeros((), x.chances.dtype), never)
    skipped = tf.pad(x.may_skip, [[0, 0], [0, 2]], constant_values=False)[:, 2:]

    def behind(beta: Any, by: int) -> Any:
        return tf.pad(beta, [[0, 0], [0, by]], constant_values=never)[:, by:]

    def step(beta: Any, at: Any) -> Any:
        t, chance = at
        to = tf.maximum(beta + chance, never)
        gone = tf.reduce_logsumexp(tf.stack([to, behind(to, 1), tf.where(skipped, behind(to, 2), never)]), 0)
        return tf.where((t == x.steps - 1)[:, None], last, gone)

    return step


LOWERINGS: Mapping[str, Lower] = {"ctc": ctc, "ctc_alignment": ctc_alignment}
