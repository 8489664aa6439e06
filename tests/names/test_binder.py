"""Each use of a name has its definition: what renaming both tells, what the tree lists, and scopes by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnndsl.names.binder import bind
from rnndsl.names.modules import Definition, ResolvedModule
from rnndsl.names.reading import Reader
from rnndsl.names.resolve import Resolver, resolve
from rnndsl.syntax import tree
from rnndsl.text.sink import Sink
from tests.elaborate.checking import check_text

ROOT = Path(__file__).resolve().parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.rnn")), ROOT / "tests/elaborate/valid/features.rnn"]
STD = sorted((ROOT / "rnndsl/std").glob("*.rnn"))

NO_USES = {
    ("LayoutDef", "name"),
    ("LayoutDef", "target"),
    ("ConstructorParam", "type"),
    ("CollectionDecl", "names"),
    ("CollectionSet", "names"),
    ("Measure", "collection"),
    ("Train", "name"),
    ("Train", "order_collection"),
    ("SignatureDecl", "name"),
    ("VariableDecl", "collections"),
    ("Update", "collections"),
    ("CollectSelector", "collection"),
}
"""Where a name stands that no expression has: of an item, a signature, a collection or a kind."""


def module_of(path: Path) -> ResolvedModule:
    resolver = Resolver(Reader(ROOT), Sink())
    resolver.core = resolver.std("std.core", None)
    if path in STD:
        return resolver.std(f"std.{path.stem}", None)
    return resolve(path, Reader.for_spec(path), Sink())


def of_text(folder: Path, text: str) -> ResolvedModule:
    path = folder / "spec.rnn"
    path.write_text(text, encoding="utf-8")
    return resolve(path, Reader.for_spec(path), Sink())


def is_word(option: str | None, name: str) -> bool:
    """Whether `name` is a word of `option`, or a state that it names."""
    words = {"masked": ("hold",), "merge": ("concat", "sum", "mul", "average", "none"), "over": ("last", "leading", "inner")}
    return option == "until" or name in words.get(option or "", ())


def names(node: tree.Node) -> Iterator[tuple[tree.Name, tree.Node, str]]:
    """Every `Name` below `node`, with the node and the field that it stands in."""
    for field in node.__fields__:
        value = getattr(node, field)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, tree.Name):
                yield part, node, field
            elif isinstance(part, tree.Node):
                yield from names(part)


@pytest.mark.parametrize("path", [*SPECS, *STD], ids=lambda p: p.stem)
def test_every_name_is_a_use_with_a_definition(path: Path) -> None:
    module = module_of(path)
    uses = bind(module).uses
    for item in module.tree.items:
        if isinstance(item, tree.LayoutDef):
            continue
        for name, node, field in names(item):
            place = type(node).__name__, field
            use = uses.get(name.span.start)
            option = node.name if isinstance(node, tree.Argument) else "over" if isinstance(node, tree.ListExpr) else None
            if place in NO_USES or (option and is_word(option, name.name)):
                assert use is None
            else:
                assert use is not None and use.definitions, (name.name, str(name.span), place)


@pytest.mark.parametrize("path", [*SPECS, *STD], ids=lambda p: p.stem)
def test_a_definition_has_the_name_that_is_used(path: Path) -> None:
    for use in bind(module_of(path)).uses.values():
        for site in use.sites:
            is_imported = site.span.source is not use.span.source
            assert use.span.text == site.span.text or is_imported or re.fullmatch(rf"{site.span.text}(_\d+)+", use.span.text)


def renamed(module: ResolvedModule, definition: Definition) -> str:
    """The text with what is meant under another name."""
    text = module.tree.source.text
    places = {use.span.start: use.span for use in bind(module).uses.values() if definition in use.definitions}
    for start in sorted(places, reverse=True):
        text = f"{text[:start]}renamed_{text[start:]}"
    return text


def own_definitions(module: ResolvedModule) -> list[Definition]:
    """Equations, constants, functions' parameters and variables of `for` that nothing reads by an attribute or a path."""
    found: list[Definition] = []
    text = module.tree.source.text
    kinds = {"equation", "const", "fn", "parameter", "for"}
    for use in bind(module).uses.values():
        for each in use.definitions:
            is_own = each.scope is not None and each.scope.module is module and {s.kind for s in each.sites} <= kinds
            is_argument = each.sites and isinstance(each.sites[0].statement, tree.ConstructorParam)
            name = re.escape(each.name)
            elsewhere = rf"(\.{name}\b|\b{name}/|\b{name} = \w+[,)]|until = {name}|{name}_\d|\{{{name}}})"
            if is_own and not is_argument and each not in found and not re.search(elsewhere, text):
                found.append(each)
    return found


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_name_can_be_changed_where_it_is_defined_and_used(path: Path, tmp_path: Path) -> None:
    """Were a use missed, or one too many, the renamed spec would not be right, or not the same model."""
    module = module_of(path)
    for each in (path.parent / "data").glob("*"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / each.name).write_bytes(each.read_bytes())
    before = check_text(tmp_path, module.tree.source.text)
    assert before.errors == []
    for definition in own_definitions(module):
        found = check_text(tmp_path, renamed(module, definition))
        assert found.errors == [], (definition.name, found.text)
        assert found.models == before.models


SCOPES = """rnn 1

const n = 3
fn n_times(x) = n * x

cell C(units: int) {
  input x: [n, m]
  state x_old: [m] = zeros
  fn f(x) = x + m
  x_old = f(x[0]) + n_times(x_old[t-1])
  output x_old
}

model m {
  input x: f32[batch, n]
  y[0] = x
  for k in 0..3 {
    y[k + 1] = y[k] + k
  }
  scope s {
    x = y_3
    z = x
  }
  output z = s.z + x
}
"""


def test_scopes(tmp_path: Path) -> None:
    uses = bind(of_text(tmp_path, SCOPES)).uses

    def line_of(text: str, name: str, nth: int = 0) -> int | None:
        """The line on which what `name`, its `nth` mention in the line `text`, is defined first."""
        start = SCOPES.index(text)
        at = [start + each.start() for each in re.finditer(rf"\b{name}\b", text)][nth]
        sites = uses[at].sites
        return sites[0].span.source.line_number(sites[0].span.start) if sites else None

    assert line_of("fn n_times(x) = n * x", "n") == 3
    assert line_of("fn n_times(x) = n * x", "x", 1) == 4
    assert line_of("  input x: [n, m]", "n") == 3
    assert line_of("  input x: [n, m]", "m") == 7
    assert line_of("  state x_old: [m] = zeros", "m") == 7
    assert line_of("  fn f(x) = x + m", "x", 1) == 9
    assert line_of("  fn f(x) = x + m", "m") == 7
    assert line_of("x_old = f(x[0]) + n_times(x_old[t-1])", "x") == 7
    assert line_of("x_old = f(x[0]) + n_times(x_old[t-1])", "x_old", 1) == 8
    assert line_of("  y[0] = x", "x") == 15
    assert line_of("    y[k + 1] = y[k] + k", "k", 2) == 17
    assert line_of("    y[k + 1] = y[k] + k", "y", 1) == 16
    assert line_of("    x = y_3", "y_3") == 18
    assert line_of("    z = x", "x") == 21
    assert line_of("  output z = s.z + x", "s") == 20
    assert line_of("  output z = s.z + x", "x") == 15
    assert line_of("  input x: f32[batch, n]", "batch") is None


def test_what_a_scope_defines_is_not_seen_outside(tmp_path: Path) -> None:
    found = check_text(tmp_path, "rnn 1\n\nmodel m {\n  input x: f32[batch, 3]\n  scope s { y = x }\n  output z = y\n}\n")
    assert found.codes == ["RNN0101"]
    assert "it is defined in the scope `s`: write `s.y`" in found.text


def test_a_word_of_an_option_is_not_hidden_by_a_name(tmp_path: Path) -> None:
    body = "  hold = x * 2\n  last = x\n  layer g = GRU(3)\n  run = scan(g, x, masked = hold)\n"
    body += "  output y = mean(run + hold + last, over = last)\n"
    found = check_text(tmp_path, f"rnn 1\n\nmodel m {{\n  input x: f32[batch, time, 3]\n{body}}}\n")
    assert found.errors == [], found.text
