"""The Jacobian of residuals with respect to variables.

By columns: one tangent for each number of the variables, along an axis `direction`. By rows: one cotangent for each residual, along
an axis `row`. Either is derived from the graph as one more leading axis. Where the rows of a batch do not meet, all of them are
differentiated at once: a cotangent for each residual of one row, and what it owes to the variables is not summed over the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from rnndsl.derive.derivatives.jvp import jvp
from rnndsl.derive.derivatives.vjp import vjp
from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.making import Making
from rnndsl.language.ops.derivative.writing import V, apply, cast, contract, reshape, total
from rnndsl.plan.attributes import Dim
from rnndsl.plan.graph import DType, TensorType
from rnndsl.plan.indices import All, Index, Part
from rnndsl.plan.ordering import Places
from rnndsl.plan.rewriting import new_axis
from rnndsl.plan.stretches import Exchanged
from rnndsl.records import Immutable, record, replace


@record
class Unknowns(Immutable):
    """The variables that are solved for, by path: of which type each is. Together they are one vector, in this order."""

    types: Mapping[str, TensorType]

    @property
    def count(self) -> int:
        return sum(math.prod(t.dims) for t in self.types.values())

    def parts(self) -> Mapping[str, Part]:
        """Where each is in the vector."""
        found: dict[str, Part] = {}
        start = 0
        for path, t in self.types.items():
            found[path] = Part(start, start + math.prod(t.dims))
            start = found[path].stop
        return found

    def joined(self, values: Sequence[V], dtype: DType) -> V:
        """Values of all as one vector."""
        flat = [_flat(x, dtype) for x in values]
        return flat[0] if len(flat) == 1 else apply("concat", *flat, told=Dim(-1))

    def parted(self, vector: V) -> dict[str, V]:
        """The part of a vector that is each one's, in its shape."""
        parts = self.parts()
        return {path: reshape(apply("index", vector, told=Index((parts[path],))), t.dims) for path, t in self.types.items()}


@record
class Rows(Immutable):
    """Of one residual: `jacobian` [axes.., unknowns, k] and `residual` [axes.., k], with the same axes. Each place is a row."""

    jacobian: V
    residual: V


def jacobian(
    making: Making, residuals: Sequence[str], reads: Mapping[str, str], unknowns: Unknowns, *, forward: bool, apart: str | None
) -> Callable[[GraphWriter, DType], list[Rows]]:
    """Widens the graph of `making` by the derivatives of `residuals` by the variables, whose values are `reads`, by path. What is
    returned writes the rows behind it, in one dtype. `apart`: an axis along which nothing meets between variables and residuals."""
    if forward:
        return _by_columns(making, residuals, reads, unknowns)
    return _by_rows(making, residuals, reads, unknowns, apart)


def _by_columns(
    making: Making, residuals: Sequence[str], reads: Mapping[str, str], unknowns: Unknowns
) -> Callable[[GraphWriter, DType], list[Rows]]:
    axis = new_axis("direction", making.axes)
    making.axes = (*making.axes, axis)
    seeds = GraphWriter(making.axes, making.fresh)
    given = {reads[path]: _directions(seeds, unknowns, path, axis).id for path in unknowns.types}
    graph = replace(making.graph, nodes=(*seeds.nodes, *making.graph.nodes))
    making.graph, found = jvp(graph, given, list(residuals), making.axes)
    making.extend(())

    def rows(writer: GraphWriter, dtype: DType) -> list[Rows]:
        made: list[Rows] = []
        for name in residuals:
            residual = _flat(V(writer, name), dtype)
            tangents = apply("as_dim", V(writer, found[name]), told=Exchanged(axis, unknowns.count))
            made.append(Rows(cast(reshape(tangents, (unknowns.count, *residual.type.dims)), dtype), residual))
        return made

    return rows


def _directions(writer: GraphWriter, unknowns: Unknowns, path: str, axis: str) -> V:
    """The tangents of a variable: in each direction one number of all unknowns grows."""
    t = unknowns.types[path]
    every = V(writer, writer.identity(unknowns.count, t.dtype))
    own = apply("index", every, told=Index((All(), unknowns.parts()[path])))
    return apply("as_axis", reshape(own, (unknowns.count, *t.dims)), told=Exchanged(axis, unknowns.count))


def _by_rows(
    making: Making, residuals: Sequence[str], reads: Mapping[str, str], unknowns: Unknowns, apart: str | None
) -> Callable[[GraphWriter, DType], list[Rows]]:
    found = [_cotangents(making, name, [reads[path] for path in unknowns.types], apart) for name in residuals]

    def rows(writer: GraphWriter, dtype: DType) -> list[Rows]:
        made: list[Rows] = []
        for name, (seed, cotangents) in zip(residuals, found, strict=True):
            values = [V(writer, x) for x in cotangents]
            seeded = V(writer, seed)
            chosen = contract(
                _flat(seeded, dtype), _flat(V(writer, name), dtype), "k,k->", _shared(seeded.type, writer.type_of(name))
            )
            made.append(Rows(reshape(unknowns.joined(values, dtype), (unknowns.count, 1)), reshape(chosen, (1,))))
        return made

    return rows


def _shared(seed: TensorType, residual: TensorType) -> list[str]:
    return [axis for axis in residual.axes if axis in seed.axes]


def _cotangents(making: Making, residual: str, by: Sequence[str], apart: str | None) -> tuple[str, list[str]]:
    """One for each place of a residual, and what `by` are handed back from there. Places `apart` share a cotangent, and what they
    are handed back has that axis."""
    axis = new_axis("row", making.axes)
    making.axes = (*making.axes, axis)
    writer = making.writer("")
    keep = [x for x in writer.type_of(residual).axes if x == apart]
    like = total(V(writer, residual), keep)
    seed = apply("each_place", like, told=Places(axis, like.type.axes)).id
    making.extend(writer.nodes)
    making.graph, found = vjp(making.graph, {residual: seed}, by, making.axes, keep)
    making.extend(())
    return seed, [found[x] for x in by]


def _flat(x: V, dtype: DType) -> V:
    """`x` with one trailing dim."""
    return cast(reshape(x, (math.prod(x.type.dims),)), dtype)
