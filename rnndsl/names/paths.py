"""Paths of variables in the text: each segment of a selector that is a name, with what it may stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rnndsl.names.modules import Definition, Scope, Site, Use
from rnndsl.names.telling import Telling, placed
from rnndsl.records import record
from rnndsl.syntax import tree
from rnndsl.text.source import Span

KINDS = ("scope", "layer", "param", "var")
"""What a path goes through."""


@record
class _Reached:
    """Where a path may have led: scopes, each once. `is_told`: nowhere else."""

    scopes: tuple[Scope, ...]
    is_told: bool = True


class Paths:
    """The segments of selectors, read from the body of a model."""

    def __init__(self, body: Scope, telling: Telling) -> None:
        self.telling = telling
        self.start = self._through([body])
        self.below: dict[_Reached, _Reached] = {}

    def uses(self, selector: tree.Selector) -> Iterator[Use]:
        """A use for each segment without a `*`."""
        source, at = selector.span.source, selector.span.start
        reached = self.start
        for segment in selector.pattern.split("/"):
            if segment == "**":
                reached = self._all_below(reached)
            elif "*" in segment:
                reached = self._after(reached, list(_matching(reached, segment)))
            else:
                definitions = [each for scope in reached.scopes for each in scope.own(segment) if _is_on_path(each)]
                use = Use(Span(source, at, at + len(segment)), tuple(definitions), None, bool(definitions) or reached.is_told)
                yield use
                reached = self._after(reached, [(each, use.sites_of(each)) for each in definitions])
            at += len(segment) + 1

    def _after(self, reached: _Reached, found: list[tuple[Definition, list[Site]]]) -> _Reached:
        """Where a path leads behind these definitions, by way of these of their sites."""
        bodies: list[Scope] = []
        is_told = reached.is_told
        for definition, sites in found:
            for site in sites:
                for told in self.telling.of_site(definition, site) if site.kind in ("scope", "layer") else ():
                    is_told = is_told and told.body is not None
                    bodies += [told.body] if told.body is not None else []
        after = self._through(bodies)
        return _Reached(after.scopes, is_told and after.is_told)

    def _through(self, scopes: Iterable[Scope]) -> _Reached:
        """`scopes`, and the bodies of layers whose variables lie right in them; not told if some lie under another path."""
        found = dict.fromkeys(scopes)
        is_told = True
        pending = list(found)
        while pending:
            scope = pending.pop()
            for definition in _definitions(scope):
                for site in definition.sites:
                    segments = placed(site)
                    if segments is None:
                        continue
                    is_told = is_told and segments == 0
                    bodies = [
                        told.body for told in self.telling.of_site(definition, site) if told.body is not None and not segments
                    ]
                    pending += [body for body in bodies if body not in found]
                    found.update(dict.fromkeys(bodies))
        return _Reached(tuple(found), is_told)

    def _all_below(self, reached: _Reached) -> _Reached:
        """Where any number of segments may lead."""
        known = self.below.get(reached)
        if known is not None:
            return known
        found, is_told = dict.fromkeys(reached.scopes), reached.is_told
        pending = [reached]
        while pending:
            last = pending.pop()
            after = self._after(last, [(d, d.sites) for scope in last.scopes for d in _definitions(scope)])
            is_told = is_told and after.is_told
            new = tuple(scope for scope in after.scopes if scope not in found)
            found.update(dict.fromkeys(new))
            pending += [_Reached(new)] if new else []
        self.below[reached] = _Reached(tuple(found), is_told)
        return self.below[reached]


def _definitions(scope: Scope) -> Iterator[Definition]:
    yield from (each for each in (*scope.plain.values(), *scope.families.values()) if _is_on_path(each))


def _is_on_path(definition: Definition) -> bool:
    return any(site.kind in KINDS for site in definition.sites)


def _matching(reached: _Reached, pattern: str) -> Iterator[tuple[Definition, list[Site]]]:
    """What a segment with a `*` may pick; of a family any member."""
    wanted = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
    for scope in reached.scopes:
        for definition in _definitions(scope):
            if definition.name in scope.families or wanted.fullmatch(definition.name):
                yield definition, definition.sites
