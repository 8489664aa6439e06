"""Workers that train together, and why a training step cannot be taken by several."""

from __future__ import annotations

from rnndsl.text.fault import Fault
from rnndsl.text.faults.streams import Reason
from rnndsl.text.wording import at


def no_workers() -> Fault:
    return Fault(
        "TF_CONFIG names no workers",
        'set it on each: {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}, its own index',
    )


def not_joined(reason: str) -> Fault:
    return Fault(f"the workers of TF_CONFIG cannot be joined: {reason}")


def not_replicated(function: str) -> Fault:
    wrong = f"the artefact has no `{function}` for workers: each would train alone, and their weights would drift apart"
    return Fault(wrong, "compile it with --emit replicas")


def lost(function: str, reason: str) -> Fault:
    wrong = f"a worker is gone, or did not come, while `{function}` ran: {reason}"
    return Fault(wrong, "start all of them again")


def carried_within() -> Fault:
    wrong = "within an epoch the model carries states of the rows of each worker, and --save-every keeps those of the first alone"
    return Fault(wrong, "leave --save-every out, or --workers")


# ---------------------------------------------------------------- why a step needs one machine


def needs_all_rows(node: str, axis: str, place: str) -> Reason:
    return Reason(f"`{node}` needs all rows of `{axis}` at once{at(place)}")


def along(scan: str, axis: str, place: str) -> Reason:
    return Reason(f"`{scan}` goes along `{axis}`{at(place)}")


def updates_by_rows(scan: str, variable: str, place: str) -> Reason:
    return Reason(f"`{scan}`, with lengths or a mask, updates `{variable}` at each step that a row of its own has{at(place)}")


def ends_by_rows(scan: str, place: str) -> Reason:
    return Reason(f"`{scan}` ends for each row on its own, and its rows meet{at(place)}")
