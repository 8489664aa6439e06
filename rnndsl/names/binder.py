"""The binder: gives each use of a name its definition, by the text alone, without carrying anything out.

A name stands for what the nearest scope defines: a `fn`'s parameters, the variable of a `for`, a `scope`, the body of the
definition, its parameters, the file, its imports, `std.core`, the language, in this order. What is defined under an `if` or in a
`for` may not be there; then the name stands for the next, so a use has all of them. Each item of a file is bound when it is first
asked for. Names of arguments and of attributes, and words such as `masked = hold`, are no uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from rnndsl.language.builtins import COLLECTIONS, OPTION_WORDS
from rnndsl.names.declaring import declare, member, own_span, target_of
from rnndsl.names.modules import Bindings, Definition, ResolvedModule, Scope, Use
from rnndsl.records import record
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.source import Span

_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def holes(text: tree.String) -> Iterator[tree.Name]:
    """The names in braces of `"b{k}"`, each where it is written."""
    source, start = text.span.source, text.span.start
    for found in _HOLE.finditer(text.span.text):
        yield tree.Name(Span(source, start + found.start(1), start + found.end(1)), found[1])


def bind(module: ResolvedModule) -> Bindings:
    """Every name of `module` with its definition."""
    for item in module.tree.items:
        enter(module, item)
    return module.bindings


def enter(module: ResolvedModule, item: tree.TopLevel) -> Scope:
    """The scope of an item's own names, what it uses being bound."""
    scope = declare(module, item)
    if id(item) not in module.bindings.bound:
        module.bindings.bound.add(id(item))
        _Binder(module, item).run(scope)
    return scope


class _Names(Protocol):
    """The names that some text sees."""

    def resolve(self, name: str) -> tuple[Definition, ...]: ...


@record
class _Default:
    """What the default of the parameter that is declared at `start` sees of `scope`, its definition's own, and of those around.
    A later parameter is meant, too late, where nothing else is."""

    scope: Scope
    start: int

    def resolve(self, name: str) -> tuple[Definition, ...]:
        found = self.scope.resolve(name)
        is_later = bool(found) and found[0].scope is self.scope and found[0].sites[0].span.start >= self.start
        return (is_later and self.scope.parent and self.scope.parent.resolve(name)) or found


@record
class _Before:
    """What is seen of `scope` where statements are carried out in the order of the text, those from `start` on not yet. What they
    define is meant, too early, where nothing else is."""

    scope: Scope
    start: int

    def resolve(self, name: str) -> tuple[Definition, ...]:
        return self.scope.resolve_before(name, self.start) or self.scope.resolve(name)


class _Binder:
    """Binds the uses in one item."""

    def __init__(self, module: ResolvedModule, item: tree.TopLevel) -> None:
        self.module = module
        self.item = item
        statements = walk(item.body) if isinstance(item, tree.Definition) else ()
        declared = (name.name for each in statements if isinstance(each, tree.CollectionDecl) for name in each.names)
        self.collections = frozenset({*COLLECTIONS, *module.collections, *declared})

    def run(self, scope: Scope) -> None:
        """`scope`: of the item's own names."""
        for definition in self._own():
            span = definition.sites[0].span
            self.module.bindings.uses[span.start] = Use(span, (definition,))
        match self.item:
            case tree.Definition():
                params = scope.parent
                assert params is not None
                for each in self.item.params:
                    self._default(params, each, each.default)
                self._expressions(params, *self.item.defaults)
                self._statements(self.item.body, scope)
            case tree.FunctionDef():
                self._function(self.item, scope)
            case tree.Const():
                self._expressions(scope, self.item.value)
            case tree.LayoutDef():
                self._layout(self.item, scope)
            case _:
                pass

    def _layout(self, item: tree.LayoutDef, scope: Scope) -> None:
        self._known(self.module.scope, item.target)
        target = target_of(self.module, item)
        if target is not None:
            enter(*target)  # its layers are read by name
        for each in item.params:
            self._default(scope, each, each.default)
        for each in walk(item.terms):
            match each:
                case tree.LayoutTerm():
                    self._layout_keys(each, scope)
                    self._expressions(scope, each.value)
                case tree.If() | tree.Require():
                    self._expressions(scope, each.condition)
                case tree.Const():
                    self._expressions(scope, each.value)
                case _:
                    pass

    def _layout_keys(self, term: tree.LayoutTerm, scope: Scope) -> None:
        for key in term.keys:
            for name in holes(key.name):
                self._use(scope, name)
            self._expressions(scope, *key.indices)

    def _own(self) -> list[Definition]:
        """What the item itself defines in the file; a second definition of a name, which is told elsewhere, defines nothing."""
        match self.item:
            case tree.Definition() | tree.FunctionDef() | tree.Const():
                found = [self.module.names.get(self.item.name.name)]
            case tree.AxisDecl():
                found = [self.module.axes.get(name.name) for name in self.item.names]
            case _:
                found = []
        return [each for each in found if each is not None and each.sites[0].statement is self.item]

    # ------------------------------------------------------------ statements

    def _statements(self, statements: tuple[tree.Statement, ...], scope: Scope) -> None:
        for statement in statements:
            before = _Before(scope, statement.span.start)
            match statement:
                case tree.If():
                    self._expressions(before, statement.condition)
                    self._statements(statement.yes, scope)
                    self._statements(statement.no, scope)
                case tree.For():
                    self._expressions(before, statement.range)
                    self._statements(statement.body, self.module.bindings.scopes[id(statement)])
                case tree.Scope():
                    self._expressions(before, statement.name.index, *statement.defaults)
                    self._statements(statement.body, self.module.bindings.scopes[id(statement)])
                case tree.FunctionDef():
                    self._function(statement, self.module.bindings.scopes[id(statement)])
                case _:
                    self._simple(statement, scope, before)

    def _function(self, item: tree.FunctionDef, scope: Scope) -> None:
        for param, default in zip(item.params, item.defaults, strict=True):
            self._default(scope, param, default)
        self._expressions(scope, item.value)

    def _default(self, scope: Scope, param: tree.Node, expr: tree.Expr | None) -> None:
        """A parameter's default: it sees the parameters before it, and behind those what is around the definition."""
        self._expressions(_Default(scope, param.span.start), expr)

    def _simple(self, statement: tree.Statement, scope: Scope, before: _Before) -> None:
        match statement:
            case tree.Input():
                self._expressions(before, statement.name.index)
                if statement.type is not None:
                    self._type(_Before(scope, statement.type.span.end), statement.type)
                self._expressions(before, statement.initial)
            case tree.VariableDecl():
                self._expressions(before, statement.name.index)
                if statement.type is not None:
                    self._type(scope, statement.type)
                self._expressions(scope, statement.initializer, *(statement.bounds or ()))
            case tree.State():
                self._expressions(before, statement.name.index)
                self._type(before, statement.type)
                self._expressions(before, statement.initial)
            case tree.Layer():
                self._expressions(before, statement.name.index)
                self._expressions(scope, statement.constructor, *statement.defaults)
            case tree.Equation():
                self._expressions(before, statement.name.index)
                self._expressions(scope, statement.value)
            case tree.Output():
                self._expressions(before, statement.name.index if statement.name else None)
                self._expressions(scope, statement.value)
            case tree.Write():
                name = tree.Name(own_span(statement.name), statement.name.name)
                target = name if statement.name.index is None else tree.Index(statement.name.span, name, (statement.name.index,))
                self._expressions(scope, target, statement.value)
            case tree.Require():
                self._expressions(before, statement.condition)
            case tree.Measure():
                self._expressions(before, statement.name.index)
                self._expressions(scope, statement.value)
            case tree.HandOn() | tree.Const():
                self._expressions(scope, statement.value)
            case tree.Update():
                self._expressions(scope, statement.target, statement.value)
            case tree.Train():
                self._expressions(scope, statement.optimizer, *(o for o in statement.over if isinstance(o, tree.CollectionSet)))
            case tree.InitSelector():
                self._expressions(scope, statement.initializer)
            case tree.RateSelector():
                self._expressions(scope, statement.factor)
            case tree.Load(using=tree.Call() as using):
                self._expressions(scope, *(each.value for each in using.arguments))
            case _:
                pass

    # ------------------------------------------------------------ expressions

    def _type(self, scope: _Names, type_: tree.TensorTypeExpr) -> None:
        if type_.dtype is not None:
            self._known(scope, type_.dtype)
        self._expressions(scope, *type_.dims)

    def _known(self, scope: _Names, *names: tree.Name) -> None:
        """Names of dtypes, for which elaboration has words of its own if nothing defines them, and the like."""
        for name in names:
            if scope.resolve(name.name):
                self._use(scope, name)

    def _use(self, scope: _Names, name: tree.Name, index: tuple[tree.Expr, ...] = ()) -> None:
        definitions = scope.resolve(name.name)
        self.module.bindings.uses[name.span.start] = Use(name.span, definitions, member(index[0]) if len(index) == 1 else None)
        if not definitions:
            self.module.bindings.unknown.append(name)

    def _expressions(self, scope: _Names, *expressions: tree.Node | None) -> None:
        pending: list[object] = list(reversed(expressions))
        while pending:
            node = pending.pop()
            match node:
                case tree.Name():
                    self._use(scope, node)
                case tree.Index(target=tree.Name() as target):
                    self._use(scope, target, node.indices)
                    pending += reversed(node.indices)
                case tree.Call(function=tree.Name(name="rename")):
                    for each in node.arguments:  # the axis `time` of `rename(x, time = frame)`
                        if each.name is not None and each.name_span is not None:
                            self._known(scope, tree.Name(each.name_span, each.name))
                    pending += [node.function, *node.arguments][::-1]
                case tree.AxisIndex():
                    for each in node.arguments:
                        if each.name not in (None, "to") and each.name_span is not None:
                            self._use(scope, tree.Name(each.name_span, each.name))
                    pending += [node.target, *(each.value for each in node.arguments)][::-1]
                case tree.CollectionSet():
                    unknown = [name for name in node.names if name.name not in self.collections]
                    self.module.bindings.unknown_collections += [(name, self.collections) for name in unknown]
                case tree.Argument(name=str() as option, value=tree.Name() as value) if option in OPTION_WORDS:
                    self._option(option, value, scope)
                case tree.Argument(name=str() as option, value=tree.ListExpr(items=items)) if option in OPTION_WORDS:
                    for item in items:  # `over = [batch, inner]`
                        if isinstance(item, tree.Name):
                            self._option(option, item, scope)
                        else:
                            pending.append(item)
                case tree.Argument(name="path", value=path):
                    parts = path.items if isinstance(path, tree.ListExpr) else (path,)
                    for name in (each for part in parts if isinstance(part, tree.String) for each in holes(part)):
                        self._use(scope, name)
                    pending += reversed(parts)
                case tree.Argument(name="until"):
                    pass  # names a state of the cell that is scanned
                case tree.Node():
                    pending += [getattr(node, name) for name in reversed(node.__fields__) if name != "span"]
                case tuple():
                    pending += reversed(node)  # pyright: ignore[reportUnknownArgumentType]
                case _:
                    pass

    def _option(self, option: str, value: tree.Name, scope: _Names) -> None:
        """`merge = sum` is a word; another name is a value's, or no word of the option, for which elaboration has its own."""
        if value.name not in OPTION_WORDS[option] and (option == "over" or scope.resolve(value.name)):
            self._use(scope, value)
