"""`map_recurrent(cell, f)`: products read `f(past)`, and nothing else does. Dropout of states is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import plan_of

MODEL = """rnn 1
fn twice(past) = 2 * past
model m with (dtype = f64) {{
  input x: f64[batch, time, 3]
  layer cell = {cell}
  layer changed = {changed}
  run = scan(cell, x)
  output plain = run
  output other = scan(changed, x)
  init **/wt ~ normal(stddev = 0.4)
}}
"""


@pytest.mark.parametrize("cell", ["RNN(2)", "GRU(2)", "LSTM(2)", "Stack([GRU(2), LSTM(2)])", "Residual(GRU(3))"])
def test_twice_the_past_is_twice_the_recurrent_weights(cell):
    """Neither LSTM's c[t-1] nor GRU's sum with h[t-1] is a product with weights, nor is one layer's state for the next."""
    model = Model(plan_of(MODEL.format(cell=cell, changed=f"map_recurrent({cell}, twice)")))
    values = model.variables
    names = [name for name in values if name.startswith("cell/")]
    assert any(name.endswith("/wt") for name in names)
    for name in names:
        values[f"changed{name.removeprefix('cell')}"] = values[name]
        values[name] = values[name] * (2.0 if name.endswith("/wt") else 1.0)
    found = model.call("predict", {"x": np.random.default_rng(0).normal(size=(2, 6, 3))})
    np.testing.assert_allclose(found["plain"], found["other"], rtol=1e-12)
    assert np.abs(found["plain"]).max() > 0.1


@pytest.mark.parametrize("variational", ["true", "false"])
def test_dropped_states_stay_bounded(variational):
    """|h| <= 1 for each of these cells, however many steps are taken and whatever is dropped."""
    cells = ("GRU", "LSTM", "RNN")
    runs = "".join(
        f"""
  layer {cell}_cell = DropoutCell({cell}(4), state = 0.5, variational = {variational})
  {cell}_run = scan({cell}_cell, x)
  metric {cell}_square = mean(square({cell}_run))
  metric {cell}_largest = max(abs({cell}_run))"""
        for cell in cells
    )
    model = Model(
        plan_of(f"""rnn 1
model m {{
  input x: f32[batch, time, 3]{runs}
  loss mean_square = GRU_square
  train fit = sgd(rate = 0.0)
}}
""")
    )
    x = {"x": np.ones((4, 50, 3), "f4")}
    found = [model.call("fit", x) for _ in range(3)]
    for cell in cells:
        assert all(each[f"{cell}_largest"] <= 1 for each in found)
        assert len({float(each[f"{cell}_square"]) for each in found}) == 3  # something is dropped, otherwise each time
        evaluated = [model.call("evaluate", x)[f"{cell}_square"] for _ in range(2)]
        assert evaluated[0] == evaluated[1]
