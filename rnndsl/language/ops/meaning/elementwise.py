"""Elementwise functions that NumPy has not, of arrays that broadcast. Formulas: the rows of `rnndsl.language.ops.elementwise`."""

from __future__ import annotations

import math

import numpy as np

from rnndsl.language.ops.meaning.align import Array

_erf = np.vectorize(math.erf, otypes=[np.float64])


def same(x: Array) -> Array:
    return x


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def relu6(x: Array) -> Array:
    return np.clip(x, 0, 6)


def leaky_relu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * x)


def elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: Array) -> Array:
    """Klambauer et al. 2017, with the constants of their code."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def gelu(x: Array, approximate: bool) -> Array:
    """Hendrycks & Gimpel 2016."""
    if approximate:
        return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    return x * (1 + erf(x / math.sqrt(2))) / 2


def silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.logaddexp(x, np.zeros((), x.dtype))


def softsign(x: Array) -> Array:
    return x / (1 + np.abs(x))


def hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_tanh(x: Array) -> Array:
    return np.clip(x, -1, 1)


def rsqrt(x: Array) -> Array:
    return 1 / np.sqrt(x)


def erf(x: Array) -> Array:
    return _erf(x).astype(x.dtype) if x.size else x


def clip(x: Array, low: Array, high: Array) -> Array:
    return np.minimum(np.maximum(x, low), high)


def floordiv(a: Array, b: Array) -> Array:
    _check_divisor(b)
    return np.floor_divide(a, b)


def mod(a: Array, b: Array) -> Array:
    _check_divisor(b)
    return np.mod(a, b)


def power(a: Array, b: Array) -> Array:
    if np.asarray(b).dtype.kind == "i" and np.any(np.less(b, 0)):
        raise ValueError("raises a whole number to a negative power")
    return np.power(a, b)


def _check_divisor(b: Array) -> None:
    """Whole numbers have no infinity."""
    if np.asarray(b).dtype.kind == "i" and np.any(np.equal(b, 0)):
        raise ValueError("divides a whole number by zero")
