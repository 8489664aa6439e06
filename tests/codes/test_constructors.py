"""Each fault has a constructor in `rnndsl.text`, which alone says what is wrong; each is called, and those of specs are provoked by
one. (What provokes the others is in tests/faults.)"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from rnndsl.language.ops.table import result_type
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.plan.attributes import Attributes, Constant, Shape
from rnndsl.plan.indices import At, Index, Part
from rnndsl.plan.model import TensorType
from rnndsl.plan.stretches import Exchanged
from rnndsl.text.codes import RANGES
from rnndsl.text.diagnostics import Code
from tests.codes.test_pages import read, shown_by_spec
from tests.elaborate.checking import check, check_text
from tests.faults.provoking import constructors
from tests.syntax.support import read as read_text

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rnndsl"
MODULES = {name: importlib.import_module(f"rnndsl.text.codes.{name}") for name in RANGES}
CLAUSES = {name: importlib.import_module(f"rnndsl.text.codes.{name}") for name in ("clauses", "rules")}
FAULTS = [importlib.import_module(f"rnndsl.text.faults.{path.stem}") for path in (PACKAGE / "text/faults").glob("[a-z]*.py")]
"""Modules of constructors: of diagnostics, of what completes one, and of all other faults."""

STAGES = (
    "syntax",
    "names",
    "language/rules",
    "elaborate",
    "derive",
    "arrays",
    "artefact",
    "weights",
    "training",
    "federated",
    "driver.py",
    "api.py",
)
"""Where faults are found; the commands, which have texts of help as well, are looked at apart."""

WORDED = {
    "elaborate/state/describing.py": "values in words, for all messages",
    "elaborate/state/origins.py": "facts of a plan in words, for `explain`",
    "artefact/describe.py": "facts of a plan in words, for the manifest",
    "artefact/manifest.py": "descriptions in a JSON Schema",
    "artefact/write.py": "texts of the operating system, by which its errors are known",
    "training/drawing.py": "legends of pictures",
    "weights/compare.py": "cells of a table",
}
"""Where words are put together for another reason."""


NO_PROSE = re.compile(r"\(\?|^\w+\[")
"""Regular expressions, and types in quotes."""
KEYWORDS = {"else if", "} else if ", "} else if"}


BUGS: list[tuple[str, Attributes]] = [
    ("index", Index((At(3),))),
    ("index", Index((Part(0, 4),))),
    ("broadcast", Shape((1,))),
    ("as_axis", Exchanged("time", 4)),
    ("literal", Constant(1)),
]
"""Of a vector of three: what elaboration never asks for. The verifier prints what the rule says."""

MODEL = "rnn 1\n\nmodel m {\n  input x: f32[batch, 3]\n"


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules in these folders, those of constructors left out."""
    for folder in folders:
        path = PACKAGE / folder
        for each in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if each.parent not in (PACKAGE / "text/codes", PACKAGE / "text/faults"):
                yield each.relative_to(PACKAGE).as_posix(), parsed(each)


def sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings of more than one word of English, docstrings and texts of bugs left out."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        if isinstance(node, ast.Assert) and node.msg:
            passed |= {id(each) for each in ast.walk(node.msg)}
        if isinstance(node, ast.Raise) and node.exc and re.match(r"(Type|Assertion)Error", ast.unparse(node.exc)):
            passed |= {id(each) for each in ast.walk(node.exc)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            words = re.findall(r"(?<![\w`/])[a-z]{2,}(?![\w`/(])", node.value)
            if len(words) > 1 and " " in node.value and not NO_PROSE.search(node.value) and node.value not in KEYWORDS:
                yield node.lineno, node.value


@pytest.mark.parametrize("stage", STAGES)
def test_no_sentence_is_put_together_where_a_fault_is_found(stage: str) -> None:
    found = [f"{path}:{line}: {said}" for path, tree in sources(stage) if path not in WORDED for line, said in sentences(tree)]
    assert found == []


def test_no_command_words_what_it_raises_or_complains_of() -> None:
    ends = (
        (path, node)
        for path, tree in sources("cli")
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and re.search(r"^complain|Error$", ast.unparse(node.func)))
    )
    assert [f"{path}:{line}: {said}" for path, end in ends for line, said in sentences(end)] == []


def test_only_the_codes_add_notes_and_suggestions() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("note", "suggest")
        if not path.startswith("text/")
    ]
    assert found == []


def test_nothing_else_makes_what_is_said() -> None:
    """A fault, a clause, a reason or a hint is the work of its constructor."""
    made = {"fault.Fault", "codes.clauses.Clause", "faults.streams.Reason", "wording.Hint", "diagnostics.Diagnostic"}
    calls = (
        (path, name)
        for path, tree in sources(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and not path.startswith("text/")
        for name in named_in(node.func, imported(tree))
    )
    assert [(path, name) for path, name in calls if name.removeprefix("rnndsl.text.") in made] == []


def test_nothing_is_decided_by_how_a_code_or_a_file_is_called() -> None:
    """A code knows its exit status and a source whether it is the library's: no prefix is tested, no number compared."""
    found = [
        f"{path}:{node.lineno}: {node.value}"
        for path, tree in sources(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.match(r"(RNN\d+|std/)$", node.value)
    ]
    assert found == []


def test_every_constructor_is_called_by_the_compiler() -> None:
    called = {name for _, tree in sources(".") for node in ast.walk(tree) for name in named_in(node, imported(tree))}
    modules = [*MODULES.values(), *CLAUSES.values(), *FAULTS]
    names = [f"{module.__name__}.{each}" for module in modules for each in constructors(module)]
    assert [name for name in names if name not in called] == []


@functools.cache
def imported(tree: ast.Module) -> dict[str, str]:
    """What a module imports from `rnndsl.text`: its name there, in full, by its name here."""
    lines = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rnndsl.text"))
    return {each.asname or each.name: f"{line.module}.{each.name}" for line in lines for each in line.names}


def named_in(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    """What `node` itself names of that, in full."""
    if isinstance(node, ast.Name) and node.id in names:
        yield names[node.id]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
        yield f"{names[node.value.id]}.{node.attr}"


def test_every_code_has_a_constructor_in_its_module() -> None:
    for name, module in MODULES.items():
        text = (PACKAGE / f"text/codes/{name}.py").read_text(encoding="utf-8")
        declared = [each for each, value in vars(module).items() if isinstance(value, Code)]
        assert [each for each in declared if len(re.findall(rf"\b{each}\b", text)) < 2] == []


def test_every_constructor_is_provoked_by_a_spec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By an example of a page, a wrong spec, or a text; what no spec can show has a test that its page names, or is said of a plan
    that is wrong by a bug."""
    reached: set[str] = set()

    def recorded(key: str, make: Callable[..., object]) -> Callable[..., object]:
        def record(*arguments: object, **named: object) -> object:
            reached.add(key)
            return make(*arguments, **named)

        return record

    shown = shown_by_spec()
    wanted: set[str] = set()
    for name, module in (MODULES | CLAUSES).items():
        for each in constructors(module):
            make = getattr(module, each)
            monkeypatch.setattr(module, each, recorded(f"{name}.{each}", make))
            wanted |= {f"{name}.{each}"} if name in CLAUSES or codes_of(module, make) & set(shown) else set()
    for i, code in enumerate(shown):
        page = read(code)
        folder = tmp_path / str(i)
        folder.mkdir()
        assert page.failing is not None
        check_text(folder, page.failing.text, page.failing.files)
    with monkeypatch.context() as patched:
        patched.setattr(MODULES["sizes"], "MAX_LISTED", 5)  # the real one takes seconds to reach
        check_text(tmp_path, f"{MODEL}  output y = x + [1, 2, 3] + [4, 5, 6]\n}}\n")
    for path in sorted((ROOT / "tests/elaborate/errors").glob("*.rnn")):
        check(path)
    for path in sorted((ROOT / "tests/syntax/cases").glob("*.rnn")):
        read_text(path.read_text(encoding="utf-8"))
    for op, attrs in BUGS:
        with pytest.raises(TypeRuleError):
            result_type(op, [TensorType("f32", (), (3,))], attrs, ("time",))
    assert sorted(wanted - reached) == []


def codes_of(module: ModuleType, make: Callable[..., object]) -> set[str]:
    """The numbers of the codes that a constructor, or a private one that it calls, names."""
    found: set[str] = set()
    waiting = [make]
    while waiting:
        for name in inspect.unwrap(waiting.pop()).__code__.co_names:
            value = vars(module).get(name)
            if isinstance(value, Code):
                found.add(value.number)
            elif inspect.isfunction(value) and value.__module__ == module.__name__ and name.startswith("_"):
                waiting.append(value)
    return found
