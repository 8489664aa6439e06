"""The graphs in the making: the top one, and the bodies of scans within it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rnndsl.elaborate.state.builder import GraphBuilder
from rnndsl.elaborate.state.records import StepContext
from rnndsl.records import field, mutable
from rnndsl.text.source import Span


@mutable
class Graphs:
    """`axes` in the plan's order. `builders` and `steps` are stacks: the graph in the making is the last, so is the step."""

    axes: list[str]
    builders: list[GraphBuilder] = field(default_factory=list[GraphBuilder])
    steps: list[StepContext] = field(default_factory=list[StepContext])
    lengths: dict[str, tuple[int, Span]] = field(default_factory=dict[str, tuple[int, Span]])
    """How long axes are that scans of so many steps go along, and where that is said first."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """What the text calls values, by id: the first equation of each."""
    _ids: int = 0

    def fresh(self) -> str:
        """An id that the plan does not have yet."""
        self._ids += 1
        return str(self._ids)

    @property
    def builder(self) -> GraphBuilder:
        return self.builders[-1]

    @property
    def step(self) -> StepContext | None:
        return self.steps[-1] if self.steps else None

    def new_builder(self) -> GraphBuilder:
        return GraphBuilder(self.axes, self.fresh)

    @contextmanager
    def building(self, builder: GraphBuilder) -> Generator[None]:
        """Nodes made inside go to `builder`."""
        self.builders.append(builder)
        try:
            yield
        finally:
            self.builders.pop()

    @contextmanager
    def back_in(self, builder: object) -> Generator[None]:
        """Nodes made inside go to `builder` again, from the bodies of scans in it, as if no step of theirs were being built."""
        builders, steps = self.builders, self.steps
        count = next((i + 1 for i, each in enumerate(builders) if each is builder), len(builders))
        self.builders = builders[:count]
        self.steps = steps if count == len(builders) else [s for s in steps if s.body in self.builders]
        try:
            yield
        finally:
            self.builders, self.steps = builders, steps
