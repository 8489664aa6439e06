"""What a cell made of cells hands on: the `given` inputs of those that its constructor was given."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rnndsl.elaborate.evaluate.attributes import constructor_of
from rnndsl.elaborate.state.records import StepContext
from rnndsl.elaborate.state.values import Constructor, Instance, MappedCell, Tensor
from rnndsl.syntax import tree
from rnndsl.syntax.walk import walk
from rnndsl.text.codes import arguments as codes
from rnndsl.text.source import Span

Given = dict[str, tuple[Tensor, Span]]
"""By the name of an input, what it is given and where that is written."""


def own_inputs(cell: Instance | MappedCell) -> set[str]:
    """The names of the inputs of a cell's own text, families by their common name."""
    made = constructor_of(cell)
    assert made is not None
    return {s.name.name for s in walk(made.definition.body) if isinstance(s, tree.Input)}


def handed_on(cell: Instance | MappedCell) -> Iterator[tuple[Constructor, tree.Input]]:
    """Each `given` input of the cells that `cell` is made of, however deep, and what declares it."""
    made = constructor_of(cell)
    pending = _wrapped(made) if made else []
    while pending:
        inner = pending.pop()
        pending += _wrapped(inner)
        for statement in walk(inner.definition.body):
            if isinstance(statement, tree.Input) and statement.kind == "given":
                yield inner, statement


def _wrapped(made: Constructor) -> list[Constructor]:
    """The cells among the arguments of a constructor."""
    values = (made.env.names.get(param.name) for param in made.definition.params if param.type.name == "cell")
    lists = (value if isinstance(value, list) else [value] for value in values)
    cells = (item for items in lists for item in items if isinstance(item, Constructor | Instance | MappedCell))
    return [made for made in map(constructor_of, cells) if made is not None]


def is_among(name: str, names: Collection[str]) -> bool:
    """Whether an input, or a member of a family of inputs, has this name; `names`: families by their common name."""
    return name in names or name.rpartition("_")[0] in names


def shared_out(given: Given, cells: Sequence[Instance | MappedCell]) -> list[Given]:
    """What each of several cells is given: what it takes, and what none of them takes, which will be told."""
    takes = [own_inputs(cell) | {statement.name.name for _, statement in handed_on(cell)} for cell in cells]
    known = set[str]().union(*takes)
    return [{name: value for name, value in given.items() if is_among(name, names) or not is_among(name, known)} for names in takes]


def hand_on(step: StepContext, cell: Instance | MappedCell, layer: str, given: Given) -> Given:
    """Notes what of `given`, as the body of the step has it, is for the cells that `cell`, the layer `layer`, is made of; what is
    for itself. Raises SpecError for what is for none."""
    own, handed = own_inputs(cell), {statement.name.name for _, statement in handed_on(cell)}
    step.given = {name: value for name, value in given.items() if is_among(name, handed)}
    mine = {name: value for name, value in given.items() if is_among(name, own)}
    for name, (_, span) in given.items():
        if name not in mine and name not in step.given:
            codes.unknown_input(span, layer, name, own | handed).throw()
    return mine


def check_taken(step: StepContext, layer: str, own: Given) -> None:
    """Raises SpecError for what no cell has taken, nor the scanned one as one of its `own`: its `given` stands under an `if`."""
    for name, (_, span) in step.given.items():
        if name not in own and name not in step.handed:
            codes.unknown_input(span, layer, name, own).throw()
