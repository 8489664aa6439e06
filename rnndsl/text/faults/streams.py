"""Why a model has no `stream`: sentences that say it after `the model has no stream:`.

`node` is the name of an operation and `scan` the path of a scan; `place` is where it stands in the text, if it stands there.
"""

from __future__ import annotations

from typing import NewType

from rnndsl.text.wording import at

Reason = NewType("Reason", str)


def no_outputs() -> Reason:
    return Reason("it has no outputs")


def not_scanned(axis: str) -> Reason:
    return Reason(f"nothing in it is scanned over `{axis}`")


def over_axis(node: str, axis: str, place: str) -> Reason:
    return Reason(f"`{node}` works over `{axis}`{at(place)}")


def sees_all(scan: str, axis: str, place: str) -> Reason:
    return Reason(f"each step of `{scan}` sees all of `{axis}`{at(place)}")


def reverse(scan: str, place: str) -> Reason:
    return Reason(f"`{scan}` runs in reverse{at(place)}")


def given_steps(scan: str, place: str) -> Reason:
    return Reason(f"`{scan}` runs a given number of steps{at(place)}")


def needs_an_end(scan: str, place: str) -> Reason:
    return Reason(f"`{scan}` needs the end of another scan at its first step{at(place)}")
