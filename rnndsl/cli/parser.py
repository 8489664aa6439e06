"""Command lines: an argument parser whose errors suggest the option that was meant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from rnndsl.text.fault import FaultError
from rnndsl.text.faults import command as faults

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class UsageError(FaultError):
    """The command line is wrong, or names a file that cannot be used: exit status 2."""


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UsageError`, takes no abbreviations and knows `--traceback`."""

    def __init__(self, prog: str, description: str | None = None, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)
        self.add_argument("--traceback", action="store_true", help="show the Python traceback of a bug of rnndsl")

    def error(self, message: str) -> NoReturn:
        raise UsageError(faults.refused(self.prog, message))

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print it; argparse's own would keep silent if that fails."""
        (file or sys.stdout).write(self.format_help())

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """The arguments `argv`. Raises UsageError; SystemExit for `--help`."""
        if "" in argv or any("\0" in argument for argument in argv):
            raise UsageError(faults.empty_argument(self.prog))
        unknown = self._unknown_option(argv)
        if unknown is not None:
            known = [o for action in self._actions for o in action.option_strings]
            raise UsageError(faults.no_option(self.prog, unknown, known))
        parse = self.parse_known_args if "--" in argv else self.parse_known_intermixed_args  # the latter forgets a `--`
        arguments, extra = parse(argv)
        if extra:
            raise UsageError(faults.unexpected(self.prog, extra[0]))
        return arguments

    def _unknown_option(self, argv: Sequence[str]) -> str | None:
        known = {o for action in self._actions for o in action.option_strings}
        for argument in argv:
            if argument == "--":
                return None
            name = argument.split("=", 1)[0]
            if name.startswith("--") and name not in known:
                return name
        return None


def add_format(parser: Parser, *choices: str) -> None:
    """The option `--format`."""
    parser.add_argument("--format", choices=choices, default=choices[0], help=f"how to print: {', '.join(choices)}")


def add_settings(parser: Parser) -> None:
    """The options that choose a model and set its parameters."""
    parser.add_argument("--model", metavar="NAME", help="the model of a spec that has several")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], dest="settings", help="set a parameter of the model"
    )


def add_sizes(parser: Parser) -> None:
    """The option `--sizes`."""
    parser.add_argument("--sizes", metavar="AXIS=N,…", action="append", default=[], help="the sizes of axes, for --emit stablehlo")


def sizes_of(given: Sequence[str]) -> dict[str, int]:
    """`["batch=32,time=100"]` as a dict. Raises UsageError."""
    found: dict[str, int] = {}
    for axis, text in pairs("--sizes", [part for each in given for part in each.split(",")]).items():
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise UsageError(faults.no_whole_size(f"{axis}={text}"))
        found[axis] = int(text)
    return found


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """`["a=1", "b=2"]` as a dict. Raises UsageError for what is not of this form or names one thing twice."""
    result: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(faults.no_pair(option, text))
        if name in result:
            raise UsageError(faults.set_twice(option, name))
        result[name] = value
    return result
