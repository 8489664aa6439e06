"""Which `load`s a file suggests for a model: by names, shapes and layouts, and only where one thing alone can be meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.layouts import Layout
from rnndsl.plan.model import Load, Plan, Variable
from rnndsl.records import Immutable, field, mutable, record
from rnndsl.weights.matching import SEPARATORS, Claim, claims, match
from rnndsl.weights.source import TensorInfo

Tensors = Mapping[str, TensorInfo]


@record
class Choice(Immutable):
    """A `load` of the layer or variable `path`: what it says after the file's name, what it takes, and how many words of the path
    are those of the place."""

    path: str
    text: str
    claims: tuple[Claim, ...]
    equations: tuple[str, ...]
    likeness: int

    def meets(self, other: Choice) -> bool:
        return any(a.meets(b) for a in self.claims for b in other.claims)


@mutable
class Proposal:
    """settled: what can be meant alone. open: by path, of what is not told by names and shapes, all that it may be. unknown: paths
    that nothing fits. left: tensors that nothing takes."""

    settled: list[Choice] = field(default_factory=list[Choice])
    open: dict[str, list[Choice]] = field(default_factory=dict[str, list[Choice]])
    unknown: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])


def propose(plan: Plan, layouts: Sequence[tuple[str, Layout]], tensors: Tensors, is_this: Callable[[Load], bool]) -> Proposal:
    """The loads of what nothing loads yet in `plan`, from a file of `tensors`. `layouts`: of its layers, each by the layer's path.
    `is_this`: whether a load is from that file; what it takes is taken."""
    variables = {v.path: v for v in plan.variables}
    taken = [c for x in plan.loads if is_this(x) for c in claims(x, match(x, tensors, variables), tensors)]
    loaded = {path for load in plan.loads for path in load.paths}
    rest = [v for v in plan.variables if v.kind in ("param", "var") and v.path not in loaded]
    return _propose([(path, x) for path, x in layouts if loaded.isdisjoint(x.paths)], rest, tensors, taken)


def _propose(
    layouts: Sequence[tuple[str, Layout]], variables: Iterable[Variable], tensors: Tensors, taken: Sequence[Claim]
) -> Proposal:
    choices: dict[str, list[Choice]] = {}
    for path, layout in layouts:
        choices.setdefault(path, []).extend(_by_layout(path, layout, tensors))
    held = {path: layout.paths for path, layout in layouts if choices[path]}
    by_layer = {each for paths in held.values() for each in paths}
    found = {path: _distinct(each) for path, each in choices.items() if each}
    found |= {v.path: list(_by_name(v, tensors)) for v in variables if v.path not in by_layer}
    free = {path: [x for x in each if not any(a.meets(b) for a in x.claims for b in taken)] for path, each in found.items()}
    return _settled(free, tensors, {x.name for x in taken})


def _settled(found: Mapping[str, list[Choice]], tensors: Tensors, taken: set[str]) -> Proposal:
    result = Proposal(unknown=[path for path, each in found.items() if not each])
    waiting = {path: _likeliest(each) for path, each in found.items() if each}
    while True:
        free = {p: [x for x in each if not any(x.meets(y) for y in result.settled)] for p, each in waiting.items()}
        sure = {path: each[0] for path, each in free.items() if len(each) == 1}
        sure = {p: x for p, x in sure.items() if not any(x.meets(y) for q, y in sure.items() if q != p)}
        if not sure:
            break
        result.settled += sure.values()
        waiting = {path: each for path, each in waiting.items() if path not in sure}
    order = {path: i for i, path in enumerate(found)}
    result.settled.sort(key=lambda x: order[x.path])
    result.open = {path: free[path] or waiting[path] for path in waiting}
    taken |= {c.name for x in (*result.settled, *(y for each in result.open.values() for y in each)) for c in x.claims}
    result.left = [name for name in tensors if name not in taken]
    return result


def _likeliest(choices: list[Choice]) -> list[Choice]:
    """Those at the place that is called most like the layer."""
    most = max(x.likeness for x in choices)
    return [x for x in choices if x.likeness == most]


def _distinct(choices: list[Choice]) -> list[Choice]:
    """One of those that take the same in the same way."""
    first: dict[object, Choice] = {}
    for each in choices:
        first.setdefault((each.claims, each.equations), each)
    return list(first.values())


def _by_layout(path: str, layout: Layout, tensors: Tensors) -> Iterator[Choice]:
    """What a layout may take, at each place that has all its tensors."""
    key = layout.equations[0].foreign[0].key if layout.equations else ""
    for place, start in _places(key, tensors):
        parts: list[Claim] = []
        for equation in layout.equations:
            for part in equation.foreign:
                info = tensors.get(start + part.key)
                dtype = numpy_dtype(equation.type.dtype).name
                if info is not None and info.dtype == dtype and part.fits(info.shape):
                    parts.append(Claim(info.name, part.box, path))
        if parts and len(parts) == sum(len(x.foreign) for x in layout.equations):
            at = f' at "{place}"' if place else ""
            rights = tuple(x.text.partition(" = ")[2] for x in layout.equations)
            yield Choice(path, f"{at} using {layout.name}", tuple(parts), rights, _likeness(path, place))


def _places(key: str, tensors: Tensors) -> Iterator[tuple[str, str]]:
    """Each place that has a tensor `key`, and what names begin with there."""
    for name in tensors:
        if name == key:
            yield "", ""
        for separator in SEPARATORS:
            if name.endswith(separator + key):
                yield name.removesuffix(separator + key), name.removesuffix(key)


def _by_name(variable: Variable, tensors: Tensors) -> Iterator[Choice]:
    """Tensors of the variable's type whose name ends with its path."""
    words = variable.path.split("/")
    for name, info in tensors.items():
        same = (info.shape, info.dtype) == (variable.shape, numpy_dtype(variable.dtype).name)
        if same and re.split(r"[./]", name)[-len(words) :] == words:
            rule = "" if name == variable.path else f' map {{ "{variable.path}" -> "{name}" }}'
            claim = Claim(name, tuple((0, size) for size in info.shape), variable.path)
            yield Choice(variable.path, rule, (claim,), (), 0)


def _likeness(path: str, place: str) -> int:
    """How many last words the two have in common."""
    count = 0
    for a, b in zip(reversed(path.split("/")), reversed(re.split(r"[./]", place)), strict=False):
        if a != b:
            break
        count += 1
    return count
