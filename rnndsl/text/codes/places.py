"""Diagnostics of what stands where, and under which name, RNN0112 to RNN0119 and RNN0121 to RNN0124: see `rnndsl.text.codes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import quoted

UNNAMED_LAYER = Code("RNN0112", "layer without a name")
MODEL_AS_LAYER = Code("RNN0115", "model used as a layer")
UNUSED_LAYER = Code("RNN0116", "layer never applied")
NO_OUTPUT = Code("RNN0117", "no output")
TWO_OUTPUTS = Code("RNN0118", "two outputs")
MISPLACED = Code("RNN0119", "statement out of place")
PATH_TAKEN = Code("RNN0121", "path taken")
ARTEFACT_NAMES_MEET = Code("RNN0122", "names meet in the artefact")
RESERVED_PATH = Code("RNN0123", "reserved name")
REQUIRED = Code("RNN0124", "requirement not met")

SHORT = 40
"""A constructor below so many characters is shown as it is written."""


# ---------------------------------------------------------------- layers and outputs


def unnamed_layer(span: Span, name: str) -> Diagnostic:
    """A block or cell that owns variables, applied where it is made; `span` is of its constructor."""
    written = span.text if len(span.text) < SHORT else f"{name}(…)"
    return _unnamed(span, name).suggest(f"write `layer name = {written}` and apply `name`")


def unnamed_cell(span: Span, name: str, function: str) -> Diagnostic:
    """A cell that is made where `function` runs it."""
    return _unnamed(span, name).suggest(f"write `layer name = {span.text}` and give `name` to `{function}`")


def _unnamed(span: Span, name: str) -> Diagnostic:
    return UNNAMED_LAYER(span, f"`{name}` owns variables, so it has to be named before it is applied")


def model_as_layer(span: Span, name: str) -> Diagnostic:
    return MODEL_AS_LAYER(span, f"`{name}` is a model: it is compiled, not applied")


def optimizer_as_layer(span: Span, name: str) -> Diagnostic:
    return MODEL_AS_LAYER(span, f"`{name}` is an optimizer: it stands in `train NAME = {name}(…)`")


def unused_layer(span: Span, path: str) -> Diagnostic:
    return UNUSED_LAYER(span, f"the layer `{path}` is never applied, so its variables have no shape")


def no_output(span: Span, kind: str, name: str, has_named: bool = False) -> Diagnostic:
    """Of a block or cell; `has_named`: it has outputs, but none that is the value of an application."""
    if has_named:
        return NO_OUTPUT(span, f"the {kind} `{name}` has named outputs alone").suggest(
            "`output value`, without a name, is what an application is worth"
        )
    return NO_OUTPUT(span, f"the {kind} `{name}` has no `output`")


def no_result(span: Span, name: str) -> Diagnostic:
    """Of a model."""
    return no_output(span, "model", name).suggest("write `output name = …`, or a `loss`")


def two_outputs(span: Span, name: str, first: Span) -> Diagnostic:
    wrong = TWO_OUTPUTS(span, f"`{name}` has two outputs without a name: a block or cell has one")
    return wrong.note("the first is here", first).suggest("`output name = value` is read as `.name` of the application")


def name_of_scans(span: Span, name: str, names: Iterable[str]) -> Diagnostic:
    """A named output called as something that every scan has."""
    return RESERVED_PATH(span, f"an output cannot be called `{name}`: scans give {quoted(names)} of their own")


def nothing_to_hand_on(span: Span, what: str) -> Diagnostic:
    return MISPLACED(span, f"`output ... = value` hands on the named outputs of an application, and this is {what}")


def hand_on_in_model(span: Span) -> Diagnostic:
    return MISPLACED(span, "`output ... = value` has no place in a model").suggest("write `output name = value.name`")


# ---------------------------------------------------------------- out of place


def _misplaced(span: Span, what: str, where: str) -> Diagnostic:
    return MISPLACED(span, f"{what} has no place in {where}")


def range_as_value(span: Span) -> Diagnostic:
    return _misplaced(span, "a range", "an expression: it stands in `for` and between index brackets")


def of_model(span: Span, keyword: str, kind: str) -> Diagnostic:
    """A statement of models in a block or cell."""
    return _misplaced(span, f"`{keyword}`", f"a {kind}: it belongs to a model")


def of_optimizer(span: Span) -> Diagnostic:
    """A statement that starts at `span`, in an optimizer."""
    word = re.match(r"\w*", span.text)
    wrong = _misplaced(span, f"`{word[0] if word else ''}`", "an optimizer")
    return wrong.suggest("it has `var` slots, equations, `NAME <- …`, `require`, `if` and `for`")


def slot_clause(span: Span, name: str) -> Diagnostic:
    return _misplaced(span, "a collection, `bounds` or `frozen`", f"an optimizer: its slot `{name}` is in `global_variables` alone")


def write_outside(span: Span, name: str) -> Diagnostic:
    wrong = _misplaced(span, f"`{name} <- …`", "a block, cell or model: it belongs to an optimizer")
    return wrong.suggest(f"`=` defines a value, and `update {name} <- …` writes a `var` beside training")


def required(span: Span, text: str, values: Mapping[str, str], statement: Span) -> Diagnostic:
    """`span`: where the definition is used; `text`: what it requires, in its own words; `values`, in words, of what it asks."""
    wrong = REQUIRED(span, text)
    for name, value in values.items():
        wrong = wrong.note(f"`{name}` is {value}")
    return wrong.note("it is required here", statement)


def given_in_model(span: Span) -> Diagnostic:
    return _misplaced(span, "`given`", "a model: it belongs to a cell")


def initial_in_model(span: Span) -> Diagnostic:
    return _misplaced(span, "an initial value", "a model: it belongs to a cell")


def unnamed_output(span: Span, value: str) -> Diagnostic:
    """`value`: as written."""
    return _misplaced(span, "an output without a name", "a model").suggest(f"write `output name = {value}`")


def axis_of_variable(span: Span) -> Diagnostic:
    return _misplaced(span, "an axis", "the type of a variable: its shape is fixed")


def shared_defaults(span: Span, declared: Span) -> Diagnostic:
    """A `with` at a layer that is declared elsewhere."""
    wrong = _misplaced(span, "`with`", "a layer that is shared: its own declaration sets its defaults")
    return wrong.note("the layer is declared here", declared)


def from_outside(span: Span) -> Diagnostic:
    """A value of another graph in the step of a cell."""
    wrong = _misplaced(span, "a value from outside of it", "the step of a cell")
    return wrong.suggest("hand it to the cell as an input: `given`")


# ---------------------------------------------------------------- paths and names of the artefact


def path_taken(span: Span, path: str, first: Span | None) -> Diagnostic:
    taken = PATH_TAKEN(span, f"two things have the path `{path}`")
    return taken.note("the first is declared here", first) if first is not None else taken


def variable_taken(span: Span, path: str, other: Span) -> Diagnostic:
    """A variable at `path` in two layers; `other` is where the other one is declared."""
    taken = PATH_TAKEN(span, f"two things have the path `{path}`")
    return taken.note("of the layer that is declared here", other)


def names_meet(span: Span | None, first: str, second: str, name: str, other: Span | None) -> Diagnostic:
    """Two variables' paths that become one `name`; `other` is where the first is declared."""
    meets = _meet(span, first, second, name)
    return meets.note(f"`{first}` is declared here", other) if other is not None else meets


def arguments_meet(span: Span, first: str, second: str, other: Span) -> Diagnostic:
    meets = _meet(span, first, second, first)
    return meets.note("a signature's arguments differ in more than the case of letters", other)


def state_meets(name: str, first: str, state: str) -> Diagnostic:
    """A state of `stream` and another of its arguments or results."""
    meets = _meet(None, first, state, name)
    return meets.note(f"`{state}` is a state among the inputs and outputs of `stream`")


def _meet(span: Span | None, a: str, b: str, name: str) -> Diagnostic:
    return ARTEFACT_NAMES_MEET(span, f"`{a}` and `{b}` are both `{name}` in the artefact")


def _reserved(span: Span, name: str, use: str) -> Diagnostic:
    return RESERVED_PATH(span, f"`{name}` is reserved for {use}")


def optimizers_path(span: Span, name: str) -> Diagnostic:
    return _reserved(span, name, "the optimizers' variables, `train/NAME/…`")


def reserved_signature(span: Span, name: str) -> Diagnostic:
    return _reserved(span, name, "a signature of every model")


def reserved_measure(span: Span, name: str) -> Diagnostic:
    return _reserved(span, name, "a result of `levenberg_marquardt`")


def word_of_python(span: Span, name: str) -> Diagnostic:
    """An input that no argument of a method can be called."""
    return _reserved(span, name, "Python: TensorFlow takes no argument of this name").suggest(f"call it `{name}_`")


def leading_underscore(span: Span, name: str) -> Diagnostic:
    wrong = _reserved(span, name, "TensorFlow: a signature takes no argument of such a name")
    return wrong.suggest(f"call it `{name.lstrip('_') or 'x'}_`")
