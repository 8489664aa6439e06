"""The Jacobian of what each cell gives under a mask and lengths, by columns and by rows, against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from rnndsl.elaborate.model.rows import Rows
from tests.conformance.subject import VALID, Array, Subject
from tests.derive.least_squares.jacobians import Derived

TOLERANCE = 1e-8
BENDS, NEAR = 2, 1e-5
"""So many values of a column may have the bend of a `relu` within the reach of the differences; they are held to nearer ones."""
COLUMNS = 40
"""So many of a cell's columns are held one by one, evenly spread; all are held along directions at random."""


def trained(subject: Subject) -> list[str]:
    """The variables of the cell by which it is differentiated: all whose gradient is the derivative."""
    exempt = subject.case.special.not_the_derivative
    paths = [v.path for v in subject.plan.variables if v.trainable and v.path.startswith("net/")]
    return [path for path in paths if path.rpartition("/")[2] not in exempt]


def derived(subject: Subject, *, forward: bool) -> Derived:
    """By rows, those of the batch at once where they do not meet."""
    value = next(x for x in subject.plan.outputs if x.name == "part_out")
    apart = Rows(subject.plan.graph, trained(subject), [value]).meeting() is None
    return Derived(subject.plan, value.value, trained(subject), forward=forward, apart="batch" if apart else None)


def directions(count: int) -> Array:
    """A few at random, of length 1."""
    ways = np.random.default_rng(5).normal(size=(3, count))
    return ways / np.sqrt((ways**2).sum(1, keepdims=True))


def test_jacobian(planned: Subject) -> None:
    columns, rows = derived(planned, forward=True), derived(planned, forward=False)
    j, y = columns.matrix(planned.data, planned.values)
    other, same = rows.matrix(planned.data, planned.values)
    size = max(1.0, float(np.abs(j).max()))
    np.testing.assert_array_equal(same, y)
    np.testing.assert_allclose(other, j, rtol=0, atol=1e-11 * size)
    of_steps = j.reshape(*VALID.shape, -1, j.shape[1])
    assert not of_steps[~VALID].any(), "what a mask leaves out has a derivative"
    for way in directions(j.shape[1]):
        expected = columns.difference(planned.data, planned.values, way)
        np.testing.assert_allclose(j @ way, expected, rtol=0, atol=TOLERANCE * size)


@pytest.mark.slow
def test_jacobian_column_by_column(planned: Subject) -> None:
    columns = derived(planned, forward=True)
    j, _ = columns.matrix(planned.data, planned.values)
    size = max(1.0, float(np.abs(j).max()))
    for k in range(0, j.shape[1], 1 + j.shape[1] // COLUMNS):
        way = np.eye(j.shape[1])[k]
        expected = columns.difference(planned.data, planned.values, way)
        bent = np.abs(j[:, k] - expected) > TOLERANCE * size
        assert bent.sum() <= BENDS, k
        near = columns.difference(planned.data, planned.values, way, NEAR)
        np.testing.assert_allclose(j[bent, k], near[bent], rtol=0, atol=1e-7 * size, err_msg=str(k))
