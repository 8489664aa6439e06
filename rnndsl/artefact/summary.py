"""What a model is made of, for `inspect`: one form for a spec and for an artefact, with a JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rnndsl.artefact.manifest import Manifest, StepInfo, TensorInfo, VariableInfo
from rnndsl.artefact.reading.plain import DTYPES
from rnndsl.artefact.steps import steps_info
from rnndsl.language.drawing import OPERANDS, START, as_recipe
from rnndsl.language.ops.table import OPS
from rnndsl.plan.model import Function, Initializer, Plan, Train, Variable
from rnndsl.plan.rewriting import types_of


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


class StepSummary(Model):
    """A step of a signature: `does` is `assign`, `clear` or `optimize`, the last with the `optimizer` as the language writes it.
    `after` are the names of the steps that have been taken before, by control dependencies in the graph."""

    name: str
    does: str
    variables: tuple[str, ...]
    optimizer: str | None
    after: tuple[str, ...]


class SignatureSummary(Model):
    """`inputs` and `outputs` by name with their types; those of the pure function `gradients` that come in dicts as
    `gradients/PATH` and `updates/PATH`. `steps` are what a call changes, in order; `draws` names the counter that
    random draws depend on. `absent` says why the model has no such signature."""

    name: str
    kind: str
    inputs: dict[str, str | None]
    outputs: dict[str, str | None]
    steps: tuple[StepSummary, ...]
    draws: str | None
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
    return ModelSummary(
        name=plan.name,
        dtype=plan.dtype,
        seed=plan.seed,
        settings=plan.parameters,
        variables=variables,
        collections=plan.collections,
        signatures=(
            *(_signature(f, plan.trains) for f in plan.functions),
            *(_absent(name, why) for name, why in plan.absent.items()),
        ),
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
            outputs={_within(o.argument, o.name): _type(o) for o in s.outputs},
            steps=tuple(_step(step) for step in s.steps),
            draws=s.draws,
            absent=s.absent,
        )
        for s in manifest.signatures
    )
    return ModelSummary(
        name=manifest.name,
        dtype=DTYPES[manifest.dtype],
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
    if name == START:
        return values["of"]
    symbol = OPS[name].symbol if OPERANDS in values else ""
    operands = [_operand(x, bool(symbol)) for x in values.get(OPERANDS, ())]
    if symbol:
        return f" {symbol} ".join(operands) if len(operands) > 1 else f"{symbol} {operands[0]}"
    arguments = ", ".join([*operands, *_arguments({k: v for k, v in values.items() if k != OPERANDS})])
    return f"{name}({arguments})" if arguments else name


def _operand(value: object, apart: bool) -> str:
    """A number, or a recipe; one that is written with a symbol in parentheses, if it is to be told `apart`."""
    recipe = as_recipe(value)
    if recipe is None:
        return _short(value)
    name, arguments = recipe
    text = _call(name, dict(arguments))
    return f"({text})" if apart and OPERANDS in arguments and OPS[name].symbol else text


def _arguments(values: dict[str, Any]) -> list[str]:
    return [f"{k} = {_short(v)}" for k, v in values.items() if v is not None]


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
        type=_shaped(DTYPES[v.dtype], v.shape),
        size=math.prod(int(n) for n in v.shape if n is not None) if all(isinstance(n, int) for n in v.shape) else None,
        initializer=_call(v.initializer.name, v.initializer.arguments) if v.initializer else "",
        initializer_origin=v.initializer_origin,
        trainable=v.trainable,
        not_trainable=v.not_trainable,
        collections=v.collections,
    )


def _type(tensor: TensorInfo) -> str | None:
    return None if tensor.shape is None else _shaped(DTYPES[tensor.dtype], tensor.shape)


def _shaped(dtype: str, shape: Sequence[int | str | None]) -> str:
    return f"{dtype}[{', '.join('?' if n is None else str(n) for n in shape)}]"


def _signature(f: Function, trains: Sequence[Train]) -> SignatureSummary:
    types = types_of(f.graph)
    outputs: dict[str, str | None] = {_within(x.group, x.name): str(types[x.value]) for x in f.outputs}
    inputs: dict[str, str | None] = {x.name: str(x.type) for x in f.inputs}
    steps = tuple(map(_step, steps_info(f, trains)))
    return SignatureSummary(name=f.name, kind=f.kind, inputs=inputs, outputs=outputs, steps=steps, draws=f.draws, absent=None)


def _within(group: str | None, name: str) -> str:
    return f"{group}/{name}" if group else name


def _absent(name: str, why: str) -> SignatureSummary:
    return SignatureSummary(name=name, kind=name, inputs={}, outputs={}, steps=(), draws=None, absent=why)


def _step(step: StepInfo) -> StepSummary:
    text = None
    if step.optimizer is not None:
        own = step.optimizer
        common = {"clip_norm": own.clip_norm, "clip_value": own.clip_value, "average": own.average}
        text = _call(own.name, {**own.arguments, **common})
    return StepSummary(name=step.name, does=step.does, variables=step.variables, optimizer=text, after=step.after)


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 30 else f"{text[:27]}..."
