"""Products and linear algebra."""

from __future__ import annotations

from rnndsl.language.ops.op import Op, Parameter, tensors, traits
from rnndsl.language.rules import products
from rnndsl.plan.attributes import Conv, Einsum

_PRODUCT = traits("product", "heavy")
_OF_MATRIX = traits("heavy", "can_fail")

MATMUL = Op(
    "matmul",
    "binary",
    tensors("a", "b"),
    products.matmul,
    ".products:matmul",
    "the last trailing dim of a contracted with the first of b",
    "number [.., n], [n, ..] -> [.., ..]",
    symbol="@",
    traits=_PRODUCT,
)
ROWS: tuple[Op, ...] = (
    MATMUL,
    Op(
        "dot",
        "binary",
        tensors("a", "b"),
        products.dot,
        ".products:dot",
        "the sum of a * b over the last trailing dim",
        "number [.., n], [.., n] -> [..]",
        traits=_PRODUCT,
    ),
    Op(
        "outer",
        "binary",
        tensors("a", "b"),
        products.outer,
        ".products:outer",
        "a[i] * b[j]",
        "number [i..], [j..] -> [i.., j..]",
    ),
    Op(
        "einsum",
        "structure",
        (Parameter("equation", "string"), Parameter("operands", "tensors")),
        products.einsum,
        ".products:einsum",
        "Einstein's sum over trailing dims",
        traits=_PRODUCT,
        attributes=Einsum,
    ),
    Op(
        "inv",
        "structure",
        tensors("a"),
        products.inv,
        ".products:inv",
        "the inverse matrix",
        "float [.., n, n]",
        traits=_OF_MATRIX,
    ),
    Op(
        "solve",
        "structure",
        tensors("a", "b"),
        products.solve,
        ".products:solve",
        "x with a x = b",
        "float [.., n, n], [n] or [.., n, m] -> that of b",
        traits=_OF_MATRIX,
    ),
    Op(
        "logdet",
        "structure",
        tensors("a"),
        products.logdet,
        ".products:logdet",
        "log |det a|",
        "float [.., n, n] -> [..]",
        traits=_OF_MATRIX,
    ),
    Op(
        "conv",
        "structure",
        (
            *tensors("x", "kernel"),
            Parameter("stride", "int", 1),
            Parameter("padding", "string", "same"),
            Parameter("over", "axis", None),
            Parameter("to", "axis", None),
        ),
        products.conv,
        ".convolution:conv",
        "cross-correlation with kernel [widths.., in, out]",
        "float [sizes.., in], [widths.., in, out] -> [sizes.., out]",
        traits=_PRODUCT,
        attributes=Conv,
    ),
)
