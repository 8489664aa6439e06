"""Diagnostics of state and time: see `rnndsl.text.codes`."""

from __future__ import annotations

from rnndsl.text.diagnostics import Code

CYCLE = Code("RNN0401", "cycle without a delay", "these {what}: {cycle}")
STATE_WITHOUT_EQUATION = Code("RNN0402", "state without an equation", "the state `{name}` has no equation `{name} = …`")
BAD_DELAY = Code("RNN0403", "cannot be delayed", "{what} cannot be read in the past")
DELAY_STEPS = Code("RNN0404", "bad delay", "a delay is a whole number of steps from 1 up, not {what}")
STATE_TYPE = Code("RNN0405", "state changes its type", "the state `{name}` is {declared}, and its equation gives {given}")
STEPPED_TWICE = Code("RNN0406", "cell stepped twice", "the cell `{path}` is applied twice within one step")
CELL_OUTSIDE_SCAN = Code(
    "RNN0407", "cell outside of a scan", "the cell `{path}` is applied outside of a step: use `scan` or `step`"
)
NOT_A_CELL = Code("RNN0408", "not a cell", "`{function}` runs a cell, not {what}")
SCAN_AXIS = Code("RNN0409", "no such axis to scan", "the scan goes along `{axis}`, which {what} lacks")
UNKNOWN_STATE = Code("RNN0410", "unknown state", "the cell has no state `{name}`")
SCAN_OPTION = Code("RNN0411", "scan option does not fit", "`{option}` {problem}")
INITIAL_TYPE = Code("RNN0412", "initial value does not fit", "the state `{name}` is {declared}, and its initial value {given}")
NO_BATCH_STATE = Code("RNN0413", "state outside of a cell", "a `state` belongs to a cell, not to a {kind}")
NO_RECURRENT_PRODUCT = Code(
    "RNN0415", "no product of a state", "no product with weights reads a state of this cell, so `map_recurrent` changes nothing"
)
INITIAL_NOT_CONSTANT = Code(
    "RNN0414",
    "initial value from a step",
    "the initial value of `{state}` is needed before the first step, and {what} is known within one",
)
