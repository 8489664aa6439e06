"""What stands in the pictures of `rnndsl train --plot` and `rnndsl plot`, read from the figures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnndsl.plan.model import TensorType
from rnndsl.training import drawing
from rnndsl.training.drawing import Panel, draw_curves, draw_forecasts
from rnndsl.training.forecasts import Part, beside, panels

pytest.importorskip("matplotlib")

SERIES = TensorType("f32", ("batch", "time"), (2,))
POINT = TensorType("f64", ("batch",), (1,))


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are written from now on."""
    found: list[Any] = []
    written = drawing._write
    monkeypatch.setattr(drawing, "_write", lambda figure, path: (found.append(figure), written(figure, path)))
    return found


def lines(axes: Any) -> dict[str, list[float]]:
    return {line.get_label(): list(map(float, line.get_ydata())) for line in axes.get_lines()}


def test_each_result_has_a_panel_of_training_and_of_what_is_held_out(figures: list[Any], tmp_path: Path) -> None:
    falling = [1.0, 0.1, 0.001]
    history = [{"loss": x, "mse": x, "hits": 1 - x, "held_out/mse": 2 * x, "held_out/other": math.nan} for x in falling]
    draw_curves(tmp_path / "c.png", "m, step", history, best=2)
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    panels = {axes.get_title(): axes for axes in figures[0].axes}
    assert list(panels) == ["mse", "hits", "other"]  # the loss is the mse
    assert lines(panels["mse"]) == {"training": falling, "held out": [2 * x for x in falling], "epoch 2, kept": [0.0, 1.0]}
    assert list(panels["mse"].get_lines()[0].get_xdata()) == [1, 2, 3]
    assert [panels[name].get_yscale() for name in panels] == ["log", "linear", "linear"]
    assert set(lines(panels["other"])) == {"held out", "epoch 2, kept"}


def test_a_loss_of_several_terms_has_a_panel(figures: list[Any], tmp_path: Path) -> None:
    draw_curves(tmp_path / "c.svg", "m", [{"loss": 3.0, "a": 1.0, "b": 2.0}], best=1)
    assert [axes.get_title() for axes in figures[0].axes] == ["loss", "a", "b"]
    assert (tmp_path / "c.svg").read_text().startswith("<?xml")


def test_forecasts_tell_their_error(figures: list[Any], tmp_path: Path) -> None:
    panel = Panel("y", "time", 7, np.arange(4, 7), np.array([1.0, 2.0, 3.0]), {"p": np.array([1.0, 2.0, 6.0])})
    draw_forecasts(tmp_path / "f.pdf", "m", [panel])
    assert lines(figures[0].axes[0]) == {"truth": [1, 2, 3], "p, RMSE 1.73": [1, 2, 6]}
    assert list(figures[0].axes[0].get_lines()[1].get_xdata()) == [4, 5, 6]
    assert figures[0].axes[0].get_xlabel() == "time, row 7"
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")


def test_outputs_stand_beside_the_targets_of_their_type() -> None:
    outputs = {"p": SERIES, "q": POINT, "ids": TensorType("i32", ("batch",), ())}
    assert beside(outputs, {"x": SERIES}, {"y": POINT, "n": TensorType("i32", ("batch",), ())}) == {"y": ["q"]}
    assert beside(outputs, {"x": SERIES}, {"y": TensorType("f32", ("batch",), (2,))}) == {"x": ["p"]}


def test_a_series_is_drawn_along_time_and_lone_values_along_the_examples() -> None:
    truth = np.arange(2 * 3 * 2, dtype="f4").reshape(2, 3, 2)
    first, second = panels("y", SERIES, truth, {"p": -truth}, Part(row=0, last=None))
    assert (first.title, first.axis, first.row, second.title) == ("y[0]", "time", 0, "y[1]")
    np.testing.assert_array_equal(first.truth, [0, 2, 4])
    np.testing.assert_array_equal(second.forecasts["p"], [-1, -3, -5])
    [last] = panels("y", POINT, np.arange(5.0)[:, None], {}, Part(row=None, last=2))
    assert (last.title, last.axis, last.row, list(last.at), list(last.truth)) == ("y", "example", None, [3, 4], [3, 4])


def test_many_components_are_drawn_one_after_another() -> None:
    """A forecast of 24 steps that are a dim."""
    truth = np.arange(3.0 * 24).reshape(3, 24)
    [panel] = panels("y", TensorType("f64", ("batch",), (24,)), truth, {}, Part(row=None, last=None))
    assert (panel.axis, panel.row) == ("component", 2)
    np.testing.assert_array_equal(panel.truth, truth[2])


def test_an_axis_of_its_own_is_drawn_along() -> None:
    [panel] = panels("y", TensorType("f64", ("frame",), ()), np.arange(4.0), {}, Part(None, None))
    assert (panel.axis, list(panel.truth)) == ("frame", [0, 1, 2, 3])
