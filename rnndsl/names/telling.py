"""What the text tells of a value, without carrying anything out: enough to know which names may follow its dot.

A constructor parameter may be any cell, and what a `fn` makes of its arguments may be anything: of such a value nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Literal

from rnndsl.names.binder import enter
from rnndsl.names.modules import Definition, ResolvedModule, Scope, Site, Use, of_language
from rnndsl.records import Immutable, record
from rnndsl.syntax import tree

DEEPEST = 50
"""So many definitions are followed from one value to the next; what lies further is not told."""
WRAPPERS = ("map_state", "map_recurrent")
"""Functions whose value is their first argument, a cell or block, in another way."""
RESULTS = MappingProxyType({"beam": ("ids", "scores", "lengths"), "top_k": ("values", "ids"), "conv": ("lengths",)})
"""What functions of several results call them."""


@record
class Told(Immutable):
    """A `scope`; a block or cell by name, its `definition`; a `layer` of one, or its constructor: `body` has their names. Else the
    result of a `scan` of a cell, of `both` directions, or their final `states`, `of` what is told of the cells; what a layer is
    worth `applied`, `of` what is told of the layer; `results`, which have `names`; or `unknown`."""

    kind: Literal["scope", "definition", "layer", "applied", "scan", "both", "states", "results", "unknown"]
    body: Scope | None = None
    of: tuple[tuple[Told, ...], ...] = ()
    names: tuple[str, ...] = ()


@record
class Found:
    """What a name after a dot stands for. `is_told`: it can stand for nothing else."""

    definitions: Sequence[Definition]
    is_told: bool = True


UNKNOWN = Told("unknown")


class Telling:
    """What is told of the values of expressions, each worked out once."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Told, ...]] = {}
        self.depth = 0

    def value(self, expr: tree.Expr, module: ResolvedModule) -> tuple[Told, ...]:
        """All that `expr`, of the text of `module`, may be; nothing for what has no names: numbers, tensors, functions."""
        found = self.known.get(id(expr))
        if found is not None:
            return found
        if self.depth >= DEEPEST:
            return (UNKNOWN,)
        self.known[id(expr)] = (UNKNOWN,)  # for what is made of itself
        self.depth += 1
        found = self.known[id(expr)] = tuple(dict.fromkeys(self._value(expr, module)))
        self.depth -= 1
        return found

    def _value(self, expr: tree.Expr, module: ResolvedModule) -> Iterable[Told]:
        match expr:
            case tree.Name():
                use = module.bindings.uses.get(expr.span.start)
                return self.meant(use) if use else ()
            case tree.Index():
                return self.value(expr.target, module)
            case tree.Attribute():
                return (after for told in self.value(expr.target, module) for after in self.attribute(told, expr.name))
            case tree.Conditional():
                return (*self.value(expr.yes, module), *self.value(expr.no, module))
            case tree.ListExpr():
                return (told for item in expr.items for told in self.value(item, module))
            case tree.Call():
                return self._call(expr, module)
            case _:
                return ()

    def meant(self, use: Use) -> Iterator[Told]:
        """What is told of what a name stands for."""
        for definition in use.definitions:
            for site in use.sites_of(definition):
                yield from self.of_site(definition, site)

    def of_site(self, definition: Definition, site: Site) -> Iterable[Told]:
        """What is told of what one place defines."""
        assert definition.scope is not None
        module = definition.scope.module
        match site.statement:
            case tree.Scope():
                return (Told("scope", site.inner),)
            case tree.Definition():
                return (Told("definition", enter(module, site.statement)),)
            case tree.Layer():
                return self.value(site.statement.constructor, module)
            case tree.Equation() | tree.Output() | tree.Const():
                return self.value(site.statement.value, module)
            case tree.ConstructorParam() if site.statement.type.name not in ("cell", "block"):
                return ()
            case tree.ConstructorParam() | tree.Name() | tree.For() | tree.Module():
                return (UNKNOWN,)
            case _:
                return ()

    def _call(self, call: tree.Call, module: ResolvedModule) -> Iterable[Told]:
        """What a function makes; a block or cell a constructor; a layer a tensor."""
        match self.function(call, module):
            case Definition(scope=None, name=name):
                return self._of_language(name, [self.value(each.value, module) for each in call.arguments if each.name is None])
            case Definition():
                return (UNKNOWN,)
            case found:
                made = [Told("layer", told.body) for told in found if told.kind == "definition"]
                layers = tuple(told for told in found if told.kind == "layer")
                made += [Told("applied", of=(layers,))] if layers else []
                return [*made, *(told for told in found if told.kind == "unknown")]

    def function(self, call: tree.Call, module: ResolvedModule) -> Definition | tuple[Told, ...]:
        """What is called: a function, of the language or a `fn`, or what is told of another value."""
        name = call.function if isinstance(call.function, tree.Name) else None
        use = module.bindings.uses.get(name.span.start) if name else None
        meant = use.definitions[0] if use and use.definitions else None
        is_function = meant is not None and (meant.scope is None or isinstance(meant.sites[0].statement, tree.FunctionDef))
        return meant if meant is not None and is_function else self.value(call.function, module)

    def _of_language(self, name: str, given: Sequence[tuple[Told, ...]]) -> Iterable[Told]:
        if name in WRAPPERS:
            return given[0] if given else ()
        if name in ("scan", "step"):
            return (Told("scan", of=tuple(given[:1])),)
        if name == "bidirectional":
            return (Told("both", of=tuple(given[:2])),)
        return (Told("results", names=RESULTS[name]),) if name in RESULTS else ()

    # ------------------------------------------------------------ what follows the dot

    def named(self, told: Told, name: str) -> Found:
        """What `name` stands for after the dot of a value."""
        match told:
            case Told(kind="unknown"):
                return Found((), False)
            case Told(kind="scope", body=Scope() as body):
                return Found(body.own(name))
            case Told(kind="layer", body=Scope(parent=Scope() as params) as body):
                own = body.own(name) or params.own(name)
                return Found(own or ([of_language(name)] if name == "name" else []))
            case Told(kind="scan") if name in ("last", "final", "states", "lengths"):
                return Found([of_language(name)])
            case Told(kind="scan" | "applied"):
                return self._output(told, name)
            case Told(kind="results") if name in told.names:
                return Found([of_language(name)])
            case Told(kind="both") if name in ("fw", "bw", "last"):
                return Found([of_language(name)])
            case Told(kind="states"):
                found = [self._state(cell, name) for cells in told.of for cell in cells]
                return Found([d for each in found for d in each.definitions], all(each.is_told for each in found))
            case _:
                return Found(())

    def _output(self, told: Told, name: str) -> Found:
        """A named output of a cell or block; what it hands on of others is not told."""
        layers = [layer for layers in told.of for layer in layers]
        bodies = [layer.body for layer in layers if layer.body is not None]
        found = [each for body in bodies for each in body.own(name)]
        own = [each for each in found if any(site.kind in ("output", "equation") for site in each.sites)]
        return Found(own, bool(own) or not layers)

    def attribute(self, told: Told, name: str) -> Iterable[Told]:
        """What is told of the value after the dot."""
        match told, name:
            case Told(kind="unknown"), _:
                return (told,)
            case Told(kind="scan"), "final" | "states":
                return (Told("states", of=told.of),)
            case Told(kind="both"), "fw" | "bw":
                return (Told("scan", of=told.of[("fw", "bw").index(name) :][:1]),)
            case Told(kind="states"), _:
                found = self.named(told, name)
                inner = [Told("states", of=(cell,)) for cell in map(self._cell, found.definitions) if cell]
                return inner if found.is_told else (UNKNOWN, *inner)
            case _:
                uses = [Use(each.sites[0].span, (each,)) for each in self.named(told, name).definitions if each.sites]
                return (after for use in uses for after in self.meant(use))

    def _cell(self, definition: Definition) -> tuple[Told, ...]:
        """What is told of an inner cell; nothing of what is no layer."""
        layers = [site for site in definition.sites if site.kind == "layer"]
        return tuple(told for site in layers for told in self.of_site(definition, site))

    def _state(self, cell: Told, name: str) -> Found:
        """What `name` stands for among the states of a cell: a state, or an inner cell. Those of an inner cell that adds nothing to
        paths, `with (path = "")`, go by the outer one's names."""
        if cell.body is None or cell.kind != "layer":
            return Found((), cell.kind != "unknown")
        own = [each for each in cell.body.own(name) if any(site.kind in ("state", "input", "layer") for site in each.sites)]
        if own or self.depth >= DEEPEST:
            return Found(own, bool(own))
        self.depth += 1
        every = (*cell.body.plain.values(), *cell.body.families.values())
        inner = [told for each in every if any(placed(site) == 0 for site in each.sites) for told in self._cell(each)]
        found = [self._state(told, name) for told in inner]
        self.depth -= 1
        return Found([d for each in found for d in each.definitions], all(each.is_told for each in found))


def placed(site: Site) -> int | None:
    """The number of segments that the `path` of a layer has, as far as the text tells, of another value one; None without it."""
    given = site.statement.defaults if isinstance(site.statement, tree.Layer) else ()
    path = next((each.value for each in given if each.name == "path"), None)
    if path is None:
        return None
    parts = path.items if isinstance(path, tree.ListExpr) else (path,)
    return sum(len([s for s in part.value.split("/") if s]) if isinstance(part, tree.String) else 1 for part in parts)
