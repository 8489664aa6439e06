"""The standard library as a catalogue: each definition with its signature, equations and papers; its text, to copy and change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rnndsl.names.reading import Reader, std_modules
from rnndsl.records import Immutable, record
from rnndsl.syntax import parse, tree
from rnndsl.syntax.format_expressions import flat
from rnndsl.syntax.format_statements import definition_text
from rnndsl.syntax.walk import walk
from rnndsl.text.sink import Sink

CORE = "std.core"


@record
class Entry(Immutable):
    """A definition of the library. `module` is `std.cells` and so on."""

    module: str
    definition: tree.Definition
    file: tree.Module

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
    def equations(self) -> list[tuple[str, tree.Equation | tree.Output]]:
        """Equations and the output, each with the compile-time condition under which it holds, empty for always."""
        return list(_equations(self.definition.body, ""))

    @property
    def variables(self) -> list[tree.VariableDecl | tree.Layer]:
        """Its own variables and layers, in order."""
        return [s for s in walk(self.definition.body) if isinstance(s, tree.VariableDecl | tree.Layer)]

    def text(self, name: str | None = None) -> str:
        """The definition as written, its doc comment included, under another name if given."""
        source, span = self.file.source.text, self.definition.span
        body = source[span.start : span.end]
        if name is not None:
            at = self.definition.name.span
            body = body[: at.start - span.start] + name + body[at.end - span.start :]
        comments = "".join(f"## {line}".rstrip() + "\n" for line in self.doc.splitlines())
        return comments + body + "\n"

    def needs(self) -> list[tree.ImportedName]:
        """What the definition uses of its own module, as imports."""
        own = {
            item.name.name: item for item in self.file.items if isinstance(item, tree.Definition | tree.FunctionDef | tree.Const)
        }
        used = set(_names(self.definition)) & set(own) - {self.name}
        return [tree.ImportedName(self.definition.span, name, name) for name in own if name in used]


def _equations(body: tuple[tree.Statement, ...], condition: str) -> Iterator[tuple[str, tree.Equation | tree.Output]]:
    for statement in body:
        match statement:
            case tree.Equation() | tree.Output():
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


def _names(definition: tree.Definition) -> list[str]:
    """Every identifier in the definition's text."""
    text = re.sub(r"#[^\n]*", "", definition.span.text)
    return re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)


def entries(module: str | None = None) -> list[Entry]:
    """The definitions of every module of the library, or of one, in the order of the text; `std.core` comes first."""
    reader = Reader(Path.cwd())
    found: list[Entry] = []
    for name in sorted(std_modules(), key=lambda m: (m != CORE, m)):
        if module is not None and name != module:
            continue
        file = parse(reader.read_std(name.removeprefix("std.")), Sink())
        found += [Entry(name, item, file) for item in file.items if isinstance(item, tree.Definition)]
    return found


def find(name: str) -> list[Entry]:
    """The definitions called `name`, or `module.name` such as `std.tf1.GRUCell`."""
    module, _, last = name.rpartition(".")
    return [e for e in entries() if e.name == last and module in ("", e.module)]


def own_file(entry: Entry, name: str | None = None) -> str:
    """A spec file that holds the definition alone, with the imports that it needs."""
    lines = ["rnn 1", ""]
    needed = [n.name for n in entry.needs()]
    if needed and entry.module != CORE:
        lines += [f"import {entry.module} ({', '.join(needed)})", ""]
    return "\n".join(lines) + "\n" + entry.text(name)
