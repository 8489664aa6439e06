"""Data for the models of specs/: real where a file is shipped, made otherwise."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

import numpy as np

from tests.compiling import SPECS

Arrays = Mapping[str, np.ndarray]


def sunspots() -> Arrays:
    """Windows of 11 years, and the year after. Yearly numbers since 1700."""
    rows = np.loadtxt(SPECS / "data" / "sunspots.csv", delimiter=",", skiprows=1)
    series = rows[:, 1].astype(np.float32)
    windows = np.stack([series[i : i + 11] for i in range(len(series) - 11)])
    return {"x": windows[:200, :, None], "y": series[11:211, None]}


def digits() -> Arrays:
    """200 handwritten digits as 8 rows of 8 grey values from 0 to 1."""
    with gzip.open(SPECS / "data" / "digits.csv.gz", "rt") as file:
        rows = np.loadtxt(file, delimiter=",", max_rows=200)
    return {"image": (rows[:, :64].reshape(-1, 8, 8) / 16).astype(np.float32), "label": rows[:, 64].astype(np.int32)}


def characters() -> Arrays:
    """Lines of sonnets as ids below 64, padded to the longest."""
    text = (SPECS / "data" / "sonnets.txt").read_text(encoding="utf-8")
    known = {c: i for i, c in enumerate(sorted(set(text)))}
    lines = [line for line in text.splitlines() if len(line) > 20][:16]
    longest = max(map(len, lines))
    ids = np.zeros((len(lines), longest), np.int32)
    for row, line in zip(ids, lines, strict=True):
        row[: len(line)] = [known[c] % 64 for c in line]
    lengths = np.array([len(line) - 1 for line in lines], np.int32)
    return {"text": ids[:, :-1], "next": ids[:, 1:], "lengths": lengths}


def stacked_gru() -> Arrays:
    """Noise around one of four means; the last steps of some sequences are not valid."""
    random = np.random.default_rng(0)
    label = random.integers(0, 4, 32)
    x = random.normal(size=(32, 6, 6)) * 0.3 + np.eye(6)[label][:, None, :]
    valid = np.arange(6)[None, :] < random.integers(3, 7, 32)[:, None]
    return {"x": x.astype(np.float32), "valid": valid, "label": label.astype(np.int32)}


def twin() -> Arrays:
    """Pairs of walks: the same one with noise, or two."""
    random = np.random.default_rng(1)
    left, other = random.normal(size=(2, 32, 6, 5)).cumsum(2)
    same = random.integers(0, 2, 32).astype(np.float32)
    right = np.where(same[:, None, None] > 0, left + 0.05 * random.normal(size=left.shape), other)
    return {"left": left.astype(np.float32), "right": right.astype(np.float32), "same": same}


def fine_tuner() -> Arrays:
    random = np.random.default_rng(2)
    x = random.normal(size=(24, 5, 3)).astype(np.float32)
    return {"x": x, "y": x.mean((1, 2))[:, None]}


def long_memory() -> Arrays:
    """A piece of two waves and the step after it."""
    t = np.arange(25)[None, :] + np.arange(8)[:, None] * 3
    wave = (np.sin(t / 3) + 0.5 * np.sin(t / 7)).astype(np.float32)[:, :, None]
    return {"signal": wave[:, :-1], "next": wave[:, 1:]}


def attention_decoder() -> Arrays:
    """Words and the same words backwards; 1 is the end, and 0 fills up the rest."""
    random = np.random.default_rng(4)
    lengths = random.integers(2, 7, 64).astype(np.int32)
    source, translation = np.zeros((64, 6), np.int32), np.zeros((64, 7), np.int32)
    for row, backwards, n in zip(source, translation, lengths, strict=True):
        row[:n] = random.integers(2, 12, n)
        backwards[: n + 1] = [*row[:n][::-1], 1]
    return {"source": source, "source_length": lengths, "translation": translation}


def forecast() -> Arrays:
    """A damped system that two noises drive."""
    random = np.random.default_rng(5)
    drive = random.normal(size=(24, 30, 2))
    value = np.zeros((24, 32))
    for t in range(30):
        push = np.tanh(drive[:, t, 0]) + 0.5 * drive[:, t, 1]
        value[:, t + 2] = 0.9 * value[:, t + 1] - 0.4 * value[:, t] + push
    return {"drive": drive.astype(np.float32), "value": value[:, 2:, None].astype(np.float32)}


def captions() -> Arrays:
    """Images of one bright quarter, and where it is in two words: top 2 or bottom 3, left 4 or right 5, and the end."""
    random = np.random.default_rng(6)
    low, right = random.integers(0, 2, (2, 32))
    image = random.uniform(0, 0.2, (32, 8, 8, 1))
    for each, i, j in zip(image, low, right, strict=True):
        each[4 * i : 4 * i + 4, 4 * j : 4 * j + 4] += 0.8
    return {"image": image.astype(np.float32), "caption": np.stack([2 + low, 4 + right, np.ones_like(low)], 1).astype(np.int32)}


def adsorption() -> Arrays:
    """Misra's measurements (NIST, Misra1a)."""
    problems = json.loads((SPECS.parent / "tests/golden/nist_strd.json").read_text(encoding="utf-8"))["problems"]
    found = next(x for x in problems if x["name"] == "Misra1a")
    return {"volume": np.array(found["predictors"]["x"]), "held": np.array(found["y"])}


def answered(u: np.ndarray) -> np.ndarray:
    """What the plant gives, at rest before (Narendra & Parthasarathy 1990, example 4)."""
    y = np.zeros(len(u) + 1)
    for k in range(2, len(u)):
        product = y[k] * y[k - 1] * y[k - 2] * u[k - 1] * (y[k - 2] - 1)
        y[k + 1] = (product + u[k]) / (1 + y[k - 1] ** 2 + y[k - 2] ** 2)
    return y[:-1]


def plant(steps: int = 1000) -> Arrays:
    """Inputs at random, each held for up to 11 steps."""
    random = np.random.default_rng(0)
    u = np.repeat(random.uniform(-1, 1, steps), random.integers(1, 12, steps))[:steps]
    return {"u": u[None, :, None], "y": answered(u)[None, :, None]}


def warm_start() -> Arrays:
    """Windows of 24 years, and the fifth year after each."""
    rows = np.loadtxt(SPECS / "data" / "sunspots.csv", delimiter=",", skiprows=1)
    series = rows[:, 1].astype(np.float32)
    windows = np.stack([series[i : i + 24] for i in range(200)])
    return {"x": windows[..., None], "y": series[28:228, None]}


def planet() -> Arrays:
    """Pendulums, pushed at random: the cosine and sine of the angle, and the speed. Some sequences are shorter."""
    random = np.random.default_rng(14)
    rows, times = 48, 10
    action = random.normal(size=(rows, times, 1))
    angle, speed = random.uniform(-2, 2, rows), np.zeros(rows)
    seen = np.zeros([rows, times, 3])
    for t in range(times):
        speed = 0.95 * speed + 0.3 * action[:, t, 0] - 0.3 * np.sin(angle)
        angle = angle + 0.3 * speed
        seen[:, t] = np.stack([np.cos(angle), np.sin(angle), speed], -1)
    lengths = np.where(np.arange(rows) % 4 == 0, 6, times).astype(np.int32)
    return {"observation": seen.astype(np.float32), "action": action.astype(np.float32), "lengths": lengths}


def deepspeech2() -> Arrays:
    """One to three sounds after another, each loud in bands of its own for eight or nine steps, in noise."""
    random = np.random.default_rng(15)
    rows, longest = 24, 27
    counts = random.integers(1, 4, rows).astype(np.int32)
    text = random.integers(1, 6, (rows, 3)).astype(np.int32)
    lengths = np.zeros(rows, np.int32)
    spectrogram = 0.2 * random.normal(size=(rows, longest, 24))
    for row, count in enumerate(counts):
        for symbol in text[row, :count]:
            steps = random.integers(8, 10)
            spectrogram[row, lengths[row] : lengths[row] + steps, 4 * symbol : 4 * symbol + 4] += 1
            lengths[row] += steps
    return {"spectrogram": spectrogram.astype(np.float32), "lengths": lengths, "text": text, "text_lengths": counts}


def wavernn() -> Arrays:
    """Tones of several pitches with a little noise, in 256 levels."""
    random = np.random.default_rng(16)
    times, rows = np.arange(24), np.arange(16)[:, None]
    tone = np.sin(times * (0.3 + 0.03 * rows) + random.uniform(0, 6, (16, 1))) + 0.02 * random.normal(size=(16, 24))
    return {"sound": np.clip(128 + 100 * tone, 0, 255).astype(np.int32)}


_ALL = (
    sunspots, digits, characters, stacked_gru, twin, fine_tuner, long_memory, attention_decoder, forecast, captions, adsorption,
    plant, warm_start, planet, deepspeech2, wavernn,
)  # fmt: skip
ALL = {each.__name__: each for each in _ALL}
