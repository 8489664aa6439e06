"""A check of every name that a file uses, whether a model needs the definition or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rnndsl.language.builtins import COLLECTIONS, GIVEN, NAMES, STEP_OPTIONS
from rnndsl.names.binder import bind
from rnndsl.names.declaring import names_of
from rnndsl.names.modules import ResolvedModule, Scope
from rnndsl.names.reading import std_homes
from rnndsl.syntax import tree
from rnndsl.syntax.walk import every_node, walk
from rnndsl.text.codes import elsewhere
from rnndsl.text.codes import names as codes
from rnndsl.text.codes import training as training_codes
from rnndsl.text.codes import weights as weights_codes
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.sink import Sink
from rnndsl.text.source import Span

PARAMETER_TYPES = frozenset({"int", "float", "bool", "string", "dtype", "fn", "initializer", "block", "cell", "axis"})
"""Types of the parameters of any definition; an optimizer's may be a `rate` too."""


def check_all(spec: ResolvedModule, sink: Sink) -> None:
    """`check_names` for the spec and every file of the user's own that it imports, directly or not."""
    for each in spec.files:
        if each.read_whole:
            check_names(each, sink)


def check_names(module: ResolvedModule, sink: Sink) -> None:
    """Reports names that nothing defines, and imports that nothing uses."""
    for item in module.tree.items:
        match item:
            case tree.Definition():
                _check_parameters(item, sink)
            case tree.FunctionDef():
                _each_once(item.params, sink)
            case tree.LayoutDef():
                _check_layout(module, item, sink)
            case _:
                pass
    bindings = bind(module)
    for name in sorted(bindings.unknown, key=lambda name: name.span.start):
        if not sink.full:
            sink.add(unknown(module, name))
    for name, known in bindings.unknown_collections:
        sink.add(training_codes.unknown_collection(name.span, name.name, known))
    for name, span in module.imported.items():
        if name in module.names and name not in bindings.used:
            sink.add(codes.unused_import(span, name))
    words = set(_words(module.tree)) if module.imported_words else set[str]()
    for name, span in module.imported_words.items():
        if name not in words:
            sink.add(codes.unused_import(span, name))


def _words(file: tree.Module) -> Iterator[str]:
    """Every collection and layout that a file names, wherever it does."""
    items = (item for item in file.items if not isinstance(item, tree.Import | tree.CollectionDecl | tree.LayoutDef))
    for node in (node for item in items for node in every_node(item)):
        match node:
            case tree.CollectionSet(names=names) | tree.VariableDecl(collections=names) | tree.Update(collections=names):
                yield from (each.name for each in names)
            case tree.Measure(collection=tree.Name() as each) | tree.CollectSelector(collection=each):
                yield each.name
            case tree.Train(order_collection=tree.Name() as each):
                yield each.name
            case tree.Load(using=tree.Name() as each) | tree.Load(using=tree.Call(function=tree.Name() as each)):
                yield each.name
            case _:
                pass


def _check_layout(module: ResolvedModule, layout: tree.LayoutDef, sink: Sink) -> None:
    """Reports a layout for what is no block and no cell, and its faulty parameters."""
    _each_once(layout.params, sink)
    _check_types(layout.params, PARAMETER_TYPES, sink)
    target = module.find(layout.target.name)
    if target is None:
        sink.add(unknown(module, layout.target))
    elif not any(site.kind in ("block", "cell", "import") for site in target.sites):
        kind = target.sites[0].kind if target.sites else "function"
        sink.add(weights_codes.layout_target(layout.target.span, layout.target.name, kind))


def _check_types(params: Iterable[tree.ConstructorParam], known: frozenset[str], sink: Sink) -> None:
    for param in params:
        if param.type.name not in known:
            sink.add(codes.unknown_name(param.type.span, param.type.name, known))


def _check_parameters(definition: tree.Definition, sink: Sink) -> None:
    """Reports constructor parameters of no type, and those whose name is taken twice."""
    params = _each_once(definition.params, sink)
    for statement in walk(definition.body):
        if isinstance(statement, tree.FunctionDef):
            _each_once(statement.params, sink)
    if definition.kind == "optimizer":
        _check_given(definition, sink)
    for statement in _outside_scopes(definition.body):
        name = None if isinstance(statement, tree.Write) else getattr(statement, "name", None)
        if isinstance(name, tree.Name | tree.IndexedName) and getattr(name, "index", None) is None and name.name in params:
            sink.add(codes.parameter_redefined(name.span, name.name, params[name.name]))
    for param in definition.params:
        known = PARAMETER_TYPES | {"rate"} if definition.kind == "optimizer" and not param.is_list else PARAMETER_TYPES
        _check_types([param], known, sink)


def _check_given(definition: tree.Definition, sink: Sink) -> None:
    """Reports what an optimizer defines under a name that it is given, and parameters that every optimizer has."""
    for param in definition.params:
        if param.name in (*GIVEN, *STEP_OPTIONS):
            sink.add(codes.given_redefined(param.span, param.name, definition.name.name))
    names = [name for statement in _outside_scopes(definition.body) for name in names_of(statement)]
    for name in names:
        if name.name in GIVEN:
            sink.add(codes.given_redefined(name.span, name.name, definition.name.name))


def _each_once(params: Iterable[tree.ConstructorParam | tree.Name], sink: Sink) -> dict[str, Span]:
    """Where each parameter is declared; reports those that are declared twice."""
    first: dict[str, Span] = {}
    for each in params:
        if first.setdefault(each.name, each.span) != each.span:
            sink.add(codes.defined_twice(each.span, each.name, first[each.name]))
    return first


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


def unknown(module: ResolvedModule, name: tree.Name) -> Diagnostic:
    """What is said of a name that nothing defines, or nothing that is in force where it is used."""
    scope = module.scope.at(name.span.start)
    for definition in scope.resolve(name.name):
        if definition.is_certain:
            return codes.used_before(name.span, name.name, definition.sites[0].span)
        if definition.sites:
            return codes.not_in_force(name.span, name.name, definition.sites[0].span)
    holder = _holder(scope, name.name)
    if holder:
        return codes.in_scope(name.span, name.name, holder)
    if name.name in {*module.collections, *COLLECTIONS}:
        return codes.bare_collection(name.span, name.name)
    if name.name in elsewhere.NAMES:
        return codes.foreign_name(name.span, name.name)
    function = _function_of(name)
    if function is not None:
        return codes.foreign_module(name.span, name.name, function, function in NAMES)
    homes = std_homes(name.name)
    if homes:
        return codes.not_imported(name.span, name.name, homes[0])
    return codes.unknown_name(name.span, name.name, {*scope.visible()} - {"none", "t"})


def _holder(scope: Scope, name: str) -> str | None:
    """The path of an inner scope that defines `name`: `enc`, or `enc.deep`."""
    for around in scope.chain():
        pending = list(_named(around))
        while pending:
            path, inner = pending.pop(0)
            if name in inner.plain:
                return path
            pending += [(f"{path}.{each}", deeper) for each, deeper in _named(inner)]
    return None


def _named(scope: Scope) -> Iterator[tuple[str, Scope]]:
    """The scopes that have a name in `scope`."""
    for name, definition in scope.plain.items():
        yield from ((name, site.inner) for site in definition.sites if site.inner is not None)


def _function_of(name: tree.Name) -> str | None:
    """`relu`, where `name` is the `tf` of `tf.nn.relu(x)`."""
    if name.name not in elsewhere.LIBRARIES:
        return None
    written = re.compile(r"(?:\s*\.\s*(\w+))+").match(name.span.source.text, name.span.end)
    return written[1] if written else None
