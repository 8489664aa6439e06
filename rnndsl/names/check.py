"""A check of every name that a file uses, whether a model needs the definition or not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from rnndsl.language.builtins import COLLECTIONS, NAMES, WORDS
from rnndsl.names.reading import std_homes
from rnndsl.names.resolve import ResolvedModule
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import names as codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.diagnostics import did_you_mean
from rnndsl.text.sink import Sink
from rnndsl.text.source import Span

PARAMETER_TYPES = frozenset({"int", "float", "bool", "string", "dtype", "fn", "initializer", "block", "cell", "axis"})


def check_all(spec: ResolvedModule, sink: Sink) -> None:
    """`check_names` for the spec and every file of the user's own that it imports, directly or not."""
    for each in spec.files:
        if each.read_whole:
            check_names(each, sink)


def check_names(module: ResolvedModule, sink: Sink) -> None:
    """Reports names that nothing defines, and imports that nothing uses."""
    for item in module.tree.items:
        if sink.full:
            return
        match item:
            case tree.Definition():
                _Checker(module, sink, _defined(item)).definition(item)
            case tree.FunctionDef():
                _each_once(item.params, sink)
                _Checker(module, sink, {p.name for p in item.params}).expressions(item.value, *item.defaults)
            case tree.Const():
                _Checker(module, sink, set()).expressions(item.value)
            case _:
                pass
    for name, span in module.imported.items():
        if name in module.names and name not in module.used:
            sink.add(codes.UNUSED_IMPORT(span, name=name))


def _each_once(params: Iterable[tree.ConstructorParam | tree.Name], sink: Sink) -> dict[str, Span]:
    """Where each parameter is declared; reports those that are declared twice."""
    first: dict[str, Span] = {}
    for each in params:
        if first.setdefault(each.name, each.span) != each.span:
            sink.add(codes.DEFINED_TWICE(each.span, name=each.name).note("it is defined here first", first[each.name]))
    return first


def _defined(definition: tree.Definition) -> set[str]:
    """Every name that the definition's own text defines, scopes' inner names included."""
    names = {p.name for p in definition.params}
    for statement in walk(definition.body):
        names |= set(names_of(statement))
        if isinstance(statement, tree.Input) and definition.kind != "model" and statement.type:
            names |= {d.name for d in statement.type.dims if isinstance(d, tree.Name)}
    return names


def names_of(statement: tree.Statement) -> Iterator[str]:
    """The names that a statement defines, its body's not included."""
    match statement:
        case tree.Input() | tree.VariableDecl() | tree.State() | tree.Layer() | tree.Scope() | tree.Equation():
            yield statement.name.name
        case tree.Measure() | tree.Const() | tree.FunctionDef():
            yield statement.name.name
        case tree.Output():
            yield from [statement.name.name] if statement.name else []
        case tree.For():
            yield statement.variable.name
        case tree.AxisDecl():
            yield from (n.name for n in statement.names)
        case _:
            pass


def _outside_scopes(statements: Iterable[tree.Statement]) -> Iterator[tree.Statement]:
    """Statements whose names are the definition's own, whichever branch of an `if` they stand in."""
    for statement in statements:
        yield statement
        match statement:
            case tree.If():
                yield from _outside_scopes((*statement.yes, *statement.no))
            case tree.For():
                yield from _outside_scopes(statement.body)
            case _:
                pass


class _Checker:
    def __init__(self, module: ResolvedModule, sink: Sink, defined: set[str]) -> None:
        self.module = module
        self.sink = sink
        self.defined = defined
        self.collections = {*COLLECTIONS, *module.collections}

    def definition(self, item: tree.Definition) -> None:
        for statement in walk(item.body):
            if isinstance(statement, tree.CollectionDecl):
                self.collections |= {n.name for n in statement.names}
        params = _each_once(item.params, self.sink)
        for statement in _outside_scopes(item.body):
            name = getattr(statement, "name", None)
            if isinstance(name, tree.Name | tree.IndexedName) and getattr(name, "index", None) is None and name.name in params:
                twice = codes.DEFINED_TWICE(name.span, name=name.name)
                self.sink.add(twice.note("it is a parameter of the definition", params[name.name]))
        for param in item.params:
            self.expressions(param.default)
            if param.type.name not in PARAMETER_TYPES:
                unknown = codes.UNKNOWN_NAME(param.type.span, name=param.type.name)
                self.sink.add(unknown.suggest(did_you_mean(param.type.name, PARAMETER_TYPES)))
        self.expressions(*(a.value for a in item.defaults))
        for statement in walk(item.body):
            if self.sink.full:
                return
            self._statement(statement)

    def _statement(self, statement: tree.Statement) -> None:
        if isinstance(statement, tree.FunctionDef):
            _each_once(statement.params, self.sink)
            inner = _Checker(self.module, self.sink, self.defined | {p.name for p in statement.params})
            inner.collections = self.collections
            inner.expressions(statement.value, *statement.defaults)
            return
        for field in dataclasses.fields(statement):
            self._part(field.name, getattr(statement, field.name))

    def _part(self, field: str, value: object) -> None:
        match value:
            case tree.IndexedName():
                self.expressions(value.index)
            case tree.TensorTypeExpr():
                self.expressions(*(d for d in value.dims if not isinstance(d, tree.Rest)))
            case tuple() if field == "defaults":
                self.expressions(*(a.value for a in value if isinstance(a, tree.Argument)))  # pyright: ignore[reportUnknownVariableType]
            case tree.Number() | tree.String() | tree.Selector():
                pass
            case tree.Name() if field in ("name", "variable", "collection", "order_collection"):
                pass
            case tree.Node() if field not in ("body", "using"):
                self._expression(value)
            case _:
                pass

    def expressions(self, *expressions: tree.Expr | None) -> None:
        for expression in expressions:
            if expression is not None:
                self._expression(expression)

    def _expression(self, root: tree.Node) -> None:
        pending: list[object] = [root]
        while pending:
            node = pending.pop()
            match node:
                case tree.Name():
                    self._name(node)
                case tree.Argument(name="merge" | "masked", value=tree.Name()):
                    pass  # a word that is checked with the option
                case tree.CollectionSet():
                    self._collections(node)
                case tree.Argument() if node.name == "until":
                    pass  # names a state of the cell that is scanned
                case tree.Node():
                    pending += [getattr(node, f.name) for f in reversed(dataclasses.fields(node)) if f.name != "span"]
                case tuple():
                    pending += reversed(node)  # pyright: ignore[reportUnknownArgumentType]
                case _:
                    pass

    def _name(self, node: tree.Name) -> None:
        name = node.name
        if name in self.defined or self.module.lookup(name) or name in self.module.imported:
            return
        if name in NAMES or name in WORDS or name in self.module.axes:
            return
        family, _, index = name.rpartition("_")
        if index.isdigit() and family in self.defined:
            return  # `cell_0` for `cell[0]`: elaboration knows which there are
        known = (self.defined | self.module.all_names() | NAMES | WORDS) - {"none", "t"}
        hint = _import_of(name) or did_you_mean(name, known)
        if name in self.collections:
            hint = f"a collection is written `{{{name}}}`"
        self.sink.add(codes.UNKNOWN_NAME(node.span, name=name).suggest(hint))

    def _collections(self, node: tree.CollectionSet) -> None:
        for name in node.names:
            if name.name not in self.collections:
                unknown = training_codes.UNKNOWN_COLLECTION(name.span, name=name.name)
                self.sink.add(unknown.suggest(did_you_mean(name.name, self.collections)))


def _import_of(name: str) -> str | None:
    """How to bring in a name of the standard library."""
    homes = std_homes(name)
    return f"write `import {homes[0]} ({name})`" if homes else None
