"""Diagnostics of names and imports: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

UNKNOWN_NAME = Code("RNN0101", "unknown name", "`{name}` is not defined here")
DEFINED_TWICE = Code("RNN0102", "name defined twice", "`{name}` is defined twice")
IMPORT_CYCLE = Code("RNN0103", "import cycle", "these files import each other: {cycle}")
NOT_IN_MODULE = Code("RNN0105", "name not in the imported file", "`{name}` is not defined in {module}")
UNUSED_IMPORT = Code("RNN0106", "unused import", "`{name}` is imported and not used", "warning")
IMPORTS_MODEL = Code(
    "RNN0107",
    "import of a model",
    "`{name}` is a model: only blocks, cells, functions, initializers, constants and layouts can be imported",
)
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
