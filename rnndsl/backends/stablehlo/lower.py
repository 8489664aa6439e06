"""A function of a plan as the text of a StableHLO module, and what its arguments and results are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rnndsl.backends.stablehlo.frame import Absent, Frame
from rnndsl.backends.stablehlo.ops.ordering import set_rows
from rnndsl.backends.stablehlo.ops.table import LOWERINGS
from rnndsl.backends.stablehlo.scan import lower_scan
from rnndsl.backends.stablehlo.writer import Tensor, Writer
from rnndsl.plan.function import STEP, Assign, Function
from rnndsl.plan.model import DType, Plan
from rnndsl.plan.rewriting import reads
from rnndsl.plan.stretches import lengths_told
from rnndsl.records import Immutable, record


@record
class Port(Immutable):
    """An argument or a result of a module: an input or output by its name, a variable by its path, before or after the call, or the
    number that tells the draws of a pure function's calls apart. `group`: of the results of the pure functions."""

    kind: Literal["variable", "value", "step"]
    name: str
    dtype: DType
    shape: tuple[int, ...]
    group: str = ""


@record
class Module(Immutable):
    """`text`: MLIR, with one public function `main` from `arguments` to `results`, both in order."""

    text: str
    arguments: tuple[Port, ...]
    results: tuple[Port, ...]


def axes_of(function: Function) -> tuple[str, ...]:
    """The axes whose sizes a module of `function` must be told."""
    return tuple(dict.fromkeys(axis for x in function.inputs for axis in x.type.axes))


def lower(plan: Plan, function: Function, sizes: Mapping[str, int]) -> Module:
    """`function` for axes of these `sizes`, which are those of `axes_of` at least. Raises Absent."""
    writer, known = Writer(), {**dict(lengths_told(function.graph)), **sizes}
    assigned = [step for step in function.steps if isinstance(step, Assign)]
    if len(assigned) != len(function.steps):
        raise Absent("a kept state that is cleared", "")
    paths = [v.path for v in plan.variables if v.path in {*reads(function.graph)}]
    kept = next((p for p in paths if plan.variable(p).kind == "carried"), None)
    if kept is not None:
        raise Absent(f"the kept state `{kept}`", plan.variable(kept).place)
    variables = {path: writer.named(plan.variable(path).dtype, plan.variable(path).shape) for path in paths}
    steps = [writer.named("i64", ())] if function.draws == STEP else []
    seed = steps[0] if steps else variables.get(function.draws or "")
    frame = Frame(writer, function.axes, known, variables, LOWERINGS, lower_scan, seed)
    inputs = {x.name: writer.named(x.type.dtype, frame.shape(x.type)) for x in function.inputs}
    for x in function.graph.inputs:
        frame.define(x.id, x.type, inputs[x.id])
    frame.run(function.graph)
    ends = [frame.values[x.value].tensor for x in function.outputs]
    new = {step.variable: _assigned(frame, plan, step, variables) for step in assigned}
    arguments = [*(_port("variable", path, x) for path, x in variables.items()), *(_port("value", n, x) for n, x in inputs.items())]
    arguments += [_port("step", STEP, x) for x in steps]
    results = [_port("value", x.name, end, x.group) for x, end in zip(function.outputs, ends, strict=True)]
    results += [_port("variable", path, x) for path, x in new.items()]
    text = _module(function.name, [*variables.values(), *inputs.values(), *steps], [*ends, *new.values()], writer)
    return Module(text, tuple(arguments), tuple(results))


def _assigned(frame: Frame, plan: Plan, step: Assign, variables: Mapping[str, Tensor]) -> Tensor:
    value = frame.values[step.value]
    if step.rows is None:
        return frame.fit(value, plan.variable(step.variable).type)
    return set_rows(frame, variables[step.variable], frame.values[step.rows].tensor, value.tensor)


def _port(kind: Literal["variable", "value", "step"], name: str, x: Tensor, group: str = "") -> Port:
    return Port(kind, name, x.dtype, x.shape, group)


def _module(name: str, arguments: list[Tensor], results: list[Tensor], writer: Writer) -> str:
    given = ", ".join(f"{x.name}: {x.type}" for x in arguments)
    kinds = ", ".join(x.type for x in results)
    back = f"    func.return {', '.join(x.name for x in results)} : {kinds}".rstrip(" :") if results else "    func.return"
    head = [f"module @{_symbol(name)} {{", f"  func.func public @main({given}) -> ({kinds}) {{"]
    return "\n".join([*head, *writer.lines, back, "  }", "}", ""])


def _symbol(name: str) -> str:
    """Quoted, as a name of a function may have any character of the language's names."""
    return f'"{name}"'
