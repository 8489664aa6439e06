"""Scopes, what they define, and where it is used: what the binder finds out about a file."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from rnndsl.records import field, mutable, record
from rnndsl.syntax import tree
from rnndsl.text.source import Span


@record
class Site:
    """Where a name is defined: `span` is the name's own in its definition, None for what the language brings."""

    name: str
    span: Span | None


@mutable
class Scope:
    """The names of a definition, a `scope`, a `for` or a `fn`; those around it are in force too.

    `families` are the names that are defined with an index. `inner` are the scopes that have a name here, as `enc.run` reads
    from them.
    """

    parent: Scope | None = None
    sites: dict[str, Site] = field(default_factory=dict[str, Site])
    families: dict[str, Site] = field(default_factory=dict[str, Site])
    inner: dict[str, Scope] = field(default_factory=dict[str, "Scope"])

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, from inside."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> Site | None:
        """What `name` stands for; `cell_0` is a member of the family `cell`. Files' names are not looked at."""
        family, _, index = name.rpartition("_")
        for scope in self.chain():
            found = scope.sites.get(name) or scope.families.get(name)
            if found is None and index.isdigit():
                found = scope.families.get(family)
            if found is not None:
                return found
        return None

    def visible(self) -> Iterator[str]:
        """Every name that is defined here or around."""
        for scope in self.chain():
            yield from scope.sites
            yield from scope.families

    def holder(self, name: str) -> str | None:
        """The path of an inner scope that defines `name`: `enc`, or `enc.deep`."""
        for scope in self.chain():
            pending = list(scope.inner.items())
            while pending:
                path, inner = pending.pop(0)
                if name in inner.sites:
                    return path
                pending += [(f"{path}.{each}", deeper) for each, deeper in inner.inner.items()]
        return None


@record
class Use:
    """A name that is read. `site` is None if nothing defines it."""

    name: tree.Name
    scope: Scope
    site: Site | None


@mutable
class Bound:
    """A file with its names bound."""

    uses: list[Use]
    """In the order of the text."""
    collections: list[tuple[tree.Name, frozenset[str]]]
    """Names of collections in braces, each with those that its definition declares."""
    imports: set[str]
    """Names of the file, imports among them, that are used."""

    def use(self, name: tree.Name) -> Use | None:
        """The use that the node `name` is; None for one that is no use, such as a word."""
        at = bisect.bisect_left(self.uses, name.span.start, key=_start)
        found = self.uses[at] if at < len(self.uses) else None
        return found if found is not None and found.name.span.start == name.span.start else None


def _start(use: Use) -> int:
    return use.name.span.start
