"""Diagnostics of names and imports: see `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnndsl.text.codes import elsewhere
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import did_you_mean, quoted

UNKNOWN_NAME = Code("RNN0101", "unknown name")
DEFINED_TWICE = Code("RNN0102", "name defined twice")
IMPORT_CYCLE = Code("RNN0103", "import cycle")
NOT_IN_MODULE = Code("RNN0105", "name not in the imported file")
UNUSED_IMPORT = Code("RNN0106", "unused import", severity="warning")
IMPORTS_MODEL = Code("RNN0107", "import of a model")
UNKNOWN_ATTRIBUTE = Code("RNN0108", "unknown attribute")


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


def used_before(span: Span, name: str, defined: Span) -> Diagnostic:
    """`defined`: the place, further on."""
    order = "conditions, ranges, indices, sizes of inputs and states, and defaults are worked out in the order of the text"
    return _unknown(span, name).note("it is defined here, further on", defined).suggest(order)


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


def given_redefined(span: Span, name: str, optimizer: str) -> Diagnostic:
    return _twice(span, name).suggest(f"the optimizer `{optimizer}` is given it: take another name")


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


def collection_renamed(span: Span, name: str, alias: str) -> Diagnostic:
    wrong = NOT_IN_MODULE(span, f"a collection has one name everywhere, so `{name}` cannot be called `{alias}`")
    return wrong.suggest(f"write `{name}`")


def not_in_module(span: Span, name: str, module: str, known: Iterable[str]) -> Diagnostic:
    return NOT_IN_MODULE(span, f"`{name}` is not defined in {module}").suggest(did_you_mean(name, known))


def unused_import(span: Span, name: str) -> Diagnostic:
    return UNUSED_IMPORT(span, f"`{name}` is imported and not used")


def imports_model(span: Span, name: str) -> Diagnostic:
    kinds = "blocks, cells, functions, initializers, constants and layouts"
    return IMPORTS_MODEL(span, f"`{name}` is a model: only {kinds} can be imported")


# ---------------------------------------------------------------- attributes. `what`: the value, in words


def unknown_attribute(span: Span, what: str, name: str, known: Iterable[str]) -> Diagnostic:
    names = sorted(known)
    listed = f"it has {quoted(names)}" if names else None
    return _attribute(span, what, name).suggest(did_you_mean(name, names) or listed)


def foreign_attribute(span: Span, what: str, name: str) -> Diagnostic:
    """One of arrays and lists elsewhere: a key of `elsewhere.ATTRIBUTES` or of `elsewhere.NAMES`."""
    return _attribute(span, what, name).suggest(elsewhere.ATTRIBUTES.get(name) or elsewhere.NAMES[name])


def function_as_attribute(span: Span, what: str, name: str, written: str) -> Diagnostic:
    """`x.relu()`; `written`: the x."""
    return _attribute(span, what, name).suggest(f"write `{name}({written})`")


def not_applied_yet(span: Span, what: str, name: str) -> Diagnostic:
    return _attribute(span, what, name).suggest("its variables are known once it is applied")


def _attribute(span: Span, what: str, name: str) -> Diagnostic:
    return UNKNOWN_ATTRIBUTE(span, f"{what} has no `{name}`")
