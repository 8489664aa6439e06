"""`benchmarks/ratios.py` runs, times only what agrees, and writes what it prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def ratios(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import ratios  # pyright: ignore[reportMissingImports]

    return ratios


def test_every_cell(
    ratios: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ratios.json"
    monkeypatch.setattr(sys, "argv", ["ratios.py", "--row", "5,4,3,2", "--seconds", "0", "--json", str(file)])
    ratios.main()
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    assert [(x["cell"], x["what"]) for x in rows] == [(cell, what) for cell in ratios.cells.CELLS for what in ("forward", "step")]
    assert all(x["rounds"] >= ratios.LEAST and min(x["ms"].values()) > 0.0 for x in rows)
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(rows)


def test_what_does_not_agree_is_not_timed(ratios: ModuleType) -> None:
    same = {("rnndsl", what): lambda: np.ones(3) for what in ("forward", "step")}
    ratios.check({**same, ("keras", "forward"): lambda: np.ones(3) + 1e-5})
    with pytest.raises(AssertionError, match="keras forward"):
        ratios.check({**same, ("keras", "forward"): lambda: np.ones(3) + 1e-3})
