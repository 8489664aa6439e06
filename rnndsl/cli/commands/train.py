"""`rnndsl train SPEC|ARTEFACT -o DIR`: train a model on arrays from files; the result is an artefact again."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnndsl.cli.artefacts import one_artefact
from rnndsl.cli.data import add_batches, add_data, read_examples
from rnndsl.cli.inputs import Offer, files_of, of_manifest, of_plan
from rnndsl.cli.parser import Parser, UsageError, add_settings
from rnndsl.cli.progress import listed, progress
from rnndsl.cli.saying import complain, say
from rnndsl.cli.specs import compiled, counted, exit_status, one_plan, print_findings
from rnndsl.driver import Job
from rnndsl.regular import is_folder
from rnndsl.text.diagnostics import DiagnosticsError
from rnndsl.text.fault import FaultError, WorkerError
from rnndsl.text.faults import training, workers
from rnndsl.text.render import Findings

if TYPE_CHECKING:
    from rnndsl.api import Loaded
    from rnndsl.artefact.manifest import Manifest
    from rnndsl.training.examples import Examples
    from rnndsl.training.loop import Report, Wanted

COUNTS = ("epochs", "patience", "save_every")


def run(argv: Sequence[str]) -> int:
    """Train, and write the artefact with its record."""
    arguments = _parser().read(argv)
    for name in COUNTS:
        given = getattr(arguments, name)
        if given is not None and given < 1:
            raise UsageError(training.not_positive(f"--{name.replace('_', '-')}", given))
    if arguments.hold_out is None and (arguments.patience is not None or arguments.watch is not None):
        raise UsageError(training.patience_alone())
    _check_files(arguments)
    arguments.strategy = _strategy() if arguments.workers else None
    source = Path(arguments.model_source)
    job = None if is_folder(source) else Job(source)
    try:
        return _train_artefact(source, arguments) if job is None else _train_spec(job, arguments)
    except DiagnosticsError as error:
        findings = Findings(tuple(error.diagnostics)) if job is None else _all(job, error)
        print_findings([findings], "text", sys.stderr)
        return exit_status([findings])


def _parser() -> Parser:
    parser = Parser(
        "rnndsl train", "Train a spec or an artefact on arrays. The result is an artefact, with a record of its training."
    )
    parser.add_argument("model_source", metavar="ARTEFACT|SPEC")
    add_data(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="the folder of the trained artefact")
    parser.add_argument("--train", metavar="NAME", help="which `train` of the model, if it has several")
    add_batches(parser)
    parser.add_argument("--epochs", type=int, default=1, metavar="N", help="how often to go through the data (1)")
    parser.add_argument(
        "--watch",
        metavar="NAME[:min|:max]",
        help="which result on what is held out tells the best epoch, which is kept (the first loss:min)",
    )
    parser.add_argument("--patience", type=int, metavar="N", help="stop after N epochs that were no better")
    parser.add_argument("--plot", metavar="FILE", help="a .png, .svg or .pdf to draw the results of all epochs in")
    parser.add_argument("--summaries", metavar="DIR", help="a folder to write events in for TensorBoard")
    parser.add_argument("--save-every", type=int, metavar="N", help="keep the state after N steps of an epoch too, for --resume")
    parser.add_argument(
        "--workers",
        action="store_true",
        help="take each step together with the workers of TF_CONFIG, each on its share of a batch",
    )
    parser.add_argument("--resume", action="store_true", help="go on where the same command was stopped")
    add_settings(parser)
    return parser


def _strategy() -> Any:
    """Of the workers, once all are there. Raises UsageError."""
    from rnndsl.backends.workers import join

    try:
        return join()
    except FaultError as error:
        raise UsageError(error.fault) from None


def _check_files(arguments: Namespace) -> None:
    """Raises UsageError if there is nothing to resume, or a state that would be lost, or no picture can be drawn."""
    from rnndsl.training.checkpoint import checkpoint_of
    from rnndsl.training.drawing import check_picture

    kept = checkpoint_of(Path(arguments.output))
    if arguments.resume and not kept.exists():
        raise UsageError(training.nothing_to_resume(kept))
    if kept.exists() and not arguments.resume:
        raise UsageError(training.would_be_lost(kept))
    try:
        if arguments.plot is not None:
            check_picture(Path(arguments.plot), files_of(arguments))
    except FaultError as error:
        raise UsageError(error.fault) from None


def _all(job: Job, error: DiagnosticsError) -> Findings:
    job.sink.extend(error.diagnostics)
    return job.findings


def _train_spec(job: Job, arguments: Namespace) -> int:
    plan = job.optimise(one_plan(job, arguments), 1, "auto")
    job.check_target(plan, Path(arguments.output))
    data = _data(of_plan(plan), plan.name, arguments)
    pretrained = job.pretrained(plan)
    with compiled(job, plan, pretrained, ["replicas"] if arguments.workers else []) as path:
        arguments.settings, arguments.model = [], None
        return _train_artefact(path, arguments, data)


def _train_artefact(folder: Path, arguments: Namespace, data: Examples | None = None) -> int:
    from rnndsl.artefact.files import check_target
    from rnndsl.artefact.reading.opening import written_files

    path, manifest = one_artefact(folder, arguments)
    check_target(Path(arguments.output), 0, written_files)
    data = data or _data(of_manifest(manifest), manifest.name, arguments)
    offers = {offer.name: offer for offer in of_manifest(manifest)}
    try:
        return _train(path, manifest, data, _wanted(offers[arguments.train], offers["evaluate"], manifest, arguments), arguments)
    except FaultError as error:
        raise UsageError(error.fault) from None


def _data(offers: Iterable[Offer], model: str, arguments: Namespace) -> Examples:
    """The examples for the `train` that is asked for, or for the only one, which `arguments` then name. Raises UsageError."""
    named = {offer.name: offer for offer in offers}
    offer = _chosen(named, model, arguments.train)
    arguments.train = offer.name
    try:
        return read_examples(offer, named.get("predict"), model, arguments)
    except FaultError as error:
        raise UsageError(error.fault) from None


def _chosen(offers: Mapping[str, Offer], model: str, name: str | None) -> Offer:
    known = [offer.name for offer in offers.values() if offer.kind == "train"]
    if not known:
        raise UsageError(training.no_training(model))
    if name is None and len(known) > 1:
        raise UsageError(training.which_train(known))
    if name is not None and name not in known:
        raise UsageError(training.no_train(name, known))
    return offers[name or known[0]]


def _wanted(offer: Offer, evaluate: Offer, manifest: Manifest, arguments: Namespace) -> Wanted:
    """What the command line asks for. Raises UsageError and DataError for what `evaluate` cannot do."""
    from rnndsl.backends.workers import ALONE, of_strategy
    from rnndsl.plan.function import artefact_name
    from rnndsl.training.loop import Wanted
    from rnndsl.training.watch import watched

    watch = None
    if arguments.hold_out is not None:
        lacking = [name for name in evaluate.inputs if name not in offer.inputs]
        if lacking:
            raise UsageError(training.evaluate_takes_more(offer.name, lacking))
        trained = next(t.losses for t in manifest.trains if t.name == offer.name)
        losses = [artefact_name(x.name) for x in manifest.losses]
        watch = watched(arguments.watch, [artefact_name(name) for name in trained], losses, list(evaluate.outputs))
    worker = ALONE if arguments.strategy is None else of_strategy(arguments.strategy) or ALONE
    return Wanted(offer.name, arguments.epochs, arguments.patience, arguments.save_every, watch, tuple(evaluate.inputs), worker)


def _train(path: Path, manifest: Manifest, data: Examples, wanted: Wanted, arguments: Namespace) -> int:
    from rnndsl.api import load
    from rnndsl.training import checkpoint, loop, record
    from rnndsl.training.drawing import draw_curves

    target = Path(arguments.output)
    kept = checkpoint.checkpoint_of(target)
    run = record.identity(manifest, data, wanted)
    done = checkpoint.read(kept, run) if arguments.resume else None
    model = load(path)
    if wanted.worker.of > 1 and wanted.save_every is not None and any(v.kind == "carried" for v in manifest.variables):
        raise UsageError(workers.carried_within())
    is_chief = wanted.worker.at == 0
    reports: list[Report] = [progress(wanted.epochs, done.epoch if done else 0, done.taken if done else 0)] if is_chief else []
    if arguments.summaries is not None and is_chief:
        reports.append(_summaries(Path(arguments.summaries), model, manifest))
    with _resumable(kept):
        try:
            with arguments.strategy.scope() if arguments.workers else nullcontext():
                done = loop.train(model, data, wanted, run, kept, done, reports)
        finally:
            for each in reports:
                each.close()
        if not is_chief:
            say(f"worker {wanted.worker.at + 1} of {wanted.worker.of}: epoch {done.best_epoch} of {done.epoch}")
            return 0
        model.assign(done.best)
        model.save(target, record.of(manifest, data, wanted, done))
    kept.unlink(missing_ok=True)
    say(f"{target}: epoch {done.best_epoch} of {done.epoch}, {listed(done.results)}")
    if arguments.plot is not None:
        draw_curves(Path(arguments.plot), f"{manifest.name}, {wanted.signature}", done.history, done.best_epoch)
        say(f"{arguments.plot}: the results of {counted(len(done.history), 'epoch')}")
    return 0


def _summaries(folder: Path, model: Loaded, manifest: Manifest) -> Report:
    """Events in `folder`, of the variables in the collection `summaries` too."""
    from rnndsl.training.summaries import Summaries

    known = {v.path for v in manifest.variables}
    return Summaries(folder, model, [name for name in manifest.collections["summaries"] if name in known])


@contextmanager
def _resumable(kept: Path) -> Generator[None]:
    """Says that a run goes on from `kept` if it is interrupted, a worker is lost, or what it wrote has no room."""
    try:
        yield
    except (KeyboardInterrupt, DiagnosticsError, WorkerError):
        if kept.exists():
            complain(training.resumable(kept), kind="note")
        raise
