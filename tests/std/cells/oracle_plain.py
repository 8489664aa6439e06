"""Cells without gates, the Legendre memory unit, and decoders over a memory, from their papers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, over_time, relu, sigmoid, softmax, zeros

UNITS = 4
Data = Mapping[str, Array]


def elman(w: Weights, data: Data) -> tuple[Array, States]:
    """Elman 1990."""

    def step(x: Array, h: Array) -> tuple[Array, States]:
        h = sigmoid(x @ w["wx"] + h @ w["wt"] + w["bi"])
        return h, {"h": h}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS))


def irnn(w: Weights, data: Data) -> tuple[Array, States]:
    """Le et al. 2015."""

    def step(x: Array, h: Array) -> tuple[Array, States]:
        h = relu(x @ w["wx"] + h @ w["wt"] + w["bi"])
        return h, {"h": h}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS))


def ind_rnn(w: Weights, data: Data) -> tuple[Array, States]:
    """Li et al. 2018: unit k sees h_k alone."""

    def step(x: Array, h: Array) -> tuple[Array, States]:
        h = relu(x @ w["wx"] + h @ np.diag(w["u"]) + w["bi"])
        return h, {"h": h}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS))


def jordan(w: Weights, data: Data) -> tuple[Array, States]:
    """Jordan 1986: state units with a decay of 0.5 see the past output."""

    def step(x: Array, y: Array, s: Array) -> tuple[Array, States]:
        s = 0.5 * s + y
        hidden = sigmoid(w.affine("hidden", x, s))
        y = sigmoid(w.of_input("readout", hidden))
        return y, {"y": y, "s": s}

    return over_time(step, data["x"], y=zeros(data["x"], 2), s=zeros(data["x"], 2))


def narx(w: Weights, data: Data) -> tuple[Array, States]:
    """Lin et al. 1996: a network of the inputs x[t], x[t-1], x[t-2] and the outputs y[t-1], y[t-2], y[t-3]."""
    x, outputs = data["x"], [zeros(data["x"], 2)] * 3
    inputs = [zeros(x, 3)] * 2 + [x[:, t] for t in range(x.shape[1])]
    for t in range(x.shape[1]):
        seen = np.concatenate(inputs[t : t + 3][::-1], -1)
        fed_back = np.concatenate(outputs[t : t + 3][::-1], -1)
        outputs = [*outputs, w.of_input("readout", np.tanh(w.affine("hidden", seen, fed_back)))]
    return np.stack(outputs[3:], 1), {f"y[{k}]": outputs[-1 - k] for k in range(3)}


def scrn(learn: bool) -> Oracle:
    """Mikolov et al. 2014: s = (1 - alpha) B x + alpha s, h = sigmoid(P s + A x + R h); the learnt alpha is sigmoid(beta)."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        alpha = sigmoid(w["beta"]) if learn else 0.9

        def step(x: Array, h: Array, s: Array) -> tuple[Array, States]:
            s = (1 - alpha) * (x @ w["b"]) + alpha * s
            h = sigmoid(s @ w["p"] + x @ w["a"] + h @ w["r"])
            return np.concatenate([h, s], -1), {"h": h, "s": s}

        return over_time(step, data["x"], h=zeros(data["x"], UNITS), s=zeros(data["x"], 2))

    return oracle


def clockwork(w: Weights, data: Data) -> tuple[Array, States]:
    """Koutník et al. 2014: W_H is block upper triangular, and the rows of modules whose period does not divide t are zeroed."""
    x, periods, size = data["x"], (1, 2, 3), 2
    recurrent = np.zeros((6, 6))
    for k in range(3):
        recurrent[k * size :, k * size : (k + 1) * size] = w[f"module_{k}/wt"]
    kernel = np.concatenate([w[f"module_{k}/wx"] for k in range(3)], -1)
    bias = np.concatenate([w[f"module_{k}/bi"] for k in range(3)])
    h, outputs = zeros(x, 6), []
    for t in range(x.shape[1]):
        works = np.repeat([t % period == 0 for period in periods], size)
        h = np.where(works, np.tanh(x[:, t] @ kernel + h @ recurrent + bias), h)
        outputs.append(h)
    finals = {f"h_{k}": h[:, k * size : (k + 1) * size] for k in range(3)}
    return np.stack(outputs, 1), {**finals, "tick": np.full(x.shape[0], x.shape[1] - 1)}


def lmu(theta: float, zero_order_hold: bool) -> Oracle:
    """Voelker et al. 2019: the matrix exponential by the eigenvectors of A, and B discretised as A^-1 (exp A - 1) B."""

    def discretised(d: int) -> tuple[Array, Array]:
        a, b = np.zeros((d, d)), np.zeros(d)
        for i in range(d):
            b[i] = (2 * i + 1) * (-1.0) ** i / theta
            for j in range(d):
                a[i, j] = (2 * i + 1) / theta * (-1.0 if i < j else (-1.0) ** (i - j + 1))
        if not zero_order_hold:
            return np.eye(d) + a, b
        values, vectors = np.linalg.eig(a)
        exp_a = (vectors @ np.diag(np.exp(values)) @ np.linalg.inv(vectors)).real
        return exp_a, np.linalg.solve(a, (exp_a - np.eye(d)) @ b)

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        a_bar, b_bar = discretised(5)

        def step(x: Array, h: Array, m: Array) -> tuple[Array, States]:
            u = x @ w["ex"] + h @ w["eh"] + m @ w["em"]
            m = m @ a_bar.T + u[:, None] * b_bar
            h = np.tanh(x @ w["wx"] + h @ w["wt"] + m @ w["wm"])
            return h, {"h": h, "m": m}

        return over_time(step, data["x"], h=zeros(data["x"], UNITS), m=zeros(data["x"], 5))

    return oracle


def _weights_of(energy: Array, data: Data, masked: bool) -> Array:
    return softmax(np.where(data["valid"], energy, -np.inf) if masked else energy)


def _additive(w: Weights, path: str, query: Array, memory: Array) -> Array:
    """e_j = v . tanh(W query + U memory_j), place by place."""
    places = [np.tanh(query @ w[f"{path}/query_kernel"] + m @ w[f"{path}/memory_kernel"]) for m in np.moveaxis(memory, 1, 0)]
    return np.stack([place @ w[f"{path}/scale"] for place in places], 1)


def _lstm(w: Weights, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    i, f, o = (sigmoid(w.affine(f"inner/{g}", x, h) + b) for g, b in (("input_gate", 0), ("forget_gate", 1), ("output_gate", 0)))
    c = f * c + i * np.tanh(w.affine("inner/memory_cell", x, h))
    return o * np.tanh(c), c


def bahdanau(masked: bool) -> Oracle:
    """Bahdanau et al. 2015, appendix A.1.2 and A.2.2; W y + C c is one product with [y, c]."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        memory = data["memory"]

        def step(y: Array, s: Array) -> tuple[Array, States]:
            alpha = _weights_of(_additive(w, "alignment", s, memory), data, masked)
            seen = np.concatenate([y, np.einsum("bj,bjm->bm", alpha, memory)], -1)
            z, r = sigmoid(w.affine("update_gate", seen, s)), sigmoid(w.affine("reset_gate", seen, s))
            s = (1 - z) * s + z * np.tanh(w.affine("candidate", seen, r * s))
            return s, {"s": s}

        return over_time(step, data["x"], s=zeros(data["x"], UNITS))

    return oracle


def luong(score: str, feeding: bool, masked: bool) -> Oracle:
    """Luong et al. 2015, equations 5, 7 and 8, over an LSTM."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        memory = data["memory"]

        def energy(h: Array) -> Array:
            if score == "concat":
                return _additive(w, "alignment", h, memory)
            keys = memory @ w["alignment/kernel"] if score == "general" else memory
            return np.einsum("bu,bju->bj", h, keys)

        def step(y: Array, attended: Array, h: Array, c: Array) -> tuple[Array, States]:
            h, c = _lstm(w, np.concatenate([y, attended], -1) if feeding else y, h, c)
            context = np.einsum("bj,bjm->bm", _weights_of(energy(h), data, masked), memory)
            attended = np.tanh(np.concatenate([context, h], -1) @ w["kernel"])
            return attended, {"attended": attended, "h": h, "c": c}

        units = 6 if score == "dot" else UNITS
        start = zeros(data["x"], units)
        outputs, final = over_time(step, data["x"], attended=start, h=start, c=start)
        fed_back = {"attended": final["attended"]} if feeding else {}
        return outputs, {**fed_back, "inner.h": final["h"], "inner.c": final["c"]}

    return oracle


def pointer(masked: bool) -> Oracle:
    """Vinyals et al. 2015, equation 3."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        def step(y: Array, h: Array, c: Array) -> tuple[Array, States]:
            h, c = _lstm(w, y, h, c)
            return _weights_of(_additive(w, "pointer", h, data["memory"]), data, masked), {"h": h, "c": c}

        outputs, final = over_time(step, data["x"], h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))
        return outputs, {"inner.h": final["h"], "inner.c": final["c"]}

    return oracle


GIVEN = "x, given = (memory = memory)"
MASKED = "x, given = (memory = memory, valid = valid)"
CASES = (
    Case("elman", "Elman(4)", elman),
    Case("irnn", "IRNN(4)", irnn),
    Case("ind_rnn", "IndRNN(4)", ind_rnn),
    Case("jordan", "Jordan(4, 2, decay = 0.5)", jordan, "y s"),
    Case("narx", "NARX(4, 2, input_taps = 2, output_taps = 3)", narx, "y[0] y[1] y[2]"),
    Case("scrn", "SCRN(4, 2, alpha = 0.9)", scrn(False), "h s"),
    Case("scrn_decay", "SCRN(4, 2, learn_decay = true)", scrn(True), "h s"),
    Case("clockwork", "Clockwork(6, periods = [1, 2, 3])", clockwork, "h_0 h_1 h_2 tick"),
    Case("lmu", "LMU(4, 5, theta = 6.0)", lmu(6.0, True), "h m"),
    Case("lmu_fast", "LMU(4, 5, theta = 0.7)", lmu(0.7, True), "h m"),
    Case("lmu_euler", 'LMU(4, 5, theta = 40.0, method = "euler")', lmu(40.0, False), "h m"),
    Case("bahdanau", "BahdanauDecoder(4, src, attention = 5)", bahdanau(False), "s", GIVEN),
    Case("bahdanau_masked", "BahdanauDecoder(4, src, attention = 5, masked = true)", bahdanau(True), "s", MASKED),
    Case("luong", "LuongDecoder(4, src)", luong("general", True, False), "attended inner.h inner.c", GIVEN),
    Case(
        "luong_dot", 'LuongDecoder(6, src, score = "dot", input_feeding = false, masked = true)', luong("dot", False, True),
        "inner.h inner.c", MASKED,
    ),
    Case("luong_concat", 'LuongDecoder(4, src, score = "concat")', luong("concat", True, False), "attended inner.h inner.c", GIVEN),
    Case("pointer", "PointerNetwork(4, src)", pointer(False), "inner.h inner.c", GIVEN),
    Case("pointer_masked", "PointerNetwork(4, src, attention = 3, masked = true)", pointer(True), "inner.h inner.c", MASKED),
)  # fmt: skip
