"""State-space models from their papers, in complex numbers, and as convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, over_time, sigmoid, summed

Data = Mapping[str, Array]
AtOnce = Callable[[Weights, Data], Array]


def discrete(poles: Array, step: Array, method: str) -> tuple[Array, Array]:
    """Gu et al. 2022, S4D, section 3.1: A and B over a step, for B = 1."""
    if method == "zoh":
        return np.exp(step * poles), (np.exp(step * poles) - 1) / poles
    return (1 + step / 2 * poles) / (1 - step / 2 * poles), step / (1 - step / 2 * poles)


def convolved(kernel: Array, x: Array) -> Array:
    """y[t] = sum over l of kernel[l] x[t - l]: kernel [time, n], x [batch, time, n]."""
    return np.stack([sum(kernel[lag] * x[:, t - lag] for lag in range(t + 1)) for t in range(x.shape[1])], 1)


# ---------------------------------------------------------------- S4D


def s4d_poles(w: Weights, real: bool) -> tuple[Array, Array]:
    """A and C of the entries that are kept."""
    if real:
        return -np.exp(w["a_log"]) + 0j, w["c"] + 0j
    return -np.exp(w["a_log"]) + 1j * w["a_imag"], w["c_real"] + 1j * w["c_imag"]


def s4d(method: str, real: bool) -> Oracle:
    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        poles, c = s4d_poles(w, real)
        a, b = discrete(poles, np.exp(w["step_log"])[:, None], method)
        twice = 1 if real else 2

        def step(x: Array, h: Array) -> tuple[Array, States]:
            h = a * h + b * x[..., None]
            return twice * (c * h).sum(-1).real + w["skip"] * x, {"h": h}

        outputs, final = over_time(step, data["x"], h=np.zeros((len(data["x"]), *poles.shape), complex))
        h = final["h"]
        return outputs, {"h": h.real} if real else {"re": h.real, "im": h.imag}

    return oracle


def s4d_as_convolution(method: str, real: bool) -> AtOnce:
    """Section 3.2, by a Vandermonde matrix of all entries, each beside its conjugate."""

    def outputs(w: Weights, data: Data) -> Array:
        poles, c = s4d_poles(w, real)
        if not real:
            poles, c = (np.concatenate([part, part.conj()], -1) for part in (poles, c))
        a, b = discrete(poles, np.exp(w["step_log"])[:, None], method)
        kernel = np.einsum("nk,nkl->ln", c * b, a[..., None] ** np.arange(data["x"].shape[1]))
        assert np.abs(kernel.imag).max() < 1e-12
        return convolved(kernel.real, data["x"]) + w["skip"] * data["x"]

    return outputs


# ---------------------------------------------------------------- S5


def s5_matrices(w: Weights) -> tuple[Array, Array, Array]:
    """A, B [order, n] and C [n, order] of the entries that are kept."""
    a, b, c = (w[f"{name}_real"] + 1j * w[f"{name}_imag"] for name in "abc")
    return a, b.T, c.T


def s5(method: str) -> Oracle:
    """Smith et al. 2023, section 3."""

    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        poles, b, c = s5_matrices(w)
        keep, written = discrete(poles, np.exp(w["step_log"]), method)

        def step(x: Array, h: Array) -> tuple[Array, States]:
            h = keep * h + x @ (written[:, None] * b).T
            return 2 * (h @ c.T).real + w["skip"] * x, {"h": h}

        outputs, final = over_time(step, data["x"], h=np.zeros((len(data["x"]), len(poles)), complex))
        return outputs, {"re": final["h"].real, "im": final["h"].imag}

    return oracle


def s5_as_convolution(method: str) -> AtOnce:
    """By matrices C A^l B of all entries, each beside its conjugate."""

    def outputs(w: Weights, data: Data) -> Array:
        poles, b, c = s5_matrices(w)
        poles, b = (np.concatenate([part, part.conj()]) for part in (poles, b))
        c = np.concatenate([c, c.conj()], -1)
        keep, written = discrete(poles, np.exp(np.tile(w["step_log"], 2)), method)
        x = data["x"]
        kernels = [(c * keep**lag * written @ b).real for lag in range(x.shape[1])]
        return np.stack([sum(x[:, t - lag] @ kernels[lag].T for lag in range(t + 1)) for t in range(x.shape[1])], 1) + w["skip"] * x

    return outputs


# ---------------------------------------------------------------- Mamba


def softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def selected(w: Weights, x: Array, method: str, at: str = "") -> tuple[Array, Array, Array]:
    """Gu & Dao 2023, algorithm 2, of all steps: log A and B x, [batch, time, n, order], and C [batch, time, order]."""
    a = -np.exp(w[f"{at}a_log"])
    step = softplus(x @ (w[f"{at}step_down"] @ w[f"{at}step_up"]) + w[f"{at}step_bias"])[..., None]
    b = (x @ w[f"{at}b_kernel"])[..., None, :]
    written = step * b if method == "euler" else (np.exp(step * a) - 1) / (step * a) * (step * b)
    return step * a, written * x[..., None], x @ w[f"{at}c_kernel"]


def selective(method: str) -> Oracle:
    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        return scanned(w, data["x"], method)

    return oracle


def scanned(w: Weights, x: Array, method: str, at: str = "") -> tuple[Array, States]:
    def step(x: Array, log_a: Array, written: Array, c: Array, h: Array) -> tuple[Array, States]:
        h = np.exp(log_a) * h + written
        return (h * c[..., None, :]).sum(-1) + w[f"{at}skip"] * x, {"h": h}

    steps = selected(w, x, method, at)
    return over_time(step, (x, *steps), h=np.zeros_like(steps[0][:, 0]))


def selective_at_once(method: str) -> AtOnce:
    def outputs(w: Weights, data: Data) -> Array:
        return summed_up(w, data["x"], method)

    return outputs


def summed_up(w: Weights, x: Array, method: str, at: str = "") -> Array:
    log_a, written, c = selected(w, x, method, at)
    return (summed(log_a, written) * c[..., None, :]).sum(-1) + w[f"{at}skip"] * x


def mamba_input(w: Weights, x: Array, width: int) -> tuple[Array, Array]:
    """Figure 3: what is projected, and that after its convolution and silu."""
    u = x @ w["input_kernel"]
    padded = np.pad(u, [(0, 0), (width - 1, 0), (0, 0)])
    taps = [padded[:, k : k + x.shape[1]] * w["conv_kernel"][:, k] for k in range(width)]
    return u, silu(sum(taps) + w["conv_bias"])


def mamba(width: int) -> Oracle:
    def oracle(w: Weights, data: Data) -> tuple[Array, States]:
        u, seen = mamba_input(w, data["x"], width)
        y, final = scanned(w, seen, "zoh", "ssm/")
        gated = (y * silu(data["x"] @ w["gate_kernel"])) @ w["output_kernel"]
        return gated, {"ssm.h": final["h"], **{f"u[{k}]": u[:, -1 - k] for k in range(width - 1)}}

    return oracle


def mamba_at_once(width: int) -> AtOnce:
    def outputs(w: Weights, data: Data) -> Array:
        _, seen = mamba_input(w, data["x"], width)
        return (summed_up(w, seen, "zoh", "ssm/") * silu(data["x"] @ w["gate_kernel"])) @ w["output_kernel"]

    return outputs


def case(name: str, constructor: str, forms: tuple[Callable[..., Oracle], Callable[..., AtOnce]], *of: object, states: str) -> Case:
    """`forms`: the recurrence and what has none, made by `of`."""
    return Case(name, constructor, forms[0](*of), states, module="std.ssm", parallel=forms[1](*of))


S4D, S5 = (s4d, s4d_as_convolution), (s5, s5_as_convolution)
SELECTIVE, MAMBA = (selective, selective_at_once), (mamba, mamba_at_once)
CASES = (
    case("s4d", "S4D(6)", S4D, "zoh", False, states="re im"),
    case("s4d_bilinear", 'S4D(4, start = "inv", method = "bilinear")', S4D, "bilinear", False, states="re im"),
    case("s4d_real", 'S4D(5, start = "real")', S4D, "zoh", True, states="h"),
    case("s4d_real_bilinear", 'S4D(5, start = "real", method = "bilinear")', S4D, "bilinear", True, states="h"),
    case("s5", "S5(8, blocks = 2)", S5, "zoh", states="re im"),
    case("s5_bilinear", 'S5(6, method = "bilinear")', S5, "bilinear", states="re im"),
    case("selective", "SelectiveSSM(4)", SELECTIVE, "zoh", states="h"),
    case("selective_euler", 'SelectiveSSM(4, rank = 2, method = "euler")', SELECTIVE, "euler", states="h"),
    case("mamba", "Mamba(order = 3)", MAMBA, 4, states="ssm.h u[0] u[1] u[2]"),
    case("mamba_plain", "Mamba(order = 3, width = 1, rank = 2, expand = 1)", MAMBA, 1, states="ssm.h"),
)
