"""StableHLO beside the SavedModel: a module for each function of variables and data, and what their arguments and results are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rnndsl.backends.stablehlo.frame import Absent
from rnndsl.backends.stablehlo.lower import Module, Port, axes_of, lower
from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.function import Function
from rnndsl.plan.model import Plan
from rnndsl.text.fault import CallError
from rnndsl.text.faults import calls as faults

FOLDER = "stablehlo"
INDEX = "functions.json"
_OF_VALUES = ("initialize", "reset", "reset_states")
"""Kinds of functions that give variables their initial values, and compute nothing."""


def check_sizes(plan: Plan, sizes: Mapping[str, int]) -> None:
    """Raises CallError if `sizes` lacks an axis that modules of `plan` must be told, has another, or a size below 1."""
    axes = list(dict.fromkeys(axis for function in _functions(plan) for axis in axes_of(function)))
    for axis, size in sizes.items():
        if axis not in axes:
            raise CallError(faults.no_axis(axis, axes))
        if size < 1:
            raise CallError(faults.no_size(axis, size))
    lacking = [axis for axis in axes if axis not in sizes]
    if lacking:
        raise CallError(faults.lacks_sizes(lacking))


def lowered(plan: Plan, sizes: Mapping[str, int]) -> tuple[dict[str, Module], dict[str, Absent]]:
    """The modules of `plan` by the names of their functions, and why a function has none."""
    modules, absent = dict[str, Module](), dict[str, Absent]()
    for function in _functions(plan):
        try:
            modules[function.name] = lower(plan, function, sizes)
        except Absent as reason:
            absent[function.name] = reason
    return modules, absent


def files_of(modules: Mapping[str, Module], absent: Mapping[str, Absent], sizes: Mapping[str, int]) -> dict[str, str]:
    """What the folder holds: texts by the names of files."""
    index = {
        "sizes": dict(sizes),
        "functions": {name: _told(name, module) for name, module in modules.items()},
        "absent": {name: {"operation": reason.what, "place": reason.place} for name, reason in absent.items()},
    }
    texts = {_file(name): module.text for name, module in modules.items()}
    return {**texts, INDEX: json.dumps(index, indent=2, sort_keys=True, ensure_ascii=False) + "\n"}


def write_modules(plan: Plan, folder: Path, sizes: Mapping[str, int]) -> None:
    """Write the modules of `plan` and their index to `folder`/stablehlo. Raises OSError."""
    target = folder / FOLDER
    target.mkdir()
    for name, text in files_of(*lowered(plan, sizes), sizes).items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")


def absent_in(folder: Path) -> dict[str, dict[str, str]]:
    """The functions that have no module in the artefact in `folder`, with the `operation` and `place` that say why."""
    return json.loads((folder / FOLDER / INDEX).read_text(encoding="utf-8"))["absent"]


def _functions(plan: Plan) -> list[Function]:
    return [function for function in plan.functions if function.kind not in _OF_VALUES and not function.replicated]


def _file(name: str) -> str:
    return f"{name.replace('/', '_')}.mlir"


def _told(name: str, module: Module) -> dict[str, Any]:
    return {"file": _file(name), "arguments": _ports(module.arguments), "results": _ports(module.results)}


def _ports(ports: Iterable[Port]) -> list[dict[str, Any]]:
    return [
        {x.kind: x.name, "dtype": numpy_dtype(x.dtype).name, "shape": list(x.shape), **({"group": x.group} if x.group else {})}
        for x in ports
    ]
