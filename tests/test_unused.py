"""Nothing in the package is there for nobody: each definition is used in it, each parameter read, each default set by some call.

Uses are found by name, so that what has the name of something that is used escapes; what is told is unused.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rnndsl"
GRAMMAR = PACKAGE.parent / "grammar" / "rnn.lark"
Function = ast.FunctionDef | ast.AsyncFunctionDef

PUBLISHED = {
    "rnndsl.api": "what Python users call",
}
"""Modules whose definitions, parameters and defaults are for users, with the reason."""

BY_NAME = ("rnndsl.language.ops.meaning.",)
"""Rooms whose functions are found by the name of a row of the table, `sum` by `sum_over`; tests of the table tell one too many."""

JSON = ("rnndsl.artefact.manifest", "rnndsl.artefact.summary", "rnndsl.text.render.json_report")
"""Modules whose fields are written as JSON, for other programs to read."""

ELSEWHERE = {
    "rnndsl.cli.main.main": "the command's entry, which takes the arguments of the process",
    "rnndsl.cli.parser.Parser.error": "argparse calls it",
    "rnndsl.cli.parser.Parser.print_help": "argparse calls it",
    "rnndsl.weights.formats.torch._Unpickler.find_class": "pickle calls it",
    "rnndsl.weights.formats.torch._Unpickler.persistent_load": "pickle calls it",
}
"""Definitions that something else than the package uses, with the reason."""


@dataclass(frozen=True)
class Definition:
    """A function, method, class or constant. `owner` is the class that it is in."""

    module: str
    owner: str | None
    name: str
    node: ast.AST

    @property
    def path(self) -> str:
        return ".".join(filter(None, (self.module, self.owner, self.name)))


@cache
def trees() -> dict[str, ast.Module]:
    paths = sorted(PACKAGE.rglob("*.py"))
    names = (".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in zip(names, paths, strict=True)}


@cache
def uses() -> dict[str, int]:
    """How often each name is read in any module, as a name, an attribute or a string that is one word or ends in it; or in the
    grammar."""
    found: dict[str, int] = defaultdict(int)
    for name in re.findall(r"\w+", GRAMMAR.read_text(encoding="utf-8")):
        found[name] += 1
        found[f"{name}_"] += 1  # where it is a word of Python
    for tree in trees().values():
        for node in ast.walk(tree):
            for name in named(node):
                found[name] += 1
    return found


def named(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
            yield name
        case ast.Constant(value=str(text)) if text.isidentifier():
            yield text
        case ast.Constant(value=str(text)) if re.fullmatch(r"[.\w]+:\w+", text):
            yield text.rpartition(":")[2]  # what a row names
        case ast.MatchClass(kwd_attrs=names):
            yield from names
        case ast.ImportFrom(names=imported):
            yield from (each.name for each in imported if each.asname)
        case _:
            return


def definitions() -> Iterator[Definition]:
    for module, tree in trees().items():
        for item in tree.body:
            yield from defined(module, None, item)


def defined(module: str, owner: str | None, item: ast.stmt) -> Iterator[Definition]:
    match item:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield Definition(module, owner, item.name, item)
        case ast.ClassDef():
            yield Definition(module, owner, item.name, item)
            for inner in item.body:
                yield from defined(module, item.name, inner)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield Definition(module, owner, name, item)
        case ast.If():
            for inner in item.body:
                yield from defined(module, owner, inner)
        case _:
            return


def is_told(definition: Definition) -> bool:
    name = definition.name
    elsewhere = definition.module in PUBLISHED or definition.path in ELSEWHERE or definition.path.startswith(BY_NAME)
    return not (name.startswith("__") or elsewhere)


EVERY = [d for d in definitions() if is_told(d)]


def is_field(d: Definition) -> bool:
    return d.owner is not None and not isinstance(d.node, Function | ast.ClassDef)


def test_every_definition_is_used() -> None:
    unused = [d.path for d in EVERY if not is_field(d) and not uses()[d.name]]
    assert unused == []


def test_every_field_is_read() -> None:
    assert [d.path for d in EVERY if is_field(d) and d.module not in JSON and not uses()[d.name]] == []


def is_passed_on(name: str) -> bool:
    """Whether a function is given to others to call, or is a rule of the grammar."""
    return uses()[name] > len(called()[name])


def functions() -> list[Definition]:
    return [d for d in EVERY if isinstance(d.node, Function)]


@cache
def called() -> dict[str, list[ast.Call]]:
    found: dict[str, list[ast.Call]] = defaultdict(list)
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found[getattr(node.func, "id", getattr(node.func, "attr", ""))].append(node)
            if isinstance(node, ast.ClassDef):  # made by its own class methods
                found[node.name] += [n for n in ast.walk(node) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "cls"]
    return found


def is_stub(node: Function) -> bool:
    body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return not body or isinstance(body[0], ast.Raise)


def test_every_parameter_is_read() -> None:
    """But for functions that are passed on, whose parameters are those of their kind."""
    unread = []
    for d in functions():
        assert isinstance(d.node, Function)
        if is_passed_on(d.name) or is_stub(d.node) or d.node.decorator_list:
            continue
        read = {node.id for statement in d.node.body for node in ast.walk(statement) if isinstance(node, ast.Name)}
        arguments = [*d.node.args.posonlyargs, *d.node.args.args, *d.node.args.kwonlyargs]
        unread += [f"{d.path}({a.arg})" for a in arguments if a.arg not in read and a.arg not in ("self", "cls")]
    assert unread == []


def optional(node: Function) -> Iterator[tuple[int | None, str]]:
    """Parameters with a default, with their positions; None for those that are by name alone."""
    places = [*node.args.posonlyargs, *node.args.args]
    first = len(places) - len(node.args.defaults)
    bound = 1 if places and places[0].arg in ("self", "cls") else 0
    yield from ((i - bound, a.arg) for i, a in enumerate(places) if i >= first)
    yield from ((None, a.arg) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is not None)


def sets(call: ast.Call, position: int | None, name: str) -> bool:
    if any(k.arg in (name, None) for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return True
    return position is not None and len(call.args) > position


def test_every_default_is_set_by_some_call() -> None:
    calls, unset = called(), []
    for module, tree in trees().items():
        if module in PUBLISHED or module.startswith(BY_NAME):
            continue
        for cls in [None, *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))]:
            for node in (tree if cls is None else cls).body:
                if not isinstance(node, Function):
                    continue
                name = cls.name if cls is not None and node.name == "__init__" else node.name
                path = ".".join(filter(None, (module, cls and cls.name, node.name)))
                if name.startswith("__") or path in ELSEWHERE or (node.name != "__init__" and is_passed_on(name)):
                    continue
                unset += [f"{path}({p})" for i, p in optional(node) if not any(sets(c, i, p) for c in calls[name])]
    assert unset == []


def test_every_option_is_read() -> None:
    read, options = set(), []
    for module, tree in trees().items():
        if not module.startswith("rnndsl.cli"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(node.attr)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                options.append(destination(node))
    assert len(options) > 20
    assert [x for x in options if x not in read and x != "traceback"] == []


def destination(call: ast.Call) -> str:
    given = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
    names = [a.value for a in call.args if isinstance(a, ast.Constant)]
    return str(given.get("dest") or names[-1]).lstrip("-").replace("-", "_")


@pytest.mark.parametrize("path", [*PUBLISHED, *ELSEWHERE])
def test_what_is_excepted_is_there(path: str) -> None:
    assert path in trees() or path in {d.path for d in definitions()}
