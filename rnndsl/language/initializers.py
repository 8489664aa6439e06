"""Initial values of variables, computed on the CPU at compile time with NumPy alone.

Recipes, defaults and fans are TensorFlow's (`tf.compat.v1.initializers`, and Keras' where TensorFlow 1 has none). The random
numbers are our own: each variable has a stream that depends on the model's seed and the variable's path and on nothing else,
so a new layer changes no other layer's numbers. The stream comes from NumPy's `RandomState`, which NumPy promises never to
change (NEP 19), on top of the counter-based Philox (Salmon et al. 2011).

A recipe may be an elementwise operation of other recipes and numbers, its `operands`: these draw one after the other. One of them
may be what another variable starts with, as that variable's own stream gives it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from rnndsl.language.drawing import OPERANDS, START, as_recipe, draw
from rnndsl.language.ops.op import Required
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.model import DType, Initializer, Variable
from rnndsl.text.codes import clauses
from rnndsl.text.codes.clauses import Clause

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

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

_RANDOM = frozenset(PARAMETERS) - {"zeros", "ones", "constant", "identity", "values"}


def problem(name: str, arguments: Mapping[str, Any], shape: Sequence[int], dtype: DType) -> Clause | None:
    """Why a variable can't be initialised so, as a sentence without a subject; None if it can. All arguments are given."""
    if OPERANDS in arguments:
        return _combined_problem(arguments[OPERANDS], shape, dtype)
    if name in _RANDOM and dtype not in FLOATS and not (name == "uniform" and dtype in ("i32", "i64")):
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


def _combined_problem(operands: Sequence[Any], shape: Sequence[int], dtype: DType) -> Clause | None:
    if dtype not in FLOATS:
        return clauses.combines_floats(dtype)
    parts = [as_recipe(x) for x in operands]
    return next((wrong for x in parts if x and (wrong := problem(*x, shape, dtype))), None)


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
    arguments = {k: v for k, v in PARAMETERS.get(name, ()) if v is not Required} | variable.initializer.arguments
    wrong = problem(name, arguments, variable.shape, variable.dtype)
    if wrong is not None:
        raise ValueError(f"`{name}` for `{variable.path}` {wrong}")
    whole = name == "uniform" and variable.dtype in ("i32", "i64")
    name, arguments = _with_starts(name, arguments, variable.shape, seed)
    with np.errstate(over="ignore"):
        drawn = draw(stream(seed, variable.path), "integers" if whole else name, variable.shape, arguments)
        return np.asarray(drawn, order="C").astype(dtype).reshape(variable.shape)


def _with_starts(name: str, arguments: Mapping[str, Any], shape: tuple[int, ...], seed: int) -> tuple[str, Mapping[str, Any]]:
    """A recipe with numbers for what other variables start with."""
    import numpy as np

    if name == START:
        recipe = Initializer(arguments["recipe"]["name"], arguments["recipe"]["arguments"])
        other = Variable(arguments["of"], "param", arguments["dtype"], tuple(arguments["shape"]), recipe, "", False, ())
        return "values", {"value": np.broadcast_to(initial_value(other, seed).astype(np.float64), shape)}
    if OPERANDS not in arguments:
        return name, arguments
    parts = [(x, as_recipe(x)) for x in arguments[OPERANDS]]
    made = [(x, _with_starts(*part, shape, seed) if part else None) for x, part in parts]
    return name, {**arguments, OPERANDS: [{"name": part[0], "arguments": part[1]} if part else x for x, part in made]}


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
