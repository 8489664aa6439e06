"""Show what the trained forecaster of sunspot numbers says about years that it has not seen.

    rnndsl train specs/sunspots.rnn specs/data/sunspots.csv --columns x=sunspots --columns y=sunspots \\
        --window 24 --horizon 1 --hold-out 50 --epochs 200 -o build/sunspots
    python docs/examples/sunspots.py build/sunspots

A year is forecast from the 24 before it. The model is trained on the years to 1958 and forecasts 1959 to 2008, each from the true
numbers before it. Persistence, which says that next year will be as this one was, is what it has to beat.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import rnndsl

DATA = Path(__file__).parents[2] / "specs" / "data" / "sunspots.csv"
WINDOW = 24
HELD_BACK = 50


def rmse(forecast: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(forecast - truth))))


def show(years: np.ndarray, truth: np.ndarray, forecast: np.ndarray, persistence: np.ndarray) -> None:
    print("year   truth  forecast  persistence")
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
    parser = argparse.ArgumentParser(description="Show what the trained forecaster of sunspots says.")
    parser.add_argument("artefact", type=Path, nargs="?", default=Path("build/sunspots"))
    parser.add_argument("--plot", type=Path, help="the picture's file; ARTEFACT.png if not given")
    arguments = parser.parse_args()

    years, numbers = np.loadtxt(DATA, delimiter=",", skiprows=1, unpack=True)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, WINDOW)[-HELD_BACK - 1 : -1]
    forecast = rnndsl.load(arguments.artefact).predict(x=windows[..., None])["prediction"][:, 0]
    persistence = numbers[-HELD_BACK - 1 : -1]
    show(years[-HELD_BACK:], numbers[-HELD_BACK:], forecast, persistence)
    plot(arguments.plot or arguments.artefact.with_suffix(".png"), years, numbers, forecast, persistence)


if __name__ == "__main__":
    main()
