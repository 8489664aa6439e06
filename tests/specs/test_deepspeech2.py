"""`specs/deepspeech2.rnn` against NumPy written from Amodei et al. 2015, a sequence at a time and place by place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import SPECS, plan_of
from tests.specs.data import deepspeech2

Array = np.ndarray
ROWS = slice(0, 4)
STRIDES = {"first": 2, "second": 1, "third": 1}
"""Over time; over frequency each is 2."""


def clipped(x: Array) -> Array:
    return np.minimum(np.maximum(x, 0), 20)


def convolved(x: Array, kernel: Array, strides: tuple[int, int]) -> Array:
    """x [time, bands, in] with kernel [2 a + 1, 2 b + 1, in, out], each window around its place."""
    a, b = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(x, [(a, a), (b, b), (0, 0)])
    times, bands = (range(0, size, stride) for size, stride in zip(x.shape, strides, strict=False))
    return np.array([[np.tensordot(padded[t : t + 2 * a + 1, f : f + 2 * b + 1], kernel, 3) for f in bands] for t in times])


class Paper:
    """In inference; each part by its own weights."""

    def __init__(self, variables: dict[str, Array]) -> None:
        self.w = {path: np.asarray(value, "f8") for path, value in variables.items()}

    def norm(self, path: str, x: Array) -> Array:
        gamma, beta, mean, variance = (self.w[f"{path}/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance"))
        return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta

    def front(self, x: Array) -> Array:
        x = x[:, :, None]
        for name, steps in STRIDES.items():
            x = clipped(self.norm(f"{name}/norm", convolved(x, self.w[f"{name}/kernel"], (steps, 2))))
        return x.reshape(len(x), -1)

    def direction(self, path: str, z: Array) -> Array:
        h, found = np.zeros(z.shape[-1]), []
        for each in z:
            h = clipped(each + h @ self.w[f"{path}/u"])
            found.append(h)
        return np.array(found)

    def letters(self, x: Array) -> Array:
        x = self.front(x)
        for k in range(2):
            path = f"recurrent_{k}"
            z = self.norm(f"{path}/norm", x @ self.w[f"{path}/w"])
            x = self.direction(f"{path}/forth", z) + self.direction(f"{path}/back", z[::-1])[::-1]
        x = clipped(self.norm("norm", x @ self.w["connected/kernel"]))
        logits = x @ self.w["head/kernel"] + self.w["head/bias"]
        return (
            logits - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True)) - logits.max(-1, keepdims=True)
        )


@pytest.fixture(scope="module")
def model() -> Model:
    """With gains, shifts and moments that are not those at the start."""
    made = Model(plan_of(SPECS / "deepspeech2.rnn"))
    random = np.random.default_rng(0)
    for path, value in made.variables.items():
        if path.rpartition("/")[2] in ("gamma", "beta", "moving_mean", "moving_variance"):
            made.variables[path] = (value + random.uniform(0, 0.5, value.shape)).astype(value.dtype)
    return made


def feeds() -> dict[str, Any]:
    """Some rows, with NaN behind their ends."""
    data: Any = {name: value[ROWS].copy() for name, value in deepspeech2().items()}
    times = np.arange(data["spectrogram"].shape[1])
    data["spectrogram"][times >= data["lengths"][:, None]] = np.nan
    return data


def test_letters_are_the_papers(model: Model) -> None:
    data, paper = feeds(), Paper(model.variables)
    found = model.call("predict", {name: data[name] for name in ("spectrogram", "lengths")})
    assert len({*data["lengths"]}) > 2
    for row, n in enumerate(data["lengths"]):
        expected = paper.letters(data["spectrogram"][row, :n].astype("f8"))
        assert found["frames"][row] == len(expected) == -(-n // 2)
        np.testing.assert_allclose(found["letters"][row, : len(expected)], expected, rtol=1e-4, atol=1e-4)


def test_moments_are_those_of_the_batch_and_its_sequences(model: Model) -> None:
    """In training: of all valid frames and all bands, by channel; what the moving ones become."""
    data, before = feeds(), dict(model.variables)
    model.call("step", data)
    rows = zip(data["spectrogram"], data["lengths"], strict=True)
    made = [convolved(x[:n, :, None].astype("f8"), before["first/kernel"], (2, 2)) for x, n in rows]
    every = np.concatenate([each.reshape(-1, each.shape[-1]) for each in made])
    for name, moments in (("moving_mean", every.mean(0)), ("moving_variance", every.var(0))):
        expected = 0.9 * before[f"first/norm/{name}"] + 0.1 * moments
        np.testing.assert_allclose(model.variables[f"first/norm/{name}"], expected, rtol=1e-4)


@pytest.mark.tf
@pytest.mark.slow
def test_it_learns_to_spell() -> None:
    from tests.compiling import module_of

    module, data = module_of(SPECS / "deepspeech2.rnn", 1), deepspeech2()
    for _ in range(240):
        module.signature_functions["step"](**data)
    found = module.signature_functions["predict"](**{name: data[name] for name in ("spectrogram", "lengths")})
    letters, frames = found["letters"].numpy(), found["frames"].numpy()
    spelt = [spelling(each[:n].argmax(-1)) for each, n in zip(letters, frames, strict=True)]
    meant = [list(each[:n]) for each, n in zip(data["text"], data["text_lengths"], strict=True)]
    assert sum(a == b for a, b in zip(spelt, meant, strict=True)) >= 22, "of 24"


def spelling(symbols: Array) -> list[int]:
    """What a path spells: repeats once, blanks not at all."""
    return [int(each) for t, each in enumerate(symbols) if each and (t == 0 or symbols[t - 1] != each)]
