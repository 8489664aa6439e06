"""Records: immutable dataclasses that are cheap to define.

A frozen, slotted dataclass costs about a millisecond of import each, most of it for methods that are generated one by one; the
compiler has well over a hundred, and `rnndsl check` is to answer in a fifth of a second. `@record` generates only the
constructor; comparing, hashing and printing are written once, in `Immutable`. That a record does not change is checked by the
type checker, not at run time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


class Immutable:
    """Equality, hash and representation by fields."""

    __slots__ = ()
    __dataclass_fields__: Any
    """Set by `record`."""

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
                pending += [(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__]
            elif a != b:
                return False
        return True

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.__dataclass_fields__)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
        return f"{type(self).__name__}({fields})"


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Makes a slotted dataclass of a subclass of `Immutable`."""
    return dataclass(slots=True, eq=False, repr=False)(cls)
