"""Diagnostics of names and imports: see `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnndsl.text.codes import elsewhere
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import did_you_mean

UNKNOWN_NAME = Code("RNN0101", "unknown name")
DEFINED_TWICE = Code("RNN0102", "name defined twice")
IMPORT_CYCLE = Code("RNN0103", "import cycle")
NOT_IN_MODULE = Code("RNN0105", "name not in the imported file")
UNUSED_IMPORT = Code("RNN0106", "unused import", severity="warning")
IMPORTS_MODEL = Code("RNN0107", "import of a model")
UNKNOWN_ATTRIBUTE = Code("RNN0108", "unknown attribute", "{what} has no `{name}`")
NOT_CALLABLE = Code("RNN0109", "not callable", "{what} cannot be called")
BAD_ARGUMENT = Code("RNN0110", "argument does not fit", "`{function}` {problem}")
WRONG_KIND = Code("RNN0111", "value of another kind", "{what} was given where {wanted} is wanted")
UNNAMED_LAYER = Code("RNN0112", "layer without a name", "`{name}` owns variables, so it has to be named before it is applied")
NOT_CONSTANT = Code("RNN0113", "not known at compile time", "{what} is not known at compile time")
MODEL_AS_LAYER = Code("RNN0115", "model used as a layer", "`{name}` is a model: it is compiled, not applied")
UNUSED_LAYER = Code("RNN0116", "layer never applied", "the layer `{path}` is never applied, so its variables have no shape")
NO_OUTPUT = Code("RNN0117", "no output", "{what} has no `output`")
TWO_OUTPUTS = Code("RNN0118", "two outputs", "`{name}` has two outputs: a block or cell has one")
MISPLACED = Code("RNN0119", "statement out of place", "{what} has no place in {where}")
ARITHMETIC = Code("RNN0120", "arithmetic error", "{problem}")
PATH_TAKEN = Code("RNN0121", "path taken", "two things have the path `{path}`")
ARTEFACT_NAMES_MEET = Code("RNN0122", "names meet in the artefact", "`{a}` and `{b}` are both `{name}` in the artefact")
RESERVED_PATH = Code("RNN0123", "reserved name", "`{name}` is reserved for {use}")


# ---------------------------------------------------------------- names that nothing defines


def unknown_name(span: Span, name: str, known: Iterable[str]) -> Diagnostic:
    return _unknown(span, name).suggest(did_you_mean(name, known))


def foreign_name(span: Span, name: str) -> Diagnostic:
    """A name of Python or of its libraries: a key of `elsewhere.NAMES`."""
    return _unknown(span, name).suggest(elsewhere.NAMES[name])


def foreign_module(span: Span, name: str, function: str, is_ours: bool) -> Diagnostic:
    """`tf.nn.relu(x)`, of which `name` is `tf` and `function` `relu`, which the language has too or has not."""
    ours = f"functions stand alone: write `{function}`"
    return _unknown(span, name).suggest(
        ours if is_ours else elsewhere.NAMES.get(function, f"functions stand alone, without `{name}`")
    )


def not_in_force(span: Span, name: str, defined: Span) -> Diagnostic:
    return _unknown(span, name).note("it is defined here, under a condition that does not hold", defined)


def in_scope(span: Span, name: str, scope: str) -> Diagnostic:
    return _unknown(span, name).suggest(f"it is defined in the scope `{scope}`: write `{scope}.{name}`")


def bare_collection(span: Span, name: str) -> Diagnostic:
    return _unknown(span, name).suggest(f"a collection is written `{{{name}}}`")


def not_imported(span: Span, name: str, module: str) -> Diagnostic:
    """A block or cell of the library's `module`."""
    return _unknown(span, name).suggest(f"write `import {module} ({name})`")


def _unknown(span: Span, name: str) -> Diagnostic:
    return UNKNOWN_NAME(span, f"`{name}` is not defined here")


# ---------------------------------------------------------------- names that are defined twice, and imports


def defined_twice(span: Span, name: str, first: Span) -> Diagnostic:
    return _twice(span, name).note("it is defined here first", first)


def declared_twice(span: Span, name: str, first: Span) -> Diagnostic:
    """An axis or a collection."""
    return _twice(span, name).note("it is declared here first", first)


def parameter_redefined(span: Span, name: str, parameter: Span) -> Diagnostic:
    return _twice(span, name).note("it is a parameter of the definition", parameter)


def field_twice(span: Span, name: str, first: Span) -> Diagnostic:
    """A field of a record."""
    return _twice(span, name).note("the first is here", first)


def output_twice(span: Span, name: str, first: Span) -> Diagnostic:
    return _twice(span, name).note("it is an output here", first)


def signature_twice(span: Span, name: str) -> Diagnostic:
    return _twice(span, name).suggest("each signature and training step has a name of its own")


def _twice(span: Span, name: str) -> Diagnostic:
    return DEFINED_TWICE(span, f"`{name}` is defined twice")


def import_cycle(span: Span, files: Sequence[str]) -> Diagnostic:
    """`files` by name, the first of them at the end again."""
    return IMPORT_CYCLE(span, f"these files import each other: {' → '.join(files)}")


def not_in_module(span: Span, name: str, module: str, known: Iterable[str]) -> Diagnostic:
    return NOT_IN_MODULE(span, f"`{name}` is not defined in {module}").suggest(did_you_mean(name, known))


def unused_import(span: Span, name: str) -> Diagnostic:
    return UNUSED_IMPORT(span, f"`{name}` is imported and not used")


def imports_model(span: Span, name: str) -> Diagnostic:
    kinds = "blocks, cells, functions, initializers, constants and layouts"
    return IMPORTS_MODEL(span, f"`{name}` is a model: only {kinds} can be imported")
