"""MLIR's text, line by line: operations in MLIR's generic form, values numbered as they come, so that the bytes are the same each
time. StableHLO's specification says what each operation is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnndsl.plan.attributes import DType

Shape = tuple[int, ...]

_NAMES: Mapping[DType, str] = {
    "f16": "f16", "bf16": "bf16", "f32": "f32", "f64": "f64", "i32": "i32", "i64": "i64", "bool": "i1",
}  # fmt: skip
_BITS: Mapping[DType, tuple[int, int, int]] = {
    "f16": (0x7C00, 0xFC00, 0x7E00),
    "bf16": (0x7F80, 0xFF80, 0x7FC0),
    "f32": (0x7F800000, 0xFF800000, 0x7FC00000),
    "f64": (0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000),
}
"""Infinity, minus infinity and no number, as MLIR wants them written: in bits."""


class Tensor(NamedTuple):
    """A value of the module."""

    name: str
    dtype: DType
    shape: Shape

    @property
    def type(self) -> str:
        """As MLIR writes it: `tensor<2x3xf32>`."""
        return f"tensor<{''.join(f'{n}x' for n in self.shape)}{_NAMES[self.dtype]}>"


def integers(values: Iterable[int]) -> str:
    """An attribute that is a list of integers."""
    listed = ", ".join(map(str, values))
    return f"array<i64: {listed}>" if listed else "array<i64>"


class Writer:
    """The text of one function in the making."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 2
        self._count = 0

    def say(self, line: str) -> None:
        self.lines.append("  " * self._depth + line)

    def named(self, dtype: DType, shape: Shape) -> Tensor:
        """A value that nothing defines yet."""
        self._count += 1
        return Tensor(f"%{self._count}", dtype, tuple(shape))

    def op(self, name: str, operands: Sequence[Tensor], dtype: DType, shape: Sequence[int], attributes: str = "") -> Tensor:
        """The value of the StableHLO operation `name`. `attributes`: as MLIR writes them, without braces."""
        value = self.named(dtype, tuple(shape))
        self.say(f"{value.name} = {_call(name, operands)}{_braced(attributes)} : {_signature(operands, [value])}")
        return value

    def constant(self, value: Any, dtype: DType, shape: Shape = ()) -> Tensor:
        """A number, or an array of this shape."""
        array = np.asarray(value)
        same = array.ndim == 0 or (array.size and np.all(array == array.flat[0]))
        text = _number(array.flat[0], dtype) if same else _nested(array.tolist(), dtype)
        made = self.named(dtype, shape)
        self.say(f'{made.name} = "stablehlo.constant"() {{value = dense<{text}> : {made.type}}} : () -> {made.type}')
        return made

    def reduce(self, x: Tensor, start: Tensor, dims: Sequence[int], by: str) -> Tensor:
        """`x` without `dims`, over which the operation `by` is taken from `start` on."""
        if not dims:
            return x
        gone = {d % len(x.shape) for d in dims}
        value = self.named(x.dtype, tuple(n for i, n in enumerate(x.shape) if i not in gone))
        self.say(f"{value.name} = {_call('reduce', [x, start])} ({{")
        left, right = self._block([(x.dtype, ()), (x.dtype, ())])
        self._leave([self.op(by, [left, right], x.dtype, ())])
        self.say(f"}}) {{dimensions = {integers(sorted(gone))}}} : {_signature([x, start], [value])}")
        return value

    def scatter(self, table: Tensor, places: Tensor, rows: Tensor, numbers: str, *, add: bool = True) -> Tensor:
        """`table` with `rows` at `places`: added to what is there, or in its stead."""
        value = self.named(table.dtype, table.shape)
        self.say(f"{value.name} = {_call('scatter', [table, places, rows])} ({{")
        left, right = self._block([(table.dtype, ()), (table.dtype, ())])
        self._leave([self.op("add", [left, right], table.dtype, ()) if add else right])
        told = f"indices_are_sorted = false, {numbers}, unique_indices = false"
        self.say(f"}}) {{{told}}} : {_signature([table, places, rows], [value])}")
        return value

    def order(self, x: Tensor, ids: Tensor, at: int) -> Tensor:
        """`ids` in the rising order of `x` along the dim `at`; what is no number comes last, equals stay as they are."""
        self._count += 1
        name = f"%{self._count}"
        ends = [Tensor(f"{name}#{i}", t.dtype, t.shape) for i, t in enumerate((x, ids))]
        self.say(f"{name}:2 = {_call('sort', [x, ids])} ({{")
        left, right, *_ = self._block([(x.dtype, ()), (x.dtype, ()), (ids.dtype, ()), (ids.dtype, ())])
        less, none = self._compared("LT", left, right), self._compared("NE", right, right)
        number = self._compared("EQ", left, left)
        self._leave([self.op("or", [less, self.op("and", [none, number], "bool", ())], "bool", ())])
        self.say(f"}}) {{dimension = {at} : i64, is_stable = true}} : {_signature([x, ids], ends)}")
        return ends[1]

    def _compared(self, how: str, a: Tensor, b: Tensor) -> Tensor:
        return self.op("compare", [a, b], "bool", (), f"comparison_direction = #stablehlo<comparison_direction {how}>")

    def loop(
        self, length: int | Tensor, carried: Sequence[Tensor], step: Callable[[Tensor, Sequence[Tensor]], list[Tensor]]
    ) -> list[Tensor]:
        """`carried` after `length` steps, a number or i32 []; `step` writes one: from its number (i32 []) and what is carried to
        what is carried on."""
        start = [self.constant(0, "i32"), *carried]
        kinds: list[tuple[DType, Shape]] = [(x.dtype, x.shape) for x in start]
        self._count += 1
        name, count = f"%{self._count}", len(start)
        ends = [Tensor(f"{name}#{i}", *kind) for i, kind in enumerate(kinds)]
        self.say(f"{name}:{count} = {_call('while', start)} ({{")
        at, *_ = self._block(kinds)
        stop = self.constant(length, "i32") if isinstance(length, int) else length
        self._leave([self._compared("LT", at, stop)])
        self.say("}, {")
        at, *inner = self._block(kinds)
        found = step(at, inner)
        one = self.constant(1, "i32")
        self._leave([self.op("add", [at, one], "i32", ()), *found])
        self.say(f"}}) : {_signature(start, ends)}")
        return ends[1:]

    def _block(self, kinds: Sequence[tuple[DType, Shape]]) -> list[Tensor]:
        """The arguments of a region that begins here."""
        given = [self.named(dtype, shape) for dtype, shape in kinds]
        self.say(f"^bb0({', '.join(f'{x.name}: {x.type}' for x in given)}):")
        self._depth += 1
        return given

    def _leave(self, values: Sequence[Tensor]) -> None:
        """A region ends with these values."""
        self.say(f"{_call('return', values)} : {_signature(values, [])}")
        self._depth -= 1


def _call(name: str, operands: Sequence[Tensor]) -> str:
    return f'"stablehlo.{name}"({", ".join(x.name for x in operands)})'


def _braced(attributes: str) -> str:
    return f" {{{attributes}}}" if attributes else ""


def _signature(operands: Sequence[Tensor], results: Sequence[Tensor]) -> str:
    ends = ", ".join(x.type for x in results)
    return f"({', '.join(x.type for x in operands)}) -> {ends if len(results) == 1 else f'({ends})'}"


def _nested(value: Any, dtype: DType) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_nested(x, dtype) for x in value)}]"  # pyright: ignore[reportUnknownVariableType]
    return _number(value, dtype)


def _number(value: Any, dtype: DType) -> str:
    if dtype == "bool":
        return "true" if value else "false"
    if dtype in ("i32", "i64"):
        return str(int(value))
    number = float(value)
    if math.isfinite(number):
        return f"{number:e}" if float(f"{number:e}") == number else f"{number:.17e}"
    plus, minus, none = _BITS[dtype]
    return f"0x{none if math.isnan(number) else plus if number > 0 else minus:X}"
