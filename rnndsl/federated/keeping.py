"""What each client keeps from round to round: a file a client, replaced as a whole, of one round and of the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from rnndsl.arrays.state import read_state, write_state
from rnndsl.arrays.values import Array, DataError
from rnndsl.text.fault import CallError
from rnndsl.text.faults import federated as faults

_BEFORE, _NOW = "before", "now"

Values = Mapping[str, Array]


class Keeping:
    """The files of clients in `folder`, which are of one `run`, by what decides its numbers.

    A file has what its client kept after a round and what it had before. A round that was broken off is done again, and those who
    had been through it start from what they had before, so that it ends as if nothing had happened.
    """

    def __init__(self, folder: Path, run: Mapping[str, object]) -> None:
        self._folder, self._run = folder, run

    def rounds(self, client: str) -> int:
        """The last round that `client` has been through; 0 if none. Raises as `before`."""
        path = self._path(client)
        return read_state(path, self._run, faults.other_run)[0]["round"] if path.exists() else 0

    def before(self, client: str, number: int) -> Values | None:
        """What `client` has before round `number`; None if that is its first.

        Raises CallError for a client without a name, DataError if its file is of another run, of a later round, or damaged.
        """
        path = self._path(client)
        if not path.exists():
            return None
        told, groups = read_state(path, self._run, faults.other_run)
        if told["round"] > number:
            raise DataError(faults.ahead(path, told["round"], number))
        return groups.get(_BEFORE if told["round"] == number else _NOW)

    def write(self, client: str, number: int, before: Values | None, now: Values) -> None:
        """Keep what `client` has after round `number`, and had before it. Raises DataError if the file cannot be written."""
        told = {"run": dict(self._run), "round": number}
        write_state(self._path(client), told, {_BEFORE: before or {}, _NOW: now})

    def _path(self, client: str) -> Path:
        if not client:
            raise CallError(faults.nameless())
        return self._folder / f"{quote(client, safe='')}.npz"
