"""Names in force: environments, values computed on demand, inherited defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from rnndsl.elaborate.state.values import InitializerValue, Instance, Value
from rnndsl.plan.model import DType
from rnndsl.records import Immutable, field, mutable, record, replace
from rnndsl.text.diagnostics import Poisoned
from rnndsl.text.source import Span

if TYPE_CHECKING:
    from rnndsl.names.modules import Scope
    from rnndsl.syntax import tree


@record
class Defaults(Immutable):
    """What `with (...)` sets for everything below. Each but the dtype carries the words that say where it was set."""

    init: InitializerValue | None = None
    trainable: tuple[bool, str] | None = None
    dtype: DType = "f32"
    device: str | None = None
    collections: tuple[str, ...] = ()
    training: bool = True

    def with_(self, **changes: object) -> Defaults:
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]


class Pending:
    """The content of a `Lazy` that has not been evaluated."""


PENDING = Pending()


@mutable
class Lazy:
    """A value computed when first asked for.

    `state` is `ready`, `running` (a second request then closes a cycle), `done` or `failed`.
    """

    name: str
    span: Span
    compute: Callable[[], Value]
    kind: Literal["equation", "layer", "variable", "const", "loop"] = "equation"
    state: Literal["ready", "running", "done", "failed"] = "ready"
    value: Value | Pending = PENDING
    exprs: tuple[tree.Expr, ...] = ()
    env: Env | None = None
    """What `compute` evaluates, and where: to see what it will need."""


Binding = Lazy | Value


def failed(name: str, span: Span) -> Lazy:
    """A name whose definition is faulty and has been diagnosed: asking for its value raises Poisoned."""
    return Lazy(name, span, _never, "const", "failed")


def _never() -> Value:
    raise Poisoned


@mutable
class Env:
    """The values of the names of one scope, while it is carried out: a body in each application, a `for` in each round.

    `frame` environments (a model, an application of a block or cell, a scope) receive definitions; the others (a `for` variable,
    the parameters of a `fn`) only add names. `path` is the prefix of variables declared here; `kind` says what the statements
    belong to.
    """

    scope: Scope
    parent: Env | None = None
    names: dict[str, Binding] = field(default_factory=dict[str, "Binding"])
    families: dict[str, Span] = field(default_factory=dict[str, Span])
    spans: dict[str, Span] = field(default_factory=dict[str, Span])
    is_frame: bool = False
    kind: Literal["model", "block", "cell", "optimizer", "file"] = "file"
    path: str = ""
    defaults: Defaults = field(default_factory=Defaults)
    instance: Instance | None = None
    state_prefix: str = ""
    states: dict[str, str] = field(default_factory=dict[str, str])
    """What can be delayed here, by its own name: the dotted name of the state; empty for one that is faulty."""
    placed: dict[str, str] = field(default_factory=dict[str, str])
    """The prefix of the states of each layer declared with a `path`."""
    owner: object = None
    """The graph that the equations of this frame go to."""
    fans: tuple[int, int] | None = None
    """`fan_in` and `fan_out` of the variable whose initializer is worked out."""
    initial_of: tuple[str, Span] | None = None
    """The state whose initial value is worked out, which nothing of a step can be in, and the place of that."""

    def child(self, scope: Scope, names: dict[str, Binding] | None = None) -> Env:
        """An environment of a scope within this one, which only adds names."""
        return Env(
            scope,
            self,
            names or {},
            kind=self.kind,
            path=self.path,
            defaults=self.defaults,
            instance=self.instance,
            state_prefix=self.state_prefix,
        )

    def chain(self) -> Iterator[Env]:
        env: Env | None = self
        while env is not None:
            yield env
            env = env.parent

    def frame(self) -> Env:
        """The nearest environment that receives definitions."""
        return next(env for env in self.chain() if env.is_frame)

    def of(self, scope: Scope) -> Env | None:
        """The environment of `scope`, this or one around it; None if that is not carried out here."""
        env: Env | None = self
        while env is not None and env.scope is not scope:
            env = env.parent
        return env


def join(prefix: str, name: str) -> str:
    """`prefix/name`, or `name` under no prefix."""
    return f"{prefix}/{name}" if prefix else name


def dotted(prefix: str, name: str) -> str:
    """`prefix.name`; without one of the two, the other."""
    return f"{prefix}.{name}" if prefix and name else prefix or name
