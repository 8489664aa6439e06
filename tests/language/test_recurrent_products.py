"""`map_recurrent(cell, f)`: products read `f(past)`, and nothing else does. Dropout of states is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiling import artefact

pytestmark = pytest.mark.tf

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
def test_twice_the_past_is_twice_the_recurrent_weights(cell, tmp_path):
    """Neither LSTM's c[t-1] nor GRU's sum with h[t-1] is a product with weights, nor is one layer's state for the next."""
    loaded = artefact(tmp_path, MODEL.format(cell=cell, changed=f"map_recurrent({cell}, twice)"))
    values = loaded.variables
    names = [name for name in values if name.startswith("cell/")]
    assert any(name.endswith("/wt") for name in names)
    scale = {name: 2.0 if name.endswith("/wt") else 1.0 for name in names}
    loaded.assign({f"changed{name.removeprefix('cell')}": values[name] for name in names})
    loaded.assign({name: values[name] * scale[name] for name in names})
    found = loaded.predict(x=np.random.default_rng(0).normal(size=(2, 6, 3)))
    np.testing.assert_allclose(found["plain"], found["other"], rtol=1e-12)
    assert np.abs(found["plain"]).max() > 0.1


@pytest.mark.parametrize("cell", ["GRU(4)", "LSTM(4)", "RNN(4)"])
@pytest.mark.parametrize("variational", ["true", "false"])
def test_dropped_states_stay_bounded(cell, variational, tmp_path):
    """|h| <= 1 for each of these cells, however many steps are taken and whatever is dropped."""
    loaded = artefact(
        tmp_path,
        f"""rnn 1
model m {{
  input x: f32[batch, time, 3]
  layer cell = DropoutCell({cell}, state = 0.5, variational = {variational})
  run = scan(cell, x)
  loss mean_square = mean(square(run))
  metric largest = max(abs(run))
  train fit = sgd(rate = 0.0)
}}
""",
    )
    x = np.ones((4, 50, 3), "f4")
    found = [loaded.train("fit", x=x) for _ in range(3)]
    assert all(each["largest"] <= 1 for each in found)
    assert len({float(each["mean_square"]) for each in found}) == 3  # something is dropped, otherwise each time
    assert loaded.evaluate(x=x)["mean_square"] == loaded.evaluate(x=x)["mean_square"]
