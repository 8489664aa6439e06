"""`levenberg_marquardt` as `rnndsl explain` tells it: how its Jacobian is made, and why so."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rnndsl.cli.specs import counted
from rnndsl.elaborate.model.least_squares import MANY, cotangents
from rnndsl.elaborate.state.bytes import size_of
from rnndsl.language.builtins import BATCH
from rnndsl.plan.model import LeastSquares, Plan, Train
from rnndsl.plan.rewriting import types_of
from rnndsl.text.codes.sizes import human

_PAD = "  "


def told(plan: Plan, train: Train, method: LeastSquares) -> Iterator[str]:
    """In lines."""
    types = types_of(plan.graph)
    residuals = [types[x.value] for x in plan.residuals if x.name in train.residuals]
    count = sum(math.prod(plan.variable(path).shape) for path in train.variables)
    rows = cotangents(residuals, apart=method.apart)
    equal = human(size_of(method.dtype, (count, count)))
    yield f"solves for {counted(count, 'number')} of {counted(len(train.variables), 'variable')}: J'J is {method.dtype}, {equal}"
    ways = (f"by columns, {counted(count, 'tangent')}", f"by rows, {counted(rows, 'cotangent')}")
    taken, other = ways if method.forward else ways[::-1]
    chosen = "whichever are fewer" if method.auto else f"jacobian = {'forward' if method.forward else 'reverse'}"
    yield f"J is made {taken} ({chosen}); {other}"
    if any(axis != BATCH or not method.apart for t in residuals for axis in t.axes):
        yield _PAD + f"an axis whose length the text does not tell counts as {MANY}"
    if any(BATCH in t.axes for t in residuals):
        meet = "do not meet, and share cotangents" if method.apart else "meet, and have a cotangent each"
        yield _PAD + f"rows of the batch {meet}"
    if method.chunk is not None:
        rest = human(size_of(method.dtype, (count, method.chunk)))
        yield f"{counted(method.chunk, 'row')} of the batch at a time: {rest} of J for each place of a row's residuals"
    yield "solved by a Cholesky decomposition of J'J" if method.solver == "cholesky" else "solved by a QR decomposition of J"
