"""Diagnostics of state and time, RNN0401 to RNN0407 and RNN0412 to RNN0415: see `rnndsl.text.codes`. Of scans: `scans`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from rnndsl.text.diagnostics import Code, Diagnostic
from rnndsl.text.source import Span
from rnndsl.text.wording import counted, did_you_mean, quoted

CYCLE = Code("RNN0401", "cycle without a delay")
STATE_WITHOUT_EQUATION = Code("RNN0402", "state without an equation")
BAD_DELAY = Code("RNN0403", "cannot be delayed")
DELAY_STEPS = Code("RNN0404", "bad delay")
STATE_TYPE = Code("RNN0405", "state changes its type")
STEPPED_TWICE = Code("RNN0406", "cell stepped twice")
CELL_OUTSIDE_SCAN = Code("RNN0407", "cell outside of a scan")
UNKNOWN_STATE = Code("RNN0410", "unknown state")
INITIAL_TYPE = Code("RNN0412", "initial value does not fit")
NO_BATCH_STATE = Code("RNN0413", "state outside of a cell")
INITIAL_NOT_CONSTANT = Code("RNN0414", "initial value from a step")
NO_RECURRENT_PRODUCT = Code("RNN0415", "no product of a state")

SHOWN = 12
"""The most names of a cycle that a message shows, and that it shows the places of."""

MAX_DELAY = 1_000
"""The most steps that a state may be read back."""


# ---------------------------------------------------------------- cycles


def cycle_of_definitions(span: Span, names: Sequence[str], places: Mapping[str, Span]) -> Diagnostic:
    """Each of `names` needs the next, the last the first. `places`: of the others than the first."""
    return _cycle(span, "definitions need each other", names, places)


def cycle_in_time(span: Span, names: Sequence[str], places: Mapping[str, Span]) -> Diagnostic:
    """As `cycle_of_definitions`, of equations, which a delay would part."""
    wrong = _cycle(span, "equations need each other at the same time", names, places)
    return wrong.suggest("a delay such as `h[t-1]` breaks a cycle")


def cycle_by_index(span: Span, names: Sequence[str], places: Mapping[str, Span], written: str, name: str) -> Diagnostic:
    """As `cycle_in_time`, where an item of `name` is `written` and a step back may be meant."""
    wrong = _cycle(span, "equations need each other at the same time", names, places)
    return wrong.suggest(f"`{written}` is an item of `{name}`; its value one step back is `{name}[t-1]`")


def _cycle(span: Span, what: str, names: Sequence[str], places: Mapping[str, Span]) -> Diagnostic:
    shown = [f"`{name}`" for name in (*names, names[0])]
    if len(shown) > SHOWN:
        shown[SHOWN // 2 : -SHOWN // 2] = ["…"]
    found = CYCLE(span, f"these {what}: {' → '.join(shown)}")
    for name, place in islice(places.items(), SHOWN - 1):
        found = found.note(f"`{name}` is needed on the way", place)
    return found


# ---------------------------------------------------------------- states and their equations


def state_without_equation(span: Span, name: str) -> Diagnostic:
    return STATE_WITHOUT_EQUATION(span, f"the state `{name}` has no equation `{name} = …`")


def state_type(span: Span, name: str, declared: object, given: object, place: Span) -> Diagnostic:
    """`place`: of the state's declaration."""
    return _changes(span, name, declared, given).note("the state is declared here", place)


def _changes(span: Span, name: str, declared: object, given: object) -> Diagnostic:
    return STATE_TYPE(span, f"the state `{name}` is {declared}, and its equation gives {given}")


def mapped_state_type(span: Span, name: str, declared: object, given: object) -> Diagnostic:
    """What the function of a `map_state` or `map_recurrent` gives."""
    return STATE_TYPE(span, f"the state `{name}` is {declared}, and the function that is mapped over it gives {given}")


def no_recurrent_product(span: Span) -> Diagnostic:
    return NO_RECURRENT_PRODUCT(span, "no product with weights reads a state of this cell, so `map_recurrent` changes nothing")


def state_outside_cell(span: Span, kind: str) -> Diagnostic:
    return NO_BATCH_STATE(span, f"a `state` belongs to a cell, not to a {kind}")


def unknown_state(span: Span | None, name: str, known: Iterable[str]) -> Diagnostic:
    names = list(known)
    wrong = UNKNOWN_STATE(span, f"the cell has no state `{name}`")
    return wrong.suggest(did_you_mean(name, names) or (f"it has {quoted(names)}" if names else None))


# ---------------------------------------------------------------- initial values


def initial_type(span: Span | None, name: str, declared: object, given: object) -> Diagnostic:
    return _initial(span, name, str(declared), f"is {given}")


def initial_count(span: Span, name: str, steps: int, items: int) -> Diagnostic:
    """A list of initial values that has one for each step back, but for a state that is read `steps` back."""
    return _initial(span, name, f"read {counted(steps, 'step')} back", f"has {counted(items, 'item')}")


def random_initial(span: Span, name: str, initializer: str) -> Diagnostic:
    return _initial(span, name, "constant", f"would be drawn by `{initializer}`")


def _initial(span: Span | None, name: str, declared: str, given: str) -> Diagnostic:
    return INITIAL_TYPE(span, f"the state `{name}` is {declared}, and its initial value {given}")


def initial_from_step(span: Span, state: str, name: str, defined: Span | None) -> Diagnostic:
    """An initial value that needs `name`, which only a step knows."""
    wrong = INITIAL_NOT_CONSTANT(
        span, f"the initial value of `{state}` is needed before the first step, and `{name}` is known within one"
    )
    wrong = wrong.note(f"`{name}` is defined here", defined) if defined is not None else wrong
    return wrong.suggest("use numbers and the cell's own params")


# ---------------------------------------------------------------- delays


def delay_outside_cell(span: Span, written: str, steps: int) -> Diagnostic:
    return _delay(span, f"`{written}`").suggest(f"outside of a cell, write `shift({written}, {steps}, over = time)`")


def not_delayed(span: Span, written: str) -> Diagnostic:
    wrong = _delay(span, f"`{written}`")
    return wrong.suggest("states can, and inputs that declare an initial value: `input x: [n] = zeros`")


def state_ahead(span: Span, written: str, layer: str) -> Diagnostic:
    """A state whose size the first application of its cell tells."""
    wrong = BAD_DELAY(span, f"`{written}` cannot be read before `{layer}` is applied: its size is not known by then")
    return wrong.suggest("give the cell its size as an argument")


def further_ahead(span: Span, written: str, layer: str) -> Diagnostic:
    """A state that is read several steps back, or of a single `step`, where its cell is applied later."""
    wrong = BAD_DELAY(span, f"`{written}` is read before `{layer}` is applied, which can be done one step back, in a scan")
    return wrong.suggest("give the application a name, and read the state in what needs that")


def not_made(span: Span, written: str) -> Diagnostic:
    """A state that was read in the past, of a cell that is not applied where that was."""
    wrong = _delay(span, f"`{written}`")
    return wrong.suggest("it is a state of a cell that this one applies itself, once a step")


def input_of_block(span: Span, name: str, kind: str) -> Diagnostic:
    """An input with an initial value where nothing is delayed."""
    return _delay(span, f"the input `{name}` of a {kind}")


def _delay(span: Span, what: str) -> Diagnostic:
    return BAD_DELAY(span, f"{what} cannot be read in the past")


def delay_steps(span: Span, what: str) -> Diagnostic:
    """`what`: the value that counts no steps, in words."""
    return DELAY_STEPS(span, f"a delay is a whole number of steps from 1 up, not {what}")


def delay_too_long(span: Span, steps: int) -> Diagnostic:
    return DELAY_STEPS(span, f"a delay is a whole number of steps from 1 up, not {steps}: at most {MAX_DELAY}")


# ---------------------------------------------------------------- cells and steps


def stepped_twice(span: Span, path: str, first: Span | None) -> Diagnostic:
    """`first`: the other place, if it is in a text of the user's."""
    wrong = STEPPED_TWICE(span, f"the cell `{path}` is applied twice within one step")
    return (
        wrong.suggest("each step of a cell needs a state of its own")
        if first is None
        else wrong.note("the first application is here", first)
    )


def cell_outside_scan(span: Span, path: str) -> Diagnostic:
    return CELL_OUTSIDE_SCAN(span, f"the cell `{path}` is applied outside of a step: use `scan` or `step`")
