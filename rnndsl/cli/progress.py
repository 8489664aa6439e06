"""How far a run of `rnndsl train` is: a line for each epoch, and at a terminal a bar below them."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping

from rnndsl.cli.saying import say
from rnndsl.text.render.snippet import printable

BAR = 20
"""Characters of a bar."""
PAUSE = 0.1
"""Seconds between two pictures of it."""


def progress(epochs: int, epoch: int, steps: int) -> Lines:
    """For a run of so many `epochs` that starts, or goes on, after `epoch` and `steps`. A bar if standard output is a terminal."""
    kind = Bar if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else Lines
    return kind(epochs, epoch, steps)


class Lines:
    """Prints a line for each epoch: what it gave, how fast it was, and how long the rest will take if nothing stops it."""

    def __init__(self, epochs: int, epoch: int, steps: int) -> None:
        self.epochs = epochs
        self._begin, self._first = time.monotonic(), epoch
        self._last = (self._begin, steps)

    def step(self, epoch: int, done: int, of: int | None, results: Mapping[str, float]) -> None:
        """So many steps of the `epoch` are `done`, `of` all if that is known; `results` of the last one, none before the first."""

    def epoch(self, epoch: int, steps: int, results: Mapping[str, float]) -> None:
        """The `epoch` is over: its `results`, after so many `steps` of the whole run."""
        now, (then, before) = time.monotonic(), self._last
        self._last = (now, steps)
        pace = (steps - before) / max(now - then, 1e-9)
        left = (now - self._begin) / (epoch - self._first) * (self.epochs - epoch)
        say(f"epoch {epoch}/{self.epochs}  {listed(results)}  {pace:.1f} steps/s  {duration(left)} left")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing more is shown."""


class Bar(Lines):
    """And on the last line of a terminal a bar of the epoch that runs."""

    def __init__(self, epochs: int, epoch: int, steps: int) -> None:
        super().__init__(epochs, epoch, steps)
        self._shown = -PAUSE
        self._taken = 0
        self._started: float | None = None

    def step(self, epoch: int, done: int, of: int | None, results: Mapping[str, float]) -> None:
        now = time.monotonic()
        self._taken += bool(done)
        if self._started is None and done:  # the first step is compiled: what it took says nothing about the rest
            self._started, self._taken = now, 0
        if now - self._shown < PAUSE:
            return
        self._shown = now
        whole = "" if of is None else f"/{of}"
        parts = [f"epoch {epoch}/{self.epochs} {_bar(done, of)} {done}{whole}", listed(results), *self._speed(epoch, done, of, now)]
        self._paint("  ".join(filter(None, parts)))

    def epoch(self, epoch: int, steps: int, results: Mapping[str, float]) -> None:
        self._paint("")
        super().epoch(epoch, steps, results)

    def close(self) -> None:
        self._paint("")

    def _speed(self, epoch: int, done: int, of: int | None, now: float) -> list[str]:
        if self._started is None or not self._taken:
            return []
        pace = self._taken / max(now - self._started, 1e-9)
        if of is None:
            return [f"{pace:.1f} steps/s"]
        return [f"{pace:.1f} steps/s", f"{duration((of * (self.epochs - epoch + 1) - done) / pace)} left"]

    def _paint(self, text: str) -> None:
        """`text` in place of what stands on the line."""
        room = shutil.get_terminal_size().columns - 1
        sys.stdout.write(f"\r{printable(text)[:room]}\x1b[K")
        sys.stdout.flush()


def listed(results: Mapping[str, float]) -> str:
    """`loss 0.25  mae 0.4`."""
    return "  ".join(f"{name} {value:.4g}" for name, value in results.items())


def duration(seconds: float) -> str:
    """`34 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _bar(done: int, of: int | None) -> str:
    full = 0 if of is None else BAR * done // of
    return f"[{'#' * full}{'.' * (BAR - full)}]"
