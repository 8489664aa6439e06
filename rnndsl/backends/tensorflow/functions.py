"""`tf.function`s whose parameters are named after the model's inputs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.model import Function, PlanInput, Scan, all_nodes


def input_spec(x: PlanInput) -> Any:
    """The `tf.TensorSpec` of an input: leading axes are of unknown length."""
    shape = [*(None for _ in x.type.axes), *x.type.dims]
    return tf.TensorSpec(shape, DTYPES[x.type.dtype], name=x.name)


def by_name(name: str, inputs: Sequence[PlanInput], call: Callable[[dict[str, Any]], Any]) -> Any:
    """A `tf.function` of the inputs, by position or name, that runs `call` on a dict of them."""
    parameters = [inspect.Parameter(x.name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for x in inputs]
    signature = inspect.Signature(parameters)

    def function(*positional: Any, **named: Any) -> Any:
        values = signature.bind(*positional, **named).arguments
        return call(checked(inputs, values))

    function.__name__ = name.replace("/", "_")
    function.__signature__ = signature  # type: ignore[attr-defined]
    specs = [input_spec(x) for x in inputs]
    return tf.function(function, input_signature=specs, autograph=False)


def checked(inputs: Sequence[PlanInput], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, once all inputs agree on the length of each leading axis; a difference is an error that names both."""
    first: dict[str, tuple[str, Any]] = {}
    checks: list[Any] = []
    for x in inputs:
        shape: Any = None
        for at, axis in enumerate(x.type.axes):
            if axis not in first:
                first[axis] = (x.name, (values[x.name], at))
                continue
            other, (tensor, there) = first[axis]
            if tensor.shape[there] is not None and tensor.shape[there] == values[x.name].shape[at]:
                continue
            shape = tf.shape(values[x.name]) if shape is None else shape
            message = f"the inputs `{other}` and `{x.name}` differ in the length of `{axis}`"
            checks.append(tf.debugging.assert_equal(tf.shape(tensor)[there], shape[at], message=message))
    return _after(checks, values)


def held(function: Function, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, once each is along an axis as long as the scan that takes a fixed number of steps there; else an error says so."""
    scans = (node for node in all_nodes(function.graph) if isinstance(node, Scan))
    steps = {scan.axis: scan.steps for scan in scans if isinstance(scan.steps, int)}
    checks: list[Any] = []
    for x in function.inputs:
        for at, axis in enumerate(x.type.axes):
            if axis in steps and values[x.name].shape[at] != steps[axis]:
                message = f"the input `{x.name}` is not {steps[axis]} long along `{axis}`, along which a scan takes so many steps"
                checks.append(tf.debugging.assert_equal(tf.shape(values[x.name])[at], steps[axis], message=message))
    return _after(checks, values)


def _after(checks: Sequence[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, after the operations that check them."""
    with tf.control_dependencies([check for check in checks if check is not None]):
        return {name: tf.identity(value) for name, value in values.items()} if checks else dict(values)
