"""Selectors: patterns over the paths of variables, carried out once all variables are known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from rnndsl.elaborate.layers import variables
from rnndsl.elaborate.layers.defaults import joined
from rnndsl.elaborate.model import layouts, loading
from rnndsl.elaborate.state import origins
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerValue, Instance
from rnndsl.plan.model import Initializer, Load
from rnndsl.records import field, mutable
from rnndsl.syntax import tree
from rnndsl.text.codes import variables as codes
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.wording import similar


def matches(text: str, path: str) -> bool:
    """Whether the pattern `text` selects `path`: `*` is one segment or a part of one, `**` any number of segments.

    In time proportional to both lengths, whatever the pattern: no regular expression, which may take exponential time."""
    names = path.split("/")
    places = {0}
    for segment in text.split("/"):
        if segment == "**":
            places = set(range(min(places), len(names) + 1)) if places else places
        else:
            places = {i + 1 for i in places if i < len(names) and _part_matches(segment, names[i])}
    return len(names) in places


def _part_matches(pattern: str, name: str) -> bool:
    """Whether `name` is `pattern`, in which each `*` stands for any characters: each part at its first place is best."""
    first, *parts = pattern.split("*")
    if not parts:
        return name == pattern
    if not name.startswith(first):
        return False
    at = len(first)
    for part in parts[:-1]:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return name.endswith(parts[-1]) and len(name) - len(parts[-1]) >= at


@mutable
class Selections:
    """What the selectors of a model say of each variable, by path."""

    initializers: dict[str, tuple[InitializerValue, str, tree.InitSelector]] = field(
        default_factory=dict[str, "tuple[InitializerValue, str, tree.InitSelector]"]
    )
    frozen: dict[str, tuple[bool, str]] = field(default_factory=dict[str, tuple[bool, str]])
    collected: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    rates: dict[str, float] = field(default_factory=dict[str, float])
    loads: list[Load] = field(default_factory=list[Load])
    loaded: dict[str, Load] = field(default_factory=dict[str, Load])


def select(session: Session, selector: tree.Selector, records: Sequence[VariableRecord], optional: bool) -> list[VariableRecord]:
    """The variables that a selector picks. Raises SpecError if there are none, unless it is optional."""
    found = [r for r in records if matches(selector.pattern, r.path)]
    if not found and not optional and session.reports.incomplete:
        raise Poisoned
    if not found and not optional:
        near = nearest(selector.pattern, [r.path for r in records])
        kind = _of_kind(session, selector.pattern) if near is None else None
        if kind is not None:
            rest = selector.pattern.partition("/")[2] or "**"
            name = kind.constructor.definition.name.name
            codes.selects_kind(selector.span, selector.pattern, kind.path, name, rest).throw()
        codes.selects_nothing(selector.span, selector.pattern, near).throw()
    return found


def nearest(text: str, paths: Iterable[str]) -> str | None:
    """A pattern that selects something and is near to `text`, or None."""
    known = set(paths)
    if any(path.startswith(f"{text}/") for path in known):
        return f"{text}/**"
    stem, wildcard, _ = text.partition("/*")
    if wildcard and "*" not in stem:
        scopes = {path[:i] for path in known for i, c in enumerate(path) if c == "/"}
        if stem in scopes:  # nothing lies right below it
            return f"{stem}/**" if text == f"{stem}/*" else None
        near = difflib.get_close_matches(stem, sorted(scopes), n=1)
        return f"{near[0]}{text[len(stem) :]}" if near else None
    prefixes = {f"{path[:i]}/**" for path in known for i, c in enumerate(path) if c == "/"}
    return similar(text, sorted(known | prefixes))


def _of_kind(session: Session, pattern: str) -> Instance | None:
    """A layer that is a GRU, for `gru/**`."""
    stem = pattern.partition("/")[0].casefold()
    return next((i for i in session.registry.instances.values() if i.constructor.definition.name.name.casefold() == stem), None)


def run(session: Session, statements: Sequence[tuple[tree.Statement, Env]], records: Sequence[VariableRecord]) -> Selections:
    """Carries out the selectors in the order of the text; a faulty one goes to the sink."""
    result = Selections()
    for statement, env in statements:
        session.reports.attempt(lambda s=statement, e=env: _one(session, result, s, e, records))
    return result


def _one(session: Session, result: Selections, statement: tree.Statement, env: Env, records: Sequence[VariableRecord]) -> None:
    match statement:
        case tree.InitSelector():
            for record in select(session, statement.selector, records, statement.optional):
                _initialise(session, result, statement, env, record)
        case tree.FreezeSelector():
            word = "freeze" if statement.frozen else "unfreeze"
            for record in _params(session, statement.selector, records, statement.optional):
                result.frozen[record.path] = (
                    statement.frozen,
                    origins.by_selector(word, statement.selector.pattern, statement.span),
                )
        case tree.CollectSelector():
            (name,) = joined(session, (statement.collection,), "variables")
            for record in select(session, statement.selector, records, statement.optional):
                result.collected.setdefault(record.path, []).append(name)
        case tree.RateSelector():
            factor = _factor(session, statement.factor, env)
            for record in _params(session, statement.selector, records, statement.optional):
                result.rates[record.path] = result.rates.get(record.path, 1.0) * factor
        case tree.Load():
            made = _load(session, result, statement, env, records)
            if made is not None:
                result.loads.append(made)
                result.loaded.update(dict.fromkeys(made.paths, made))
        case _:
            pass


def _load(session: Session, result: Selections, statement: tree.Load, env: Env, records: Sequence[VariableRecord]) -> Load | None:
    """What a `load` takes; None of an optional one whose layer is not there."""
    if statement.using is None:
        return loading.load(statement, select(session, statement.selector, records, statement.optional), result.loaded)
    layout = layouts.layout(session, statement, env, records)
    return None if layout is None else loading.by_layout(statement, layout, result.loaded)


def _params(session: Session, selector: tree.Selector, records: Sequence[VariableRecord], optional: bool) -> list[VariableRecord]:
    found = select(session, selector, records, optional)
    params = [r for r in found if r.kind == "param"]
    if found and not params:
        codes.selects_vars(selector.span, selector.pattern).throw()
    return params


def _factor(session: Session, expr: tree.Expr, env: Env) -> float:
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        codes.bad_rate(expr.span, describe(value)).throw()
    return float(value)


def _initialise(session: Session, result: Selections, statement: tree.InitSelector, env: Env, record: VariableRecord) -> None:
    value = InitializerValue(statement.initializer, env)
    origin = origins.by_selector("init", statement.selector.pattern, statement.span)
    recipe = _recipe(session, value, record)
    if record.path in result.initializers:
        other, _, first = result.initializers[record.path]
        if _recipe(session, other, record) != recipe:
            codes.two_initializers(statement.span, record.path, first.span).throw()
    result.initializers[record.path] = (value, origin, statement)


def _recipe(session: Session, value: InitializerValue, record: VariableRecord) -> Initializer:
    return variables.initializer(session, record, (value, ""))[0]
