"""Pictures: the curves of a run, and forecasts beside the truth. Needs matplotlib, an extra of the package."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.arrays.files import check_output
from rnndsl.arrays.values import Array, DataError
from rnndsl.records import Immutable, record
from rnndsl.regular import replacing
from rnndsl.text.faults import files
from rnndsl.text.faults import pictures as faults
from rnndsl.training.watch import HELD_OUT

PICTURES = (".png", ".svg", ".pdf")
COLUMNS = 3
"""Panels beside each other."""
WIDE = 100.0
"""From this ratio of the largest to the smallest value on, a curve is drawn on a logarithmic scale."""
_BLUE, _RED = "tab:blue", "tab:red"
_LINES = (_RED, "tab:green", "tab:purple", "tab:brown")


@record
class Panel(Immutable):
    """What is forecast of a series, that of one `row`: `truth` [n] and `forecasts` [n] by name, at places `at` [n] along `axis`."""

    title: str
    axis: str
    row: int | None
    at: Array
    truth: Array
    forecasts: Mapping[str, Array]


def check_picture(path: Path, inputs: Sequence[Path]) -> None:
    """Check, before any work is done, that a picture can be drawn and written to `path`. Raises DataError."""
    check_output(path, inputs, PICTURES)
    _figure(1, 1)


def draw_curves(path: Path, title: str, history: Sequence[Mapping[str, float]], best: int) -> None:
    """The results of the epochs, a panel for each: of training, of what is held out, and where the `best` epoch is.

    `loss` has none if it is the same as another result. Raises DataError if the file cannot be written.
    """
    names = _shown(history)
    columns = min(len(names), COLUMNS)
    figure = _figure(5.0 * columns, 3.5 * math.ceil(len(names) / columns))
    figure.suptitle(title)
    epochs = np.arange(1, len(history) + 1)
    for at, name in enumerate(names):
        axes = figure.add_subplot(math.ceil(len(names) / columns), columns, at + 1)
        curves = {"training": (name, _BLUE), "held out": (HELD_OUT + name, _RED)}
        curves = {label: (_curve(history, of), colour) for label, (of, colour) in curves.items() if of in history[0]}
        for label, (values, colour) in curves.items():
            axes.plot(epochs, values, color=colour, label=label, marker="." if len(history) < 30 else "")
        axes.axvline(best, color="tab:gray", linestyle=":", label=f"epoch {best}, kept")
        axes.set(xlabel="epoch", title=name, yscale=_scale([values for values, _ in curves.values()]))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    _write(figure, path)


def draw_forecasts(path: Path, title: str, panels: Sequence[Panel]) -> None:
    """Each panel below the one before. Raises DataError if the file cannot be written."""
    figure = _figure(10.0, 3.5 * len(panels))
    figure.suptitle(title)
    for at, panel in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, at + 1)
        mark = "." if len(panel.at) < 100 else ""
        axes.plot(panel.at, panel.truth, color="black", label="truth", marker=mark)
        for name, values, colour in zip(panel.forecasts, panel.forecasts.values(), _LINES * len(panel.forecasts), strict=False):
            error = float(np.sqrt(np.mean(np.square(values - panel.truth))))
            axes.plot(panel.at, values, color=colour, label=f"{name}, RMSE {error:.3g}", marker=mark)
        axes.set(xlabel=panel.axis if panel.row is None else f"{panel.axis}, row {panel.row}", title=panel.title)
        axes.legend()
    _write(figure, path)


def _shown(history: Sequence[Mapping[str, float]]) -> list[str]:
    """The results that have a panel, in order."""
    found = list(dict.fromkeys(name.removeprefix(HELD_OUT) for name in history[0]))
    loss = _curve(history, "loss")
    doubled = any(np.array_equal(_curve(history, name), loss, equal_nan=True) for name in found[1:] if name in history[0])
    return [name for name in found if not (doubled and name == "loss")]


def _curve(history: Sequence[Mapping[str, float]], name: str) -> Array:
    return np.array([results[name] for results in history])


def _scale(curves: Sequence[Array]) -> str:
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    wide = values.size and values.min() > 0 and values.max() / values.min() >= WIDE
    return "log" if wide else "linear"


def _figure(width: float, height: float) -> Any:
    """An empty figure of this size in inches. Raises DataError without matplotlib."""
    try:
        return importlib.import_module("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    except ImportError:
        raise DataError(faults.no_matplotlib()) from None


def _write(figure: Any, path: Path) -> None:
    try:
        with replacing(path) as file:
            figure.savefig(file, dpi=120, format=path.suffix[1:])
    except OSError as error:
        raise DataError(files.unwritable(path, error)) from None
