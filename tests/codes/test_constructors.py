"""Each fault has a constructor in `rnndsl.text.codes`, which alone says what is wrong; each is called, and provoked by a spec."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from rnndsl.text.codes import RANGES
from rnndsl.text.diagnostics import Code
from tests.codes.test_pages import read, shown_by_spec
from tests.elaborate.checking import check, check_text
from tests.syntax.support import read as read_text

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rnndsl"
CODES = PACKAGE / "text/codes"
MODULES = {name: importlib.import_module(f"rnndsl.text.codes.{name}") for name in RANGES}

STAGES = ("syntax", "names", "language/rules", "elaborate", "driver.py")
"""Where faults of specs are found."""

WORDED = {
    "elaborate/state/describing.py": "values in words, for all messages",
    "elaborate/state/origins.py": "facts of a plan in words, for `explain`",
    "elaborate/model/settings.py": "of the command, not of the spec",
}
"""Where words are put together for another reason."""


NO_PROSE = re.compile(r"\(\?|^\w+\[")
"""Regular expressions, and types in quotes."""
KEYWORDS = {"else if", "} else if ", "} else if"}


MODEL = "rnn 1\n\nmodel m {\n  input x: f32[batch, 3]\n"


def constructors(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    for name, value in vars(module).items():
        own = inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
        if own and value.__annotations__.get("return") == "Diagnostic":
            yield name, value


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        path = PACKAGE / folder
        for each in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if not each.is_relative_to(CODES):
                yield each.relative_to(PACKAGE).as_posix(), ast.parse(each.read_text(encoding="utf-8"))


def sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings of more than one word of English, docstrings and texts of bugs left out."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        if isinstance(node, ast.Assert) and node.msg:
            passed |= {id(each) for each in ast.walk(node.msg)}
        if isinstance(node, ast.Raise) and node.exc and re.match(r"(Type|Value|Assertion)Error", ast.unparse(node.exc)):
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


def test_only_the_codes_add_notes_and_suggestions() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("note", "suggest")
        if not path.startswith("text/")
    ]
    assert found == []


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
    called = {
        node.attr
        for path, tree in sources(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    unused = [f"{name}.{each}" for name, module in MODULES.items() for each, _ in constructors(module) if each not in called]
    assert unused == []


def test_every_code_has_a_constructor_in_its_module() -> None:
    for name, module in MODULES.items():
        text = (CODES / f"{name}.py").read_text(encoding="utf-8")
        declared = [each for each, value in vars(module).items() if isinstance(value, Code)]
        assert [each for each in declared if len(re.findall(rf"\b{each}\b", text)) < 2] == []


def test_every_constructor_is_provoked_by_a_spec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By an example of a page, a wrong spec, or a text; what no spec can show has a test that its page names."""
    reached: set[str] = set()

    def recorded(key: str, make: Callable[..., object]) -> Callable[..., object]:
        def record(*arguments: object, **named: object) -> object:
            reached.add(key)
            return make(*arguments, **named)

        return record

    wanted: dict[str, set[str]] = {}
    for name, module in MODULES.items():
        for each, make in constructors(module):
            wanted[f"{name}.{each}"] = codes_of(module, make)
            monkeypatch.setattr(module, each, recorded(f"{name}.{each}", make))
    shown = shown_by_spec()
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
    assert sorted(key for key in wanted.keys() - reached if wanted[key] & set(shown)) == []


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
