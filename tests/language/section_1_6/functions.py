"""Section 6 as a table: an expression over the inputs of `meaning`, and its value in NumPy."""

from __future__ import annotations

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def sig(x):
    return 1 / (1 + np.exp(-x))


def soft(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def masked_mean(x, mask, axis):
    mask = np.broadcast_to(mask, x.shape)
    return np.where(mask, x, 0).sum(axis) / np.maximum(mask.sum(axis), 1)


def correlate(x, kernel, stride=1, padding="same"):
    """Over the second last dim of x [..., n, in], with kernel [width, in, out]."""
    width, n = len(kernel), x.shape[-2]
    count = (n - width) // stride + 1 if padding == "valid" else -(-n // stride)
    same = max((count - 1) * stride + width - n, 0) // 2
    before = {"same": same, "centred": (width - 1) // 2, "causal": width - 1, "valid": 0}[padding]
    around = [np.zeros((*x.shape[:-2], zeros, x.shape[-1])) for zeros in (before, stride + width)]
    x = np.concatenate([around[0], x, around[1]], -2)
    return np.stack([sum(x[..., k * stride + d, :] @ kernel[d] for d in range(width)) for k in range(count)], -2)


def correlate2(x, kernel, stride=(1, 1), padding=("same", "same")):
    """Over the rows and columns of x [..., rows, columns, in], with kernel [height, width, in, out]."""
    out = 0
    for d in range(len(kernel)):  # each row of the kernel is a convolution over columns, of rows of x moved by d
        alone = np.zeros((len(kernel), x.shape[-1], x.shape[-1]))
        alone[d] = np.eye(x.shape[-1])
        rows = correlate(x.swapaxes(-3, -2), alone, stride[0], padding[0]).swapaxes(-3, -2)
        out = out + correlate(rows, kernel[d], stride[1], padding[1])
    return out


OVER3 = (np.arange(24).reshape(3, 4, 2) % 7) / 4 - 0.75
OVER2 = (np.arange(24).reshape(2, 4, 3) % 5) / 4 - 0.5
PLANE = (np.arange(36).reshape(3, 3, 2, 2) % 7) / 4 - 0.75
"""The kernels of DEFINITIONS."""
OPERATORS = {
    "a + b": lambda v: v.a + v.b,
    "a - b": lambda v: v.a - v.b,
    "a * b": lambda v: v.a * v.b,
    "a / b": lambda v: v.a / v.b,
    "a // b": lambda v: np.floor(v.a / v.b),
    "a % b": lambda v: v.a - v.b * np.floor(v.a / v.b),
    "pos ** a": lambda v: v.pos**v.a,
    "pos ** 2": lambda v: v.pos**2,
    "2 ** a": lambda v: 2.0**v.a,
    "-a ** 2": lambda v: -(v.a**2),
    "2 ** 3 ** 2 * one": lambda v: 512 * v.one,
    "i // j": lambda v: np.floor_divide(v.i, v.j),
    "i % j": lambda v: np.mod(v.i, v.j),
    "i + 1": lambda v: v.i + 1,
    "2 * i - j": lambda v: 2 * v.i - v.j,
    "i ** 2": lambda v: v.i**2,
    "-i": lambda v: -v.i,
    "-a": lambda v: -v.a,
    "a == b": lambda v: v.a == v.b,
    "i == 2": lambda v: v.i == 2,
    "i != j": lambda v: v.i != v.j,
    "a < b": lambda v: v.a < v.b,
    "a <= 0": lambda v: v.a <= 0,
    "a > 0.5": lambda v: v.a > 0.5,
    "i >= j": lambda v: v.i >= v.j,
    "yes == no": lambda v: v.yes == v.no,
    "yes and no": lambda v: v.yes & v.no,
    "yes or no": lambda v: v.yes | v.no,
    "not yes": lambda v: ~v.yes,
    "not yes and no": lambda v: ~v.yes & v.no,
    "a > 0 and b > 0 or yes": lambda v: ((v.a > 0) & (v.b > 0)) | v.yes,
    "yes and true": lambda v: v.yes,
    "a @ w": lambda v: v.a @ v.w,
    "s @ w": lambda v: v.s @ v.w,
    "m @ w": lambda v: v.m @ v.w,
    "a @ free": lambda v: v.a @ v.free,
    "sq @ m": lambda v: v.sq @ v.m,
    "s @ transpose(m)": lambda v: np.einsum("btn,bkn->btk", v.s, v.m),
    "a @ w + 1": lambda v: v.a @ v.w + 1,
    "half + 1.5": lambda v: v.half + np.float16(1.5),
    "half * half": lambda v: v.half * v.half,
    "single / 3": lambda v: v.single / np.float32(3),
    "big + 3": lambda v: v.big + 3,
    "big // 2": lambda v: v.big // 2,
    "cast(i, f64) / 2": lambda v: v.i / 2,
}
AXES = {
    "a + s": lambda v: v.a[:, None] + v.s,
    "s * one": lambda v: v.s * v.one[:, None, None],
    "lone + a": lambda v: v.lone[None] + v.a[:, None],
    "s + h": lambda v: v.s[:, :, None] + v.h[:, None],
    "free + s": lambda v: v.free + v.s,
    "m + a": lambda v: v.m + v.a[:, None],
    "v4 * s": lambda v: v.v4 * v.s,
    "one + 1": lambda v: v.one + 1,
    "sum(s, over = time)": lambda v: v.s.sum(1),
    "sum(s, over = [batch, time])": lambda v: v.s.sum((0, 1)),
    "sum(s, over = [time])": lambda v: v.s.sum(1),
    "sum(s, over = leading)": lambda v: v.s.sum((0, 1)),
    "sum(s, over = last)": lambda v: v.s.sum(-1),
    "sum(s, over = [leading, last])": lambda v: v.s.sum(),
    "sum(s, over = [time, last])": lambda v: v.s.sum((1, 2)),
    "sum(m, over = last)": lambda v: v.m.sum(-1),
    "mean(s, over = batch)": lambda v: v.s.mean(0),
    "min(s, over = last)": lambda v: v.s.min(-1),
    "max(s, over = time)": lambda v: v.s.max(1),
    "variance(s, over = leading)": lambda v: v.s.var((0, 1)),
    "norm(s, over = last)": lambda v: np.sqrt((v.s**2).sum(-1)),
    "any(yes, over = last)": lambda v: v.yes.any(-1),
    "all(yes, over = batch)": lambda v: v.yes.all(0),
    "count(yes, over = [batch, last])": lambda v: v.yes.sum(),
    "sum(i, over = last)": lambda v: v.i.sum(-1),
    "sum(big, over = batch)": lambda v: v.big.sum(0),
    "max(i, over = last)": lambda v: v.i.max(-1),
    "sum(a, mask = yes, over = last)": lambda v: np.where(v.yes, v.a, 0).sum(-1),
    "mean(a, mask = yes, over = last)": lambda v: masked_mean(v.a, v.yes, -1),
    "mean(s, over = time, mask = stack([valid]))": lambda v: masked_mean(v.s, v.valid[..., None], 1),
    "mean(max(s, over = last), over = time, mask = valid)": lambda v: masked_mean(v.s.max(-1), v.valid, 1),
    "max(a, mask = yes, over = leading)": lambda v: np.where(v.yes, v.a, -np.inf).max(0),
    "min(a, mask = yes, over = leading)": lambda v: np.where(v.yes, v.a, np.inf).min(0),
    "any(no, mask = yes, over = last)": lambda v: (v.no & v.yes).any(-1),
    "all(no, mask = yes, over = last)": lambda v: (v.no | ~v.yes).all(-1),
    "count(no, mask = yes, over = last)": lambda v: (v.no & v.yes).sum(-1),
    "norm(a, mask = yes, over = last)": lambda v: np.sqrt(np.where(v.yes, v.a**2, 0).sum(-1)),
    "variance(a, mask = yes, over = last)": lambda v: masked_mean((v.a - masked_mean(v.a, v.yes, -1)[:, None]) ** 2, v.yes, -1),
    "softmax(h, over = src)": lambda v: soft(v.h, 1),
    "log_softmax(h, over = src)": lambda v: np.log(soft(v.h, 1)),
    "argmax(h, over = src)": lambda v: v.h.argmax(1),
    "softmax(where(here, sum(h, over = last), -1e9), over = src)": lambda v: soft(np.where(v.here, v.h.sum(-1), -1e9), 1),
    "shift(s, 1, over = time)": lambda v: np.concatenate([np.zeros_like(v.s[:, :1]), v.s[:, :-1]], 1),
    "shift(s, -1, over = time)": lambda v: np.concatenate([v.s[:, 1:], np.zeros_like(v.s[:, :1])], 1),
    "shift(s, over = time)": lambda v: np.concatenate([np.zeros_like(v.s[:, :1]), v.s[:, :-1]], 1),
    "shift(s, steps = 9, over = time)": lambda v: np.zeros_like(v.s),
    "shift(s, 0, over = time)": lambda v: v.s,
    "position(over = time)": lambda v: np.arange(3),
    "cast(position(over = time), f64) * s[0]": lambda v: np.arange(3) * v.s[..., 0],
    "reverse(s, over = time)": lambda v: v.s[:, ::-1],
    "rename(s, time = frame)": lambda v: v.s,
    "sum(rename(s, time = frame), over = frame)": lambda v: v.s.sum(1),
    "dot(s, rename(s, time = frame))": lambda v: np.einsum("btn,bfn->btf", v.s, v.s),
    "softmax(s, over = time)": lambda v: soft(v.s, 1),
    "s[time = 0]": lambda v: v.s[:, 0],
    "s[time = -1]": lambda v: v.s[:, -1],
    "(s + h)[src = 2]": lambda v: v.s + v.h[:, 2:3],
    "s[time = 1]": lambda v: v.s[:, 1],
    "s[time = 0..2, to = frame]": lambda v: v.s[:, :2],
    "h[src = 0.. by 2, to = frame]": lambda v: v.h[:, ::2],
    "h[src = 1..-1 by 3, to = frame]": lambda v: v.h[:, 1:-1:3],
    "h[src = ..9, to = frame]": lambda v: v.h,
    "h[src = -9..2, to = frame]": lambda v: v.h[:, :2],
    "h[src = 4..1, to = frame]": lambda v: v.h[:, 4:1],
    "window(s, 2, over = time)": lambda v: np.stack([np.concatenate([np.zeros_like(v.s[:, :1]), v.s[:, :-1]], 1), v.s], 2),
    "window(v4[0], 5, over = time)[-1]": lambda v: v.v4[..., 0],
    "window(s, 5, over = time)[0, 0..]": lambda v: np.zeros_like(v.s),
    "cumsum(s, over = time)": lambda v: v.s.cumsum(1),
    "cumsum(i, over = batch)": lambda v: v.i.cumsum(0),
    "log_sum_exp(s, over = [time, last])": lambda v: np.log(np.exp(v.s).sum((1, 2))),
    "log_sum_exp(1000 + a, over = last)": lambda v: 1000 + np.log(np.exp(v.a).sum(-1)),
    "log_sum_exp(a, mask = yes, over = last)": lambda v: np.log(np.where(v.yes, np.exp(v.a), 0).sum(-1)),
}
ELEMENTWISE = {
    "sigmoid(a)": lambda v: sig(v.a),
    "tanh(a)": lambda v: np.tanh(v.a),
    "relu(a)": lambda v: np.maximum(v.a, 0),
    "relu(i)": lambda v: np.maximum(v.i, 0),
    "relu6(4 * a)": lambda v: np.clip(4 * v.a, 0, 6),
    "leaky_relu(a)": lambda v: np.where(v.a > 0, v.a, 0.2 * v.a),
    "leaky_relu(a, alpha = 0.01)": lambda v: np.where(v.a > 0, v.a, 0.01 * v.a),
    "leaky_relu(a, 0.3)": lambda v: np.where(v.a > 0, v.a, 0.3 * v.a),
    "elu(a)": lambda v: np.where(v.a > 0, v.a, np.exp(v.a) - 1),
    "elu(a, alpha = 2)": lambda v: np.where(v.a > 0, v.a, 2 * (np.exp(v.a) - 1)),
    "selu(a)": lambda v: 1.0507009873554805 * np.where(v.a > 0, v.a, 1.6732632423543772 * (np.exp(v.a) - 1)),
    "gelu(a)": lambda v: v.a * 0.5 * (1 + erf(v.a / np.sqrt(2))),
    "gelu(a, approximate = true)": lambda v: 0.5 * v.a * (1 + np.tanh(np.sqrt(2 / np.pi) * (v.a + 0.044715 * v.a**3))),
    "silu(a)": lambda v: v.a * sig(v.a),
    "softplus(a)": lambda v: np.log1p(np.exp(v.a)),
    "softsign(a)": lambda v: v.a / (1 + np.abs(v.a)),
    "hard_sigmoid(3 * a)": lambda v: np.clip(v.a / 2 + 0.5, 0, 1),
    "hard_tanh(a)": lambda v: np.clip(v.a, -1, 1),
    "exp(a)": lambda v: np.exp(v.a),
    "log(pos)": lambda v: np.log(v.pos),
    "log1p(pos)": lambda v: np.log1p(v.pos),
    "sqrt(pos)": lambda v: np.sqrt(v.pos),
    "rsqrt(pos)": lambda v: 1 / np.sqrt(v.pos),
    "square(a)": lambda v: v.a**2,
    "square(i)": lambda v: v.i**2,
    "abs(a)": lambda v: np.abs(v.a),
    "abs(i)": lambda v: np.abs(v.i),
    "sign(a)": lambda v: np.sign(v.a),
    "sign(i)": lambda v: np.sign(v.i),
    "floor(a)": lambda v: np.floor(v.a),
    "sin(a)": lambda v: np.sin(v.a),
    "cos(a)": lambda v: np.cos(v.a),
    "tan(a)": lambda v: np.tan(v.a),
    "atan(a)": lambda v: np.arctan(v.a),
    "atan2(a, b)": lambda v: np.arctan2(v.a, v.b),
    "erf(a)": lambda v: erf(v.a),
    "linear(a)": lambda v: v.a,
    "minimum(a, b)": lambda v: np.minimum(v.a, v.b),
    "minimum(a, 0)": lambda v: np.minimum(v.a, 0),
    "maximum(i, j)": lambda v: np.maximum(v.i, v.j),
    "clip(a, -1, 1)": lambda v: np.clip(v.a, -1, 1),
    "clip(a, low = -0.5, high = b)": lambda v: np.minimum(np.maximum(v.a, -0.5), v.b),
    "clip(i, 0, 3)": lambda v: np.clip(v.i, 0, 3),
    "where(yes, a, b)": lambda v: np.where(v.yes, v.a, v.b),
    "where(yes, 1, 0)": lambda v: np.where(v.yes, 1.0, 0.0),
    "where(yes, a, 0)": lambda v: np.where(v.yes, v.a, 0),
    "where(valid, s[0], 0)": lambda v: np.where(v.valid, v.s[..., 0], 0),
    "where(yes, i, j)": lambda v: np.where(v.yes, v.i, v.j),
    "where(a > b, a, b)": lambda v: np.maximum(v.a, v.b),
    "where(yes, no, false)": lambda v: v.yes & v.no,
    "cast(yes, f64)": lambda v: v.yes.astype(float),
    "cast(a, i32)": lambda v: v.a.astype(np.int32),
    "cast(i, bool)": lambda v: v.i != 0,
    "cast(i, dtype = i64)": lambda v: v.i.astype(np.int64),
    "cast(half, f64)": lambda v: v.half.astype(float),
    "cast(a, bool)": lambda v: v.a != 0,
    "zeros_like(a)": lambda v: np.zeros_like(v.a),
    "ones_like(i)": lambda v: np.ones_like(v.i),
    "stop_gradient(a)": lambda v: v.a,
}
SHAPES = {
    "a[0]": lambda v: v.a[:, 0],
    "a[-1]": lambda v: v.a[:, -1],
    "a[1..3]": lambda v: v.a[:, 1:3],
    "a[1..]": lambda v: v.a[:, 1:],
    "a[..2]": lambda v: v.a[:, :2],
    "a[-2..]": lambda v: v.a[:, -2:],
    "a[0..-1]": lambda v: v.a[:, 0:-1],
    "m[1]": lambda v: v.m[..., 1],
    "m[1, 2]": lambda v: v.m[:, 1, 2],
    "m[1, 0..2]": lambda v: v.m[:, 1, 0:2],
    "m[0..2, -1]": lambda v: v.m[:, 0:2, -1],
    "m[1..][0]": lambda v: v.m[..., 1],
    "image[1, 2..4, 0]": lambda v: v.image[:, 1, 2:4, 0],
    "w[0, 1]": lambda v: v.w[0, 1],
    "(a + b)[2]": lambda v: (v.a + v.b)[:, 2],
    "split(a, 2)[1]": lambda v: v.a[:, 2:],
    "split(m, 3, axis = 0)[2]": lambda v: v.m[:, 2:3],
    "split(m, n = 2, axis = 1)[0]": lambda v: v.m[..., :2],
    "split(m, 3, axis = -2)[0]": lambda v: v.m[:, :1],
    "concat(split(a, 4))": lambda v: v.a,
    "concat([a, b])": lambda v: np.concatenate([v.a, v.b], -1),
    "concat([a, s])": lambda v: np.concatenate([np.broadcast_to(v.a[:, None], v.s.shape), v.s], -1),
    "concat([m, sq])": lambda v: np.concatenate([v.m, v.sq], -1),
    "concat([m, m], axis = 0)": lambda v: np.concatenate([v.m, v.m], 1),
    "concat([m, m], axis = -2)": lambda v: np.concatenate([v.m, v.m], 1),
    "concat([a])": lambda v: v.a,
    "stack([a, b])": lambda v: np.stack([v.a, v.b], -1),
    "stack([a, 0])": lambda v: np.stack([v.a, np.zeros_like(v.a)], -1),
    "stack([one, 1, s[0]])": lambda v: np.stack([np.broadcast_to(v.one[:, None], (2, 3)), np.ones((2, 3)), v.s[..., 0]], -1),
    "stack([a, s])": lambda v: np.stack([np.broadcast_to(v.a[:, None], v.s.shape), v.s], -1),
    "reshape(m, [12])": lambda v: v.m.reshape(2, 12),
    "reshape(m, [2, 6])": lambda v: v.m.reshape(2, 2, 6),
    "reshape(one, [1])": lambda v: v.one.reshape(2, 1),
    "reshape(a, dims = [2, 2])": lambda v: v.a.reshape(2, 2, 2),
    "reshape(v4, [])": lambda v: v.v4[..., 0],
    "transpose(m)": lambda v: v.m.swapaxes(-1, -2),
    "transpose(image)": lambda v: v.image.swapaxes(-1, -2),
    "roll(a, 1)": lambda v: np.roll(v.a, 1, -1),
    "roll(a, -1)": lambda v: np.roll(v.a, -1, -1),
    "roll(m, 5)": lambda v: np.roll(v.m, 5, -1),
    "one_hot(i, 4)": lambda v: (v.i[..., None] == np.arange(4)).astype(float),
    "one_hot(k, n = 3)": lambda v: (v.k[..., None] == np.arange(3)).astype(float),
    "gather(w, ids)": lambda v: v.w[v.ids],
    "gather(table = w, ids = i % 4)": lambda v: v.w[np.mod(v.i, 4)],
    "gather(free, ids)": lambda v: v.free[v.ids],
    "gather(a, ids)": lambda v: np.take_along_axis(v.a, v.ids, 1),
    "gather(m, k % 3)": lambda v: v.m[np.arange(2), v.k % 3],
    "eye(3) @ m": lambda v: v.m,
    "eye(n = 3)": lambda v: np.eye(3),
    "tabulate(2, 3, f)": lambda v: np.array([[0, 1, 2], [10, 11, 12.0]]),
    "tabulate(3, g)": lambda v: np.array([0, 1, 4.0]),
    "tabulate(n = 1, m = 2, f = f)": lambda v: np.array([[0, 1.0]]),
    "tabulate(3, sqrt)": lambda v: np.sqrt(np.arange(3.0)),
    "softmax(a)": lambda v: soft(v.a),
    "softmax(m, axis = 0)": lambda v: soft(v.m, 1),
    "softmax(m, axis = 1)": lambda v: soft(v.m, 2),
    "softmax(m, axis = -2)": lambda v: soft(v.m, 1),
    "log_softmax(a)": lambda v: np.log(soft(v.a)),
    "log_softmax(m, axis = 0)": lambda v: np.log(soft(v.m, 1)),
    "argmax(a)": lambda v: v.a.argmax(-1),
    "argmax(m, axis = 0)": lambda v: v.m.argmax(1),
    "argmax(i)": lambda v: v.i.argmax(-1),
    "cumsum(a)": lambda v: v.a.cumsum(-1),
    "cumsum(m, axis = 0)": lambda v: v.m.cumsum(1),
    "cumsum(i)": lambda v: v.i.cumsum(-1),
    "sort(a)": lambda v: np.sort(v.a),
    "sort(m, axis = 0)": lambda v: np.sort(v.m, 1),
    "sort(i)": lambda v: np.sort(v.i),
    "top_k(s, 2)": lambda v: -np.sort(-v.s)[..., :2],
    "top_k(s, 2).values": lambda v: -np.sort(-v.s)[..., :2],
    "top_k(s, k = 3).ids": lambda v: np.argsort(-v.s)[..., :3],
    "top_k(i, 4).ids": lambda v: np.argsort(-v.i, kind="stable"),
    "top_k(a, 1).ids[0]": lambda v: v.a.argmax(-1),
}
PRODUCTS = {
    "dot(a, b)": lambda v: (v.a * v.b).sum(-1),
    "dot(s, a)": lambda v: np.einsum("btn,bn->bt", v.s, v.a),
    "dot(m, a)": lambda v: np.einsum("bkn,bn->bk", v.m, v.a),
    "dot(i, j)": lambda v: (v.i * v.j).sum(-1),
    "outer(a, b)": lambda v: np.einsum("bi,bj->bij", v.a, v.b),
    "outer(s, a)": lambda v: np.einsum("bti,bj->btij", v.s, v.a),
    "outer(m, a)": lambda v: np.einsum("bki,bj->bkij", v.m, v.a),
    'einsum("ij,jk->ik", m, w)': lambda v: v.m @ v.w,
    'einsum("ij->ji", m)': lambda v: v.m.swapaxes(1, 2),
    'einsum("i,i->", a, s)': lambda v: np.einsum("bn,btn->bt", v.a, v.s),
    'einsum("ii->i", sq)': lambda v: np.einsum("bii->bi", v.sq),
    'einsum("ij, j, j -> i", m, a, b)': lambda v: np.einsum("bij,bj,bj->bi", v.m, v.a, v.b),
    'einsum("ij->", m)': lambda v: v.m.sum((1, 2)),
    "inv(sq)": lambda v: np.linalg.inv(v.sq),
    "sq @ inv(sq)": lambda v: np.broadcast_to(np.eye(3), (2, 3, 3)),
    "solve(sq, m)": lambda v: np.linalg.solve(v.sq, v.m),
    "solve(sq, a[1..])": lambda v: np.linalg.solve(v.sq, v.a[:, 1:, None])[..., 0],
    "solve(sq, s[1..])": lambda v: np.stack([np.linalg.solve(v.sq, v.s[:, t, 1:, None])[..., 0] for t in range(3)], 1),
    "logdet(sq)": lambda v: np.linalg.slogdet(v.sq)[1],
}
LOSSES = {
    "cross_entropy(a, k)": lambda v: -np.log(soft(v.a))[np.arange(2), v.k],
    "cross_entropy(s, ids)": lambda v: -np.take_along_axis(np.log(soft(v.s)), v.ids[..., None], -1)[..., 0],
    "cross_entropy(s, labels = k)": lambda v: -np.log(soft(v.s))[np.arange(2)[:, None], np.arange(3), v.k[:, None]],
    "cross_entropy(a, softmax(b))": lambda v: -(soft(v.b) * np.log(soft(v.a))).sum(-1),
    "cross_entropy(logits = m, labels = softmax(m + 1 * m))": lambda v: -(soft(2 * v.m) * np.log(soft(v.m))).sum(-1),
    "cross_entropy(m, i[1..] % 4)": lambda v: -np.take_along_axis(np.log(soft(v.m)), (v.i[:, 1:] % 4)[..., None], -1)[..., 0],
    "binary_cross_entropy(a, sigmoid(b))": lambda v: -(sig(v.b) * np.log(sig(v.a)) + (1 - sig(v.b)) * np.log(1 - sig(v.a))),
    "binary_cross_entropy(a, 1)": lambda v: -np.log(sig(v.a)),
    "huber(a, b)": lambda v: np.where(np.abs(v.a - v.b) <= 1, (v.a - v.b) ** 2 / 2, np.abs(v.a - v.b) - 0.5),
    "huber(a, b, delta = 0.5)": lambda v: np.where(
        np.abs(v.a - v.b) <= 0.5, (v.a - v.b) ** 2 / 2, 0.5 * (np.abs(v.a - v.b) - 0.25)
    ),
    "huber(a, 0, 2)": lambda v: np.where(np.abs(v.a) <= 2, v.a**2 / 2, 2 * (np.abs(v.a) - 1)),
}
CONVOLUTIONS = {
    "conv(s, over3, over = time)": lambda v: correlate(v.s, OVER3),
    "conv(s, over2, over = time)": lambda v: correlate(v.s, OVER2),
    "conv(x = s, kernel = over3, over = time, stride = 2, to = frame)": lambda v: correlate(v.s, OVER3, 2),
    'conv(s, over3, padding = "valid", over = time, to = frame)': lambda v: correlate(v.s, OVER3, 1, "valid"),
    'conv(s, over3, 1, "same", over = time)': lambda v: correlate(v.s, OVER3),
    "conv(m, over2)": lambda v: correlate(v.m, OVER2),
    "conv(m, over3, stride = 2)": lambda v: correlate(v.m, OVER3, 2),
    'conv(m, over2, 2, "valid")': lambda v: correlate(v.m, OVER2, 2, "valid"),
    "conv(image, plane)": lambda v: correlate2(v.image, PLANE),
    "conv(image, plane, stride = 2)": lambda v: correlate2(v.image, PLANE, (2, 2)),
    'conv(image, plane, padding = "valid")': lambda v: correlate2(v.image, PLANE, padding=("valid", "valid")),
    "conv(image, plane, stride = [1, 3], padding = [causal, valid])": lambda v: correlate2(
        v.image, PLANE, (1, 3), ("causal", "valid")
    ),
    "conv(image, plane * 0.5, over = dims)": lambda v: correlate2(v.image, PLANE * 0.5),
    "conv(long_image, plane, over = [time, dims])": lambda v: correlate2(v.long_image, PLANE),
    "conv(long_image, 2 * plane, over = [time, dims], stride = [1, 2], padding = [causal, centred])": lambda v: correlate2(
        v.long_image, 2 * PLANE, (1, 2), ("causal", "centred")
    ),
    "conv(long_image, plane, over = [time, dims], stride = [2, 1], padding = [centred, valid], to = frame)": lambda v: correlate2(
        v.long_image, PLANE, (2, 1), ("centred", "valid")
    ),
}
DEFINITIONS = """
fn f(i, j) = 10 * i + j
fn g(i) = i ** 2
fn third(i) = i % 7 / 4 - 0.75
fn fifth(i) = i % 5 / 4 - 0.5
const over3 = reshape(tabulate(24, third), [3, 4, 2])
const over2 = reshape(tabulate(24, fifth), [2, 4, 3])
const plane = reshape(tabulate(36, third), [3, 3, 2, 2])
"""
TABLES = {
    "operators": OPERATORS, "axes": AXES, "elementwise": ELEMENTWISE, "shapes": SHAPES, "products": PRODUCTS, "losses": LOSSES,
    "convolutions": CONVOLUTIONS,
}  # fmt: skip
ROWS = {expression: value for table in TABLES.values() for expression, value in table.items()}
