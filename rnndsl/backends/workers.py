"""Workers that train together: processes that TensorFlow's `TF_CONFIG` names, each with a replica of its own."""

from __future__ import annotations

import json
import os
from typing import Any

from rnndsl.records import Immutable, record
from rnndsl.text.fault import CallError
from rnndsl.text.faults import calls
from rnndsl.text.faults import workers as faults

GROUP = 1
"""The number by which the collective operations of the workers of one strategy know each other."""


@record
class Worker(Immutable):
    """Worker `at` of so many, counted from 0. The first is the chief, who writes what they make."""

    at: int
    of: int


ALONE = Worker(0, 1)


def join() -> Any:
    """The strategy of the workers that `TF_CONFIG` names, once all of them are there. To be called before TensorFlow is used for
    anything else. Raises CallError where it names none."""
    if _count(os.environ.get("TF_CONFIG")) < 1:
        raise CallError(faults.no_workers())
    from rnndsl.backends.tensorflow.quiet import begin

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what it logs of a worker that is lost, the error says too
    return begin(_joined)


def _joined(tf: Any) -> Any:
    from rnndsl.backends.tensorflow.loading import sentence

    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise CallError(faults.not_joined(sentence(error))) from None


def _count(config: str | None) -> int:
    """How many workers `TF_CONFIG` names; 0 if it is none, or says not which of them this one is."""
    try:
        told = json.loads(config or "{}")
        cluster, task = told["cluster"], told["task"]
        return len(cluster.get("worker", [])) + len(cluster.get("chief", [])) if task["type"] in cluster else 0
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0


def of_strategy(strategy: Any) -> Worker | None:
    """Which worker of `strategy` this process is; None if the strategy has no workers with one replica each."""
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None:
        return None
    cluster: dict[str, Any] = resolver.cluster_spec().as_dict()
    chiefs, workers = (len(cluster.get(kind, ())) for kind in ("chief", "worker"))
    if chiefs + workers != strategy.num_replicas_in_sync:
        return None
    before = chiefs if resolver.task_type == "worker" else 0
    return Worker(before + resolver.task_id, chiefs + workers)


def here(function: str) -> Worker:
    """Which worker this process is under the `tf.distribute` strategy in force. Raises CallError for the training step `function`
    under one of other replicas."""
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return ALONE
    found = of_strategy(strategy)
    if found is None:
        raise CallError(calls.one_replica(function, strategy.num_replicas_in_sync))
    return found
