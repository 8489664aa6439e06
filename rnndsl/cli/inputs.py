"""What a signature takes, and the files that give it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnndsl.cli.parser import UsageError, pairs
from rnndsl.cli.saying import complain
from rnndsl.cli.specs import counted
from rnndsl.records import Immutable, record
from rnndsl.text.faults import calls as faults

if TYPE_CHECKING:
    from rnndsl.arrays.values import Array
    from rnndsl.artefact.manifest import Manifest
from rnndsl.plan.model import Plan, TensorType


@record
class Offer(Immutable):
    """A signature of a model, with the types of its inputs and outputs. `absent` says why the model has none of this name."""

    name: str
    kind: str
    inputs: Mapping[str, TensorType]
    outputs: Mapping[str, TensorType]
    absent: str | None = None


def of_manifest(manifest: Manifest) -> Iterator[Offer]:
    """The signatures of an artefact that one process calls."""
    from rnndsl.artefact.reading.opening import declared
    from rnndsl.plan.replicas import is_replicated

    for s in (s for s in manifest.signatures if not is_replicated(s.name)):
        inputs, outputs = ({x.name: declared(x) for x in tensors} for tensors in (s.inputs, s.outputs))
        yield Offer(s.name, s.kind, inputs, outputs, s.absent)


def of_plan(plan: Plan) -> Iterator[Offer]:
    """The signatures of a plan with its functions."""
    from rnndsl.plan.rewriting import types_of

    for f in plan.functions:
        types = types_of(f.graph)
        yield Offer(f.name, f.kind, {x.name: x.type for x in f.inputs}, {x.name: types[x.value] for x in f.outputs})
    for name, why in plan.absent.items():
        yield Offer(name, name, {}, {}, why)


def chosen(offers: Iterator[Offer], name: str) -> Offer:
    """The signature `name`. Raises UsageError if there is none, or if it is no signature but a pure function."""
    callable_ = {o.name: o for o in offers if o.kind not in ("apply", "gradients")}
    offer = callable_.get(name)
    if offer is None:
        known = [n for n, o in callable_.items() if o.absent is None]
        raise UsageError(faults.no_signature(name, known))
    if offer.absent is not None:
        raise UsageError(faults.absent(name, offer.absent))
    return offer


def files_of(arguments: Namespace) -> list[Path]:
    """The files that the command line names as inputs."""
    given = [arguments.data, *pairs("--input", arguments.inputs).values()]
    return [Path(file) for file in given if file]


def read_inputs(
    offer: Offer, data: str | None, files: Sequence[str], optional: Container[str] = ()
) -> tuple[dict[str, Array], bool]:
    """The arrays that the signature takes, and whether one was a table of one sequence. `data`: the file of all or of the only
    input; `files`: NAME=FILE. Those that are `optional` may lack. Raises UsageError, DataError."""
    from rnndsl.arrays.tables import is_series, lay_out
    from rnndsl.arrays.values import fit_all

    given = given_arrays(offer, data, files, optional)
    wanted = {name: type for name, type in offer.inputs.items() if name in given}
    series = [name for name, (array, table) in given.items() if table and is_series(array, wanted[name])]
    for name in series:
        steps = counted(len(given[name][0]), "step")
        complain(faults.one_sequence(name, wanted[name], steps), kind="note")
    laid_out = {name: lay_out(name, array, wanted[name]) if table else array for name, (array, table) in given.items()}
    return fit_all(offer.name, wanted, laid_out), bool(series)


def given_arrays(
    offer: Offer, data: str | None, files: Sequence[str], optional: Container[str] = ()
) -> dict[str, tuple[Array, bool]]:
    """The arrays of the files as they are, by input, each with whether it is a table. Raises UsageError, DataError."""
    from rnndsl.arrays.files import is_table, read_archive, read_array

    wanted = list(offer.inputs)
    named = pairs("--input", files)
    for name in named:
        if name not in wanted:
            raise UsageError(faults.no_file_input(offer.name, name, wanted))
    given: dict[str, tuple[Array, bool]] = {}
    if data and Path(data).suffix == ".npz":
        given = {name: (array, False) for name, array in read_archive(Path(data), wanted).items()}
    elif data:
        path = Path(data)
        given[_only(offer, wanted)] = (read_array(path), is_table(path))
    for name, file in named.items():
        given[name] = (read_array(Path(file), name), is_table(Path(file)))
    missing = [name for name in wanted if name not in given and name not in optional]
    if missing:
        raise UsageError(faults.lacks_files(offer.name, {name: offer.inputs[name] for name in missing}))
    return given


def _only(offer: Offer, wanted: Sequence[str]) -> str:
    if len(wanted) != 1:
        raise UsageError(faults.which_input(offer.name, wanted))
    return wanted[0]
