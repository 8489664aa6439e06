"""Passes over functions, in the order in which they run. Each is one function in a file of its name."""

from __future__ import annotations

from collections.abc import Callable

from rnndsl.passes.hoist_inputs import hoist_inputs
from rnndsl.passes.hoist_invariants import hoist_invariants
from rnndsl.passes.pack_activations import pack_activations
from rnndsl.passes.pack_projections import pack_projections
from rnndsl.passes.pack_sums import pack_sums
from rnndsl.passes.remove_dead import remove_dead
from rnndsl.passes.share_common import share_common
from rnndsl.plan.model import Function, Plan
from rnndsl.records import replace

__all__ = ["PASSES", "run_passes"]

PASSES: tuple[tuple[str, Callable[[Function], Function]], ...] = (
    ("remove_dead", remove_dead),
    ("share_common", share_common),
    ("pack_projections", pack_projections),
    ("pack_sums", pack_sums),
    ("pack_activations", pack_activations),
    ("hoist_invariants", hoist_invariants),
    ("hoist_inputs", hoist_inputs),
    ("share_common", share_common),
)
"""Sharing comes before packing, which looks for products with the same left side; packing before hoisting, which moves the
packed product whole. What two scans have brought to one graph is shared again. No pass leaves anything dead behind."""


def run_passes(plan: Plan, level: int, after: Callable[[str, Plan], None] | None = None) -> Plan:
    """`plan` with its functions optimised. Level 0 changes nothing and is the reference. `after` gets each pass's name and what it
    made."""
    if level <= 0:
        return plan
    for name, change in PASSES:
        plan = replace(plan, functions=tuple(map(change, plan.functions)), pullbacks=tuple(map(change, plan.pullbacks)))
        if after is not None:
            after(name, plan)
    return plan
