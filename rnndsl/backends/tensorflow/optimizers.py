"""Keras' optimizers on the plan's variables, with variables of their own under readable names.

A step's optimizer is built on its own variables only. Its variables are `train/NAME/iteration`, `train/NAME/PATH/momentum` and
so on. Clipping, weight decay, per-variable rates and averages are done here, in the order: clip, decay, step, rate, average.
All of it is computed in f32 at least: in bf16 Adam's 0.999 would be 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.schedules import learning_rate
from rnndsl.backends.tensorflow.tensorflow_module import keras, tf
from rnndsl.backends.tensorflow.variables import Variables
from rnndsl.plan.model import Optimizer, OptimizerStep

_CLASSES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "ftrl": "Ftrl",
    "lion": "Lion",
}


def keras_optimizer(optimizer: Optimizer, name: str) -> Any:
    """Keras' optimizer of the same name. Its own rate is not used. Raises KeyError for a name that Keras lacks here."""
    arguments = dict(optimizer.arguments)
    for key, value in arguments.items():
        if isinstance(value, int) and not isinstance(value, bool):
            arguments[key] = float(value)
    return getattr(keras().optimizers, _CLASSES[optimizer.name])(learning_rate=_no_rate, name=name, **arguments)


def _no_rate() -> float:
    raise AssertionError("the rate is given step by step")


def clip(optimizer: Optimizer, gradients: Sequence[Any]) -> list[Any]:
    """`clip_value` bounds each element; then `clip_norm` scales all gradients so that their global norm is at most that
    (Pascanu et al. 2013, as `tf.clip_by_global_norm` and torch's `clip_grad_norm_`)."""
    clipped = list(gradients)
    if optimizer.clip_value is not None:
        clipped = [tf.clip_by_value(g, -optimizer.clip_value, optimizer.clip_value) for g in clipped]
    if optimizer.clip_norm is not None:
        common = tf.float64 if any(g.dtype == tf.float64 for g in clipped) else clipped[0].dtype
        norm = tf.linalg.global_norm([tf.cast(g, common) for g in clipped])
        clipped = [tf.clip_by_global_norm([g], optimizer.clip_norm, tf.cast(norm, g.dtype))[0][0] for g in clipped]
    return clipped


def wide(dtype: Any) -> Any:
    """The dtype that a step for a variable of `dtype` is computed in."""
    return dtype if dtype == tf.float64 else tf.float32


class Target:
    """A variable as an optimizer sees it: read in f32 or wider, written back rounded to its own dtype."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.name = variable.name
        self.shape = variable.shape
        self.dtype = wide(variable.dtype)
        self._unique_id = variable._unique_id  # what Keras tells variables apart by

    def read(self) -> Any:
        return tf.cast(self.variable.read_value(), self.dtype)

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return tf.convert_to_tensor(self.read(), dtype=dtype, name=name)

    def assign(self, value: Any) -> None:
        self.variable.assign(tf.cast(value, self.variable.dtype))

    def assign_sub(self, value: Any) -> None:
        if self.dtype == self.variable.dtype:
            self.variable.assign_sub(value)
        else:
            self.assign(self.read() - value)

    def assign_add(self, value: Any) -> None:
        if self.dtype == self.variable.dtype:
            self.variable.assign_add(value)
        else:
            self.assign(self.read() + value)


class Stepper:
    """The optimizer of one step. `paths`: of its own variables, below the step's name, which `variables` holds too."""

    def __init__(self, step: OptimizerStep, variables: Variables) -> None:
        self.step = step
        self.variables = variables
        self.paths: list[str] = []
        self.targets = [Target(variables.tensors[path]) for path in step.variables]
        self.optimizer = keras_optimizer(step.optimizer, step.name.rpartition("/")[2])
        self._slots = {id(target): path for target, path in zip(self.targets, step.variables, strict=True)}
        self._name_variables()
        self._averages = self._create_averages()

    def _own(self, path: str, value: Any, device: str | None = None) -> Any:
        full = f"{self.step.name}/{path}"
        self.paths.append(full)
        return self.variables.add(full, value, device=device)

    def _name_variables(self) -> None:
        """Build the optimizer, putting a variable of ours into each variable of Keras."""
        optimizer = self.optimizer

        def add(reference_variable: Any, name: str | None = None, initializer: Any = "zeros") -> Any:
            dtype = reference_variable.dtype.name
            made = optimizer.add_variable(reference_variable.shape, initializer, dtype, name=name)
            path = self._slots[id(reference_variable)]
            device = self.variables.plan.variable(path).device
            made._value = self._own(f"{path}/{name or 'var'}", made.value.numpy(), device)
            return made

        optimizer.iterations._value = self._own("iteration", optimizer.iterations.value.numpy())
        optimizer.add_variable_from_reference = add
        optimizer.build(self.targets)
        del optimizer.add_variable_from_reference

    def _create_averages(self) -> list[Any]:
        if self.step.optimizer.average is None:
            return []
        named = zip(self.step.variables, self.targets, strict=True)
        return [self._own(f"average/{path}", target.read().numpy()) for path, target in named]

    def apply(self, gradients: Sequence[Any], rate: Any) -> None:
        """One step, on dense gradients in the order of the step's variables; `rate` if it is an input. Control dependencies are the
        caller's."""
        iteration = self.optimizer.iterations.value
        rate = learning_rate(self.step.optimizer.rate, iteration.read_value(), rate)
        widened = [tf.cast(g, target.dtype) for g, target in zip(gradients, self.targets, strict=True)]
        clipped = clip(self.step.optimizer, widened)
        for path, target, gradient in zip(self.step.variables, self.targets, clipped, strict=True):
            with tf.name_scope(op_name(path)):
                self._write(path, target, gradient, rate)
        with tf.name_scope("iteration"):
            iteration.assign_add(tf.ones_like(iteration))
        self._average()

    def _write(self, path: str, target: Target, gradient: Any, rate: Any) -> None:
        scale = self.variables.plan.variable(path).rate
        before = target.read() if scale != 1.0 else None
        decay = self.optimizer.weight_decay
        if decay:
            target.assign_sub(target.read() * tf.cast(rate * decay, target.dtype))
        self.optimizer.update_step(gradient, target, rate)
        if before is not None:
            target.assign(before + tf.constant(scale, target.dtype) * (target.read() - before))

    def _average(self) -> None:
        """average <- decay * average + (1 - decay) * weight, after the step (Polyak & Juditsky 1992, exponential form)."""
        decay = self.step.optimizer.average
        for average, target in zip(self._averages, self.targets if self._averages else [], strict=True):
            average.assign_sub((average - target.read()) * tf.constant(1 - (decay or 0.0), target.dtype))
