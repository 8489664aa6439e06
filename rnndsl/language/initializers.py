"""Initial values of variables, computed on the CPU at compile time with NumPy alone.

Recipes, defaults and fans are TensorFlow's (`tf.compat.v1.initializers`, and Keras' where TensorFlow 1 has none). The random
numbers are our own: each variable has a stream that depends on the model's seed and the variable's path and on nothing else,
so a new layer changes no other layer's numbers. The stream comes from NumPy's `RandomState`, which NumPy promises never to
change (NEP 19), on top of the counter-based Philox (Salmon et al. 2011).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from rnndsl.language.ops.op import Required
from rnndsl.plan.model import DType, Variable
from rnndsl.text.codes import clauses
from rnndsl.text.codes.clauses import Clause

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    Draw = Callable[[np.random.RandomState, tuple[int, ...], Mapping[str, Any]], Array]

PARAMETERS: Mapping[str, tuple[tuple[str, Any], ...]] = MappingProxyType(
    {
        "zeros": (),
        "ones": (),
        "constant": (("value", 0.0),),
        "uniform": (("low", -0.05), ("high", 0.05)),
        "log_uniform": (("low", 1.0), ("high", 1000.0)),
        "normal": (("mean", 0.0), ("stddev", 0.05)),
        "truncated_normal": (("mean", 0.0), ("stddev", 0.05)),
        "variance_scaling": (("scale", 1.0), ("mode", "fan_in"), ("distribution", "truncated_normal")),
        "glorot_uniform": (),
        "glorot_normal": (),
        "xavier_uniform": (),
        "xavier_normal": (),
        "he_uniform": (),
        "he_normal": (),
        "lecun_uniform": (),
        "lecun_normal": (),
        "uniform_unit_scaling": (("factor", 1.0),),
        "orthogonal": (("gain", 1.0),),
        "identity": (("gain", 1.0),),
        "values": (("value", Required),),
    }
)
"""Each initializer's parameters in order, with defaults (`rnndsl.language.ops.table.Required` for none)."""

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "normal", "untruncated_normal", "uniform")
"""Of `variance_scaling`; `normal` is another name of `truncated_normal`, as in TensorFlow."""

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

_RANDOM = frozenset(PARAMETERS) - {"zeros", "ones", "constant", "identity", "values"}


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a variable's shape, as TensorFlow counts them: kernels are [widths.., in, out]."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def problem(name: str, arguments: Mapping[str, Any], shape: Sequence[int], dtype: DType) -> Clause | None:
    """Why a variable can't be initialised so, as a sentence without a subject; None if it can. All arguments are given."""
    if name in _RANDOM and dtype not in ("f16", "bf16", "f32", "f64") and not (name == "uniform" and dtype in ("i32", "i64")):
        return clauses.draws_floats(dtype)
    if name == "orthogonal" and len(shape) < 2:
        return clauses.two_dims_or_more(shape)
    if name == "identity" and len(shape) != 2:
        return clauses.two_dims(shape)
    if name == "uniform" and not arguments["low"] <= arguments["high"]:
        return clauses.low_above_high(arguments["low"], arguments["high"])
    if name == "log_uniform" and not 0 < arguments["low"] <= arguments["high"]:
        return clauses.log_bounds(arguments["low"], arguments["high"])
    if arguments.get("stddev", 0) < 0:
        return clauses.negative_stddev(arguments["stddev"])
    if name == "variance_scaling":
        return _scaling_problem(arguments)
    if name == "values":
        return _values_problem(arguments["value"], shape)
    return None


def _scaling_problem(arguments: Mapping[str, Any]) -> Clause | None:
    if not arguments["scale"] > 0:
        return clauses.scale_not_positive(arguments["scale"])
    if arguments["mode"] not in MODES:
        return clauses.no_mode(arguments["mode"], MODES)
    if arguments["distribution"] not in DISTRIBUTIONS:
        return clauses.no_distribution(arguments["distribution"], DISTRIBUTIONS)
    return None


def _values_problem(value: Any, shape: Sequence[int]) -> Clause | None:
    found = _nested_shape(value)
    if found is None:
        return clauses.ragged_values()
    return None if found == tuple(shape) else clauses.values_shape(found, shape)


def _nested_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists; None if they are ragged."""
    if not isinstance(value, (list, tuple)):
        return ()
    items = cast("Sequence[Any]", value)
    inner = [_nested_shape(item) for item in items]
    first = inner[0] if inner else ()
    if first is None or any(shape != first for shape in inner):
        return None
    return (len(items), *first)


def initial_value(variable: Variable, seed: int) -> Array:
    """The initial value of `variable` [shape], of its dtype, under the model's `seed`.

    States kept between calls start empty: 0 long on each unknown axis. Raises ValueError if the recipe does not fit the variable.
    """
    import numpy as np

    dtype = numpy_dtype(variable.dtype)
    if variable.axes:
        return np.zeros((*(0 for _ in variable.axes), *variable.shape), dtype)
    name = variable.initializer.name
    arguments = {k: v for k, v in PARAMETERS[name] if v is not Required} | variable.initializer.arguments
    wrong = problem(name, arguments, variable.shape, variable.dtype)
    if wrong is not None:
        raise ValueError(f"`{name}` for `{variable.path}` {wrong}")
    if name == "uniform" and variable.dtype in ("i32", "i64"):
        draw: Draw = _integers
    else:
        draw = _DRAWS.get(name, _scaled_as(name))
    with np.errstate(over="ignore"):
        drawn = draw(stream(seed, variable.path), variable.shape, arguments)
        return np.asarray(drawn, order="C").astype(dtype).reshape(variable.shape)


def stream(seed: int, path: str) -> np.random.RandomState:
    """The random numbers of the variable at `path`."""
    import numpy as np

    key = int.from_bytes(hashlib.sha256(f"{seed}\0{path}".encode()).digest()[:16], "little")
    return np.random.RandomState(np.random.Philox(key=key))


def numpy_dtype(dtype: DType) -> np.dtype[Any]:
    """NumPy's name for a dtype of the language; bf16 is that of `ml_dtypes`."""
    import numpy as np

    if dtype == "bf16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    names = {"f16": "float16", "f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "bool": "bool"}
    return np.dtype(names[dtype])


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
