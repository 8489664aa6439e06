"""The names that are no values of their own: after a dot, of arguments and fields, in paths, of collections, of a model's results,
of imports and kinds. With them every name of a file has its definition, for an editor and for who asks for all uses of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rnndsl.language.builtins import COLLECTIONS, OPTION_WORDS, SPECIALS, STEP_OPTIONS
from rnndsl.names.binder import bind
from rnndsl.names.declaring import declare, kind_of, names_itself, own_span
from rnndsl.names.modules import Bindings, Definition, ResolvedModule, Scope, Site, Use, layout_name, of_language
from rnndsl.names.paths import Paths
from rnndsl.names.telling import Telling, Told
from rnndsl.syntax import tree
from rnndsl.syntax.walk import every_node, walk
from rnndsl.text.source import Span

SCANS = ("scan", "step", "bidirectional", "beam")
OPTIONS = frozenset(word for name in SCANS for word in re.findall(r"\w+", SPECIALS[name][0]))
DIRECTIONS = ("fw", "bw")
INPUTS = ("input", "given", "target")


def complete(module: ResolvedModule) -> Bindings:
    """Every name of `module` with its definition, those that are no values included."""
    bindings = bind(module)
    if not bindings.is_complete:
        bindings.is_complete = True
        telling = Telling()
        for item in module.tree.items:
            _Members(module, item, telling).run()
    return bindings


class _Members:
    """The names of one item that are no values."""

    def __init__(self, module: ResolvedModule, item: tree.TopLevel, telling: Telling) -> None:
        self.module = module
        self.item = item
        self.telling = telling
        self.uses = module.bindings.uses
        self.reached = module.reached()
        self.body = module.bindings.scopes[id(item)]
        self.paths = Paths(self.body, telling)
        statements = list(walk(item.body)) if isinstance(item, tree.Definition) else []
        self.collections = {n.name: self._own(n, s) for s in statements if isinstance(s, tree.CollectionDecl) for n in s.names}
        self.results = dict(self._results(statements))

    def run(self) -> None:
        """An outer node comes before those within, whose names it may know better."""
        for node in every_node(self.item):
            self._one(node)

    def _note(self, span: Span, definitions: Iterable[Definition], is_told: bool = True) -> None:
        """Notes what is meant at `span`, if it is not known."""
        found = tuple(dict.fromkeys(definitions))
        self.uses.setdefault(span.start, Use(span, found, None, is_told or bool(found)))

    def _own(self, name: tree.Name, statement: tree.Node) -> Definition:
        """What a statement defines for others than expressions: a collection, a signature."""
        made = Definition(name.name, self.body, [Site(name.span, kind_of(statement), statement)])
        self._note(name.span, [made])
        return made

    # ------------------------------------------------------------ statements

    def _one(self, node: tree.Node) -> None:
        match node:
            case tree.Attribute(name="shape") if isinstance(self.item, tree.Definition) and self.item.kind == "optimizer":
                self._note(node.name_span, [of_language("shape")])
            case tree.Attribute():
                self._after_dots([(node.name_span, node.name)], self.telling.value(node.target, self.module))
            case tree.Call():
                self._call(node)
            case tree.Argument(name=str() as option) if option in OPTION_WORDS:
                self._words(option, node.value)
            case tree.Layer() | tree.Scope() | tree.Definition():
                for each in node.defaults:
                    self._note(each.name_span or each.span, [of_language(each.name or "")])
            case tree.Selector():
                for use in self.paths.uses(node):
                    self.uses.setdefault(use.span.start, use)
            case tree.ConstructorParam():
                self._note(node.type.span, [of_language(node.type.name)])
            case tree.Output(name=tree.IndexedName() as name, value=value) if names_itself(node):
                meant = self.uses.get(value.span.start)
                self._note(own_span(name), meant.definitions if meant else ())
            case tree.Import():
                for each in node.names:
                    self._import(each)
            case tree.LayoutDef():
                layout = self.module.names.get(layout_name(node.name.name, node.target.name))
                self._note(node.name.span, [layout] if layout else [])
            case tree.Load():
                self._using(node.using)
            case tree.Train():
                self._own(node.name, node)
                self._of_results(node.on)
                self._in_collections([node.order_collection] if node.order_collection else [])
            case tree.SignatureDecl():
                self._own(node.name, node)
                self._of_results(node.outputs)
            case tree.VariableDecl() | tree.Update():
                self._in_collections(node.collections)
            case tree.CollectionDecl():
                declared = {**self.module.collections, **self.collections}
                for name in node.names:
                    self._note(name.span, [declared[name.name]])
            case tree.CollectionSet():
                self._in_collections(node.names)
            case tree.Measure(collection=tree.Name() as name) | tree.CollectSelector(collection=name):
                self._in_collections([name])
            case _:
                pass

    def _words(self, option: str, value: tree.Expr) -> None:
        """`over = last`, `merge = sum`."""
        for word in value.items if isinstance(value, tree.ListExpr) else (value,):
            if isinstance(word, tree.Name) and word.name in OPTION_WORDS[option]:
                self._note(word.span, [of_language(word.name)])

    def _import(self, imported: tree.ImportedName) -> None:
        definition = self.module.names.get(imported.alias) or self.module.find(imported.alias)
        source, start, end = imported.span.source, imported.span.start, imported.span.end
        for span in (Span(source, start, start + len(imported.name)), Span(source, end - len(imported.alias), end)):
            self._note(span, [definition] if definition else [])

    def _using(self, expr: tree.Expr | None) -> None:
        """The layouts of a name, whatever they are for."""
        name = expr.function if isinstance(expr, tree.Call) else expr
        if isinstance(name, tree.Name):
            self._note(name.span, (layout for module in self.reached for layout, _ in module.layouts_of(name.name)))

    def _in_collections(self, names: Iterable[tree.Name]) -> None:
        for name in names:
            declared = (each.collections.get(name.name) for each in self.reached)
            found = self.collections.get(name.name) or next((each for each in declared if each), None)
            is_language = name.name in COLLECTIONS or name.name == "none"
            self._note(name.span, [found] if found else [of_language(name.name)] if is_language else [])

    def _results(self, statements: Iterable[tree.Statement]) -> Iterator[tuple[str, tuple[Definition, ...]]]:
        """What a model gives under its own names: outputs, losses, metrics, residuals, whatever scope they stand in."""
        for statement in statements:
            match statement:
                case tree.Measure() | tree.Output(name=tree.IndexedName()):
                    name = statement.name
                case tree.Output(value=tree.Name() as name):
                    pass
                case _:
                    continue
            if name is not None and name.span.start in self.uses:
                yield name.name, self.uses[name.span.start].definitions

    def _of_results(self, names: Iterable[tree.Name]) -> None:
        for name in names:
            self._note(name.span, self.results.get(name.name, ()))

    # ------------------------------------------------------------ attributes and arguments

    def _after_dots(self, names: Iterable[tuple[Span, str]], owners: Iterable[Told]) -> None:
        """Names that follow one another after the dots of a value."""
        for span, name in names:
            owners = tuple(owners)
            found = [self.telling.named(told, name) for told in owners]
            self._note(span, (d for each in found for d in each.definitions), all(each.is_told for each in found))
            owners = [after for told in owners for after in self.telling.attribute(told, name)]

    def _call(self, call: tree.Call) -> None:
        named = [each for each in call.arguments if each.name is not None]
        function = self.telling.function(call, self.module) if named else ()
        for argument in named:
            found = list(self._parameters(call, function, str(argument.name)))
            is_told = isinstance(function, Definition) or all(told.kind != "unknown" for told in function)
            self._note(argument.name_span or argument.span, found, is_told)
        if isinstance(function, Definition) and function.scope is None and function.name in SCANS:
            self._scan(call, function.name)

    def _parameters(self, call: tree.Call, function: Definition | tuple[Told, ...], name: str) -> Iterable[Definition]:
        """The parameter or input that an argument's name stands for."""
        if isinstance(function, tuple):
            found = [each for told in function for each in self._of_told(told, name)]
            return found or ([of_language(name)] if name in STEP_OPTIONS else [])
        if function.scope is not None:
            statement = function.sites[0].statement
            assert isinstance(statement, tree.FunctionDef)
            return declare(function.scope.module, statement).own(name)
        if function.name not in SCANS or name in OPTIONS:
            return [of_language(name)]
        cells = (told for argument in call.arguments[:2] for told in self.telling.value(argument.value, self.module))
        return (each for told in cells if told.kind == "layer" for each in self._of_told(told, name))

    def _of_told(self, told: Told, name: str) -> Iterable[Definition]:
        match told:
            case Told(kind="definition", body=Scope(parent=Scope() as params)):
                return params.own(name)
            case Told(kind="layer", body=Scope() as body):
                return [each for each in body.own(name) if any(site.kind in INPUTS for site in each.sites)]
            case _:
                return ()

    def _scan(self, call: tree.Call, function: str) -> None:
        """States and inputs of the cell that is scanned: of `initial`, `given` and `until`, and of what is fed by name."""
        cells = [self.telling.value(each.value, self.module) for each in call.arguments[:2] if each.name is None]
        states = [Told("states", of=(cell,)) for cell in cells]
        for argument in call.arguments:
            match argument:
                case tree.Argument(name="until"):
                    self._after_dots(_words(argument.value.span), states[:1])
                case tree.Argument(name="initial", value=tree.Record(fields=fields)):
                    for each in fields:
                        self._initial(list(_words(each.name_span or each.span)), states, function)
                case tree.Argument(name="given" | "feed" | "first" | "teacher", value=tree.Record(fields=fields)) if cells:
                    for each in fields:
                        found = [d for told in cells[0] for d in self._of_told(told, str(each.name))]
                        self._note(each.name_span or each.span, found, all(told.kind != "unknown" for told in cells[0]))
                case _:
                    pass

    def _initial(self, words: list[tuple[Span, str]], states: list[Told], function: str) -> None:
        """`lstm.h`, or in one of two directions `fw.lstm.h`."""
        if function != "bidirectional" or words[0][1] not in DIRECTIONS:
            self._after_dots(words, states[:1])
            return
        span, name = words[0]
        self._note(span, [of_language(name)])
        at = DIRECTIONS.index(name)
        self._after_dots(words[1:], states[at : at + 1])


def _words(span: Span) -> Iterator[tuple[Span, str]]:
    """Each word of a dotted name, and where it is written."""
    for found in re.finditer(r"\w+", span.text):
        yield Span(span.source, span.start + found.start(), span.start + found.end()), found[0]
