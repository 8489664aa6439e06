"""Examples of the language as data: a spec, what goes in, what comes out; numbers worked out by hand from the page.

A spec without `model` is the body of one, after the definitions before a line `---`. `interpreted` needs no TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnndsl.language.initializers import initial_value
from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.plan.model import Plan
from tests.compiling import plan_of
from tests.plan.interpreting import interpret


@dataclass(frozen=True)
class Example:
    """`gives`: outputs, losses and metrics by name, outside training."""

    claim: str
    spec: str
    gives: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        if "model " in self.spec:
            return self.spec
        before, _, body = self.spec.rpartition("---")
        return f"{before}\nmodel m() {{\n{body}\n}}\n"

    def inputs(self, plan: Plan) -> dict[str, Any]:
        return {x.name: np.asarray(self.given[x.name], NUMPY[x.type.dtype]) for x in plan.inputs}


def initial_values(plan: Plan) -> dict[str, Any]:
    """What every variable starts as; a carried state as its initial value, as in the first call."""
    return {v.path: initial_value(v, plan.seed) for v in plan.variables if v.kind in ("param", "var")}


def interpreted(spec: str, inputs: dict[str, Any], training: bool = False, **settings: object) -> dict[str, Any]:
    """Outputs, losses and metrics by name, by NumPy."""
    plan = plan_of(spec, **settings)
    fed = {x.name: np.asarray(inputs[x.name], NUMPY[x.type.dtype]) for x in plan.inputs}
    found = interpret(plan, fed, initial_values(plan), training)
    return {name: value for (title, _, name), value in found.items() if title != "updates"}


def assert_gives(found: dict[str, Any], expected: dict[str, Any], rtol: float = 1e-5) -> None:
    assert set(expected) <= set(found)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=rtol, atol=1e-6, err_msg=name)
