"""The models of specs/ compile, run and learn, at each level the same."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import SPECS, gives, module_of, plan_of, takes
from tests.specs.data import ALL

pytestmark = pytest.mark.tf


def test_every_spec_has_data():
    assert {path.stem for path in SPECS.glob("*.rnn")} == set(ALL)


@pytest.fixture(scope="module", params=sorted(ALL))
def compiled(request):
    spec = SPECS / f"{request.param}.rnn"
    return request.param, plan_of(spec), module_of(spec, 0), module_of(spec, 1)


def _feed(signature, plan, data):
    return {name: data[name] for name in takes(plan, signature)}


def test_levels_agree_and_loss_falls(compiled):
    name, plan, reference, optimised = compiled
    data = ALL[name]()
    for signature in ("predict", "evaluate"):
        feed = _feed(signature, plan, data)
        a = reference.signature_functions[signature](**feed)
        b = optimised.signature_functions[signature](**feed)
        assert set(a) == set(gives(plan, signature))
        for key in a:
            np.testing.assert_allclose(a[key], b[key], rtol=2e-4, atol=2e-5, err_msg=f"{signature}.{key}")
    for train in plan.trains:
        feed = _feed(train.name, plan, data)
        step = optimised.signature_functions[train.name]
        losses = [float(step(**feed)["loss"]) for _ in range(12)]
        assert losses[-1] < losses[0], (train.name, losses)


def test_frozen_variables_keep_their_bytes(compiled):
    name, plan, _, module = compiled
    frozen = {v.path for v in plan.variables if v.kind == "param" and not v.trainable}
    variables = {v.name.removesuffix(":0"): v for v in module.collections["global_variables"]}
    assert set(variables) == set(plan.collections["global_variables"])
    before = {path: variables[path].numpy().tobytes() for path in frozen}
    for train in plan.trains:
        module.signature_functions[train.name](**_feed(train.name, plan, ALL[name]()))
    assert {path: variables[path].numpy().tobytes() for path in frozen} == before
