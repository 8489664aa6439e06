"""Calls of a model's functions, by the command or from Python: `signature` and `function` are their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault
from rnndsl.text.wording import did_you_mean, quoted


def no_level(given: object) -> Fault:
    return Fault(f"there are the levels 0 and 1, and no {given}")


def no_jit(given: object, known: Sequence[str]) -> Fault:
    return Fault(f"`jit` is one of {', '.join(known)}, and not {given!r}")


def no_axis(axis: str, known: Sequence[str]) -> Fault:
    listed = f"the axes are {', '.join(known)}" if known else "the model has none"
    return Fault(f"no axis `{axis}` has a size to tell", did_you_mean(axis, known) or listed)


def no_size(axis: str, size: int) -> Fault:
    return Fault(f"`{axis}` has a size from 1 up, and not {size}")


def lacks_sizes(axes: Sequence[str]) -> Fault:
    return Fault(
        f"StableHLO has fixed sizes: that of {quoted(axes)} is missing",
        f"give --sizes {','.join(f'{a}=8' for a in axes)}, as you need them",
    )


def no_signature(signature: str, known: Sequence[str]) -> Fault:
    return Fault(f"no signature `{signature}`", did_you_mean(signature, known) or f"the signatures are {', '.join(known)}")


def absent(signature: str, why: str) -> Fault:
    return Fault(f"the model has no `{signature}`: {why}")


def takes_variables(signature: str) -> Fault:
    return Fault(f"`{signature}` takes the variables too: it is a method of its own")


def no_variable(path: str, known: Iterable[str]) -> Fault:
    return Fault(f"no variable `{path}`").suggest(did_you_mean(path, known))


def no_mapping(what: str, given: object) -> Fault:
    """`what`: the inputs, the variables and so on."""
    return Fault(f"the {what} are a mapping from names to arrays, not {type(given).__name__}")


def no_input(function: str, name: str, known: Sequence[str]) -> Fault:
    return Fault(f"`{function}` takes no `{name}`; it takes {quoted(known) or 'nothing'}")


def lacks_input(function: str, name: str, type: object) -> Fault:
    return Fault(f"`{function}` wants `{name}` too, {type}")


def lacks_files(signature: str, lacking: Mapping[str, object]) -> Fault:
    """`lacking`: the types of the inputs that no file is given for."""
    listed = ", ".join(f"{name}: {type}" for name, type in lacking.items())
    return Fault(f"`{signature}` wants {listed}", f"give it as `--input {next(iter(lacking))}=FILE`")


def no_file_input(signature: str, name: str, known: Sequence[str]) -> Fault:
    help = did_you_mean(name, known) or f"its inputs are {', '.join(known) or 'none'}"
    return Fault(f"`{signature}` has no input `{name}`", help)


def which_input(signature: str, known: Sequence[str]) -> Fault:
    listed = ", ".join(known) or "none"
    return Fault(f"`{signature}` takes the inputs {listed}: say which by --input NAME=FILE, or give a .npz of all")


def fails(function: str, reason: object) -> Fault:
    return Fault(f"`{function}` fails on these values: {reason}")


def memory(function: str, reason: str = "") -> Fault:
    return Fault(f"`{function}` needs more memory than there is{f': {reason}' if reason else ''}")


def one_replica(function: str, replicas: int) -> Fault:
    wrong = f"`{function}` trains on one replica, not on {replicas}: their weights would drift apart"
    return Fault(wrong, "use workers, a process each (tf.distribute.MultiWorkerMirroredStrategy), and --emit replicas")


def not_loaded(folder: PurePath, version: str, reason: str) -> Fault:
    """`version`: of TensorFlow."""
    return Fault(f"`{folder}` cannot be loaded by TensorFlow {version}: {reason}")


def other_keras(backend: str) -> Fault:
    return Fault(f"Keras runs on {backend} here", "set KERAS_BACKEND=tensorflow (or edit ~/.keras/keras.json)")


def other_weights(file: str, reason: str) -> Fault:
    return Fault(f"`{file}` has values of another model: {reason}")


# ---------------------------------------------------------------- remarks on a call that is well


def one_sequence(name: str, type: object, steps: str) -> Fault:
    """`steps`: how many, in words."""
    return Fault(f"`{name}` is {type}; its table is read as one sequence of {steps}, a row each")


def not_kept(signature: str) -> Fault:
    kept = "`rnndsl train` keeps it, and --save-weights writes it"
    return Fault(f"what `{signature}` changes is in memory alone, and gone now: {kept}")
