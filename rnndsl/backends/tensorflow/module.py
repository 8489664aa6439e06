"""A plan as a `tf.Module`: its variables, and its functions with signatures by the names of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnndsl.backends.tensorflow.calls import Inference, Model
from rnndsl.backends.tensorflow.functions import by_name, input_spec
from rnndsl.backends.tensorflow.pure import Apply, Gradients
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.backends.tensorflow.training import GradientTrainer
from rnndsl.backends.tensorflow.variables import InitialValue, Variables, default_initial_value
from rnndsl.derive.stream import stream_plan
from rnndsl.plan.model import Named, Plan, PlanInput, Signature


class CompiledModule(tf.Module):
    """What `build` makes.

    signature_functions: each signature's `tf.function`, by name; attributes of the same names too, and `apply` and `gradients`.
    collections: variables by collection. variables_by_path: every variable, optimizers' own after the plan's.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(name=plan.name)  # pyright: ignore[reportUnknownMemberType]
        self.variables_by_path: dict[str, Any] = {}
        self.initial_values: dict[str, Any] = {}
        self.collections: dict[str, list[Any]] = {}
        self.signature_functions: dict[str, Any] = {}

    def add_function(self, name: str, function: Any, *, signature: bool = True) -> None:
        """Make `function` an attribute, unless there is one of that name, and a signature unless told otherwise."""
        if signature:
            self.signature_functions[name] = function
        if name != "signatures" and not hasattr(self, name):  # that one is TensorFlow's
            setattr(self, name, function)


def build(
    plan: Plan,
    *,
    initial: InitialValue = default_initial_value,
) -> CompiledModule:
    """Lower `plan`. `initial`: from a variable and the seed to its initial value."""
    return _Builder(plan, initial).build()


class _Builder:
    def __init__(self, plan: Plan, initial: InitialValue) -> None:
        if any(v.device for v in plan.variables):
            tf.config.set_soft_device_placement(True)
        self.plan = plan
        self.model = Model(plan, Variables(plan, initial))
        self.module = CompiledModule(plan)
        self.absent = {x.name for x in plan.signatures if x.absent is not None}

    def build(self) -> CompiledModule:
        trained = [(train.name, GradientTrainer(self.model, train)) for train in self.plan.trains]
        self._hold_variables([path for _, trainer in trained for path in trainer.paths])
        self._inference()
        for name, trainer in trained:
            self._add(name, trainer.inputs(), trainer)
        self._resets()
        self._pure()
        return self.module

    def _hold_variables(self, own: list[str]) -> None:
        """Attributes that make the variables part of the saved object; optimizers' own are in `global_variables` alone."""
        variables, module = self.model.variables, self.module
        module.variables_by_path = dict(variables.tensors)
        module.initial_values = variables.stored_initials()
        members = {name: [p for p in paths if p in variables.tensors] for name, paths in self.plan.collections.items()}
        known = members.get("global_variables", [])
        members["global_variables"] = list(dict.fromkeys([*known, *own]))
        module.collections = {name: [variables.tensors[p] for p in paths] for name, paths in members.items()}

    def _add(self, name: str, inputs: list[str], call: Callable[[dict[str, Any]], Any]) -> None:
        if name in self.absent:
            return
        self.module.add_function(name, by_name(name, self._inputs(self.plan, inputs), call))

    def _inputs(self, plan: Plan, names: list[str]) -> list[PlanInput]:
        return [x for x in plan.inputs if x.name in names]

    def _inference(self) -> None:
        plan = self.plan
        if plan.outputs:
            self._infer("predict", list(plan.outputs))
        if plan.losses or plan.metrics:
            self._infer("evaluate", [*plan.losses, *plan.metrics])
        for signature in plan.signatures:
            if signature.kind == "custom":
                self._infer(signature.name, self._chosen(signature))
        stream = own_stream(plan)
        if stream is not None:
            self._stream(stream)

    def _chosen(self, signature: Signature) -> list[Named]:
        by_name_ = {x.name: x for x in self.plan.outputs}
        return [by_name_[name] for name in signature.outputs]

    def _infer(self, name: str, items: list[Named]) -> None:
        call = Inference(self.model, items)
        self._add(name, call.inputs(), call)

    def _stream(self, plan: Plan) -> None:
        """One time step. Nothing is carried in variables: states come in and go out."""
        call = Inference(Model(plan, self.model.variables), list(plan.outputs))
        self.module.add_function("stream", by_name("stream", self._inputs(plan, call.inputs()), call))

    def _resets(self) -> None:
        variables = self.model.variables
        stored = variables.of_kind("param", "var")
        carried = variables.of_kind("carried")

        def initialize(_: dict[str, Any]) -> dict[str, Any]:
            return {path: variables.initial[path].tensor() for path in stored}

        def reset(_: dict[str, Any]) -> dict[str, Any]:
            variables.reset()
            return {}

        def reset_states(_: dict[str, Any]) -> dict[str, Any]:
            variables.clear(carried)
            return {}

        self._add("initialize", [], initialize)
        self._add("reset", [], reset)
        if carried:
            self._add("reset_states", [], reset_states)

    def _pure(self) -> None:
        """`apply` and `gradients`: functions of dicts, so no signatures. `step` (0 if left out) stands for the call counter."""
        if self.plan.outputs:
            self._apply()
        gradients = Gradients(self.model)
        if gradients.losses:
            self._gradients(gradients)

    def _apply(self) -> None:
        call = Apply(self.model, list(self.plan.outputs))
        specs = [self._variable_specs(), self._specs(call.inputs()), tf.TensorSpec([], tf.int64, name="step")]

        def apply(variables: Any, inputs: Any, step: Any = 0) -> Any:
            return call(variables, inputs, step)

        self.module.add_function("apply", tf.function(apply, input_signature=specs, autograph=False), signature=False)

    def _gradients(self, call: Gradients) -> None:
        names = call.inputs()
        kinds = {x.name: x.kind for x in self.plan.inputs}
        inputs = self._specs([name for name in names if kinds[name] == "input"])
        targets = self._specs([name for name in names if kinds[name] == "target"])
        specs = [self._variable_specs(), inputs, targets, tf.TensorSpec([], tf.int64, name="step")]

        def gradients(variables: Any, inputs: Any, targets: Any, step: Any = 0) -> Any:
            return call(variables, inputs, targets, step)

        self.module.add_function("gradients", tf.function(gradients, input_signature=specs, autograph=False), signature=False)

    def _specs(self, names: list[str]) -> dict[str, Any]:
        return {x.name: input_spec(x) for x in self._inputs(self.plan, names)}

    def _variable_specs(self) -> dict[str, Any]:
        stored = (v for v in self.plan.variables if v.kind in ("param", "var"))
        return {v.path: tf.TensorSpec(v.shape, DTYPES[v.dtype], name=v.path) for v in stored}


def own_stream(plan: Plan) -> Plan | None:
    """The plan of one time step, unless the model has none or its signatures say so."""
    if any(x.name == "stream" and x.absent is not None for x in plan.signatures):
        return None
    made = stream_plan(plan)
    return None if isinstance(made, str) else made
