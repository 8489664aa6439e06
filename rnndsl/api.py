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

from rnndsl.artefact.arrays import Array
from rnndsl.driver import Emit, Job, Level
from rnndsl.elaborate import SettingError
from rnndsl.text.diagnostics import did_you_mean

Arrays = Mapping[str, Any]


def compile(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    /,
    *,
    model: str | None = None,
    opt_level: Level = 2,
    emit: Sequence[Emit] = (),
    settings: Mapping[str, object] | None = None,
    **parameters: object,
) -> Path:
    """Compile one model of the spec at `path` and return the artefact's folder.

    `output` is that folder, replaced as a whole if it holds an artefact; a folder that is removed when Python ends if it is
    None. `model` chooses one of several models. `parameters` are the model's constructor parameters, as in
    `compile(path, units=64)`; `settings` gives them as a mapping, for those that are named like an argument of this function.
    `opt_level` 0 is the plain reference. `emit=["meta-graph"]` writes a TF1-style MetaGraph too.

    Raises DiagnosticsError if the spec is wrong or a file cannot be read or written, SettingError for a
    wrong model or parameter. Nothing is then written.
    """
    job = Job(Path(path))
    module = job.resolve()
    models = [m for m in module.models() if model in (None, m.name.name)]
    if len(models) != 1:
        names = [m.name.name for m in module.models()]
        problem = "has no model" if not names else f"has the models {', '.join(names)}: choose one by `model=`"
        raise SettingError(f"{path} {problem}", did_you_mean(model or "", names))
    values = {models[0].name.name: {**(settings or {}), **parameters}}
    plan = job.optimise(job.plan(module, models, values)[0], opt_level)
    folder = Path(output) if output is not None else _temporary(plan.name)
    job.check_target(plan, folder)
    job.write(plan, folder, level=opt_level, emit=emit)
    return folder


def load(folder: str | os.PathLike[str]) -> Loaded:
    """Open the artefact in `folder`. Imports TensorFlow. Raises FileNotFoundError if it is no artefact."""
    return Loaded(Path(folder))


class Loaded:
    """An artefact in memory. Its variables start with the stored values; training changes them in memory only.

    Inputs and results are NumPy arrays by name; inputs are converted to the dtype of the signature. Every call may raise
    ValueError for missing, unknown or misshapen inputs.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "saved_model.pb").is_file():
            raise FileNotFoundError(f"{folder} holds no artefact")
        from rnndsl.backends.tensorflow.quiet import import_tensorflow

        import_tensorflow()
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        self.folder = folder
        self._module: Any = tf.saved_model.load(str(folder))
        self._tensors: dict[str, Any] = self._by_path()

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the artefact, as JSON: variables, collections, signatures, provenance."""
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    @property
    def signatures(self) -> tuple[str, ...]:
        """The names of the signatures."""
        return tuple(sorted(self._module.signatures))

    @property
    def collections(self) -> dict[str, tuple[str, ...]]:
        """The paths of variables by collection."""
        return {name: tuple(_path(v) for v in members) for name, members in self._module.collections.items()}

    @property
    def variables(self) -> dict[str, Array]:
        """Copies of the present values of all variables, by path."""
        return {path: np.array(variable.numpy()) for path, variable in self._tensors.items()}

    def assign(self, values: Arrays) -> None:
        """Set variables by path. Raises KeyError for an unknown path and ValueError for a wrong shape; nothing is then set."""
        for path, value in values.items():
            if path not in self._tensors:
                raise KeyError(f"no variable `{path}`; {did_you_mean(path, self._tensors) or ''}")
            if tuple(np.shape(value)) != tuple(self._tensors[path].shape) and self._tensors[path].shape.is_fully_defined():
                raise ValueError(f"`{path}` has the shape {tuple(self._tensors[path].shape)}, not {tuple(np.shape(value))}")
        for path, value in values.items():
            self._tensors[path].assign(value)

    def call(self, signature: str, inputs: Arrays | None = None, /, **named: Any) -> dict[str, Array]:
        """Call any signature by name. Raises ValueError for inputs that do not fit, and for training on several replicas."""
        if signature not in self._module.signatures:
            raise ValueError(f"no signature `{signature}`; there are {', '.join(self.signatures)}")
        self._need_one_replica(signature)
        function = self._module.signatures[signature]
        specs: dict[str, Any] = function.structured_input_signature[1]
        results = function(**_tensors({**(inputs or {}), **named}, specs, signature))
        return {name: value.numpy() for name, value in results.items()}

    def _need_one_replica(self, signature: str) -> None:
        from rnndsl.backends.tensorflow.call import need_one_replica, replicas

        if replicas() > 1 and any(x["kind"] == "train" and x["name"] == signature for x in self.manifest["signatures"]):
            need_one_replica(signature)

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
        paths = {path.replace("/", "_").replace(".", "_"): path for path in self._tensors}
        return {paths.get(name, name): value for name, value in self.call("initialize").items()}

    def reset(self) -> None:
        """Set every variable to its initial value."""
        self.call("reset")

    def reset_states(self) -> None:
        """Clear the states that are carried from call to call."""
        self.call("reset_states")

    def apply(self, variables: Arrays, inputs: Arrays, *, step: int = 0) -> dict[str, Array]:
        """The outputs as a pure function of variables (by path) and inputs; `step` numbers the random draws."""
        return _numpy(self._module.apply(*self._pure(variables, inputs, step)))

    def gradients(self, variables: Arrays, inputs: Arrays, targets: Arrays | None = None, *, step: int = 0) -> dict[str, Any]:
        """`loss`, `gradients` by path and `updates` (new values of updated variables by path), as a pure function."""
        values, data, at = self._pure(variables, inputs, step)
        return _numpy(self._module.gradients(values, data, _as_tensors(targets or {}), at))

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write the present values of all variables to a `.npz`, by path."""
        with Path(path).open("wb") as file:
            np.savez(file, **self.variables)  # pyright: ignore[reportArgumentType]

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Set the variables to the values of a `.npz` that `save_weights` wrote."""
        with np.load(path, allow_pickle=False) as archive:
            self.assign({name: archive[name] for name in archive.files})

    def _by_path(self) -> dict[str, Any]:
        names = ("global_variables", "local_variables")
        return {_path(v): v for name in names for v in self._module.collections.get(name, ())}

    def _pure(self, variables: Arrays, inputs: Arrays, step: int) -> tuple[dict[str, Any], dict[str, Any], Any]:
        from rnndsl.backends.tensorflow.tensorflow_module import tf

        values = {path: tf.cast(tf.convert_to_tensor(v), self._tensors[path].dtype) for path, v in variables.items()}
        return values, _as_tensors(inputs), tf.constant(step, tf.int64)


def _tensors(given: dict[str, Any], specs: dict[str, Any], signature: str) -> dict[str, Any]:
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    for name in given:
        if name not in specs:
            raise ValueError(f"`{signature}` takes no `{name}`; it takes {', '.join(specs) or 'nothing'}")
    missing = [name for name in specs if name not in given]
    if missing:
        raise ValueError(f"`{signature}` wants `{missing[0]}` too: {specs[missing[0]].shape}")
    arrays = {name: np.asarray(value) for name, value in given.items()}
    for name, array in arrays.items():
        if not specs[name].shape.is_compatible_with(array.shape):
            raise ValueError(f"`{name}` is {specs[name].dtype.name}{specs[name].shape}, not an array of shape {array.shape}")
    return {name: tf.constant(array.astype(specs[name].dtype.as_numpy_dtype)) for name, array in arrays.items()}


def _as_tensors(values: Arrays) -> dict[str, Any]:
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    return {name: tf.convert_to_tensor(value) for name, value in values.items()}


def _numpy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _numpy(inner) for key, inner in cast("Mapping[str, Any]", value).items()}
    return value.numpy()


def _path(variable: Any) -> str:
    return variable.name.split(":")[0]


def _temporary(name: str) -> Path:
    root = Path(tempfile.mkdtemp(prefix="rnndsl-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root / name
