"""A plan with many nodes in the body of a scan."""

from __future__ import annotations

from rnndsl.plan.model import Plan
from tests.plan.reading import read_plan


def chain(count: int) -> Plan:
    """Half of the nodes depend on the input alone, half on the state."""
    lines = [
        "plan m: f32, seed 0, axes batch, time", "inputs", "  input x: f32[batch, time, 2]",
        "variables", "  param w: f32[2, 2] ~ normal()",
        "graph", "  %zero = literal value=0.0 : f32[]", "  %run = scan run over time", "    each %a0 of %x : f32[batch, 2]",
        f"    state h: %b0 from %zero then %b{count} : f32[batch, 2]",
    ]  # fmt: skip
    for k in range(count):
        lines.append(f'    %w{k} = read variable="w" : f32[2, 2]')
        lines.append(f"    %a{k + 1} = matmul %a{k}, %w{k} : f32[batch, 2]")
        lines.append(f"    %b{k + 1} = add %a{k + 1}, %b{k} : f32[batch, 2]")
    lines += [
        f"    output %b{count}",
        '  %y = result %run of="output" at=0 : f32[batch, time, 2]',
        "outputs",
        "  y = %y",
    ]
    return read_plan("\n".join(lines))
