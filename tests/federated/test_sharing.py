"""What of a model is averaged, what a client keeps, what starts afresh: by kinds, dtypes and collections."""

from __future__ import annotations

from tests.federated.interpreted import shared

SPEC = """rnn 1
model m {
  input x: f32[batch, time, 3]
  target y: f32[batch, 1]
  input weight: f32[]
  collection personal
  scope own with (collections = {personal}) {
    param scale: [3] ~ ones
    layer norm = BatchNorm()
    param fixed: [] ~ ones frozen
  }
  param slow: [3] ~ ones
  var seen: i32[] ~ zeros
  var here: [] ~ zeros in {local_variables}
  update seen <- seen + 1
  update here <- here + mean(x, over = [batch, time, last])
  layer enc = GRU(2)
  layer norm = BatchNorm()
  layer head = Dense(1)
  layer drop = Dropout(0.5)
  run = scan(enc, own.norm(x * own.scale * slow * own.fixed), carry = true)
  p = head(drop(norm(run.last)))
  output p
  loss mse = mean(square(p - y)) * weight
  freeze slow
  train fit = adam(clip_norm = 1.0)
  train tune = sgd(rate = 0.1) over head/**
}
"""


def test_collections_and_kinds_decide() -> None:
    found = shared(SPEC, "fit")
    gates = [f"enc/{gate}/{name}" for gate in ("candidate", "reset_gate", "update_gate") for name in ("bi", "wt", "wx")]
    moments = ["norm/moving_mean", "norm/moving_variance"]
    assert found.averaged == (*gates, "head/bias", "head/kernel", "norm/beta", "norm/gamma", *moments)
    own = [f"own/norm/{name}" for name in ("beta", "gamma", "moving_mean", "moving_variance")]
    assert found.kept == ("call_counter", "here", *own, "own/scale", "run/h", "seen")
    assert found.counter == "call_counter"
    assert found.losses == ("mse",)
    assert {*found.afresh} == {"train/fit/step"} | {f"train/fit/{p}/{s}" for p in trained(found) for s in "mv"}


def trained(found: object) -> set[str]:
    every = {*found.averaged, *found.kept}  # type: ignore[attr-defined]
    return {path for path in every if path.startswith(("enc/", "head/", "norm/", "own/")) and "moving" not in path}


def test_what_another_training_changes_is_another_matter() -> None:
    found = shared(SPEC, "tune")
    assert found.averaged == ("head/bias", "head/kernel", "norm/moving_mean", "norm/moving_variance")
    assert found.kept == ("call_counter", "here", "own/norm/moving_mean", "own/norm/moving_variance", "run/h", "seen")
    assert found.afresh == ("train/tune/step",)
