"""Which rows are valid at which step of a scan, and in which order the loop goes through the sequences."""

from __future__ import annotations

from typing import Any

from rnndsl.backends.tensorflow.align import Operand, meet, move_axis_first, unite
from rnndsl.backends.tensorflow.frame import Frame
from rnndsl.backends.tensorflow.ops.axes import turned
from rnndsl.backends.tensorflow.tensorflow_module import tf
from rnndsl.plan.model import Scan, TensorType
from rnndsl.records import mutable


@mutable
class Validity:
    """`lengths` (i32, clipped to the number of steps) and `mask` (bool, time first, in the loop's order), if the scan has them.

    Without lengths a reversed scan reads from the end by index; with lengths each sequence is reversed within its own.
    """

    frame: Frame
    length: Any
    reverse: bool
    lengths: Operand | None
    mask: Operand | None

    @classmethod
    def of(cls, frame: Frame, scan: Scan, length: Any) -> Validity:
        lengths = None
        if scan.lengths is not None:
            given = frame.operand(scan.lengths)
            clipped = tf.clip_by_value(tf.cast(given.tensor, tf.int32), 0, length)
            lengths = Operand(clipped, TensorType("i32", given.type.axes, given.type.dims))
        result = cls(frame, length, scan.reverse, lengths, None)
        if scan.mask is not None:
            mask = frame.operand(scan.mask)
            step = mask.type.without(scan.axis)
            ordered = result.ordered(Operand(move_axis_first(mask, scan.axis), step))
            axes = unite([step, *([lengths.type] if lengths and scan.reverse else [])], frame.context.order)
            result.mask = Operand(ordered, TensorType("bool", axes))
        return result

    def axes(self, until: TensorType | None) -> tuple[str, ...]:
        """The axes over which validity differs from row to row."""
        types = [x.type for x in (self.lengths, self.mask) if x is not None]
        return unite(types if until is None else [*types, until], self.frame.context.order)

    def at(self, t: Any, ended: Operand | None) -> Operand | None:
        """Which rows are valid at step `t`; None if all are, always. `ended`: the state that ends rows, before the step."""
        parts: list[Operand] = []
        if self.lengths is not None:
            parts.append(Operand(t < self.lengths.tensor, TensorType("bool", self.lengths.type.axes)))
        if self.mask is not None:
            parts.append(Operand(tf.gather(self.mask.tensor, self.place(t)), self.mask.type))
        if ended is not None:
            parts.append(Operand(tf.logical_not(ended.tensor), ended.type))
        if not parts:
            return None
        t_all = TensorType("bool", unite([x.type for x in parts], self.frame.context.order))
        valid = parts[0]
        for part in parts[1:]:
            both = tf.logical_and(*meet([valid, part], self.frame.context.order))
            valid = Operand(both, TensorType("bool", unite([valid.type, part.type], self.frame.context.order)))
        return Operand(valid.tensor, t_all)

    def place(self, t: Any) -> Any:
        """Where in time (of the lists) step `t` reads and writes."""
        return self.length - 1 - t if self.reverse and self.lengths is None else t

    def ordered(self, x: Operand) -> Any:
        """`x.tensor` [time, ...type] between time order and the loop's order; the change is its own inverse."""
        if not self.reverse or self.lengths is None:
            return x.tensor
        return turned(x, self.lengths, self.frame)
