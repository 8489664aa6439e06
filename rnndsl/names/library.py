"""The standard library as a catalogue: each definition with its signature, equations and papers; its text, to copy and change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rnndsl.names.binder import enter
from rnndsl.names.modules import ResolvedModule
from rnndsl.names.reading import Reader, std_modules
from rnndsl.names.resolve import CORE, Resolver
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree
from rnndsl.syntax.formatting.expressions import flat
from rnndsl.syntax.formatting.statements import definition_text
from rnndsl.syntax.walk import walk
from rnndsl.text.sink import Sink

Shown = tree.Equation | tree.Output | tree.Write
"""What a definition's equations are."""


@record
class Entry(Immutable):
    """A definition of the library. `module` is `std.cells` and so on."""

    module: str
    definition: tree.Definition
    file: ResolvedModule

    @property
    def name(self) -> str:
        return self.definition.name.name

    @property
    def signature(self) -> str:
        """`cell GRU(units: int, reset_after: bool = false)`."""
        return definition_text(self.definition)

    @property
    def doc(self) -> str:
        return self.definition.doc or ""

    @property
    def states(self) -> list[tree.State]:
        return [s for s in walk(self.definition.body) if isinstance(s, tree.State)]

    @property
    def equations(self) -> list[tuple[str, Shown]]:
        """Equations and the output, each with the compile-time condition under which it holds, empty for always."""
        return list(_equations(self.definition.body, ""))

    @property
    def variables(self) -> list[tree.VariableDecl | tree.Layer]:
        """Its own variables and layers, in order."""
        return [s for s in walk(self.definition.body) if isinstance(s, tree.VariableDecl | tree.Layer)]

    def text(self, name: str | None = None) -> str:
        """The definition as written, its doc comment included, under another name if given."""
        source, span = self.file.tree.source.text, self.definition.span
        body = source[span.start : span.end]
        if name is not None:
            at = self.definition.name.span
            body = body[: at.start - span.start] + name + body[at.end - span.start :]
        comments = "".join(f"## {line}".rstrip() + "\n" for line in self.doc.splitlines())
        return comments + body + "\n"

    def needs(self) -> dict[str, list[str]]:
        """The names by which the definition uses others of its module, and what that imports: by the module that defines them."""
        enter(self.file, self.definition)
        span, uses = self.definition.span, self.file.bindings.uses
        used = {each for start, use in uses.items() if span.start <= start < span.end for each in use.definitions}
        found: dict[str, list[str]] = {}
        for name, each in self.file.names.items():
            if each in used and each.scope and name != self.name:
                found.setdefault(f"std.{Path(each.scope.module.tree.source.name).stem}", []).append(name)
        return found


def _equations(body: tuple[tree.Statement, ...], condition: str) -> Iterator[tuple[str, Shown]]:
    for statement in body:
        match statement:
            case tree.Equation() | tree.Output() | tree.Write():
                yield condition, statement
            case tree.If():
                test = flat(statement.condition)
                yield from _equations(statement.yes, _both(condition, test))
                yield from _equations(statement.no, _both(condition, f"not {test}" if " " not in test else f"not ({test})"))
            case tree.For():
                yield from _equations(statement.body, _both(condition, f"{statement.variable.name} in {flat(statement.range)}"))
            case _:
                pass


def _both(first: str, second: str) -> str:
    return f"{first}, {second}" if first else second


def entries(module: str | None = None) -> list[Entry]:
    """The definitions of every module of the library, or of one, in the order of the text; `std.core` comes first."""
    resolver = Resolver(Reader(Path.cwd()), Sink())
    resolver.core = resolver.std(CORE, None)
    found: list[Entry] = []
    for name in sorted(std_modules(), key=lambda m: (m != CORE, m)):
        if module is not None and name != module:
            continue
        file = resolver.std(name, None)
        found += [Entry(name, item, file) for item in file.tree.items if isinstance(item, tree.Definition)]
    return found


def find(name: str) -> list[Entry]:
    """The definitions called `name`, or `module.name` such as `std.tf1.GRUCell`."""
    module, _, last = name.rpartition(".")
    return [e for e in entries() if e.name == last and module in ("", e.module)]


def own_file(entry: Entry, name: str | None = None) -> str:
    """A spec file that holds the definition alone, with the imports that it needs."""
    imports = [f"import {module} ({', '.join(names)})" for module, names in sorted(entry.needs().items()) if module != CORE]
    return "\n".join(["rnn 1", "", *imports, *([""] if imports else [])]) + "\n" + entry.text(name)
