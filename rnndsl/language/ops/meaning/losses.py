"""Losses in NumPy. Formulas: the rows of `rnndsl.language.ops.losses`."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value, unite, with_axes
from rnndsl.language.ops.meaning.elementwise import softplus
from rnndsl.language.ops.meaning.shapes import log_probabilities
from rnndsl.plan.attributes import Blank
from rnndsl.plan.model import Node


def cross_entropy(frame: Frame, node: Node, logits: Value, labels: Value) -> Array:
    """Integer labels are ids of the last dim, float labels distributions over it. Raises ValueError for an id beyond it."""
    axes = unite([logits.type, labels.type], frame.order)
    logs, known = log_probabilities(with_axes(frame, logits, axes)), with_axes(frame, labels, axes)
    if known.dtype.kind == "f":
        return -np.sum(known * logs, -1)
    wrong = known[(known < 0) | (known >= logs.shape[-1])]
    if wrong.size:
        raise ValueError(f"has the label {wrong.flat[0]} of {logs.shape[-1]} classes")
    return -np.take_along_axis(logs, known[..., np.newaxis].astype(np.int64), -1)[..., 0]


def binary_cross_entropy(logits: Array, labels: Array) -> Array:
    return softplus(logits) - labels * logits


def huber(a: Array, b: Array, delta: float) -> Array:
    distance = np.abs(a - b)
    return np.where(distance <= delta, distance**2 / 2, delta * (distance - delta / 2))


def ctc(frame: Frame, node: Node, logits: Value, labels: Value, logit_lengths: Value, label_lengths: Value) -> Array:
    """Graves et al. 2006, equations 6 and 7, in logarithms; logits [batch, time, classes], labels [batch, label]."""
    rows = zip(log_probabilities(logits.array), labels.array, logit_lengths.array, label_lengths.array, strict=True)
    return np.array([_ctc(logs[:steps], ids[:count], node.told(Blank).blank) for logs, ids, steps, count in rows])


def _ctc(logs: Array, ids: Array, blank: int) -> float:
    """logs [time, classes], ids [label] of one sequence."""
    path = np.full(2 * len(ids) + 1, blank)  # blanks around every label
    path[1::2] = ids
    skips = [s for s in range(3, len(path), 2) if path[s] != path[s - 2]]
    before = np.full(len(path), -np.inf)
    before[0] = 0.0  # ahead of the first step: there the first blank or the first label comes next
    for row in logs:
        reached = before.copy()
        reached[1:] = np.logaddexp(before[1:], before[:-1])
        for s in skips:
            reached[s] = np.logaddexp(reached[s], before[s - 2])
        before = reached + row[path]
    return -float(np.logaddexp.reduce(before[-2:]))


def ctc_alignment(frame: Frame, node: Node, logits: Value, labels: Value, logit_lengths: Value, label_lengths: Value) -> Array:
    """Graves et al. 2006, equations 14 and 15, in logarithms. Zero beyond a sequence's steps, and if they cannot spell the
    labels."""
    taken = np.zeros_like(logits.array)
    rows = zip(taken, log_probabilities(logits.array), labels.array, logit_lengths.array, label_lengths.array, strict=True)
    for row, logs, ids, steps, count in rows:
        row[:steps] = _alignment(logs[:steps], ids[:count], node.told(Blank).blank)
    return taken


def _alignment(logs: Array, ids: Array, blank: int) -> Array:
    """logs [time, classes], ids [label] of one sequence; what is found has the shape of `logs`."""
    path = np.full(2 * len(ids) + 1, blank)
    path[1::2] = ids
    taken = np.zeros_like(logs)
    if not len(logs):
        return taken
    ahead = _reached(logs[:, path], path)
    back = _reached(logs[::-1, path[::-1]], path[::-1])[::-1, ::-1]  # the paths of the reversed labels, from the last step
    own = logs[:, path]  # both have the step itself
    both = np.where(own > -np.inf, ahead + back - own, -np.inf)
    whole = np.logaddexp.reduce(both, 1, keepdims=True)  # the same at every step
    if np.isfinite(whole).all():
        np.add.at(taken.T, path, np.exp(both - whole).T)
    return taken


def _reached(logs: Array, path: Array) -> Array:
    """[time, place]: the log probability of being there after the step, along any path from one of the first two."""
    found = np.full(logs.shape, -np.inf)
    found[0, :2] = logs[0, :2]
    for t in range(1, len(logs)):
        for s in range(len(path)):
            skips = s > 1 and path[s] != path[s - 2]
            found[t, s] = np.logaddexp.reduce(found[t - 1, max(s - (2 if skips else 1), 0) : s + 1]) + logs[t, s]
    return found
