"""Three rounds of TensorFlow Federated, in a process that is ended from outside: ARTEFACT, and the file for what it found."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

from rnndsl.federated import tff_model
from tests.peers.federating import CLIENTS, ROUNDS, batches


def data(client: int, number: int) -> Any:
    held = [*batches(client, number)]
    x, y = (np.concatenate([batch[name] for batch in held]) for name in ("x", "y"))
    return tf.data.Dataset.from_tensor_slices((OrderedDict(x=x), OrderedDict(y=y))).batch(3 + client)


def main(artefact: Path, target: Path) -> None:
    model = tff_model(artefact)
    step = tff.learning.optimizers.build_sgdm
    process = tff.learning.algorithms.build_weighted_fed_avg(model, client_optimizer_fn=step(0.1), server_optimizer_fn=step(1.0))
    state = process.initialize()
    found = {f"first/{path}": value for path, value in named(model, process.get_model_weights(state))}
    losses = []
    for number in range(1, ROUNDS + 1):
        result = process.next(state, [data(k, number) for k in range(CLIENTS)])
        state = result.state
        losses.append(result.metrics["client_work"]["train"]["loss"])
    weights = process.get_model_weights(state)
    found |= {f"last/{path}": value for path, value in named(model, weights)}
    evaluation = tff.learning.algorithms.build_fed_eval(model)
    begun = evaluation.set_model_weights(evaluation.initialize(), weights)
    metrics = evaluation.next(begun, [data(k, 9) for k in range(CLIENTS)]).metrics
    now = metrics["client_work"]["eval"]["current_round_metrics"]
    np.savez(target, losses=losses, evaluated=now["loss"], examples=now["num_examples"], **found)


def named(model: Any, weights: Any) -> list[tuple[str, np.ndarray]]:
    groups = zip(model.paths, (weights.trainable, weights.non_trainable), strict=True)
    return [pair for paths, values in groups for pair in zip(paths, values, strict=True)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # its worker would be waited for
