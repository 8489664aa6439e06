"""Every kind of diagnostic, declared once, by range of numbers.

00 text, 01 names and imports, 02 types and shapes, 03 variables, initialisers and selectors, 04 state and time, 05 training,
collections, updates, 06 weights, 07 files and artefacts, 09 limits. Each has a page in docs/codes with a failing
and a corrected example.
"""

from __future__ import annotations

import importlib

from rnndsl.text.diagnostics import Code

RANGES = (
    *("text", "names", "arguments", "kinds", "places", "types", "indices", "variables", "time", "scans", "loops", "training"),
    *("weights", "artefact", "files", "limits", "sizes"),
)
"""The modules that declare codes."""


def all_codes() -> dict[str, Code]:
    """Every declared code by its number."""
    modules = (importlib.import_module(f"rnndsl.text.codes.{name}") for name in RANGES)
    codes = (value for module in modules for value in vars(module).values() if isinstance(value, Code))
    return {code.number: code for code in codes}
