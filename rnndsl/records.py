"""Records: classes of named fields that cost next to nothing to define.

A dataclass with slots costs a fifth of a millisecond of import, most of it for methods that are written as text and compiled
one by one; the compiler has well over a hundred, and `rnndsl check` is to answer in a fifth of a second. Here the constructor of
so many fields is compiled once and given the names of each class; comparing, hashing and printing are written once, in
`Immutable`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")


class Made:
    """A default that is made anew for each record."""

    __slots__ = ("factory",)

    def __init__(self, factory: Callable[[], object]) -> None:
        self.factory = factory


def field(*, default_factory: Callable[[], T]) -> T:
    """A field whose default is made anew for each record."""
    return cast("T", Made(default_factory))


class Immutable:
    """Equality, hash and representation by fields."""

    __slots__ = ()
    __fields__: tuple[str, ...] = ()
    """The names of the fields, set by `record`."""

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class with equal fields; without recursion, since a long sum is a deep tree."""
        pending: list[tuple[object, object]] = [(self, other)]
        while pending:
            a, b = pending.pop()
            if a is b:
                continue
            if isinstance(a, Immutable):
                if type(a) is not type(b):
                    return False
                pending += [(getattr(a, name), getattr(b, name)) for name in a.__fields__]
            elif a != b:
                return False
        return True

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.__fields__)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__fields__)
        return f"{type(self).__name__}({fields})"


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A class whose fields, those with annotations, do not change: the type checker sees to that, nothing does at run time.
    A subclass of `Immutable` is compared by its fields, any other by identity."""
    return _with_fields(cls)


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def mutable(cls: type[T]) -> type[T]:
    """A class of fields that change, compared by identity."""
    return _with_fields(cls)


def replace(of: T, **changes: Any) -> T:
    """A record like `of` with other values in some fields. Raises TypeError if it has no such field."""
    fields: dict[str, Any] = {name: getattr(of, name) for name in getattr(of, "__fields__")}  # noqa: B009
    return type(of)(**{**fields, **changes})


# ---------------------------------------------------------------- making a class


def _with_fields(cls: type[T]) -> type[T]:
    """`cls` made again with slots and a constructor: slots cannot be added to a class that there is."""
    body = dict(vars(cls))
    inherited: tuple[str, ...] = getattr(cls, "__fields__", ())
    own = tuple(name for name in body.get("__annotations__", ()) if name not in inherited)
    defaults: dict[str, Any] = {**getattr(cls, "__field_defaults__", {}), **{x: body.pop(x) for x in own if x in body}}
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    names = (*inherited, *own)
    body |= {"__slots__": own, "__fields__": names, "__field_defaults__": defaults, "__match_args__": names}
    body["__init__"] = _constructor(names, defaults)
    return cast("type[T]", type(cls)(cls.__name__, cls.__bases__, body))


def _constructor(names: tuple[str, ...], defaults: Mapping[str, Any]) -> FunctionType:
    given = [name for name in names if name not in defaults]
    if names[: len(given)] != tuple(given):
        raise TypeError(f"fields without a default come first: {', '.join(given)}")
    code = _code(len(names), tuple(i for i, name in enumerate(names) if isinstance(defaults.get(name), Made)))
    called = {f"a{i}": name for i, name in enumerate(names)}
    code = code.replace(
        co_varnames=("self", *names),
        co_names=tuple(called.get(name, name) for name in code.co_names),
    )
    return FunctionType(code, {"Made": Made}, "__init__", tuple(defaults[name] for name in names[len(given) :]))


@cache
def _code(count: int, made: Collection[int]) -> CodeType:
    """The code of a constructor of `count` fields, called a0, a1, …; the defaults of `made` are made anew."""
    values = [f"a{i}.factory() if a{i}.__class__ is Made else a{i}" if i in made else f"a{i}" for i in range(count)]
    lines = "\n".join(f" self.a{i} = {value}" for i, value in enumerate(values))
    made_here: dict[str, Any] = {}
    exec(f"def __init__(self{''.join(f', a{i}' for i in range(count))}):\n{lines or ' pass'}", made_here)
    return made_here["__init__"].__code__
