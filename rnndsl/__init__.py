"""rnndsl: a language for recurrent networks, compiled to TensorFlow graphs.

`compile` turns a spec into an artefact, `load` opens an artefact. Importing this package imports neither TensorFlow nor NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnndsl.api import Loaded, compile, load
    from rnndsl.elaborate import SettingError
    from rnndsl.text.diagnostics import Diagnostic, DiagnosticsError

__version__ = "0.1.0"
__all__ = ["Diagnostic", "DiagnosticsError", "Loaded", "SettingError", "__version__", "compile", "load"]

_HOMES = {
    "Diagnostic": "rnndsl.text.diagnostics",
    "DiagnosticsError": "rnndsl.text.diagnostics",
    "Loaded": "rnndsl.api",
    "SettingError": "rnndsl.elaborate",
    "compile": "rnndsl.api",
    "load": "rnndsl.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rnndsl' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
