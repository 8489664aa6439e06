"""A file with its names: scopes, the definitions in them, and what each use of a name stands for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from rnndsl.language.builtins import NAMES, WORDS
from rnndsl.records import field, mutable, record
from rnndsl.syntax import tree
from rnndsl.text.source import Span

LANGUAGE = NAMES | WORDS
Kind = Literal[
    "parameter", "input", "target", "given", "param", "var", "state", "layer", "scope", "equation", "output", "loss", "metric",
    "residual", "const", "fn", "initializer", "axis", "for", "dim", "collection", "train", "signature", "block", "cell", "model",
    "optimizer", "layout", "import",
]  # fmt: skip
"""How a name is defined: by a statement or item of this word; as a `dim` by the type of an input; by an `import` in vain."""
_MEMBER = re.compile(r"(?:_[0-9]+)+$")


def layout_name(name: str, target: str) -> str:
    """What a layout is called among the names of a file: no name of anything else has a space."""
    return f"{name} for {target}"


@record
class Site:
    """One place where a name is defined. `span` is the name's own, `statement` what defines it.

    `is_certain`: it does so whatever the arguments are, under no `if` and no `for`. `member`: of a family's member, the end of its
    name if the index is written as numbers, `0_2` for `[0, 2]`. `inner`: what a `scope` opens.
    """

    span: Span
    kind: Kind
    statement: tree.Node
    is_certain: bool = True
    member: str | None = None
    inner: Scope | None = None


@mutable
class Definition:
    """What a name stands for in a scope, and each place that says so: a state has its declaration and its equation, a name that is
    defined in each branch of an `if` both, a family its members. `scope` is None for what the language brings.

    `certain`: the offset from which on it is there whatever the arguments are.
    """

    name: str
    scope: Scope | None
    sites: list[Site] = field(default_factory=list[Site])
    certain: float = math.inf

    @property
    def is_certain(self) -> bool:
        """Whether it is there whatever the arguments are."""
        return self.certain < math.inf

    def is_possible(self, before: float) -> bool:
        """Whether it may be there before the text from `before` on is carried out, if of a `for` since the last round."""
        return any(not site.is_certain or site.span.start < before for site in self.sites)


@record
class Use:
    """A name that is written at `span`: it stands for the first of `definitions`, the nearest first, that is there with the
    arguments given; for none if nothing defines it. `member`: the end of the name of the family's member, if it is told."""

    span: Span
    definitions: tuple[Definition, ...]
    member: str | None = None
    is_told: bool = True
    """Whether the text tells what it may stand for; not of what follows the dot of a value that may be anything."""

    @property
    def sites(self) -> list[Site]:
        """Each place that may define what is meant."""
        return [site for definition in self.definitions for site in self.sites_of(definition)]

    def sites_of(self, definition: Definition) -> list[Site]:
        """The places of one of its definitions that may define what is meant: of a family, the member's."""
        text = self.span.text
        member = self.member if text == definition.name else text[len(definition.name) + 1 :]
        return [site for site in definition.sites if site.member is None or member in (None, site.member)]


@mutable
class Scope:
    """The names of a file, of a definition's parameters, of its body, of a `scope`, a `for` or a `fn`; those around it are in force
    too. `span` is the text in which they are. `families` are names that are defined with an index."""

    module: ResolvedModule
    span: Span
    parent: Scope | None = None
    plain: dict[str, Definition] = field(default_factory=dict[str, Definition])
    families: dict[str, Definition] = field(default_factory=dict[str, Definition])
    inner: list[Scope] = field(default_factory=list["Scope"])
    _resolved: dict[str, tuple[Definition, ...]] = field(default_factory=dict[str, tuple[Definition, ...]])

    def child(self, span: Span) -> Scope:
        """A scope within this one."""
        made = Scope(self.module, span, self)
        self.inner.append(made)
        return made

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, the file's last."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def define(self, name: str, site: Site, is_family: bool) -> Definition:
        """Notes one place that defines `name`."""
        among = self.families if is_family else self.plain
        definition = among.get(name)
        if definition is None:
            definition = among[name] = Definition(name, self)
        definition.sites.append(site)
        if site.is_certain:
            definition.certain = min(definition.certain, site.span.start)
        return definition

    def own(self, name: str) -> list[Definition]:
        """What this scope itself defines as `name`: a name, a family, or as `cell_0` a member of the family `cell`."""
        found = [self.plain.get(name), self.families.get(name)]
        end = _MEMBER.search(name) if self.families else None
        if end:
            stems = (name[:at] for at, mark in enumerate(name) if mark == "_" and at >= end.start())
            found += [self.families.get(stem) for stem in stems]
        return [each for each in found if each is not None]

    def resolve(self, name: str) -> tuple[Definition, ...]:
        """All that `name` may stand for in this scope: the nearest first, none after what is certainly there."""
        found = self._resolved.get(name)
        if found is None:
            found = self._resolved[name] = self._resolve(name)
        return found

    def _resolve(self, name: str) -> tuple[Definition, ...]:
        if self.parent is None:
            outermost = self.module.use(name)
            return (outermost,) if outermost else ()
        own = self.own(name)
        if own and own[0].is_certain:
            return (own[0],)
        return (*own, *self.parent.resolve(name)) if own else self.parent.resolve(name)

    def resolve_before(self, name: str, before: int) -> tuple[Definition, ...]:
        """As `resolve`, of what the text before the offset `before` defines."""
        found: list[Definition] = []
        for scope in self.chain():
            if scope.parent is None:
                return (*found, *scope.resolve(name))
            own = [each for each in scope.own(name) if each.is_possible(before)]
            found += own
            if own and own[0].certain < before:
                break
        return tuple(found)

    def visible(self) -> Iterator[str]:
        """Every name that is in force here."""
        for scope in self.chain():
            yield from scope.plain
            yield from scope.families
        yield from self.module.all_names()
        yield from LANGUAGE

    def at(self, offset: int) -> Scope:
        """The innermost scope whose text holds `offset`."""
        scope = self
        while found := next((each for each in scope.inner if each.span.start <= offset < each.span.end), None):
            scope = found
        return scope


@mutable
class Bindings:
    """What the binder has found out about a file so far: see `rnndsl.names.binder`."""

    uses: dict[int, Use] = field(default_factory=dict[int, Use])
    """By the offset at which a name is written, where it is defined included."""
    scopes: dict[int, Scope] = field(default_factory=dict[int, Scope])
    """By the identity of a definition, `fn`, `for` or `scope`: a hash of a tree is a walk through it."""
    bound: set[int] = field(default_factory=set[int])
    """Items whose uses are bound, by identity."""
    used: set[str] = field(default_factory=set[str])
    """Names of the file, imports among them, that are used."""
    unknown: list[tree.Name] = field(default_factory=list[tree.Name])
    """Names that nothing defines."""
    unknown_collections: list[tuple[tree.Name, frozenset[str]]] = field(default_factory=list[tuple[tree.Name, frozenset[str]]])
    """Collections that nothing declares, each with those that are known in its place."""
    is_complete: bool = False
    """Whether names that are no values are bound too: see `rnndsl.names.members`."""
    _of: dict[int, list[Use]] = field(default_factory=dict[int, "list[Use]"])

    def references(self, definition: Definition) -> list[Use]:
        """Every use of a definition in the file, once all its names are bound; the places that define it are uses too."""
        if not self._of:
            for use in self.uses.values():
                for each in use.definitions:
                    self._of.setdefault(id(each), []).append(use)
        return self._of.get(id(definition), [])


@mutable
class ResolvedModule:
    """One file: its tree and what its names stand for. `core` is `std.core`, None in std.core itself; `optimizers` is
    `std.optimizers` where something is trained, `layouts` `std.layouts` where something is loaded by one."""

    tree: tree.Module
    path: Path | None
    core: ResolvedModule | None
    optimizers: ResolvedModule | None = None
    layouts: ResolvedModule | None = None
    names: dict[str, Definition] = field(default_factory=dict[str, Definition])
    axes: dict[str, Definition] = field(default_factory=dict[str, Definition])
    collections: dict[str, Definition] = field(default_factory=dict[str, Definition])
    imported: dict[str, Span] = field(default_factory=dict[str, Span])
    imported_words: dict[str, Span] = field(default_factory=dict[str, Span])
    """Collections and layouts, which are no values: they are meant in places of their own alone."""
    bindings: Bindings = field(default_factory=Bindings)
    files: list[ResolvedModule] = field(default_factory=list["ResolvedModule"])
    """Of the spec alone: every file of the user's own that was read for it, itself among them."""
    read_whole: bool = True
    """Whether all of the file's text could be read: if not, a name that nothing defines says nothing."""
    sound: bool = True
    """Of the spec: whether it and all that it imports could be read, so that elaboration can add to what is known to be wrong."""
    _scope: Scope | None = None

    @property
    def scope(self) -> Scope:
        """The file's own scope, around all others."""
        if self._scope is None:
            source = self.tree.source
            self._scope = Scope(self, Span(source, 0, len(source.text)))
        return self._scope

    def find(self, name: str) -> Definition | None:
        """What the file's own text, its imports, the library and the language say of `name`, in this order."""
        found = self.axes.get(name) or self.names.get(name)
        if found is None and name in self.imported:  # in vain: what std.core has under this name is not meant
            return Definition(name, self.scope, [Site(self.imported[name], "import", self.tree)])
        for library in (self.core, self.optimizers) if found is None else ():
            found = found or (library.names.get(name) if library else None)
        return found or (of_language(name) if name in LANGUAGE else None)

    def layouts_of(self, name: str) -> list[tuple[Definition, tree.LayoutDef]]:
        """The layouts called `name` here, whatever each is for."""
        found = [(each, each.sites[0].statement) for key, each in self.names.items() if key.startswith(layout_name(name, ""))]
        return [(each, item) for each, item in found if isinstance(item, tree.LayoutDef)]

    def use(self, name: str) -> Definition | None:
        """As `find`; an import of this name has not been in vain."""
        if name in self.names or name in self.imported:
            self.bindings.used.add(name)
        return self.find(name)

    def reached(self) -> list[ResolvedModule]:
        """The file and those that it imports from, directly or not, std.core last."""
        found: list[ResolvedModule] = [self]
        for each in found:
            scopes = [definition.scope for definition in (*each.names.values(), *each.collections.values())]
            found += dict.fromkeys(scope.module for scope in scopes if scope is not None and scope.module not in found)
        last = [each for each in (self.layouts, self.optimizers, self.core) if each]
        return [each for each in found if each not in last] + last

    def models(self) -> list[tree.Definition]:
        return [d for d in self.tree.items if isinstance(d, tree.Definition) and d.kind == "model"]

    def all_names(self) -> Iterator[str]:
        """What the file and std.core define, for suggestions."""
        yield from self.names
        yield from self.axes
        for library in (self.core, self.optimizers):
            yield from library.names if library else ()


@cache
def of_language(name: str) -> Definition:
    """What the language brings under this name."""
    return Definition(name, None)
