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
    compiler = [sys.executable, "-m", "rnndsl.cli.main"]
    subprocess.run([*compiler, "compile", "specs/sunspots.rnn", "-o", str(artefact)], cwd=ROOT, check=True)
    example = [sys.executable, "docs/examples/sunspots.py", str(artefact)]
    done = subprocess.run(example, cwd=ROOT, check=True, capture_output=True, text=True)
    found = re.search(r"forecast ([\d.]+), persistence ([\d.]+) sunspots", done.stdout)
    assert found is not None
    forecast, persistence = map(float, found.groups())
    assert persistence == pytest.approx(30.3, abs=0.05)
    assert forecast < 20.0
    assert done.stderr == ""
    assert (tmp_path / "sunspots.png").stat().st_size > 10_000
