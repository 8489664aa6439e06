"""What a row of the table is: all facts of one operation."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Attributes, Nothing
from rnndsl.records import Immutable, record

if TYPE_CHECKING:
    from rnndsl.language.ops.derivative.writing import Derivative
    from rnndsl.language.ops.inverse import Inverse
    from rnndsl.language.ops.parts import OfParts

Kind = Literal["unary", "binary", "structure", "reduction", "random", "loss", "leaf", "control"]
ParameterKind = Literal["tensor", "int", "size", "number", "bool", "string", "dtype", "dims", "tensors", "axis"]
Takes = Literal["any", "bool", "ids", "chance", "step"]
Trait = Literal[
    "can_fail", "can_fail_on_whole_numbers", "cheap", "constant",
    "elementwise", "heavy", "identity", "internal", "leaf", "lookup", "moves",
    "once", "product", "random", "selects", "singular", "temporary", "view", "whole_sequence",
]  # fmt: skip
"""What passes, derivations, checks and backends ask of an operation:

- `elementwise`: each number of the result comes from the numbers in the same place of the arguments, which broadcast;
- `identity`: the value is the argument;
- `moves`: the numbers are the arguments' own, in other places or of another dtype; `view`: so, and nothing is copied;
- `product`: sums of products, so linear in each argument; `lookup`: rows chosen from a table, a product with one-hot rows;
- `heavy`: dear to compute, worth moving out of a loop, not to be computed twice;
- `can_fail`: an error, not a number, for some values; `can_fail_on_whole_numbers`: for integers only;
- `selects`: places are left out by a condition; `singular`: no finite number for some numbers;
- `cheap`: computed again as fast as it is fetched;
- `random`: another value at each call and step; shared with no other node, and moved nowhere;
- `leaf`: without arguments, the same at every step, cheap to write down twice; `constant`: so, and of no variable;
- `once`: what a call does once, so in no loop;
- `whole_sequence`: about all steps of its arguments at once, whatever axis they have;
- `internal`: no function of the language under this name; `temporary`: in no finished plan.
"""


class Required:
    """The default of a parameter that has none."""


@record
class Parameter(Immutable):
    """`tensor` parameters become arguments of a node, the others its attributes; a `size` is a whole number from 1 up.

    `takes`, of a plain value: `bool` a truth value, `ids` whole numbers for what they are, a `chance` one from 0 to 1. What
    takes `step` is about the step of a cell, and may be given in one only.
    """

    name: str
    kind: ParameterKind = "tensor"
    default: Any = Required
    takes: Takes = "any"


@record
class Op(Immutable):
    """One operation. Its lowering in `rnndsl.backends.tensorflow` has the same name.

    rule: from the types of the arguments to that of the result; None where it does not follow from them.
    meaning: the value in NumPy, a function `module:name`, imported when it is wanted; see `rnndsl.language.ops.meaning`. None of
        what stands for an argument in either mode, or is in no finished plan.
    formula, types, gradient: for the documentation; `types` of the trailing dims.
    attributes: what its nodes are told beyond their arguments.
    derivative: in both directions, `module:name` of `rnndsl.language.ops.derivative`, imported when it is wanted; none where it is
        zero, or the value no float.
    scalar: the value of plain numbers, at compile time. symbol: how a spec writes it, if not by its name.
    inverse: what an argument is where the value is known, `module:name` of `rnndsl.language.ops`, imported when it is wanted; none
        where the value does not tell.
    parts: how its value follows from those of parts of the rows along an axis, where they meet in it: `module:name` of
        `rnndsl.language.ops.parts`, imported when it is wanted; none where it needs all rows at once.
    unseen: where it looks along an axis, `over`, what it does not see there: zeros, or the least number.
    of_tanh: the numbers (a, b, c) for which it is a + b * tanh(c * x), if there are such.
    in_training, outside_training: the argument whose value it is in that mode, if it is one.
    """

    name: str
    kind: Kind
    parameters: tuple[Parameter, ...]
    rule: rules.Rule | None
    meaning: str
    formula: str
    types: str = ""
    scalar: Callable[..., Any] | None = None
    gradient: str = "everywhere"
    symbol: str = ""
    attributes: type[Attributes] = Nothing
    derivative: str = ""
    traits: frozenset[Trait] = frozenset()
    in_training: int | None = None
    outside_training: int | None = None
    of_tanh: tuple[float, float, float] | None = None
    inverse: str = ""
    unseen: Literal["", "zeros", "least"] = ""
    parts: str = ""

    @property
    def tensors(self) -> tuple[Parameter, ...]:
        """The parameters that are tensors."""
        return tuple(p for p in self.parameters if p.kind == "tensor")

    @property
    def shown(self) -> str:
        """The operation as a user writes it: `@` for matmul."""
        return self.symbol or self.name

    @property
    def combines(self) -> bool:
        """Whether initializers may be put together by it: place by place, of plain numbers too."""
        return "elementwise" in self.traits and self.scalar is not None

    def compute(self) -> Callable[..., Any]:
        """The function that `meaning` names. Imports NumPy."""
        return _named(self.meaning, "rnndsl.language.ops.meaning")

    def differentiate(self) -> Derivative | None:
        """The derivative that the row names, if it has one."""
        return _named(self.derivative, "rnndsl.language.ops.derivative") if self.derivative else None

    def invert(self) -> Inverse | None:
        """The inverse that the row names, if it has one."""
        return _named(self.inverse, "rnndsl.language.ops") if self.inverse else None

    def of_parts(self) -> OfParts | None:
        """What `parts` names, if there is such."""
        return _named(self.parts, "rnndsl.language.ops") if self.parts else None


def _named(path: str, package: str) -> Any:
    """What `module:name` names, the module perhaps one of `package`."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module, package), name)


def traits(*names: Trait) -> frozenset[Trait]:
    """A set of traits."""
    return frozenset(names)


def tensors(*names: str) -> tuple[Parameter, ...]:
    """Parameters that are tensors, of any kind."""
    return tuple(Parameter(name) for name in names)
