"""Which tensor of a file each variable of a load gets, by name, shape and dtype. No values are read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rnndsl.language.builtins import DTYPES
from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.layouts import Foreign, Layout
from rnndsl.plan.model import Load, TensorType, Variable
from rnndsl.records import Immutable, field, record
from rnndsl.text.codes import weights as codes
from rnndsl.text.codes.weights import Absent, Misshapen
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.weights.source import TensorInfo

Tensors = Mapping[str, TensorInfo]
SEPARATORS = ("/", ".")


@record
class Match(Immutable):
    """A variable and the name of its tensor in the file."""

    path: str
    key: str


@record
class Claim(Immutable):
    """A tensor, or the part of it within `box`, that goes to what is called `of`."""

    name: str
    box: tuple[tuple[int, int], ...]
    of: str

    def meets(self, other: Claim) -> bool:
        return self.name == other.name and all(a < d and c < b for (a, b), (c, d) in zip(self.box, other.box, strict=True))


@record
class Matched(Immutable):
    """What one load finds. `wrong` are errors; `seen` the names of the tensors that it looks among. By a layout, `equations` are
    those whose tensors are all there, by place, with the names of these."""

    matches: tuple[Match, ...]
    wrong: tuple[Diagnostic, ...]
    seen: tuple[str, ...]
    equations: Mapping[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])


def match(load: Load, tensors: Tensors, variables: Mapping[str, Variable]) -> Matched:
    """The tensors of `load` among `tensors`, all those of its file."""
    below = _below(load.at, tensors)
    if load.at is not None and not below:
        return Matched((), (codes.nothing_at(load.source_span, load.source, load.at, _places(tensors)),), ())
    if load.layout is not None:
        return _by_layout(load, load.layout, below, tensors)
    found: list[Match] = []
    absent: list[tuple[Variable, str]] = []
    misfits: list[Misshapen] = []
    for path, key in load.keys:
        variable = variables[path]
        if key not in below:
            absent.append((variable, key))
            continue
        info = tensors[below[key]]
        found.append(Match(path, info.name))
        if (info.shape, info.dtype) != (variable.shape, numpy_dtype(variable.dtype).name):
            misfits.append(Misshapen(path, _type(variable), info.name, shown(info)))
    wrong = [codes.misfit(load.span, load.source, misfits, len(load.keys))] if misfits else []
    if absent and not load.optional:
        taken = {each.key for each in found}
        free = {key: name for key, name in below.items() if name not in taken}
        missing = [Absent(v.path, _type(v), key, _near(v, free, tensors)) for v, key in absent]
        wrong.append(codes.missing(load.span, load.source, missing, len(load.keys)))
    return Matched(tuple(found), tuple(wrong), tuple(below.values()))


def _by_layout(load: Load, layout: Layout, below: Mapping[str, str], tensors: Tensors) -> Matched:
    absent: list[Absent] = []
    misfits: list[Misshapen] = []
    found: dict[int, tuple[str, ...]] = {}
    keys = list(dict.fromkeys(part.key for equation in layout.equations for part in equation.foreign))
    for at, equation in enumerate(layout.equations):
        lacking = [x for x in equation.foreign if x.key not in below]
        absent += [
            Absent(equation.text, _part_type(x, equation.type), x.key, ([k for k in below if k not in keys],)) for x in lacking
        ]
        if lacking:
            continue
        found[at] = tuple(below[x.key] for x in equation.foreign)
        for part, name in zip(equation.foreign, found[at], strict=True):
            if tensors[name].dtype != numpy_dtype(equation.type.dtype).name or not part.fits(tensors[name].shape):
                misfits.append(Misshapen(equation.text, _part_type(part, equation.type), name, shown(tensors[name])))
    wrong = [codes.layout_misfit(load.span, load.source, layout.name, misfits, len(keys))] if misfits else []
    if absent and not load.optional:
        first = {x.key: x for x in reversed(absent)}
        once = [first[key] for key in keys if key in first]
        wrong.append(codes.layout_missing(load.span, load.source, layout.name, once, len(keys), _homes(keys, tensors)))
    return Matched((), tuple(wrong), tuple(below.values()), found)


def _homes(keys: Sequence[str], tensors: Tensors) -> list[str]:
    """The places in the file that have tensors of all `keys`."""
    ends = [f"{separator}{keys[0]}" for separator in SEPARATORS]
    found = [(name.removesuffix(end), end[0]) for name in tensors for end in ends if name.endswith(end)]
    return [place for place, separator in found if all(f"{place}{separator}{key}" in tensors for key in keys)]


def _part_type(part: Foreign, type: TensorType) -> str:
    """What a tensor must be to have the part: `f32[2.., 24]`, a dim of 2 or more and one of 24."""
    sizes = (f"{stop}.." if size is None else str(size) for size, (_, stop) in zip(part.sizes, part.box, strict=True))
    return f"{type.dtype}[{', '.join(sizes)}]"


def claims(load: Load, matched: Matched, tensors: Tensors) -> Iterator[Claim]:
    """What a load takes of a file."""
    for each in matched.matches:
        yield Claim(each.key, tuple((0, size) for size in tensors[each.key].shape), each.path)
    for at, names in matched.equations.items():
        assert load.layout is not None
        for part, name in zip(load.layout.equations[at].foreign, names, strict=True):
            yield Claim(name, part.box, load.layout.paths[0].rpartition("/")[0])


def doubled(loads: Sequence[Load], matched: Sequence[Matched], tensors: Tensors) -> Diagnostic | None:
    """A tensor of one file that two of its loads take; None if there is none. Within one load that has been told."""
    seen: dict[str, list[tuple[Load, Claim]]] = {}
    for load, each in zip(loads, matched, strict=True):
        for claim in claims(load, each, tensors):
            for other, first in seen.get(claim.name, ()):
                if other is not load and claim.meets(first):
                    return codes.one_tensor(load.span, claim.name, first.of, claim.of)
            seen.setdefault(claim.name, []).append((load, claim))
    return None


def left_over(loads: Sequence[Load], matched: Sequence[Matched], tensors: Tensors) -> Iterator[Diagnostic]:
    """What the loads of one file look among and none of them takes, and what they take a part of."""
    taken: dict[str, int] = {}
    for load, each in zip(loads, matched, strict=True):
        for claim in claims(load, each, tensors):
            taken[claim.name] = taken.get(claim.name, 0) + math.prod(stop - start for start, stop in claim.box)
    names = list(dict.fromkeys(name for each in matched for name in each.seen if name not in taken))
    if names:
        yield codes.left_over(loads[0].source_span, loads[0].source, names)
    parts = [name for name, size in taken.items() if size < tensors[name].size]
    if parts and not any(each.wrong for each in matched):
        yield codes.part_left_over(loads[0].source_span, loads[0].source, parts)


def shown(info: TensorInfo) -> str:
    """The type of a tensor as the language writes it; a dtype that it has not by NumPy's name."""
    names = {numpy_dtype(dtype).name: dtype for dtype in DTYPES}
    return f"{names.get(info.dtype, info.dtype)}{list(info.shape)}"


def _type(variable: Variable) -> str:
    return f"{variable.dtype}{list(variable.shape)}"


def _below(at: str | None, tensors: Tensors) -> dict[str, str]:
    """The names of tensors, by what is left of them below `at`."""
    if at is None:
        return {name: name for name in tensors}
    ends = [at] if at.endswith(SEPARATORS) else [f"{at}{separator}" for separator in SEPARATORS]
    return {name.removeprefix(end): name for end in ends for name in tensors if name.startswith(end)}


def _places(tensors: Tensors) -> list[str]:
    """Where `at` can point to."""
    return sorted({name[:i] for name in tensors for i, c in enumerate(name) if c in SEPARATORS and i})


def _near(variable: Variable, free: Mapping[str, str], tensors: Tensors) -> tuple[Sequence[str], ...]:
    fitting = [key for key, name in free.items() if tensors[name].shape == variable.shape]
    return fitting, list(free)
