"""What is said of pictures that cannot be drawn."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnndsl.arrays.values import DataError
from rnndsl.plan.model import TensorType
from rnndsl.text.faults import pictures
from rnndsl.training.drawing import check_picture
from rnndsl.training.forecasts import Part, beside, panels
from tests.faults.provoking import Cases, every, provoke

SERIES = TensorType("f32", ("batch", "time"), (1,))


def without_matplotlib() -> None:
    def lacking(name: str) -> None:
        raise ImportError(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib, "import_module", lacking)
        check_picture(Path("c.png"), [])


PICTURES: Cases = {
    "no_matplotlib": (without_matplotlib, "drawing needs the package `matplotlib`; pip install 'rnndsl[plot]'"),
    "nothing_beside": (
        lambda: beside({"p": SERIES, "q": SERIES}, {}, {"y": TensorType("i32", ("batch",), ())}),
        "no target has the type of an output, so there is nothing to draw it beside: "
        "the outputs are p: f32[batch, time, 1], q: f32[batch, time, 1]",
    ),
    "no_row": (
        lambda: list(panels("y", SERIES, np.zeros((2, 3, 1)), {}, Part(row=2, last=None))),
        "there is no row 2: the data have 2 rows, the first of which is 0",
    ),
}


@pytest.fixture
def saying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], str]:
    monkeypatch.chdir(tmp_path)

    def say(act: Callable[[], object]) -> str:
        with pytest.raises(DataError) as error:
            act()
        return str(error.value)

    return say


@every(pictures, PICTURES)
def test_what_is_said(name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    provoke(pictures, PICTURES, name, saying)
