"""What an operation between replicas is told: copies of a model that take one training step together, each with rows of its own."""

from __future__ import annotations

from typing import Literal

from rnndsl.plan.attributes import Attributes, Over
from rnndsl.records import record

REPLICAS = "replicas"
"""The input by which a call knows its place, i32 [3]: the number of the group, how many replicas there are, which of them it is."""
How = Literal["sum", "largest", "least"]


def replicated_name(name: str) -> str:
    """What the function is called that replicas take together, of the training step `name`."""
    return f"{name}/{REPLICAS}"


def is_replicated(name: str) -> bool:
    """Whether a function of this name is one that replicas take together."""
    return name.endswith(f"/{REPLICAS}")


@record
class Together(Attributes):
    """How the values of the replicas are put together, and the number of that meeting in its function."""

    how: How
    number: int


@record
class Before(Over):
    """A leading axis whose rows the replicas share, and the number of the meeting."""

    number: int
