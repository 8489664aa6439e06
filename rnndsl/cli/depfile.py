"""Rules for make and ninja: which files an artefact was made from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rnndsl.cli.parser import UsageError
from rnndsl.regular import replacing
from rnndsl.text.faults.command import no_depfile_form

_UNWRITABLE = re.compile(r"[\t\r\n]")
_SPECIAL = re.compile(r"(\\*)([ #:])")


def depfile_text(targets: Sequence[Path], files: Sequence[Path]) -> str:
    """A rule: `targets` depend on `files`. Raises UsageError for a name that no rule can hold.

    ninja wants the targets that its own rule has, and no others; make the first of them.
    """
    for path in (*targets, *files):
        if _UNWRITABLE.search(str(path)):
            raise UsageError(no_depfile_form(path))
    near = [_near(file) for file in files]
    rule = f"{' '.join(map(_escaped, targets))}: {' '.join(map(_escaped, near))}\n"
    # A file that is gone must not stop make: each is a target of its own, without a rule. With a `%` it would be a pattern.
    return rule + "".join(f"\n{_escaped(file)}:\n" for file in near if "%" not in str(file))


def write_depfile(path: Path, text: str) -> None:
    """Write a rule to `path`, whose folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _near(path: Path) -> Path:
    """`path` relative to the current folder, where it is below it: so rules name their files."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _escaped(path: Path) -> str:
    """Of backslashes before a sign that is escaped, each is doubled; others stand for themselves."""
    text = _SPECIAL.sub(lambda found: f"{found[1] * 2}\\{found[2]}", str(path))
    return text.replace("$", "$$")
