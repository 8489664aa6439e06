"""Leading axes: shifted, numbered, reversed, renamed."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter, tensors, traits
from rnndsl.language.rules import shapes
from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Over, Renamed, Steps, ValidSteps

_OVER = Parameter("over", "axis")

ROWS: tuple[Op, ...] = (
    Op(
        "shift",
        "structure",
        (Parameter("x"), Parameter("steps", "int", 1), _OVER),
        shapes.over_axis,
        ".axes:shift",
        "y[t] = x[t - steps], zeros enter",
        "any",
        attributes=Steps,
        derivative=".shapes:shift",
        traits=traits("selects"),
    ),
    Op(
        "position",
        "structure",
        (Parameter("like"), _OVER),
        shapes.position,
        ".axes:position",
        "0, 1, ... along an axis",
        gradient="none",
        attributes=Over,
    ),
    Op(
        "axis_length",
        "leaf",
        (),
        shapes.axis_length,
        ".axes:axis_length",
        "how many places an axis has",
        gradient="none",
        attributes=Over,
        traits=traits("internal", "leaf", "constant"),
    ),
    Op(
        "valid_steps",
        "structure",
        (),
        rules.same,
        ".axes:valid_steps",
        "x at the valid steps of a scan, zeros at the others",
        traits=traits("selects", "internal"),
        attributes=ValidSteps,
        derivative=".shapes:valid_steps",
    ),
    Op(
        "reverse",
        "structure",
        (Parameter("x"), _OVER),
        shapes.over_axis,
        ".axes:reverse",
        "x from its end",
        "any",
        attributes=Over,
        derivative=".shapes:reverse",
    ),
    Op(
        "rename",
        "structure",
        tensors("x"),
        shapes.rename,
        ".axes:rename",
        "x with an axis under another name",
        attributes=Renamed,
        derivative=".shapes:rename",
    ),
)
