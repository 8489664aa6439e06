"""What the manifest says of a module that has been saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rnndsl.artefact.manifest import (
    InitializerInfo,
    Kind,
    LossInfo,
    ReceiptInfo,
    SignatureInfo,
    TensorInfo,
    UpdateInfo,
    VariableInfo,
)
from rnndsl.artefact.saved_model import Saved, Shapes, checkpoint_keys, dtype_name, named_lengths, saved_signatures
from rnndsl.artefact.steps import steps_info, train_info
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES
from rnndsl.plan.function import artefact_name
from rnndsl.plan.model import Function, Initializer, Plan, Receipt, TensorType, Variable
from rnndsl.plan.replicas import replicated_name
from rnndsl.plan.rewriting import types_of
from rnndsl.records import replace

_MOST_NUMBERS = 64
PURE: tuple[Kind, ...] = ("apply", "gradients")
_FIXED: tuple[Kind, ...] = ("predict", "evaluate", "initialize", "reset", "reset_states", "stream")


def describe(plan: Plan, module: Any, folder: Path, receipts: Mapping[str, Receipt]) -> dict[str, Any]:
    """The fields of the manifest that the plan, the module, the SavedModel in `folder` and the receipts of loaded values give."""
    return {
        "name": plan.name,
        "dtype": dtype_name(DTYPES[plan.dtype]),
        "seed": plan.seed,
        "axes": plan.axes,
        "parameters": plan.parameters,
        "variables": _variables(plan, module, folder, receipts),
        "collections": {name: list(items) for name, items in plan.collections.items()},
        "losses": [LossInfo(name=x.name, collection=x.collection, place=x.place) for x in plan.losses],
        "updates": [UpdateInfo(name=x.name, variable=x.variable, collections=x.collections, place=x.place) for x in plan.updates],
        "trains": [train_info(x) for x in plan.trains],
        "signatures": _signatures(plan, module, folder),
    }


def _variables(plan: Plan, module: Any, folder: Path, receipts: Mapping[str, Receipt]) -> list[VariableInfo]:
    keys = checkpoint_keys(folder)
    present = (v for v in plan.variables if v.path in module.variables_by_path)
    return [_variable(_loaded(v, receipts.get(v.path)), keys, receipts.get(v.path)) for v in present]


def _loaded(v: Variable, receipt: Receipt | None) -> Variable:
    """`v`, whose value may be there by an `optional` load, which the plan does not tell."""
    if receipt is None:
        return v
    return replace(v, initializer=Initializer("loaded", {"file": receipt.file}), initializer_origin=receipt.origin)


def _receipt(x: Receipt) -> ReceiptInfo:
    return ReceiptInfo(file=x.file, keys=x.keys, equation=x.equation, sha256=x.sha256)


def _variable(v: Variable, keys: Mapping[str, str], receipt: Receipt | None) -> VariableInfo:
    return VariableInfo(
        loaded=_receipt(receipt) if receipt else None,
        path=v.path,
        kind=v.kind,
        dtype=dtype_name(DTYPES[v.dtype]),
        shape=(*v.axes, *v.shape),
        initializer=_initializer(v.initializer),
        initializer_origin=v.initializer_origin,
        trainable=v.trainable,
        not_trainable=v.not_trainable,
        collections=v.collections,
        checkpoint_key=keys.get(op_name(v.path)),
        initial_key=keys.get(op_name(f"initial/{v.path}")),
        device=v.device,
        rate=v.rate,
        bounds=v.bounds,
        place=v.place,
    )


def _initializer(initializer: Initializer) -> InitializerInfo:
    return InitializerInfo(name=initializer.name, arguments=shortened(initializer.arguments))


def _signatures(plan: Plan, module: Any, folder: Path) -> list[SignatureInfo]:
    functions = {x.name: x for x in plan.functions}
    shapes = {name: _shapes(plan, functions.get(name)) for name in (*module.signature_functions, *PURE)}
    saved = saved_signatures(folder, shapes)
    infos = [_signature(plan, name, saved[name], functions.get(name)) for name in sorted(saved)]
    infos += [_pure(module, name, shapes[name]) for name in PURE if hasattr(module, name)]
    return infos + [SignatureInfo(name=name, kind=_kind(plan, name), absent=why) for name, why in plan.absent.items()]


def _signature(plan: Plan, name: str, saved: Saved, function: Function | None) -> SignatureInfo:
    items = [*plan.losses, *plan.metrics, *plan.updates, *plan.outputs]
    operations = {x.name: op_name(x.name) for x in items if op_name(x.name) in saved.operations}
    return SignatureInfo(
        name=name,
        kind=_kind(plan, name),
        inputs=tuple(_with_state(x, function) for x in saved.inputs),
        outputs=saved.outputs,
        function=saved.function,
        operations=operations,
        steps=steps_info(function, plan.trains) if function else (),
        draws=function.draws if function else None,
    )


def _with_state(info: TensorInfo, function: Function | None) -> TensorInfo:
    """`info`, with the state that it is, if it is one."""
    of = next((x for x in function.inputs if x.name == info.name), None) if function else None
    return info if of is None or of.state is None else info.model_copy(update={"state": of.state, "initial": of.initial})


def _kind(plan: Plan, name: str) -> Kind:
    if any(name in (train.name, replicated_name(train.name)) for train in plan.trains):
        return "train"
    for kind in _FIXED:
        if kind == name:
            return kind
    return "custom"


def _shapes(plan: Plan, function: Function | None) -> Shapes:
    """Lengths of inputs and results by their names in the artefact, axes by name."""
    if function is not None:
        types = types_of(function.graph)
        results = {x.name: types[x.value] for x in function.outputs}
        return {name: _lengths(kind) for name, kind in {**{x.name: x.type for x in function.inputs}, **results}.items()}
    types = types_of(plan.graph)
    named = {artefact_name(x.name): types[x.value] for x in (*plan.outputs, *plan.losses, *plan.metrics) if x.value in types}
    return {name: _lengths(kind) for name, kind in {**{x.name: x.type for x in plan.inputs}, **named}.items()}


def _lengths(kind: TensorType) -> tuple[int | str, ...]:
    return (*kind.axes, *kind.dims)


def _pure(module: Any, name: Kind, shapes: Shapes) -> SignatureInfo:
    """`apply` or `gradients`: dicts by path or by name in, dicts out."""
    function = getattr(module, name).get_concrete_function()
    arguments: tuple[Any, ...] = function.structured_input_signature[0]
    parameters = list(function.function_type.parameters)
    inputs = [x for parameter, value in zip(parameters, arguments, strict=False) for x in _leaves(parameter, value, shapes)]
    outputs = [x for key, value in sorted(function.structured_outputs.items()) for x in _leaves(key, value, shapes)]
    return SignatureInfo(name=name, kind=name, inputs=tuple(inputs), outputs=tuple(outputs))


def _leaves(argument: str, value: Any, shapes: Shapes) -> Iterator[TensorInfo]:
    if hasattr(value, "dtype"):
        yield _leaf(argument, None, value, shapes)
        return
    items: Mapping[str, Any] = dict(value)
    for name in sorted(items):
        yield _leaf(name, argument, items[name], shapes)


def _leaf(name: str, argument: str | None, value: Any, shapes: Shapes) -> TensorInfo:
    lengths = None if value.shape.rank is None else [-1 if n is None else n for n in value.shape.as_list()]
    return TensorInfo(name=name, dtype=dtype_name(value.dtype), shape=named_lengths(lengths, shapes.get(name)), argument=argument)


def shortened(value: Any) -> Any:
    """`value` with long lists of numbers as their count and digest."""
    if isinstance(value, dict):
        return {str(key): shortened(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if not isinstance(value, list | tuple):
        return value
    if sum(1 for _ in _numbers(value)) <= _MOST_NUMBERS:
        return [shortened(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    compact = json.dumps(value, separators=(",", ":"))
    return {"count": sum(1 for _ in _numbers(value)), "sha256": hashlib.sha256(compact.encode()).hexdigest()}


def _numbers(value: Any) -> Iterable[Any]:
    if not isinstance(value, list | tuple):
        yield value
        return
    for item in value:  # pyright: ignore[reportUnknownVariableType]
        yield from _numbers(item)
