"""What TensorFlow says of a SavedModel, and of a run of it, as an error of Python's in one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from rnndsl.backends.tensorflow.names import op_name
from rnndsl.backends.tensorflow.paths import plain_path
from rnndsl.backends.tensorflow.quiet import import_tensorflow
from rnndsl.text.fault import CallError, LittleMemoryError, WorkerError
from rnndsl.text.faults import calls as faults
from rnndsl.text.faults import workers

_FRAME = re.compile(r"^(Graph execution error:|Detected at node|<stack traces|\s*\[\[|.*Original stack trace)")
_OPERATION = re.compile(r"^\{\{function_node [^}]*\}\}\s*|\s*\[Op:\w+\].*$|\s*name:\s*$|\s*\[\[.*$")


def load_module(folder: Path) -> Any:
    """The SavedModel in `folder`. Imports TensorFlow. Raises CallError for what it cannot read."""
    import_tensorflow()
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    try:
        with plain_path(folder) as path:
            return tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises many kinds, some plain RuntimeErrors
        raise CallError(faults.not_loaded(folder, tf.__version__, sentence(error))) from error


@contextmanager
def told(name: str) -> Generator[None]:
    """Errors of TensorFlow inside, while `name` runs, become CallErrors; LittleMemoryError where there is too little memory."""
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        raise WorkerError(workers.lost(name, sentence(error))) from None
    except tf.errors.ResourceExhaustedError as error:
        raise LittleMemoryError(faults.memory(name, sentence(error))) from None
    except (tf.errors.OpError, TypeError, ValueError, KeyError, AttributeError) as error:  # the latter if the graph is another
        raise CallError(faults.fails(name, sentence(error))) from None


def variables_of(module: Any, paths: Iterable[str]) -> dict[str, Any]:
    """The variables of a loaded module by path; `paths` are those of all that the manifest has."""
    known = {op_name(path): path for path in paths}
    held = [v for name in ("global_variables", "local_variables") for v in module.collections.get(name, ())]
    names: list[tuple[str, Any]] = [(v.name.split(":")[0], v) for v in held]
    return {known.get(name, name): variable for name, variable in names}


def to_tensors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays by name as TensorFlow has them."""
    from rnndsl.backends.tensorflow.tensorflow_module import tf

    return {name: tf.constant(array) for name, array in arrays.items()}


def computed(name: str, function: Callable[[], Any]) -> Any:
    """What `function` returns, as arrays. Raises CallError for what TensorFlow cannot do with the values it was given."""
    with told(name):
        return _numpy(function())


def _numpy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _numpy(inner) for key, inner in cast("Mapping[str, Any]", value).items()}
    return value.numpy()


def sentence(error: Exception) -> str:
    """The first line of a message that says what is wrong, and not where in the graph."""
    lines = (_OPERATION.sub("", line).strip() for line in str(error).splitlines() if not _FRAME.match(line))
    return next((line for line in lines if line), type(error).__name__)
