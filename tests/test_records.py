"""Records do what dataclasses of the same fields do, for less."""

from __future__ import annotations

import dataclasses

import pytest

from rnndsl.records import Immutable, field, mutable, record, replace


@record
class Base(Immutable):
    """Of one field."""

    a: int


@record
class Derived(Base):
    b: tuple[int, ...] = (1, 2)
    c: list[int] = field(default_factory=list[int])

    def total(self) -> int:
        return self.a + sum(self.b) + sum(self.c)


@record
class Other(Immutable):
    a: int


@mutable
class Changing:
    a: int
    b: list[int] = field(default_factory=list[int])


def test_the_constructor_is_that_of_a_dataclass() -> None:
    like = dataclasses.make_dataclass(
        "Derived", [("a", int), ("b", tuple, (1, 2)), ("c", list, dataclasses.field(default_factory=list))]
    )
    for arguments, named in (((3,), {}), ((3, (4,)), {}), ((3,), {"c": [5]}), ((), {"a": 3, "c": [], "b": ()})):
        made, expected = Derived(*arguments, **named), like(*arguments, **named)
        assert [getattr(made, name) for name in "abc"] == [getattr(expected, name) for name in "abc"]
    for arguments, named in (((), {}), ((1, 2, 3, 4), {}), ((1,), {"a": 1}), ((1,), {"d": 1})):
        for cls in (Derived, like):
            with pytest.raises(TypeError):
                cls(*arguments, **named)


def test_what_is_made_anew_is_not_shared() -> None:
    assert Derived(1).c is not Derived(1).c
    assert Changing(1).b is not Changing(1).b


def test_equal_fields_of_one_class_are_equal() -> None:
    assert Derived(1) == Derived(1, (1, 2), []) != Derived(2)
    assert Base(1) != Other(1)
    assert hash(Base(1)) == hash(Base(1))
    assert repr(Derived(1)) == "Derived(a=1, b=(1, 2), c=[])"
    assert Changing(1) != Changing(1)
    assert "a=" not in repr(Changing(1))


def test_records_have_slots_methods_and_docs() -> None:
    assert Derived(1, (2,), [3]).total() == 6
    assert Base.__doc__ == "Of one field." and Derived.__doc__ is None
    with pytest.raises(AttributeError):
        Base(1).z = 1  # type: ignore[attr-defined]
    changing = Changing(1)
    changing.a = 2
    assert changing.a == 2


def test_replace_changes_the_fields_that_are_named() -> None:
    made = Derived(1, (2,), [3])
    assert replace(made, b=(9,)) == Derived(1, (9,), [3])
    assert made.b == (2,)
    with pytest.raises(TypeError):
        replace(made, z=1)


def test_a_field_with_a_default_comes_after_those_without() -> None:
    with pytest.raises(TypeError, match="come first"):

        @record
        class Wrong:  # pyright: ignore
            a: int = 1
            b: int
