"""`specs/wavernn.rnn` against NumPy written from Kalchbrenner et al. 2018, equation 2: what is heard, and what is said."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import SPECS, plan_of
from tests.specs.data import wavernn

Array = np.ndarray
UNITS, LEVELS, LONGER = 32, 16, 12
TEXT = (SPECS / "wavernn.rnn").read_text(encoding="utf-8").replace("f32", "f64")
# The likeliest parts in place of drawn ones; the speaker by a teacher, and as a plain scan.
GREEDY = (
    TEXT.replace("categorical(", "argmax(")
    .replace(
        "  output goes_on",
        """  before = shift(parts, 1, over = time)
  taught = scan(speaker, feed = itself, first = [0, 0], teacher = before, teach = 1.0)
  plain = scan(speaker, before)
  output coarse_taught = taught.coarse
  output fine_taught = taught.fine
  output coarse_plain = plain.coarse
  output fine_plain = plain.fine
  output coarse_heard = heard
  output fine_heard = heard.fine
  output loud = spoken
  output goes_on""",
    )
    .replace("(seed = 16)", "(seed = 16, dtype = f64, init = normal(stddev = 0.7))")
)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


class Paper:
    """Equation 2; the masked matrices as what they are: the coarse half has no weights for the coarse part of the sample."""

    def __init__(self, variables: dict[str, Array]) -> None:
        self.w = {path.removeprefix("net/"): value for path, value in variables.items()}

    def gate(self, name: str, past: Array, coarse: Array | None) -> Array:
        """Of the coarse half, and of the fine half where the coarse part is known."""
        half = slice(0, UNITS // 2) if coarse is None else slice(UNITS // 2, UNITS)
        parts = [past[:, 0], past[:, 1], *([] if coarse is None else [coarse])]
        x = np.stack([2 * each / (LEVELS - 1) - 1 for each in parts], -1)
        return x @ self.w[f"i{name}"][: len(parts), half]

    def half(self, h: Array, past: Array, coarse: Array | None) -> Array:
        own = slice(0, UNITS // 2) if coarse is None else slice(UNITS // 2, UNITS)
        u, r = (sigmoid(h @ self.w[f"r{name}"][:, own] + self.gate(name, past, coarse)) for name in "ur")
        e = np.tanh(r * (h @ self.w["re"][:, own]) + self.gate("e", past, coarse))
        return u * h[:, own] + (1 - u) * e

    def logits(self, name: str, y: Array) -> Array:
        for layer in ("hidden", "head"):
            y = y @ self.w[f"{name}_{layer}/kernel"] + self.w[f"{name}_{layer}/bias"]
            y = np.maximum(y, 0) if layer == "hidden" else y
        return y

    def heard(self, sound: Array) -> tuple[Array, Array, Array]:
        """Logits of both parts at each step, and the state at the end."""
        parts = np.stack([sound // LEVELS, sound % LEVELS], -1)
        h, past, coarse, fine = np.zeros((len(sound), UNITS)), np.zeros((len(sound), 2)), [], []
        for t in range(sound.shape[1]):
            halves = self.half(h, past, None), self.half(h, past, parts[:, t, 0])
            coarse.append(self.logits("coarse", halves[0]))
            fine.append(self.logits("fine", halves[1]))
            h, past = np.concatenate(halves, -1), parts[:, t]
        return np.stack(coarse, 1), np.stack(fine, 1), h

    def goes_on(self, h: Array, past: Array) -> Array:
        """The likeliest parts, each step from those before: [batch, LONGER, 2]."""
        found = []
        for _ in range(LONGER):
            first = self.half(h, past, None)
            coarse = self.logits("coarse", first).argmax(-1)
            second = self.half(h, past, coarse)
            h, past = np.concatenate([first, second], -1), np.stack([coarse, self.logits("fine", second).argmax(-1)], -1)
            found.append(past)
        return np.stack(found, 1)


@pytest.fixture(scope="module")
def heard() -> tuple[dict[str, Array], Paper]:
    model = Model(plan_of(GREEDY))
    return model.call("predict", dict(wavernn())), Paper(model.variables)


def test_what_is_heard_is_the_papers(heard: tuple[dict[str, Array], Paper]) -> None:
    found, paper = heard
    coarse, fine, _ = paper.heard(wavernn()["sound"])
    np.testing.assert_allclose(found["coarse_heard"], coarse, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["fine_heard"], fine, rtol=1e-10, atol=1e-12)


def test_a_sound_goes_on_by_its_own_samples(heard: tuple[dict[str, Array], Paper]) -> None:
    found, paper = heard
    sound = wavernn()["sound"]
    _, _, h = paper.heard(sound)
    expected = paper.goes_on(h, np.stack([sound[:, -1] // LEVELS, sound[:, -1] % LEVELS], -1))
    assert len(np.unique(expected)) > LEVELS // 2, "it says something"
    np.testing.assert_array_equal(found["loud"], expected)
    np.testing.assert_array_equal(found["goes_on"], expected[..., 0] * LEVELS + expected[..., 1])


def test_a_teacher_is_the_plain_scan(heard: tuple[dict[str, Array], Paper]) -> None:
    """To the bit; the coarse half hears nothing of what its own step says, so it is that of the listener."""
    found, _ = heard
    for name in ("coarse", "fine"):
        np.testing.assert_array_equal(found[f"{name}_taught"], found[f"{name}_plain"])
    sound = wavernn()["sound"]
    same = (found["coarse_plain"].argmax(-1) == sound // LEVELS).cumprod(1).astype(bool)
    before = np.concatenate([np.ones((len(same), 1), bool), same[:, :-1]], 1)
    np.testing.assert_array_equal(found["coarse_plain"][before], found["coarse_heard"][before])


def test_parts_are_drawn_by_their_chances() -> None:
    """The first coarse part of 4,000 like sounds: each level as often as the softmax says, within four standard deviations."""
    text = TEXT.replace(
        "  output goes_on", "  output first = spoken[0][sample = 0]\n  output told = spoken.coarse[sample = 0]\n  output goes_on"
    )
    model = Model(plan_of(text, longer=1))
    sound = np.repeat(wavernn()["sound"][:1, :3], 4000, 0)
    found = model.call("predict", {"sound": sound})
    chances = np.exp(found["told"][0]) / np.exp(found["told"][0]).sum()
    counts = np.bincount(found["first"], minlength=LEVELS) / 4000
    np.testing.assert_array_less(np.abs(counts - chances), 4 * np.sqrt(chances * (1 - chances) / 4000) + 1e-12)


def test_masked_weights_are_not_trained() -> None:
    model = Model(plan_of(TEXT))
    found = model.pure("gradients", model.variables, dict(wavernn()))["gradients"]
    for name in ("net/iu", "net/ir", "net/ie"):
        assert not found[name][2, : UNITS // 2].any()
        assert found[name][2, UNITS // 2 :].all() and found[name][:2].all()
