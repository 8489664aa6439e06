"""Losses over all alignments of a sequence with its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, wide
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.attributes import Blank
from rnndsl.plan.model import Node

_NEVER = -1e30
"""The logarithm of a probability of zero: finite, so that its gradient is zero and not NaN."""


def ctc(frame: Frame, node: Node, logits: Operand, labels: Operand, *lengths: Operand) -> Any:
    """-log p(labels | logits), Graves et al. 2006; logits [batch, time, classes], labels [batch, label], one value a sequence.

    The forward variables of section 4.1, in logarithms, in the dtype of the logits (f32 for narrower ones). Infinite, with zero
    gradient, where the labels need more steps than there are. What stands beyond a length is not read.
    """
    dtype = logits.tensor.dtype
    scores = wide(logits.tensor)
    steps, count = (tf.cast(each.tensor, tf.int32) for each in lengths)
    blank = node.told(Blank).blank
    place = tf.range(tf.shape(labels.tensor)[1])
    ids = tf.where(place < count[:, None], tf.cast(labels.tensor, tf.int32), blank)
    spelt = _with_blanks(ids, blank)
    chances = tf.gather(tf.nn.log_softmax(scores, -1), spelt, axis=2, batch_dims=1)
    repeats = (ids[:, 1:] == ids[:, :-1]) & (place[1:] < count[:, None])
    possible = count + tf.reduce_sum(tf.cast(repeats, tf.int32), 1) <= steps
    last = _forward(chances, _may_skip(spelt, blank), steps, scores.dtype)
    ends = tf.gather(last, tf.stack([2 * count, tf.maximum(2 * count - 1, 0)], 1), batch_dims=1)
    both = tf.where(count[:, None] > [-1, 0], ends, tf.constant(_NEVER, scores.dtype))
    loss = -tf.reduce_logsumexp(tf.where(possible[:, None], both, tf.zeros_like(both)), 1)
    return tf.cast(tf.where(possible, loss, tf.constant(float("inf"), scores.dtype)), dtype)


def _with_blanks(ids: Any, blank: int) -> Any:
    """[batch, 2 L + 1]: the labels with a blank before, between and behind them."""
    pairs = tf.stack([tf.fill(tf.shape(ids), blank), ids], 2)
    flat = tf.reshape(pairs, tf.stack([tf.shape(ids)[0], 2 * tf.shape(ids)[1]]))
    return tf.pad(flat, [[0, 0], [0, 1]], constant_values=blank)


def _may_skip(spelt: Any, blank: int) -> Any:
    """[batch, 2 L + 1]: whether a path may come from two places before, past a blank between unlike labels."""
    before = tf.pad(spelt, [[0, 0], [2, 0]], constant_values=blank)[:, :-2]
    return (spelt != blank) & (spelt != before) & (tf.range(tf.shape(spelt)[1]) > 1)


def _forward(chances: Any, may_skip: Any, steps: Any, dtype: Any) -> Any:
    """log alpha [batch, 2 L + 1] at the last of each sequence's `steps`; with none, all is at the first blank."""
    never, sure = tf.constant(_NEVER, dtype), tf.zeros((), dtype)
    places = tf.range(tf.shape(chances)[2])
    first = tf.where(places < 2, sure, never)

    def back(alpha: Any, by: int) -> Any:
        return tf.pad(alpha, [[0, 0], [by, 0]], constant_values=never)[:, : tf.shape(alpha)[1]]

    def step(alpha: Any, at: Any) -> Any:
        t, chance = at
        skipped = tf.where(may_skip, back(alpha, 2), never)
        come = tf.where(t == 0, first, tf.reduce_logsumexp(tf.stack([alpha, back(alpha, 1), skipped]), 0))
        return tf.where((t < steps)[:, None], tf.maximum(come + chance, never), alpha)

    by_step = tf.transpose(chances, [1, 0, 2])
    start = tf.where(places < 1, sure, never) + tf.zeros_like(chances[:, 0])
    return tf.foldl(step, (tf.range(tf.shape(by_step)[0]), by_step), initializer=start)


LOWERINGS: Mapping[str, Lower] = {"ctc": ctc}
