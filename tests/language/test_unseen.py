"""What a mask leaves out is never seen: as with any other numbers there, in values, gradients and ids."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import artefact

pytestmark = pytest.mark.tf

SPEC = """rnn 1
model m {
  input ids: i32[batch, time]
  input x: f32[batch, time, 2]
  input n: i32[batch]
  input valid: bool[batch, time]
  target y: f32[batch, time, 1]
  target label: i32[batch, time]
  layer emb = Embedding(5, 3)
  layer cell = GRU(4)
  layer head = Dense(1)
  layer classes = Dense(6)
  layer beside = Dense(1)
  run = scan(cell, emb(ids), lengths = n)
  pred = head(run)
  output prediction = pred
  loss squares = mean(square(pred + beside(x) - y), mask = stack([valid]))
  loss entropy = mean(cross_entropy(classes(run), label), mask = valid)
  metric error = mean(abs(pred - y), mask = stack([valid]))
  train fit = sgd(rate = 0.1)
}
"""
LENGTHS = np.array([3, 1, 4], "i4")
VALID = np.arange(4)[None] < LENGTHS[:, None]


@pytest.fixture(scope="module", params=[0, 1])
def loaded(request, tmp_path_factory):
    return artefact(tmp_path_factory.mktemp("unseen"), SPEC, opt_level=request.param)


def batch(padding: float, id: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(3, 4, 2)).astype("f4"), random.normal(size=(3, 4, 1)).astype("f4")
    ids, label = random.integers(0, 5, (3, 4)), random.integers(0, 6, (3, 4))
    x[~VALID], y[~VALID] = padding, padding
    ids[~VALID], label[~VALID] = id, id
    return {"x": x, "y": y, "ids": ids.astype("i4"), "label": label.astype("i4"), "n": LENGTHS, "valid": VALID}


@pytest.mark.parametrize(("padding", "id"), [(np.nan, -1), (np.inf, 99), (1e30, -(2**31))])
def test_padding_is_as_any_other(loaded, padding, id):
    plain, padded = batch(0.5, 2), batch(padding, id)
    targets = ("y", "label")
    variables = {k: v for k, v in loaded.variables.items() if not k.startswith("train/")}
    results = []
    for each in (plain, padded):
        inputs = {k: v for k, v in each.items() if k not in targets}
        found = loaded.gradients(variables, inputs, {k: each[k] for k in targets})
        seen = {k: each[k] for k in ("ids", "n")}
        results.append((found["gradients"], loaded.evaluate(each), loaded.predict(seen)))
    for one, other in zip(*results, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
            assert np.isfinite(other[name]).all()
    assert any(np.abs(g).max() > 0 for g in results[1][0].values())


def test_an_id_that_counts_is_not_hidden(loaded):
    """The last step of the first sequence is valid."""
    wrong = batch(0.0, 0)
    wrong["ids"][0, 2] = 77
    with pytest.raises(Exception, match="77"):
        loaded.predict({k: wrong[k] for k in ("ids", "n")})
