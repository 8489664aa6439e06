"""From files to definitions: imports, what each name of a file stands for, and a check of every name.

`resolve` reads the spec and everything that it imports, each file once. `std.core` is in scope of every file; a file's own
definitions and imports come before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from rnndsl.language.builtins import COLLECTIONS
from rnndsl.names.scopes import Bound
from rnndsl.records import field, mutable, record
from rnndsl.syntax import parse, tree
from rnndsl.text.codes import files as file_codes
from rnndsl.text.codes import names as codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.diagnostics import SpecError
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

Item = tree.Definition | tree.FunctionDef | tree.Const | tree.LayoutDef
CORE = "std.core"


class FileReader(Protocol):
    """Where files come from: see `rnndsl.names.reading.Reader`. Both raise SpecError."""

    def read_text(self, path: Path, importer: Span | None = None) -> SourceFile: ...

    def read_std(self, module: str, importer: Span | None = None) -> SourceFile: ...

    def resolve_import(self, written: str, importer: Path | None, span: Span) -> Path: ...


@record
class Symbol:
    """A definition of a file, and the file."""

    item: Item
    module: ResolvedModule


@mutable
class ResolvedModule:
    """One file: its tree and what its names stand for. `core` is `std.core`, None in std.core itself."""

    tree: tree.Module
    path: Path | None
    core: ResolvedModule | None
    names: dict[str, Symbol] = field(default_factory=dict[str, Symbol])
    axes: dict[str, Span] = field(default_factory=dict[str, Span])
    collections: dict[str, Span] = field(default_factory=dict[str, Span])
    imported: dict[str, Span] = field(default_factory=dict[str, Span])
    bound: Bound | None = None
    """The uses of its names: see `rnndsl.names.binder.bind`."""
    files: list[ResolvedModule] = field(default_factory=list["ResolvedModule"])
    """Of the spec alone: every file of the user's own that was read for it, itself among them."""
    read_whole: bool = True
    """Whether all of the file's text could be read: if not, a name that nothing defines says nothing."""
    sound: bool = True
    """Of the spec: whether it and all that it imports could be read, so that elaboration can add to what is known to be wrong."""

    def lookup(self, name: str) -> Symbol | None:
        """The definition that `name` stands for in this file, std.core's included."""
        if name in self.names:
            return self.names[name]
        if name in self.imported:
            return None  # a faulty import: what std.core has under this name is not meant
        return self.core.lookup(name) if self.core else None

    def models(self) -> list[tree.Definition]:
        return [d for d in self.tree.items if isinstance(d, tree.Definition) and d.kind == "model"]

    def all_names(self) -> Iterator[str]:
        """What the file and std.core define, for suggestions."""
        yield from self.names
        yield from self.axes
        yield from self.core.names if self.core else ()


@mutable
class Resolver:
    reader: FileReader
    sink: Sink
    modules: dict[str, ResolvedModule] = field(default_factory=dict[str, ResolvedModule])
    loading: list[str] = field(default_factory=list[str])
    core: ResolvedModule | None = None

    def std(self, module: str, span: Span | None) -> ResolvedModule:
        """A module of the standard library."""
        if module not in self.modules:
            self._load(module, self.reader.read_std(module.removeprefix("std."), span), None)
        return self.modules[module]

    def file(self, path: Path, span: Span | None) -> ResolvedModule:
        """The file at `path`, read once."""
        key = str(path)
        if key not in self.modules:
            self._load(key, self.reader.read_text(path, span), path)
        return self.modules[key]

    def _load(self, key: str, source: SourceFile, path: Path | None) -> None:
        found = Sink()
        module = ResolvedModule(parse(source, found), path, self.core)
        # the names of std.tf1 are TensorFlow's, and no user can change the looks of the std
        self.sink.extend(d for d in found.found if path is not None or d.severity != "lint")
        module.read_whole = not found.failed
        self.modules[key] = module
        self.loading.append(key)
        for item in module.tree.items:
            self._declare(module, item)
        self.loading.pop()

    def _declare(self, module: ResolvedModule, item: tree.TopLevel) -> None:
        match item:
            case tree.Import():
                self._import(module, item)
            case tree.AxisDecl():
                taken = [n for n in item.names if n.name in module.names]
                self._list(module.axes, tuple(n for n in item.names if n not in taken))
                for name in taken:
                    first = module.names[name.name].item.name.span
                    self.sink.add(codes.defined_twice(name.span, name.name, first))
            case tree.CollectionDecl():
                self._list(module.collections, item.names)
                predeclared = [n for n in item.names if n.name in COLLECTIONS]
                self.sink.extend(training_codes.predeclared(n.span, n.name) for n in predeclared)
            case tree.LayoutDef():
                self.sink.add(training_codes.not_yet(item.name.span, "layout"))
                self._bind(module, f"{item.name.name} for {item.target.name}", item.name.span, Symbol(item, module))
            case _:
                self._bind(module, item.name.name, item.name.span, Symbol(item, module))

    def _list(self, declared: dict[str, Span], names: tuple[tree.Name, ...]) -> None:
        """Notes axes or collections, each once."""
        for name in names:
            first = declared.setdefault(name.name, name.span)
            if first != name.span:
                self.sink.add(codes.declared_twice(name.span, name.name, first))

    def _bind(self, module: ResolvedModule, name: str, span: Span, symbol: Symbol) -> None:
        first = module.imported.get(name) or module.axes.get(name)
        if name in module.names or name in module.axes:
            first = first or module.names[name].item.name.span
            self.sink.add(codes.defined_twice(span, name, first))
            if name not in module.imported:
                return
        module.names[name] = symbol

    def _import(self, module: ResolvedModule, item: tree.Import) -> None:
        try:
            source = self._target(module, item)
        except SpecError as error:
            self.sink.add(error.diagnostic)
            self._poison(module, item)
            return
        for imported in item.names:
            self._import_name(module, imported, source)

    def _target(self, module: ResolvedModule, item: tree.Import) -> ResolvedModule:
        if item.module is not None:
            if not item.module.startswith("std."):
                file_codes.not_of_std(item.module_span, item.module).throw()
            return self.std(item.module, item.module_span)
        assert item.path is not None
        path = self.reader.resolve_import(item.path.value, module.path, item.path.span)
        if str(path) in self.loading:
            cycle = [*self.loading[self.loading.index(str(path)) :], str(path)]
            codes.import_cycle(item.module_span, [Path(p).name for p in cycle]).throw()
        return self.file(path, item.path.span)

    def _import_name(self, module: ResolvedModule, imported: tree.ImportedName, source: ResolvedModule) -> None:
        symbol = source.names.get(imported.name)
        if symbol is None:
            module.imported[imported.alias] = imported.span
            if not source.read_whole:
                return  # the definition may stand in what could not be read
            known = [n for n in source.names if " " not in n]
            self.sink.add(codes.not_in_module(imported.span, imported.name, source.tree.source.name, known))
            return
        if isinstance(symbol.item, tree.Definition) and symbol.item.kind == "model":
            self.sink.add(codes.imports_model(imported.span, imported.name))
            module.imported[imported.alias] = imported.span
            return
        self._bind(module, imported.alias, imported.span, symbol)
        module.imported[imported.alias] = imported.span

    def _poison(self, module: ResolvedModule, item: tree.Import) -> None:
        """Names of a file that could not be read: known, so that no further diagnostic follows."""
        module.imported.update({n.alias: n.span for n in item.names})


def resolve(path: Path, reader: FileReader, sink: Sink) -> ResolvedModule:
    """The spec at `path` with its imports. Faults go to `sink`; raises SpecError if the spec itself cannot be read."""
    resolver = Resolver(reader, sink)
    resolver.core = resolver.std(CORE, None)
    module = resolver.file(path, None)
    module.sound = all(each.read_whole for each in resolver.modules.values())
    module.files = [each for each in resolver.modules.values() if each.path is not None]
    return module
