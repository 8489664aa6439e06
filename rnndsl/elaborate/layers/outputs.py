"""The outputs of one application: the plain one, which is its value, and named ones, which are read from it by name."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.evaluate.indexing import family_index
from rnndsl.elaborate.evaluate.unify import alone
from rnndsl.elaborate.layers.statements import Declared
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance, ScanResult, Tensor, Value
from rnndsl.names.declaring import names_itself
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import names as name_codes
from rnndsl.text.codes import places
from rnndsl.text.source import Span

OF_SCANS = ("last", "final", "fw", "bw", "states", "lengths")
"""What a scan gives under names of its own."""


def name(session: Session, named: tree.Name | tree.IndexedName, env: Env) -> str:
    """The name of an output, of a member of a family with its index: `o_0`."""
    if isinstance(named, tree.Name) or named.index is None:
        return named.name
    return f"{named.name}_{family_index(session, named.index, env)}"


def value(session: Session, statement: tree.Output, env: Env) -> Value:
    """What an output is worth; a named one is an equation too, evaluated once."""
    if statement.name is None or names_itself(statement):
        return session.evaluate(statement.value, env)
    return lookup.bound(session, env.frame().names[name(session, statement.name, env)])


def of_application(session: Session, declared: Declared, instance: Instance) -> Value:
    """The plain output, with the named ones. Raises SpecError if there is not one plain output."""
    definition = instance.constructor.definition
    plain = [each for each in declared.outputs if each[0].name is None]
    if not plain:
        places.no_output(definition.header, definition.kind, definition.name.name, bool(declared.outputs)).throw()
    if len(plain) > 1:
        places.two_outputs(plain[1][0].span, definition.name.name, plain[0][0].span).throw()
    statement, env = plain[0]
    output = _as_output(session, statement, env)
    named = {**_handed_on(session, declared), **_named(session, declared)}
    if not named:
        return output
    if not isinstance(output, Tensor | ScanResult):
        output = session.tensor(output, statement.value.span)
    return replace(output, named={**output.named, **named})


def _as_output(session: Session, statement: tree.Output, env: Env) -> Value:
    found = value(session, statement, env)
    if lookup.is_tensor(found) or isinstance(found, list):
        return found
    return alone(session, found, statement.value.span, env)


def _named(session: Session, declared: Declared) -> dict[str, Value]:
    """Raises SpecError if two have one name, or one has a name that a scan's results have."""
    named: dict[str, Value] = {}
    places_of: dict[str, Span] = {}
    for statement, env in declared.outputs:
        if statement.name is None:
            continue
        own = name(session, statement.name, env)
        if own in OF_SCANS:
            places.name_of_scans(statement.name.span, own, OF_SCANS).throw()
        if own in named:
            name_codes.output_twice(statement.name.span, own, places_of[own]).throw()
        named[own], places_of[own] = _as_output(session, statement, env), statement.name.span
    return named


def _handed_on(session: Session, declared: Declared) -> dict[str, Value]:
    """The named outputs of what `output ... = value` names; of two of one name the later one's."""
    found: dict[str, Value] = {}
    for statement, env in declared.handed_on:
        of = session.evaluate(statement.value, env)
        if not isinstance(of, Tensor | ScanResult):
            places.nothing_to_hand_on(statement.value.span, describe(of)).throw()
        found.update(of.named)
    return found
