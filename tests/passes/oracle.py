"""Numbers for a plan, and whether two plans mean the same."""

from __future__ import annotations

import numpy as np

from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.plan.model import Plan
from tests.plan.interpreting import interpret


def numbers(plan: Plan, seed: int = 0, sizes: dict | None = None):
    """Random inputs and variables. Lengths and ids are small integers, some of the lengths 0."""
    rng = np.random.default_rng(seed)
    sizes = {"batch": 3, "time": 4, "src": 2, "place": 2, **(sizes or {})}

    def draw(dtype, shape):
        if dtype == "bool":
            return rng.random(shape) < 0.6
        if dtype in ("i32", "i64"):
            return rng.integers(0, 4, shape).astype(NUMPY[dtype])
        return rng.normal(size=shape).astype(NUMPY[dtype])

    inputs = {x.name: draw(x.type.dtype, (*(sizes[a] for a in x.type.axes), *x.type.dims)) for x in plan.inputs}
    variables = {v.path: draw(v.dtype, (*(sizes[a] for a in v.axes), *v.shape)) for v in plan.variables}
    return inputs, variables


def assert_same_meaning(before: Plan, after: Plan, seed: int = 0, sizes: dict | None = None):
    """Both plans give the same numbers in f64, in training and outside; a sum in f32 is another in another order."""
    inputs, variables = numbers(before, seed, sizes)
    for training in (False, True):
        expected, found = (interpret(p, inputs, variables, training, exact=True) for p in (before, after))
        assert expected.keys() == found.keys()
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-10, atol=1e-12, err_msg=str(key))
