"""Faults of a command, of its data or of a file, which are no findings about a spec: what is said of one, and the error that
carries it.

Each is made by a constructor in `rnndsl.text.faults`, which is given names, types and numbers; the place where it is found raises
an error with it and puts no words together.
"""

from __future__ import annotations

from rnndsl.records import Immutable, record


@record
class Fault(Immutable):
    """What is wrong, and perhaps a line that tells how to mend it."""

    message: str
    help: str | None = None

    def suggest(self, text: str | None) -> Fault:
        """This fault with a `help` line; unchanged if `text` is None."""
        return self if text is None else Fault(self.message, text)

    def __str__(self) -> str:
        """Both in one line, for an error in Python."""
        return "; ".join(filter(None, (self.message, self.help)))


class FaultError(Exception):
    """What cannot go on because of a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault

    def __str__(self) -> str:
        return str(self.fault)


class CallError(FaultError, ValueError):
    """A function of a model cannot be called so, or fails on the values that it is given."""


class WorkerError(CallError):
    """A worker that trains together with this one is gone."""


class LittleMemoryError(FaultError, MemoryError):
    """A function of a model needs more memory than there is."""
