"""Leading axes in NumPy: shifted, numbered, reversed, renamed."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import Array, Frame, Value, aligned
from rnndsl.plan.attributes import Over, Renamed, Steps, ValidSteps
from rnndsl.plan.model import Node, TensorType
from rnndsl.plan.stretches import Exchanged, Segments, StepAt, Stretch


def shift(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Steps)
    steps, at = told.steps, x.type.axes.index(told.over)
    moved = np.moveaxis(x.array, at, 0)
    out = np.zeros_like(moved)
    if steps >= 0:
        out[steps:] = moved[: max(len(moved) - steps, 0)]
    else:
        out[:steps] = moved[-steps:]
    return np.moveaxis(out, 0, at)


def position(frame: Frame, node: Node, like: Value) -> Array:
    return np.arange(frame.sizes[node.told(Over).over])


def axis_length(frame: Frame, node: Node) -> Array:
    return np.asarray(frame.sizes[node.told(Over).over])


def turn(frame: Frame, node: Node, x: Value, lengths: Value) -> Array:
    return turned(Value(frame.fit(x, node.type), node.type), node.told(Over).over, lengths)


def turned(x: Value, over: str, lengths: Value) -> Array:
    """`x`, each sequence's own steps along `over` from their end; it has the axes of `lengths`."""
    axes, at = x.type.axes, x.type.axes.index(over)
    size = x.array.shape[at]
    steps = aligned(Value(np.arange(size), TensorType("i32", (over,))), axes, 0)
    own = np.clip(aligned(lengths, axes, 0), 0, size)
    place = np.broadcast_to(np.where(steps < own, own - 1 - steps, steps), x.array.shape[: len(axes)])
    return np.take_along_axis(x.array, np.broadcast_to(place.reshape([*place.shape, *[1] * len(x.type.dims)]), x.array.shape), at)


def valid_steps(frame: Frame, node: Node, x: Value, *by: Value) -> Array:
    """`by`: lengths, then a mask, those of them that the scan has."""
    axes, over, rest = x.type.axes, node.told(Over).over, list(by)
    valid = np.ones([frame.sizes[axis] for axis in axes], bool)
    if node.told(ValidSteps).lengths:
        lengths = rest.pop(0)
        steps = Value(np.arange(frame.sizes[over]), TensorType("i32", (over,)))
        valid = valid & (aligned(steps, axes, 0) < aligned(lengths, axes, 0))
    for mask in rest:
        valid = valid & aligned(mask, axes, 0)
    return np.where(valid.reshape([*valid.shape, *[1] * len(x.type.dims)]), x.array, np.zeros((), x.array.dtype))


def step_at(frame: Frame, node: Node, x: Value) -> Array:
    """Raises ValueError for a step that the axis lacks."""
    told = node.told(StepAt)
    size = frame.sizes[told.over]
    if not -size <= told.at < size:
        raise ValueError(f"asks for step {told.at} of `{told.over}`, which has {size}")
    return np.take(x.array, told.at, x.type.axes.index(told.over))


def place_step(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(StepAt)
    whole = np.zeros([*(frame.sizes[a] for a in node.type.axes), *x.type.dims], x.array.dtype)
    np.moveaxis(whole, node.type.axes.index(told.over), 0)[told.at] = x.array
    return whole


def stretch(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Stretch)
    part = np.moveaxis(x.array, x.type.axes.index(told.over), 0)[told.start : told.stop : told.by]
    return np.moveaxis(part, 0, node.type.axes.index(told.to))


def place_stretch(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Stretch)
    whole = np.zeros([*(frame.sizes[a] for a in node.type.axes), *x.type.dims], x.array.dtype)
    part = np.moveaxis(whole, node.type.axes.index(told.over), 0)[told.start : told.stop : told.by]
    part[:] = np.moveaxis(x.array, x.type.axes.index(told.to), 0)
    return whole


def segments(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Segments)
    steps = np.moveaxis(x.array, x.type.axes.index(told.over), 0)
    each = told.of(len(steps))
    count = -(-len(steps) // each)
    whole = np.zeros([count * each, *steps.shape[1:]], steps.dtype)
    whole[: len(steps)] = steps
    to, within = (node.type.axes.index(axis) for axis in (told.to, told.within))
    return np.moveaxis(whole.reshape([count, each, *steps.shape[1:]]), (0, 1), (to, within))


def joined(frame: Frame, node: Node, x: Value) -> Array:
    told = node.told(Segments)
    steps = np.moveaxis(x.array, (x.type.axes.index(told.to), x.type.axes.index(told.within)), (0, 1))
    whole = steps.reshape([steps.shape[0] * steps.shape[1], *steps.shape[2:]])[: frame.sizes[told.over]]
    return np.moveaxis(whole, 0, node.type.axes.index(told.over))


def reverse(frame: Frame, node: Node, x: Value) -> Array:
    return np.flip(x.array, x.type.axes.index(node.told(Over).over))


def as_dim(frame: Frame, node: Node, x: Value) -> Array:
    return np.moveaxis(x.array, x.type.axes.index(node.told(Exchanged).over), len(x.type.axes) - 1)


def as_axis(frame: Frame, node: Node, x: Value) -> Array:
    return np.moveaxis(x.array, len(x.type.axes), node.type.axes.index(node.told(Exchanged).over))


def rename(frame: Frame, node: Node, x: Value) -> Array:
    """The renamed axis may have another place in the plan's order."""
    told = node.told(Renamed)
    axes = [told.new if axis == told.old else axis for axis in x.type.axes]
    return np.transpose(x.array, [*(axes.index(axis) for axis in node.type.axes), *range(len(axes), x.array.ndim)])
