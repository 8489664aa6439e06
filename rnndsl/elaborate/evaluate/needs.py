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
from rnndsl.elaborate.state.values import ScopeValue, TrainingFlag, UserFunction
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
                    yield from self._binding(self._find(each.name, where), waiting)
                case tree.Attribute():
                    scope = self._scope(each.target, where)
                    if scope is None:
                        waiting.append((each.target, where))
                    else:
                        yield from self._binding(scope.names.get(each.name), waiting)
                case tree.Index():
                    yield from self._index(each, where, waiting)
                case tree.Conditional():
                    yield from self._conditional(each, where, waiting)
                case _:
                    waiting += [(part, where) for part in reversed(_parts(each))]

    def _find(self, name: str, env: Env) -> Binding | None:
        found = env.find(name)
        if found is not None or env.has_family(name) or name in env.module.axes:
            return found
        symbol = env.module.lookup(name)
        if symbol is None or not isinstance(symbol.item, tree.Const | tree.FunctionDef):
            return None
        inner = Env(symbol.module, defaults=env.defaults)
        if isinstance(symbol.item, tree.FunctionDef):
            return UserFunction(symbol.item, inner)
        return lookup.constant(self.session, symbol, symbol.item, inner)

    def _binding(self, found: Binding | None, waiting: list[tuple[tree.Expr, Env]]) -> Iterator[Lazy]:
        if isinstance(found, Lazy) and found.state in ("ready", "running"):
            yield found
        if isinstance(found, UserFunction) and id(found.definition) not in self.entered and found.definition.kind == "fn":
            self.entered.add(id(found.definition))
            hidden: dict[str, Binding] = dict.fromkeys((p.name for p in found.definition.params), False)
            waiting.append((found.definition.value, found.env.child(hidden)))

    def _scope(self, target: tree.Expr, env: Env) -> Env | None:
        """The names of the scope that `target` is, if it is one."""
        match target:
            case tree.Name():
                found = env.find(target.name)
            case tree.Attribute():
                outer = self._scope(target.target, env)
                found = outer.names.get(target.name) if outer else None
            case _:
                return None
        return found.env if isinstance(found, ScopeValue) else None

    def _index(self, expr: tree.Index, env: Env, waiting: list[tuple[tree.Expr, Env]]) -> Iterator[Lazy]:
        first = [each for index in expr.indices for each in _Walk(self.session).of(index, env)]
        if first:
            yield from first
            return
        scope = self._scope(expr.target.target, env) if isinstance(expr.target, tree.Attribute) else env
        name = expr.target.name if isinstance(expr.target, tree.Name | tree.Attribute) else ""
        if scope is None or not name or scope.find(name) is not None or not scope.has_family(name):
            waiting.append((expr.target, env))
            return
        try:
            member = member_name(self.session, expr, name, env)
        except (SpecError, Poisoned):  # told when it is asked for
            return
        yield from self._binding(scope.find(member), waiting)

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
            return [each for each in (expr.start, expr.stop) if each is not None]
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
