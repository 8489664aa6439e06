"""An artefact as a client of Flower (https://flower.ai): a `NumPyClient`, whose arrays have no names and stand in order of path."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnndsl.arrays.values import Array, DataError
from rnndsl.federated.keeping import Keeping
from rnndsl.federated.opened import Opened, needed
from rnndsl.federated.sharing import sharing
from rnndsl.federated.working import Values, Worker
from rnndsl.text.faults import federated as faults

Batches = Iterable[Mapping[str, Any]]


def flower_client(
    artefact: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    client: str,
    batches: Callable[[int], Batches],
    held_out: Batches = (),
    *,
    train: str | None = None,
) -> Any:
    """The artefact in its folder `artefact` as a `flwr.client.NumPyClient`, named `client`. Imports TensorFlow and Flower.

    It trains by the signature `train`, which may be left out if there is one, on the `batches` of a round, whose number they are
    given, and evaluates on `held_out`: inputs by name. What it keeps is in `folder`, in a file of its name. The round is the
    `server_round` of the configuration that a strategy sends, or else the one after the last that the file tells. Its `paths` are
    those of the variables whose arrays it takes and gives.

    Raises FileNotFoundError if there is no artefact, ValueError if it is damaged, or has no such signature or nothing to be
    averaged; ModuleNotFoundError if Flower is not installed.
    """
    flwr = needed("flwr.client", "flwr", "Flower")
    model = Opened(Path(artefact))
    worker = Worker(model, sharing(model.manifest, train))
    keeping = Keeping(Path(folder), {"artefact": model.manifest["sha256"], "train": worker.sharing.train})
    member = _Member(worker, keeping, client)

    class Client(flwr.NumPyClient):
        """What Flower calls."""

        paths = worker.sharing.averaged

        def get_parameters(self, config: Mapping[str, Any]) -> list[Array]:
            """The values that the artefact has."""
            del config
            return [_sent(worker.first[path]) for path in worker.sharing.averaged]

        def fit(self, parameters: Sequence[Array], config: Mapping[str, Any]) -> tuple[list[Array], int, dict[str, Any]]:
            """One round."""
            number = int(config.get("server_round", keeping.rounds(client) + 1))
            return member.fit(parameters, number, batches(number))

        def evaluate(self, parameters: Sequence[Array], config: Mapping[str, Any]) -> tuple[float, int, dict[str, Any]]:
            """What is held out, after the last round."""
            del config
            return member.evaluate(parameters, held_out)

    return Client()


class _Member:
    """A client of a server that is elsewhere."""

    def __init__(self, worker: Worker, keeping: Keeping, client: str) -> None:
        self._worker, self._keeping, self._client = worker, keeping, client

    def fit(self, parameters: Sequence[Array], number: int, batches: Batches) -> tuple[list[Array], int, dict[str, Any]]:
        before = self._keeping.before(self._client, number)
        update = self._worker.fit(self._client, self._named(parameters), before, batches)
        if update.examples:
            self._keeping.write(self._client, number, before, update.kept)
        return [_sent(value) for value in update.averaged.values()], update.examples, dict(update.results)

    def evaluate(self, parameters: Sequence[Array], batches: Batches) -> tuple[float, int, dict[str, Any]]:
        number = self._keeping.rounds(self._client) + 1
        kept = self._keeping.before(self._client, number)
        examples, results = self._worker.evaluate(self._client, self._named(parameters), kept, batches)
        losses = [results[name] for name in self._worker.sharing.losses if name in results]
        return sum(losses) if losses else math.nan, examples, dict(results)

    def _named(self, parameters: Sequence[Array]) -> Values:
        paths = self._worker.sharing.averaged
        if len(parameters) != len(paths):
            raise DataError(faults.arrays(len(parameters), paths))
        return dict(zip(paths, parameters, strict=True))


def _sent(value: Array) -> Array:
    """As Flower's files of arrays have it: they have no bf16."""
    return value.astype(np.float32) if value.dtype.name == "bfloat16" else value
