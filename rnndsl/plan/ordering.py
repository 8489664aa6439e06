"""What running sums and numbers in order are told."""

from __future__ import annotations

from rnndsl.plan.attributes import Along, Attributes, Dim
from rnndsl.records import record


@record
class Cumulative(Along):
    """And whether the sums run from the end."""

    back: bool = False


@record
class Put(Dim):
    """And how long it is in the result."""

    size: int


@record
class Largest(Attributes):
    """How many of the largest numbers."""

    k: int
