"""`load` statements: which variables get their values from a file, and what their tensors are called there. No file is opened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rnndsl.elaborate.model.patterns import is_quick
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.plan.layouts import Layout
from rnndsl.plan.model import Load
from rnndsl.syntax import tree
from rnndsl.text.codes import weights as codes


def by_layout(statement: tree.Load, layout: Layout, loaded: Mapping[str, Load]) -> Load:
    """What `statement` takes, by the equations of `layout`. Raises SpecError for a variable that is loaded already, and for a
    `map`, which a layout leaves nothing to."""
    _check_once(statement, layout.paths, loaded)
    if statement.rules:
        codes.map_with_layout(statement.rules[0].span).throw()
    return Load(statement.source.value, statement.source.span, _at(statement), (), statement.optional, statement.span, layout)


def load(statement: tree.Load, records: Iterable[VariableRecord], loaded: Mapping[str, Load]) -> Load:
    """What `statement` takes for the variables `records` that it selects; `loaded` has the load of each that one before it selects.

    Raises SpecError for a variable that is loaded already, for rules that are faulty or apply to none, and for one tensor of two
    variables.
    """
    paths = [record.path for record in records]
    _check_once(statement, paths, loaded)
    keys = _keys(statement, paths)
    owners: dict[str, str] = {}
    for path, key in keys:
        if owners.setdefault(key, path) != path:
            codes.one_tensor(statement.span, key, owners[key], path).throw()
    return Load(statement.source.value, statement.source.span, _at(statement), tuple(keys), statement.optional, statement.span)


def _check_once(statement: tree.Load, paths: Sequence[str], loaded: Mapping[str, Load]) -> None:
    twice = [path for path in paths if path in loaded]
    if twice:
        codes.loaded_twice(statement.span, twice, loaded[twice[0]].span).throw()


def _at(statement: tree.Load) -> str | None:
    return (statement.at.value or None) if statement.at is not None else None


def _keys(statement: tree.Load, paths: list[str]) -> list[tuple[str, str]]:
    """Each path with the name of its tensor: by the first rule that matches the whole path, or the path itself."""
    longest = max(map(len, paths), default=0)
    rules = [(rule, _compiled(rule, longest)) for rule in statement.rules]
    used: set[int] = set()
    found: list[tuple[str, str]] = []
    for path in paths:
        key = path
        for i, (rule, pattern) in enumerate(rules):
            match = pattern.fullmatch(path)
            if match is not None:
                key = _expanded(rule, match)
                used.add(i)
                break
        found.append((path, key))
    for i, (rule, pattern) in enumerate(rules):
        if i not in used and paths:
            before = any(pattern.fullmatch(path) for path in paths)
            codes.rule_unused(rule.pattern.span, rule.pattern.value, before, paths).throw()
    return found


def _compiled(rule: tree.MapRule, longest: int) -> re.Pattern[str]:
    """The pattern of `rule`, for paths of up to `longest` letters."""
    pattern = rule.pattern
    try:
        compiled = re.compile(pattern.value)
    except (re.error, RecursionError, OverflowError) as error:
        codes.bad_pattern(pattern.span, str(error)).throw()
    if not is_quick(pattern.value, longest):
        codes.slow_pattern(pattern.span, pattern.value).throw()
    return compiled


def _expanded(rule: tree.MapRule, match: re.Match[str]) -> str:
    try:
        return match.expand(rule.replacement.value)
    except (re.error, IndexError) as error:
        codes.bad_replacement(rule.replacement.span, str(error), match.re.groups).throw()
