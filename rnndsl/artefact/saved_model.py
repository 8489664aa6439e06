"""Writes a module as a SavedModel with reproducible bytes, and reads back what the files say of it, for the manifest."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from rnndsl.artefact.canonical import canonicalise, read_saved_model
from rnndsl.artefact.manifest import DTypeName, Length, TensorInfo
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.records import Immutable, field, record

Shapes = Mapping[str, tuple[Length, ...]]
"""Lengths of tensors by name, with names of axes, where the plan knows them."""


@record
class Saved(Immutable):
    """One signature as the files have it. `operations`: names of the operations in the body of `function`."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    function: str | None = None
    operations: frozenset[str] = field(default_factory=frozenset[str])


def save_module(module: Any, folder: Path) -> None:
    """Write `module`, with its `signature_functions` as signatures, to the empty or missing `folder`.

    Raises OSError, and `tf.errors.OpError` for what goes wrong in TensorFlow's own writing.
    """
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    tf.saved_model.save(module, str(folder), signatures=dict(module.signature_functions), options=options)
    canonicalise(folder)


def saved_signatures(folder: Path, shapes: Mapping[str, Shapes]) -> dict[str, Saved]:
    """The signatures of the SavedModel in `folder`, by name; `shapes` likewise."""
    meta_graph = read_saved_model(folder).meta_graphs[0]
    functions = {function.signature.name: function for function in meta_graph.graph_def.library.function}
    bodies = _bodies(meta_graph.object_graph_def, functions)
    return {
        name: _saved(definition, functions.get(bodies.get(name, "")), shapes.get(name, {}))
        for name, definition in meta_graph.signature_def.items()
        if not name.startswith("__saved_model")
    }


def checkpoint_keys(folder: Path) -> dict[str, str]:
    """The key in the checkpoint of every variable, by the variable's name in the graph."""
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    graphs: Any = importlib.import_module("tensorflow.core.protobuf.trackable_object_graph_pb2")
    graph = graphs.TrackableObjectGraph.FromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    return {entry.full_name: entry.checkpoint_key for node in graph.nodes for entry in node.attributes if entry.full_name}


def dtype_name(dtype: Any) -> DTypeName:
    """`float32`, from a dtype of TensorFlow or its number in a proto."""
    return cast("DTypeName", str(tf.as_dtype(dtype).name))


def _bodies(objects: Any, functions: Mapping[str, Any]) -> dict[str, str]:
    """The function that each signature's wrapper calls."""
    root = {child.local_name: child.node_id for child in objects.nodes[0].children}
    if "signatures" not in root:
        return {}
    found: dict[str, str] = {}
    for child in objects.nodes[root["signatures"]].children:
        wrapper = functions[objects.nodes[child.node_id].bare_concrete_function.concrete_function_name]
        calls = [node.attr["f"].func.name for node in wrapper.node_def if node.op.endswith("PartitionedCall")]
        found[child.local_name] = calls[0] if calls else wrapper.signature.name
    return found


def _saved(definition: Any, body: Any, shapes: Shapes) -> Saved:
    inputs = tuple(_tensor(name, info, shapes) for name, info in sorted(definition.inputs.items()))
    outputs = tuple(_tensor(name, info, shapes) for name, info in sorted(definition.outputs.items()))
    if body is None:
        return Saved(inputs, outputs)
    return Saved(inputs, outputs, body.signature.name, frozenset(node.name for node in body.node_def))


def _tensor(name: str, info: Any, shapes: Shapes) -> TensorInfo:
    lengths = None if info.tensor_shape.unknown_rank else [dim.size for dim in info.tensor_shape.dim]
    return TensorInfo(name=name, dtype=dtype_name(info.dtype), shape=named_lengths(lengths, shapes.get(name)), tensor=info.name)


def named_lengths(lengths: list[int] | None, known: tuple[Length, ...] | None) -> tuple[Length, ...] | None:
    """`lengths`, -1 where unknown, with names of axes from the plan in place of unknown ones."""
    if lengths is None:
        return known
    if known is None or len(known) != len(lengths):
        return tuple(None if length < 0 else length for length in lengths)
    return tuple(name if length < 0 else length for length, name in zip(lengths, known, strict=True))
