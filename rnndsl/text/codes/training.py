"""Diagnostics of training, collections and updates: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

UNKNOWN_COLLECTION = Code("RNN0501", "unknown collection", "`{name}` is not a collection")
UPDATE_TARGET = Code("RNN0502", "update of something else", "an update writes a `var`, or a `param` declared `frozen`, not {what}")
UPDATE_TYPE = Code("RNN0503", "update of another type", "`{path}` is {declared}, and its update gives {given}")
UNKNOWN_LOSS = Code("RNN0504", "unknown loss", "there is no loss `{name}`")
NO_LOSS = Code("RNN0505", "nothing to minimise", "`{name}` has no loss to minimise")
NOTHING_TO_TRAIN = Code("RNN0506", "nothing to train", "`{name}` selects no trainable variable")
UPDATES_LEFT_OUT = Code("RNN0507", "updates left out", "`{order}` leaves out {count} update ops", "warning")
DECLARED_UNDER_TRAINING = Code("RNN0508", "declared under training", "nothing may be declared under `if training`")
UNKNOWN_OPTIMIZER = Code("RNN0509", "not an optimizer", "{what} is not an optimizer")
NOT_YET = Code("RNN0510", "not yet", "{what} is not in this version of rnndsl yet")
BAD_SIGNATURE = Code(
    "RNN0511", "signature of something else", "the signature `{name}` returns outputs of the model, and `{output}` is none"
)
EMPTY_COLLECTION = Code("RNN0512", "empty collection", "the collection `{name}` holds no variables")
COLLECTION_KIND = Code(
    "RNN0514", "collection of something else", "the collection `{name}` holds {holds}, and this puts {kind} into it"
)
DECLARED_COLLECTION = Code("RNN0513", "collection declared twice", "the collection `{name}` is predeclared")
