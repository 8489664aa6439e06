"""All functions of an artefact, derived from what the text says. One place a kind: inference, training, stream, resets."""

from __future__ import annotations

from rnndsl.derive.inference import apply_function, inference_functions
from rnndsl.derive.mode import Modes
from rnndsl.derive.resets import reset_functions
from rnndsl.derive.stream import stream_function
from rnndsl.derive.training import gradients_function, train_function
from rnndsl.derive.unseen import unseen
from rnndsl.plan.model import Plan
from rnndsl.records import replace

_DIFFERENTIATED = ("train", "gradients")
"""Kinds of functions that know what is not seen before they are differentiated."""


def check_names(plan: Plan) -> None:
    """Raises SpecError if names of the functions of `plan` meet."""
    stream_function(plan, apply_function(plan, Modes(plan)))


def with_functions(plan: Plan) -> Plan:
    """`plan` with the functions of section 10 that it has, and why it lacks `stream`. Raises SpecError if names meet."""
    modes = Modes(plan)
    apply = apply_function(plan, modes)
    stream = stream_function(plan, apply)
    absent = {"stream": stream} if isinstance(stream, str) else {}
    found = (
        *inference_functions(plan, modes),
        None if isinstance(stream, str) else stream,
        *(train_function(plan, modes, train) for train in plan.trains),
        *reset_functions(plan),
        apply,
        gradients_function(plan, modes),
    )
    functions = tuple(x if x.kind in _DIFFERENTIATED else unseen(x) for x in found if x is not None)
    return replace(plan, functions=functions, absent=absent)
