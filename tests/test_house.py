"""The rules of the house that no linter knows: who may import whom, how long a file may be, that every module says what it is."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rnndsl"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 300
LONG = {"syntax.tree": 540}  # a table of node types
MOST_FILES = 15
FULL = {"text/codes": 22, "text/faults": 20}  # one for each range of numbers, one for each thing at fault

# Stages in order; a module belongs to the longest name that it begins with. A stage imports from itself and from earlier ones.
STAGES = [
    ["records", "regular"],
    ["text"],
    ["syntax"],
    ["plan", "language"],
    ["names"],
    ["meaning"],
    ["elaborate.state"],
    ["elaborate.evaluate"],
    ["elaborate.layers"],
    ["elaborate.time"],
    ["elaborate.calls", "elaborate.expressions"],  # the circle of evaluation is closed here: rooms below are given the evaluator
    ["elaborate"],
    ["derive", "passes"],  # what is derived is stripped of dead parts by the same pass
    ["arrays"],
    ["backends"],
    ["artefact"],
    ["weights"],
    ["driver"],
    ["api"],
    ["training", "federated"],
    ["cli"],
]
ORDER = {name: i for i, stage in enumerate(STAGES) for name in stage}
# Allowed against the order, each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}
CIRCLES = {
    ("elaborate.state.environment", "elaborate.state.values")
}  # a value holds the scope that it was made in, for type checkers


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def stage_of(module: str) -> int | None:
    parts = module.split(".")
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((ORDER[p] for p in prefixes if p in ORDER), None)


@functools.cache
def imports(path: Path) -> set[str]:
    """Every module that is imported anywhere in `path`, those for type checkers only included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            found.update(arg.value for arg in node.args if isinstance(arg, ast.Constant))
    return found


def test_every_module_has_a_docstring() -> None:
    texts = {name_of(path): path.read_text(encoding="utf-8") for path in MODULES}
    assert [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []


def test_no_file_is_too_long() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > LONG.get(name, MOST_LINES)} == {}


def test_no_folder_is_too_full() -> None:
    counts = Counter(path.parent.relative_to(PACKAGE).as_posix() for path in MODULES)
    assert {name: count for name, count in counts.items() if count > FULL.get(name, MOST_FILES)} == {}


def test_every_module_belongs_to_a_stage() -> None:
    assert [name_of(path) for path in MODULES if name_of(path) and stage_of(name_of(path)) is None] == [], "add it to STAGES"


def test_no_stage_imports_a_later_one() -> None:
    later: list[str] = []
    for path in MODULES:
        module = name_of(path)
        if not module:
            continue
        for imported in imports(path):
            target = imported.removeprefix("rnndsl.")
            if target == imported or (module, target.split(".")[0]) in EXCEPTIONS or stage_of(target) is None:
                continue
            if stage_of(target) > stage_of(module):
                later.append(f"rnndsl.{module} imports {imported}")
    assert later == []


def test_a_backend_runs_functions_and_derives_none() -> None:
    """What a graph does is settled before the backend: it has no mode to choose, and nothing to find out about the plan."""
    for path in MODULES:
        if name_of(path).startswith("backends"):
            stages = {x.removeprefix("rnndsl.").split(".")[0] for x in imports(path) if x.startswith("rnndsl.")}
            assert not stages & {"elaborate", "derive", "passes", "names", "syntax"}, name_of(path)


def test_no_modules_import_each_other() -> None:
    names = {name_of(path) for path in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        targets = {x.removeprefix("rnndsl.") for x in imports(path) if x.startswith("rnndsl.")}
        within = {t if t in names else t.rpartition(".")[0] for t in targets}
        graph[name_of(path)] = {t for t in within if t != name_of(path) and (name_of(path), t) not in CIRCLES}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_only_the_backend_imports_tensorflow() -> None:
    heavy = ("tensorflow", "keras")
    light = [path for path in MODULES if not name_of(path).startswith(("backends", "artefact"))]
    assert [name_of(path) for path in light if any(name.split(".")[0] in heavy for name in imports(path))] == []


def test_every_package_is_in_the_wheel() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"])
    tracked = {".".join(p.parent.relative_to(ROOT).parts) for p in MODULES}
    assert listed == tracked | {"rnndsl.std", "rnndsl.grammar"}


def test_what_is_compared_by_identity_is_not_printed_whole() -> None:
    """Such objects hang together: the generated repr of one would print all of them, and a failing test prints reprs."""
    made = re.compile(r"@dataclass\((?=[^)]*eq=False)(?![^)]*repr=False)")
    assert [path.name for path in MODULES if made.search(path.read_text(encoding="utf-8"))] == []


def test_the_map_has_every_room_and_names_nothing_that_is_not_there() -> None:
    text = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `([^`]+)`", text, re.M)
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in PACKAGE.rglob("__init__.py")} - {"rnndsl/"}
    assert packages <= {*rooms}
    named = re.findall(r"`((?:rnndsl|tests|docs|grammar|specs|benchmarks)/[^`*]*)`", text)
    assert [each for each in [*rooms, *named] if not (ROOT / each).exists() and "xxxx" not in each] == []


def test_the_map_is_in_the_order_of_the_stages() -> None:
    """A room stands below those that it imports from."""
    text = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    rooms = dict.fromkeys(re.findall(r"^\| `rnndsl/(\w+)", text, re.M))
    places = [max((place for name, place in ORDER.items() if name.split(".")[0] == room), default=-1) for room in rooms]
    known = [place for place in places if place >= 0]
    assert known == sorted(known) and len(known) > 10
