"""Federated averaging of a plan that the interpreter runs, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.artefact.reading.plain import DTYPES
from rnndsl.artefact.steps import steps_info, train_info
from rnndsl.federated.averaging import Averaging
from rnndsl.federated.sharing import Sharing, sharing
from rnndsl.federated.working import Worker
from rnndsl.meaning.running import Model
from rnndsl.plan.model import Function, Plan
from tests.compiling import plan_of

NAMES = {ours: theirs for theirs, ours in DTYPES.items()}


class Interpreted:
    """A plan as `rnndsl.federated` runs an artefact."""

    def __init__(self, plan: Plan) -> None:
        self._model = Model(plan)

    @property
    def variables(self) -> dict[str, np.ndarray]:
        return self._model.variables

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        self._model.variables.update(values)

    def call(self, signature: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._model.call(signature, inputs)


def fields(plan: Plan) -> dict[str, Any]:
    """What the manifest would say of a plan, so far as it is read here."""
    variables = [
        {"path": v.path, "kind": v.kind, "dtype": NAMES[v.dtype], "shape": [*v.axes, *v.shape], "collections": [*v.collections]}
        for v in plan.variables
    ]
    trains = [train_info(x).model_dump() for x in plan.trains]
    return {"variables": variables, "signatures": [_signature(f, plan) for f in plan.functions], "trains": trains}


def _signature(function: Function, plan: Plan) -> dict[str, Any]:
    inputs = [{"name": x.name, "dtype": NAMES[x.type.dtype], "shape": [*x.type.axes, *x.type.dims]} for x in function.inputs]
    steps = [step.model_dump() for step in steps_info(function, plan.trains)]
    return {"name": function.name, "kind": function.kind, "inputs": inputs, "steps": steps, "draws": function.draws}


def shared(text: str, train: str | None = None) -> Sharing:
    return sharing(fields(plan_of(text)), train)


def averaged(text: str, folder: Path, train: str | None = None) -> Averaging:
    plan = plan_of(text)
    worker = Worker(Interpreted(plan), sharing(fields(plan), train))
    return Averaging(worker, folder, {"artefact": plan.name, "train": worker.sharing.train})
