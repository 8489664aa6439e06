"""One artefact at work for one client after another: what each has of its own is put in before, and taken out after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from rnndsl.arrays.values import Array
from rnndsl.federated.sharing import Sharing
from rnndsl.records import Immutable, record
from rnndsl.text.fault import CallError
from rnndsl.text.faults import federated as faults

Values = Mapping[str, Array]


class Model(Protocol):
    """What runs an artefact."""

    @property
    def variables(self) -> dict[str, Array]:
        """The present values by path."""
        ...

    def assign(self, values: Values, /) -> None:
        """Set variables by path."""
        ...

    def call(self, signature: str, inputs: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The results of a signature."""
        ...


@record
class Update(Immutable):
    """What a client's training gave: the `averaged` variables and those that it `kept`, after so many `examples`; `results` are
    those of its signature, on average over the examples."""

    averaged: Values
    kept: Values
    examples: int
    results: Mapping[str, float]


class Worker:
    """Trains and evaluates as one client, then as the next. `first`: the values of all that changes as the artefact has them."""

    def __init__(self, model: Model, sharing: Sharing) -> None:
        self.sharing, self._model = sharing, model
        wanted = {*sharing.averaged, *sharing.kept, *sharing.afresh}
        self.first: Values = {path: value for path, value in model.variables.items() if path in wanted}

    def fit(self, client: str, averaged: Values, kept: Values | None, batches: Iterable[Mapping[str, Any]]) -> Update:
        """Train as `client` from what is `averaged` and what it has `kept`, None in its first round, a step a batch.

        Raises CallError where a variable becomes infinite or no number, and what the signature does.
        """
        self._become(client, averaged, kept)
        examples, results = self._all(self.sharing.train, batches)
        values = self._model.variables
        update = {path: np.array(values[path]) for path in self.sharing.averaged}
        for path, value in update.items():
            if not np.isfinite(value.astype(np.float64)).all():
                raise CallError(faults.not_finite(client, path))
        own = {path: np.array(values[path]) for path in self.sharing.kept}
        return Update(update, own, examples, results)

    def evaluate(
        self, client: str, averaged: Values, kept: Values | None, batches: Iterable[Mapping[str, Any]]
    ) -> tuple[int, dict[str, float]]:
        """How many examples there are, and what `evaluate` gives of them on average, as `client`. Nothing is kept of it."""
        self._become(client, averaged, kept)
        return self._all("evaluate", batches)

    def call(
        self, client: str, averaged: Values, kept: Values | None, signature: str, inputs: Mapping[str, Any]
    ) -> dict[str, Array]:
        """What `signature` gives as `client`. Nothing is kept of it."""
        self._become(client, averaged, kept)
        return {name: np.asarray(value) for name, value in self._model.call(signature, inputs).items()}

    def _all(self, signature: str, batches: Iterable[Mapping[str, Any]]) -> tuple[int, dict[str, float]]:
        """Calls of a signature: how many examples they were of, and the mean of each result that is one number."""
        examples, sums = 0, dict[str, float]()
        for batch in batches:
            arrays = {name: np.asarray(value) for name, value in batch.items()}
            results = self._model.call(signature, arrays)
            count = self.sharing.examples(arrays)
            examples += count
            for name, value in results.items():
                if np.ndim(value) == 0:
                    sums[name] = sums.get(name, 0.0) + float(value) * count
        return examples, {name: value / examples for name, value in sums.items() if examples}

    def _become(self, client: str, averaged: Values, kept: Values | None) -> None:
        own = kept if kept is not None else {path: self.first[path] for path in self.sharing.kept} | self._draws(client)
        self._model.assign({**{path: self.first[path] for path in self.sharing.afresh}, **averaged, **own})

    def _draws(self, client: str) -> dict[str, Array]:
        """The counter of random draws of a client in its first round, so that no two draw the same."""
        if self.sharing.counter is None:
            return {}
        digest = hashlib.sha256(client.encode("utf-8", "surrogatepass")).digest()
        return {self.sharing.counter: np.asarray(int.from_bytes(digest[:6], "big"), np.int64)}
