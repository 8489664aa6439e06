"""The optimizers of the language: parameters with Keras' defaults, and the schedules that a rate may follow."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rnndsl.language.ops.op import Required
from rnndsl.plan.model import Optimizer
from rnndsl.text.codes import clauses
from rnndsl.text.codes.clauses import Clause

COMMON: Mapping[str, Any] = MappingProxyType({"clip_norm": None, "clip_value": None, "average": None})
"""`clip_norm` bounds the global norm of the gradients (Pascanu et al. 2013), `clip_value` each component; `average` is the decay of
moving averages of the weights."""

_ADAM = {"rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}

OPTIMIZERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "sgd": {"rate": 0.01, "momentum": 0.0, "nesterov": False},
        "adam": _ADAM,
        "adamw": {**_ADAM, "weight_decay": 0.004},
        "rmsprop": {"rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
        "adagrad": {"rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "adadelta": {"rate": 0.001, "rho": 0.95, "epsilon": 1e-7},
        "ftrl": {
            "rate": 0.001,
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0.0,
            "l2_regularization_strength": 0.0,
            "l2_shrinkage_regularization_strength": 0.0,
            "beta": 0.0,
        },
        "lion": {"rate": 0.001, "beta_1": 0.9, "beta_2": 0.99},
    }
)

SCHEDULES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "cosine": {"rate": Required, "steps": Required, "alpha": 0.0},
        "exponential_decay": {"rate": Required, "steps": Required, "decay": Required, "staircase": False},
        "piecewise": {"boundaries": Required, "values": Required},
    }
)
"""Loshchilov & Hutter 2017 without restarts; rate * decay ** (step / steps); values[i] up to boundaries[i]."""

_FRACTIONS = ("momentum", "beta_1", "beta_2", "rho")


def argument_problem(optimizer: str, name: str, value: float) -> Clause | None:
    """What is wrong with the number `value` of an argument, if anything."""
    if name in _FRACTIONS:
        above = (optimizer, name) == ("lion", "beta_1")
        fine = 0 < value < 1 if above else 0 <= value < 1
        return None if fine else (clauses.between_zero_and_one if above else clauses.from_zero_below_one)(name, value)
    if name == "learning_rate_power":
        return None if value <= 0 else clauses.at_most_zero(name, value)
    return None if value >= 0 else clauses.from_zero(name, value)


def schedule_problem(arguments: Mapping[str, Any]) -> Clause | None:
    """What is wrong with the numbers of a schedule, if anything."""
    if "steps" in arguments and not arguments["steps"] > 0:
        return clauses.above_zero("steps", arguments["steps"])
    boundaries = arguments.get("boundaries", [])
    if any(b <= a for a, b in itertools.pairwise(boundaries)):
        return clauses.boundaries_go_up()
    if "values" in arguments and len(arguments["values"]) != len(boundaries) + 1:
        return clauses.one_value_more(len(arguments["values"]), len(boundaries))
    numbers = {k: v for k, v in arguments.items() if k in ("rate", "decay", "alpha")}
    numbers.update((f"values[{k}]", v) for k, v in enumerate(arguments.get("values", [])))
    return next((clauses.from_zero(k, v) for k, v in numbers.items() if v < 0), None)


def slots(optimizer: Optimizer) -> list[tuple[str, float]]:
    """The optimizer's own variables for each trained one, in Keras' order, each with its first value."""
    arguments = optimizer.arguments
    start = float(arguments.get("initial_accumulator_value", 0.0))
    found: Mapping[str, Sequence[tuple[str, float, bool]]] = {
        "sgd": [("momentum", 0.0, bool(arguments.get("momentum")))],
        "adam": [("momentum", 0.0, True), ("velocity", 0.0, True), ("velocity_hat", 0.0, bool(arguments.get("amsgrad")))],
        "rmsprop": [
            ("velocity", 0.0, True),
            ("momentum", 0.0, bool(arguments.get("momentum"))),
            ("average_gradient", 0.0, bool(arguments.get("centered"))),
        ],
        "adagrad": [("accumulator", start, True)],
        "adadelta": [("accumulated_grad", 0.0, True), ("accumulated_delta_var", 0.0, True)],
        "ftrl": [("accumulator", start, True), ("linear", 0.0, True)],
        "lion": [("momentum", 0.0, True)],
    }
    name = "adam" if optimizer.name == "adamw" else optimizer.name
    return [(slot, first) for slot, first, there in found[name] if there]
