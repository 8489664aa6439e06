"""Diagnostics of variables, initialisers and selectors: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

SELECTS_NOTHING = Code("RNN0301", "selector without a match", "`{pattern}` selects no variable")
TWO_INITIALIZERS = Code("RNN0302", "two initialisers", "two selectors give `{path}` different initialisers")
BAD_INITIALIZER = Code("RNN0304", "initialiser does not fit", "`{name}` cannot initialise `{path}`: {problem}")
NOTHING_INHERITED = Code(
    "RNN0305", "nothing to inherit", "`{path}` asks for the inherited initialiser, and no `with (init = …)` encloses it"
)
FREEZES_VAR = Code(
    "RNN0306",
    "selector of params matches a var",
    "`{pattern}` selects no param: `freeze`, `unfreeze` and `rate` work on params alone",
)
UNKNOWN_DEFAULT = Code("RNN0307", "unknown default", "`with` has no default `{name}`")
BAD_DEVICE = Code("RNN0309", "not a device", "{name} is not the name of a device")
BAD_RATE = Code("RNN0308", "rate out of range", "a rate factor is a number from 0 up, not {what}")
