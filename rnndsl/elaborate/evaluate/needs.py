"""Which values an expression will ask for, as far as the text says: read from names, nothing but indices and conditions evaluated.

`Session.force` works these out first where values wait for one another in a long chain, so that no chain is a recursion. What
is not seen here (a name behind the attribute of a layer, say) is asked for in the ordinary way.
"""

from __future__ import annotations

from collections.abc import Iterator

from rnndsl.elaborate.evaluate import lookup
from rnndsl.elaborate.evaluate.indexing import member_name
from rnndsl.elaborate.state.environment import Binding, Env, Lazy
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import Family, ScopeValue, TrainingFlag, UserFunction
from rnndsl.syntax import tree
from rnndsl.text.diagnostics import Poisoned, SpecError


def needs(session: Session, lazy: Lazy) -> list[Lazy]:
    """The values that are not worked out yet and that `lazy` is certain to ask for next, in the order of the text.

    Where a condition or an index has to be known first, what it needs; asked again, what it then leads to.
    """
    if lazy.env is None:
        return []
    found = (each for expr in lazy.exprs for each in _Walk(session).of(expr, lazy.env))
    return list(dict.fromkeys(found))


class _Walk:
    """One walk over an expression, with a stack of its own. Bodies of `fn`s are entered once each."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.entered: set[int] = set()

    def of(self, expr: tree.Expr, env: Env) -> Iterator[Lazy]:
        waiting = [(expr, env)]
        while waiting:
            each, where = waiting.pop()
            match each:
                case tree.Name():
                    yield from self._binding(lookup.binding(self.session, each, where), waiting)
                case tree.Attribute():
                    found = self._found(each, where)
                    if found is None:
                        waiting.append((each.target, where))
                    else:
                        yield from self._binding(found, waiting)
                case tree.Index():
                    yield from self._index(each, where, waiting)
                case tree.Conditional():
                    yield from self._conditional(each, where, waiting)
                case _:
                    waiting += [(part, where) for part in reversed(_parts(each))]

    def _binding(self, found: Binding | None, waiting: list[tuple[tree.Expr, Env]]) -> Iterator[Lazy]:
        if isinstance(found, Lazy) and found.state in ("ready", "running"):
            yield found
        if isinstance(found, UserFunction) and id(found.definition) not in self.entered and found.definition.kind == "fn":
            self.entered.add(id(found.definition))
            unknown: dict[str, Binding] = dict.fromkeys((p.name for p in found.definition.params), False)
            waiting.append((found.definition.value, found.env.child(found.scope, unknown)))

    def _found(self, target: tree.Expr, env: Env) -> Binding | None:
        """What a name, or a name of a scope, is bound to."""
        match target:
            case tree.Name():
                return lookup.binding(self.session, target, env)
            case tree.Attribute():
                scope = self._found(target.target, env)
                if not isinstance(scope, ScopeValue):
                    return None
                family = Family(target.name, (scope.env.names,)) if target.name in scope.env.families else None
                return scope.env.names.get(target.name, family)
            case _:
                return None

    def _index(self, expr: tree.Index, env: Env, waiting: list[tuple[tree.Expr, Env]]) -> Iterator[Lazy]:
        first = [each for index in expr.indices for each in _Walk(self.session).of(index, env)]
        if first:
            yield from first
            return
        family = self._found(expr.target, env)
        if not isinstance(family, Family):
            waiting.append((expr.target, env))
            return
        try:
            member = member_name(self.session, expr, family.name, env)
        except (SpecError, Poisoned):  # told when it is asked for
            return
        yield from self._binding(next((each[member] for each in family.among if member in each), None), waiting)

    def _conditional(self, expr: tree.Conditional, env: Env, waiting: list[tuple[tree.Expr, Env]]) -> Iterator[Lazy]:
        first = list(_Walk(self.session).of(expr.condition, env))
        if first:
            yield from first
            return
        try:
            condition = self.session.evaluate(expr.condition, env)
        except (SpecError, Poisoned):
            return
        if isinstance(condition, TrainingFlag):
            waiting += [(expr.no, env), (expr.yes, env)]
        elif isinstance(condition, bool):
            waiting.append((expr.yes if condition else expr.no, env))


def _parts(expr: tree.Expr) -> list[tree.Expr]:
    """The expressions within `expr` that it evaluates whatever they are worth."""
    match expr:
        case tree.ListExpr():
            return list(expr.items)
        case tree.Range():
            return [each for each in (expr.start, expr.stop, expr.by) if each is not None]
        case tree.AxisIndex():
            return [expr.target, *(each.value for each in expr.arguments)]
        case tree.Unary():
            return [expr.operand]
        case tree.Binary():
            return [expr.left, expr.right]
        case tree.Call():
            return [expr.function, *(each.value for each in expr.arguments)]
        case tree.Delay():
            return [expr.target] if expr.steps is None else [expr.steps]
        case tree.Record():
            return [each.value for each in expr.fields]
        case _:
            return []
