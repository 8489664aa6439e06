"""Which tensor of a file each variable of a load gets, by name, shape and dtype. No values are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.elaborate.state.origins import loaded
from rnndsl.language.builtins import DTYPES
from rnndsl.language.initializers import numpy_dtype
from rnndsl.plan.model import Load, Variable
from rnndsl.records import Immutable, record
from rnndsl.text.codes import weights as codes
from rnndsl.text.codes.weights import Absent, Misshapen
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.weights.source import TensorInfo

Tensors = Mapping[str, TensorInfo]
_SEPARATORS = ("/", ".")


@record
class Match(Immutable):
    """A variable and the name of its tensor in the file, and the words of a plan for where it comes from."""

    path: str
    key: str
    origin: str


@record
class Matched(Immutable):
    """What one load finds. `wrong` are errors; `seen` the names of the tensors that it looks among."""

    matches: tuple[Match, ...]
    wrong: tuple[Diagnostic, ...]
    seen: tuple[str, ...]


def match(load: Load, tensors: Tensors, variables: Mapping[str, Variable]) -> Matched:
    """The tensors of `load` among `tensors`, all those of its file."""
    below = _below(load.at, tensors)
    if load.at is not None and not below:
        return Matched((), (codes.nothing_at(load.source_span, load.source, load.at, _places(tensors)),), ())
    found: list[Match] = []
    absent: list[tuple[Variable, str]] = []
    misfits: list[Misshapen] = []
    for path, key in load.keys:
        variable = variables[path]
        if key not in below:
            absent.append((variable, key))
            continue
        info = tensors[below[key]]
        found.append(Match(path, info.name, loaded(load.span)))
        if (info.shape, info.dtype) != (variable.shape, numpy_dtype(variable.dtype).name):
            misfits.append(Misshapen(path, _type(variable), info.name, shown(info)))
    wrong = [codes.misfit(load.span, load.source, misfits, len(load.keys))] if misfits else []
    if absent and not load.optional:
        taken = {each.key for each in found}
        free = {key: name for key, name in below.items() if name not in taken}
        missing = [Absent(v.path, _type(v), key, _near(v, free, tensors)) for v, key in absent]
        wrong.append(codes.missing(load.span, load.source, missing, len(load.keys)))
    return Matched(tuple(found), tuple(wrong), tuple(below.values()))


def left_over(loads: Sequence[Load], matched: Sequence[Matched]) -> Diagnostic | None:
    """What the loads of one file look among and none of them takes; None if that is nothing."""
    taken = {match.key for each in matched for match in each.matches}
    names = list(dict.fromkeys(name for each in matched for name in each.seen if name not in taken))
    return codes.left_over(loads[0].source_span, loads[0].source, names) if names else None


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
    ends = [at] if at.endswith(_SEPARATORS) else [f"{at}{separator}" for separator in _SEPARATORS]
    return {name.removeprefix(end): name for end in ends for name in tensors if name.startswith(end)}


def _places(tensors: Tensors) -> list[str]:
    """Where `at` can point to."""
    return sorted({name[:i] for name in tensors for i, c in enumerate(name) if c in _SEPARATORS and i})


def _near(variable: Variable, free: Mapping[str, str], tensors: Tensors) -> tuple[Sequence[str], ...]:
    fitting = [key for key, name in free.items() if tensors[name].shape == variable.shape]
    return fitting, list(free)
