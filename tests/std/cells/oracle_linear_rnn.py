"""Recurrences that are linear in their past from their papers, and their parallel forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, over_time, sigmoid, summed, zeros

UNITS = 4
Data = Mapping[str, Array]


# ---------------------------------------------------------------- gated


def rg_lru(w: Weights, data: Data) -> tuple[Array, States]:
    """De et al. 2024, equations 1 to 4."""

    def step(x: Array, h: Array) -> tuple[Array, States]:
        r, i = sigmoid(w.of_input("recurrence_gate", x)), sigmoid(w.of_input("input_gate", x))
        a = sigmoid(w["decay"]) ** (8 * r)
        h = a * h + np.sqrt(1 - a**2) * (i * x)
        return h, {"h": h}

    return over_time(step, data["x"], h=zeros(data["x"], 3))


def rg_lru_at_once(w: Weights, data: Data) -> Array:
    x = data["x"]
    r, i = sigmoid(w.of_input("recurrence_gate", x)), sigmoid(w.of_input("input_gate", x))
    log_a = 8 * r * np.log(sigmoid(w["decay"]))
    return summed(log_a, np.sqrt(1 - np.exp(2 * log_a)) * i * x)


# ---------------------------------------------------------------- in logarithms


def positive(x: Array) -> Array:
    """g of Feng et al. 2024, appendix B."""
    return np.where(x >= 0, x + 0.5, sigmoid(x))


def log_min_gru(w: Weights, data: Data) -> tuple[Array, States]:
    def step(x: Array, h: Array) -> tuple[Array, States]:
        z = sigmoid(w.of_input("update_gate", x))
        h = (1 - z) * h + z * positive(w.of_input("candidate", x))
        return h, {"h": h}

    outputs, final = over_time(step, data["x"], h=zeros(data["x"], UNITS) + 0.5)
    return outputs, {"log_h": np.log(final["h"])}


def log_min_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    def step(x: Array, h: Array) -> tuple[Array, States]:
        f, i = sigmoid(w.of_input("forget_gate", x)), sigmoid(w.of_input("input_gate", x))
        h = f / (f + i) * h + i / (f + i) * positive(w.of_input("candidate", x))
        return h, {"h": h}

    outputs, final = over_time(step, data["x"], h=zeros(data["x"], UNITS) + 0.5)
    return outputs, {"log_h": np.log(final["h"])}


def scanned_in_logarithms(log_keep: Array, log_written: Array) -> Array:
    """The parallel scan of appendix B, by cumulative sums: h = exp(a + log(cumsum(exp(log b - a)))), a = cumsum(log_keep)."""
    kept = np.pad(np.cumsum(log_keep, 1), [(0, 0), (1, 0), (0, 0)])
    first = np.full_like(log_written[:, :1], np.log(0.5))
    return np.exp(kept + np.logaddexp.accumulate(np.concatenate([first, log_written], 1) - kept, 1))[:, 1:]


def log_min_gru_at_once(w: Weights, data: Data) -> Array:
    z = sigmoid(w.of_input("update_gate", data["x"]))
    return scanned_in_logarithms(np.log(1 - z), np.log(z) + np.log(positive(w.of_input("candidate", data["x"]))))


def log_min_lstm_at_once(w: Weights, data: Data) -> Array:
    f, i = (sigmoid(w.of_input(gate, data["x"])) for gate in ("forget_gate", "input_gate"))
    written = np.log(i / (f + i)) + np.log(positive(w.of_input("candidate", data["x"])))
    return scanned_in_logarithms(np.log(f / (f + i)), written)


# ---------------------------------------------------------------- RWKV


def keys_values_receptances(w: Weights, x: Array) -> list[Array]:
    """Peng et al. 2023, section 3.1: each input is mixed with the one before."""
    before = np.pad(x, [(0, 0), (1, 0), (0, 0)])[:, :-1]
    return [(w[f"mix_{name}"] * x + (1 - w[f"mix_{name}"]) * before) @ w[f"w{name}"] for name in "kvr"]


def rwkv(w: Weights, data: Data) -> tuple[Array, States]:
    """The recurrence with plain sums; at the end these are brought to the largest of their weights."""
    fall = np.exp(w["decay"])

    def step(k: Array, v: Array, r: Array, a: Array, b: Array, p: Array) -> tuple[Array, States]:
        wkv = (a + np.exp(w["bonus"] + k) * v) / (b + np.exp(w["bonus"] + k))
        a, b = (np.exp(-fall) * past + np.exp(k) * new for past, new in ((a, v), (b, 1)))
        return (sigmoid(r) * wkv) @ w["wo"], {"a": a, "b": b, "p": np.maximum(p - fall, k)}

    zero = zeros(data["x"], 3)
    outputs, final = over_time(step, tuple(keys_values_receptances(w, data["x"])), a=zero, b=zero, p=zero - 6e4)
    return outputs, {"a": final["a"] / np.exp(final["p"]), "b": final["b"] / np.exp(final["p"]), "p": final["p"]}


def rwkv_at_once(w: Weights, data: Data) -> Array:
    """The weighted average as the attention that it is: a softmax over the past."""
    k, v, r = keys_values_receptances(w, data["x"])
    steps = np.arange(k.shape[1])
    since = (steps[:, None] - steps)[..., None]
    energy = np.where(since == 0, k[:, None] + w["bonus"], k[:, None] - (since - 1) * np.exp(w["decay"]))
    energy = np.where(since < 0, -np.inf, energy)
    weights = np.exp(energy - energy.max(2, keepdims=True))
    wkv = np.einsum("btsn,bsn->btn", weights / weights.sum(2, keepdims=True), v)
    return (sigmoid(r) * wkv) @ w["wo"]


# ---------------------------------------------------------------- RetNet


class Heads:
    """Sun et al. 2023, equation 5: queries, keys (complex, the second half of a head's units imaginary) and values, by heads."""

    def __init__(self, w: Weights, x: Array, count: int) -> None:
        self.w, self.x, self.count = w, x, count
        self.q, self.k = (self.complex(self.of(name)) for name in ("wq", "wk"))
        self.v = self.of("wv")
        half = self.q.shape[-1]
        self.k = self.k / np.sqrt(2 * half)
        self.turn = np.exp(1j * 10000.0 ** (-np.arange(half) / half))
        self.gamma = 1 - 2.0 ** (-5 - np.arange(count))

    def of(self, kernel: str) -> Array:
        y = self.x @ self.w[kernel]
        return y.reshape(*y.shape[:-1], self.count, -1)

    @staticmethod
    def complex(parts: Array) -> Array:
        real, imag = np.split(parts, 2, -1)
        return real + 1j * imag

    def out(self, read: Array) -> Array:
        """Equation 8: each head is normed, all are gated."""
        centred = read - read.mean(-1, keepdims=True)
        normed = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        y = normed.reshape(*normed.shape[:-2], -1) * self.w["norm/gamma"] + self.w["norm/beta"]
        gate = self.x @ self.w["wg"]
        return (gate * sigmoid(gate) * y) @ self.w["wo"]


def retention(heads: int) -> Oracle:
    """Equation 6."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        h = Heads(w, data["x"], heads)
        state, reads = np.zeros((*h.k[:, 0].shape, h.v.shape[-1]), complex), []
        for n in range(h.x.shape[1]):
            q, k = (part[:, n] * h.turn**n for part in (h.q, h.k))
            state = h.gamma[:, None, None] * state + k[..., None] * h.v[:, n][..., None, :]
            reads.append(np.einsum("bhd,bhde->bhe", q.conj(), state).real)
        final = {"s": np.concatenate([state.real, state.imag], -2), "tick": np.full(len(h.x), h.x.shape[1] - 1)}
        return h.out(np.stack(reads, 1)), final

    return oracle


def retention_at_once(heads: int) -> Callable[[Weights, Data], Array]:
    """Equation 5: (Q K* . D) V, which knows of two steps only how far they are apart."""

    def outputs(w: Weights, data: Data) -> Array:
        h = Heads(w, data["x"], heads)
        steps = np.arange(h.x.shape[1])
        since = steps[:, None] - steps
        decay = np.where(since < 0, 0, h.gamma[:, None, None] ** np.maximum(since, 0))
        scores = np.einsum("bnhd,bmhd,nmd->bhnm", h.q, h.k.conj(), h.turn ** since[..., None]).real
        return h.out(np.einsum("bhnm,bmhe->bnhe", scores * decay, h.v))

    return outputs


CASES = tuple(
    replace(case, module="std.linear_rnn")
    for case in (
        Case("rg_lru", "RGLRU()", rg_lru, parallel=rg_lru_at_once),
        Case("log_min_gru", "LogMinGRU(4)", log_min_gru, "log_h", parallel=log_min_gru_at_once),
        Case("log_min_lstm", "LogMinLSTM(4)", log_min_lstm, "log_h", parallel=log_min_lstm_at_once),
        Case("rwkv", "RWKVTimeMix(index = 1, layers = 3)", rwkv, "a b p", parallel=rwkv_at_once),
        Case("retention", "Retention(8, heads = 2)", retention(2), "s tick", parallel=retention_at_once(2)),
        Case("retention_whole", "Retention(4, expand = 1)", retention(1), "s tick", parallel=retention_at_once(1)),
    )
)
