"""TensorFlow's own random numbers, spelled out: what XLA compiles draws them too, and for a part of the rows at a time.

The rule is that of `rnndsl.language.ops.meaning.philox`: Philox 4x32-10 (Salmon et al. 2011), blocks of four words of 32 bits,
under a key and a counter that are made of the stream and the seed. XLA's own draws by that name are others.
"""

from __future__ import annotations

import math
from typing import Any

from rnndsl.backends.tensorflow.tensorflow_module import tf

_SCRAMBLE = 0x02461E293EC8F720
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = 0xFFFFFFFF
_HALF = 32
_BLOCK = 4
_ROUNDS = 10


def uniform(count: Any, stream: int, seed: Any, dtype: Any, start: Any) -> Any:
    """`count` numbers in [0, 1) from the number `start` on, f32 or f64. seed: i64 scalar; count, start: i32."""
    words = 2 if dtype == tf.float64 else 1
    return _fractions(_words(count * words, stream, seed, start * words), dtype)


def normal(count: Any, stream: int, seed: Any, dtype: Any, start: Any) -> Any:
    """The same of the standard normal distribution (Box & Muller 1958): each two numbers are made of two."""
    first = start // 2 * 2
    drawn = tf.reshape(uniform((count + 3) // 2 * 2, stream, seed, dtype, first), [-1, 2])
    radius = tf.sqrt(-2 * tf.math.log(tf.maximum(drawn[:, 0], tf.constant(1e-7, dtype))))
    angle = tf.cast(2 * math.pi * tf.cast(drawn[:, 1], tf.float64), dtype)
    both = tf.reshape(tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], -1), [-1])
    return tf.slice(both, [start - first], [count])


def _words(count: Any, stream: int, seed: Any, start: Any) -> Any:
    """u64 [count], 32 bits of each, from the word `start` on."""
    named = [tf.constant(x, tf.uint64) for x in _halves(stream)]
    scrambled = _block([*named, *_both(tf.bitcast(seed, tf.uint64))], [tf.constant(x, tf.uint64) for x in _halves(_SCRAMBLE)])
    first = start // _BLOCK
    number = tf.cast(tf.range(first, first + count // _BLOCK + 2), tf.uint64)
    blocks = tf.stack(_block([number, tf.zeros_like(number), *scrambled[2:]], scrambled[:2]), -1)
    return tf.slice(tf.reshape(blocks, [-1]), [start - first * _BLOCK], [count])


def _halves(x: int) -> tuple[int, int]:
    return x & _LOW, (x >> _HALF) & _LOW


def _both(x: Any) -> list[Any]:
    """The lower and the upper 32 bits of a u64 tensor, each as one."""
    low = tf.bitwise.bitwise_and(x, tf.constant(_LOW, tf.uint64))
    return [low, tf.bitwise.right_shift(x, tf.constant(_HALF, tf.uint64))]


def _block(counter: list[Any], key: list[Any]) -> list[Any]:
    """Ten rounds of as many blocks as the first word has. Words of 32 bits in u64 tensors that broadcast. A loop, since XLA would
    compute all rounds for each of the four words that come out, and would be long about it."""

    def turn(number: Any, *words: Any) -> Any:
        counter, key = _round(list(words[:4]), list(words[4:]))
        return number + 1, *counter, *key

    def goes_on(number: Any, *_words: Any) -> Any:
        return number < _ROUNDS

    words = [tf.broadcast_to(x, tf.shape(counter[0])) for x in counter]
    return list(tf.while_loop(goes_on, turn, (tf.constant(0), *words, *key))[1:5])


def _round(counter: list[Any], key: list[Any]) -> tuple[list[Any], list[Any]]:
    (a, b, c, d), xor = counter, tf.bitwise.bitwise_xor
    first, second = (_both(x * tf.constant(m, tf.uint64)) for x, m in zip((a, c), _MULTIPLIERS, strict=True))
    later = [_both(k + tf.constant(w, tf.uint64))[0] for k, w in zip(key, _WEYL, strict=True)]
    return [xor(xor(second[1], b), key[0]), second[0], xor(xor(first[1], d), key[1]), first[0]], later


def _fractions(words: Any, dtype: Any) -> Any:
    """Numbers in [0, 1) whose bits are those of `words`."""
    both, either = tf.bitwise.bitwise_and, tf.bitwise.bitwise_or
    if dtype == tf.float64:
        pairs = tf.reshape(words, [-1, 2])
        upper = tf.bitwise.left_shift(both(pairs[:, 0], tf.constant(0xFFFFF, tf.uint64)), tf.constant(_HALF, tf.uint64))
        return tf.bitcast(either(either(upper, pairs[:, 1]), tf.constant(1023 << 52, tf.uint64)), tf.float64) - 1
    bits = tf.cast(both(words, tf.constant(0x7FFFFF, tf.uint64)), tf.uint32)
    return tf.bitcast(either(bits, tf.constant(127 << 23, tf.uint32)), tf.float32) - 1
