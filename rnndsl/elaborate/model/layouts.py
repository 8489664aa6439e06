"""`load LAYER from "FILE" using LAYOUT`: the layout of that name for what the layer is, its equations in the layer's variables."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from rnndsl.elaborate.evaluate.binding import bind
from rnndsl.elaborate.layers import instances
from rnndsl.elaborate.layers.ownership import filled
from rnndsl.elaborate.layers.requirements import require
from rnndsl.elaborate.state.describing import describe
from rnndsl.elaborate.state.environment import Binding, Env, Lazy
from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Instance
from rnndsl.language.ops.op import Required
from rnndsl.names.binder import enter
from rnndsl.names.modules import ResolvedModule
from rnndsl.plan.graph import TensorType
from rnndsl.plan.indices import At, Part
from rnndsl.plan.layouts import Foreign, Layout, LayoutEquation
from rnndsl.plan.rewriting import used_ids
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.codes import kinds
from rnndsl.text.codes import weights as codes
from rnndsl.text.diagnostics import Poisoned, SpecError
from rnndsl.text.source import Span

MOST_TRIED = 4
"""How many numbers are tried for an argument, from 0 up: layers of a stack, directions."""


def layout(session: Session, statement: tree.Load, env: Env, records: Iterable[VariableRecord]) -> Layout | None:
    """The layout of a `load … using …`, which has equations for all variables of its layer, given as `records` of the model. None
    of an optional one whose layer is not there.

    Raises SpecError for a path that is no layer's, an unknown layout, and equations that cannot be carried out.
    """
    assert statement.using is not None
    instance = _layer(session, statement)
    if instance is None:
        return None
    call = _call(statement.using)
    module, item = _find(call, instance, env.scope.module)
    if instance.frame is None:
        raise Poisoned  # it is never applied, or its body is faulty
    inner = _arguments(session, module, item, call, instance.frame, env)
    made = _carried_out(session, item, inner, call.span, re.sub(r"\s+", " ", statement.using.span.text))
    rest = [r.path for r in records if r.path.startswith(f"{instance.path}/") and r.path not in made.paths]
    if rest:
        codes.unsolved(call.span, made.name, rest).throw()
    return made


def every(session: Session, module: ResolvedModule) -> Iterator[tuple[str, Layout]]:
    """The layouts for each layer, by its path, that the spec `module` sees and that apply to it: with what is left out as its
    default, numbers up to MOST_TRIED, and both of what is true or false."""
    for instance in session.registry.instances.values():
        definition = instance.constructor.definition
        for own, where, item in _known(module):
            if instance.frame is None or not _is_for(where, item, definition):
                continue
            for text, values in _tried(item):
                names = Env(
                    enter(where, item), instance.frame, dict(values), kind=instance.frame.kind, defaults=instance.frame.defaults
                )
                try:
                    _fill_in(session, item, names)
                    yield instance.path, _carried_out(session, item, names, item.span, own + text)
                except (SpecError, Poisoned):
                    pass  # it does not apply


def _tried(item: tree.LayoutDef) -> Iterator[tuple[str, dict[str, Binding]]]:
    """Arguments, as they are written and by name; of a text that must be given none are known."""
    numbers = range(MOST_TRIED)
    tried = {"int": [(str(k), k) for k in numbers], "bool": [("false", False), ("true", True)]}
    ways: list[list[tuple[str, str, object]]] = []
    for i, param in enumerate(item.params):
        left_out: list[tuple[str, str, object]] = [] if param.default is None else [("", param.name, None)]
        known = tried.get(param.type.name, ())
        given = [(text if i == 0 else f"{param.name} = {text}", param.name, value) for text, value in known if value is not False]
        ways.append([*left_out, *given])
    for each in itertools.product(*ways):
        written = ", ".join(text for text, _, _ in each if text)
        yield (f"({written})" if written else ""), {name: value for text, name, value in each if text}  # pyright: ignore[reportReturnType]


def _fill_in(session: Session, item: tree.LayoutDef, names: Env) -> None:
    for param in item.params:
        if param.name not in names.names:
            names.names[param.name] = instances.parameter(session, param, None, names)


def _carried_out(session: Session, item: tree.LayoutDef, inner: Env, used: Span, name: str) -> Layout:
    """The equations of a layout whose parameters have values in `inner`. Raises SpecError, with `used` as the place of what it
    requires."""
    builder = session.graphs.new_builder()
    builder.outer = lambda _, span: codes.layout_of_values(span).throw()
    with session.graphs.building(builder), session.reducing("error"):
        equations = [_equation(session, term, where) for term, where in _terms(session, item.terms, inner, used)]
    _check_parts(equations)
    whole = builder.graph()
    wanted = {x.value for x in equations}
    for node in reversed(whole.nodes):
        wanted.update(used_ids(node) if node.id in wanted else ())
    graph = replace(whole, nodes=tuple(node for node in whole.nodes if node.id in wanted))
    return Layout(name, graph, tuple(equations))


def _layer(session: Session, statement: tree.Load) -> Instance | None:
    selector = statement.selector
    found = next((each for each in session.registry.instances.values() if each.path == selector.pattern), None)
    if found is None and session.reports.incomplete:
        raise Poisoned
    if found is None and not statement.optional:
        codes.no_layer(selector.span, selector.pattern, [i.path for i in session.registry.instances.values()]).throw()
    return found


def _call(using: tree.Expr) -> tree.Call:
    """`torch` as `torch()`."""
    call = using if isinstance(using, tree.Call) else tree.Call(using.span, using, ())
    if not isinstance(call.function, tree.Name):
        codes.not_a_layout(using.span).throw()
    return call


def _find(call: tree.Call, instance: Instance, module: ResolvedModule) -> tuple[ResolvedModule, tree.LayoutDef]:
    """The layout and its file: of the spec or its imports, else of the library."""
    assert isinstance(call.function, tree.Name)
    name, definition = call.function.name, instance.constructor.definition
    known = _known(module)
    fitting = [(own, where, item) for own, where, item in known if _is_for(where, item, definition)]
    found = next(((where, item) for own, where, item in fitting if own == name), None)
    if found is None:
        of = list(dict.fromkeys(item.target.name for own, _, item in known if own == name))
        names = list(dict.fromkeys(own for own, _, _ in fitting))
        codes.no_layout(call.span, name, definition.name.name, names, of).throw()
    return found


def _known(module: ResolvedModule) -> list[tuple[str, ResolvedModule, tree.LayoutDef]]:
    """The layouts that a spec sees, by their names there: its own, those that it imports, then the library's."""
    files = [module, *([module.layouts] if module.layouts else [])]
    return [(key.partition(" for ")[0], *found) for file in files for key in file.names for found in _as_layout(file, key)]


def _as_layout(file: ResolvedModule, key: str) -> Iterator[tuple[ResolvedModule, tree.LayoutDef]]:
    definition = file.names[key]
    item = definition.sites[0].statement if definition.sites else None
    if isinstance(item, tree.LayoutDef) and definition.scope is not None:
        yield definition.scope.module, item


def _is_for(file: ResolvedModule, item: tree.LayoutDef, definition: tree.Definition) -> bool:
    target = file.find(item.target.name)
    return target is not None and any(site.statement is definition for site in target.sites)


def _arguments(session: Session, module: ResolvedModule, item: tree.LayoutDef, call: tree.Call, frame: Env, env: Env) -> Env:
    """The names of the layout: its parameters, then those of the layer's body, as they were at its latest application."""
    bound = bind(item.name.name, {p.name: Required if p.default is None else None for p in item.params}, call)
    inner = Env(enter(module, item), frame, kind=frame.kind, defaults=frame.defaults)
    for param in item.params:
        expr = bound[param.name].expr
        inner.names[param.name] = instances.parameter(session, param, expr, env if expr is not None else inner)
    return inner


def _terms(session: Session, terms: Sequence[tree.Statement], env: Env, used: Span) -> Iterator[tuple[tree.LayoutTerm, Env]]:
    """The equations that hold for the arguments. `used`: where the layout is."""
    for term in terms:
        match term:
            case tree.LayoutTerm():
                yield term, env
            case tree.Require():
                require(session, term, env, used)
            case tree.Const():
                compute = functools.partial(session.evaluate, term.value, env)
                env.names[term.name.name] = Lazy(term.name.name, term.span, compute, "const", exprs=(term.value,), env=env)
            case tree.If():
                condition = session.evaluate(term.condition, env)
                if not isinstance(condition, bool):
                    kinds.condition(term.condition.span, describe(condition)).throw()
                yield from _terms(session, term.yes if condition else term.no, env, used)
            case _:
                raise AssertionError(f"{type(term).__name__} in a layout")


def _equation(session: Session, term: tree.LayoutTerm, env: Env) -> LayoutEquation:
    span = term.value.span
    value = session.tensor(session.evaluate(term.value, env), span)
    assert not value.type.axes  # inputs alone have any
    foreign = tuple(_foreign(session, key, value.type, env) for key in term.keys)
    left = " + ".join(f'"{each.key}"{_indices(key)}' for each, key in zip(foreign, term.keys, strict=True))
    text = re.sub(r"\s+", " ", f"{left} = {span.text}")
    return LayoutEquation(foreign, value.id, value.type, text, term.span)


def _indices(key: tree.LayoutKey) -> str:
    return f"[{', '.join(each.span.text for each in key.indices)}]" if key.indices else ""


def _foreign(session: Session, key: tree.LayoutKey, type: TensorType, env: Env) -> Foreign:
    """The part that a key names, if it equals a value of `type`: a dim without an index is whole."""
    single = [each for each in key.indices if not isinstance(each, tree.Range)]
    rank = len(type.dims) + len(single)
    if len(key.indices) > rank:
        codes.part_rank(key.span, len(key.indices), rank).throw()
    dims = iter(type.dims)
    items: list[At | Part] = []
    sizes: list[int | None] = []
    for each in (*[None] * (rank - len(key.indices)), *key.indices):
        if each is not None and not isinstance(each, tree.Range):
            items.append(At(_bound(session, each, env)))
            sizes.append(None)
            continue
        size = next(dims)
        start = 0 if each is None or each.start is None else _bound(session, each.start, env)
        if each is not None and each.stop is not None and (stop := _bound(session, each.stop, env)) - start != size:
            codes.part_size(each.span, stop - start, size).throw()
        items.append(Part(start, start + size))
        sizes.append(start + size if each is None or each.stop is None else None)
    return Foreign(filled(session, key.name, env), tuple(items), tuple(sizes))


def _bound(session: Session, expr: tree.Expr, env: Env) -> int:
    value = session.evaluate(expr, env)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        codes.part_bound(expr.span, describe(value)).throw()
    return value


def _check_parts(equations: Sequence[LayoutEquation]) -> None:
    """Raises SpecError if something foreign stands on the left twice."""
    seen: list[tuple[Foreign, Span]] = []
    for equation in equations:
        for each in equation.foreign:
            first = next((span for other, span in seen if each.meets(other)), None)
            if first is not None:
                codes.parts_meet(equation.span, each.key, first).throw()
            seen.append((each, equation.span))
