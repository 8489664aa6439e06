"""Trailing dims: joined, cut, reshaped, looked up; one-hot vectors; softmax and argmax."""

from __future__ import annotations

from typing import Literal

from rnndsl.language.ops.op import Op, Parameter, Trait, tensors, traits
from rnndsl.language.rules import shapes
from rnndsl.language.rules import types as rules
from rnndsl.plan.attributes import Along, Attributes, Dim, Dims, Distinct, Nothing, OneHot, Scatter, Shape, Shifted, ToDType
from rnndsl.plan.indices import Index, Placed

_MOVES = traits("moves")
_VIEW = traits("moves", "view")
_ALONG = (Parameter("x"), Parameter("axis", "int", -1), Parameter("over", "axis", None))


def _structure(
    name: str,
    parameters: tuple[Parameter, ...],
    rule: rules.Rule,
    formula: str,
    types: str = "any",
    *,
    gradient: str = "everywhere",
    symbol: str = "",
    attributes: type[Attributes] = Nothing,
    derivative: str = "",
    traits: frozenset[Trait] = frozenset(),
    inverse: str = "",
    unseen: Literal["", "zeros", "least"] = "",
    parts: str = "",
) -> Op:
    meaning = f".shapes:{name}"
    return Op(
        name,
        "structure",
        parameters,
        rule,
        meaning,
        formula,
        types,
        None,
        gradient,
        symbol,
        attributes,
        derivative,
        traits,
        inverse=inverse,
        unseen=unseen,
        parts=parts,
    )


ROWS: tuple[Op, ...] = (
    _structure(
        "cast",
        (Parameter("x"), Parameter("dtype", "dtype")),
        rules.cast,
        "x in another dtype",
        "any -> dtype",
        gradient="between floats",
        traits=_MOVES,
        attributes=ToDType,
        derivative=".shapes:cast",
    ),
    _structure(
        "concat",
        (Parameter("values", "tensors"), Parameter("axis", "int", -1)),
        shapes.concat,
        "the values joined along a dim",
        traits=_MOVES,
        attributes=Dim,
        derivative=".shapes:concat",
        inverse=".inverse:concat",
    ),
    _structure(
        "stack",
        (Parameter("values", "tensors"),),
        shapes.stack,
        "the values along a new last dim",
        traits=_MOVES,
        derivative=".shapes:stack",
        inverse=".inverse:stack",
    ),
    _structure(
        "index", tensors("x"), shapes.index, "a part of x", symbol="[…]", traits=_VIEW, attributes=Index, derivative=".shapes:index"
    ),
    _structure(
        "reshape",
        (Parameter("x"), Parameter("dims", "dims")),
        shapes.reshape,
        "x with other trailing dims",
        "any -> any [dims]",
        traits=_VIEW,
        attributes=Dims,
        derivative=".shapes:reshape_",
        inverse=".inverse:reshape",
    ),
    _structure(
        "broadcast",
        (Parameter("x"), Parameter("dims", "dims")),
        shapes.broadcast,
        "x with wider trailing dims, and more leading axes",
        traits=_MOVES | traits("internal"),
        attributes=Shape,
        derivative=".shapes:broadcast",
    ),
    _structure(
        "transpose",
        tensors("x"),
        shapes.transpose,
        "x with its last two trailing dims exchanged",
        "any [.., n, m] -> [.., m, n]",
        traits=_VIEW,
        derivative=".shapes:transpose",
        inverse=".inverse:transpose",
    ),
    _structure(
        "roll",
        (Parameter("x"), Parameter("shift", "int", 1)),
        shapes.roll,
        "x[(i - shift) mod n] along the last trailing dim",
        "any [.., n]",
        traits=_MOVES,
        attributes=Shifted,
        derivative=".shapes:roll",
        inverse=".inverse:roll",
    ),
    _structure(
        "place",
        tensors("x"),
        shapes.place,
        "x at a part, zeros elsewhere",
        attributes=Placed,
        traits=_MOVES | traits("selects") | traits("internal"),
        derivative=".shapes:place",
    ),
    _structure(
        "scatter",
        tensors("ids", "rows"),
        shapes.scatter,
        "the sum of the rows of each id",
        attributes=Scatter,
        traits=traits("selects", "internal", "heavy", "can_fail"),
        derivative=".shapes:scatter",
        parts=".parts:summed",
    ),
    _structure(
        "distinct",
        tensors("ids"),
        shapes.distinct,
        "each id that occurs, once",
        attributes=Distinct,
        gradient="none",
        traits=traits("internal"),
    ),
    _structure(
        "rows_of",
        tensors("distinct", "ids", "rows"),
        shapes.rows_of,
        "the sum of the rows of each distinct id",
        attributes=Distinct,
        gradient="none: it is part of a derivative already",
        traits=traits("internal", "heavy"),
    ),
    _structure(
        "with_rows",
        tensors("table", "ids", "rows"),
        shapes.with_rows,
        "the table with other rows in the place of those of some ids",
        gradient="none: what an optimizer writes",
        traits=traits("internal", "heavy"),
    ),
    _structure("zeros_like", tensors("x"), rules.same, "zeros of the type of x", gradient="zero"),
    _structure("ones_like", tensors("x"), rules.same, "ones of the type of x", gradient="zero"),
    _structure(
        "one_hot",
        (Parameter("x", takes="ids"), Parameter("n", "size")),
        shapes.one_hot,
        "1 at the id, else 0",
        "ids [..] -> the model's dtype [.., n]",
        gradient="none",
        attributes=OneHot,
    ),
    _structure(
        "gather",
        (Parameter("table"), Parameter("ids", takes="ids")),
        shapes.gather,
        "rows of table",
        "any [size, n..], ids [..] -> any [.., n..]",
        traits=traits("heavy", "lookup", "can_fail"),
        derivative=".shapes:gather",
    ),
    _structure(
        "softmax",
        _ALONG,
        shapes.softmax,
        "exp(x) / sum(exp(x))",
        "float",
        attributes=Along,
        derivative=".shapes:softmax",
        unseen="least",
    ),
    _structure(
        "log_softmax",
        _ALONG,
        shapes.softmax,
        "x - log(sum(exp(x)))",
        "float",
        attributes=Along,
        derivative=".shapes:log_softmax",
        unseen="least",
    ),
    _structure(
        "argmax",
        _ALONG,
        shapes.argmax,
        "where x is largest, the first of equals",
        "number [.., n] -> i32 [..]",
        gradient="none",
        attributes=Along,
        unseen="least",
    ),
)
