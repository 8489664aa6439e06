"""Kinds of LSTM, from their papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, convolve, layer_norm, over_time, sigmoid, zeros

UNITS = 4
Data = Mapping[str, Array]


def peephole_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """Gers & Schmidhuber 2000; a bias of 1 is added to the forget gate."""

    def step(x: Array, h: Array, c: Array) -> tuple[Array, States]:
        i = sigmoid(w.affine("input_gate", x, h) + w["input_gate/wc"] * c)
        f = sigmoid(w.affine("forget_gate", x, h) + w["forget_gate/wc"] * c + 1)
        c = f * c + i * np.tanh(w.affine("memory_cell", x, h))
        o = sigmoid(w.affine("output_gate", x, h) + w["output_gate/wc"] * c)
        h = o * np.tanh(c)
        return h, {"h": h, "c": c}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))


def projected_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """Sak et al. 2014: LSTMP with recurrent (2) and non-recurrent (3) projection."""

    def step(x: Array, r: Array, c: Array) -> tuple[Array, States]:
        i = sigmoid(w.affine("input_gate", x, r) + w["input_gate/wc"] * c)
        f = sigmoid(w.affine("forget_gate", x, r) + w["forget_gate/wc"] * c + 0.5)
        c = f * c + i * np.tanh(w.affine("memory_cell", x, r))
        o = sigmoid(w.affine("output_gate", x, r) + w["output_gate/wc"] * c)
        m = o * np.tanh(c)
        r, p = m @ w["wr"], m @ w["wp"]
        return np.concatenate([r, p], -1), {"r": r, "c": c}

    return over_time(step, data["x"], r=zeros(data["x"], 2), c=zeros(data["x"], UNITS))


def plain_projected_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """The same without peepholes and without the second projection."""

    def step(x: Array, r: Array, c: Array) -> tuple[Array, States]:
        i, f, o = (sigmoid(w.affine(g, x, r) + b) for g, b in (("input_gate", 0), ("forget_gate", 1), ("output_gate", 0)))
        c = f * c + i * np.tanh(w.affine("memory_cell", x, r))
        r = (o * np.tanh(c)) @ w["wr"]
        return r, {"r": r, "c": c}

    return over_time(step, data["x"], r=zeros(data["x"], 2), c=zeros(data["x"], UNITS))


def coupled_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """Greff et al. 2017: CIFG, f = 1 - i, in an LSTM with peepholes."""

    def step(x: Array, h: Array, c: Array) -> tuple[Array, States]:
        i = sigmoid(w.affine("input_gate", x, h) + w["input_gate/wc"] * c)
        f = 1 - i
        c = np.tanh(w.affine("memory_cell", x, h)) * i + c * f
        o = sigmoid(w.affine("output_gate", x, h) + w["output_gate/wc"] * c)
        h = np.tanh(c) * o
        return h, {"h": h, "c": c}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))


def layer_norm_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """Ba et al. 2016, equations 20 to 22."""

    def ln(name: str, a: Array) -> Array:
        return layer_norm(a, w[f"{name}/gamma"], w[f"{name}/beta"], 1e-5)

    def step(x: Array, h: Array, c: Array) -> tuple[Array, States]:
        f, i, o, g = np.split(ln("norm_h", h @ w["wt"]) + ln("norm_x", x @ w["wx"]) + w["bi"], 4, -1)
        c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(ln("norm_c", c))
        return h, {"h": h, "c": c}

    return over_time(step, data["x"], h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))


def phased_lstm(w: Weights, data: Data) -> tuple[Array, States]:
    """Neil et al. 2016, equations 1, 2, 4 and 6 to 10, with r_on, tau and s of each unit."""
    tau, s, r_on, alpha = w["period"], w["shift"], w["open"], 0.01

    def gate(now: Array) -> Array:
        phi = np.mod(now[:, None] - s, tau) / tau
        k = alpha * phi
        k = np.where((0.5 * r_on < phi) & (phi < r_on), 2 - 2 * phi / r_on, k)
        return np.where(phi < 0.5 * r_on, 2 * phi / r_on, k)

    def step(x: Array, now: Array, h: Array, c: Array) -> tuple[Array, States]:
        k = gate(now)
        i = sigmoid(w.affine("input_gate", x, h) + w["input_gate/wc"] * c)
        f = sigmoid(w.affine("forget_gate", x, h) + w["forget_gate/wc"] * c)
        c_tilde = f * c + i * np.tanh(w.affine("memory_cell", x, h))
        c = k * c_tilde + (1 - k) * c
        o = sigmoid(w.affine("output_gate", x, h) + w["output_gate/wc"] * c)
        h = k * o * np.tanh(c_tilde) + (1 - k) * h
        return h, {"h": h, "c": c}

    return over_time(step, (data["x"], data["times"]), h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))


def slstm(heads: int, forget: Callable[[Array], Array]) -> Oracle:
    """Beck et al. 2024, equations 8 to 14, without the stabiliser; equation 15 says by what it scales c and n."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        size = UNITS // heads

        def affine(gate: str, x: Array, h: Array) -> Array:
            parts = [h[:, k * size : (k + 1) * size] @ w[f"{gate}/wt"][k] for k in range(heads)]
            return x @ w[f"{gate}/wx"] + np.concatenate(parts, -1) + w[f"{gate}/bi"]

        def step(x: Array, h: Array, c: Array, n: Array, m: Array) -> tuple[Array, States]:
            i, f = np.exp(affine("input_gate", x, h)), forget(affine("forget_gate", x, h))
            c = f * c + i * np.tanh(affine("memory_cell", x, h))
            n = f * n + i
            h = sigmoid(affine("output_gate", x, h)) * c / n
            m = np.maximum(np.log(f) + m, np.log(i))
            return h, {"h": h, "c": c, "n": n, "m": m}

        nought = zeros(data["x"], UNITS)
        outputs, final = over_time(step, data["x"], h=nought, c=nought, n=nought, m=nought)
        scale = np.exp(-final["m"])
        return outputs, {**final, "c": final["c"] * scale, "n": final["n"] * scale}

    return oracle


def mlstm(heads: int, forget: Callable[[Array], Array]) -> Oracle:
    """Beck et al. 2024, equations 19 to 27, without the stabiliser, head by head."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        size = UNITS // heads

        def step(x: Array, c: Array, n: Array, m: Array) -> tuple[Array, States]:
            q, k, v = (w.of_input(name, x).reshape(-1, heads, size) for name in ("query", "key", "value"))
            i, f = np.exp(w.of_input("input_gate", x)), forget(w.of_input("forget_gate", x))
            c, n, reads = c.copy(), n.copy(), []
            for h in range(heads):
                key, i_h, f_h = k[:, h] / np.sqrt(size), i[:, h : h + 1], f[:, h : h + 1]
                c[:, h] = f_h[..., None] * c[:, h] + i_h[..., None] * v[:, h, :, None] * key[:, None, :]
                n[:, h] = f_h * n[:, h] + i_h * key
                read = (c[:, h] @ q[:, h, :, None])[..., 0]
                reads.append(read / np.maximum(np.abs((n[:, h] * q[:, h]).sum(-1, keepdims=True)), 1))
            m = np.maximum(np.log(f) + m, np.log(i))
            return sigmoid(w.of_input("output_gate", x)) * np.concatenate(reads, -1), {"c": c, "n": n, "m": m}

        x = data["x"]
        outputs, final = over_time(step, x, c=zeros(x, heads, size, size), n=zeros(x, heads, size), m=zeros(x, heads))
        scale = np.exp(-final["m"])
        return outputs, {"c": final["c"] * scale[..., None, None], "n": final["n"] * scale[..., None], "m": final["m"]}

    return oracle


def conv_lstm(name: str, peepholes: bool) -> Oracle:
    """Shi et al. 2015, equation 3, over any number of spatial dims."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        def affine(gate: str, x: Array, h: Array, c: Array) -> Array:
            see = w[f"{gate}/wc"] * c if peepholes and gate != "memory_cell" else 0
            return convolve(x, w[f"{gate}/wx"]) + convolve(h, w[f"{gate}/wt"]) + see + w[f"{gate}/bi"]

        def step(x: Array, h: Array, c: Array) -> tuple[Array, States]:
            i, f = sigmoid(affine("input_gate", x, h, c)), sigmoid(affine("forget_gate", x, h, c) + 1)
            c = f * c + i * np.tanh(affine("memory_cell", x, h, c))
            h = sigmoid(affine("output_gate", x, h, c)) * np.tanh(c)
            return h, {"h": h, "c": c}

        start = zeros(data[name], *data[name].shape[2:-1], 2)
        return over_time(step, data[name], h=start, c=start)

    return oracle


CASES = (
    Case("peephole_lstm", "PeepholeLSTM(4)", peephole_lstm, "h c"),
    Case("projected_lstm", "ProjectedLSTM(4, 2, nonrecurrent = 3, forget_bias = 0.5)", projected_lstm, "r c"),
    Case("plain_projected_lstm", "ProjectedLSTM(4, 2, peepholes = false)", plain_projected_lstm, "r c"),
    Case("coupled_lstm", "CoupledLSTM(4)", coupled_lstm, "h c"),
    Case("layer_norm_lstm", "LayerNormLSTM(4)", layer_norm_lstm, "h c"),
    Case("phased_lstm", "PhasedLSTM(4, leak = 0.01)", phased_lstm, "h c", "x, now = times"),
    Case("slstm", "SLSTM(4)", slstm(1, sigmoid), "h c n m"),
    Case("slstm_heads", 'SLSTM(4, heads = 2, forget = "exp")', slstm(2, np.exp), "h c n m"),
    Case("mlstm", "MLSTM(4)", mlstm(1, sigmoid), "c n m"),
    Case("mlstm_heads", 'MLSTM(4, heads = 2, forget = "exp")', mlstm(2, np.exp), "c n m"),
    Case("conv_lstm_1d", "ConvLSTM1D(2)", conv_lstm("signal", True), "h c", "signal"),
    Case("conv_lstm_2d", "ConvLSTM2D(2, kernel = [3, 2])", conv_lstm("image", True), "h c", "image"),
    Case("conv_lstm_3d", "ConvLSTM3D(2, kernel = [1, 2, 3], peepholes = false)", conv_lstm("volume", False), "h c", "volume"),
)
