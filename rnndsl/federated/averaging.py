"""Federated averaging in one process (McMahan et al. 2017, algorithm 1): each client trains from the common values on its own data,
and the new common values are the mean of what they have then, weighted by their examples."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.arrays.state import read_state, write_state
from rnndsl.arrays.values import Array
from rnndsl.federated.keeping import Keeping
from rnndsl.federated.opened import Opened
from rnndsl.federated.sharing import sharing
from rnndsl.federated.working import Update, Values, Worker
from rnndsl.text.fault import CallError
from rnndsl.text.faults import federated as faults

_SERVER, _CLIENTS, _VALUES = "server.npz", "clients", "values"


def averaging(artefact: str | os.PathLike[str], folder: str | os.PathLike[str], *, train: str | None = None) -> Averaging:
    """Federated averaging of the artefact in its folder `artefact` by its signature `train`, which may be left out if it has one.

    Its state is in `folder`, which is made: what is averaged in `server.npz`, what a client keeps in `clients/NAME.npz`. If there
    is a state, it goes on from there. Imports TensorFlow.

    Raises FileNotFoundError if there is no artefact, ValueError if it is damaged or of another version, if it has no such
    signature or nothing to be averaged, and if the state is of another artefact or signature.
    """
    model = Opened(Path(artefact))
    worker = Worker(model, sharing(model.manifest, train))
    return Averaging(worker, Path(folder), {"artefact": model.manifest["sha256"], "train": worker.sharing.train})


class Averaging:
    """A run: `rounds` have been done, and `values` are what they averaged, by path. `run` is what decides its numbers."""

    def __init__(self, worker: Worker, folder: Path, run: Mapping[str, object]) -> None:
        self._worker, self._run, self._server = worker, run, folder / _SERVER
        self._clients = Keeping(folder / _CLIENTS, run)
        self.rounds = 0
        self.values: Values = {path: worker.first[path] for path in worker.sharing.averaged}
        if self._server.exists():
            told, groups = read_state(self._server, run, faults.other_run)
            self.rounds = told["round"]
            self.values = {path: value.astype(worker.first[path].dtype) for path, value in groups[_VALUES].items()}

    def round(self, clients: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> dict[str, float]:
        """One round of `clients`: each a name, and batches, the inputs of the training signature by name, a step a batch.

        Clients come one after the other, and their batches as they are asked for: no two clients are in memory together. A client
        without a batch takes no part. If the process is killed, the next one does the same round again: with the same clients and
        batches it ends with the same bytes. Returns the mean of the signature's results over all examples.

        Raises ValueError, and the round is not done, if no client has an example, if one comes twice, makes a variable infinite, or
        gives what the signature does not take.
        """
        number, mean, seen = self.rounds + 1, _Mean(), set[str]()
        for client, batches in clients:
            if client in seen:
                raise CallError(faults.twice(client, number))
            seen.add(client)
            before = self._clients.before(client, number)
            update = self._worker.fit(client, self.values, before, batches)
            if update.examples and update.kept:
                self._clients.write(client, number, before, update.kept)
            mean.add(update)
        if not mean.examples:
            raise CallError(faults.no_examples(number))
        values = mean.values(self.values)
        write_state(self._server, {"run": dict(self._run), "round": number}, {_VALUES: values})
        self.rounds, self.values = number, values
        return mean.results()

    def call(self, client: str, signature: str, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """What a signature that trains nothing, `predict` or `evaluate`, gives a client: by the values that are averaged, and by
        what the client has kept. Nothing is changed. Raises ValueError for one that trains, and for what does not fit."""
        if signature == self._worker.sharing.train:
            raise CallError(faults.trains(signature))
        kept = self._clients.before(client, self.rounds + 1)
        return self._worker.call(client, self.values, kept, signature, inputs)


class _Mean:
    """Sums, weighted by examples, in f64."""

    def __init__(self) -> None:
        self.examples = 0
        self._values: dict[str, Array] = {}
        self._results: dict[str, float] = {}

    def add(self, update: Update) -> None:
        if not update.examples:
            return
        self.examples += update.examples
        for path, value in update.averaged.items():
            self._values[path] = self._values.get(path, 0.0) + value.astype(np.float64) * update.examples
        for name, result in update.results.items():
            self._results[name] = self._results.get(name, 0.0) + result * update.examples

    def values(self, like: Values) -> dict[str, Array]:
        return {path: np.asarray(total / self.examples).astype(like[path].dtype) for path, total in self._values.items()}

    def results(self) -> dict[str, float]:
        return {name: total / self.examples for name, total in self._results.items()}
