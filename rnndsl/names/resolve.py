"""From files to definitions: imports, what each name of a file stands for, and a check of every name.

`resolve` reads the spec and everything that it imports, each file once. `std.core` is in scope of every file, `std.optimizers` of
those that train, the layouts of `std.layouts` of those that load by one; a file's own definitions and imports come before them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rnndsl.language.builtins import COLLECTIONS
from rnndsl.names.declaring import kind_of, own_span
from rnndsl.names.modules import Definition, ResolvedModule, Site, layout_name
from rnndsl.records import field, mutable
from rnndsl.syntax import parse, tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import files as file_codes
from rnndsl.text.codes import names as codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.diagnostics import SpecError
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span

CORE = "std.core"
OPTIMIZERS = "std.optimizers"
LAYOUTS = "std.layouts"


class FileReader(Protocol):
    """Where files come from: see `rnndsl.names.reading.Reader`. Both raise SpecError."""

    def read_text(self, path: Path, importer: Span | None = None) -> SourceFile: ...

    def read_std(self, module: str, importer: Span | None = None) -> SourceFile: ...

    def resolve_import(self, written: str, importer: Path | None, span: Span) -> Path: ...


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
        module = ResolvedModule(_library(source, found) if source.library else parse(source, found), path, self.core)
        # the names of std.tf1 are TensorFlow's, and no user can change the looks of the std
        self.sink.extend(d for d in found.found if path is not None or d.severity != "lint")
        module.read_whole = not found.failed
        self.modules[key] = module
        bodies = (item.body for item in module.tree.items if isinstance(item, tree.Definition))
        statements = [statement for body in bodies for statement in walk(body)]
        if any(isinstance(statement, tree.Train) for statement in statements):
            module.optimizers = self.std(OPTIMIZERS, None)
        if any(isinstance(statement, tree.Load) and statement.using for statement in statements):
            module.layouts = self.std(LAYOUTS, None)
        self.loading.append(key)
        for item in module.tree.items:
            self._declare(module, item)
        self.loading.pop()

    def _declare(self, module: ResolvedModule, item: tree.TopLevel) -> None:
        match item:
            case tree.Import():
                self._import(module, item)
            case tree.AxisDecl():
                for name in item.names:
                    self._axis(module, item, name)
            case tree.CollectionDecl():
                for name in item.names:
                    made = Definition(name.name, module.scope, [Site(name.span, "collection", item)])
                    self._once(name, _place(module.collections.setdefault(name.name, made)))
                predeclared = [n for n in item.names if n.name in COLLECTIONS]
                self.sink.extend(training_codes.predeclared(n.span, n.name) for n in predeclared)
            case tree.LayoutDef():
                self._bind(module, layout_name(item.name.name, item.target.name), item.name.span, _definition(module, item))
            case _:
                self._bind(module, item.name.name, item.name.span, _definition(module, item))

    def _axis(self, module: ResolvedModule, item: tree.AxisDecl, name: tree.Name) -> None:
        if name.name in module.names:
            self.sink.add(codes.defined_twice(name.span, name.name, _place(module.names[name.name])))
            return
        made = Definition(name.name, module.scope, [Site(name.span, "axis", item)])
        self._once(name, _place(module.axes.setdefault(name.name, made)))

    def _once(self, name: tree.Name, first: Span) -> None:
        """An axis or a collection is declared once."""
        if first != name.span:
            self.sink.add(codes.declared_twice(name.span, name.name, first))

    def _bind(self, module: ResolvedModule, name: str, span: Span, definition: Definition) -> None:
        known = module.names.get(name) or module.axes.get(name)
        if known is not None:
            self.sink.add(codes.defined_twice(span, name, module.imported.get(name) or _place(known)))
            if name not in module.imported:
                return
        module.names[name] = definition

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
        collection = source.collections.get(imported.name)
        if collection is not None:
            self._import_collection(module, imported, collection)
        layouts = source.layouts_of(imported.name)
        for definition, item in layouts:
            self._bind(module, layout_name(imported.alias, item.target.name), imported.span, definition)
        definition = source.names.get(imported.name) or source.axes.get(imported.name)
        if definition is None and (layouts or collection is not None):
            if layouts or imported.alias == imported.name:  # a collection that is renamed is told already
                module.imported_words[imported.alias] = imported.span
            return
        if definition is None:
            module.imported[imported.alias] = imported.span
            if not source.read_whole:
                return  # the definition may stand in what could not be read
            known = [n.partition(" for ")[0] for n in (*source.names, *source.axes, *source.collections)]
            self.sink.add(codes.not_in_module(imported.span, imported.name, source.tree.source.name, known))
            return
        if definition.sites[0].kind == "model":
            self.sink.add(codes.imports_model(imported.span, imported.name))
            module.imported[imported.alias] = imported.span
            return
        self._bind(module, imported.alias, imported.span, definition)
        module.imported[imported.alias] = imported.span

    def _import_collection(self, module: ResolvedModule, imported: tree.ImportedName, collection: Definition) -> None:
        """A collection of another file is the same one here, under the same name."""
        if imported.alias != imported.name:
            self.sink.add(codes.collection_renamed(imported.span, imported.name, imported.alias))
        name = tree.Name(imported.span, imported.name)
        first = module.collections.setdefault(imported.name, collection)
        self._once(name, imported.span if first is collection else _place(first))

    def _poison(self, module: ResolvedModule, item: tree.Import) -> None:
        """Names of a file that could not be read: known, so that no further diagnostic follows."""
        module.imported.update({n.alias: n.span for n in item.names})


_LIBRARY: dict[str, tree.Module] = {}
"""Modules of the standard library by name: a process that reads many specs parses each once."""


def _library(source: SourceFile, sink: Sink) -> tree.Module:
    kept = _LIBRARY.get(source.name)
    if kept is not None and kept.source.text == source.text:
        return kept
    found = parse(source, sink)
    if not sink.failed:
        _LIBRARY[source.name] = found
    return found


def _definition(module: ResolvedModule, item: tree.Definition | tree.FunctionDef | tree.Const | tree.LayoutDef) -> Definition:
    return Definition(item.name.name, module.scope, [Site(own_span(item.name), kind_of(item), item)])


def _place(definition: Definition) -> Span:
    return definition.sites[0].span


def resolve(path: Path, reader: FileReader, sink: Sink, *, with_layouts: bool = False) -> ResolvedModule:
    """The spec at `path` with its imports, `with_layouts` of the library even if it uses none. Faults go to `sink`; raises
    SpecError if the spec itself cannot be read."""
    resolver = Resolver(reader, sink)
    resolver.core = resolver.std(CORE, None)
    module = resolver.file(path, None)
    if with_layouts:
        module.layouts = resolver.std(LAYOUTS, None)
    module.sound = all(each.read_whole for each in resolver.modules.values())
    module.files = [each for each in resolver.modules.values() if each.path is not None]
    return module
