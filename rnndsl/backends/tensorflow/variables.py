"""The plan's variables as `tf.Variable`s, and their initial values.

Initial values come from NumPy and are the same on every device. Those that are not one number all over are kept in stored
variables that nothing assigns, `initial/PATH`, since a graph holds no constant above 2 GiB.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.plan.model import Plan, TensorType, Variable

InitialValue = Callable[[Variable, int], Any]
"""From a variable and the model's seed to its initial value, a NumPy array."""


def default_initial_value(variable: Variable, seed: int) -> Any:
    """What the variable's initialiser gives."""
    module: Any = importlib.import_module("rnndsl.language.initializers")
    return module.initial_value(variable, seed)


class Initial:
    """An initial value: one number and a shape, or a stored variable."""

    def __init__(self, path: str, value: Any, dtype: Any) -> None:
        self.shape: list[int] = list(value.shape)
        self.dtype = dtype
        first = value.reshape(-1)[:1]
        self.number: Any = first.reshape(()) if first.size and bool(np.all(value == first)) else None
        if self.number is not None and _negative_zero(self.number):
            self.number = None
        self.stored: Any = None
        if self.number is None and value.size:
            self.stored = tf.Variable(value, trainable=False, dtype=dtype, name=op_name(f"initial/{path}"))

    def tensor(self) -> Any:
        if self.stored is not None:
            return self.stored.read_value()
        return tf.fill(self.shape, tf.constant(0 if self.number is None else self.number, self.dtype))


def _negative_zero(number: Any) -> bool:
    return bool(number == 0) and number.dtype.kind == "f" and bool(np.signbit(number))


class Variables:
    """`tensors[path]` are the variables, in plan order; `initial[path]` their initial values (not of carried states)."""

    def __init__(self, plan: Plan, initial: InitialValue) -> None:
        self.plan = plan
        self.tensors: dict[str, Any] = {}
        self.initial: dict[str, Initial] = {}
        for variable in plan.variables:
            self._create(variable, initial)

    def _create(self, variable: Variable, initial: InitialValue) -> None:
        if variable.kind == "carried":
            self.tensors[variable.path] = _carried(variable)
            return
        dtype = DTYPES[variable.dtype]
        if variable.kind == "counter":
            value = np.zeros(variable.shape, dtype.as_numpy_dtype)
        elif variable.like is not None:
            value = self.tensors[variable.like].numpy().astype(dtype.as_numpy_dtype)
        else:
            value = np.asarray(initial(variable, self.plan.seed))
        if value.shape != variable.shape or value.dtype != dtype.as_numpy_dtype:
            wanted = f"{variable.dtype}{list(variable.shape)}"
            raise ValueError(f"{variable.path}: an initial value of {value.dtype}{list(value.shape)} for {wanted}")
        self.add(variable.path, value, trainable=variable.trainable, device=variable.device)

    def add(self, path: str, value: Any, trainable: bool = False, device: str | None = None) -> Any:
        """Create a variable `path` that starts as `value` (NumPy)."""
        dtype = tf.as_dtype(value.dtype)
        with tf.device(device):
            created = tf.Variable(value, trainable=trainable, dtype=dtype, name=op_name(path))
        self.tensors[path] = created
        self.initial[path] = Initial(path, value, dtype)
        return created

    def read(self, path: str, *, whole: bool = True) -> Any:
        """The value; unless the `whole` of it is wanted, what rows are looked up in where they are."""
        return self.tensors[path].read_value() if whole else self.tensors[path]

    def stored_initials(self) -> dict[str, Any]:
        return {path: x.stored for path, x in self.initial.items() if x.stored is not None}

    def assign(self, path: str, value: Any, name: str) -> Any:
        """Assign `value` by an operation `name`, which is returned. A state without axes gets a dim that says it is there."""
        variable = self.tensors[path]
        lifted = value[tf.newaxis] if value.shape.rank is not None and value.shape.rank < variable.shape.rank else value
        return variable.assign(lifted, name=name, read_value=False)

    def assign_rows(self, path: str, ids: Any, rows: Any, name: str) -> Any:
        """Assign `rows` in the place of those of the distinct `ids` by an operation `name`, which is returned."""
        return tf.raw_ops.ResourceScatterUpdate(resource=self.tensors[path].handle, indices=ids, updates=rows, name=name)

    def clear(self, path: str, name: str) -> Any:
        """Empty a carried state by an operation `name`, which is returned."""
        variable = self.tensors[path]
        empty = tf.zeros([size or 0 for size in variable.shape.as_list()], variable.dtype)
        return variable.assign(empty, name=name, read_value=False)

    def carried(self, path: str, stored: Any, start: Any, t: TensorType) -> Any:
        """The `stored` state, or `start` if it is cleared. Another batch size than the stored one is an error at run time."""
        if not t.axes:
            return tf.concat([stored, start[tf.newaxis]], 0)[0]
        cleared = tf.equal(tf.shape(stored)[0], 0)
        value = tf.cond(cleared, lambda: tf.identity(start), lambda: _checked(path, stored, start))
        value.set_shape(start.shape)
        return value


def _carried(variable: Variable) -> Any:
    """A state kept between calls: [None, ...], size 0 when cleared. A state without leading axes gets a dim of 0 or 1 for that."""
    unknown = [None for _ in variable.axes or ("cleared",)]
    dtype = DTYPES[variable.dtype]
    empty = tf.zeros([*(0 for _ in unknown), *variable.shape], dtype)
    with tf.device(variable.device):
        return tf.Variable(empty, trainable=False, dtype=dtype, shape=[*unknown, *variable.shape], name=op_name(variable.path))


def _checked(path: str, stored: Any, initial: Any) -> Any:
    message = f"the carried state `{path}` was kept for another batch size: call reset_states before data of another shape"
    same = tf.debugging.assert_equal(tf.shape(stored), tf.shape(initial), message=message)
    with tf.control_dependencies([same] if same is not None else []):
        return tf.identity(stored)
