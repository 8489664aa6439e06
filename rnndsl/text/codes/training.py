"""Diagnostics of training, collections and updates: see `rnndsl.text.codes`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from rnndsl.text.codes.sizes import human
from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import did_you_mean, quoted

UNKNOWN_COLLECTION = Code("RNN0501", "unknown collection")
UPDATE_TARGET = Code("RNN0502", "update of something else")
UPDATE_TYPE = Code("RNN0503", "update of another type")
UNKNOWN_LOSS = Code("RNN0504", "unknown loss")
NO_LOSS = Code("RNN0505", "nothing to minimise")
NOTHING_TO_TRAIN = Code("RNN0506", "nothing to train")
UPDATES_LEFT_OUT = Code("RNN0507", "updates left out", severity="warning")
DECLARED_UNDER_TRAINING = Code("RNN0508", "declared under training")
UNKNOWN_OPTIMIZER = Code("RNN0509", "not an optimizer")
BAD_SIGNATURE = Code("RNN0511", "signature of something else")
EMPTY_COLLECTION = Code("RNN0512", "empty collection")
DECLARED_COLLECTION = Code("RNN0513", "collection declared twice")
COLLECTION_KIND = Code("RNN0514", "collection of something else")
NO_VALUE = Code("RNN0515", "optimizer without a result")
WRITE_TARGET = Code("RNN0516", "write of something else")
UNKNOWN_RESIDUAL = Code("RNN0517", "unknown residual")
WHICH_RESIDUAL = Code("RNN0518", "which residual")
TOO_MANY_UNKNOWNS = Code("RNN0519", "too many unknowns")
CHUNK = Code("RNN0520", "chunks that cannot be parted")

SHOWN = 3
"""Variables that a message tells about."""


# ---------------------------------------------------------------- collections


def unknown_collection(span: Span, name: str, known: Iterable[str]) -> Diagnostic:
    wrong = UNKNOWN_COLLECTION(span, f"`{name}` is not a collection")
    return wrong.suggest(did_you_mean(name, known) or f"declare it: `collection {name}`")


def empty_collection(span: Span | None, name: str) -> Diagnostic:
    return EMPTY_COLLECTION(span, f"the collection `{name}` holds no variables")


def collection_kind(span: Span, name: str, holds: str, kind: str) -> Diagnostic:
    """A predeclared collection of one kind of things (`holds`), and a thing of another `kind`, both in the plural."""
    wrong = COLLECTION_KIND(span, f"the collection `{name}` holds {holds}, and this puts {kind} into it")
    filled = "a `param` is in it unless it is frozen; " if name == "trainable_variables" else ""
    return wrong.suggest(f"{filled}declare one of your own, such as `collection mine`")


def predeclared(span: Span, name: str) -> Diagnostic:
    return DECLARED_COLLECTION(span, f"the collection `{name}` is predeclared").suggest("leave the declaration out")


# ---------------------------------------------------------------- updates


def update_target(span: Span, what: str) -> Diagnostic:
    """`what`: the value that is no variable, in words."""
    return UPDATE_TARGET(span, f"an update writes a `var`, or a `param` declared `frozen`, not {what}")


def update_of_trainable(span: Span, path: str, declared: Span) -> Diagnostic:
    return update_target(span, f"the trainable param `{path}`").note("it is declared here", declared)


def update_type(span: Span, path: str, declared: object, given: object) -> Diagnostic:
    return UPDATE_TYPE(span, f"`{path}` is {declared}, and its update gives {given}")


def updates_left_out(span: Span, order: str, count: int, first: str, place: str) -> Diagnostic:
    """`order`: `after` or `before` and a collection; `first`: the name of one of the `count` updates, which stands at `place`."""
    warning = UPDATES_LEFT_OUT(span, f"`{order}` leaves out {count} update ops")
    return warning.note(f"`{first}` at {place}")


# ---------------------------------------------------------------- losses, optimizers, what is trained


def unknown_loss(span: Span, name: str, known: Collection[str]) -> Diagnostic:
    listed = f"the losses are {quoted(sorted(known))}" if known else "write `loss name = …` in the model"
    return _unknown_loss(span, name).suggest(did_you_mean(name, known) or listed)


def residual_as_loss(span: Span, name: str) -> Diagnostic:
    reduced = f"`loss mse = mean(square({name}))`"
    return _unknown_loss(span, name).suggest(f"`{name}` is a residual: reduce it, {reduced}")


def _unknown_loss(span: Span, name: str) -> Diagnostic:
    return UNKNOWN_LOSS(span, f"there is no loss `{name}`")


def no_loss(span: Span, train: str) -> Diagnostic:
    return NO_LOSS(span, f"`{train}` has no loss to minimise").suggest("write `loss name = …` in the model")


def no_residual(span: Span, train: str) -> Diagnostic:
    wrong = NO_LOSS(span, f"`{train}` has no residual to fit")
    return wrong.suggest("write `residual name = prediction - target` in the model")


def unknown_residual(span: Span, name: str, known: Collection[str]) -> Diagnostic:
    listed = f"the residuals are {quoted(sorted(known))}" if known else "write `residual name = …` in the model"
    return _unknown_residual(span, name).suggest(did_you_mean(name, known) or listed)


def loss_as_residual(span: Span, name: str) -> Diagnostic:
    wrong = _unknown_residual(span, name)
    return wrong.suggest(f"`{name}` is a loss: name what it is the square of, `residual r = …`, and fit that, `on r`")


def _unknown_residual(span: Span, name: str) -> Diagnostic:
    return UNKNOWN_RESIDUAL(span, f"there is no residual `{name}`")


def which_residual(span: Span, train: str, known: Iterable[str]) -> Diagnostic:
    wrong = WHICH_RESIDUAL(span, f"`{train}` does not say which residuals it fits: there are {quoted(known)}")
    return wrong.suggest("write `on` and their names behind the optimizer; several are fitted together")


def too_many_unknowns(span: Span, train: str, count: int, most: int, size: int, largest: Mapping[str, int]) -> Diagnostic:
    """`size`: bytes of the matrix of its equations. `largest`: numbers of the largest variables, by path."""
    takes = f"`{train}` solves for {count:,} numbers at once, with a matrix of {human(size)}"
    wrong = TOO_MANY_UNKNOWNS(span, f"{takes}: at most {most:,}")
    for path, numbers in islice(largest.items(), SHOWN):
        wrong = wrong.note(f"`{path}` has {numbers:,}")
    return wrong.suggest("fit fewer variables: `over` picks them, and a first-order optimizer can train the rest")


def no_batch(span: Span, train: str, residuals: Iterable[str]) -> Diagnostic:
    return _chunk(span, train, f"no residual along `batch`: {quoted(residuals)}").suggest("leave `chunk` out")


def rows_meet(span: Span, train: str, function: str, place: str) -> Diagnostic:
    """`function` works along the batch on what depends on variables."""
    wrong = _chunk(span, train, f"rows of the batch that meet in `{function}` ({place})")
    return wrong.suggest(
        "leave `chunk` out, or the function; a `BatchNorm` under `with (training = false)` takes its moving moments"
    )


def chunk_of_draws(span: Span, train: str, function: str, place: str) -> Diagnostic:
    """`function` draws behind a variable, or at the steps of a scan."""
    wrong = _chunk(span, train, f"random draws of `{function}` ({place}) behind variables, which are for the whole batch")
    return wrong.suggest("leave `chunk` out, or draw from inputs, before the first layer")


def chunk_of_kept(span: Span, train: str, place: str) -> Diagnostic:
    """A scan that carries starts from a variable."""
    return _chunk(span, train, f"states kept from call to call that start from a variable ({place})").suggest("leave `chunk` out")


def _chunk(span: Span, train: str, has: str) -> Diagnostic:
    return CHUNK(span, f"`{train}` is to take the batch in chunks, but has {has}")


def nothing_to_train(span: Span, train: str, reasons: Mapping[str, str]) -> Diagnostic:
    """`reasons`: why variables that it selects are not trainable, by path."""
    nothing = NOTHING_TO_TRAIN(span, f"`{train}` selects no trainable variable")
    for path, reason in islice(reasons.items(), SHOWN):
        nothing = nothing.note(f"`{path}` is not trainable: {reason}")
    return nothing


def declared_under_training(span: Span) -> Diagnostic:
    wrong = DECLARED_UNDER_TRAINING(span, "nothing may be declared under `if training`")
    return wrong.suggest("the expression `if training then a else b` chooses a value")


def unknown_optimizer(span: Span, what: str, written: str, known: Iterable[str]) -> Diagnostic:
    """`what`: the value in words."""
    return UNKNOWN_OPTIMIZER(span, f"{what} is not an optimizer").suggest(did_you_mean(written, known))


def no_value(span: Span, name: str) -> Diagnostic:
    return NO_VALUE(span, f"the optimizer `{name}` writes no `value`").suggest("write `value <- value - rate * …`")


def write_target(span: Span, name: str, slots: Iterable[str]) -> Diagnostic:
    """`slots`: what can be written beside `value`."""
    known = ["value", *slots]
    wrong = WRITE_TARGET(span, f"`<-` writes `value` or a slot, and `{name}` is neither")
    return wrong.suggest(did_you_mean(name, known) or f"declare a slot, `var {name} ~ zeros`, or define it by `{name} = …`")


def bad_signature(span: Span, signature: str, output: str, known: Iterable[str]) -> Diagnostic:
    wrong = BAD_SIGNATURE(span, f"the signature `{signature}` returns outputs of the model, and `{output}` is none")
    return wrong.suggest(did_you_mean(output, known))
