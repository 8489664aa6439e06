"""The compiler and its artefacts, for Python: `rnndsl.compile` and `rnndsl.load`.

folder = rnndsl.compile("specs/sunspots.rnn", "build/sunspots", units=16)
model = rnndsl.load(folder)
for _ in range(100):
    print(model.train("step", x=x, y=y)["mse"])
forecast = model.predict(x=x)["prediction"]
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from rnndsl.arrays.npy import Archive, write_npz
from rnndsl.arrays.values import Array, agree, fit, fit_all
from rnndsl.artefact.manifest import SignatureInfo, TrainingInfo, to_json
from rnndsl.artefact.reading.opening import declared, open_artefact
from rnndsl.backends.jit import JITS, Jit
from rnndsl.backends.tensorflow.loading import computed, load_module, to_tensors, variables_of
from rnndsl.backends.tensorflow.names import op_name
from rnndsl.driver import Emit, Job, Level
from rnndsl.elaborate import SettingError
from rnndsl.plan.function import artefact_name
from rnndsl.plan.model import TensorType
from rnndsl.plan.replicas import is_replicated, replicated_name
from rnndsl.regular import replacing
from rnndsl.text.fault import CallError
from rnndsl.text.faults import calls as faults
from rnndsl.text.faults import workers
from rnndsl.text.faults.settings import one_model

Arrays = Mapping[str, Any]


def compile(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    /,
    *,
    model: str | None = None,
    opt_level: Level = 1,
    jit: Jit = "auto",
    recompute: bool = False,
    emit: Sequence[Emit] = (),
    sizes: Mapping[str, int] | None = None,
    settings: Mapping[str, object] | None = None,
    **parameters: object,
) -> Path:
    """Compile one model of the spec at `path` and return the artefact's folder.

    `output` is that folder, replaced as a whole if it holds an artefact; a folder that is removed when Python ends if it is
    None. `model` chooses one of several models. `parameters` are the model's constructor parameters, as in
    `compile(path, units=64)`; `settings` gives them as a mapping, for those that are named like an argument of this function.
    `opt_level` 0 is the plain reference. `jit` says whether XLA compiles recurrences: `auto` of training steps and wide ones.
    `recompute`: training keeps the states of scans at few steps and runs those between again, as `scan(…, recompute = true)` does.
    `emit=["meta-graph"]` writes a TF1-style MetaGraph too, `emit=["stablehlo"]` a StableHLO module of each
    function, for axes of these `sizes`.

    Raises DiagnosticsError if the spec is wrong or a file cannot be read or written, SettingError for a
    wrong model or parameter, ValueError for another level or `jit`, or other axes. Nothing is then written.
    """
    if opt_level not in (0, 1):
        raise CallError(faults.no_level(opt_level))
    if jit not in JITS:
        raise CallError(faults.no_jit(jit, JITS))
    job = Job(Path(path))
    module = job.resolve()
    models = [m for m in module.models() if model in (None, m.name.name)]
    if len(models) != 1:
        names = [m.name.name for m in module.models()]
        raise SettingError(one_model(path, model, names))
    values = {models[0].name.name: {**(settings or {}), **parameters}}
    plan = job.optimise(job.plan(module, models, values)[0], opt_level, jit, recompute=recompute)
    folder = Path(output) if output is not None else _temporary(plan.name)
    job.check_target(plan, folder)
    job.check_sizes(plan, emit, sizes or {})
    job.write(plan, folder, job.pretrained(plan), level=opt_level, jit=jit, emit=emit, sizes=sizes, recompute=recompute)
    return folder


def load(folder: str | os.PathLike[str]) -> Loaded:
    """Open the artefact in `folder`. Imports TensorFlow.

    Raises FileNotFoundError if there is no artefact, ValueError if it is damaged or of another version.
    """
    return Loaded(Path(folder))


class Loaded:
    """An artefact in memory. Its variables start with the stored values; training changes them in memory only.

    Inputs and results are NumPy arrays by name. An input is converted to the dtype of the signature where no number is lost: a
    float is rounded, `2**32 + 1`, `1.7` or `"1"` is no i32. Every call raises ValueError for missing, unknown or misshapen
    inputs, for values that do not fit, for lengths that do not agree, and for what the computation itself cannot do with the
    values; TypeError for inputs that are no mapping.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest = open_artefact(folder)
        self._module: Any = load_module(folder)
        self._paths = {op_name(v.path): v.path for v in self._manifest.variables}
        self._tensors = variables_of(self._module, self._paths.values())

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the artefact, as JSON: variables, collections, signatures, provenance."""
        return json.loads(to_json(self._manifest))

    @property
    def signatures(self) -> tuple[str, ...]:
        """The names of the signatures."""
        return tuple(sorted(self._module.signatures))

    @property
    def collections(self) -> dict[str, tuple[str, ...]]:
        """The paths of variables by collection."""
        return {name: tuple(self._path(v) for v in members) for name, members in self._module.collections.items()}

    @property
    def variables(self) -> dict[str, Array]:
        """Copies of the present values of all variables, by path."""
        return {path: np.array(variable.numpy()) for path, variable in self._tensors.items()}

    def assign(self, values: Arrays) -> None:
        """Set variables by path. Raises KeyError for an unknown path, ValueError for a misfit; none is set then."""
        types = {v.path: declared(v) for v in self._manifest.variables}
        for path in values:
            if path not in types:
                raise KeyError(str(faults.no_variable(path, types)))
        fitting = {path: fit(path, value, types[path]) for path, value in values.items()}
        for path, value in fitting.items():
            self._tensors[path].assign(value)

    def call(self, signature: str, inputs: Arrays | None = None, /, **named: Any) -> dict[str, Array]:
        """Call any signature by name: its results, as the manifest orders them. Raises ValueError also for an unknown one.

        Under `tf.distribute.MultiWorkerMirroredStrategy` a training step is taken by all workers together, each of which gives its
        own rows of the batch; the artefact must have been compiled with `emit=["replicas"]`. On replicas of other strategies
        ValueError is raised.
        """
        info = self._signature(signature)
        if info.kind in ("apply", "gradients"):
            raise CallError(faults.takes_variables(signature))
        wanted = {i.name: declared(i) for i in info.inputs}
        tensors = to_tensors(fit_all(signature, wanted, {**_mapping("inputs", inputs), **named}))
        function, place = self._among_workers(info) if info.kind == "train" else (signature, {})
        results = computed(signature, lambda: self._module.signatures[function](**tensors, **to_tensors(place)))
        return {name: results[name] for name in dict.fromkeys([*(x.name for x in info.outputs), *results]) if name in results}

    def predict(self, inputs: Arrays | None = None, /, **named: Any) -> dict[str, Array]:
        """The model's outputs."""
        return self.call("predict", inputs, **named)

    def evaluate(self, inputs: Arrays | None = None, /, **named: Any) -> dict[str, Array]:
        """Every loss and metric. Changes nothing but carried state."""
        return self.call("evaluate", inputs, **named)

    def train(self, name: str, inputs: Arrays | None = None, /, **named: Any) -> dict[str, Array]:
        """One step of the model's `train NAME`: its update ops, then the optimizer. The loss and metrics before the step."""
        return self.call(name, inputs, **named)

    def initialize(self) -> dict[str, Array]:
        """Every variable's initial value, by path. Assigns nothing: see `reset`."""
        paths = {artefact_name(path): path for path in self._tensors}
        return {paths.get(name, name): value for name, value in self.call("initialize").items()}

    def reset(self) -> None:
        """Set every variable to its initial value."""
        self.call("reset")

    def reset_states(self) -> None:
        """Clear the states that are carried from call to call."""
        self.call("reset_states")

    def apply(self, variables: Arrays, inputs: Arrays, *, step: int = 0) -> dict[str, Array]:
        """The outputs as a pure function of variables (by path) and inputs; `step` numbers the random draws.

        Of `variables`, those that the function does not read, an optimizer's own, are let be.
        """
        values, data, at = self._pure("apply", step, variables=variables, inputs=inputs)
        return computed("apply", lambda: self._module.apply(values, data, at))

    def gradients(self, variables: Arrays, inputs: Arrays, targets: Arrays | None = None, *, step: int = 0) -> dict[str, Any]:
        """`loss`, `gradients` by path and `updates` (new values of updated variables by path), as a pure function like `apply`."""
        values, data, wanted, at = self._pure("gradients", step, variables=variables, inputs=inputs, targets=targets)
        return computed("gradients", lambda: self._module.gradients(values, data, wanted, at))

    def save(self, folder: str | os.PathLike[str], *training: TrainingInfo) -> Path:
        """Write the artefact with the present values of its variables to `folder`, which may be the one it came from. Returns it.

        An optimizer's variables and the counter of random draws are kept, so that training goes on where it was; states that are
        carried from call to call are not. `initialize` and `reset` go back to where they did before. `training` joins the
        records of the manifest. Raises DiagnosticsError if the folder cannot be written.
        """
        from rnndsl.artefact.resave import resave

        resave(self.folder, self._manifest, self.variables, Path(folder), training)
        return Path(folder)

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write the present values of all variables to a `.npz`, by path. Raises OSError."""
        with replacing(Path(path)) as file:
            write_npz(file, self.variables)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Set the variables to those of a `.npz` that `save_weights` wrote. Raises as `assign`, and ValueError for another file."""
        with Archive(Path(path)) as archive:
            self.assign({name: archive.read(name) for name in archive.headers})

    def _path(self, variable: Any) -> str:
        name: str = variable.name.split(":")[0]
        return self._paths.get(name, name)

    def _signature(self, name: str) -> SignatureInfo:
        found = next((s for s in self._manifest.signatures if s.name == name), None)
        if found is None:
            raise CallError(faults.no_signature(name, self.signatures))
        if found.absent is not None:
            raise CallError(faults.absent(name, found.absent))
        return found

    def _among_workers(self, info: SignatureInfo) -> tuple[str, dict[str, Array]]:
        """The training step as this process takes it, and what it is told beside the inputs: its place among the workers."""
        from rnndsl.backends.workers import ALONE, GROUP, here

        worker = here(info.name)
        if worker == ALONE or is_replicated(info.name):
            return info.name, {}
        name = replicated_name(info.name)
        if all(s.name != name for s in self._manifest.signatures):
            raise CallError(workers.not_replicated(info.name))
        own = {x.name for x in info.inputs}
        place = np.array([GROUP, worker.of, worker.at], np.int32)
        return name, {x.name: place for x in self._signature(name).inputs if x.name not in own}

    def _pure(self, name: str, step: int, **groups: Arrays | None) -> list[Any]:
        """The arguments of a pure function: a dict for each of `groups`, and `step`."""
        info = self._signature(name)
        known = {v.path for v in self._manifest.variables}
        fitting: dict[str, tuple[Array, TensorType]] = {}
        arguments: list[Any] = []
        for group, given in groups.items():
            wanted = {i.name: declared(i) for i in info.inputs if i.argument == group}
            values = _mapping(group, given)
            if group == "variables":
                values = {path: value for path, value in values.items() if path in wanted or path not in known}
            arrays = fit_all(name, wanted, values)
            fitting.update({each: (array, wanted[each]) for each, array in arrays.items() if group != "variables"})
            arguments.append(to_tensors(arrays))
        agree(fitting)
        return [*arguments, to_tensors({"step": fit("step", step, TensorType("i64"))})["step"]]


def _mapping(what: str, given: object) -> Mapping[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(str(faults.no_mapping(what, given)))
    return cast("Mapping[str, Any]", given or {})


def _temporary(name: str) -> Path:
    root = Path(tempfile.mkdtemp(prefix="rnndsl-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root / name
