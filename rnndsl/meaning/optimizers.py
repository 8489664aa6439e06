"""The step of an optimizer in NumPy, by the formulas of the papers in the form that Keras has them.

In the order: clip, decay, step, each variable's own rate, moving average. All of it in f32 at least, slots too. An optimizer's own
variables stand beside the model's under `train/NAME/…`, as in an artefact.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnndsl.language.ops.meaning.align import Array
from rnndsl.language.optimizers import OPTIMIZERS, slots
from rnndsl.plan.model import Optimizer, OptimizerStep, Plan, Schedule

Slots = dict[str, Array]


def learning_rate(rate: float | Schedule | str, iteration: int, given: float | None) -> float:
    """The rate of the step after `iteration` steps: a number, a schedule, or an input, which is `given`."""
    if isinstance(rate, str):
        assert given is not None
        return given
    if not isinstance(rate, Schedule):
        return rate
    arguments = rate.arguments
    if rate.name == "piecewise":
        return arguments["values"][bisect.bisect_left(arguments["boundaries"], iteration)]
    part = iteration / arguments["steps"]
    if rate.name == "cosine":
        alpha = arguments.get("alpha", 0.0)
        return arguments["rate"] * ((1 - alpha) * (1 + math.cos(math.pi * min(part, 1.0))) / 2 + alpha)
    return arguments["rate"] * arguments["decay"] ** (math.floor(part) if arguments.get("staircase") else part)


def clipped(optimizer: Optimizer, gradients: Sequence[Array]) -> list[Array]:
    """Each number within `clip_value`, then all scaled so that their global norm is at most `clip_norm` (Pascanu et al. 2013)."""
    found = list(gradients)
    if optimizer.clip_value is not None:
        found = [np.clip(g, -optimizer.clip_value, optimizer.clip_value) for g in found]
    if optimizer.clip_norm is not None:
        norm = math.sqrt(sum(float(np.sum(np.square(g.astype(np.float64)))) for g in found))
        found = [g * (optimizer.clip_norm / max(norm, optimizer.clip_norm)) for g in found]
    return found


class Stepper:
    """One step of the optimizer of `step`. `variables` by path, the optimizer's own among them from its first step on."""

    def __init__(self, step: OptimizerStep, plan: Plan, variables: dict[str, Array]) -> None:
        self.step, self.plan, self.variables = step, plan, variables
        self.optimizer = step.optimizer
        self.arguments = {**OPTIMIZERS[step.optimizer.name], **step.optimizer.arguments}

    def apply(self, gradients: Sequence[Array], rate: float | None) -> None:
        """`gradients` in the order of the step's variables; `rate` if it is an input."""
        counter = f"{self.step.name}/iteration"
        iteration = int(self.variables.get(counter, 0))
        rate = learning_rate(self.optimizer.rate, iteration, rate)
        wide = [g.astype(_wide(self.variables[path])) for path, g in zip(self.step.variables, gradients, strict=True)]
        for path, gradient in zip(self.step.variables, clipped(self.optimizer, wide), strict=True):
            self._write(path, gradient, rate, iteration + 1)
        self.variables[counter] = np.asarray(iteration + 1, np.int64)

    def _write(self, path: str, gradient: Array, rate: float, number: int) -> None:
        stored = self.variables[path]
        before = stored.astype(_wide(stored))
        decayed = before - before * (rate * self.arguments.get("weight_decay", 0.0))
        own = {name: self._slot(f"{path}/{name}", np.full_like(before, start)) for name, start in slots(self.optimizer)}
        change = _RULES[self.optimizer.name](decayed, gradient, rate, own, number, self.arguments)
        after = before + self.plan.variable(path).rate * (decayed + change - before)
        self.variables[path] = after.astype(stored.dtype)
        self.variables.update((f"{self.step.name}/{path}/{name}", value.astype(before.dtype)) for name, value in own.items())
        if self.optimizer.average is not None:
            average = self._slot(f"average/{path}", before)
            written = self.variables[path].astype(before.dtype)
            self.variables[f"{self.step.name}/average/{path}"] = average - (average - written) * (1 - self.optimizer.average)

    def _slot(self, name: str, start: Array) -> Array:
        return self.variables.get(f"{self.step.name}/{name}", start)


def _wide(array: Array) -> Any:
    """The dtype that a step for a variable is computed in."""
    return np.float64 if array.dtype == np.float64 else np.float32


# ---- each rule: from a weight, its gradient, the rate, the slots (which it moves on), the number of the step and the arguments to
# the change of the weight


def _sgd(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """Sutskever et al. 2013."""
    if not a["momentum"]:
        return -rate * g
    own["momentum"] = a["momentum"] * own["momentum"] - rate * g
    return a["momentum"] * own["momentum"] - rate * g if a["nesterov"] else own["momentum"]


def _adam(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """Kingma & Ba 2015, in the form before section 2.1; AMSGrad: Reddi et al. 2018; AdamW: Loshchilov & Hutter 2019."""
    scaled = rate * math.sqrt(1 - a["beta_2"] ** number) / (1 - a["beta_1"] ** number)
    own["momentum"] = own["momentum"] + (g - own["momentum"]) * (1 - a["beta_1"])
    own["velocity"] = own["velocity"] + (np.square(g) - own["velocity"]) * (1 - a["beta_2"])
    velocity = own["velocity"]
    if a["amsgrad"]:
        velocity = own["velocity_hat"] = np.maximum(own["velocity_hat"], velocity)
    return -scaled * own["momentum"] / (np.sqrt(velocity) + a["epsilon"])


def _rmsprop(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """Tieleman & Hinton 2012; centered: Graves 2013, equations 38 to 45."""
    own["velocity"] = a["rho"] * own["velocity"] + (1 - a["rho"]) * np.square(g)
    spread = own["velocity"]
    if a["centered"]:
        own["average_gradient"] = a["rho"] * own["average_gradient"] + (1 - a["rho"]) * g
        spread = spread - np.square(own["average_gradient"])
    change = rate * g / np.sqrt(spread + a["epsilon"])
    if not a["momentum"]:
        return -change
    own["momentum"] = a["momentum"] * own["momentum"] + change
    return -own["momentum"]


def _adagrad(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """Duchi et al. 2011."""
    own["accumulator"] = own["accumulator"] + np.square(g)
    return -rate * g / np.sqrt(own["accumulator"] + a["epsilon"])


def _adadelta(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """Zeiler 2012, algorithm 1."""
    rho, epsilon = a["rho"], a["epsilon"]
    own["accumulated_grad"] = rho * own["accumulated_grad"] + (1 - rho) * np.square(g)
    change = -np.sqrt(own["accumulated_delta_var"] + epsilon) * g / np.sqrt(own["accumulated_grad"] + epsilon)
    own["accumulated_delta_var"] = rho * own["accumulated_delta_var"] + (1 - rho) * np.square(change)
    return rate * change


def _ftrl(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """McMahan et al. 2013, algorithm 1."""
    power, l1 = -a["learning_rate_power"], a["l1_regularization_strength"]
    l2 = a["l2_regularization_strength"] + a["beta"] / (2 * rate)
    before, after = own["accumulator"], own["accumulator"] + np.square(g)
    shrunk = g + 2 * a["l2_shrinkage_regularization_strength"] * w
    own["linear"] = own["linear"] + shrunk - (after**power - before**power) / rate * w
    own["accumulator"] = after
    return (np.clip(own["linear"], -l1, l1) - own["linear"]) / (after**power / rate + 2 * l2) - w


def _lion(w: Array, g: Array, rate: float, own: Slots, number: int, a: Mapping[str, Any]) -> Array:
    """Chen et al. 2023, algorithm 2."""
    change = -rate * np.sign(own["momentum"] * a["beta_1"] + g * (1 - a["beta_1"]))
    own["momentum"] = own["momentum"] * a["beta_2"] + g * (1 - a["beta_2"])
    return change


_RULES: Mapping[str, Callable[..., Array]] = {
    "sgd": _sgd, "adam": _adam, "adamw": _adam, "rmsprop": _rmsprop, "adagrad": _adagrad, "adadelta": _adadelta, "ftrl": _ftrl,
    "lion": _lion,
}  # fmt: skip
