"""Derivatives of our own for a caller's tape, which cannot go through what XLA compiles.

The derivative is compiled as the call itself is, and so has none: TensorFlow keeps what a gradient is in a SavedModel, and not
what that of a gradient is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, TypeVar

from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.function import Function, cotangent_of

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result", bound=Hashable)
Given = Mapping[tuple[str, str], Any]
"""What a call depends on, by group (as results of a pullback have them) and name."""
Ends = Mapping[str, Any]
"""Values of a function's graph by id."""
Lower = Callable[[Function, Given], Ends]
"""The ends of a function."""


def differentiable(function: Function, back: Function, lower: Lower, given: Given) -> Ends:
    """The ends of `function`, compiled. `back`: its pullback."""

    def backward(given: Given, cotangents: Ends) -> Given:
        named = {("inputs", cotangent_of(x.name)): cotangents[x.value] for x in function.outputs}
        ends = with_gradient(partial(lower, back), _no_second, {**given, **named})
        return {(x.group, x.name): ends[x.value] for x in back.outputs}

    return with_gradient(partial(lower, function), backward, given)


def _no_second(_given: Given, _cotangents: Ends) -> Given:
    raise NotImplementedError("a second derivative by TensorFlow's tape of what is compiled: compile it with --jit never")


def with_gradient(
    forward: Callable[[Mapping[Key, Any]], Mapping[Result, Any]],
    backward: Callable[[Mapping[Key, Any], Mapping[Result, Any]], Mapping[Key, Any]],
    arguments: Mapping[Key, Any],
) -> dict[Result, Any]:
    """`forward` of the arguments, and for a tape `backward` of them and of the cotangents of the results: the cotangents of those
    arguments that have one. Neither reads a variable."""
    names: list[Result] = []

    @tf.custom_gradient
    def function(*given: Any) -> Any:
        taken = dict(zip(arguments, given, strict=True))
        results = forward(taken)
        names.extend(results)

        def gradient(*cotangents: Any) -> list[Any]:
            found = backward(taken, dict(zip(results, cotangents, strict=True)))
            return [found.get(name) for name in arguments]

        return list(results.values()), gradient

    return dict(zip(names, function(*arguments.values()), strict=True))
