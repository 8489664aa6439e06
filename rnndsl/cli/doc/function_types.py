"""What each function of the language takes and gives, in words: by its type rule, or by its name where the rule is its own.

`float` is any of f16, bf16, f32, f64; `number` a float, i32 or i64; `ids` i32 or i64. Arguments of one function have one dtype,
and the result has it too unless another is named. Only trailing dims are shown: leading axes meet by name. `[..]` are dims that
are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rnndsl.language.ops.table import Op
from rnndsl.language.rules import products, reductions, shapes
from rnndsl.language.rules import types as rules

_BY_RULE: Mapping[rules.Rule, str] = MappingProxyType(
    {
        rules.FLOAT: "float",
        rules.dropout: "float",
        rules.NUMERIC: "number",
        rules.BOOLEAN: "bool",
        rules.WHERE: "bool, any, any -> any",
        rules.same: "any",
        rules.cast: "any -> dtype",
        products.matmul: "number [.., n], [n, ..] -> [.., ..]",
        products.dot: "number [.., n], [.., n] -> [..]",
        products.outer: "number [i..], [j..] -> [i.., j..]",
        products.inv: "float [.., n, n]",
        products.solve: "float [.., n, n], [n] or [.., n, m] -> that of b",
        products.logdet: "float [.., n, n] -> [..]",
        products.conv: "float [sizes.., in], [widths.., in, out] -> [sizes.., out]",
        shapes.reshape: "any -> any [dims]",
        shapes.transpose: "any [.., n, m] -> [.., m, n]",
        shapes.roll: "any [.., n]",
        shapes.one_hot: "ids [..] -> the model's dtype [.., n]",
        shapes.gather: "any [size, n..], ids [..] -> any [.., n..]",
        shapes.softmax: "float",
        shapes.argmax: "number [.., n] -> i32 [..]",
        shapes.over_axis: "any",
        shapes.categorical: "float [.., n] -> i32 [..]",
        reductions.cross_entropy: "float [.., n], ids [..] or float [.., n] -> float [..]",
        reductions.ctc: "float [batch, time, n], ids, ids [batch], ids [batch] -> float [batch]",
    }
)
_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "sum": "number",
        "mean": "float",
        "min": "number",
        "max": "number",
        "variance": "float",
        "norm": "float",
        "any": "bool",
        "all": "bool",
        "count": "bool -> i32",
        "huber": "float",
        "eye": "-> the model's dtype [n, n]",
    }
)


def types_of(op: Op) -> str:
    """Such as `float [.., n] -> i32 [..]`; a type alone if the result has it too. Empty if nothing is said of the rule yet."""
    return _BY_NAME.get(op.name) or _BY_RULE.get(op.rule, "")
