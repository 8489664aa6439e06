"""A StableHLO module run by JAX's runtime, and beside it the same function in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax._src.lib import xla_client
from jaxlib import _jax

from rnndsl.backends.stablehlo.files import lowered
from rnndsl.language.ops.meaning.align import DTYPES
from rnndsl.meaning.running import Model
from rnndsl.plan.function import Function
from rnndsl.plan.model import Plan

STEP = 5
"""What a pure function is told its draws by."""

jax.config.update("jax_enable_x64", True)


def run_text(text: str, arguments: Sequence[Any]) -> list[Any]:
    """The results of `main`."""
    client = jax.devices()[0].client
    devices = _jax.DeviceList(tuple(client.local_devices()[:1]))
    program = client.compile_and_load(text.encode(), devices, xla_client.CompileOptions())
    found = program.execute_sharded([jax.device_put(x) for x in arguments])
    return [np.asarray(x[0]) for x in found.disassemble_into_single_device_arrays()]


def inputs_of(function: Function, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Any]:
    """Normal numbers, ids of 0 and 1, masks with gaps, and lengths from 1 up to the whole of `time`."""
    found: dict[str, Any] = {}
    for x in function.inputs:
        shape, dtype = [*(sizes[a] for a in x.type.axes), *x.type.dims], DTYPES[x.type.dtype]
        values = rng.normal(size=shape) if dtype.kind not in "ib" else rng.integers(0, 2, shape)
        if x.name.endswith("lengths"):
            values = rng.integers(1, sizes["time"] + 1, shape)
        found[x.name] = np.asarray(values).astype(dtype)
    return found


def _distance(a: Any, b: Any) -> float:
    """The largest |a - b| / (1 + |b|): infinite where one is infinite, or no number, and the other is not the same."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(a - b) / (1 + np.abs(b))
    apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.where(np.isnan(apart), np.inf, apart))
    return float(np.max(apart, initial=0))


def distances(plan: Plan, sizes: dict[str, int], absent: Sequence[str] = ()) -> dict[str, float]:
    """How far the modules' results are from the interpreter's, by function: the largest |a - b| / (1 + |b|). Asserts that all
    functions but the `absent` ones have a module."""
    modules, missing = lowered(plan, sizes)
    assert sorted(missing) == sorted(absent), {name: (why.what, why.place) for name, why in missing.items()}
    model, rng = Model(plan), np.random.default_rng(7)
    for path, value in model.variables.items():
        if value.dtype.kind == "f" and not path.startswith("train/"):
            model.variables[path] = value + (0.3 * np.abs(rng.normal(size=value.shape))).astype(value.dtype)
    before = dict(model.variables)
    found: dict[str, float] = {}
    for name, module in modules.items():
        function, model.variables = plan.function(name), dict(before)
        inputs = inputs_of(function, sizes, rng)
        wanted = model.pure(name, before, inputs, STEP) if function.pure else model.call(name, inputs)
        groups = {"variable": before, "value": inputs, "step": {"step": np.int64(STEP)}}
        given = [groups[x.kind][x.name] for x in module.arguments]
        results = run_text(module.text, given)
        found[name] = 0.0
        for port, got in zip(module.results, results, strict=True):
            group = wanted[port.group] if port.group else wanted
            want = np.asarray(model.variables[port.name] if port.kind == "variable" else group[port.name])
            assert got.shape == want.shape == port.shape and got.dtype == want.dtype, (name, port)
            found[name] = max(found[name], _distance(got.astype(np.float64), want.astype(np.float64)))
    return found
