"""What the passes did to a function, and what they left in its loops, in words: `rnndsl explain --passes`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from rnndsl.derive.preparing.prepare import PREPARING, spelled_out
from rnndsl.derive.training import undifferentiated
from rnndsl.passes import PASSES
from rnndsl.passes.account import Change, Left, Why, changes, left
from rnndsl.plan.equations import Equations
from rnndsl.plan.model import Function, Plan, Scan

Pass = Callable[[Function], Function]

_PAD = "  "
_WHY: dict[Why, str] = {
    "state": "needs {}, which the step before makes",
    "random": "draws anew at each step",
    "step_by_step": "{} is taken step by step",
    "may_fail": "{} may fail at a step after the end of the loop",
    "grows": "{} makes more numbers at each step than it reads",
    "rows_meet": "rows meet in {}, and in reverse they are not at one step",
    "changing_matrix": "not packed: {} is another one at each step",
    "only_product": "not packed: no other product in the loop reads {}",
}


Stages = Sequence[tuple[str, Function]]
"""A function before all passes, under any name, and after each of them, under the name of the pass."""


def told(plan: Plan, function: Function) -> Iterator[str]:
    """Of one of the functions of `plan`, which no pass has seen: what each pass does, and what is left in the end."""
    last, packed = function, set[str]()
    for when, stages in _stretches(plan, function):
        for (_, before), (name, after) in pairwise(stages):
            found = list(changes(before, after))
            packed.update(x.into for x in found if x.deed == "packed")
            yield from _section(f"{name}{when}", _changed(found, _equations(plan, before)))
        last = stages[-1][1]
    yield from _section("stays in a loop", _left(left(last, packed), _equations(plan, last)))


def _stretches(plan: Plan, function: Function) -> Iterator[tuple[str, Stages]]:
    """The passes that come before a step is differentiated, and those over a function as it is."""
    train = next((t for t in plan.trains if t.name == function.train), None)
    if train is not None:
        yield ", before it is differentiated", _run(spelled_out(undifferentiated(plan, train)), PREPARING)
    yield "", _run(function, PASSES)


def _run(function: Function, passes: Iterable[tuple[str, Pass]]) -> Stages:
    stages = [("", function)]
    for name, change in passes:
        stages.append((name, change(stages[-1][1])))
    return stages


def _equations(plan: Plan, function: Function) -> Equations:
    equations = Equations(function.graph, plan.names, function.ends())
    list(equations.lines(function.graph.nodes))
    return equations


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A title and its `lines`, one that comes several times once."""
    counted = Counter(lines)
    if counted:
        yield ""
        yield title
        yield from (f"{_PAD}{line}{f'  ({n} times)' if n > 1 else ''}" for line, n in counted.items())


def _changed(found: Sequence[Change], equations: Equations) -> Iterator[str]:
    groups: dict[str, list[Change]] = {}
    for each in found:
        groups.setdefault(each.into, []).append(each)
    for into, group in groups.items():
        for each in group:
            what = f"{each.node.place}: {equations.said(each.node)}"
            if into:
                yield f"{what}{_among(each.scan)}, one of {len(group)} packed"
            elif each.deed == "moved":
                yield f"{what}, out of{_among(each.scan).removeprefix(' in')}"
            else:
                yield f"{what}{_among(each.scan)}, not computed any more"


def _among(scan: Scan | None) -> str:
    return "" if scan is None else f" in scan {scan.path}"


def _left(found: Iterable[Left], equations: Equations) -> Iterator[str]:
    for each in found:
        blamed = ", ".join(dict.fromkeys(_named(x, equations) for x in each.blamed))
        yield f"{each.node.place}: {equations.said(each.node)}{_among(each.scan)}: {_WHY[each.why].format(blamed)}"


def _named(id: str, equations: Equations) -> str:
    node = equations.nodes.get(id)
    return equations.name(id) if node is None else equations.said(node)
