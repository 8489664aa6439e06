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
from rnndsl.cli.specs import choose_models, exit_status, plan_models, print_findings
from rnndsl.driver import Job
from rnndsl.text.diagnostics import DiagnosticsError, did_you_mean

if TYPE_CHECKING:
    from rnndsl.artefact.arrays import Array
    from rnndsl.artefact.manifest import Manifest, SignatureInfo, TensorInfo
    from rnndsl.plan.model import TensorType

MOST_PRINTED = 1000


def run(argv: Sequence[str]) -> int:
    """Read the inputs, call the signature, write or print the outputs."""
    arguments = _parser().read(argv)
    from rnndsl.artefact.arrays import DataError, check_output

    try:
        if arguments.output:
            check_output(Path(arguments.output))
        if Path(arguments.model_source).is_dir():
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
        plan = job.optimise(plan_models(job, module, models, pairs("--set", arguments.settings))[0], 2)
        with tempfile.TemporaryDirectory(prefix="rnndsl-") as folder:
            job.write(plan, Path(folder) / "model", level=2)
            return _run_artefact(Path(folder) / "model", Namespace(**{**vars(arguments), "settings": [], "model": None}))
    except DiagnosticsError as error:
        job.sink.extend(error.diagnostics)
        print_findings([job.findings], "text", sys.stderr)
        return exit_status([job.findings])


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
    inputs = _inputs(signature, arguments)
    from rnndsl.api import load

    try:
        results = load(path).call(signature.name, inputs)
    except ValueError as error:  # lengths that do not agree, found by TensorFlow
        raise UsageError(str(error)) from None
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


def _inputs(signature: SignatureInfo, arguments: Namespace) -> dict[str, Array]:
    from rnndsl.artefact.arrays import fit

    wanted = {i.name: _type(i) for i in signature.inputs}
    given = _named(signature, list(wanted), arguments)
    missing = [name for name in wanted if name not in given]
    if missing:
        listed = ", ".join(f"{name}: {wanted[name]}" for name in missing)
        raise UsageError(f"`{signature.name}` wants {listed}", f"give it as `--input {missing[0]}=FILE`")
    return {name: fit(name, array, wanted[name], table=table) for name, (array, table) in given.items()}


def _named(signature: SignatureInfo, wanted: Sequence[str], arguments: Namespace) -> dict[str, tuple[Array, bool]]:
    """The given arrays by input, each with whether it is a table. Raises UsageError, DataError."""
    from rnndsl.artefact.arrays import read_arrays

    files = pairs("--input", arguments.inputs)
    for name in files:
        if name not in wanted:
            help = did_you_mean(name, wanted) or f"its inputs are {', '.join(wanted) or 'none'}"
            raise UsageError(f"`{signature.name}` has no input `{name}`", help)
    given: dict[str, tuple[Array, bool]] = {}
    for name, file in [*((None, f) for f in [arguments.data] if f), *files.items()]:
        read = read_arrays(Path(file))
        if isinstance(read, dict):
            given.update({n: (a, False) for n, a in _from_archive(read, name, file, wanted).items()})
        else:
            given[name or _only(signature, wanted)] = (read, ".csv" in Path(file).suffixes)
    return given


def _from_archive(read: Mapping[str, Array], name: str | None, file: str, wanted: Sequence[str]) -> dict[str, Array]:
    if name is None:
        return {n: a for n, a in read.items() if n in wanted}
    if name in read:
        return {name: read[name]}
    if len(read) == 1:
        return dict.fromkeys([name], next(iter(read.values())))
    raise UsageError(f"`{file}` holds no array `{name}`; it holds {', '.join(read)}")


def _only(signature: SignatureInfo, wanted: Sequence[str]) -> str:
    if len(wanted) != 1:
        listed = ", ".join(wanted) or "none"
        raise UsageError(f"`{signature.name}` takes the inputs {listed}: say which by --input NAME=FILE, or give a .npz of all")
    return wanted[0]


def _type(tensor: TensorInfo) -> TensorType:
    from rnndsl.artefact.summary import DTYPES
    from rnndsl.plan.model import TensorType

    shape = tensor.shape or ()
    axes = tuple(str(n) for n in shape if not isinstance(n, int))
    return TensorType(DTYPES.get(tensor.dtype, tensor.dtype), axes, tuple(n for n in shape if isinstance(n, int)))  # pyright: ignore[reportArgumentType]


def _output(results: Mapping[str, Array], output: str | None) -> None:
    from rnndsl.artefact.arrays import write_arrays

    if output is not None:
        try:
            write_arrays(Path(output), results)
        except OSError as error:
            raise UsageError(f"cannot write `{output}`: {error.strerror}") from None
        print(f"{output}: {', '.join(f'{name} {list(array.shape)}' for name, array in results.items())}")
        return
    import numpy as np

    for name, array in results.items():
        print(f"{name}: {array.dtype}{list(array.shape)}")
        print(np.array2string(array, threshold=MOST_PRINTED, max_line_width=120))
