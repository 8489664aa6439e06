"""The main job on real data: the compiled forecaster beats persistence on years that it has not seen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

ROOT = Path(__file__).parents[1]


def test_the_forecast_beats_persistence(tmp_path: Path) -> None:
    artefact = tmp_path / "sunspots"
    words = "specs/sunspots.rnn specs/data/sunspots.csv --columns x=sunspots --columns y=sunspots --window 24 --horizon 1"
    trainer = [sys.executable, "-m", "rnndsl.cli.main", "train", *words.split(), "--hold-out", "50", "--epochs", "200"]
    done = subprocess.run([*trainer, "-o", str(artefact)], cwd=ROOT, check=True, capture_output=True, text=True)
    held_out = re.search(r"epoch \d+ of 200, .* held_out/rmse ([\d.]+)", done.stdout)
    assert held_out is not None
    example = [sys.executable, "docs/examples/sunspots.py", str(artefact)]
    done = subprocess.run(example, cwd=ROOT, check=True, capture_output=True, text=True)
    found = re.search(r"forecast ([\d.]+), persistence ([\d.]+) sunspots", done.stdout)
    assert found is not None
    forecast, persistence = map(float, found.groups())
    assert persistence == pytest.approx(30.3, abs=0.05)
    assert forecast < 20.0
    assert float(held_out[1]) == pytest.approx(forecast, abs=0.06)
    assert done.stderr == ""
    assert (tmp_path / "sunspots.png").stat().st_size > 10_000
