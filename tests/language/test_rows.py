"""One row of the table is all that is said of an operation: nothing else in the compiler keeps a set of operations' names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from rnndsl.language.ops.op import Trait
from rnndsl.language.ops.table import OPS
from rnndsl.language.rules import types as rules

ROOT = Path(__file__).parents[2] / "rnndsl"
ROOMS = ("elaborate", "plan", "meaning", "derive", "passes", "backends", "artefact")
MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
# Words that name something else where they stand, each with what.
OTHERS = {
    "elaborate/evaluate/functions.py": "functions with rules of their own, by name",
    "elaborate/time/scan_options.py": "options of `scan`",
    "elaborate/expressions.py": "operators as they are written",
}
LOWERINGS = (ROOT / "backends/tensorflow/ops", ROOT / "backends/stablehlo/ops")  # the one lowering of each operation in each


def strings(node: ast.AST) -> list[str]:
    """The strings of a literal collection, or of a dict's keys."""
    items = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    return [x.value for x in items if isinstance(x, ast.Constant) and isinstance(x.value, str)]


def is_operation(node: ast.AST) -> bool:
    """Whether an expression is `x.op` or `op.name`, as far as that can be seen."""
    if not isinstance(node, ast.Attribute):
        return False
    return node.attr == "op" or (
        node.attr == "name" and isinstance(node.value, ast.Name | ast.Attribute) and "op" in ast.unparse(node)
    )


def asked_by_name(path: Path) -> list[str]:
    """Where `path` compares an operation with names, or keeps several names of operations together."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and is_operation(node.left):
            names = [x.value for x in node.comparators if isinstance(x, ast.Constant)]
            names += [name for x in node.comparators for name in strings(x)]
            found += [f"{node.lineno}: {name}" for name in names if name in OPS]
        if isinstance(node, ast.Match) and is_operation(node.subject):
            found.append(f"{node.lineno}: match")
        if isinstance(node, ast.Set | ast.Tuple | ast.List | ast.Dict):
            names = strings(node)
            if len(names) > 1 and all(name in OPS for name in names):
                found.append(f"{node.lineno}: {', '.join(names)}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_an_operation_is_asked_for_its_traits(path: Path) -> None:
    if any(path.is_relative_to(room) for room in LOWERINGS) or str(path.relative_to(ROOT)) in OTHERS:
        return
    assert asked_by_name(path) == []


def test_every_trait_is_of_some_operation() -> None:
    assert {trait for op in OPS.values() for trait in op.traits} == set(get_args(Trait))


def test_every_float_has_a_derivative_or_says_why_not() -> None:
    of_bools = (rules.BOOLEAN, rules.COMPARED, rules.EQUAL)
    for op in OPS.values():
        if op.derivative:
            assert op.differentiate() is not None
            continue
        said = op.gradient != "everywhere" or "internal" in op.traits or op.kind in ("leaf", "control")
        assert said or op.rule in of_bools, op.name


def test_rows_say_what_they_are() -> None:
    for op in OPS.values():
        assert op.formula
        assert op.gradient
        stands = op.in_training is not None and op.outside_training is not None
        tensors = {"tensor", "tensors"}
        told = {p.name for p in op.parameters if p.kind not in tensors} - {"axis"}
        assert op.kind == "reduction" or told <= {*op.attributes.__fields__}, op.name
        assert stands or "temporary" in op.traits or callable(op.compute()), op.name
