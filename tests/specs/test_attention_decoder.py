"""The encoder-decoder with attention, trained by teacher forcing, writes from its own words what it was taught."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import SPECS, module_of
from tests.specs.data import attention_decoder

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def test_it_learns_to_write_words_backwards():
    module = module_of(SPECS / "attention_decoder.rnn", 1)
    data = attention_decoder()
    for _ in range(150):
        accuracy = float(module.signature_functions["step"](**data)["accuracy"])
    assert accuracy > 0.99
    source = {name: data[name] for name in ("source", "source_length")}
    written = module.signature_functions["predict"](**source)["written"].numpy()
    assert written.shape == (64, 8)
    right = (written[:, :7] == data["translation"]).all(1)
    assert np.mean(right) > 0.95
    assert not written[:, 7].any(), "after its last word a row is empty"
