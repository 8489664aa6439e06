"""An artefact as TensorFlow Federated's `FunctionalModel`: a function of weights and data, which its pure functions are."""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnndsl.artefact.reading.plain import tensor_type
from rnndsl.federated.opened import Opened, needed
from rnndsl.federated.sharing import Sharing, sharing
from rnndsl.text.fault import CallError
from rnndsl.text.faults import calls
from rnndsl.text.faults import federated as faults

_CALLS = 2**62
"""Numbers of calls, which random draws are made of."""


def tff_model(artefact: str | os.PathLike[str], *, train: str | None = None) -> Any:
    """The artefact in its folder `artefact` as a `tff.learning.models.FunctionalModel`. Imports TensorFlow and the engine.

    Its weights are the variables that `train`, which may be left out if there is one, averages and differentiates, and as not
    trainable all others of the model, each in order of path; the attribute `paths` has both lists. A batch is a pair: the inputs
    and the targets, by name and in the order of their names. The loss is that of `gradients`, a training pass, also where the
    engine evaluates; the optimizer is the engine's. The metrics are `loss`, the mean over all examples, and `num_examples`.

    Raises FileNotFoundError if there is no artefact, ValueError if it is damaged, has no such signature or nothing to be averaged,
    or if something is personal, since a client of this engine keeps nothing; ModuleNotFoundError if it is not installed. Warns of
    variables that updates would write, which nothing writes here.
    """
    models = needed("tensorflow_federated", "tensorflow-federated", "TensorFlow Federated").learning.models
    opened = Opened(Path(artefact))
    shared = sharing(opened.manifest, train)
    passes = _Passes(opened, shared)
    _check(shared, passes.paths)
    values = opened.variables
    model = models.FunctionalModel(
        initial_weights=tuple(tuple(values[path] for path in paths) for paths in passes.paths),
        predict_on_batch_fn=passes.forward(),
        loss_fn=passes.loss,
        metrics_fns=_metrics(),
        input_spec=(passes.spec("inputs"), passes.spec("targets")),
    )
    model.paths = passes.paths
    return model


def _check(shared: Sharing, paths: tuple[Sequence[str], Sequence[str]]) -> None:
    """Whether the engine does what the collections say."""
    personal = [path for path in shared.kept if path in paths[1]]
    if personal:
        raise CallError(faults.personal(personal))
    unwritten = [path for path in shared.averaged if path in paths[1]]
    if unwritten:
        warnings.warn(str(faults.not_updated(unwritten)), stacklevel=3)


class _Passes:
    """`apply` and `gradients` of an artefact, as the engine calls them. `paths`: of trainable and of other weights."""

    def __init__(self, opened: Opened, shared: Sharing) -> None:
        self._module, self._shared = opened.module, shared
        taken = {x["name"]: x["inputs"] for x in opened.manifest["signatures"] if not x["absent"]}
        if "gradients" not in taken:
            raise CallError(calls.no_signature("gradients", sorted(taken)))
        self._data = [x for x in taken["gradients"] if x["argument"] in ("inputs", "targets")]
        self._applied = [x["name"] for x in taken["apply"] if x["argument"] == "inputs"]
        trained = next(x["variables"] for x in opened.manifest["trains"] if x["name"] == shared.train)
        of_model = sorted(x["name"] for x in taken["gradients"] if x["argument"] == "variables")
        trainable = tuple(path for path in shared.averaged if path in trained)
        self.paths = (trainable, tuple(path for path in of_model if path not in trainable))

    def spec(self, group: str) -> OrderedDict[str, Any]:
        """What a batch has of `inputs` or `targets`, by name."""
        from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf

        data = sorted((x["name"], tensor_type(x["dtype"], x["shape"])) for x in self._data if x["argument"] == group)
        return OrderedDict((name, tf.TensorSpec([*(None for _ in t.axes), *t.dims], DTYPES[t.dtype])) for name, t in data)

    def forward(self) -> Any:
        """`predict_on_batch`: the outputs, and all else that the loss is a function of. What comes first, in the order of names,
        has a row for each example, since that is what the engine counts."""
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        @tf.function
        def predict(weights: Any, x: Any, training: bool) -> Any:
            found = {"examples": tf.range(self._examples(x)), "inputs": x, "weights": weights}
            if training:
                return found
            at = tf.constant(0, tf.int64)
            return {**found, "outputs": self._module.apply(self._by_path(weights), {n: x[n] for n in self._applied}, at)}

        return predict

    def loss(self, output: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, which a tape differentiates by the derivatives that the artefact brings."""
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        del sample_weight
        trainable, other = output["weights"]

        @tf.custom_gradient
        def of(*weights: Any) -> Any:
            found = self._module.gradients(self._by_path((weights, other)), dict(output["inputs"]), dict(label), self._call())

            def back(upstream: Any) -> list[Any]:
                return [upstream * found["gradients"][path] for path in self.paths[0]]

            return found["loss"], back

        return of(*trainable)

    def _by_path(self, weights: Any) -> dict[str, Any]:
        trainable, other = (zip(paths, values, strict=True) for paths, values in zip(self.paths, weights, strict=True))
        return {**dict(trainable), **dict(other)}

    def _examples(self, x: Mapping[str, Any]) -> Any:
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        rows = [(name, place) for name, place in self._shared.rows.items() if name in x]
        return tf.shape(x[rows[0][0]])[rows[0][1]] if rows else 1

    def _call(self) -> Any:
        """The number of a call: each has draws of its own, if there are any. The engine has no number to give."""
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        if self._shared.counter is None:
            return tf.constant(0, tf.int64)
        return tf.random.uniform([], maxval=_CALLS, dtype=tf.int64)


def _metrics() -> tuple[Any, Any, Any]:
    """The loss and the number of examples: their start, their sum, their end."""
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    def of(loss: Any, count: Any) -> OrderedDict[str, Any]:
        return OrderedDict([("loss", loss), ("num_examples", count)])

    @tf.function
    def start() -> Any:
        return of(tf.constant(0.0, tf.float64), tf.constant(0, tf.int64))

    @tf.function
    def add(state: Any, labels: Any, batch_output: Any, sample_weight: Any = None) -> Any:
        del labels, sample_weight
        count = tf.cast(batch_output.num_examples, tf.int64)
        loss = tf.cast(batch_output.loss, tf.float64) * tf.cast(count, tf.float64)
        return of(state["loss"] + loss, state["num_examples"] + count)

    @tf.function
    def end(state: Any) -> Any:
        return of(tf.math.divide_no_nan(state["loss"], tf.cast(state["num_examples"], tf.float64)), state["num_examples"])

    return start, add, end
