"""What each constructor of `rnndsl.text.faults` says, and what provokes it: cases by the name of the constructor.

A case is what goes wrong, done in an empty folder which is the current one, and all that is said of it. That the constructor is
what words it is seen while it is done.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType, ModuleType

import pytest

Case = tuple[Callable[[], object], str]
Cases = Mapping[str, Case]


def constructors(module: ModuleType) -> dict[str, CodeType]:
    """The public functions of a module that word something, by name."""
    own = ((name, x) for name, x in vars(module).items() if inspect.isfunction(x) and x.__module__ == module.__name__)
    words = ("Diagnostic", "Clause", "Fault", "Reason")
    return {name: x.__code__ for name, x in own if not name.startswith("_") and x.__annotations__.get("return") in words}


@contextmanager
def reached(module: ModuleType) -> Iterator[set[str]]:
    """The names of the constructors of `module` that are called in the block."""
    names = {code: name for name, code in constructors(module).items()}
    found: set[str] = set()

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code in names:
            found.add(names[frame.f_code])

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


def provoke(module: ModuleType, cases: Cases, name: str, saying: Callable[[Callable[[], object]], str]) -> None:
    """Do what the case `name` says; `saying` does it and returns what is said. A constructor without a case is a KeyError."""
    act, expected = cases[name]
    with reached(module) as found:
        said = saying(act)
    assert said == expected, said
    assert name in found, found


def every(module: ModuleType, cases: Cases) -> pytest.MarkDecorator:
    """One test for each constructor of `module`; and no case is left over."""
    names = list(constructors(module))
    assert set(cases) <= set(names), set(cases) - set(names)
    return pytest.mark.parametrize("name", names)
