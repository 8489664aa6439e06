"""`rnndsl run ARTEFACT|SPEC`: run a signature of a model on arrays from files."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.artefacts import one_artefact
from rnndsl.cli.inputs import Offer, chosen, files_of, of_manifest, of_plan, read_inputs
from rnndsl.cli.parser import Parser, UsageError, add_settings
from rnndsl.cli.saying import complain, say
from rnndsl.cli.specs import compiled, exit_status, one_plan, print_findings
from rnndsl.driver import Job
from rnndsl.regular import is_folder
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.fault import FaultError
from rnndsl.text.faults import calls
from rnndsl.text.faults import command as faults
from rnndsl.text.faults.files import unwritable

if TYPE_CHECKING:
    from rnndsl.arrays.values import Array
    from rnndsl.plan.model import Plan
    from rnndsl.weights.loading import Pretrained

MOST_PRINTED = 1000


def run(argv: Sequence[str]) -> int:
    """Read the inputs, call the signature, write or print the outputs."""
    arguments = _parser().read(argv)
    from rnndsl.arrays.files import check_output
    from rnndsl.arrays.values import DataError

    try:
        if arguments.engine == "numpy" and (arguments.weights or arguments.save_weights):
            raise UsageError(faults.no_numpy_weights())
        if arguments.save_weights:
            check_output(Path(arguments.save_weights), files_of(arguments), (".npz",))
        if arguments.output:
            check_output(Path(arguments.output), files_of(arguments))
        if is_folder(Path(arguments.model_source)):
            return _run_artefact(Path(arguments.model_source), arguments)
        return _run_spec(arguments)
    except DataError as error:
        raise UsageError(error.fault) from None


def _parser() -> Parser:
    parser = Parser("rnndsl run", "Run an artefact or a spec on arrays.")
    parser.add_argument("model_source", metavar="ARTEFACT|SPEC")
    parser.add_argument("data", nargs="?", metavar="FILE", help="a .npz of all inputs, or a .npy or .csv of the only one")
    parser.add_argument(
        "--input", metavar="NAME=FILE", action="append", default=[], dest="inputs", help="a .npy or .csv of one input"
    )
    parser.add_argument("--signature", default="predict", metavar="NAME", help="what to call (predict)")
    parser.add_argument("-o", "--output", metavar="FILE", help="a .npz or .csv to write; printed if not given")
    parser.add_argument(
        "--engine",
        choices=("tensorflow", "numpy"),
        default="tensorflow",
        help="tensorflow compiles a spec first; numpy interprets it as it stands: at once, slowly where much is to be done, with "
        "the same random draws (tensorflow)",
    )
    parser.add_argument("--weights", metavar="FILE", help="a .npz of values to start from, by path, as --save-weights writes it")
    parser.add_argument("--save-weights", metavar="FILE", help="a .npz to write with the values of all variables afterwards")
    add_settings(parser)
    return parser


def _run_spec(arguments: Namespace) -> int:
    """Read the inputs; interpret the plan, or compile it to a temporary folder and run that."""
    numpy = arguments.engine == "numpy"
    job = Job(Path(arguments.model_source))
    try:
        plan = job.optimise(one_plan(job, arguments), 0 if numpy else 1)
        offer = chosen(of_plan(plan), arguments.signature)
        inputs, series = read_inputs(offer, arguments.data, arguments.inputs)
        if numpy:
            return _finish(_interpreted(plan, job.pretrained(plan), offer, inputs), offer, series, arguments)
        with compiled(job, plan, job.pretrained(plan)) as folder:
            return _finish(_called(folder, offer, inputs, arguments), offer, series, arguments)
    except DiagnosticsError as error:
        job.sink.extend(error.diagnostics)
        print_findings([job.findings], "text", sys.stderr)
        return exit_status([job.findings])


def _run_artefact(folder: Path, arguments: Namespace) -> int:
    if arguments.engine == "numpy":
        raise UsageError(faults.no_numpy_artefact())
    path, manifest = one_artefact(folder, arguments)
    offer = chosen(of_manifest(manifest), arguments.signature)
    inputs, series = read_inputs(offer, arguments.data, arguments.inputs)
    return _finish(_called(path, offer, inputs, arguments), offer, series, arguments)


def _called(folder: Path, offer: Offer, inputs: Mapping[str, Array], arguments: Namespace) -> Mapping[str, Array]:
    """What the signature of the artefact in `folder` gives, from and to the values that the command line names."""
    from rnndsl.api import load

    try:
        model = load(folder)
        if arguments.weights:
            model.load_weights(arguments.weights)
        results = model.call(offer.name, inputs)
        if arguments.save_weights:
            model.save_weights(arguments.save_weights)
    except FaultError as error:
        raise UsageError(error.fault) from None
    except KeyError as error:
        raise UsageError(calls.other_weights(arguments.weights, error.args[0])) from None
    except OSError as error:
        raise UsageError(unwritable(arguments.save_weights, error)) from None
    return results


def _interpreted(plan: Plan, pretrained: Pretrained, offer: Offer, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
    """What the function of `plan` gives, in NumPy. What it would assign is not computed."""
    from rnndsl.meaning.running import Model

    try:
        return Model(plan, pretrained.initial).call(offer.name, inputs, steps=False)
    except ValueError as error:
        raise UsageError(calls.fails(offer.name, error)) from None
    except MemoryError:
        raise UsageError(calls.memory(offer.name)) from None


def _finish(results: Mapping[str, Array], offer: Offer, series: bool, arguments: Namespace) -> int:
    """Write or print `results` in the order of the function's. `series`: a table of one sequence came in."""
    from rnndsl.arrays.files import is_table
    from rnndsl.arrays.tables import as_series

    if offer.kind in ("train", "reset", "reset_states") and not arguments.save_weights:
        complain(calls.not_kept(offer.name), kind="note")
    if series and arguments.output and is_table(Path(arguments.output)):
        types = offer.outputs
        results = {name: as_series(array, types[name]) if name in types else array for name, array in results.items()}
    _output({name: results[name] for name in (*offer.outputs, *results) if name in results}, arguments.output)
    return 0


def _output(results: Mapping[str, Array], output: str | None) -> None:
    if output is not None:
        from rnndsl.arrays.files import write_arrays

        write_arrays(Path(output), results)
        say(f"{output}: {', '.join(f'{name} {list(array.shape)}' for name, array in results.items())}")
        return
    import numpy as np

    for name, array in results.items():
        say(f"{name}: {array.dtype}{list(array.shape)}\n{np.array2string(array, threshold=MOST_PRINTED, max_line_width=120)}")
