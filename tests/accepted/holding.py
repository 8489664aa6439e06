"""What must hold of a spec that `check` accepts: it compiles at each level and as a MetaGraph, and all that it can do runs; what
it predicts is what the interpreter says.

`python -m tests.accepted.holding FIRST LAST` tries these seeds, and prints each that fails with its text.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.function import Function
from rnndsl.plan.model import Plan
from tests.accepted.generating import accepted
from tests.compiling import plan_of
from tests.plan.interpreting import model_with

SIZES = {"batch": 3, "time": 4, "src": 2}
TOLERANCE = {"f16": 2e-2, "bf16": 1e-1, "f32": 1e-3, "f64": 1e-6}
LEVELS = (0, 1)


def numbers(plan: Plan, seed: int) -> dict[str, Any]:
    """Inputs of the model. Whole numbers are from 1 to 3: lengths, ids, divisors."""
    random = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for x in plan.inputs:
        shape = [*(SIZES[axis] for axis in x.type.axes), *x.type.dims]
        if x.type.dtype == "bool":
            found[x.name] = random.random(shape) < 0.7
        elif x.type.dtype in ("i32", "i64"):
            found[x.name] = random.integers(1, 4, shape).astype(numpy_dtype(x.type.dtype))
        else:
            found[x.name] = random.normal(size=shape).astype(numpy_dtype(x.type.dtype))
    return found


def hold(text: str, folder: Path, seed: int, levels: Iterable[int] = LEVELS) -> None:
    """Raises AssertionError, or whatever goes wrong."""
    import rnndsl

    (folder / "spec.rnn").write_text(text, encoding="utf-8")
    plan = plan_of(folder / "spec.rnn")
    inputs = numbers(plan, seed)
    for level in levels:
        out = folder / f"out{level}"
        rnndsl.compile(folder / "spec.rnn", out, opt_level=level, emit=("saved-model", "meta-graph") if level else ("saved-model",))
        loaded = rnndsl.load(out)
        for function in plan.functions:
            if function.kind in ("predict", "evaluate", "custom"):
                _agrees(plan, function, inputs, loaded)
        _call_all(plan, inputs, loaded)


def _agrees(plan: Plan, function: Function, inputs: Mapping[str, Any], loaded: Any) -> None:
    """What the artefact gives is what the interpreter gives, to what a change of the inputs in their last digits changes."""
    mine = {x.name: inputs[x.name] for x in function.inputs}
    variables = loaded.variables
    found = _called(loaded, function.name, mine)
    if found is None:
        return
    expected = model_with(plan, variables).call(function.name, mine, steps=False)
    shaken = {k: v if v.dtype.kind in "bi" else (v.astype("f8") * (1 + 1e-4)).astype(v.dtype) for k, v in mine.items()}
    moved = model_with(plan, variables).call(function.name, shaken, steps=False)
    for name, value in expected.items():
        _close(name, found[name], np.asarray(value), np.asarray(moved[name]), plan)


def _called(loaded: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    """What the call gives; None if it says clearly that it cannot be done on these values, an id that no table has."""
    try:
        return loaded.call(name, inputs)
    except ValueError as error:
        assert "fails on these values" in str(error), error
        return None


def _close(name: str, found: Any, expected: Any, moved: Any, plan: Plan) -> None:
    assert found.shape == expected.shape, (name, found.shape, expected.shape)
    if found.dtype.kind in "bi":
        steady = expected == moved
        assert (found == expected)[steady].all(), (name, found, expected)
        return
    dtypes = {v.dtype for v in plan.variables} | {x.type.dtype for x in plan.inputs} | {plan.dtype}
    tolerance = max([TOLERANCE[d] for d in dtypes if d in TOLERANCE], default=1e-6)
    a, b = found.astype("f8"), expected.astype("f8")
    with np.errstate(all="ignore"):
        allowed = tolerance * (1 + np.abs(b)) + 10 * np.abs(b - moved.astype("f8"))
        fine = (np.abs(a - b) <= allowed) | ~np.isfinite(allowed) | ~np.isfinite(b) | (np.abs(b) > 1e4)
    assert fine.all(), (name, a[~fine][:5], b[~fine][:5])


def _call_all(plan: Plan, inputs: Mapping[str, Any], loaded: Any) -> None:
    for function in plan.functions:
        if function.kind in ("apply", "gradients", "stream"):
            continue
        results = _called(loaded, function.name, {x.name: inputs[x.name] for x in function.inputs})
        assert results is None or bool(results) == bool(function.outputs)
    variables = {k: v for k, v in loaded.variables.items() if not k.startswith("train/")}
    assert all(isinstance(value, np.ndarray) for value in variables.values())


def main(first: int, last: int) -> int:
    """1 if one of the seeds from `first` to before `last` fails."""
    failed = 0
    for seed in range(first, last):
        with tempfile.TemporaryDirectory() as folder:
            text = ""
            try:
                text = accepted(seed, Path(folder))
                hold(text, Path(folder), seed)
            except Exception as error:
                failed += 1
                print(f"seed {seed}: {type(error).__name__}: {str(error)[:1500]}", flush=True)
                traceback.print_tb(error.__traceback__, limit=-2, file=sys.stdout)
                print(text, flush=True)
    print(f"seeds {first} to {last - 1}: {failed} failed", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
