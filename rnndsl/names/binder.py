"""The binder: gives each use of a name its definition, by the text alone, without carrying anything out.

A name stands for what the nearest scope defines: a `fn`'s parameters, the variable of a `for`, a `scope`, the definition, the
file, its imports, `std.core`, the language, in this order. `if` and `for` open no scope for what their bodies define. Names of
arguments, of attributes and of collections, and words such as `masked = hold`, are no uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from rnndsl.language.builtins import AXES, COLLECTIONS, NAMES, OPTION_WORDS, WORDS
from rnndsl.names.resolve import ResolvedModule
from rnndsl.names.scopes import Bound, Scope, Site, Use
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.source import Span

LANGUAGE = NAMES | WORDS


def bind(module: ResolvedModule) -> Bound:
    """The names of `module`, bound once."""
    if module.bound is None:
        module.bound = _Binder(module).run()
    return module.bound


def names_of(statement: tree.Statement) -> Iterator[tree.Name | tree.IndexedName]:
    """The names that a statement defines, its body's not included."""
    match statement:
        case tree.Input() | tree.VariableDecl() | tree.State() | tree.Layer() | tree.Scope() | tree.Equation():
            yield statement.name
        case tree.Measure() | tree.Const() | tree.FunctionDef():
            yield statement.name
        case tree.Output():
            yield from [statement.name] if statement.name else []
        case tree.AxisDecl():
            yield from statement.names
        case _:
            pass


def _site(name: tree.Name | tree.IndexedName | tree.ConstructorParam) -> Site:
    start = name.span.start
    return Site(name.name, Span(name.span.source, start, start + len(name.name)))


class _Binder:
    def __init__(self, module: ResolvedModule) -> None:
        self.module = module
        self.bound = Bound([], [], set())
        self.collections = frozenset({*COLLECTIONS, *module.collections})
        self.scopes: dict[int, Scope] = {}  # by identity: a hash of a tree is a walk through it
        self.outside: dict[str, Site] = {}  # what a name stands for outside of all definitions

    def run(self) -> Bound:
        own = self.collections
        for item in self.module.tree.items:
            match item:
                case tree.Definition():
                    declared = [n.name for s in walk(item.body) if isinstance(s, tree.CollectionDecl) for n in s.names]
                    self.collections = own.union(declared)
                    self._definition(item)
                case tree.FunctionDef():
                    self._function(item, Scope())
                case tree.Const():
                    self._expressions(Scope(), item.value)
                case _:
                    pass
        self.bound.uses.sort(key=lambda use: use.name.span.start)
        return self.bound

    # ------------------------------------------------------------ what is defined

    def _definition(self, item: tree.Definition) -> None:
        scope = Scope(sites={p.name: _site(p) for p in item.params})
        self._declare(item.body, scope)
        if item.kind != "model":
            self._declare_dims(item.body, scope)
        self._expressions(scope, *(p.default for p in item.params), *item.defaults)
        self._statements(item.body, scope)

    def _declare(self, statements: tuple[tree.Statement, ...], scope: Scope) -> None:
        for statement in statements:
            for name in names_of(statement):
                is_member = isinstance(name, tree.IndexedName) and name.index is not None
                (scope.families if is_member else scope.sites).setdefault(name.name, _site(name))
            match statement:
                case tree.If():
                    self._declare((*statement.yes, *statement.no), scope)
                case tree.For():
                    self._declare(statement.body, scope)
                case tree.Scope():
                    inner = Scope(scope)
                    self.scopes[id(statement)] = scope.inner[statement.name.name] = inner
                    self._declare(statement.body, inner)
                case _:
                    pass

    def _declare_dims(self, statements: tuple[tree.Statement, ...], scope: Scope) -> None:
        """Names in the types of a block's or cell's inputs that nothing else defines: they bind dims."""
        for statement in statements:
            match statement:
                case tree.Input() if statement.type:
                    for dim in statement.type.dims:
                        if isinstance(dim, tree.Name) and scope.find(dim.name) is None and not self._is_known_dim(dim.name):
                            scope.sites[dim.name] = _site(dim)
                case tree.If():
                    self._declare_dims((*statement.yes, *statement.no), scope)
                case tree.For():
                    self._declare_dims(statement.body, scope)
                case tree.Scope():
                    self._declare_dims(statement.body, self.scopes[id(statement)])
                case _:
                    pass

    def _is_known_dim(self, name: str) -> bool:
        """Whether `name` is an axis or a constant in every definition of the file."""
        symbol = self.module.lookup(name)
        return name in AXES or name in self.module.axes or (symbol is not None and isinstance(symbol.item, tree.Const))

    # ------------------------------------------------------------ what is used

    def _statements(self, statements: tuple[tree.Statement, ...], scope: Scope) -> None:
        for statement in statements:
            match statement:
                case tree.If():
                    self._expressions(scope, statement.condition)
                    self._statements(statement.yes, scope)
                    self._statements(statement.no, scope)
                case tree.For():
                    self._expressions(scope, statement.range)
                    self._statements(statement.body, Scope(scope, {statement.variable.name: _site(statement.variable)}))
                case tree.Scope():
                    self._expressions(scope, statement.name.index, *statement.defaults)
                    self.scopes[id(statement)].parent = scope  # of a `for`, perhaps
                    self._statements(statement.body, self.scopes[id(statement)])
                case tree.FunctionDef():
                    self._function(statement, scope)
                case _:
                    self._simple(statement, scope)

    def _function(self, item: tree.FunctionDef, scope: Scope) -> None:
        inner = Scope(scope, {p.name: _site(p) for p in item.params})
        self._expressions(inner, item.value, *item.defaults)

    def _simple(self, statement: tree.Statement, scope: Scope) -> None:
        match statement:
            case tree.Input():
                self._type(scope, statement.type)
                self._expressions(scope, statement.name.index, statement.initial)
            case tree.VariableDecl():
                self._type(scope, statement.type)
                self._expressions(scope, statement.name.index, statement.initializer)
            case tree.State():
                self._type(scope, statement.type)
                self._expressions(scope, statement.name.index, statement.initial)
            case tree.Layer():
                self._expressions(scope, statement.name.index, statement.constructor, *statement.defaults)
            case tree.Equation():
                self._expressions(scope, statement.name.index, statement.value)
            case tree.Output() | tree.Measure() | tree.Const():
                self._expressions(scope, statement.value)
            case tree.Update():
                self._expressions(scope, statement.target, statement.value)
            case tree.Train():
                self._expressions(scope, statement.optimizer, *(o for o in statement.over if isinstance(o, tree.CollectionSet)))
                self._known(scope, *statement.on)
            case tree.SignatureDecl():
                self._known(scope, *statement.outputs)
            case tree.InitSelector():
                self._expressions(scope, statement.initializer)
            case tree.RateSelector():
                self._expressions(scope, statement.factor)
            case _:
                pass

    def _type(self, scope: Scope, type_: tree.TensorTypeExpr | None) -> None:
        if type_ is None:
            return
        if type_.dtype is not None:
            self._known(scope, type_.dtype)
        self._expressions(scope, *type_.dims)

    def _known(self, scope: Scope, *names: tree.Name) -> None:
        """Names of losses, outputs and dtypes, for which elaboration has words of its own if nothing defines them."""
        for name in names:
            site = self._find(name.name, scope)
            if site is not None:
                self.bound.uses.append(Use(name, scope, site))

    def _expressions(self, scope: Scope, *expressions: tree.Node | None) -> None:
        pending: list[object] = list(reversed(expressions))
        while pending:
            node = pending.pop()
            match node:
                case tree.Name():
                    self.bound.uses.append(Use(node, scope, self._find(node.name, scope)))
                case tree.CollectionSet():
                    self.bound.collections += [(name, self.collections) for name in node.names]
                case tree.Argument(name=str() as option, value=tree.Name() as value) if option in OPTION_WORDS:
                    self._option(option, value, scope)
                case tree.Argument(name=str() as option, value=tree.ListExpr(items=items)) if option in OPTION_WORDS:
                    for item in items:  # `over = [batch, inner]`
                        if isinstance(item, tree.Name):
                            self._option(option, item, scope)
                        else:
                            pending.append(item)
                case tree.Argument(name="until"):
                    pass  # names a state of the cell that is scanned
                case tree.Node():
                    pending += [getattr(node, name) for name in reversed(node.__fields__) if name != "span"]
                case tuple():
                    pending += reversed(node)  # pyright: ignore[reportUnknownArgumentType]
                case _:
                    pass

    def _option(self, option: str, value: tree.Name, scope: Scope) -> None:
        """`merge = sum` is a word; another name is a value's, or no word of the option, for which elaboration has its own."""
        if value.name in OPTION_WORDS[option]:
            return
        site = self._find(value.name, scope)
        if site is not None or option == "over":
            self.bound.uses.append(Use(value, scope, site))

    def _find(self, name: str, scope: Scope) -> Site | None:
        found = scope.find(name)
        if found is not None:
            return found
        if name in self.module.names or name in self.module.imported:
            self.bound.imports.add(name)
        if name not in self.outside:
            site = self._of_file(name)
            if site is None:
                return None
            self.outside[name] = site
        return self.outside[name]

    def _of_file(self, name: str) -> Site | None:
        """What the file, its imports, std.core and the language say of `name`."""
        module = self.module
        if name in module.axes:
            return Site(name, module.axes[name])
        symbol = module.lookup(name)
        if symbol is not None:
            return _site(symbol.item.name)
        if name in module.imported:
            return Site(name, module.imported[name])  # of a file that could not be read
        return Site(name, None) if name in LANGUAGE else None
