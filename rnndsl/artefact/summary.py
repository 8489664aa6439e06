"""What a model is made of, for `inspect`: one form for a spec and for an artefact, with a JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from rnndsl.plan.model import Initializer, Plan, Signature, Variable

if TYPE_CHECKING:
    from rnndsl.artefact.manifest import Manifest, TensorInfo, VariableInfo


DTYPES = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64"}
"""The language's names of TensorFlow's dtypes."""


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VariableSummary(Model):
    """`type` is as in the language, `f32[24, 1]`; `size` the number of its elements, None if an axis has no length yet."""

    path: str
    kind: str
    type: str
    size: int | None
    initializer: str
    initializer_origin: str
    trainable: bool
    not_trainable: str | None
    collections: tuple[str, ...]


class SignatureSummary(Model):
    """`inputs` and `outputs` by name, inputs with their types. `absent` says why the model has no such signature."""

    name: str
    kind: str
    inputs: dict[str, str | None]
    outputs: tuple[str, ...]
    absent: str | None


class ModelSummary(Model):
    """A model. `parameters` is the number of elements of all `param`s, `trainable` of those that are trained."""

    format_version: Literal[1] = 1
    name: str
    dtype: str
    seed: int
    settings: dict[str, Any]
    variables: tuple[VariableSummary, ...]
    collections: dict[str, tuple[str, ...]]
    signatures: tuple[SignatureSummary, ...]
    parameters: int
    trainable: int


def summarise(plan: Plan) -> ModelSummary:
    """The summary of `plan`."""
    variables = tuple(_variable(v) for v in plan.variables)
    types = {i.name: str(i.type) for i in plan.inputs}
    return ModelSummary(
        name=plan.name,
        dtype=plan.dtype,
        seed=plan.seed,
        settings=plan.parameters,
        variables=variables,
        collections=plan.collections,
        signatures=tuple(_signature(s, types) for s in plan.signatures),
        parameters=sum(v.size or 0 for v in variables if v.kind == "param"),
        trainable=sum(v.size or 0 for v in variables if v.trainable),
    )


def summarise_manifest(manifest: Manifest) -> ModelSummary:
    """The summary of an artefact, from its manifest."""
    variables = tuple(_stored_variable(v) for v in manifest.variables)
    signatures = tuple(
        SignatureSummary(
            name=s.name,
            kind=s.kind,
            inputs={i.name: _type(i) for i in s.inputs if i.argument in (None, "inputs", "targets")},
            outputs=tuple(o.name for o in s.outputs),
            absent=s.absent,
        )
        for s in manifest.signatures
    )
    return ModelSummary(
        name=manifest.name,
        dtype=DTYPES.get(manifest.dtype, manifest.dtype),
        seed=manifest.seed,
        settings=manifest.parameters,
        variables=variables,
        collections=manifest.collections,
        signatures=signatures,
        parameters=sum(v.size or 0 for v in variables if v.kind == "param"),
        trainable=sum(v.size or 0 for v in variables if v.trainable),
    )


def initializer_text(initializer: Initializer) -> str:
    """An initializer as in the language: `uniform(low = -0.05, high = 0.05)`."""
    return _call(initializer.name, initializer.arguments)


def _call(name: str, values: dict[str, Any]) -> str:
    arguments = ", ".join(f"{k} = {_short(v)}" for k, v in values.items() if v is not None)
    return f"{name}({arguments})" if arguments else name


def _variable(v: Variable) -> VariableSummary:
    return VariableSummary(
        path=v.path,
        kind=v.kind,
        type=_shaped(v.dtype, (*v.axes, *v.shape)),
        size=None if v.axes else math.prod(v.shape),
        initializer=initializer_text(v.initializer),
        initializer_origin=v.initializer_origin,
        trainable=v.trainable,
        not_trainable=v.not_trainable,
        collections=v.collections,
    )


def _stored_variable(v: VariableInfo) -> VariableSummary:
    return VariableSummary(
        path=v.path,
        kind=v.kind,
        type=_shaped(v.dtype, v.shape),
        size=math.prod(int(n) for n in v.shape if n is not None) if all(isinstance(n, int) for n in v.shape) else None,
        initializer=_call(v.initializer.name, v.initializer.arguments) if v.initializer else "",
        initializer_origin=v.initializer_origin,
        trainable=v.trainable,
        not_trainable=v.not_trainable,
        collections=v.collections,
    )


def _type(tensor: TensorInfo) -> str | None:
    return None if tensor.shape is None else _shaped(tensor.dtype, tensor.shape)


def _shaped(dtype: str, shape: Sequence[int | str | None]) -> str:
    return f"{DTYPES.get(dtype, dtype)}[{', '.join('?' if n is None else str(n) for n in shape)}]"


def _signature(s: Signature, types: dict[str, str]) -> SignatureSummary:
    inputs = {name: types.get(name) for name in s.inputs}
    return SignatureSummary(name=s.name, kind=s.kind, inputs=inputs, outputs=s.outputs, absent=s.absent)


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 30 else f"{text[:27]}..."
