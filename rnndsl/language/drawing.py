"""What each initializer draws, in NumPy: from a stream of random numbers, a variable's shape and arguments to numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from rnndsl.language.ops.table import OPS

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    Draw = Callable[[np.random.RandomState, tuple[int, ...], Mapping[str, Any]], Array]

OPERANDS = "operands"
"""The argument of a recipe that is an operation: numbers, and recipes as a `name` and `arguments`."""

START = "start"
"""The recipe that is another variable's initial value: of `of`, a path, whose `recipe`, `shape` and `dtype` it has."""

_SCALINGS: Mapping[str, tuple[float, str, str]] = MappingProxyType(
    {
        "glorot_uniform": (1.0, "fan_avg", "uniform"),
        "glorot_normal": (1.0, "fan_avg", "truncated_normal"),
        "xavier_uniform": (1.0, "fan_avg", "uniform"),
        "xavier_normal": (1.0, "fan_avg", "truncated_normal"),
        "he_uniform": (2.0, "fan_in", "uniform"),
        "he_normal": (2.0, "fan_in", "truncated_normal"),
        "lecun_uniform": (1.0, "fan_in", "uniform"),
        "lecun_normal": (1.0, "fan_in", "truncated_normal"),
    }
)
"""Glorot & Bengio 2010, He et al. 2015, LeCun et al. 1998: scale, mode and distribution of the variance scaling."""

_TRUNCATED_STDDEV = 0.87962566103423978
"""Of a standard normal distribution cut at ±2; TensorFlow divides by it to keep the variance asked for."""


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a variable's shape, as TensorFlow counts them: kernels are [widths.., in, out]."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def as_recipe(operand: object) -> tuple[str, Mapping[str, Any]] | None:
    """The name and arguments of an operand that is a recipe; None of a number."""
    if not isinstance(operand, dict):
        return None
    recipe = cast("Mapping[str, Any]", operand)
    return recipe["name"], recipe["arguments"]


def draw(rng: np.random.RandomState, name: str, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """The numbers [shape] of a recipe, its arguments complete."""
    if OPERANDS not in arguments:
        return _DRAWS.get(name, _scaled_as(name))(rng, shape, arguments)
    parts = [(x, as_recipe(x)) for x in arguments[OPERANDS]]
    operands = [draw(rng, part[0], shape, part[1]) if part else x for x, part in parts]
    told = {key: value for key, value in arguments.items() if key != OPERANDS}
    return OPS[name].compute()(*operands, **told)


def _full(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    import numpy as np

    return np.full(shape, arguments["value"])


def _filled(value: float) -> Draw:
    return lambda rng, shape, arguments: _full(rng, shape, {"value": value})


def _values(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    import numpy as np

    return np.asarray(arguments["value"])


def _uniform(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    low, high = arguments["low"], arguments["high"]
    return low + (high - low) * rng.random_sample(shape)


def _log_uniform(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """exp(U(log low, log high)): the periods of a Phased LSTM (Neil et al. 2016)."""
    import numpy as np

    return np.exp(_uniform(rng, shape, {"low": math.log(arguments["low"]), "high": math.log(arguments["high"])}))


def _integers(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """Whole numbers from `low` up to, not with, `high`, as TensorFlow's for integer dtypes."""
    import numpy as np

    low, high = math.ceil(arguments["low"]), math.ceil(arguments["high"])
    return np.asarray(rng.randint(low, max(high, low + 1), shape, dtype=np.int64))


def _normal(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    return arguments["mean"] + arguments["stddev"] * rng.standard_normal(shape)


def _truncated(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """Normal, what lies beyond two standard deviations drawn again."""
    import numpy as np

    drawn = np.asarray(rng.standard_normal(shape)).reshape(-1)
    beyond = np.flatnonzero(np.abs(drawn) > 2)
    while beyond.size:
        drawn[beyond] = rng.standard_normal(beyond.size)
        beyond = beyond[np.abs(drawn[beyond]) > 2]
    return arguments["mean"] + arguments["stddev"] * drawn.reshape(shape)


def _scaled(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """`VarianceScaling`: variance scale / n, n one of the fans or their mean."""
    fan_in, fan_out = fans(shape)
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[arguments["mode"]]
    variance = arguments["scale"] / max(1.0, n)
    if arguments["distribution"] == "uniform":
        limit = math.sqrt(3 * variance)
        return _uniform(rng, shape, {"low": -limit, "high": limit})
    stddev = math.sqrt(variance)
    if arguments["distribution"] == "untruncated_normal":
        return _normal(rng, shape, {"mean": 0.0, "stddev": stddev})
    return _truncated(rng, shape, {"mean": 0.0, "stddev": stddev / _TRUNCATED_STDDEV})


def _scaled_as(name: str) -> Draw:
    scale, mode, distribution = _SCALINGS.get(name, (1.0, "fan_in", "truncated_normal"))
    return lambda rng, shape, arguments: _scaled(rng, shape, {"scale": scale, "mode": mode, "distribution": distribution})


def _unit_scaling(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """Sussillo & Abbott 2014, as TensorFlow 1: uniform within sqrt(3 / n) * factor, n the product of all dims but the last."""
    limit = math.sqrt(3 / max(1, math.prod(shape[:-1]))) * arguments["factor"]
    return _uniform(rng, shape, {"low": -limit, "high": limit})


def _orthogonal(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    """Saxe et al. 2014: the Q of a normal matrix [product of all dims but the last, the last], its signs made uniform by R's."""
    import numpy as np

    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(np.asarray(rng.standard_normal((max(rows, columns), min(rows, columns)))))
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return arguments["gain"] * (q.T if rows < columns else q).reshape(shape)


def _identity(rng: np.random.RandomState, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Array:
    import numpy as np

    return arguments["gain"] * np.eye(shape[0], shape[1])


_DRAWS: Mapping[str, Draw] = MappingProxyType(
    {
        "zeros": _filled(0),
        "ones": _filled(1),
        "constant": _full,
        "uniform": _uniform,
        "integers": _integers,
        "log_uniform": _log_uniform,
        "normal": _normal,
        "truncated_normal": _truncated,
        "variance_scaling": _scaled,
        "uniform_unit_scaling": _unit_scaling,
        "orthogonal": _orthogonal,
        "identity": _identity,
        "values": _values,
    }
)
