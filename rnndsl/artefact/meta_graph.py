"""The model as a TF1-style MetaGraph: `graph.meta`, and its values in `graph.ckpt`.

The bodies of the module's functions are copied into one graph, each under a scope `graph-function/NAME`, on one set of
variables and one placeholder for each input. Above them stand operations with the names of the plan: inputs, outputs,
losses, metrics, update ops, and `train/NAME` for each training call; one whose name is taken has `_` behind it, and the
manifest says what each is called. Outputs are those of `predict`; losses, metrics and update ops those of the first
training call that computes them, so that a session may fetch them together with its train op. `evaluate/NAME` are losses
and metrics outside training.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnndsl.artefact.canonical import canonicalise_meta_graph
from rnndsl.artefact.manifest import MetaGraphInfo
from rnndsl.artefact.session_variables import EMBEDDED_BYTES, SessionVariables
from rnndsl.backends.tensorflow.functions import input_spec
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.function import artefact_name
from rnndsl.plan.model import Plan

META = "graph.meta"
CHECKPOINT = "graph.ckpt"
_KEYS = {"global_variables": ("global_variables", "variables")}
"""TensorFlow's own key of the global variables is `variables`; both are written."""
_OF_VARIABLES = frozenset({"variables", "trainable_variables", "local_variables", "model_variables", "moving_average_variables"})
"""Keys that TensorFlow reads back as variables. What it finds under others are tensors: there the
variables' values stand, as `graph-values/PATH`."""


def write_meta_graph(plan: Plan, module: Any, folder: Path) -> MetaGraphInfo:
    """Write `graph.meta` and `graph.ckpt.*` to `folder`. Returns the names of what a session can feed, fetch and run.

    Raises OSError and `tf.errors.OpError`.
    """
    variables = SessionVariables(module, EMBEDDED_BYTES)
    graph = tf.Graph()
    with graph.as_default(), tf.name_scope("graph-own"):  # what is not given a name of the plan's meets none
        variables.create()
        builder = _Builder(plan, module, variables)
        builder.build()
        saver = tf.compat.v1.train.Saver(variables.saved, name="graph-saver").as_saver_def() if variables.saved else None
        _add_collections(graph, plan, builder, variables)
        meta_graph = tf.compat.v1.train.export_meta_graph(graph=graph, saver_def=saver, strip_default_attrs=True)
    _separate(meta_graph, f"{plan.name}-{canonicalise_meta_graph(meta_graph)}")
    (folder / META).write_bytes(meta_graph.SerializeToString(deterministic=True))
    if variables.saved:
        variables.write(folder / CHECKPOINT)
    return builder.info()


class _Builder:
    """Fills the graph. The dicts are of tensors and operations, by names of the plan."""

    def __init__(self, plan: Plan, module: Any, variables: SessionVariables) -> None:
        self.plan, self.module, self.variables = plan, module, variables
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.losses: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self.evaluated: dict[str, Any] = {}
        self.updates: dict[str, Any] = {}
        self.trains: dict[str, Any] = {}
        self.resets: dict[str, Any] = {}

    def build(self) -> None:
        for x in self.plan.inputs:
            spec = input_spec(x)
            self.inputs[x.name] = tf.compat.v1.placeholder(spec.dtype, spec.shape, name=_exactly(x.name))
        for train in self.plan.trains:
            if train.name in self.module.signature_functions:
                self._train(train.name)
        self._infer()
        self._resets()

    def info(self) -> MetaGraphInfo:
        named = {
            key: {name: found.name for name, found in getattr(self, key).items()}
            for key in ("inputs", "outputs", "losses", "metrics", "evaluated", "updates", "trains", "resets")
        }
        return MetaGraphInfo(**named)

    def _train(self, name: str) -> None:
        copy = self._copy(name, early=True)
        for kind, items in ((self.losses, self.plan.losses), (self.metrics, self.plan.metrics)):
            self._name_results(copy, kind, [x.name for x in items])
        for update in self.plan.updates:
            operation = copy.operation(op_name(update.name))
            if update.name in self.updates or operation is None:
                continue
            with tf.control_dependencies([operation]):
                self.updates[update.name] = tf.no_op(name=_free(update.name))
        self.trains[name] = copy.group(f"train/{name}")
        for key, tensor in copy.results.items():
            tf.identity(tensor, name=_free(f"train/{name}/{key}"))

    def _infer(self) -> None:
        functions = self.module.signature_functions
        if "predict" in functions:
            self._name_results(self._copy("predict"), self.outputs, [x.name for x in self.plan.outputs])
        if "evaluate" not in functions:
            return
        copy = self._copy("evaluate")
        for items, kind in ((self.plan.losses, self.losses), (self.plan.metrics, self.metrics)):
            self._name_results(copy, self.evaluated, [x.name for x in items], scope="evaluate/")
            for x in items:
                if x.name not in kind:
                    kind[x.name] = tf.identity(self.evaluated[x.name], name=_free(x.name))

    def _resets(self) -> None:
        """`reset` gives every variable its initial value; `reset_states` clears what is carried from call to call."""
        variables = self.variables.by_path
        carried = [variables[v.path].initializer for v in self.plan.variables if v.kind == "carried"]
        with tf.control_dependencies([v.initializer for v in variables.values()]):
            self.resets["reset"] = tf.no_op(name=_free("reset"))
        if carried:
            with tf.control_dependencies(carried):
                self.resets["reset_states"] = tf.no_op(name=_free("reset_states"))

    def _name_results(self, copy: _Copy, found: dict[str, Any], names: list[str], scope: str = "") -> None:
        """Give results of a call their names in the graph, unless they have been given to those of an earlier call."""
        for name in names:
            if name not in found and artefact_name(name) in copy.results:
                found[name] = tf.identity(copy.results[artefact_name(name)], name=_free(f"{scope}{name}"))

    def _copy(self, name: str, *, early: bool = False) -> _Copy:
        function = self.module.signature_functions[name].get_concrete_function()
        return _Copy(name, function, self.inputs, self.variables, early=early)


class _Copy:
    """The body of a function in the graph.

    results: its results by name; if not `early`, to compute one is to run all that a call does.
    effects: the operations that every call runs.
    """

    def __init__(self, name: str, function: Any, inputs: dict[str, Any], variables: SessionVariables, *, early: bool) -> None:
        body = function.graph
        sources = {placeholder.op.name: variables.captured(outside) for outside, placeholder in body.captures}
        captured = set(sources)
        for placeholder in body.inputs:
            if placeholder.op.name not in captured:
                sources[placeholder.op.name] = inputs[placeholder.op.get_attr("_user_specified_name").decode()]
        definition = body.as_graph_def(add_shapes=True)
        kept = [node for node in definition.node if node.name not in sources]
        del definition.node[:]
        definition.node.extend(kept)
        read = {name.split(":")[0].lstrip("^") for node in kept for name in node.input}
        self.scope = f"graph-function/{name}"
        mapped = {f"{source}:0": tensor for source, tensor in sources.items() if source in read}
        tf.import_graph_def(definition, input_map=mapped, name=f"{self.scope}/")
        self._graph = tf.compat.v1.get_default_graph()
        self._sources = sources
        self.results = {key: self._tensor(_value(tensor) if early else tensor) for key, tensor in _named(function)}
        self.effects = [self._graph.get_operation_by_name(f"{self.scope}/{op.name}") for op in body.control_outputs]

    def operation(self, name: str) -> Any:
        """The copy of the operation `name` of the body, or None."""
        try:
            return self._graph.get_operation_by_name(f"{self.scope}/{name}")
        except KeyError:
            return None

    def group(self, name: str) -> Any:
        """An operation that runs all that a call does."""
        with tf.control_dependencies([*self.effects, *(x.op for x in self.results.values())]):
            return tf.no_op(name=_free(name))

    def _tensor(self, tensor: Any) -> Any:
        if tensor.op.name in self._sources:
            return self._sources[tensor.op.name]
        return self._graph.get_tensor_by_name(f"{self.scope}/{tensor.name}")


def _separate(meta_graph: Any, model: str) -> None:
    """Variables of the same path in different models are different resources, though one graph may import both."""
    for node in meta_graph.graph_def.node:
        if node.op == "VarHandleOp":
            node.attr["shared_name"].s = f"{model}/{node.name}".encode()


def _exactly(name: str) -> str:
    """A name that TensorFlow takes as it is. It would number one that differs from another in case alone."""
    return f"{op_name(name)}/"


def _free(name: str) -> str:
    """`name`, with `_` behind it while something in the graph has it: an output may be called as an input is, or `reset`."""
    graph = tf.compat.v1.get_default_graph()
    while _has(graph, op_name(name)):
        name += "_"
    return _exactly(name)


def _has(graph: Any, name: str) -> bool:
    try:
        graph.get_operation_by_name(name)
    except KeyError:
        return False
    return True


def _value(tensor: Any) -> Any:
    """A result without the wait for all that its function does, which `tf.function` adds as an identity."""
    return tensor.op.inputs[0] if tensor.op.type == "Identity" else tensor


def _named(function: Any) -> Iterator[tuple[str, Any]]:
    structured: dict[str, Any] = function.graph.structured_outputs or {}
    yield from sorted(structured.items())


def _add_collections(graph: Any, plan: Plan, builder: _Builder, variables: SessionVariables) -> None:
    """Each collection of the plan under its name. Optimizers' own variables are global; train ops are in `train_op`, and in
    `summaries`, which TensorFlow merges, summaries of the variables."""
    results = {**builder.metrics, **builder.losses, **builder.updates}
    values = {p: tf.identity(v.value(), name=_exactly(f"graph-values/{p}")) for p, v in variables.by_path.items()}
    members: dict[str, dict[str, None]] = {name: dict.fromkeys(listed) for name, listed in plan.collections.items()}
    known = {v.path for v in plan.variables}
    joined = [
        *((name, update.name) for update in plan.updates for name in update.collections),
        *((loss.collection, loss.name) for loss in plan.losses if loss.collection),
        *(("global_variables", path) for path in variables.by_path if path not in known),
        *(("train_op", name) for name in builder.trains),
    ]
    for collection, item in joined:
        members.setdefault(collection, {}).setdefault(item)
    for collection, listed in members.items():
        for key in _KEYS.get(collection, (collection,)):
            items = {**results, **(variables.by_path if key in _OF_VARIABLES else values)}
            items = builder.trains if key == "train_op" else items  # a `train` may be called as a variable is
            for item in listed:
                if item in items:
                    graph.add_to_collection(key, _summary(item, values[item]) if key == "summaries" else items[item])


def _summary(path: str, value: Any) -> Any:
    wide, name = tf.cast(value, tf.float64), _exactly(f"graph-summaries/{path}")
    if wide.shape.rank:
        return tf.raw_ops.HistogramSummary(tag=path, values=wide, name=name)
    return tf.raw_ops.ScalarSummary(tags=path, values=wide, name=name)
