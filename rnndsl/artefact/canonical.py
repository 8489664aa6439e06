"""A SavedModel's bytes, free of whatever depends on the process that wrote it.

TensorFlow names functions and gradients by counters of the process, captured tensors by their Python ids, and notes the devices
of the machine. Here functions are numbered by the order in which the graph first refers to them, and the rest is cleared.
The numbers begin with digits of a digest of the model, so that two models imported into one graph do not share names.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rnndsl.artefact.arguments import name_arguments
from rnndsl.backends.tensorflow.tensorflow_module import tf

SavedModel: Any = importlib.import_module("tensorflow.core.protobuf.saved_model_pb2").SavedModel

SAVED_MODEL = "saved_model.pb"
_COUNTER = re.compile(r"_\d+(?=_|$)")
_DIGITS = re.compile(r"\d+")
_INFERENCE = re.compile(r"^(__inference_|__forward_)(?P<name>.*?)_\d+$")
_BACKWARD = re.compile(r"^__inference___backward_(?P<name>.*?)_\d+_\d+$")
_DIGEST_DIGITS = 8
_LONGEST_NAME = 4096


def canonicalise(folder: Path) -> None:
    """Rewrite the SavedModel in `folder` so that its bytes depend on nothing but its contents. Raises OSError."""
    path = folder / SAVED_MODEL
    saved = read_saved_model(folder)
    for meta_graph in saved.meta_graphs:
        canonicalise_meta_graph(meta_graph)
    path.write_bytes(saved.SerializeToString(deterministic=True))
    (folder / "fingerprint.pb").unlink(missing_ok=True)
    shutil.rmtree(folder / "debug", ignore_errors=True)
    assets = folder / "assets"
    if assets.is_dir() and not any(assets.iterdir()):
        assets.rmdir()


def read_saved_model(folder: Path) -> Any:
    """The `SavedModel` proto in `folder`. Raises OSError."""
    return SavedModel.FromString((folder / SAVED_MODEL).read_bytes())


def canonicalise_meta_graph(meta_graph: Any) -> str:
    """Rewrite a `MetaGraphDef` in place. Returns the digits that stand for it in names of functions."""
    graph = meta_graph.graph_def
    for node in _all_nodes(graph):
        _clear_node(node)
    public = set(_object_references(meta_graph)) | {node.op for node in _all_nodes(graph)}
    for function in graph.library.function:
        name_arguments(function, public=function.signature.name in public)
    order = _order_of_reference(meta_graph)
    numbered = {name: f"{_stem(name)}_{i}" for i, name in enumerate(order)}
    _rename_functions(meta_graph, numbered)
    _sort_library(graph.library, list(numbered.values()))
    _rename_gradients(graph, "")
    digest = _digest(meta_graph)
    final = {f"{_stem(name)}_{i}": f"{_stem(name)}_{digest}{i:04d}" for i, name in enumerate(order)}
    _rename_functions(meta_graph, final)
    _rename_gradients(graph, digest)
    return digest


def _all_nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _clear_node(node: Any) -> None:
    node.ClearField("experimental_debug_info")
    if "_user_specified_name" in node.attr and node.attr["_user_specified_name"].s.isdigit():
        del node.attr["_user_specified_name"]
    if "config_proto" in node.attr:
        config = tf.compat.v1.ConfigProto.FromString(node.attr["config_proto"].s)
        config.ClearField("device_count")
        config.ClearField("gpu_options")
        node.attr["config_proto"].s = config.SerializeToString(deterministic=True)


def _rename_gradients(graph: Any, digest: str) -> None:
    """Number the types of custom gradients by the order in which nodes refer to them."""
    new: dict[bytes, bytes] = {}

    def renamed(old: bytes) -> bytes:
        kind, dash, counter = old.rpartition(b"-")
        if not dash or not counter.isdigit():
            return old
        return new.setdefault(old, b"%s-%s%04d" % (kind, digest.encode(), len(new)))

    for node in _all_nodes(graph):
        if "_gradient_op_type" in node.attr:
            value = node.attr["_gradient_op_type"]
            value.s = renamed(value.s)
    for gradient in graph.library.registered_gradients:
        gradient.registered_op_type = renamed(gradient.registered_op_type.encode()).decode()


def _rename_functions(meta_graph: Any, new: dict[str, str]) -> None:
    """Rename functions wherever they are named: in nodes, in the library, in the object graph, within names of arguments."""
    library = meta_graph.graph_def.library
    for node in meta_graph.graph_def.node:
        _rename_node(node, new)
    for function in library.function:
        function.signature.name = new[function.signature.name]
        _rename_attributes(function.attr, new)
        for node in function.node_def:
            _rename_node(node, new)
    for gradient in library.gradient:
        gradient.function_name = new[gradient.function_name]
        gradient.gradient_func = new.get(gradient.gradient_func, gradient.gradient_func)
    for gradient in library.registered_gradients:
        gradient.gradient_func = new[gradient.gradient_func]
    _rename_objects(meta_graph.object_graph_def, new)
    aliases = {new.get(name, name): alias for name, alias in meta_graph.meta_info_def.function_aliases.items()}
    meta_graph.meta_info_def.function_aliases.clear()
    meta_graph.meta_info_def.function_aliases.update(aliases)


def _rename_node(node: Any, new: dict[str, str]) -> None:
    node.op = new.get(node.op, node.op)
    _rename_attributes(node.attr, new)


def _rename_attributes(attributes: Any, new: dict[str, str]) -> None:
    for key in attributes:
        value = attributes[key]
        kind = value.WhichOneof("value")
        if kind == "func":
            value.func.name = new.get(value.func.name, value.func.name)
        elif kind == "list":
            for function in value.list.func:
                function.name = new.get(function.name, function.name)
        elif kind == "s" and len(value.s) < _LONGEST_NAME:
            text = value.s.decode("utf-8", "replace")
            if text in new:
                value.s = new[text].encode()


def _rename_objects(objects: Any, new: dict[str, str]) -> None:
    for node in objects.nodes:
        kind = node.WhichOneof("kind")
        if kind == "function":
            node.function.concrete_functions[:] = [new[name] for name in node.function.concrete_functions]
        elif kind == "bare_concrete_function":
            node.bare_concrete_function.concrete_function_name = new[node.bare_concrete_function.concrete_function_name]
        elif kind == "captured_tensor":
            node.captured_tensor.concrete_function = new[node.captured_tensor.concrete_function]
    concrete = [(new[name], function.SerializeToString()) for name, function in objects.concrete_functions.items()]
    objects.concrete_functions.clear()
    for name, function in concrete:
        objects.concrete_functions[name].ParseFromString(function)


def _sort_library(library: Any, order: list[str]) -> None:
    place = {name: i for i, name in enumerate(order)}

    def of_function(x: Any) -> int:
        return place[x.signature.name]

    def of_gradient(x: Any) -> int:
        return place[x.function_name]

    def of_registered(x: Any) -> tuple[int, int]:
        return place[x.gradient_func], int("0" + x.registered_op_type.rpartition("-")[2])

    library.function.sort(key=of_function)
    library.gradient.sort(key=of_gradient)
    library.registered_gradients.sort(key=of_registered)


def _stem(name: str) -> str:
    """The name of a function without the counters that TensorFlow put into it."""
    backward = _BACKWARD.match(name)
    if backward:
        return f"__inference___backward_{backward['name']}"
    inference = _INFERENCE.match(name)
    if inference:
        return f"{inference[1]}{inference['name']}"
    return _COUNTER.sub("", name)


def _order_of_reference(meta_graph: Any) -> list[str]:
    """The functions of the library: those that the graph refers to, depth first; then those of the object graph; then the rest,
    by stem and then by their counters, which follow the order of creation."""
    library = meta_graph.graph_def.library
    functions = {function.signature.name: function for function in library.function}
    gradients = {g.registered_op_type.encode(): g.gradient_func for g in library.registered_gradients}
    for gradient in library.gradient:
        functions.setdefault(gradient.function_name, None)
    order: dict[str, None] = {}
    rest = sorted(functions, key=lambda name: (_stem(name), [int(digits) for digits in _DIGITS.findall(name)]))
    roots = (*_node_references(meta_graph.graph_def.node, gradients), *_object_references(meta_graph), *rest)
    for root in roots:
        waiting = [root]
        while waiting:
            name = waiting.pop()
            if name in order or name not in functions:
                continue
            order[name] = None
            waiting.extend(reversed(list(_references(functions[name], gradients))))
    return list(order)


def _references(function: Any, gradients: dict[bytes, str]) -> Iterator[str]:
    if function is None:
        return
    yield from _node_references(function.node_def, gradients)
    yield from _attribute_references(function.attr)


def _node_references(nodes: Iterable[Any], gradients: dict[bytes, str]) -> Iterator[str]:
    for node in nodes:
        yield node.op
        yield from _attribute_references(node.attr)
        if "_gradient_op_type" in node.attr:
            yield gradients.get(node.attr["_gradient_op_type"].s, "")


def _attribute_references(attributes: Any) -> Iterator[str]:
    for key in sorted(attributes):
        value = attributes[key]
        kind = value.WhichOneof("value")
        if kind == "func":
            yield value.func.name
        elif kind == "list":
            yield from (function.name for function in value.list.func)
        elif kind == "s":
            yield value.s.decode("utf-8", "replace")


def _object_references(meta_graph: Any) -> Iterator[str]:
    for node in meta_graph.object_graph_def.nodes:
        yield from node.function.concrete_functions
        yield node.bare_concrete_function.concrete_function_name
    yield from sorted(meta_graph.object_graph_def.concrete_functions)


def _digest(meta_graph: Any) -> str:
    number = int.from_bytes(hashlib.sha256(meta_graph.SerializeToString(deterministic=True)).digest()[:16], "big")
    return str(10 ** (_DIGEST_DIGITS - 1) + number % (9 * 10 ** (_DIGEST_DIGITS - 1)))
