"""Helpers of the tests: from a `.rnn` file or text to a plan, and to a compiled module."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import rnndsl
from rnndsl.derive.functions import with_functions
from rnndsl.driver import Job
from rnndsl.elaborate import elaborate
from rnndsl.meaning.verifier import verify
from rnndsl.passes import run_passes
from rnndsl.plan.model import Initializer, Plan
from rnndsl.records import replace
from rnndsl.weights.loading import Pretrained
from tests.plan.whole import through_passes

SPECS = Path(__file__).parent.parent / "specs"


def plan_of(source: Path | str, level: int = 0, model: str | None = None, **settings: object) -> Plan:
    """The verified plan of a spec, a path or its text, with its functions after the passes of `level`; so is its graph, which can
    then be interpreted in both modes. Raises DiagnosticsError."""
    if isinstance(source, Path):
        return _plan(source, level, model, settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.rnn"
        path.write_text(source if source.startswith("rnn 1") else f"rnn 1\n{source}", encoding="utf-8")
        return _plan(path, level, model, settings)


def _plan(path: Path, level: int, model: str | None, settings: dict[str, object]) -> Plan:
    job = Job(path)
    module = job.resolve()
    name = model or module.models()[0].name.name
    plan = elaborate(module, name, settings, job.sink)
    job.sink.raise_if_failed()
    assert plan is not None
    plan = _with_values(plan, job.pretrained(plan)) if plan.loads else plan
    plan = through_passes(run_passes(with_functions(plan), level), level)
    verify(plan)
    return plan


def _with_values(plan: Plan, pretrained: Pretrained) -> Plan:
    """`plan` with what it loads as initialisers, so that nothing else is needed to run it."""
    recipes = {path: Initializer("values", {"value": value.tolist()}) for path, value in pretrained.values.items()}
    return replace(plan, variables=tuple(replace(v, initializer=recipes.get(v.path, v.initializer)) for v in plan.variables))


def module_of(source: Path | str, level: int = 0, model: str | None = None, **settings: object) -> Any:
    """The compiled module of a spec. Imports TensorFlow."""
    from rnndsl.backends.tensorflow.module import build

    return build(plan_of(source, level, model, **settings))


def artefact(folder: Path, text: str, **options: Any) -> Any:
    """The artefact of a spec, compiled with these options of `rnndsl.compile` and loaded. Imports TensorFlow."""
    (folder / "spec.rnn").write_text(text if text.startswith("rnn 1") else f"rnn 1\n{text}", encoding="utf-8")
    return rnndsl.load(rnndsl.compile(folder / "spec.rnn", folder / "out", **options))


def takes(plan: Plan, name: str) -> list[str]:
    """The names of the inputs of a function."""
    return [x.name for x in plan.function(name).inputs]


def gives(plan: Plan, name: str) -> list[str]:
    """The names of the results of a function."""
    return [x.name for x in plan.function(name).outputs]
