"""Pictures of runs and forecasts: what is missing to draw them."""

from __future__ import annotations

from collections.abc import Mapping

from rnndsl.text.fault import Fault
from rnndsl.text.wording import counted


def no_matplotlib() -> Fault:
    return Fault("drawing needs the package `matplotlib`", "pip install 'rnndsl[plot]'")


def nothing_beside(outputs: Mapping[str, object]) -> Fault:
    """`outputs`: their types by name."""
    listed = ", ".join(f"{name}: {type}" for name, type in outputs.items())
    return Fault(f"no target has the type of an output, so there is nothing to draw it beside: the outputs are {listed}")


def no_row(row: int, rows: int) -> Fault:
    return Fault(f"there is no row {row}: the data have {counted(rows, 'row')}, the first of which is 0")
