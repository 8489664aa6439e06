"""The model that holds one cell for all checks of the suite, its plans, and numbers for it.

The cell is scanned plainly over its inputs, `run`, and with lengths and a mask over inputs of its own, `part`; a second layer
of it stands in a frozen scope. One build serves every check.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from rnndsl.language.initializers import initial_value
from rnndsl.language.ops.meaning.align import DTYPES as NUMPY
from rnndsl.passes import run_passes
from rnndsl.plan.model import Plan, Scan, ScanState
from rnndsl.text.diagnostics import DiagnosticsError
from tests.compiling import plan_of
from tests.conformance.discovery import Case, CellInput
from tests.plan.whole import through_passes

Array = np.ndarray
SIZES = {"batch": 3, "time": 5, "src": 4}
DEFAULT_LEVEL = 2
FREE_DIMS = (2, 3)
"""What a dim that the cell leaves free is: 2, and 3, as many as units, for a cell that adds its input to its output."""

LENGTHS = np.array([5, 2, 0], np.int32)
MASK = np.array([[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1]], bool)
VALID = MASK & (np.arange(SIZES["time"]) < LENGTHS[:, None])
"""Row 0 has gaps, row 1 ends early, row 2 is empty."""


@dataclass
class Subject:
    """`plan` is the reference, of level 0; `optimised` what the compiler makes by default."""

    case: Case
    inputs: list[CellInput]
    plan: Plan

    @cached_property
    def optimised(self) -> Plan:
        return through_passes(run_passes(self.plan, DEFAULT_LEVEL), DEFAULT_LEVEL)

    @property
    def states(self) -> list[ScanState]:
        return list(scan_of(self.plan, "run").states)

    @property
    def finals(self) -> list[str]:
        return [s.name for s in self.states if "[" not in s.name]

    @cached_property
    def values(self) -> dict[str, Array]:
        """Variables by path: as they start, and noise on what is trained. The frozen copy has its own."""
        rng = np.random.default_rng(1)
        made: dict[str, Array] = {}
        for v in self.plan.variables:
            last = v.path.rpartition("/")[2]
            value = np.asarray(initial_value(v, self.plan.seed))
            if last in self.case.special.ranges:
                value = rng.uniform(*self.case.special.ranges[last], v.shape)
            elif v.kind == "param":
                value = value + 0.4 * rng.normal(size=v.shape)
            made[v.path] = value.astype(NUMPY[v.dtype])
        return made

    @cached_property
    def data(self) -> dict[str, Array]:
        """Inputs by name: `part` reads the numbers that `run` reads."""
        rng = np.random.default_rng(2)
        made: dict[str, Array] = {"n": LENGTHS, "m": MASK}
        for x in self.inputs:
            axes = ["batch", *(["time"] if x.kind == "input" else [])]
            shape = [*(SIZES[a] for a in axes), *(SIZES.get(d) or int(d) for d in x.dims)]
            drawn = {"bool": rng.random(shape) < 0.6, "i32": rng.integers(0, 3, shape)}.get(x.dtype, rng.normal(size=shape))
            if x.name in self.case.special.ranges:
                drawn = rng.uniform(*self.case.special.ranges[x.name], shape)
            made[x.name] = drawn.astype(NUMPY[x.dtype])
            if x.kind == "input":
                made[f"part_{x.name}"] = made[x.name]
        return made

    @property
    def whole(self) -> dict[str, Array]:
        """The data with every step valid."""
        return {**self.data, "n": np.full_like(LENGTHS, SIZES["time"]), "m": np.ones_like(MASK)}

    def over_time(self, data: dict[str, Array], steps: Any, rows: Any = slice(None)) -> dict[str, Array]:
        """`data` at `steps` (a slice, or one bool a step) of `rows` alone, every one of them valid."""
        scanned = {"m", *(p + x.name for x in self.inputs if x.kind == "input" for p in ("", "part_"))}
        picked = {k: v[rows][:, steps] if k in scanned else v[rows] for k, v in data.items()}
        return {**picked, "n": np.full(picked["n"].shape, picked["m"].shape[1], np.int32), "m": np.ones_like(picked["m"])}


@cache
def _plan(source: str) -> Plan:
    """Several checks ask for one cell."""
    return plan_of(source)


def forget() -> None:
    """Let the plans of a cell go."""
    _plan.cache_clear()


def subject(case: Case) -> Subject:
    """The cell in its model, in f64. Raises DiagnosticsError if it does not compile with any of FREE_DIMS."""
    failure: Exception | None = None
    for free in FREE_DIMS:
        inputs = case.inputs(free)
        try:
            first = _plan(text(case, inputs, []))
        except DiagnosticsError as error:
            failure = failure or error
            continue
        finals = [s for s in scan_of(first, "run").states if "[" not in s.name]
        types = {x.id: x.type for x in scan_of(first, "run").body.inputs}
        floats = [s.name for s in finals if types[s.old].dtype == "f64" and s.name not in case.special.not_in_loss]
        delayed = {s.name.partition("[")[0] for s in scan_of(first, "run").states if "[" in s.name}
        return Subject(case, inputs, _plan(text(case, inputs, [s.name for s in finals], floats=floats, delayed=delayed)))
    assert failure is not None
    raise failure


def scan_of(plan: Plan, path: str) -> Scan:
    return next(n for n in plan.graph.nodes if isinstance(n, Scan) and n.path == path)


def text(
    case: Case,
    inputs: list[CellInput],
    finals: list[str],
    dtype: str = "f64",
    floats: list[str] | None = None,
    delayed: Collection[str] = (),
) -> str:
    """The model. `finals`: names of states that become outputs; `floats` those of them that the loss reads.

    `delayed`: states with delays beyond one step.

    `gradients` is of `error`, the masked scan alone; the training step is on `plain`, the others.
    """
    scanned = [x for x in inputs if x.kind == "input"]
    given = [x for x in inputs if x.kind == "given"]
    lines = ["rnn 1"]
    lines += [f"import {case.module} ({', '.join(case.imported)})"] if case.module != "std.core" else []
    lines += ["axis src", "collection aside", f"model conformance with (dtype = {dtype}, seed = 3) {{"]
    lines += [f"  input {x.name}: {_type(x, dtype, 'batch', 'time')}" for x in scanned]
    lines += [f"  input part_{x.name}: {_type(x, dtype, 'batch', 'time')}" for x in scanned]
    lines += [f"  input {x.name}: {_type(x, dtype, 'batch')}" for x in given]
    lines += ["  input m: bool[batch, time]", "  input n: i32[batch]"]
    lines += [f"  layer net = {case.constructor}"]
    memories = f", given = ({', '.join(f'{x.name} = {x.name}' for x in given)})" if given else ""
    lines += [f"  run = scan(net, {', '.join(_argument(x, i, '') for i, x in enumerate(scanned))}{memories})"]
    parts = ", ".join(_argument(x, i, "part_") for i, x in enumerate(scanned))
    lines += [f"  part = scan(net, {parts}{memories}, mask = m, lengths = n)"]
    lines += ["  scope still with (trainable = false) {", f"    layer frozen = {case.constructor}"]
    lines += [f"    kept = scan(frozen, {', '.join(_argument(x, i, '') for i, x in enumerate(scanned))}{memories})", "  }"]
    for name in ("run", "part"):
        lines += [f"  output {name}_out = {name}", f"  output {name}_last = {name}.last"]
        lines += [f"  output {final_name(name, state)} = {name}.final.{_newest(state, delayed)}" for state in finals]
    masked = _distance(["part", "part.last", *(f"part.final.{_newest(state, delayed)}" for state in floats or [])])
    lines += [f"  loss error = {masked}", f"  loss plain in aside = {_distance(['run', 'run.last', 'still.kept'])}"]
    lines += ["  train step = adamw(rate = 0.01, weight_decay = 0.1) on plain", "}"]
    return "\n".join(lines)


def _newest(state: str, delayed: Collection[str]) -> str:
    """The last value of a state; one with longer delays is a list, one step back first."""
    return f"{state}[0]" if state in delayed else state


def _distance(values: list[str]) -> str:
    """The sum of mean squares of values, each about a point of its own."""
    return " + ".join(f"mean(square({value} - {0.1 * (i + 1):.1f}))" for i, value in enumerate(values))


def final_name(run: str, state: str) -> str:
    return f"{run}_final_{state.replace('.', '_')}"


def _argument(x: CellInput, at: int, prefix: str) -> str:
    return f"{prefix}{x.name}" if at == 0 else f"{x.name} = {prefix}{x.name}"


def _type(x: CellInput, dtype: str, *axes: str) -> str:
    named = [d for d in x.dims if d in SIZES]
    dims = [d for d in x.dims if d not in SIZES]
    return f"{dtype if x.dtype == 'f64' else x.dtype}[{', '.join((*axes, *named, *dims))}]"
