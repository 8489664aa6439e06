"""Command lines that are wrong, and what a command says of the machine that it runs on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault
from rnndsl.text.wording import did_you_mean, quoted

# ---------------------------------------------------------------- commands, options, arguments


def no_command(name: str, known: Sequence[str]) -> Fault:
    return Fault(f"no command `{name}`", did_you_mean(name, known) or _commands(known))


def nothing_asked(known: Sequence[str]) -> Fault:
    return Fault("no command is given", _commands(known))


def _commands(known: Sequence[str]) -> str:
    return f"the commands are {', '.join(known)}"


def no_action(command: str, name: str, known: Sequence[str]) -> Fault:
    return Fault(f"`{command}` has no action `{name}`", did_you_mean(name, known) or _actions(known))


def no_action_given(known: Sequence[str]) -> Fault:
    return Fault("no action is given", _actions(known))


def _actions(known: Sequence[str]) -> str:
    return f"there are {', '.join(known)}"


def refused(prog: str, message: str) -> Fault:
    """`message`: the words of argparse."""
    return Fault(message, _see(prog))


def empty_argument(prog: str) -> Fault:
    return Fault("an argument is empty or holds a zero character", _see(prog))


def no_option(prog: str, name: str, known: Sequence[str]) -> Fault:
    return Fault(f"no option `{name}`", did_you_mean(name, known) or _see(prog))


def unexpected(prog: str, argument: str) -> Fault:
    return Fault(f"unexpected argument `{argument}`", _see(prog))


def _see(prog: str) -> str:
    return f"see `{prog} --help`"


def no_pair(option: str, text: str) -> Fault:
    return Fault(f"{option} wants NAME=VALUE, not `{text}`")


def set_twice(option: str, name: str) -> Fault:
    return Fault(f"{option} sets `{name}` twice")


# ---------------------------------------------------------------- models and artefacts


def no_loads(spec: str) -> Fault:
    """Of a spec whose loads were to say what a file holds."""
    return Fault(f"`{spec}` has no `load`, and no layer for a layout `--using`: nothing says how the file is to hold its variables")


def using_alone() -> Fault:
    return Fault("--using wants a --spec: an artefact does not hold what its layers are")


def no_models(spec: str) -> Fault:
    return Fault(f"there is no model in {spec}")


def no_model(name: str, spec: str, known: Sequence[str]) -> Fault:
    listed = f"the models are {', '.join(known)}" if known else "the file has no model"
    return Fault(f"no model `{name}` in {spec}", did_you_mean(name, known) or listed)


def choose_model(spec: str, count: int) -> Fault:
    return Fault(f"{spec} has {count or 'no'} models: choose one by --model")


def with_parameters(fault: Fault, models: Iterable[tuple[str, Sequence[str]]]) -> Fault:
    """`fault` of a setting, with what the models take: `model m takes units: int = 4`."""
    listed = "; ".join(f"model {name} takes {', '.join(params) or 'no parameters'}" for name, params in models)
    return Fault(fault.message, f"{listed}; give values by `--set NAME=VALUE`")


def compiled_already(*options: str) -> Fault:
    """`options`: those that cannot be given."""
    verb = "belongs" if len(options) == 1 else "belong"
    return Fault(f"{' and '.join(options)} {verb} to a spec; an artefact is already compiled")


def no_numpy_artefact() -> Fault:
    return Fault("--engine numpy interprets a spec; an artefact holds TensorFlow's graphs alone", "give the spec itself")


def no_numpy_weights() -> Fault:
    return Fault("--engine numpy takes the values that the spec starts with, and keeps none", "leave --engine numpy out")


def not_in_folder(folder: PurePath, model: str, known: Sequence[str]) -> Fault:
    return Fault(f"`{folder}` holds no model `{model}`", f"it holds {quoted(known)}")


def several_artefacts(folder: PurePath, count: int, known: Sequence[str]) -> Fault:
    return Fault(f"`{folder}` holds {count} artefacts", f"choose one by its folder or by --model: {quoted(known)}")


# ---------------------------------------------------------------- compile


def no_output() -> Fault:
    return Fault("the folder to write is missing", "give it as `-o DIR`")


def no_whole_size(text: str) -> Fault:
    return Fault(f"--sizes wants AXIS=N, N a whole number, and not `{text}`", "as in --sizes batch=32,time=100")


def sizes_alone() -> Fault:
    return Fault("--sizes are those of --emit stablehlo, which is missing")


def no_stage(name: str, level: int, known: Sequence[str]) -> Fault:
    help = did_you_mean(name, known) or f"the stages are {', '.join(known)}"
    return Fault(f"there is no stage `{name}` at level {level}", help)


def depfile_was_read(path: PurePath) -> Fault:
    return Fault(f"`{path}` was read: the depfile would take its place")


def depfile_in_artefact(path: PurePath, folder: PurePath) -> Fault:
    return Fault(f"`{path}` lies in `{folder}`, which is replaced as a whole", f"give a file beside it, `{folder}.d`")


def no_depfile_form(path: PurePath) -> Fault:
    return Fault(f"a depfile has no form for the name `{path}`")


# ---------------------------------------------------------------- the library


def not_in_library(name: str, known: Iterable[str]) -> Fault:
    near = did_you_mean(name.rpartition(".")[2], known)
    return Fault(f"the standard library has no `{name}`", near or "`rnndsl doc` lists it")


def in_modules(name: str, modules: Sequence[str]) -> Fault:
    return Fault(f"`{name}` is in {' and '.join(modules)}", f"say which: `{modules[0]}.{name}`")


def no_name(name: str) -> Fault:
    return Fault(f"`{name}` is not a name", "a name is of letters of the Latin alphabet, digits and `_`")


def word_of_language(name: str) -> Fault:
    return Fault(f"`{name}` is a word of the language, and no name")


def used_by_definition(name: str, definition: str) -> Fault:
    return Fault(f"the definition of {definition} uses `{name}` itself", "give another name")


# ---------------------------------------------------------------- the machine


def no_current_folder(error: OSError) -> Fault:
    return Fault(f"the current folder cannot be used: {error.strerror}")


def no_temporary_folder(error: OSError) -> Fault:
    return Fault(f"no temporary folder can be made: {error.strerror}", "set TMPDIR to a folder")


def no_temporary_room(spec: str, folder: str) -> Fault:
    wrong = f"there is no room to compile `{spec}`: the disk of `{folder}` is full"
    return Fault(wrong, "make room there, or set TMPDIR to another folder")


def closed_output() -> Fault:
    return Fault("standard output is closed")


def little_memory(reason: str) -> Fault:
    """`reason`: what is known of it, or nothing."""
    return Fault(reason or "there is too little memory")


def bug(kind: str, text: str, report: str | None) -> Fault:
    """`kind` and `text`: of the error. `report`: the file that has its traceback."""
    attached = f"`{report}`" if report else "the output of the same command with --traceback"
    help = f"please report it to the project's issue tracker, with the spec and {attached}"
    return Fault(f"this is a bug of rnndsl, not of your spec: {kind}: {text}", help)
