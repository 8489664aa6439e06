"""Names of Python and its libraries, and what they are called here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LIBRARIES = frozenset({"tf", "tensorflow", "keras", "layers", "np", "numpy", "torch", "nn", "F", "jnp", "jax", "lax", "math", "K"})
"""Modules that functions are read from elsewhere."""

_BY_HAND = "write out the equation: "

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "None": "write `none`",
        "null": "write `none`",
        "nil": "write `none`",
        "True": "write `true`",
        "False": "write `false`",
        "self": "what a definition has is read by its name alone",
        "this": "what a definition has is read by its name alone",
        "print": "nothing is printed: make it an `output`",
        "range": "a range is written `0..n`: `for k in 0..n { … }`",
        "enumerate": "`for k in 0..len(list) { … }` counts, and `list[k]` is the item",
        "zip": "`for k in 0..len(list) { … }` counts, and `list[k]` is the item",
        "map": "`for k in 0..n { … }` repeats statements, `scan` a cell over time",
        "lambda": "a function is one expression with a name: `fn f(x) = …`",
        "float": "write `cast(x, f32)`",
        "int": "write `cast(x, i32)`",
        "str": "strings are known at compile time only",
        "list": "a list is written `[a, b]`",
        "dict": "a record is written `(a = x, b = y)`",
        "pi": "write 3.141592653589793",
        "inf": "there is no number for it: a `mask` or `where` leaves values out",
        "nan": "there is no number for it: a `mask` or `where` leaves values out",
        "matmul": "write `a @ b`",
        "mm": "write `a @ b`",
        "bmm": "write `a @ b`",
        "tensordot": "write `a @ b`, or `einsum`",
        "add": "write `a + b`",
        "subtract": "write `a - b`",
        "multiply": "write `a * b`",
        "divide": "write `a / b`",
        "pow": "write `a ** b`",
        "power": "write `a ** b`",
        "round": "write `floor(x + 0.5)`",
        "ceil": "write `-floor(-x)`",
        "concatenate": "write `concat([a, b])`",
        "cat": "write `concat([a, b])`",
        "hstack": "write `concat([a, b])`",
        "vstack": "write `stack([a, b])`",
        "reduce_sum": "write `sum(x, over = …)`",
        "reduce_mean": "write `mean(x, over = …)`",
        "reduce_max": "write `max(x, over = …)`",
        "reduce_min": "write `min(x, over = …)`",
        "reduce_any": "write `any(x, over = …)`",
        "reduce_all": "write `all(x, over = …)`",
        "topk": "write `top_k(x, k)`",
        "sorted": "write `sort(x)`",
        "argsort": "write `top_k(x, n).ids`, from the largest down",
        "logsumexp": "write `log_sum_exp(x)`",
        "reduce_logsumexp": "write `log_sum_exp(x)`",
        "swish": "write `silu(x)`",
        "expand_dims": "axes meet by their names; for a trailing dim of 1 write `reshape`",
        "unsqueeze": "axes meet by their names; for a trailing dim of 1 write `reshape`",
        "squeeze": "write `x[0]` for a trailing dim of 1",
        "embedding_lookup": "write `gather(table, ids)`",
        "mse": _BY_HAND + "`mean(square(a - b))`",
        "mean_squared_error": _BY_HAND + "`mean(square(a - b))`",
        "mae": _BY_HAND + "`mean(abs(a - b))`",
        "mean_absolute_error": _BY_HAND + "`mean(abs(a - b))`",
        "softmax_cross_entropy": "write `cross_entropy(logits, labels)`",
        "categorical_crossentropy": "write `cross_entropy(logits, labels)`",
        "sparse_categorical_crossentropy": "write `cross_entropy(logits, labels)`",
        "CrossEntropyLoss": "write `cross_entropy(logits, labels)`",
        "binary_crossentropy": "write `binary_cross_entropy(logits, labels)`",
        "Linear": "write `Dense(units)`",
        "SimpleRNN": "write `RNN(units)`",
        "Conv1D": "write `conv(x, kernel, over = time)`, with a `param` as kernel",
        "Conv2D": "write `conv(x, kernel)`, with a `param` as kernel",
        "Sequential": "layers are applied one after another: `head(norm(x))`; `Stack([…])` is a cell made of cells",
        "Input": "an input is declared: `input x: f32[batch, 3]`",
        "Parameter": "a variable is declared: `param w: [n]`",
        "Variable": "a variable is declared: `param w: [n]` or `var v: [n]`",
        "placeholder": "an input is declared: `input x: f32[batch, 3]`",
        "Lambda": "a function is one expression with a name: `fn f(x) = …`",
    }
)
"""What helps with a name that nothing defines."""

DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "float": "f32", "float16": "f16", "half": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64", "double": "f64",
        "int": "i32", "int32": "i32", "int64": "i64", "long": "i64", "boolean": "bool", "Tensor": "f32", "tensor": "f32",
    }
)  # fmt: skip
"""Dtypes by their names elsewhere."""

ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "shape": "a dim has a name in the type of a block's input: `input x: [n]`",
        "size": "a dim has a name in the type of a block's input: `input x: [n]`",
        "ndim": "axes and dims are in the type of an input: `f32[batch, time, 3]`",
        "dtype": "the dtype is in the type of an input: `f32[batch, 3]`",
        "T": "write `transpose(x)`",
        "numpy": "values are known when the model runs: make it an `output`",
        "item": "values are known when the model runs: make it an `output`",
        "detach": "write `stop_gradient(x)`",
        "astype": "write `cast(x, f32)`",
        "to": "write `cast(x, f32)`",
        "append": "nothing is changed: write the list out, or equations of a family, `y[k] = …`",
    }
)
"""Attributes of arrays and lists."""
