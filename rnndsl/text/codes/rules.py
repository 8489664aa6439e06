"""What a type rule of an operation finds wrong with its arguments: clauses that `types.mismatch` completes by the operation's name.

`type`, `a`, `b` and the like: types, as they are printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnndsl.text.codes.clauses import Clause
from rnndsl.text.wording import counted, either

# ---------------------------------------------------------------- dims, dtypes and axes


def cannot_broadcast(types: Iterable[object], sizes: Iterable[int]) -> Clause:
    return Clause(f"cannot broadcast {' and '.join(map(str, types))}: the sizes {' and '.join(map(str, sizes))} differ")


def mixed_dtypes(dtypes: Iterable[str]) -> Clause:
    return Clause(f"mixes {' and '.join(dtypes)}: write a `cast`")


def not_floating(dtype: str) -> Clause:
    return Clause(f"needs a floating-point value, not {dtype}: write a `cast`")


def not_numbers() -> Clause:
    return Clause("needs numbers, not bool: write a `cast`")


def not_bool(dtype: str) -> Clause:
    return Clause(f"needs bool, not {dtype}")


def condition_dtype(dtype: str) -> Clause:
    return Clause(f"needs a bool condition, not {dtype}")


def ids_dtype(dtype: str) -> Clause:
    return Clause(f"needs integer ids, not {dtype}")


def lacks_dims(what: str, rank: int, type: object) -> Clause:
    """`what`: the argument, such as kernel; left or right, of an operator."""
    side = f"{what} side" if what in ("left", "right") else what
    return Clause(f"needs its {side} to have {counted(rank, 'trailing dim')}, not {type}")


def no_trailing_dim(dim: int, type: object) -> Clause:
    return Clause(f"has no trailing dim {dim} in {type}")


def lacks_axis(axis: str, type: object) -> Clause:
    return Clause(f"works over `{axis}`, which its argument {type} lacks")


def no_type() -> Clause:
    """Of a leaf, whose type is given."""
    return Clause("has no type that follows from its arguments")


def rate_type(type: object, rate: object) -> Clause:
    return Clause(f"needs a rate that fits into {type}, not {rate}")


def branch_axes(yes: Iterable[str], no: Iterable[str]) -> Clause:
    return Clause(f"needs branches with the same axes, not [{', '.join(yes)}] and [{', '.join(no)}]")


# ---------------------------------------------------------------- shapes


def cannot_join(first: object, other: object) -> Clause:
    return Clause(f"cannot join {first} and {other}: they differ beyond the joined dim")


def no_range(start: int, stop: int, size: int) -> Clause:
    return Clause(f"has no range {start}..{stop} in a dim of {size}")


def no_index(at: int, size: int) -> Clause:
    return Clause(f"has no index {at} in a dim of {size}")


def unlike_arrays(a: object, b: object) -> Clause:
    return Clause(f"needs arrays of one shape, not {a} and {b}")


def too_many_of(k: int, type: object) -> Clause:
    return Clause(f"needs no more than the last dim of {type} has, not {k}")


def cannot_reshape(dims: Sequence[int], type: object, made: int, given: int) -> Clause:
    """`made` and `given`: how many elements each has."""
    return Clause(f"cannot make {list(dims)} of {type}: {made} and {given} elements")


def cannot_widen(type: object, dims: Sequence[int]) -> Clause:
    return Clause(f"cannot widen {type} to {list(dims)}")


def no_dim_for(axis: str, size: int, type: object) -> Clause:
    return Clause(f"needs a first trailing dim of {size} for the axis `{axis}`, not {type}")


def axis_taken(old: str, new: str, type: object) -> Clause:
    return Clause(f"cannot rename `{old}` to `{new}`, which {type} has already")


# ---------------------------------------------------------------- products


def contracts(a: object, last: int, b: object, first: int) -> Clause:
    return Clause(f"contracts the last dim of {a} ({last}) with the first of {b} ({first}), which differ")


def unequal_last(a: object, b: object) -> Clause:
    return Clause(f"needs equal last dims, not {a} and {b}")


def no_equation(written: str) -> Clause:
    return Clause(f'needs an equation such as "ij,jk->ik" over trailing dims, not "{written}"')


def term_count(arguments: int, terms: int, written: str) -> Clause:
    return Clause(f'has {counted(arguments, "argument")} for the {counted(terms, "term")} of "{written}"')


def term_dims(count: int, type: object, term: str) -> Clause:
    return Clause(f'names {counted(count, "dim")} of {type} in "{term}"')


def letter_sizes(letter: str, first: int, second: int) -> Clause:
    return Clause(f"has `{letter}` stand for {first} and for {second}")


def unmade_term(result: str, terms: str) -> Clause:
    return Clause(f'cannot make "{result}" of "{terms}"')


def not_square(type: object) -> Clause:
    return Clause(f"needs a square matrix, not {type}")


def right_rows(rows: int, type: object) -> Clause:
    return Clause(f"needs {counted(rows, 'row')} on its right side, not {type}")


# ---------------------------------------------------------------- convolutions


def no_padding(given: object, known: Sequence[str]) -> Clause:
    return Clause(f"has no padding `{given}`: there are {either([f'`{each}`' for each in known])}")


def no_stride(stride: int) -> Clause:
    return Clause(f"needs a stride from 1 up, not {stride}")


def channels(given: int, type: object, wanted: int, kernel: object) -> Clause:
    return Clause(f"has {counted(given, 'input channel')} in {type} and {wanted} in the kernel {kernel}")


def spatial_dims(type: object, kernel: object, over: str | None) -> Clause:
    """`over`: the axis that is one of the spatial dims, if there is one."""
    counting = f", `{over}` among them," if over else ""
    return Clause(f"needs one to three spatial dims{counting} and a kernel to match, not {type} and {kernel}")


def for_each_width(name: str, given: int, widths: int, kernel: object) -> Clause:
    return Clause(f"takes one {name}, or one for each of the {counted(widths, 'width')} of the kernel {kernel}, not {given}")


def conv_lengths(wanted: object, given: object) -> Clause:
    return Clause(f"takes lengths {wanted}, of the input's other leading axes, not {given}")


def conv_lengths_of_dims() -> Clause:
    return Clause("takes lengths along an axis: write `over = time`, or `over = [time, dims]`")


def conv_by_length(axis: str) -> Clause:
    return Clause(
        f"with the padding `same` and a stride along `{axis}` begins where the longest row has it: write `padding = centred`, "
        "which is each row's own"
    )


def nothing_left(type: object, kernel: object) -> Clause:
    return Clause(f"leaves nothing of {type} under a kernel {kernel} without padding")


def conv_over_axis(axis: str, type: object) -> Clause:
    return Clause(f"over `{axis}` alone takes [channels], not {type}: write `over = [{axis}, dims]`")


def conv_over(written: str) -> Clause:
    return Clause(f"works over one axis, `dims`, or both, `over = [time, dims]`, not `{written}`")


def axis_changes() -> Clause:
    return Clause("changes the length of the axis: name a new one with `to = …`")


def kernel_with_axis(axis: str, kernel: object) -> Clause:
    return Clause(f"needs a kernel that is the same all along `{axis}`, not {kernel}")


# ---------------------------------------------------------------- reductions and losses


def mask_dtype(mask: object) -> Clause:
    return Clause(f"needs a bool mask, not {mask}")


def mask_shape(type: object, wanted: object, mask: object) -> Clause:
    """`wanted`: the widest mask that fits."""
    return Clause(f"needs a mask of {type} that fits into {wanted}, not {mask}")


def label_ids(logits: object, labels: object, dims: Sequence[int]) -> Clause:
    return Clause(f"cannot compare {logits} with labels {labels} (integer labels are ids: trailing dims {list(dims)})")


def label_shares(logits: object, labels: object, dims: Sequence[int]) -> Clause:
    return Clause(f"cannot compare {logits} with labels {labels} (float labels are distributions: trailing dims {list(dims)})")


def delta(value: float) -> Clause:
    return Clause(f"needs a delta above 0, not {value}")


def ctc_logits(type: object) -> Clause:
    return Clause(f"needs logits [batch, time, classes], not {type}")


def ctc_dtypes() -> Clause:
    return Clause("needs integer labels and lengths")


def ctc_lengths(axis: str) -> Clause:
    return Clause(f"needs lengths [{axis}]")
