"""What closed loops say after training: a forecast from its own values, captions by a beam search."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import SPECS, module_of
from tests.specs.data import captions, forecast

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def test_a_forecast_from_its_own_values_follows_the_system():
    module, data = module_of(SPECS / "forecast.rnn", 1), forecast()
    for _ in range(300):
        module.signature_functions["step"](**data)
    free = module.signature_functions["predict"](drive=data["drive"])["forecast"].numpy()
    assert np.mean(np.square(free - data["value"])) < 0.03 * np.var(data["value"])


def test_the_best_caption_is_the_true_one_and_its_score_the_logarithm_of_its_chance():
    module, data = module_of(SPECS / "captions.rnn", 1), captions()
    for _ in range(60):
        module.signature_functions["step"](**data)
    found = {name: value.numpy() for name, value in module.signature_functions["predict"](image=data["image"]).items()}
    assert np.array_equal(found["captions"][:, :3, 0], data["caption"])
    assert not found["captions"][:, 3, 0].any(), "after its end a caption is empty"
    assert (np.diff(found["scores"], axis=1) <= 0).all()
    ce = float(module.signature_functions["evaluate"](**data)["ce"])
    assert -found["scores"][:, 0].mean() == pytest.approx(3 * ce, rel=1e-3), "the mean over three words"
