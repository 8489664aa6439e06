"""Random operations. Each has a stream of its own; the frame's seed tells calls and steps apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnndsl.backends.tensorflow.align import Operand, meet
from rnndsl.backends.tensorflow.frame import Frame, Lower
from rnndsl.backends.tensorflow.ops.random.numbers import normal, uniform
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.attributes import Draw
from rnndsl.plan.model import Node

Before = tuple[Operand, ...]
"""How many rows are drawn before, elsewhere, if any are: see `Draw.parted`."""


def _drawn(frame: Frame, node: Node, like: Any, before: Before, draw: Callable[[Any, Any], Any]) -> Any:
    """Draws of the shape of `like`, which has the axes of `node`: the same numbers in whatever order these are laid out."""
    axes = node.type.axes
    natural = [axes.index(a) for a in frame.context.natural if a in axes]
    if natural == sorted(natural):
        shape = tf.shape(like)
        return draw(shape, _start(frame, axes[:1], shape, before))
    dims = range(len(axes), like.shape.rank)
    shape = tf.gather(tf.shape(like), [*natural, *dims])
    drawn = draw(shape, _start(frame, [axes[i] for i in natural[:1]], shape, before))
    laid = tf.transpose(drawn, [*map(natural.index, range(len(axes))), *dims])
    laid.set_shape(like.shape)
    return laid


def _start(frame: Frame, outermost: Sequence[str], shape: Any, before: Before) -> Any:
    """Which number comes first, where XLA compiles or others draw before: of an axis that has been cut, the outermost one, the
    rows before are passed."""
    if not frame.compiled and not before:
        return None
    rows = next((frame.firsts[axis] for axis in outermost if axis in frame.firsts), 0)
    if before:
        rows = rows + before[0].tensor
    return rows * tf.reduce_prod(shape[1:])


def _uniform(frame: Frame, node: Node, like: Any, before: Before) -> Any:
    seed = frame.seed if node.told(Draw).each_step else frame.sequence_seed
    dtype = DTYPES[node.type.dtype]
    return _drawn(frame, node, like, before, lambda shape, start: uniform(shape, node.told(Draw).stream, seed, dtype, start))


def dropout(frame: Frame, node: Node, x: Operand, rate: Operand, *before: Operand) -> Any:
    """x * keep / (1 - rate), keep with probability 1 - rate; a rate of 1 gives zeros.

    Without `each_step` the draw is one for all steps of the innermost scan; with `shared` it has a length of 1 along that axis."""
    value = frame.fit(x, node.type)
    chance = meet([x, rate], frame.context.order)[1]
    shared = node.told(Draw).shared
    like = value[tuple(slice(0, 1) if axis == shared else slice(None) for axis in node.type.axes)] if shared else value
    drawn = _uniform(frame, node, like, before)
    keep = tf.cast(drawn >= tf.cast(chance, drawn.dtype), value.dtype)
    kept = 1 - chance
    scale = tf.where(kept > 0, 1 / tf.where(kept > 0, kept, tf.ones_like(kept)), tf.zeros_like(kept))
    return value * keep * scale


def bernoulli(frame: Frame, node: Node, p: Operand, *before: Operand) -> Any:
    drawn = _uniform(frame, node, p.tensor, before)
    return tf.cast(drawn < tf.cast(p.tensor, drawn.dtype), DTYPES[node.type.dtype])


def random_uniform(frame: Frame, node: Node, like: Operand, *before: Operand) -> Any:
    """[0, 1): a half-precision number that would be rounded up to 1 is the next one below."""
    dtype = DTYPES[node.type.dtype]
    drawn = _uniform(frame, node, like.tensor, before)
    if dtype in (tf.float32, tf.float64):
        return drawn
    top = 1 - 2.0**-11 if dtype == tf.float16 else 1 - 2.0**-8
    return tf.minimum(tf.cast(drawn, dtype), tf.constant(top, dtype))


def random_normal(frame: Frame, node: Node, like: Operand, *before: Operand) -> Any:
    dtype = DTYPES[node.type.dtype]
    stream = node.told(Draw).stream
    drawn = _drawn(frame, node, like.tensor, before, lambda shape, start: normal(shape, stream, frame.seed, dtype, start))
    return tf.cast(drawn, dtype)


def categorical(frame: Frame, node: Node, logits: Operand, *before: Operand) -> Any:
    """argmax(logits + Gumbel noise), Gumbel 1954; log and exp in f32 or wider."""
    wide = tf.float64 if logits.tensor.dtype == tf.float64 else tf.float32
    stream = node.told(Draw).stream
    drawn = _drawn(frame, node, logits.tensor, before, lambda shape, start: uniform(shape, stream, frame.seed, wide, start))
    noise = -tf.math.log(-tf.math.log(tf.maximum(drawn, 1e-30)))
    return tf.argmax(tf.cast(logits.tensor, wide) + noise, -1, output_type=tf.int32)


LOWERINGS: Mapping[str, Lower] = {
    "dropout": dropout,
    "bernoulli": bernoulli,
    "random_uniform": random_uniform,
    "random_normal": random_normal,
    "categorical": categorical,
}
