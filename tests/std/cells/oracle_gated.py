"""Cells with one or two gates, some of which read the input alone, from their papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, over_time, relu, sigmoid, zeros

UNITS = 4
Data = Mapping[str, Array]


def of_h(step: Callable[[Weights, Array, Array], Array], units: int = UNITS) -> Oracle:
    """The oracle of a cell whose one state h, of `units` zeros at first, is its output."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        def one(x: Array, h: Array) -> tuple[Array, States]:
            h = step(w, x, h)
            return h, {"h": h}

        return over_time(one, data["x"], h=zeros(data["x"], units))

    return oracle


def ugrnn(w: Weights, x: Array, h: Array) -> Array:
    """Collins et al. 2016: h = g h + (1 - g) c; the forget bias of 1 is part of the gate."""
    c = np.tanh(w.affine("candidate", x, h))
    g = sigmoid(w.affine("update_gate", x, h) + 1)
    return g * h + (1 - g) * c


def intersection(w: Weights, data: Data) -> tuple[Array, States]:
    """Collins et al. 2016, +RNN: y_in rectified, h_in tanh."""

    def step(x: Array, h: Array) -> tuple[Array, States]:
        y_in, h_in = relu(w.affine("output_candidate", x, h)), np.tanh(w.affine("state_candidate", x, h))
        g_y, g_h = sigmoid(w.affine("output_gate", x, h) + 1), sigmoid(w.affine("state_gate", x, h) + 1)
        return g_y * x + (1 - g_y) * y_in, {"h": g_h * h + (1 - g_h) * h_in}

    return over_time(step, data["x"], h=zeros(data["x"], 3))


def mgu(w: Weights, x: Array, h: Array) -> Array:
    """Zhou et al. 2016: the forget gate also gates h in the candidate."""
    f = sigmoid(w.affine("forget_gate", x, h))
    return (1 - f) * h + f * np.tanh(w.affine("candidate", x, f * h))


def minimal_rnn(w: Weights, x: Array, h: Array) -> Array:
    """Chen 2017: z = Phi(x), u = sigmoid(U_h h + U_z z + b_u), h = u h + (1 - u) z."""
    z = np.tanh(w.of_input("latent", x))
    u = sigmoid(h @ w["update_gate/wt"] + z @ w["update_gate/wx"] + w["update_gate/bi"])
    return u * h + (1 - u) * z


def cfn(w: Weights, x: Array, h: Array) -> Array:
    """Laurent & von Brecht 2016."""
    theta, eta = sigmoid(w.affine("horizontal_gate", x, h)), sigmoid(w.affine("vertical_gate", x, h))
    return theta * np.tanh(h) + eta * np.tanh(x @ w["wx"])


def nas(bias: bool) -> Oracle:
    """Zoph & Le 2017, the figure of appendix A read from its leaves up."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        def step(x: Array, h: Array, c: Array) -> tuple[Array, States]:
            x_side = [x @ w[f"wx_{k}"] for k in range(8)]
            h_side = [h @ w[f"wt_{k}"] + (w[f"bi_{k}"] if bias else 0) for k in range(8)]
            functions = [sigmoid, relu, sigmoid, relu, np.tanh, sigmoid, np.tanh, sigmoid]
            pairs = [a * b if k == 3 else a + b for k, (a, b) in enumerate(zip(x_side, h_side, strict=True))]
            leaf = [function(pair) for function, pair in zip(functions, pairs, strict=True)]
            second = [np.tanh(leaf[0] * leaf[1]), np.tanh(leaf[2] + leaf[3])]
            second += [np.tanh(leaf[4] * leaf[5]), sigmoid(leaf[6] + leaf[7])]
            second[0] = np.tanh(second[0] + c)
            c = second[0] * second[1]
            h = np.tanh(c * np.tanh(second[2] + second[3]))
            return h, {"h": h, "c": c}

        return over_time(step, data["x"], h=zeros(data["x"], UNITS), c=zeros(data["x"], UNITS))

    return oracle


def min_gru(w: Weights, x: Array, h: Array) -> Array:
    """Feng et al. 2024, section 3.1."""
    z = sigmoid(w.of_input("update_gate", x))
    return (1 - z) * h + z * w.of_input("candidate", x)


def min_lstm(w: Weights, x: Array, h: Array) -> Array:
    """Feng et al. 2024, section 3.2."""
    f, i = sigmoid(w.of_input("forget_gate", x)), sigmoid(w.of_input("input_gate", x))
    return f / (f + i) * h + i / (f + i) * w.of_input("candidate", x)


def sru(peek: bool, project: bool, units: int) -> Oracle:
    """Lei et al. 2017, and 2018, equations 1 to 4, where the gates see c[t-1]."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        def step(x: Array, c: Array) -> tuple[Array, States]:
            f = sigmoid(w.of_input("forget_gate", x) + (w["vf"] * c if peek else 0))
            r = sigmoid(w.of_input("reset_gate", x) + (w["vr"] * c if peek else 0))
            c = f * c + (1 - f) * (x @ w["wx"])
            return r * np.tanh(c) + (1 - r) * (x @ w["wh"] if project else x), {"c": c}

        return over_time(step, data["x"], c=zeros(data["x"], units))

    return oracle


def qrnn(width: int, pooling: str) -> Oracle:
    """Bradbury et al. 2017: masked convolutions over the whole sequence (equation 1), then pooling (equations 3 to 5)."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        x = data["x"]
        time = x.shape[1]
        padded = np.pad(x, [(0, 0), (width - 1, 0), (0, 0)])

        def convolved(kernel: str) -> Array:
            return sum(padded[:, k : k + time] @ w[kernel][k] for k in range(width))

        gates = [np.tanh(convolved("wz")), sigmoid(convolved("wf"))]
        gates.append(np.ones_like(gates[0]) if pooling == "f" else sigmoid(convolved("wo")))
        gates.append(sigmoid(convolved("wi")) if pooling == "ifo" else 1 - gates[1])

        def step(z: Array, f: Array, o: Array, i: Array, c: Array) -> tuple[Array, States]:
            c = f * c + i * z
            return o * c, {"c": c}

        return over_time(step, tuple(gates), c=zeros(x, UNITS))

    return oracle


CASES = (
    Case("ugrnn", "UGRNN(4)", of_h(ugrnn)),
    Case("intersection", "IntersectionRNN(3)", intersection),
    Case("mgu", "MGU(4)", of_h(mgu)),
    Case("minimal_rnn", "MinimalRNN(4)", of_h(minimal_rnn)),
    Case("cfn", "CFN(4)", of_h(cfn)),
    Case("nas", "NAS(4)", nas(False), "h c"),
    Case("nas_bias", "NAS(4, use_bias = true)", nas(True), "h c"),
    Case("min_gru", "MinGRU(4)", of_h(min_gru)),
    Case("min_lstm", "MinLSTM(4)", of_h(min_lstm)),
    Case("sru", "SRU(3)", sru(peek=False, project=False, units=3), "c"),
    Case("sru_gates", "SRU(4, state_gates = true)", sru(peek=True, project=True, units=4), "c"),
    Case("qrnn", "QRNN(4)", qrnn(2, "fo"), "c"),
    Case("qrnn_f", 'QRNN(4, width = 1, pooling = "f")', qrnn(1, "f"), "c"),
    Case("qrnn_ifo", 'QRNN(4, width = 3, pooling = "ifo")', qrnn(3, "ifo"), "c"),
)
