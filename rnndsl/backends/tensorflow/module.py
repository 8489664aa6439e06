"""A plan as a `tf.Module`: its variables, and its functions with signatures by the names of inputs."""

from __future__ import annotations

from typing import Any

from rnndsl.backends.jit import Jit, compiles
from rnndsl.backends.tensorflow.call import Call
from rnndsl.backends.tensorflow.compiled.sharing import Shared
from rnndsl.backends.tensorflow.functions import by_name, input_spec
from rnndsl.backends.tensorflow.tensorflow_module import DTYPES, tf
from rnndsl.backends.tensorflow.variables import InitialValue, Variables, default_initial_value
from rnndsl.plan.function import OUTSIDE_TRAINING, Function
from rnndsl.plan.model import Plan


class CompiledModule(tf.Module):
    """What `build` makes.

    signature_functions: each signature's `tf.function`, by name; attributes of the same names too, and the pure functions.
    collections: variables by collection. variables_by_path: every variable.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(name=plan.name)  # pyright: ignore[reportUnknownMemberType]
        self.variables_by_path: dict[str, Any] = {}
        self.initial_values: dict[str, Any] = {}
        self.collections: dict[str, list[Any]] = {}
        self.signature_functions: dict[str, Any] = {}

    def add_function(self, name: str, function: Any, *, signature: bool = True) -> None:
        """Make `function` an attribute, unless there is one of that name or it is none, and a signature unless told otherwise."""
        if signature:
            self.signature_functions[name] = function
        if name.isidentifier() and name != "signatures" and not hasattr(self, name):  # that one is TensorFlow's
            setattr(self, name, function)


def build(
    plan: Plan,
    *,
    initial: InitialValue = default_initial_value,
    jit: Jit = "never",
) -> CompiledModule:
    """Lower the functions of `plan`. `initial`: from a variable and the seed to its initial value. `jit`: whether XLA compiles
    recurrences."""
    return _Builder(plan, initial, jit).build()


class _Builder:
    def __init__(self, plan: Plan, initial: InitialValue, jit: Jit) -> None:
        if any(v.device for v in plan.variables):
            tf.config.set_soft_device_placement(True)
        self.plan = plan
        self.jit: Jit = jit
        self.variables = Variables(plan, initial)
        self.shared = Shared()
        self.module = CompiledModule(plan)

    def build(self) -> CompiledModule:
        backs = {name: x for x in self.plan.pullbacks for name in x.forward}
        calls = [self._call(function, backs.get(function.name)) for function in self.plan.functions]
        self._hold_variables()
        for call in calls:
            if call.function.pure:
                self.module.add_function(call.function.name, self._pure(call), signature=False)
            else:
                self.module.add_function(call.function.name, by_name(call.function.name, call.function.inputs, call))
        return self.module

    def _call(self, function: Function, back: Function | None) -> Call:
        """One that a tape may go through is compiled only with what the tape takes for its derivative."""
        apart = function.kind not in OUTSIDE_TRAINING or back is not None
        compiled = apart and compiles(function, self.jit)
        return Call(function, self.variables, shared=self.shared if compiled else None, back=back)

    def _hold_variables(self) -> None:
        """Attributes that make the variables part of the saved object."""
        variables, module = self.variables, self.module
        module.variables_by_path = dict(variables.tensors)
        module.initial_values = variables.stored_initials()
        listed = {name: () if name == "train_op" else paths for name, paths in self.plan.collections.items()}  # those are ops
        members = {name: [p for p in paths if p in variables.tensors] for name, paths in listed.items()}
        module.collections = {name: [variables.tensors[p] for p in paths] for name, paths in members.items()}

    def _pure(self, call: Call) -> Any:
        """A function of dicts, so no signature. `step` (0 if left out) stands for the call counter."""
        inputs, targets = (self._specs(call, *kinds) for kinds in (("input",), ("target",)))
        step = tf.TensorSpec([], tf.int64, name="step")
        if call.function.kind == "apply":

            def apply(variables: Any, inputs: Any, step: Any = 0) -> Any:
                return call.pure(variables, inputs, step)

            specs = [self._variable_specs(), self._specs(call, "input", "target"), step]
            return tf.function(apply, input_signature=specs, autograph=False)

        def gradients(variables: Any, inputs: Any, targets: Any, step: Any = 0) -> Any:
            return {"gradients": {}, "updates": {}, **call.pure(variables, {**inputs, **targets}, step)}

        return tf.function(gradients, input_signature=[self._variable_specs(), inputs, targets, step], autograph=False)

    def _specs(self, call: Call, *kinds: str) -> dict[str, Any]:
        return {x.name: input_spec(x) for x in call.function.inputs if x.kind in kinds}

    def _variable_specs(self) -> dict[str, Any]:
        stored = (v for v in self.plan.variables if v.kind in ("param", "var"))
        return {v.path: tf.TensorSpec(v.shape, DTYPES[v.dtype], name=v.path) for v in stored}
