"""Runs of `rnndsl train`: what is trained, the examples, the file that a run goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault
from rnndsl.text.wording import did_you_mean, quoted


def no_training(model: str) -> Fault:
    return Fault(f"nothing trains `{model}`", "write `train NAME = adam()` into it")


def no_train(name: str, known: Sequence[str]) -> Fault:
    return Fault(f"no `train {name}`", did_you_mean(name, known) or f"there are {', '.join(known)}")


def which_train(known: Sequence[str]) -> Fault:
    return Fault(f"there are the trainings {', '.join(known)}", "choose one by --train NAME")


def not_positive(option: str, given: int) -> Fault:
    return Fault(f"{option} wants a number from 1 up, not {given}")


def negative(option: str, given: int) -> Fault:
    return Fault(f"{option} wants a number from 0 up, not {given}")


def patience_alone() -> Fault:
    """Also said of a result to watch."""
    return Fault("only what is held out can be watched", "hold the last examples out by --hold-out N")


def unwatched(name: str, known: Sequence[str]) -> Fault:
    return Fault(f"`evaluate` gives no `{name}`", did_you_mean(name, known) or f"it gives {', '.join(known)}")


def which_way(name: str, said: str) -> Fault:
    """`said`: what stands for the direction."""
    wrong = f"`{said}` is no direction" if said else f"`{name}` is no loss: nothing says whether it is to be low or high"
    return Fault(wrong, f"--watch {name}:min, or --watch {name}:max")


def nothing_to_watch(known: Sequence[str]) -> Fault:
    wrong = "no loss tells the best epoch on what is held out"
    return Fault(wrong, f"--watch {known[0]}:min, or --watch {known[0]}:max" if known else "train without --hold-out")


def evaluate_takes_more(signature: str, names: Sequence[str]) -> Fault:
    wrong = f"nothing can be held out: `evaluate` takes {quoted(names)} too, which `{signature}` does not"
    return Fault(wrong, "train without --hold-out")


def not_finite(signature: str, loss: float, epoch: int, step: int) -> Fault:
    wrong = f"the loss of `{signature}` is {loss} at step {step} of epoch {epoch}"
    if epoch == 1:
        return Fault(wrong, "look for it in the data, or lower the rate")
    return Fault(wrong, f"the same command with --resume --epochs {epoch - 1} writes the values of the epoch before")


def no_checkpoint(path: PurePath) -> Fault:
    return Fault(f"`{path}` is no state of a training of rnndsl")


def nothing_to_resume(path: PurePath) -> Fault:
    return Fault(f"there is nothing to resume: no `{path}`", "leave --resume out")


def would_be_lost(path: PurePath) -> Fault:
    wrong = f"`{path}` has the state of a run that did not end, which this one would overwrite"
    return Fault(wrong, "--resume goes on from it; to begin anew, remove the file")


def other_run(path: PurePath, differing: Sequence[str]) -> Fault:
    """`differing`: what is not as it was, in words."""
    wrong = f"`{path}` is of a run of which {' and '.join(differing)} differed"
    return Fault(wrong, "give what it had; to begin anew, remove the file")


# ---------------------------------------------------------------- a remark on a run that is interrupted


def resumable(path: PurePath) -> Fault:
    return Fault(f"`{path}` has the last state that was kept: the same command with --resume goes on from there")
