"""Random numbers as pure functions of a stream, a seed and a place: Philox 4x32-10 (Salmon et al. 2011).

The stream and the seed are scrambled by one Philox block under a fixed key: its first two words are the key of the draws, its last
two the upper half of their counter. Blocks of four words then follow each other; a f32 has 23 bits of one word, a f64 52 bits of
two. So `tf.random.stateless_uniform` and `stateless_normal` with `alg="philox"` draw, and so do the artefacts of rnndsl.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rnndsl.language.ops.meaning.align import Array

_SCRAMBLE = 0x02461E293EC8F720
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_STEP = 6364136223846793005
"""An odd constant of a 64-bit linear congruential generator (Knuth, MMIX): products of small numbers with it lie far apart."""


def mix(seed: int, step: int) -> int:
    """A seed for step `step` within `seed`, modulo 2 ** 64."""
    return (seed * _STEP + step + 1) % 2**64


def uniform(shape: Sequence[int], stream: int, seed: int, wide: bool) -> Array:
    """Uniform in [0, 1), in f64 if `wide`, else in f32."""
    return _fractions(_words(stream, seed, math.prod(shape) * (2 if wide else 1)), wide)[: math.prod(shape)].reshape(shape)


def normal(shape: Sequence[int], stream: int, seed: int, wide: bool) -> Array:
    """Standard normal (Box & Muller 1958), in f64 if `wide`, else in f32."""
    drawn = _fractions(_words(stream, seed, math.prod(shape) * (2 if wide else 1)), wide)
    dtype = drawn.dtype
    radius = np.sqrt(-2 * np.log(np.maximum(drawn[0::2], dtype.type(1e-7))))
    angle = (2 * math.pi * drawn[1::2].astype(np.float64)).astype(dtype)
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], -1).reshape(-1)[: math.prod(shape)].reshape(shape)


def _words(stream: int, seed: int, count: int) -> Array:
    """At least `count` words of 32 bits, whole blocks of four."""
    start = np.array([[*_halves(stream), *_halves(seed)]], np.uint64)
    scrambled = [int(x) for x in _block(start, _halves(_SCRAMBLE))[0]]
    counters = np.zeros((-(-count // 4), 4), np.uint64)
    number = np.arange(len(counters), dtype=np.uint64)
    counters[:, 0], counters[:, 1] = number & _LOW, number >> _HALF
    counters[:, 2:] = scrambled[2:]
    return _block(counters, (scrambled[0], scrambled[1])).reshape(-1)


def _halves(x: int) -> tuple[int, int]:
    """The lower and the upper 32 bits of `x` modulo 2 ** 64."""
    return x % 2**32, (x >> 32) % 2**32


def _block(counters: Array, key: tuple[int, int]) -> Array:
    """Ten rounds. counters: words [n, 4], in 64 bits each, as is the result."""
    a, b, c, d = (counters[:, i] for i in range(4))
    low, high = key
    for _ in range(10):
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (second >> _HALF) ^ b ^ np.uint64(low), second & _LOW, (first >> _HALF) ^ d ^ np.uint64(high), first & _LOW
        low, high = (low + _WEYL[0]) % 2**32, (high + _WEYL[1]) % 2**32
    return np.stack([a, b, c, d], -1)


def _fractions(words: Array, wide: bool) -> Array:
    """Numbers in [0, 1) whose bits are those of `words`."""
    if not wide:
        bits = (words & np.uint64(0x7FFFFF)).astype(np.uint32)
        return (bits | np.uint32(127 << 23)).view(np.float32) - np.float32(1)
    bits = ((words[0::2] & np.uint64(0xFFFFF)) << _HALF) | words[1::2]
    return (bits | np.uint64(1023 << 52)).view(np.float64) - 1.0
