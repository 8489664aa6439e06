"""Operations of the plan as NumPy functions: elementwise, reductions, and those on the trailing dims of one position."""

from __future__ import annotations

import math

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])

UNARY = {
    "linear": lambda x: x, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6), "silu": lambda x: x / (1 + np.exp(-x)), "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + np.abs(x)), "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1), "erf": _erf,
    "hard_tanh": lambda x: np.clip(x, -1, 1), "exp": np.exp, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "square": np.square, "abs": np.abs, "sign": np.sign, "floor": np.floor, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "atan": np.arctan, "neg": np.negative, "not": np.logical_not, "stop_gradient": lambda x: x,
    "zeros_like": np.zeros_like, "ones_like": np.ones_like,
}  # fmt: skip
ELEMENTWISE = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "floordiv": np.floor_divide, "mod": np.mod,
    "pow": np.power, "minimum": np.minimum, "maximum": np.maximum, "atan2": np.arctan2, "eq": np.equal, "ne": np.not_equal,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "and": np.logical_and, "or": np.logical_or,
    "where": np.where, "clip": np.clip,
}  # fmt: skip
REDUCTIONS = {
    "sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max, "variance": np.var, "any": np.any, "all": np.all,
    "count": np.sum, "norm": lambda x, axis: np.sqrt(np.sum(np.square(x), axis=axis)),
}  # fmt: skip
ACTIVATIONS = {
    "leaky_relu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x, approximate: (
        x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2 if approximate else x * (1 + _erf(x / 2**0.5)) / 2
    ),
}
"""Elementwise, with attributes."""


def _index(node, x):
    key = tuple(slice(None) if i[0] == "all" else slice(i[1], i[2]) if i[0] == "range" else i[1] for i in node.attrs["items"])
    return x[key]


def _stack(node, *parts):
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def _cross_entropy(node, logits, labels):
    logs = logits - logits.max(-1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(-1, keepdims=True))
    if labels.dtype.kind == "f":
        return -np.sum(labels * logs, -1)
    return -np.take_along_axis(logs, labels[..., None].astype(int), -1)[..., 0]


def _conv(node, x, kernel):
    """Cross-correlation over the dims of x before its last; "same" pads less at the start than at the end."""
    widths, stride = kernel.shape[:-2], node.attrs.get("stride", 1)
    if node.attrs.get("padding", "same") == "same":
        needed = [max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in zip(x.shape, widths, strict=False)]
        x = np.pad(x, [*((p // 2, p - p // 2) for p in needed), (0, 0)])
    sizes = [(n - k) // stride + 1 for n, k in zip(x.shape, widths, strict=False)]
    out = np.zeros((*sizes, kernel.shape[-1]), np.result_type(x, kernel))
    for at in np.ndindex(*widths):
        part = x[tuple(slice(a, a + stride * (n - 1) + 1, stride) for a, n in zip(at, sizes, strict=True))]
        out += part @ kernel[at]
    return out


POSITION = {
    "conv": _conv,
    "matmul": lambda node, x, w: np.tensordot(x, w, 1),
    "dot": lambda node, a, b: np.sum(a * b, -1),
    "outer": lambda node, a, b: np.multiply.outer(a, b),
    "einsum": lambda node, *xs: np.einsum(node.attrs["equation"], *xs),
    "concat": lambda node, *xs: np.concatenate(xs, node.attrs["dim"]),
    "stack": _stack,
    "index": _index,
    "reshape": lambda node, x: x.reshape(node.attrs["dims"]),
    "transpose": lambda node, x: np.swapaxes(x, -1, -2),
    "roll": lambda node, x: np.roll(x, node.attrs["shift"], -1),
    "one_hot": lambda node, x: np.equal(x[..., None], np.arange(node.attrs["n"])),
    "gather": lambda node, table, ids: table[ids],
    "inv": lambda node, a: np.linalg.inv(a),
    "solve": lambda node, a, b: np.linalg.solve(a, b),
    "logdet": lambda node, a: np.linalg.slogdet(a)[1],
    "cross_entropy": _cross_entropy,
    "huber": lambda node, a, b: np.where(
        np.abs(a - b) <= node.attrs["delta"], (a - b) ** 2 / 2, node.attrs["delta"] * (np.abs(a - b) - node.attrs["delta"] / 2)
    ),
    "binary_cross_entropy": lambda node, x, y: np.logaddexp(0, x) - y * x,
}
