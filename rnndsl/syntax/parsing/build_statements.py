"""Tree from tokens, statements and definitions: see `rnndsl.syntax.parsing.build`."""

from __future__ import annotations

from typing import Any, Literal

from rnndsl.syntax import tree
from rnndsl.syntax.parsing.build import ExpressionBuilder, Values
from rnndsl.syntax.parsing.tokens import Token
from rnndsl.text.codes import text
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span


class Builder(ExpressionBuilder):
    """All actions of the grammar. `docs` holds each doc comment under the offset of the token after it."""

    def __init__(self, source: SourceFile, sink: Sink, docs: dict[int, str]) -> None:
        super().__init__(source, sink)
        self.docs = docs

    def name_plain(self, values: Values, start: int, end: int) -> tree.IndexedName:
        return tree.IndexedName(self.span(start, end), values[0].text)

    def name_indexed(self, values: Values, start: int, end: int) -> tree.IndexedName:
        return tree.IndexedName(self.span(start, end), values[0].text, values[2])

    def type_plain(self, values: Values, start: int, end: int) -> tree.TensorTypeExpr:
        return tree.TensorTypeExpr(self.span(start, end), None, tuple(values[1]))

    def type_dtype(self, values: Values, start: int, end: int) -> tree.TensorTypeExpr:
        return tree.TensorTypeExpr(self.span(start, end), self.as_name(values[0]), tuple(values[2]))

    def rest(self, values: Values, start: int, end: int) -> Values:
        return [tree.Rest(self.span(start, end))]

    # ------------------------------------------------------------ files

    def module(self, values: Values, start: int, end: int) -> list[tree.TopLevel]:
        return values[2]

    def module_without_header(self, values: Values, start: int, end: int) -> list[tree.TopLevel]:
        return values[0]

    def imported(self, values: Values, start: int, end: int) -> tree.ImportedName:
        return tree.ImportedName(self.span(start, end), values[0].text, values[0].text)

    def imported_as(self, values: Values, start: int, end: int) -> tree.ImportedName:
        return tree.ImportedName(self.span(start, end), values[0].text, values[2].text)

    def import_path(self, values: Values, start: int, end: int) -> tree.Import:
        path = self.string([values[1]], start, end)
        return tree.Import(self.span(start, end), path, None, path.span, tuple(values[3]))

    def import_module(self, values: Values, start: int, end: int) -> tree.Import:
        parts: list[Token] = values[1]
        module = ".".join(part.text for part in parts)
        return tree.Import(self.span(start, end), None, module, self.span(parts[0].start, parts[-1].end), tuple(values[3]))

    def definition(self, values: Values, start: int, end: int) -> tree.Definition:
        kind, name, params, defaults, body = values
        header = self.span(start, name.end)
        span = self.span(start, end)
        named = self.plain_arguments(defaults)
        return tree.Definition(span, kind.type, self.as_name(name), tuple(params), named, body, header, self.docs.get(start))

    def body(self, values: Values, start: int, end: int) -> tuple[tree.Statement, ...]:
        return tuple(values[1])

    def param(self, values: Values, start: int, end: int) -> tree.ConstructorParam:
        return tree.ConstructorParam(self.span(start, end), values[0].text, self.as_name(values[2]), False, values[3])

    def param_list(self, values: Values, start: int, end: int) -> tree.ConstructorParam:
        return tree.ConstructorParam(self.span(start, end), values[0].text, self.as_name(values[3]), True, values[5])

    def layout(self, values: Values, start: int, end: int) -> tree.LayoutDef:
        name, params, target, terms = values[1], values[2], values[4], values[6]
        span = self.span(start, end)
        return tree.LayoutDef(span, self.as_name(name), tuple(params), self.as_name(target), tuple(terms), self.docs.get(start))

    def layout_term(self, values: Values, start: int, end: int) -> tree.LayoutTerm:
        return tree.LayoutTerm(self.span(start, end), tuple(values[0]), values[2])

    def layout_key(self, values: Values, start: int, end: int) -> tree.LayoutKey:
        return tree.LayoutKey(self.span(start, end), self.string(values[:1], values[0].start, values[0].end), ())

    def layout_part(self, values: Values, start: int, end: int) -> tree.LayoutKey:
        name = self.string(values[:1], values[0].start, values[0].end)
        return tree.LayoutKey(self.span(start, end), name, tuple(values[2]))

    # ------------------------------------------------------------ statements of every definition

    def input(self, values: Values, start: int, end: int) -> tree.Input:
        kind, name, type_, initial = values
        return tree.Input(self.span(start, end), kind.type, name, type_, initial, self.docs.get(start))

    def variable(self, values: Values, start: int, end: int) -> tree.VariableDecl:
        kind, name, type_, clauses = values
        found = self.clauses(clauses)
        collections = self.names(found.get("in", []))
        span = self.span(start, end)
        frozen = "frozen" in found
        doc = self.docs.get(start)
        return tree.VariableDecl(span, kind.type, name, type_, found.get("~"), collections, found.get("bounds"), frozen, doc)

    def clause(self, values: Values, start: int, end: int) -> tuple[Token, Any]:
        return values[0], values[1]

    def clause_set(self, values: Values, start: int, end: int) -> tuple[Token, Any]:
        return values[0], values[2]

    def clause_bounds(self, values: Values, start: int, end: int) -> tuple[Token, Any]:
        return values[0], (values[2], values[4])

    def clause_flag(self, values: Values, start: int, end: int) -> tuple[Token, Any]:
        return values[0], True

    def clauses(self, clauses: list[tuple[Token, Any]]) -> dict[str, Any]:
        """The clauses by keyword, each once."""
        found: dict[str, Any] = {}
        for keyword, value in clauses:
            if keyword.text in found:
                self.sink.add(text.repeated_clause(self.at(keyword), keyword.text))
            found[keyword.text] = value
        return found

    def state(self, values: Values, start: int, end: int) -> tree.State:
        return tree.State(self.span(start, end), values[1], values[3], values[5], self.docs.get(start))

    def layer(self, values: Values, start: int, end: int) -> tree.Layer:
        defaults = self.plain_arguments(values[4])
        return tree.Layer(self.span(start, end), values[1], values[3], defaults, self.docs.get(start))

    def scope(self, values: Values, start: int, end: int) -> tree.Scope:
        return tree.Scope(self.span(start, end), values[1], self.plain_arguments(values[2]), values[3], self.docs.get(start))

    def equation(self, values: Values, start: int, end: int) -> tree.Equation:
        return tree.Equation(Span(self.source, start, end), values[0], values[2], self.docs.get(start))

    def write(self, values: Values, start: int, end: int) -> tree.Write:
        return tree.Write(self.span(start, end), values[0], values[2])

    def require(self, values: Values, start: int, end: int) -> tree.Require:
        text_ = self.string([values[3]], values[3].start, values[3].end)
        return tree.Require(self.span(start, end), values[1], text_)

    def output(self, values: Values, start: int, end: int) -> tree.Output:
        return tree.Output(self.span(start, end), None, values[1])

    def output_named(self, values: Values, start: int, end: int) -> tree.Output:
        name: tree.IndexedName | None = None
        match values[1]:
            case tree.Name() as plain:
                name = tree.IndexedName(plain.span, plain.name)
            case tree.Index(target=tree.Name() as family, indices=(index,)) if not isinstance(index, tree.Range):
                name = tree.IndexedName(values[1].span, family.name, index)
            case other:
                self.sink.add(text.not_a_name(other.span))
        return tree.Output(self.span(start, end), name, values[3])

    def hand_on(self, values: Values, start: int, end: int) -> tree.HandOn:
        return tree.HandOn(self.span(start, end), values[3])

    def update(self, values: Values, start: int, end: int) -> tree.Update:
        return tree.Update(self.span(start, end), values[1], values[3], self.names(values[4]))

    def measure(self, values: Values, start: int, end: int) -> tree.Measure:
        kind, name, collection, _, value = values
        joined = self.as_name(collection) if collection else None
        return tree.Measure(self.span(start, end), kind.type, name, joined, value, self.docs.get(start))

    def const(self, values: Values, start: int, end: int) -> tree.Const:
        return tree.Const(self.span(start, end), self.as_name(values[1]), values[3], self.docs.get(start))

    def function_constant(self, values: Values, start: int, end: int) -> tree.FunctionDef:
        return self.function([*values[:3], [], None, *values[3:]], start, end)

    def function(self, values: Values, start: int, end: int) -> tree.FunctionDef:
        kind, name, params, value = values[0], values[1], values[3], values[7]
        names = tuple(self.as_name(param) for param, _ in params)
        defaults = tuple(default for _, default in params)
        return tree.FunctionDef(self.span(start, end), kind.type, self.as_name(name), names, defaults, value, self.docs.get(start))

    def function_param(self, values: Values, start: int, end: int) -> tuple[Token, Any]:
        return values[0], values[1]

    def axis(self, values: Values, start: int, end: int) -> tree.AxisDecl:
        return tree.AxisDecl(self.span(start, end), self.names(values[1]))

    def collection(self, values: Values, start: int, end: int) -> tree.CollectionDecl:
        return tree.CollectionDecl(self.span(start, end), self.names(values[1]))

    def if_alone(self, values: Values, start: int, end: int) -> tree.If:
        return tree.If(self.span(start, end), values[1], values[2], ())

    def if_else(self, values: Values, start: int, end: int) -> tree.If:
        return tree.If(self.span(start, end), values[1], values[2], values[4])

    def if_elif(self, values: Values, start: int, end: int) -> tree.If:
        return tree.If(self.span(start, end), values[1], values[2], (values[4],))

    def for_(self, values: Values, start: int, end: int) -> tree.For:
        return tree.For(self.span(start, end), self.as_name(values[1]), values[3], values[4])

    # ------------------------------------------------------------ statements of models

    def train(self, values: Values, start: int, end: int) -> tree.Train:
        found = self.clauses(values[4])
        order: Literal["before", "after"] | None = "before" if "before" in found else "after" if "after" in found else None
        if "before" in found and "after" in found:
            self.sink.add(text.repeated_order(self.at(found["after"])))
        of = self.as_name(found[order]) if order else None
        on, over = self.names(found.get("on", [])), tuple(found.get("over", []))
        return tree.Train(self.span(start, end), self.as_name(values[1]), values[3], on, over, order, of, self.docs.get(start))

    def selector(self, values: Values, start: int, end: int) -> tree.Selector:
        return tree.Selector(self.span(start, end), values[0].text)

    def init_selector(self, values: Values, start: int, end: int) -> tree.InitSelector:
        return tree.InitSelector(self.span(start, end), values[2], values[4], values[0] is not None)

    def freeze_selector(self, values: Values, start: int, end: int) -> tree.FreezeSelector:
        return tree.FreezeSelector(self.span(start, end), values[2], values[1].type == "freeze", values[0] is not None)

    def collect_selector(self, values: Values, start: int, end: int) -> tree.CollectSelector:
        return tree.CollectSelector(self.span(start, end), values[2], self.as_name(values[4]), values[0] is not None)

    def rate_selector(self, values: Values, start: int, end: int) -> tree.RateSelector:
        return tree.RateSelector(self.span(start, end), values[2], values[4], values[0] is not None)

    def load(self, values: Values, start: int, end: int) -> tree.Load:
        found = self.clauses(values[5])
        source = self.string([values[4]], start, end)
        at = self.string([found["at"]], start, end) if "at" in found else None
        rules = tuple(found.get("map", ()))
        optional = values[0] is not None
        return tree.Load(self.span(start, end), values[2], source, at, rules, found.get("using"), optional)

    def rule(self, values: Values, start: int, end: int) -> tree.MapRule:
        return tree.MapRule(self.span(start, end), self.raw_string(values[0]), self.raw_string(values[2]))

    def signature(self, values: Values, start: int, end: int) -> tree.SignatureDecl:
        return tree.SignatureDecl(self.span(start, end), self.as_name(values[1]), self.names(values[3]))
