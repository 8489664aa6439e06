"""The loads of plans carried out: files found, opened, matched and, for what is to be compiled or run, read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from rnndsl.derive.inverse import solve
from rnndsl.elaborate.state.origins import loaded
from rnndsl.language.initializers import initial_value
from rnndsl.names.reading import Reader
from rnndsl.plan.model import Load, Plan, Receipt, Variable
from rnndsl.records import field, mutable
from rnndsl.text.codes import weights as codes
from rnndsl.text.diagnostics import SpecError
from rnndsl.text.faults import files as faults
from rnndsl.text.sink import Sink
from rnndsl.weights.layouts import imported
from rnndsl.weights.matching import Matched, doubled, left_over, match
from rnndsl.weights.opening import is_light, open_source
from rnndsl.weights.source import Array, Source, WeightsFileError


@mutable
class Pretrained:
    """The values that the loads of a plan give its variables, by path, with a receipt for each."""

    values: dict[str, Array] = field(default_factory=dict[str, Array])
    receipts: dict[str, Receipt] = field(default_factory=dict[str, Receipt])

    def initial(self, variable: Variable, seed: int) -> Array:
        """The value of `variable` that was loaded, or what its initialiser gives."""
        value = self.values.get(variable.path)
        return initial_value(variable, seed) if value is None else value


class Loader:
    """The loads of the specs that `reader` reads. What is wrong goes to `sink`."""

    def __init__(self, reader: Reader, sink: Sink) -> None:
        self.reader = reader
        self.sink = sink
        self._warned: set[str] = set()

    def check(self, plan: Plan) -> None:
        """Solve the layouts, and hold the loads against files whose tensors are known without TensorFlow; others wait for
        `read`."""
        for load in plan.loads:
            self._solve(load)
        if self.sink.failed:
            return
        for path, loads in self._files(plan):
            if is_light(path):
                self._open(path, loads, plan, Pretrained(), is_read=False)

    def read(self, plan: Plan) -> Pretrained:
        """The values of all that `plan` loads, and no other tensor's. May import TensorFlow. Where the sink has errors then, some
        are not there."""
        result = Pretrained()
        for path, loads in self._files(plan):
            self._open(path, loads, plan, result, is_read=True)
        return result

    def _files(self, plan: Plan) -> Iterator[tuple[Path, list[Load]]]:
        """Each file once, with its loads."""
        found: dict[Path, list[Load]] = {}
        for load in plan.loads:
            try:
                found.setdefault(self.reader.find_weights(load.source, load.source_span), []).append(load)
            except SpecError as error:
                self.sink.add(error.diagnostic)
        yield from found.items()

    def _solve(self, load: Load) -> None:
        try:
            if load.layout is not None:
                solve(load.layout, load.span)
        except SpecError as error:
            self.sink.add(error.diagnostic)

    def _open(self, path: Path, loads: Sequence[Load], plan: Plan, result: Pretrained, *, is_read: bool) -> None:
        try:
            with open_source(path) as source:
                matched = self._match(source, loads, {v.path: v for v in plan.variables})
                if is_read and not self.sink.failed:
                    self._read(source, path, loads, matched, result)
        except WeightsFileError as error:
            self.sink.add(codes.unreadable(loads[0].source_span, loads[0].source, path, error.fault))

    def _match(self, source: Source, loads: Sequence[Load], variables: Mapping[str, Variable]) -> list[Matched]:
        matched: list[Matched] = [match(load, source.tensors, variables) for load in loads]
        for each in matched:
            self.sink.extend(each.wrong)
        twice = None if self.sink.failed else doubled(loads, matched, source.tensors)
        if twice is not None:
            self.sink.add(twice)
        if loads[0].source not in self._warned:
            self._warned.add(loads[0].source)
            self.sink.extend(left_over(loads, matched, source.tensors))
        return matched

    def _read(self, source: Source, path: Path, loads: Sequence[Load], matched: Sequence[Matched], result: Pretrained) -> None:
        name = self.reader.name_of(path)
        strange: list[tuple[str, int, int]] = []
        for load, each in zip(loads, matched, strict=True):
            for variable, value, keys, equation in self._values(source, load, each):
                result.values[variable] = value
                result.receipts[variable] = Receipt(name, keys, loaded(load.span), digest(value), equation)
                strange += _not_finite(variable, value)
        if strange:
            self.sink.add(codes.not_finite(loads[0].source_span, loads[0].source, strange))
        try:
            for file in source.files:
                self.reader.record_weights(file)
        except OSError as error:
            raise WeightsFileError(faults.unread(path, error)) from None

    def _values(self, source: Source, load: Load, matched: Matched) -> Iterator[tuple[str, Array, tuple[str, ...], str | None]]:
        """Each variable of `load` with its value, the names of its tensors and the equation that it was solved from, if it was."""
        for each in matched.matches:
            yield each.path, np.ascontiguousarray(source.read(each.key)).reshape(source.tensors[each.key].shape), (each.key,), None
        if load.layout is None:
            return
        equations = load.layout.equations
        found = imported(load.layout, solve(load.layout, load.span), matched.equations, source.read)
        if found.broken:
            wrong = [equations[at] for at in found.broken]
            self.sink.add(codes.not_held(load.span, load.source, [(x.text, x.span) for x in wrong]))
        for path, (value, at) in found.values.items():
            yield path, np.array(value, order="C"), tuple(dict.fromkeys(matched.equations[at])), equations[at].text


def digest(value: Array) -> str:
    """The SHA-256 of the bytes of `value`, in C order and little-endian, in hexadecimal."""
    little = value.astype(value.dtype.newbyteorder("<"), order="C", copy=False)
    return hashlib.sha256(little.tobytes()).hexdigest()


def _not_finite(path: str, value: Array) -> list[tuple[str, int, int]]:
    """Of `path`: how many NaNs and infinities `value` has; nothing if it has none."""
    if value.dtype.kind in "iub" or bool(np.isfinite(value).all()):
        return []
    return [(path, int(np.isnan(value).sum()), int(np.isinf(value).sum()))]
