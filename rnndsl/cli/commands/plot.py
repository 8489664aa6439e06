"""`rnndsl plot ARTEFACT DATA -o FILE`: draw what a model forecasts beside the truth."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from rnndsl.cli.artefacts import one_artefact
from rnndsl.cli.data import add_data, read_examples
from rnndsl.cli.inputs import Offer, chosen, files_of, of_manifest
from rnndsl.cli.parser import Parser, UsageError, add_settings
from rnndsl.cli.saying import say
from rnndsl.text.fault import FaultError
from rnndsl.text.faults import training


def run(argv: Sequence[str]) -> int:
    """Read the data, forecast, draw."""
    arguments = _parser().read(argv)
    if arguments.last is not None and arguments.last < 1:
        raise UsageError(training.not_positive("--last", arguments.last))
    try:
        return _plot(arguments)
    except FaultError as error:
        raise UsageError(error.fault) from None


def _parser() -> Parser:
    parser = Parser(
        "rnndsl plot",
        "Draw the outputs of an artefact beside targets of the same type: along time, or else one example after another.",
    )
    parser.add_argument("artefact", metavar="ARTEFACT")
    add_data(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the .png, .svg or .pdf to write")
    parser.add_argument("--row", type=int, metavar="N", help="which example, of what has a series for each (the last)")
    parser.add_argument("--last", type=int, metavar="N", help="the last N places alone")
    add_settings(parser)
    return parser


def _plot(arguments: Namespace) -> int:
    from rnndsl.api import load
    from rnndsl.training.drawing import check_picture, draw_forecasts
    from rnndsl.training.forecasts import MOST_PANELS, Part, beside, panels

    target = Path(arguments.output)
    check_picture(target, files_of(arguments))
    path, manifest = one_artefact(Path(arguments.artefact), arguments)
    offers = list(of_manifest(manifest))
    predict = chosen(iter(offers), "predict")
    known = {name: type for x in offers if x.kind in ("evaluate", "train") for name, type in x.inputs.items()}
    pairs = beside(predict.outputs, predict.inputs, {name: type for name, type in known.items() if name not in predict.inputs})
    wanted = {**predict.inputs, **{name: type for name, type in known.items() if name in pairs}}
    arguments.batch = arguments.buckets = None  # they are for training: everything is drawn from one call
    data = read_examples(Offer("plot", "evaluate", wanted, {}), predict, manifest.name, arguments)
    arrays = data.validation() if data.held_out else next(data.batches(1))
    found = load(path).predict({name: arrays[name] for name in predict.inputs})
    part = Part(arguments.row, arguments.last)
    series = [(name, wanted[name], arrays[name], {each: found[each] for each in outputs}) for name, outputs in pairs.items()]
    drawn = [panel for each in series for panel in panels(*each, part)]
    draw_forecasts(target, manifest.name, drawn[:MOST_PANELS])
    left = len(drawn) - MOST_PANELS
    say(f"{target}: {', '.join(p.title for p in drawn[:MOST_PANELS])}{f', and {left} more are not drawn' if left > 0 else ''}")
    return 0
