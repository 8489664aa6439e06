"""Attributes of nodes from plain values, as the printed plan has them."""

from __future__ import annotations

from typing import Any

from rnndsl.language.ops.op import Required
from rnndsl.language.ops.table import OPS
from rnndsl.plan.attributes import Attributes, Reduction, frozen
from rnndsl.plan.indices import All, At, Index, Item, Part

_ITEMS = {"all": All, "at": At, "range": Part}


def told(op: str, **attrs: Any) -> Attributes:
    """The attributes of an `op`, its parameters' defaults included. Lists are tuples, items of an index lists like
    `["range", 0, 3]`; a reduction is over nothing unless said."""
    kind = OPS[op].attributes
    defaults = {p.name: p.default for p in OPS[op].parameters if p.name in kind.__fields__ and p.default is not Required}
    attrs = {**defaults, **attrs}
    if kind is Index:
        return Index(tuple(_item(*item) for item in attrs["items"]))
    if kind is Reduction:
        attrs = {"axes": (), "dims": (), **attrs}
    return kind(**{name: value if isinstance(value, str | None) else _tuples(value) for name, value in attrs.items()})


def _item(form: str, *numbers: int) -> Item:
    return _ITEMS[form](*numbers)


def _tuples(value: Any) -> Any:
    return frozen(value) if not isinstance(value, list | tuple) or not any(isinstance(x, str) for x in value) else tuple(value)
