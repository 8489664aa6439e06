"""Random draws in NumPy: the same numbers as in an artefact, by the same stream, call and step."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import DTYPES, Array, Frame, Value, met
from rnndsl.language.ops.meaning.philox import normal, uniform
from rnndsl.plan.attributes import Draw
from rnndsl.plan.model import Node

_BELOW_ONE = {"f16": 1 - 2.0**-11, "bf16": 1 - 2.0**-8}
"""The numbers of half precision next to 1."""


def _uniform(frame: Frame, node: Node, shape: tuple[int, ...]) -> Array:
    seed = frame.seed if node.told(Draw).each_step else frame.sequence_seed
    return uniform(shape, node.told(Draw).stream, seed, node.type.dtype == "f64")


def dropout(frame: Frame, node: Node, x: Value, rate: Value) -> Array:
    """x * keep / (1 - rate), keep with probability 1 - rate (Srivastava et al. 2014); a rate of 1 gives zeros."""
    value = frame.fit(x, node.type)
    chance = met([x, rate], frame.order)[1]
    shared = node.told(Draw).shared
    drawn = [min(size, 1) if axis == shared else size for axis, size in zip(node.type.axes, value.shape, strict=False)]
    keep = _uniform(frame, node, (*drawn, *node.type.dims)) >= chance
    scale = np.where(chance < 1, 1 / np.where(chance < 1, 1 - chance, 1), 0)
    return value * keep * scale


def bernoulli(frame: Frame, node: Node, p: Value) -> Array:
    return _uniform(frame, node, p.array.shape) < p.array


def random_uniform(frame: Frame, node: Node, like: Value) -> Array:
    """A half-precision number that would be rounded up to 1 is the next one below."""
    drawn = _uniform(frame, node, like.array.shape)
    if node.type.dtype not in _BELOW_ONE:
        return drawn
    return np.minimum(drawn.astype(DTYPES[node.type.dtype]).astype(np.float32), _BELOW_ONE[node.type.dtype])


def random_normal(frame: Frame, node: Node, like: Value) -> Array:
    return normal(like.array.shape, node.told(Draw).stream, frame.seed, node.type.dtype == "f64")


def categorical(frame: Frame, node: Node, logits: Value) -> Array:
    """argmax(logits + Gumbel noise), Gumbel 1954."""
    drawn = uniform(logits.array.shape, node.told(Draw).stream, frame.seed, logits.type.dtype == "f64")
    noise = -np.log(-np.log(np.maximum(drawn, 1e-30)))
    return np.argmax(logits.array + noise, -1)
