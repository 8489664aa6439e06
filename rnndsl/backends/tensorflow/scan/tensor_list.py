"""Lists of tensors that a loop reads and writes step by step: TensorFlow's own list operations.

`tf.TensorArray` is these with a shape fixed while building, so that an empty list of unknown batch cannot be stacked; here the
shape is a tensor, known when the graph runs.
"""

from __future__ import annotations

from typing import Any, cast

from rnndsl.backends.tensorflow.tensorflow_module import tf


def from_tensor(tensor: Any) -> Any:
    """A list of the slices of `tensor` along its first dim."""
    return tf.raw_ops.TensorListFromTensor(tensor=tensor, element_shape=_vector(_shape(tensor)[1:]))


def empty(length: Any, shape: Any, dtype: Any) -> Any:
    """A list of `length` elements, not yet set, of `shape`."""
    return tf.raw_ops.TensorListReserve(element_shape=_vector(shape), num_elements=length, element_dtype=dtype)


def get(handle: Any, at: Any, shape: Any, dtype: Any) -> Any:
    return tf.raw_ops.TensorListGetItem(input_handle=handle, index=at, element_shape=_vector(shape), element_dtype=dtype)


def put(handle: Any, at: Any, item: Any) -> Any:
    """The list with `item` in place `at`."""
    return tf.raw_ops.TensorListSetItem(input_handle=handle, index=at, item=item)


def stack(handle: Any, shape: Any, dtype: Any) -> Any:
    """[length, ...] of all elements; those never set are zeros."""
    return tf.raw_ops.TensorListStack(input_handle=handle, element_shape=_vector(shape), element_dtype=dtype, num_elements=-1)


def _shape(tensor: Any) -> Any:
    return tensor.shape.as_list() if tensor.shape.is_fully_defined() else tf.shape(tensor)


def _vector(shape: Any) -> Any:
    return tf.constant(shape, tf.int32, [len(cast("list[int]", shape))]) if isinstance(shape, list) else shape
