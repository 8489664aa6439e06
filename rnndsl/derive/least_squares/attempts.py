"""The attempts of one call: a step is taken if it lowers the sum of squares, else the damping grows and a shorter one is tried.

They are a scan whose steps are attempts, and which ends with the first that is taken. Its body has the residuals once more, on the
variables of the attempt, chunk by chunk where there are chunks; what does not depend on these, draws and kept states among it, is
given. So a call draws once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnndsl.derive.derivatives.writer import GraphWriter
from rnndsl.derive.least_squares.again import again
from rnndsl.derive.least_squares.chunks import Chunks
from rnndsl.derive.least_squares.jacobian import Unknowns
from rnndsl.derive.least_squares.normal_equations import Equations, cost, damped_step, length
from rnndsl.derive.optimizing import within
from rnndsl.language.ops.derivative.writing import V, added, apply, cast, compare, contract, number, spread, total, where
from rnndsl.plan.attributes import DType, Result
from rnndsl.plan.graph import Graph, GraphInput, Node, Scan, ScanInput, ScanState, TensorType
from rnndsl.plan.indices import All, Index, Part
from rnndsl.plan.rewriting import rename_used
from rnndsl.plan.tables import Bounds, LeastSquares
from rnndsl.records import Immutable, record, replace

GRADIENT, STEP, REDUCTION = 1, 2, 3
"""What a call says has converged: no slope is left, the step is too short to matter, or so is what it gains."""
DONE = "done"
_LOW, _HIGH = 0.25, 0.75
"""The plain rule: the damping grows where less than a quarter of what was predicted is gained, and falls above three quarters."""


@record
class Attempted(Immutable):
    """After the call: the variables by path, the damping, the factor by which it grows next, whether a step was taken, and what has
    converged, 0 for nothing."""

    values: Mapping[str, V]
    damping: V
    growth: V | None
    accepted: V
    converged: V


class Attempts:
    """`writer` is behind `graph`, which is without derivatives. The `residuals` are computed whole, those of `chunks` apart.
    `values`: the variables before the call, by path; `rates`: of those whose steps are scaled; `bounds`: of each, if it has any."""

    def __init__(
        self,
        writer: GraphWriter,
        graph: Graph,
        residuals: Sequence[str],
        chunks: Chunks | None,
        values: Mapping[str, V],
        rates: Mapping[str, float],
        bounds: Mapping[str, Bounds | None],
        told: LeastSquares,
        path: str,
        axis: str,
    ) -> None:
        self.outer = writer
        self.graph = graph
        self.residuals = residuals
        self.chunks = chunks
        self.values = values
        self.rates = rates
        self.bounds = bounds
        self.told = told
        self.path, self.axis = path, axis
        self.unknowns = Unknowns({path: x.type for path, x in values.items()})
        self.body = GraphWriter(writer.order, writer.fresh)
        self.body.place = writer.place
        self.inputs: list[GraphInput] = []
        self.given: dict[str, ScanInput] = {}
        self.states: list[ScanState] = []

    def run(self, system: Equations, damping: V, growth: V | None) -> Attempted:
        """Writes the scan. `damping` and `growth`: before the call."""
        outer, told = self.outer, self.told
        dtype = system.right.type.dtype
        no, zero = V(outer, outer.literal(False, "bool")), V(outer, outer.literal(0, "i32"))
        start = where(system.flat, V(outer, outer.literal(GRADIENT, "i32")), zero)
        lost = compare("ne", system.squares - system.squares, 0.0)  # no finite number: no step can be compared with it
        damped, grown = self._state("damping", damping), None if growth is None else self._state("growth", growth)
        done, accepted, converged = self._state(DONE, lost), self._state("accepted", no), self._state("converged", start)
        olds = {path: self._state(f"value/{path}", x) for path, x in self.values.items()}

        squares, right = self._given(system.squares), self._given(system.right)
        step = damped_step(self.body, self._given(system.matrix), right, damped, told)
        predicted = total(step * (step * damped + right), (), (-1,))
        if self.rates:
            step = step * self._rates(dtype)
        whole = self.unknowns.joined(list(self.values.values()), dtype)
        size = self._given(length(whole if system.unit is None else whole / system.unit))
        unit = None if system.unit is None else self._given(system.unit)
        moves = self.unknowns.parted(step if unit is None else step * unit)
        trials = {p: within(cast(cast(old, dtype) - moves[p], old.type.dtype), self.bounds[p]) for p, old in olds.items()}
        if any(self.bounds.values()):
            left = self.unknowns.joined([cast(old, dtype) - cast(trials[p], dtype) for p, old in olds.items()], dtype)
            step = left if unit is None else left / unit
        if self.rates or any(self.bounds.values()):
            predicted = self._predicted(system, step)
        after = self._cost(trials)
        gained = squares - after
        moved = length(step)
        near = either(compare("le", moved, size * told.reach), compare("eq", size, 0.0))
        taken = both(both(compare("lt", after, squares), compare("gt", predicted, 0.0)), near)
        little = squares * told.tolerance
        no_gain = both(compare("le", predicted, little), compare("le", apply("abs", gained), little))
        no_step = compare("le", moved, size * told.tolerance)

        self._next(damped, self._damping(damped, grown, gained / predicted, taken))
        if grown is not None:
            self._next(grown, where(taken, number(grown, told.increase), grown * told.increase))
        self._next(done, either(either(taken, no_gain), no_step))
        self._next(accepted, taken)
        said = where(no_gain, self._whole(REDUCTION), where(no_step, self._whole(STEP), converged))
        self._next(converged, where(compare("eq", converged, self._whole(GRADIENT)), converged, said))
        for path, old in olds.items():
            self._next(old, where(taken, trials[path], old))
        self._write()
        return Attempted(
            values={path: self._final(old) for path, old in olds.items()},
            damping=self._final(damped),
            growth=None if grown is None else self._final(grown),
            accepted=self._final(accepted),
            converged=self._final(converged),
        )

    # ---- the damping

    def _damping(self, damping: V, growth: V | None, ratio: V, taken: V) -> V:
        """After an attempt that gained `ratio` times what was predicted (Nielsen 1999, equation 2.3; or in proportion)."""
        told = self.told
        if growth is None:
            grown = damping * told.increase
            moved = where(compare("gt", ratio, _HIGH), damping / told.decrease, where(compare("lt", ratio, _LOW), grown, damping))
        else:
            grown = damping * growth
            off = ratio * 2.0 - 1.0
            cubic = 1.0 - off * off * off * (told.increase - 1)
            moved = damping * apply("maximum", cubic, number(cubic, 1 / told.decrease))
        found = where(taken, moved, grown)
        return apply("clip", found, number(found, told.lowest), number(found, told.highest))

    # ---- rates of variables

    def _rates(self, dtype: DType) -> V:
        """What each number of the step is multiplied by."""
        like = V(self.body, self.body.literal(1.0, dtype))
        rates = {path: spread(like * self.rates.get(path, 1.0), x.type) for path, x in self.values.items()}
        return self.unknowns.joined(list(rates.values()), dtype)

    def _predicted(self, system: Equations, step: V) -> V:
        """What any step gains if the residuals are as their Jacobian says."""
        matrix, right = self._given(system.matrix), self._given(system.right)
        if self.told.solver == "qr":
            n = right.type.dims[0]
            columns = apply("index", matrix, told=Index((All(), Part(0, n))))
            lost = total(apply("square", contract(columns, step, "kp,p->k", ())), (), (-1,))
        else:
            lost = total(contract(matrix, step, "pq,q->p", ()) * step, (), (-1,))
        return total(step * right * 2.0, (), (-1,)) - lost

    # ---- the residuals once more

    def _cost(self, trials: Mapping[str, V]) -> V:
        """The cost on other values of the variables."""
        dtype = self.told.dtype
        found = [cost([cast(x, dtype) for x in self._replayed(trials)], self.told)] if self.residuals else []
        if self.chunks is not None:
            found.append(self.chunks.cost(self.body, trials, self._given))
        whole = added(found)
        assert whole is not None  # something is fitted
        return whole

    def _replayed(self, trials: Mapping[str, V]) -> list[V]:
        """The residuals that are not in chunks."""
        found = again(self.graph, self.residuals, {path: x.id for path, x in trials.items()}, self.outer.fresh)
        renamed = {name: self._given(V(self.outer, name)).id for name in found.fixed}
        for node in found.nodes:
            node = rename_used(node, renamed)
            if isinstance(node, Scan):
                self.body.put_scan(node)
            else:
                self.body.put(node)
        names = found.names
        return [V(self.body, names[x]) if x in names else self._given(V(self.outer, x)) for x in self.residuals]

    # ---- the scan

    def _given(self, x: V) -> V:
        """A value of the graph around, the same at every attempt."""
        if x.id not in self.given:
            self.given[x.id] = ScanInput(x.id, self._input(x.type).id)
        return V(self.body, self.given[x.id].inner)

    def _state(self, name: str, initial: V) -> V:
        old = self._input(initial.type)
        self.states.append(ScanState(name, initial.id, old.id, old.id))
        return old

    def _input(self, t: TensorType) -> V:
        made = GraphInput(self.outer.fresh.like("attempt"), t)
        self.inputs.append(made)
        self.body.know(made.id, t, finite=False)
        return V(self.body, made.id)

    def _next(self, old: V, new: V) -> None:
        self.states = [replace(x, new=new.id) if x.old == old.id else x for x in self.states]

    def _whole(self, value: int) -> V:
        return V(self.body, self.body.literal(value, "i32"))

    def _write(self) -> None:
        made = Scan(
            id=self.outer.fresh.like("attempts"),
            path=self.path,
            axis=self.axis,
            scanned=(),
            given=tuple(self.given.values()),
            states=tuple(self.states),
            variables=(),
            outputs=(),
            body=Graph(tuple(self.inputs), tuple(self.body.nodes)),
            steps=self.told.attempts,
            until=DONE,
            same_draws=True,
            place=self.outer.place,
        )
        self.id = made.id
        self.outer.put_scan(made)

    def _final(self, old: V) -> V:
        at = next(k for k, x in enumerate(self.states) if x.old == old.id)
        told = Result("final", at)
        node = Node(self.outer.fresh.like("attempted"), "result", (self.id,), told, old.type, self.outer.place)
        return V(self.outer, self.outer.put(node))


def both(a: V, b: V) -> V:
    return apply("and", a, b)


def either(a: V, b: V) -> V:
    return apply("or", a, b)
