"""What a definition declares, by the text alone: a scope for its parameters, one for its body, and one for each `scope`, `for` and
`fn` in it. `if` and `for` open none for what their bodies define."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rnndsl.language.builtins import AXES, GIVEN
from rnndsl.names.modules import Definition, Kind, ResolvedModule, Scope, Site, Use
from rnndsl.records import record, replace
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.source import Span

Name = tree.Name | tree.IndexedName | tree.ConstructorParam
Statements = tuple[tree.Statement, ...]


def names_of(statement: tree.Statement) -> Iterator[tree.Name | tree.IndexedName]:
    """The names that a statement defines, its body's not included."""
    match statement:
        case tree.Input() | tree.VariableDecl() | tree.State() | tree.Layer() | tree.Scope() | tree.Equation():
            yield statement.name
        case tree.Measure() | tree.Const() | tree.FunctionDef():
            yield statement.name
        case tree.Output():
            yield from [statement.name] if statement.name and not names_itself(statement) else []
        case tree.AxisDecl():
            yield from statement.names
        case _:
            pass


def names_itself(output: tree.Output) -> bool:
    """Whether it is `output c = c`: the value of an equation under the equation's own name, which it does not define again."""
    return (
        output.name is not None
        and output.name.index is None
        and isinstance(output.value, tree.Name)
        and output.value.name == output.name.name
    )


def kind_of(statement: tree.Node) -> Kind:
    """The word of a statement or item that defines a name."""
    match statement:
        case tree.Input() | tree.VariableDecl() | tree.Measure() | tree.FunctionDef() | tree.Definition():
            return statement.kind
        case tree.State():
            return "state"
        case tree.Layer():
            return "layer"
        case tree.Scope():
            return "scope"
        case tree.Output():
            return "output"
        case tree.Const():
            return "const"
        case tree.AxisDecl():
            return "axis"
        case tree.LayoutDef():
            return "layout"
        case tree.Train():
            return "train"
        case tree.SignatureDecl():
            return "signature"
        case _:
            return "equation"


def own_span(name: Name) -> Span:
    """Where the name alone is written."""
    start = name.span.start
    return Span(name.span.source, start, start + len(name.name))


def member(index: tree.Expr) -> str | None:
    """The end of the name of a family's member, if its index is written as numbers: `0_2` for `[0, 2]`."""
    parts = index.items if isinstance(index, tree.ListExpr) else (index,)
    numbers = [part.value for part in parts if isinstance(part, tree.Number)]
    return "_".join(map(str, numbers)) if len(numbers) == len(parts) else None


def declare(module: ResolvedModule, item: tree.TopLevel) -> Scope:
    """The scope of an item's own names, made once: of a definition's body, which is in that of its parameters; of a `fn`."""
    made = module.bindings.scopes.get(id(item))
    if made is None:
        made = module.bindings.scopes[id(item)] = _Declarer(module).item(item)
    return made


def target_of(module: ResolvedModule, layout: tree.LayoutDef) -> tuple[ResolvedModule, tree.Definition] | None:
    """What a layout of the file `module` is for, and the file that defines it; None if it is for nothing that is defined."""
    target = module.find(layout.target.name)
    if target is None or target.scope is None:
        return None
    statement = target.sites[0].statement
    return (target.scope.module, statement) if isinstance(statement, tree.Definition) else None


@record
class _Place:
    """Where statements stand: `scope` gets what they define, `around` is the innermost whose names they see; it may be a `for` in
    `scope`. `is_certain`: they are there whatever the arguments are."""

    scope: Scope
    around: Scope
    is_certain: bool = True


class _Declarer:
    def __init__(self, module: ResolvedModule) -> None:
        self.module = module

    def item(self, item: tree.TopLevel) -> Scope:
        match item:
            case tree.Definition():
                return self._definition(item)
            case tree.FunctionDef():
                return self._function(item, self.module.scope)
            case tree.LayoutDef():
                return self._layout(item)
            case _:
                return self.module.scope

    def _definition(self, item: tree.Definition) -> Scope:
        params = self.module.scope.child(item.span)
        self._parameters(params, item.params)
        for name in GIVEN if item.kind == "optimizer" else ():
            params.define(name, Site(own_span(item.name), "given", item), False)
        body = params.child(_after(item.span, item.header, *(each.span for each in (*item.params, *item.defaults))))
        self._statements(item.body, _Place(body, body))
        if item.kind in ("block", "cell"):
            self._dims(item.body, _Place(body, body))
        return body

    def _layout(self, item: tree.LayoutDef) -> Scope:
        """The names of what the layout is for, then of the file."""
        made = self.module.scope.child(item.span)
        target = target_of(self.module, item)
        if target is not None:
            for each in reversed([*declare(*target).chain()][:-1]):
                made.plain.update(each.plain)
                made.families.update(each.families)
        own = (name.name for each in walk(item.terms) for name in names_of(each))
        made.plain.update({name: Definition(name, made) for name in (*(each.name for each in item.params), *own)})
        self._parameters(made, item.params)
        self._statements(item.terms, _Place(made, made))
        return made

    def _function(self, item: tree.FunctionDef, around: Scope) -> Scope:
        made = self.module.bindings.scopes[id(item)] = around.child(item.span)
        self._parameters(made, item.params)
        return made

    def _parameters(self, scope: Scope, params: tuple[tree.ConstructorParam, ...] | tuple[tree.Name, ...]) -> None:
        for each in params:
            self._note(scope, each, Site(own_span(each), "parameter", each))

    def _note(self, scope: Scope, name: Name, site: Site) -> None:
        index = name.index if isinstance(name, tree.IndexedName) else None
        if index is not None:
            site = replace(site, is_certain=False, member=member(index))
        definition = scope.define(name.name, site, index is not None)
        self.module.bindings.uses[site.span.start] = Use(site.span, (definition,), site.member)

    # ------------------------------------------------------------ statements

    def _statements(self, statements: Statements, place: _Place) -> None:
        for statement in statements:
            inner = self._opened(statement, place.around)
            for name in names_of(statement):
                site = Site(own_span(name), kind_of(statement), statement, place.is_certain, inner=inner)
                self._note(place.scope, name, site)
            self._within(statement, place, self._statements)

    def _within(self, statement: tree.Statement, place: _Place, do: Callable[[Statements, _Place], None]) -> None:
        """Carries on with what stands in `statement`."""
        match statement:
            case tree.If():
                do((*statement.yes, *statement.no), _Place(place.scope, place.around, False))
                for name in _certain(statement.yes) & _certain(statement.no) if place.is_certain else ():
                    definition = place.scope.plain[name]
                    definition.certain = min(definition.certain, statement.span.end)
            case tree.For():
                do(statement.body, _Place(place.scope, self.module.bindings.scopes[id(statement)], False))
            case tree.Scope():
                inner = self.module.bindings.scopes[id(statement)]
                do(statement.body, _Place(inner, inner))
            case _:
                pass

    def _opened(self, statement: tree.Statement, around: Scope) -> Scope | None:
        """The scope that a statement opens."""
        match statement:
            case tree.Scope():
                made = around.child(_after(statement.span, statement.name.span, *(each.span for each in statement.defaults)))
            case tree.For():
                made = around.child(_after(statement.span, statement.range.span))
                self._note(made, statement.variable, Site(statement.variable.span, "for", statement))
            case tree.FunctionDef():
                return self._function(statement, around)
            case _:
                return None
        self.module.bindings.scopes[id(statement)] = made
        return made

    # ------------------------------------------------------------ dims

    def _dims(self, statements: Statements, place: _Place) -> None:
        """Names in the types of a block's or cell's inputs that nothing before them defines for certain: they bind dims."""
        for statement in statements:
            if isinstance(statement, tree.Input) and statement.type is not None:
                unbound = (d for d in statement.type.dims if isinstance(d, tree.Name) and not self._is_known(d, place.around))
                for dim in unbound:
                    self._note(place.scope, dim, Site(dim.span, "dim", statement, place.is_certain))
            self._within(statement, place, self._dims)

    def _is_known(self, dim: tree.Name, around: Scope) -> bool:
        for scope in around.chain():
            definition = scope.plain.get(dim.name)
            if definition and definition.certain < dim.span.start:
                return True
        outer = self.module.find(dim.name)
        return outer is not None and (dim.name in AXES or any(site.kind in ("const", "axis") for site in outer.sites))


def _certain(statements: Statements) -> set[str]:
    """The plain names that statements define, whatever the arguments are, where they are carried out."""
    found: set[str] = set()
    for statement in statements:
        names = names_of(statement)
        found.update(each.name for each in names if not isinstance(each, tree.IndexedName) or each.index is None)
        if isinstance(statement, tree.If):
            found |= _certain(statement.yes) & _certain(statement.no)
    return found


def _after(whole: Span, *parts: Span) -> Span:
    """What is left of `whole` behind all `parts`."""
    return Span(whole.source, max(part.end for part in parts), whole.end)
