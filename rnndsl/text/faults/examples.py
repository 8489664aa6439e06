"""The examples of `rnndsl train`: how they are parted, and how long their sequences are. `axis`: its name; numbers of examples
start at 1."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.text.fault import Fault
from rnndsl.text.wording import counted, did_you_mean, quoted


def no_batch_axis() -> Fault:
    return Fault("no input has the axis `batch`: there are no batches, and nothing to hold out")


def no_examples() -> Fault:
    return Fault("there are no examples: the length along `batch` is 0")


def no_share(text: str) -> Fault:
    return Fault(f"--hold-out wants a number of examples from 1 up, or a share as 20%, not `{text}`")


def nothing_drawn() -> Fault:
    return Fault("--hold-out-random wants --hold-out too: how many examples")


def too_many_held_out(held_out: int, examples: int) -> Fault:
    return Fault(f"{counted(held_out, 'example')} cannot be held out of {examples}")


def none_held_out(percent: int, examples: int) -> Fault:
    return Fault(f"{percent} % of {counted(examples, 'example')} is none to hold out")


def overlapping() -> Fault:
    wrong = "windows are not held out at random: those beside them share their rows"
    return Fault(wrong, "leave --hold-out-random out: the last windows are held out")


def batch_too_large(batch: int, examples: int, held_out: int) -> Fault:
    rest = f", {held_out} being held out" if held_out else ""
    return Fault(f"a batch of {batch} is larger than the data: there are {counted(examples, 'example')}{rest}")


def no_bucket_batch() -> Fault:
    return Fault("--buckets wants --batch too: how many examples a bucket is cut into")


def nothing_to_bucket() -> Fault:
    return Fault("--buckets is of sequences of several lengths", "say which input tells them, by --lengths time=NAME")


def too_many_buckets(buckets: int, examples: int) -> Fault:
    return Fault(f"{buckets} buckets are more than there are examples, {examples}")


# ---------------------------------------------------------------- lengths


def no_length_axis(axis: str, known: Sequence[str]) -> Fault:
    listed = f"the axes of its inputs are {', '.join(known)}" if known else "no input has one but `batch`"
    return Fault(f"no axis `{axis}` has lengths to tell", did_you_mean(axis, known) or listed)


def no_length_input(axis: str, name: str, known: Sequence[str]) -> Fault:
    wrong = f"no input `{name}` tells the lengths along `{axis}`"
    return Fault(wrong, did_you_mean(name, known) or f"the inputs are {quoted(known)}")


def no_lengths(name: str, type: object) -> Fault:
    return Fault(f"`{name}` is {type}: lengths are i32[batch]")


def lacks_lengths(axis: str, shortest: int, longest: int) -> Fault:
    wrong = f"the examples have from {shortest} to {longest} steps along `{axis}`, and no input is told how many"
    return Fault(wrong, f"say which is, by --lengths {axis}=NAME; what is padded is then never seen")


def length_out_of_range(name: str, axis: str, example: int, given: int, there: int) -> Fault:
    return Fault(f"`{name}` of example {example} is {given}, and the data have {there} along `{axis}`")


def uneven(example: int, axis: str, first: str, length: int, name: str, other: int) -> Fault:
    return Fault(f"example {example}: `{first}` has the length {length} along `{axis}`, and `{name}` has {other}")


# ---------------------------------------------------------------- where inputs come from


def no_source(text: str, known: Sequence[str]) -> Fault:
    wrong = f"`{text}` is no source of examples: a file of them ends in {', '.join(known)}"
    module, py, function = text.rpartition(".py:")
    name = module.replace("/", ".").strip(".") if py else "MODULE"
    return Fault(wrong, f"a function that gives them is `{name}:{function if py else 'FUNCTION'}`")


def only_tables(option: str) -> Fault:
    return Fault(f"{option} is of tables with columns: give a .csv or .parquet as FILE")


def beside(name: str, type: object, source: str) -> Fault:
    return Fault(f"`{name}` is {type}: what has `batch` comes from `{source}`, as all examples do")


def no_windows(source: str) -> Fault:
    return Fault(f"`{source}` gives examples as they are: nothing to cut into windows", "leave --window out")


def no_series(name: str, type: object, given: Sequence[int]) -> Fault:
    """`given`: the shape of an array that windows are cut from."""
    wrong = f"`{name}` is {type}; windows are cut from rows of it, and not from an array of shape [{', '.join(map(str, given))}]"
    return Fault(wrong)


# ---------------------------------------------------------------- remarks on a run that is well


def between(examples: int) -> Fault:
    is_ = "is" if examples == 1 else "are"
    return Fault(f"{counted(examples, 'window')} before those held out {is_} not trained on: they forecast rows that those do")
