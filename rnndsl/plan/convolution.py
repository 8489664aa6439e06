"""What a convolution is told, and what its derivatives are."""

from __future__ import annotations

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
