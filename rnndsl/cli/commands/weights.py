"""`rnndsl weights list FILE`, `diff A B`: tensors by name in files of every format that is known here; `export ARTEFACT`: values in
another tool's keeping; `verify DIR`: whether an artefact starts with what it loaded."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.artefacts import artefacts_in
from rnndsl.cli.parser import Parser, UsageError, add_format, add_settings, pairs
from rnndsl.cli.saying import say, say_json
from rnndsl.cli.specs import choose_models, counted, exit_status, job_for, plan_models, print_findings
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.faults import command as faults

if TYPE_CHECKING:
    from rnndsl.artefact.manifest import ReceiptInfo
    from rnndsl.plan.model import Load
    from rnndsl.weights.compare import Difference
    from rnndsl.weights.proposing import Proposal
    from rnndsl.weights.source import Source, TensorInfo

ACTIONS = {
    "list": "the tensors of a file: name, dtype, shape",
    "diff": "how the tensors of two files differ",
    "map": "the loads that a file suggests for a spec",
    "export": "values of an artefact into a file, as the loads of a spec have them",
    "verify": "whether an artefact starts with what it loaded",
}


def run(argv: Sequence[str]) -> int:
    """Carry out one of `ACTIONS`. 0; 1 for `diff` if the files differ, for `verify` if a value is another one."""
    if argv and argv[0] in ACTIONS:
        return {"list": _list, "diff": _diff, "map": _map, "export": _export, "verify": _verify}[argv[0]](argv[1:])
    if argv and not argv[0].startswith("-"):
        raise UsageError(faults.no_action("weights", argv[0], list(ACTIONS)))
    listed = "\n".join(f"  {name}  {what}" for name, what in ACTIONS.items())
    parser = Parser("rnndsl weights", "Look into files of trained values.", f"actions:\n{listed}")
    parser.formatter_class = __import__("argparse").RawDescriptionHelpFormatter
    parser.usage = "rnndsl weights list FILE | diff A B | map SPEC FILE | export ARTEFACT --to FILE | verify DIR"
    parser.read(argv)
    raise UsageError(faults.no_action_given(list(ACTIONS)))


def _opened(path: str) -> Source:
    from rnndsl.weights.opening import open_source
    from rnndsl.weights.source import WeightsFileError

    try:
        return open_source(Path(path))
    except WeightsFileError as error:
        raise UsageError(error.fault) from None


def _list(argv: Sequence[str]) -> int:
    parser = Parser("rnndsl weights list", "Show the tensors of a file: names, dtypes, shapes. No values are read.")
    parser.add_argument("file", metavar="FILE")
    add_format(parser, "text", "json")
    arguments = parser.read(argv)
    with _opened(arguments.file) as source:
        tensors, format = list(source.tensors.values()), source.format
    if arguments.format == "json":
        say_json(json.dumps({"format": format, "tensors": [_as_json(x) for x in tensors]}, indent=2))
        return 0
    from rnndsl.text.render.table import table

    rows = [(x.name, x.dtype, str(list(x.shape)), f"{x.size:,}") for x in tensors]
    if rows:
        say(table(("tensor", "dtype", "shape", "numbers"), rows, frozenset({3})) + "\n")
    say(f"{format}: {len(tensors):,} tensors, {sum(x.size for x in tensors):,} numbers, {sum(x.bytes for x in tensors):,} bytes")
    return 0


def _as_json(x: TensorInfo) -> dict[str, object]:
    return {"name": x.name, "dtype": x.dtype, "shape": list(x.shape)}


def _diff(argv: Sequence[str]) -> int:
    parser = Parser("rnndsl weights diff", "Compare the tensors of two files by name. The status is 1 if they differ.")
    parser.add_argument("first", metavar="A")
    parser.add_argument("second", metavar="B")
    parser.add_argument("--all", action="store_true", help="show the equal ones too")
    add_format(parser, "text", "json")
    arguments = parser.read(argv)
    found = _compared(arguments.first, arguments.second)
    differing = [x for x in found if x.largest != 0 or x.note]
    shown = found if arguments.all else differing
    if arguments.format == "json":
        say_json(json.dumps([_difference_as_json(x) for x in shown], indent=2))
        return 1 if differing else 0
    from rnndsl.text.render.table import table

    rows = [(x.name, _digits(x.largest), _digits(x.relative), x.note) for x in shown]
    if rows:
        say(table(("tensor", "largest difference", "relative", ""), rows, frozenset({1, 2})) + "\n")
    say(f"{len(found):,} tensors, {len(differing):,} differ")
    return 1 if differing else 0


def _compared(first: str, second: str) -> list[Difference]:
    from rnndsl.weights.compare import compare
    from rnndsl.weights.source import WeightsFileError

    with _opened(first) as a, _opened(second) as b:
        try:
            return list(compare(a, b))
        except WeightsFileError as error:
            raise UsageError(error.fault) from None


def _difference_as_json(x: Difference) -> dict[str, object]:
    return {"name": x.name, "largest": _number(x.largest), "relative": _number(x.relative), "note": x.note}


def _digits(x: float | None) -> str:
    return "" if x is None else "0" if x == 0 else f"{x:.3g}"


def _number(x: float | None) -> float | str | None:
    """JSON has no infinity."""
    return "inf" if x == float("inf") else x


def _map(argv: Sequence[str]) -> int:
    description = (
        "Print the `load`s that would take a spec's variables from FILE: by names, shapes and layouts. What they do not tell is "
        "listed with all that it may be, and the status is 1."
    )
    parser = Parser("rnndsl weights map", description)
    parser.add_argument("source", metavar="SPEC")
    parser.add_argument("file", metavar="FILE")
    add_settings(parser)
    arguments = parser.read(argv)
    from rnndsl.weights.proposing import propose

    job = job_for(arguments.source)
    try:
        module = job.resolve(with_layouts=True)
        plans = plan_models(
            job,
            module,
            choose_models(module, arguments.model, arguments.source),
            pairs("--set", arguments.settings),
            is_loaded=False,
        )
    except DiagnosticsError:
        print_findings([job.findings], "text", sys.stderr)
        return exit_status([job.findings])
    with _opened(arguments.file) as source:
        tensors = source.tensors
    name = os.path.relpath(arguments.file, Path(arguments.source).parent).replace(os.sep, "/")
    same = Path(arguments.file).resolve()
    is_whole = True
    for plan in plans:
        found = propose(
            plan, job.layouts(module, plan), tensors, lambda x: (Path(arguments.source).parent / x.source).resolve() == same
        )
        is_whole &= not found.open and not found.unknown
        say("\n".join(_proposed(found, name)))
    return 0 if is_whole else 1


def _proposed(found: Proposal, file: str) -> Iterator[str]:
    """The statements, and as comments what is not settled."""
    yield from (f'load {x.path} from "{file}"{x.text}' for x in found.settled)
    for path, choices in found.open.items():
        yield f"# `{path}` may be any of these, and names and shapes do not tell which:"
        yield from (f'#   load {path} from "{file}"{x.text}' for x in choices)
    if found.unknown:
        yield f"# nothing in the file fits: {', '.join(found.unknown)}"
    if found.left:
        yield f"# nothing takes: {', '.join(found.left)}"


def _export(argv: Sequence[str]) -> int:
    description = (
        "Write the values that an artefact has now into FILE, by the names of its variables; with a SPEC, under the names and by "
        "the layouts of its `load`s, and by the layout `--using` for other layers, below their paths; and nothing else."
    )
    parser = Parser("rnndsl weights export", description)
    parser.add_argument("artefact", metavar="ARTEFACT")
    parser.add_argument("--to", metavar="FILE", required=True, help=".pt, .safetensors, .npz or .weights.h5")
    parser.add_argument("--spec", metavar="SPEC", dest="source", help="whose `load`s say what goes where")
    parser.add_argument("--using", metavar="LAYOUT", help="for layers of the SPEC that it does not load: torch(0)")
    add_settings(parser)
    arguments = parser.read(argv)
    from rnndsl.weights.exporting import by_layout, exported, save
    from rnndsl.weights.source import WeightsFileError

    loads: list[Load] = []
    if arguments.source is not None:
        job = job_for(arguments.source)
        try:
            module = job.resolve(with_layouts=True)
            models = choose_models(module, arguments.model, arguments.source)
            plans = plan_models(job, module, models, pairs("--set", arguments.settings), is_loaded=False)
        except DiagnosticsError:
            print_findings([job.findings], "text", sys.stderr)
            return exit_status([job.findings])
        loads = [load for plan in plans for load in plan.loads]
        if arguments.using is not None:
            layouts = [each for plan in plans for each in job.layouts(module, plan)]
            loads += by_layout(layouts, arguments.using, loads, module.scope.span)
        if not loads:
            raise UsageError(faults.no_loads(arguments.source))
    elif arguments.using is not None:
        raise UsageError(faults.using_alone())
    try:
        with _opened(arguments.artefact) as source:
            paths = {path for load in loads for path in load.paths} & set(source.tensors) if loads else set(source.tensors)
            values = {path: source.read(path) for path in source.tensors if path in paths}
            left = [path for path in source.tensors if path not in paths]
        found = exported(loads, values, Path(arguments.to)) if loads else values
        save(Path(arguments.to), found)
    except WeightsFileError as error:
        raise UsageError(error.fault) from None
    say(f"{arguments.to}: {counted(len(found), 'tensor')} of {counted(len(values), 'variable')}")
    if left:
        say(f"not written, since nothing loads them: {', '.join(left)}")
    return 0


def _verify(argv: Sequence[str]) -> int:
    description = (
        "Hold what an artefact starts with against the receipts of what it loaded. The status is 1 if a value is another one."
    )
    parser = Parser("rnndsl weights verify", description)
    parser.add_argument("artefact", metavar="DIR")
    add_format(parser, "text", "json")
    arguments = parser.read(argv)
    rows: list[tuple[str, ReceiptInfo, bool]] = []
    for folder, manifest in artefacts_in(Path(arguments.artefact)).items():
        rows += _held(folder, {v.path: v.loaded for v in manifest.variables if v.loaded})
    wrong = [path for path, _, same in rows if not same]
    if arguments.format == "json":
        say_json(json.dumps([{"variable": path, **x.model_dump(mode="json"), "same": same} for path, x, same in rows], indent=2))
        return 1 if wrong else 0
    from rnndsl.text.render.table import table

    lines = [(path, x.file, ", ".join(x.keys), "same" if same else "another value") for path, x, same in rows]
    if lines:
        say(table(("variable", "file", "tensor", "value"), lines) + "\n")
    say(f"{len(rows):,} loaded, {len(wrong):,} with another value")
    return 1 if wrong else 0


def _held(folder: Path, receipts: Mapping[str, ReceiptInfo]) -> list[tuple[str, ReceiptInfo, bool]]:
    """Each variable with its receipt, and whether `initialize` returns that value. Imports TensorFlow if there is any."""
    if not receipts:
        return []
    from rnndsl.api import load
    from rnndsl.weights.loading import digest

    initial = load(folder).initialize()
    return [(path, x, digest(initial[path]) == x.sha256) for path, x in receipts.items()]
