"""State-space models from their papers, in complex numbers, and as convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, over_time

Data = Mapping[str, Array]


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


def s4d_as_convolution(method: str, real: bool) -> Callable[[Weights, Data], Array]:
    """Equation 5, by a Vandermonde matrix of all entries, each beside its conjugate."""

    def outputs(w: Weights, data: Data) -> Array:
        poles, c = s4d_poles(w, real)
        if not real:
            poles, c = (np.concatenate([part, part.conj()], -1) for part in (poles, c))
        a, b = discrete(poles, np.exp(w["step_log"])[:, None], method)
        kernel = np.einsum("nk,nkl->ln", c * b, a[..., None] ** np.arange(data["x"].shape[1]))
        assert np.abs(kernel.imag).max() < 1e-12
        return convolved(kernel.real, data["x"]) + w["skip"] * data["x"]

    return outputs


def s4d_case(name: str, constructor: str, method: str, real: bool = False) -> Case:
    states, at_once = "h" if real else "re im", s4d_as_convolution(method, real)
    return Case(name, constructor, s4d(method, real), states, module="std.ssm", parallel=at_once)


CASES = (
    s4d_case("s4d", "S4D(6)", "zoh"),
    s4d_case("s4d_bilinear", 'S4D(4, start = "inv", method = "bilinear")', "bilinear"),
    s4d_case("s4d_real", 'S4D(5, start = "real")', "zoh", real=True),
    s4d_case("s4d_real_bilinear", 'S4D(5, start = "real", method = "bilinear")', "bilinear", real=True),
)
