"""Random draws, spelled out: Philox as in `rnndsl.language.ops.meaning.philox`, so that a module draws what an artefact draws.

Words of 32 bits are held in i64: a product of two keeps its 64 bits there, and a shift brings zeros.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rnndsl.backends.stablehlo.frame import Frame, Lower, Operand
from rnndsl.backends.stablehlo.ops.reductions import argmax
from rnndsl.backends.stablehlo.writer import Shape, Tensor
from rnndsl.plan.attributes import Draw
from rnndsl.plan.model import Node

_SCRAMBLE = 0x02461E293EC8F720
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = 0xFFFFFFFF
_STEP = 6364136223846793005
_BELOW_ONE = {"f16": 1 - 2.0**-11, "bf16": 1 - 2.0**-8}
"""The numbers of half precision next to 1."""


def mix(f: Frame, seed: Tensor, step: Tensor) -> Tensor:
    """A seed for step `step` (i32 []) within `seed`: i64 []."""
    scaled = f.op("multiply", seed, f.filled(_STEP, seed))
    return f.op("add", f.op("add", scaled, f.cast(step, "i64")), f.filled(1, seed))


def _low(f: Frame, x: Tensor) -> Tensor:
    return f.op("and", x, f.filled(_LOW, x))


def _high(f: Frame, x: Tensor) -> Tensor:
    return f.op("shift_right_logical", x, f.filled(32, x))


def _block(f: Frame, counter: Sequence[Tensor], key: Sequence[Tensor]) -> list[Tensor]:
    """Ten rounds of words [n] and a key of scalars."""

    def turn(_: Tensor, carried: Sequence[Tensor]) -> list[Tensor]:
        (a, b, c, d), keys = carried[:4], carried[4:]
        first, second = (f.op("multiply", x, f.filled(m, x)) for x, m in zip((a, c), _MULTIPLIERS, strict=True))
        wide = [f.spread(x, a.shape, []) for x in keys]
        words = [
            f.op("xor", f.op("xor", _high(f, second), b), wide[0]),
            _low(f, second),
            f.op("xor", f.op("xor", _high(f, first), d), wide[1]),
            _low(f, first),
        ]
        later = [_low(f, f.op("add", x, f.filled(w, x))) for x, w in zip(keys, _WEYL, strict=True)]
        return [*words, *later]

    return f.writer.loop(10, [*counter, *key], turn)[:4]


def _words(f: Frame, stream: int, seed: Tensor, blocks: int) -> Tensor:
    """i64 [blocks, 4]."""

    def known(x: int) -> list[Tensor]:
        return [f.writer.constant(half, "i64") for half in (x & _LOW, (x >> 32) & _LOW)]

    scrambled = _block(f, [*known(stream), _low(f, seed), _high(f, seed)], known(_SCRAMBLE))
    number = f.iota((blocks,), 0, "i64")
    upper = [f.spread(x, number.shape, []) for x in scrambled[2:]]
    words = _block(f, [_low(f, number), _high(f, number), *upper], scrambled[:2])
    return f.concatenate([f.reshape(x, (blocks, 1)) for x in words], 1)


def _fractions(f: Frame, stream: int, seed: Tensor, count: int, *, wide: bool) -> Tensor:
    """At least `count` numbers in [0, 1), an even number of them."""
    words = _words(f, stream, seed, max(-(-count * (2 if wide else 1) // 4), 1))
    if not wide:
        bits = f.cast(f.op("and", words, f.filled(0x7FFFFF, words)), "i32")
        found = f.bits(f.op("or", bits, f.filled(127 << 23, bits)), "f32")
    else:
        pairs = f.reshape(words, (words.shape[0] * 2, 2))
        first, second = (f.slice(pairs, 1, i, i + 1) for i in range(2))
        upper = f.op("shift_left", f.op("and", first, f.filled(0xFFFFF, first)), f.filled(32, first))
        found = f.bits(f.op("or", f.op("or", upper, second), f.filled(1023 << 52, upper)), "f64")
    found = f.reshape(found, (math.prod(found.shape),))
    return f.op("subtract", found, f.filled(1, found))


def uniform(f: Frame, shape: Shape, stream: int, seed: Tensor, *, wide: bool) -> Tensor:
    """In f64 if `wide`, else in f32."""
    count = math.prod(shape)
    return f.reshape(f.slice(_fractions(f, stream, seed, count, wide=wide), 0, 0, count), shape)


def normal(f: Frame, shape: Shape, stream: int, seed: Tensor, *, wide: bool) -> Tensor:
    """Box & Muller 1958: each two numbers are made of two."""
    count = math.prod(shape)
    drawn = _fractions(f, stream, seed, count, wide=wide)
    pairs = f.reshape(drawn, (drawn.shape[0] // 2, 2))
    first, second = (f.slice(pairs, 1, i, i + 1) for i in range(2))
    logs = f.op("log", f.op("maximum", first, f.filled(1e-7, first)))
    radius = f.op("sqrt", f.op("multiply", f.filled(-2, logs), logs))
    turns = f.cast(second, "f64")
    angle = f.cast(f.op("multiply", f.filled(2 * math.pi, turns), turns), drawn.dtype)
    both = f.concatenate([f.op("multiply", f.op(way, angle), radius) for way in ("sine", "cosine")], 1)
    return f.reshape(f.slice(f.reshape(both, drawn.shape), 0, 0, count), shape)


def _drawn(f: Frame, node: Node, shape: Shape) -> Tensor:
    return uniform(f, shape, node.told(Draw).stream, _seed(f, node), wide=node.type.dtype == "f64")


def _seed(f: Frame, node: Node) -> Tensor:
    seed = f.seed if node.told(Draw).each_step else f.sequence_seed
    assert seed is not None  # a function that draws has one
    return seed


def dropout(f: Frame, node: Node, x: Operand, rate: Operand) -> Tensor:
    """x * keep / (1 - rate), keep with probability 1 - rate; a rate of 1 gives zeros."""
    value, chance = f.fit(x, node.type), f.fit(rate, node.type)
    shared = node.told(Draw).shared
    places = [1 if axis == shared else f.sizes[axis] for axis in node.type.axes]
    drawn = _drawn(f, node, (*places, *node.type.dims))
    whole = f.widen(drawn, value.shape)
    keep = f.cast(f.compare("GE", whole, f.cast(chance, whole.dtype)), value.dtype)
    kept = f.op("subtract", f.filled(1, chance), chance)
    some = f.compare("GT", kept, f.filled(0, kept))
    scale = f.select(some, f.op("divide", f.filled(1, kept), f.select(some, kept, f.filled(1, kept))), f.filled(0, kept))
    return f.op("multiply", f.op("multiply", value, keep), scale)


def bernoulli(f: Frame, node: Node, p: Operand) -> Tensor:
    drawn = _drawn(f, node, p.tensor.shape)
    return f.compare("LT", drawn, f.cast(p.tensor, drawn.dtype))


def random_uniform(f: Frame, node: Node, like: Operand) -> Tensor:
    """A half-precision number that would be rounded up to 1 is the next one below."""
    drawn = _drawn(f, node, like.tensor.shape)
    if node.type.dtype not in _BELOW_ONE:
        return drawn
    return f.op("minimum", f.cast(f.cast(drawn, node.type.dtype), "f32"), f.filled(_BELOW_ONE[node.type.dtype], drawn))


def random_normal(f: Frame, node: Node, like: Operand) -> Tensor:
    return normal(f, like.tensor.shape, node.told(Draw).stream, _seed(f, node), wide=node.type.dtype == "f64")


def categorical(f: Frame, node: Node, logits: Operand) -> Tensor:
    """argmax(logits + Gumbel noise), Gumbel 1954."""
    wide = logits.tensor.dtype == "f64"
    drawn = uniform(f, logits.tensor.shape, node.told(Draw).stream, _seed(f, node), wide=wide)
    inner = f.op("negate", f.op("log", f.op("maximum", drawn, f.filled(1e-30, drawn))))
    noise = f.op("negate", f.op("log", inner))
    return argmax(f, f.op("add", f.cast(logits.tensor, drawn.dtype), noise), len(drawn.shape) - 1)


LOWERINGS: Mapping[str, Lower] = {
    "dropout": dropout,
    "bernoulli": bernoulli,
    "random_uniform": random_uniform,
    "random_normal": random_normal,
    "categorical": categorical,
}
