"""`rnndsl run ARTEFACT|SPEC`: run a signature of a model on arrays from files."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.artefacts import artefacts_in
from rnndsl.cli.parser import Parser, UsageError, add_settings, pairs
from rnndsl.cli.saying import complain, say
from rnndsl.cli.specs import choose_models, counted, exit_status, plan_models, print_findings
from rnndsl.driver import Job
from rnndsl.regular import is_folder
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.wording import did_you_mean

if TYPE_CHECKING:
    from rnndsl.arrays.values import Array
    from rnndsl.artefact.manifest import Manifest, SignatureInfo

MOST_PRINTED = 1000


def run(argv: Sequence[str]) -> int:
    """Read the inputs, call the signature, write or print the outputs."""
    arguments = _parser().read(argv)
    from rnndsl.arrays.files import check_output
    from rnndsl.arrays.values import DataError

    try:
        if arguments.output:
            check_output(Path(arguments.output), _files(arguments))
        if is_folder(Path(arguments.model_source)):
            return _run_artefact(Path(arguments.model_source), arguments)
        return _run_spec(arguments)
    except DataError as error:
        raise UsageError(str(error)) from None


def _parser() -> Parser:
    parser = Parser("rnndsl run", "Run an artefact or a spec on arrays.")
    parser.add_argument("model_source", metavar="ARTEFACT|SPEC")
    parser.add_argument("data", nargs="?", metavar="FILE", help="a .npz of all inputs, or a .npy or .csv of the only one")
    parser.add_argument(
        "--input", metavar="NAME=FILE", action="append", default=[], dest="inputs", help="a .npy or .csv of one input"
    )
    parser.add_argument("--signature", default="predict", metavar="NAME", help="what to call (predict)")
    parser.add_argument("-o", "--output", metavar="FILE", help="a .npz or .csv to write; printed if not given")
    add_settings(parser)
    return parser


def _run_spec(arguments: Namespace) -> int:
    """Compile to a temporary folder, and run that."""
    job = Job(Path(arguments.model_source))
    try:
        module = job.resolve()
        models = choose_models(module, arguments.model, arguments.model_source)
        if len(models) != 1:
            raise UsageError(f"{arguments.model_source} has {len(models) or 'no'} models: choose one by --model")
        plan = job.optimise(plan_models(job, module, models, pairs("--set", arguments.settings))[0], 1)
        with _temporary() as folder:
            job.write(plan, Path(folder) / "model", level=1)
            return _run_artefact(Path(folder) / "model", Namespace(**{**vars(arguments), "settings": [], "model": None}))
    except DiagnosticsError as error:
        job.sink.extend(error.diagnostics)
        print_findings([job.findings], "text", sys.stderr)
        return exit_status([job.findings])


def _temporary() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="rnndsl-", ignore_cleanup_errors=True)
    except OSError as error:
        raise UsageError(f"no temporary folder can be made: {error.strerror}", "set TMPDIR to a folder") from None


def _run_artefact(folder: Path, arguments: Namespace) -> int:
    if arguments.settings:
        raise UsageError("--set belongs to a spec; an artefact is already compiled")
    found = artefacts_in(folder)
    if arguments.model:
        found = {path: manifest for path, manifest in found.items() if manifest.name == arguments.model}
    if len(found) != 1:
        raise UsageError(f"`{folder}` holds {len(found) or 'no such'} artefacts: choose one by its folder or --model")
    [(path, manifest)] = found.items()
    signature = _signature(manifest, arguments.signature)
    inputs, series = _inputs(signature, arguments)
    from rnndsl.api import load
    from rnndsl.arrays.files import is_table
    from rnndsl.arrays.tables import as_series
    from rnndsl.artefact.opening import declared

    try:
        results = load(path).call(signature.name, inputs)
    except (ValueError, MemoryError) as error:
        raise UsageError(str(error)) from None
    if signature.kind in ("train", "reset", "reset_states"):
        kept = "`rnndsl.load` in Python keeps it, and `save_weights` writes it"
        complain(f"what `{signature.name}` changes is in memory alone, and gone now: {kept}", kind="note")
    if series and arguments.output and is_table(Path(arguments.output)):
        types = {x.name: declared(x) for x in signature.outputs}
        results = {name: as_series(array, types[name]) if name in types else array for name, array in results.items()}
    _output(results, arguments.output)
    return 0


def _signature(manifest: Manifest, name: str) -> SignatureInfo:
    callable_ = {s.name: s for s in manifest.signatures if s.kind not in ("apply", "gradients")}
    signature = callable_.get(name)
    if signature is None:
        known = [n for n, s in callable_.items() if s.absent is None]
        raise UsageError(f"no signature `{name}`", did_you_mean(name, known) or f"the signatures are {', '.join(known)}")
    if signature.absent is not None:
        raise UsageError(f"the model has no `{name}`: {signature.absent}")
    return signature


def _files(arguments: Namespace) -> list[Path]:
    given = [arguments.data, *pairs("--input", arguments.inputs).values()]
    return [Path(file) for file in given if file]


def _inputs(signature: SignatureInfo, arguments: Namespace) -> tuple[dict[str, Array], bool]:
    """The arrays that the signature takes, and whether one was a table of one sequence. Raises UsageError, DataError."""
    from rnndsl.arrays.tables import is_series, lay_out
    from rnndsl.arrays.values import fit_all
    from rnndsl.artefact.opening import declared

    wanted = {i.name: declared(i) for i in signature.inputs}
    given = _named(signature, list(wanted), arguments)
    missing = [name for name in wanted if name not in given]
    if missing:
        listed = ", ".join(f"{name}: {wanted[name]}" for name in missing)
        raise UsageError(f"`{signature.name}` wants {listed}", f"give it as `--input {missing[0]}=FILE`")
    series = [name for name, (array, table) in given.items() if table and is_series(array, wanted[name])]
    for name in series:
        steps = counted(len(given[name][0]), "step")
        complain(f"`{name}` is {wanted[name]}; its table is read as one sequence of {steps}, a row each", kind="note")
    laid_out = {name: lay_out(name, array, wanted[name]) if table else array for name, (array, table) in given.items()}
    return fit_all(signature.name, wanted, laid_out), bool(series)


def _named(signature: SignatureInfo, wanted: Sequence[str], arguments: Namespace) -> dict[str, tuple[Array, bool]]:
    """The given arrays by input, each with whether it is a table. Raises UsageError, DataError."""
    from rnndsl.arrays.files import is_table, read_archive, read_array

    files = pairs("--input", arguments.inputs)
    for name in files:
        if name not in wanted:
            help = did_you_mean(name, wanted) or f"its inputs are {', '.join(wanted) or 'none'}"
            raise UsageError(f"`{signature.name}` has no input `{name}`", help)
    given: dict[str, tuple[Array, bool]] = {}
    if arguments.data and Path(arguments.data).suffix == ".npz":
        given = {name: (array, False) for name, array in read_archive(Path(arguments.data), wanted).items()}
    elif arguments.data:
        path = Path(arguments.data)
        given[_only(signature, wanted)] = (read_array(path), is_table(path))
    for name, file in files.items():
        given[name] = (read_array(Path(file), name), is_table(Path(file)))
    return given


def _only(signature: SignatureInfo, wanted: Sequence[str]) -> str:
    if len(wanted) != 1:
        listed = ", ".join(wanted) or "none"
        raise UsageError(f"`{signature.name}` takes the inputs {listed}: say which by --input NAME=FILE, or give a .npz of all")
    return wanted[0]


def _output(results: Mapping[str, Array], output: str | None) -> None:
    if output is not None:
        from rnndsl.arrays.files import write_arrays

        write_arrays(Path(output), results)
        say(f"{output}: {', '.join(f'{name} {list(array.shape)}' for name, array in results.items())}")
        return
    import numpy as np

    for name, array in results.items():
        say(f"{name}: {array.dtype}{list(array.shape)}\n{np.array2string(array, threshold=MOST_PRINTED, max_line_width=120)}")
