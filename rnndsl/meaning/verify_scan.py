"""What must hold of a scan and of the results that are read from it. Each check raises ValueError with the end of a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rnndsl.plan.attributes import Result
from rnndsl.plan.model import Node, Scan, TensorType, Variable

Types = Mapping[str, TensorType]


def fits(value: TensorType, target: TensorType) -> bool:
    """Whether `value` broadcasts to `target`: axes by name, dims right-aligned."""
    if value.dtype != target.dtype or not set(value.axes) <= set(target.axes) or len(value.dims) > len(target.dims):
        return False
    pairs = zip(reversed(value.dims), reversed(target.dims), strict=False)
    return all(a in (1, b) for a, b in pairs)


def check_inputs(scan: Scan) -> None:
    """The body's inputs are exactly what the scan feeds it."""
    fed = Counter(_fed(scan))
    has = Counter(x.id for x in scan.body.inputs)
    if fed == has:
        return
    wrong = sorted({*(fed - has), *(has - fed)})
    raise ValueError(f"does not feed its body's inputs one for one: {', '.join(f'%{x}' for x in wrong)}")


def _fed(scan: Scan) -> Iterator[str]:
    yield from (x.inner for x in (*scan.scanned, *scan.given))
    yield from (x.old for x in (*scan.states, *scan.variables))


def check_scan(scan: Scan, outer: Types, body: Types, variables: Mapping[str, Variable]) -> None:
    """Types of what is carried, and the options. outer, body: types of the values of the enclosing graph and of the body."""
    for x in (*scan.states, *scan.variables):
        if x.new not in body:
            raise ValueError(f"has no %{x.new} in its body")
        _need_fit(f"the initial value %{x.initial}", outer[x.initial], body[x.old])
        _need_fit(f"the next value %{x.new}", body[x.new], body[x.old])
    for x in scan.variables:
        if x.path not in variables:
            raise ValueError(f"updates the variable `{x.path}`, which the plan lacks")
        if variables[x.path].shape != body[x.old].dims:
            raise ValueError(f"carries `{x.path}` as {body[x.old]}, not as {list(variables[x.path].shape)}")
    for name in scan.outputs:
        if name not in body:
            raise ValueError(f"has no %{name} in its body to put out")
    if len({s.name for s in scan.states}) != len(scan.states):
        raise ValueError("has two states of one name")
    _check_options(scan, outer, body)
    _check_carry(scan, variables)


def check_fed(scan: Scan, outer: Types) -> None:
    """What the body is given at each step has the types of its inputs."""
    body = {x.id: x.type for x in scan.body.inputs}
    for x in scan.scanned:
        whole = outer[x.outer]
        if scan.axis not in whole.axes:
            raise ValueError(f"goes over `{scan.axis}`, which %{x.outer}, {whole}, lacks")
        step = whole.without(scan.axis)
        _need_fit(f"one step of %{x.outer}", step, body[x.inner])
        if scan.axis in body[x.inner].axes:
            raise ValueError(f"has the axis `{scan.axis}` in one step %{x.inner}")
    for x in scan.given:
        _need_fit(f"the given %{x.outer}", outer[x.outer], body[x.inner])
    if not scan.scanned and scan.steps is None:
        raise ValueError("has neither an input to go over nor a number of steps")
    if scan.scanned and scan.steps is not None:
        raise ValueError("has both an input to go over and a number of steps")


def _need_fit(what: str, value: TensorType, target: TensorType) -> None:
    if not fits(value, target):
        raise ValueError(f"has {what}, {value}, which does not broadcast to {target}")


def _check_options(scan: Scan, outer: Types, body: Types) -> None:
    if scan.lengths is not None:
        t = outer[scan.lengths]
        if t.dtype not in ("i32", "i64") or t.dims or scan.axis in t.axes:
            raise ValueError(f"has lengths {t}, not one integer a sequence")
    if scan.mask is not None:
        t = outer[scan.mask]
        if t.dtype != "bool" or t.dims or scan.axis not in t.axes:
            raise ValueError(f"has a mask {t}, not one bool a step")
    if scan.first is not None and outer[scan.first] != TensorType("i32"):
        raise ValueError(f"has {outer[scan.first]} for its first step, not a scalar i32")
    if isinstance(scan.steps, str) and (outer[scan.steps].axes or outer[scan.steps].dims or outer[scan.steps].dtype != "i32"):
        raise ValueError(f"has {outer[scan.steps]} steps, not a scalar i32")
    if scan.until is None:
        return
    ends = next((s for s in scan.states if s.name == scan.until), None)
    if ends is None or body[ends.old].dtype != "bool" or body[ends.old].dims:
        raise ValueError(f"ends by `{scan.until}`, which is no bool state without dims")


def _check_carry(scan: Scan, variables: Mapping[str, Variable]) -> None:
    if not scan.carry:
        return
    if scan.reverse:
        raise ValueError("carries its state between calls in reverse")
    for state in scan.states:
        path = f"{scan.path}/{state.name}"
        if path not in variables or variables[path].kind != "carried":
            raise ValueError(f"carries its state `{state.name}`, but there is no carried variable `{path}`")


def check_result(node: Node, scan: Scan, body: Types) -> None:
    """The scan has the result, and the type is theirs. A mask, lengths or `until` may add axes to outputs."""
    told = node.told(Result)
    of = told.of
    source = result_source(scan, told)
    if source is None:
        raise ValueError(f"asks for {of} {told.at}, which %{scan.id} lacks")
    t = body[source]
    axes = {*t.axes, scan.axis} if of == "output" else set(t.axes)
    masked = scan.lengths is not None or scan.mask is not None or scan.until is not None
    exact = set(node.type.axes) == axes or (masked and of in ("output", "last") and set(node.type.axes) >= axes)
    if node.type.dtype != t.dtype or node.type.dims != t.dims or not exact:
        raise ValueError(f"has the type {node.type}, but reads {of} {told.at} of {t}")


def result_source(scan: Scan, result: Result) -> str | None:
    """The id in the body of `scan` that a result has its type from; None if there is no such result."""
    try:
        return scan.source(result) if result.at >= 0 else None
    except IndexError:
        return None
