"""A recurrence compiled by XLA, forward and backward each as one program.

TensorFlow cannot differentiate through a compiled function with a loop in it: the lists of saved activations would have to cross
the border of the program. So the backward program runs the loop forward again and then back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rnndsl.backends.tensorflow.align import Operand
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import TensorType
from rnndsl.plan.reach import ScanReach

if TYPE_CHECKING:
    from rnndsl.backends.tensorflow.lower import Frame

Key = tuple[str, str]
Loop = Callable[["Frame", ScanReach, list[Any]], dict[Key, Operand]]


def run_compiled(frame: Frame, reach: ScanReach, states: list[Any], loop: Loop) -> dict[Key, Operand]:
    """The results of `loop` from `states`, computed by compiled programs of all that the loop reads."""
    ids = [name for name in dict.fromkeys(reach.scan.outer_ids()) if name in frame.tensors]
    paths = reach.body.reads()
    tensors = [frame.tensors[name] for name in ids] + [frame.context.read(path) for path in paths]
    layout: list[tuple[Key, TensorType]] = []

    def compute(seed: Any, *flat: Any) -> list[Any]:
        values = dict(zip(ids, flat, strict=False))
        reads = dict(zip(paths, flat[len(ids) :], strict=False))
        inner = _shadow(frame, values, reads, seed)
        results = loop(inner, reach, list(flat[len(ids) + len(paths) :]))
        layout[:] = [(key, x.type) for key, x in results.items()]
        return [x.tensor for x in results.values()]

    outputs = _differentiable(compute)(frame.seed, *tensors, *states)
    return {key: Operand(tensor, t) for (key, t), tensor in zip(layout, outputs, strict=True)}


def _shadow(frame: Frame, values: dict[str, Any], reads: dict[str, Any], seed: Any) -> Frame:
    """A frame like `frame` inside the program: the same graph, with the program's own arguments as tensors."""
    context = replace(frame.context, read=reads.__getitem__, carried=None, finals={})
    known = {axis: size for axis, size in frame.sizes.items() if isinstance(size, int)}
    shadow = type(frame)(context, frame.reach, {}, known, seed)
    shadow.adopt(values)
    return shadow


def _differentiable(compute: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """`compute` as a compiled program whose gradient is another one."""
    forward = tf.function(compute, jit_compile=True, autograph=False)

    @tf.function(jit_compile=True, autograph=False)
    def backward(inputs: list[Any], upstream: list[Any]) -> list[Any]:
        sources = [x for x in inputs if x.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = [y for y in compute(*inputs) if y.dtype.is_floating]
        return tape.gradient(outputs, sources, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    @tf.custom_gradient
    def run(*inputs: Any) -> Any:
        outputs = forward(*inputs)

        def gradient(*upstream: Any) -> list[Any]:
            wanted = [dy for y, dy in zip(outputs, upstream, strict=True) if y.dtype.is_floating]
            found = iter(backward(list(inputs), wanted))
            return [next(found) if x.dtype.is_floating else None for x in inputs]

        return outputs, gradient

    return run
