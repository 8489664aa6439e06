"""Random draws in NumPy: the same numbers as in an artefact, by the same stream, call and step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnndsl.language.ops.meaning.align import DTYPES, Array, Frame, Value, met
from rnndsl.language.ops.meaning.philox import normal, uniform
from rnndsl.plan.attributes import Draw
from rnndsl.plan.model import Node

_BELOW_ONE = {"f16": 1 - 2.0**-11, "bf16": 1 - 2.0**-8}
"""The numbers of half precision next to 1."""


Before = tuple[Value, ...]
"""How many rows are drawn before, elsewhere, if any are: see `Draw.parted`."""


def _own(draw: Callable[..., Array], shape: tuple[int, ...], before: Before, *told: object) -> Array:
    """What `draw` draws of the `shape`, behind what is drawn before."""
    first = int(before[0].array) if before else 0
    return draw((first + shape[0], *shape[1:]), *told)[first:] if first else draw(shape, *told)


def _uniform(frame: Frame, node: Node, shape: tuple[int, ...], before: Before) -> Array:
    seed = frame.seed if node.told(Draw).each_step else frame.sequence_seed
    return _own(uniform, shape, before, node.told(Draw).stream, seed, node.type.dtype == "f64")


def dropout(frame: Frame, node: Node, x: Value, rate: Value, *before: Value) -> Array:
    """x * keep / (1 - rate), keep with probability 1 - rate (Srivastava et al. 2014); a rate of 1 gives zeros."""
    value = frame.fit(x, node.type)
    chance = met([x, rate], frame.order)[1]
    shared = node.told(Draw).shared
    drawn = [min(size, 1) if axis == shared else size for axis, size in zip(node.type.axes, value.shape, strict=False)]
    keep = _uniform(frame, node, (*drawn, *node.type.dims), before) >= chance
    scale = np.where(chance < 1, 1 / np.where(chance < 1, 1 - chance, 1), 0)
    return value * keep * scale


def bernoulli(frame: Frame, node: Node, p: Value, *before: Value) -> Array:
    return _uniform(frame, node, p.array.shape, before) < p.array


def random_uniform(frame: Frame, node: Node, like: Value, *before: Value) -> Array:
    """A half-precision number that would be rounded up to 1 is the next one below."""
    drawn = _uniform(frame, node, like.array.shape, before)
    if node.type.dtype not in _BELOW_ONE:
        return drawn
    return np.minimum(drawn.astype(DTYPES[node.type.dtype]).astype(np.float32), _BELOW_ONE[node.type.dtype])


def random_normal(frame: Frame, node: Node, like: Value, *before: Value) -> Array:
    return _own(normal, like.array.shape, before, node.told(Draw).stream, frame.seed, node.type.dtype == "f64")


def categorical(frame: Frame, node: Node, logits: Value, *before: Value) -> Array:
    """argmax(logits + Gumbel noise), Gumbel 1954."""
    drawn = _own(uniform, logits.array.shape, before, node.told(Draw).stream, frame.seed, logits.type.dtype == "f64")
    noise = -np.log(-np.log(np.maximum(drawn, 1e-30)))
    return np.argmax(logits.array + noise, -1)
