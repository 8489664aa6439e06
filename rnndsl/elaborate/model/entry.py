"""From a module with its imports to the plan of a model of it: settings, a session, and room for nested expressions."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from rnndsl.elaborate import expressions
from rnndsl.elaborate.evaluate.needs import needs
from rnndsl.elaborate.layers.ahead import old_state
from rnndsl.elaborate.model import settings
from rnndsl.elaborate.model.layouts import every
from rnndsl.elaborate.model.model import Elaboration
from rnndsl.elaborate.state.graphs import Graphs
from rnndsl.elaborate.state.reports import Reports
from rnndsl.elaborate.state.session import Session
from rnndsl.language.builtins import AXES, COLLECTIONS
from rnndsl.names.modules import ResolvedModule
from rnndsl.plan.layouts import Layout
from rnndsl.plan.model import Plan
from rnndsl.text.codes.sizes import MAX_DEPTH
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.sink import Sink

_CALLS_PER_EXPRESSION = 20
"""At most so many of Python's calls lie between an expression and one that is evaluated within it."""


def elaborate(module: ResolvedModule, name: str, given: Mapping[str, object], sink: Sink) -> Plan | None:
    """The plan of the model `name` of `module`, or None if it is faulty: `sink` then says why.

    `given` sets constructor parameters. Raises `settings.SettingError` if the model cannot take them.
    """
    model = next(m for m in module.models() if m.name.name == name)
    values = settings.read(model, given, module)
    session = _session(module, sink)
    try:
        with _room_for_nesting():
            return Elaboration(session, module, model, values).run()
    except Poisoned:
        return None


def layouts(module: ResolvedModule, name: str, given: Mapping[str, object]) -> list[tuple[str, Layout]]:
    """The layouts for each layer of the model `name`, which `elaborate` has a plan of: see `layouts.every`."""
    model = next(m for m in module.models() if m.name.name == name)
    session = _session(module, Sink())
    with _room_for_nesting():
        Elaboration(session, module, model, settings.read(model, given, module)).run()
        return list(every(session, module))


@contextmanager
def _room_for_nesting() -> Generator[None]:
    """Lets Python nest calls as deep as the budget lets expressions nest; the limit of before is set again at the end."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, MAX_DEPTH * _CALLS_PER_EXPRESSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _session(module: ResolvedModule, sink: Sink) -> Session:
    session = Session(Graphs(_axes(module)), Reports(sink), expressions.evaluate, needs, old_state)
    session.registry.collections = dict.fromkeys(COLLECTIONS)
    for each in module.reached():
        session.registry.collections.update({name: definition.sites[0].span for name, definition in each.collections.items()})
    session.graphs.builders.append(session.graphs.new_builder())
    return session


def _axes(module: ResolvedModule) -> list[str]:
    declared = (axis for each in module.reached() for axis in each.axes)
    return list(dict.fromkeys([*AXES, *declared]))
