"""All functions of an artefact, derived from what the text says. One place a kind: inference, training, stream, resets."""

from __future__ import annotations

from collections.abc import Iterator

from rnndsl.derive.inference import apply_function, inference_functions
from rnndsl.derive.resets import reset_functions
from rnndsl.derive.stream import stream_function
from rnndsl.derive.training import gradients_function, train_function
from rnndsl.plan.model import Function, Plan


def with_functions(plan: Plan) -> Plan:
    """`plan` with the functions of section 10 that it has, and why it lacks `stream`. Raises SpecError if names meet."""
    stream = stream_function(plan)
    absent = {"stream": stream} if isinstance(stream, str) else {}
    functions = tuple(_functions(plan, None if isinstance(stream, str) else stream))
    return plan.model_copy(update={"functions": functions, "absent": absent})


def _functions(plan: Plan, stream: Function | None) -> Iterator[Function]:
    yield from inference_functions(plan)
    yield from () if stream is None else (stream,)
    yield from (train_function(plan, train) for train in plan.trains)
    yield from reset_functions(plan)
    yield from (x for x in (apply_function(plan), gradients_function(plan)) if x is not None)
