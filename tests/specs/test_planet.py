"""The recurrent state-space model of `specs/planet.rnn`, its draws taken as they came, against NumPy written from the paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnndsl.meaning.running import Model
from tests.compiling import SPECS, plan_of
from tests.specs.data import planet

Array = np.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(x))


class Paper:
    """The parts of the model, each by its own weights."""

    def __init__(self, variables: dict[str, Array]) -> None:
        self.w = {path: value.astype("f8") for path, value in variables.items()}

    def dense(self, path: str, x: Array) -> Array:
        return x @ self.w[f"{path}/kernel"] + self.w[f"{path}/bias"]

    def gate(self, path: str, x: Array, h: Array) -> Array:
        return x @ self.w[f"{path}/wx"] + h @ self.w[f"{path}/wt"] + self.w[f"{path}/bi"]

    def gru(self, path: str, x: Array, h: Array) -> Array:
        z, r = (sigmoid(self.gate(f"{path}/{name}_gate", x, h)) for name in ("update", "reset"))
        return z * h + (1 - z) * np.tanh(self.gate(f"{path}/candidate", x, r * h))

    def normal(self, path: str, x: Array) -> tuple[Array, Array]:
        y = self.dense(f"{path}/outer", elu(self.dense(f"{path}/inner", x)))
        mean, spread = np.split(y, 2, -1)
        return mean, np.log1p(np.exp(spread)) + 0.1


def test_each_step_is_the_papers() -> None:
    data: Any = planet()
    model = Model(plan_of(SPECS / "planet.rnn"))
    found = model.call("predict", {name: data[name] for name in ("observation", "action", "lengths")})
    paper = Paper(model.variables)
    rows, times = data["action"].shape[:2]
    h, s, draws = np.zeros([rows, 16]), np.zeros([rows, 4]), []
    for t in range(times):
        valid = (t < data["lengths"])[:, None]
        h = np.where(
            valid, paper.gru("world/path", elu(paper.dense("world/enter", np.concatenate([s, data["action"][:, t]], -1))), h), h
        )
        prior, spread = paper.normal("world/prior", h)
        seen = elu(paper.dense("encoder", data["observation"][:, t]))
        mean, stddev = paper.normal("world/posterior", np.concatenate([h, seen], -1))
        features = np.where(valid, found["features"][:, t], 0)
        np.testing.assert_allclose(features[:, :16], np.where(valid, h, 0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found["foretold"][:, t], np.where(valid, prior, 0), rtol=1e-4, atol=1e-5)
        s = np.where(valid, features[:, 16:], s)
        draws.append(((s - mean) / stddev)[valid[:, 0]])
        kl = (np.log(spread / stddev) + (stddev**2 + (mean - prior) ** 2) / (2 * spread**2) - 0.5).sum(-1)
        np.testing.assert_allclose(found["surprise"][valid[:, 0], t], kl[valid[:, 0]], rtol=1e-3, atol=1e-5)
        told = paper.dense("head", elu(paper.dense("decoder", features)))
        np.testing.assert_allclose(found["told"][:, t], told, rtol=1e-4, atol=1e-5)
    drawn = np.concatenate(draws)
    assert abs(drawn.mean()) < 4 / np.sqrt(drawn.size)
    assert abs(drawn.std() - 1) < 4 / np.sqrt(2 * drawn.size)
