"""What the manifest and its collections say of each variable: averaged, kept by its client, or started afresh.

Of what a training signature changes, clients send the params and vars of floats that are neither in the collection `personal` nor
in `local_variables`. A client keeps what is in one of these, what a scan carries, the counter of its random draws, and vars of
whole numbers and bools, which have no mean. An optimizer's own variables start afresh in each round. All else, frozen params for
instance, is the same for all, in the artefact, and never sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnndsl.artefact.reading.plain import tensor_type
from rnndsl.language.builtins import BATCH
from rnndsl.records import Immutable, record
from rnndsl.text.fault import CallError
from rnndsl.text.faults import federated as faults

PERSONAL = ("personal", "local_variables")
"""Collections whose variables stay with their client."""

_FLOATS = ("float16", "bfloat16", "float32", "float64")


@record
class Sharing(Immutable):
    """Of the training signature `train`: paths of variables, each list in order of path. `counter`, among those that are kept,
    numbers random draws. `rows`: for inputs with the axis `batch`, its place. `losses`: what is minimised the sum of."""

    train: str
    averaged: tuple[str, ...]
    kept: tuple[str, ...]
    afresh: tuple[str, ...]
    counter: str | None
    rows: Mapping[str, int]
    losses: tuple[str, ...]

    def examples(self, inputs: Mapping[str, Any]) -> int:
        """How many examples `inputs` are, by the first that has them; 1 where no input has the axis `batch`."""
        return next((inputs[name].shape[place] for name, place in self.rows.items() if name in inputs), 1)


def sharing(manifest: Mapping[str, Any], train: str | None) -> Sharing:
    """Of the signature `train`, which may be left out if there is one. `manifest`: its fields as JSON.

    Raises CallError if there is no such signature, or nothing to be averaged.
    """
    signature = _signature(manifest["signatures"], train)
    changed = {path for step in signature["steps"] for path in step["variables"]}
    variables = sorted(manifest["variables"], key=lambda v: v["path"])
    of_model = [v for v in variables if v["kind"] in ("param", "var") and v["path"] in changed]
    averaged = tuple(v["path"] for v in of_model if _is_shared(v))
    if not averaged:
        raise CallError(faults.nothing_averaged(signature["name"]))
    own = {v["path"] for v in of_model} - {*averaged}
    kept = tuple(v["path"] for v in variables if v["path"] in own or v["kind"] in ("carried", "counter"))
    slots = f"train/{signature['name']}/"
    afresh = tuple(v["path"] for v in variables if v["kind"] == "optimizer" and v["path"].startswith(slots))
    types = {x["name"]: tensor_type(x["dtype"], x["shape"]) for x in signature["inputs"]}
    rows = {name: type.axes.index(BATCH) for name, type in types.items() if BATCH in type.axes}
    losses = next(x["losses"] for x in manifest["trains"] if x["name"] == signature["name"])
    return Sharing(signature["name"], averaged, kept, afresh, signature["draws"], rows, tuple(losses))


def _is_shared(variable: Mapping[str, Any]) -> bool:
    return variable["dtype"] in _FLOATS and not {*variable["collections"]} & {*PERSONAL}


def _signature(signatures: Sequence[Mapping[str, Any]], train: str | None) -> Mapping[str, Any]:
    found = {x["name"]: x for x in signatures if x["kind"] == "train"}
    if train is None and len(found) > 1:
        raise CallError(faults.which_train(list(found)))
    if train is None and found:
        return next(iter(found.values()))
    if train not in found:
        raise CallError(faults.no_train(train, list(found)))
    return found[train]
