"""Train the compiled forecaster of sunspot numbers and show what it says about years that it has not seen.

    rnndsl compile specs/sunspots.rnn -o build/sunspots
    python docs/examples/sunspots.py build/sunspots

A year is forecast from the 24 before it. Sunspot numbers are counts whose spread grows with their size, so the model sees
square roots. It is trained on the years to 1958 and forecasts 1959 to 2008, each from the true numbers before it. Persistence,
which says that next year will be as this one was, is what it has to beat.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import rnndsl

DATA = Path(__file__).parents[2] / "specs" / "data" / "sunspots.csv"
WINDOW = 24
HELD_BACK = 50
STEPS = 200


def scale(numbers: np.ndarray) -> np.ndarray:
    return np.sqrt(numbers) / 5.0 - 1.25


def unscale(values: np.ndarray) -> np.ndarray:
    return np.square(np.maximum(values + 1.25, 0.0) * 5.0)


def windows(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All windows, x [count, WINDOW, 1], and the year after each, y [count, 1], scaled."""
    scaled = scale(numbers).astype(np.float32)
    x = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW)[:-1]
    return x[..., None].copy(), scaled[WINDOW:, None]


def rmse(forecast: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(forecast - truth))))


def train(model: rnndsl.Loaded, x: np.ndarray, y: np.ndarray, steps: int) -> None:
    begin = time.perf_counter()
    for step in range(1, steps + 1):
        result = model.train("step", x=x, y=y)
        if step in (1, 10) or step % 100 == 0:
            print(f"step {step:4d}  mse {result['mse']:.4f}  mae {result['mae']:.4f}  {time.perf_counter() - begin:5.1f} s")


def show(years: np.ndarray, truth: np.ndarray, forecast: np.ndarray, persistence: np.ndarray) -> None:
    print("\nyear   truth  forecast  persistence")
    for row in zip(years[-12:], truth[-12:], forecast[-12:], persistence[-12:], strict=True):
        print("{:.0f} {:7.1f} {:9.1f} {:12.1f}".format(*row))
    ours, theirs = rmse(forecast, truth), rmse(persistence, truth)
    print(f"\nroot mean square error, {years[0]:.0f} to {years[-1]:.0f}: forecast {ours:.1f}, persistence {theirs:.1f} sunspots")
    print(f"the forecast's error is {100 * (1 - ours / theirs):.0f} % lower" if ours < theirs else "persistence is better")


def plot(path: Path, years: np.ndarray, numbers: np.ndarray, forecast: np.ndarray, persistence: np.ndarray) -> None:
    try:
        import matplotlib as mpl
    except ImportError:
        print("no plot: matplotlib is not installed (pip install 'rnndsl[plot]')")
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(10, 4), layout="constrained")
    held = years[-HELD_BACK:]
    axes.plot(years[-2 * HELD_BACK :], numbers[-2 * HELD_BACK :], color="black", label="truth")
    axes.plot(held, forecast, color="tab:red", marker=".", label=f"forecast, RMSE {rmse(forecast, numbers[-HELD_BACK:]):.1f}")
    axes.plot(
        held, persistence, color="tab:gray", linestyle=":", label=f"persistence, RMSE {rmse(persistence, numbers[-HELD_BACK:]):.1f}"
    )
    axes.axvspan(held[0] - 0.5, held[-1] + 0.5, color="tab:blue", alpha=0.07)
    axes.set(xlabel="year", ylabel="sunspot number (yearly mean)", title="Sunspots, one year ahead (shaded: held back)")
    axes.legend()
    figure.savefig(path, dpi=120)
    print(f"plot: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the sunspot forecaster and show its forecast.")
    parser.add_argument("artefact", type=Path, nargs="?", default=Path("build/sunspots"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--plot", type=Path, help="the picture's file; ARTEFACT.png if not given")
    arguments = parser.parse_args()

    years, numbers = np.loadtxt(DATA, delimiter=",", skiprows=1, unpack=True)
    x, y = windows(numbers)
    model = rnndsl.load(arguments.artefact)
    print(f"{len(x) - HELD_BACK} windows of {WINDOW} years to train on, {HELD_BACK} years held back")
    train(model, x[:-HELD_BACK], y[:-HELD_BACK], arguments.steps)

    forecast = unscale(model.predict(x=x[-HELD_BACK:])["prediction"][:, 0])
    persistence = numbers[-HELD_BACK - 1 : -1]
    show(years[-HELD_BACK:], numbers[-HELD_BACK:], forecast, persistence)
    plot(arguments.plot or arguments.artefact.with_suffix(".png"), years, numbers, forecast, persistence)


if __name__ == "__main__":
    main()
