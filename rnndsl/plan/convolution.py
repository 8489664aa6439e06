"""What a convolution is told, and what its derivatives are."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.plan.attributes import Attributes
from rnndsl.records import record


@record
class Conv(Attributes):
    """`over` and `to` are leading axes: the one that is convolved along, and the one of the result. `stride` and `padding` have a
    place for each width of the kernel: first that of `over`, if there is one, then those of the trailing dims."""

    stride: tuple[int, ...]
    padding: tuple[str, ...]
    over: str | None = None
    to: str | None = None

    @property
    def about(self) -> tuple[str, ...]:
        return tuple(axis for axis in (self.over, self.to) if axis is not None)

    @property
    def onto(self) -> str | None:
        """The axis of the result that the axis of the argument becomes."""
        return self.to or self.over


@record
class ConvInput(Conv):
    """And the lengths of the trailing dims that are convolved along."""

    sizes: tuple[int, ...] = ()


@record
class ConvKernel(Conv):
    """And the widths of the kernel, and the leading axes that are summed beside those of the convolution."""

    widths: tuple[int, ...] = ()
    axes: tuple[str, ...] = ()

    @property
    def about(self) -> tuple[str, ...]:
        return *(axis for axis in (self.over, self.to) if axis is not None), *self.axes


def laid(sizes: Sequence[int], widths: Sequence[int], told: Conv) -> tuple[list[int], list[tuple[int, int]]]:
    """For each dim, how many places the kernel takes, and how many zeros are before and behind. `same` pads as few as it can, and
    less before than behind; `centred` has each window around its step; `causal` pads before alone."""
    counts: list[int] = []
    pads: list[tuple[int, int]] = []
    for size, width, stride, padding in zip(sizes, widths, told.stride, told.padding, strict=True):
        span = size if padding != "valid" else size - width + 1
        count = max(-(-span // stride), 0)
        lacking = max((count - 1) * stride + width - size, 0)
        before = {"same": lacking // 2, "centred": (width - 1) // 2, "causal": width - 1, "valid": 0}[padding]
        counts.append(count)
        pads.append((before, max(lacking - before, 0)))
    return counts, pads
