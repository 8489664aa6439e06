"""A module's variables as TF1-style variables of a graph, and a checkpoint of their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.tensorflow_module import tf

EMBEDDED_BYTES = 1 << 28
"""Initial values of more than this many bytes in all are not embedded in the graph, which may hold 2 GiB at most."""


class SessionVariables:
    """The variables of `module` for a graph, by path; collections are left to the caller. Made outside the graph.

    Their initialisers return the values that they have now. If those are too large to be in the graph, they are read from
    further variables `graph-initial/PATH`, which have their values once the checkpoint is restored.
    saved: what the checkpoint holds, by name.
    """

    def __init__(self, module: Any, embedded_bytes: int) -> None:
        self.values: dict[str, Any] = {}
        self.by_path: dict[str, Any] = {}
        self.saved: dict[str, Any] = {}
        self._by_handle: dict[int, Any] = {}
        self._held: list[Any] = []
        self._eager: dict[str, Any] = dict(module.variables_by_path)
        self._now = {path: variable.numpy() for path, variable in self._eager.items()}
        self._embed = sum(value.nbytes for value in self._now.values() if not _uniform(value)) <= embedded_bytes

    def create(self) -> None:
        """Create the variables in the default graph."""
        for path, variable in self._eager.items():
            created = self._create(path, variable, self._now[path])
            self.by_path[path] = created
            self._by_handle[id(variable.handle)] = created
            self._held.append(variable.handle)  # an id stands for its object only as long as that lives
        tf.compat.v1.get_default_graph().clear_collection("trainable_variables")  # joined unasked

    def captured(self, outside: Any) -> Any:
        """The tensor of the graph that stands for what a function captured. Raises KeyError for a resource that is no variable."""
        if outside.dtype == tf.resource:
            return self._by_handle[id(outside)].handle
        return tf.constant(outside.numpy(), outside.dtype, name="graph-captured")

    def write(self, prefix: Path) -> None:
        """Write the checkpoint, from outside the graph. Raises `tf.errors.OpError`."""
        names = sorted(self.saved)
        tf.raw_ops.SaveV2(
            prefix=str(prefix),
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[self.values[name] for name in names],
        )

    def _create(self, path: str, variable: Any, value: Any) -> Any:
        if _uniform(value):
            number = value.reshape(-1)[0] if value.size else np.zeros((), value.dtype)
            return self._variable(path, variable, value, lambda: tf.fill(value.shape, tf.constant(number, variable.dtype)))
        if self._embed:
            return self._variable(path, variable, value, lambda: tf.constant(value, variable.dtype))
        initial = self._variable(f"graph-initial/{path}", variable, value, lambda: tf.zeros(value.shape, variable.dtype))
        return self._variable(path, variable, value, initial.read_value)

    def _variable(self, path: str, like: Any, value: Any, initial: Any) -> Any:
        name = op_name(path)
        created = tf.compat.v1.Variable(
            initial,
            trainable=bool(like.trainable),
            collections=[],
            validate_shape=False,
            shape=like.shape,
            dtype=like.dtype,
            name=f"{name}/",  # exactly so: else `W` beside `w` would be numbered
            use_resource=True,
        )
        if created.op.name != name:
            raise AssertionError(f"the variable {path} came out as {created.op.name}")
        self.saved[name] = created
        self.values[name] = value
        return created


def _uniform(value: Any) -> bool:
    """Whether one number fills `value`: of one bit pattern, so that -0.0 stays."""
    flat = value.reshape(-1)
    return not flat.size or bool(np.all(flat.view(np.uint8).reshape(flat.size, -1) == flat[:1].view(np.uint8)))
