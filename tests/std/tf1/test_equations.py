"""Cells and options that TensorFlow's recorded numbers do not cover, against NumPy written from TensorFlow 1.15's equations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnndsl.meaning.running import Model
from tests.compiling import module_of, plan_of

pytestmark = pytest.mark.tf

Array = np.ndarray[Any, Any]
Variables = dict[str, Array]
Step = Callable[[Array, dict[str, Array], Variables], Array]
B, T, N, U = 3, 4, 6, 4


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def joined(x: Array, h: Array, v: Variables, at: str = "") -> Array:
    return np.concatenate([x, h], 1) @ v[f"{at}kernel"] + v.get(f"{at}bias", 0)


def norm(x: Array, v: Variables, at: str) -> Array:
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-12) * v[f"{at}/gamma"] + v[f"{at}/beta"]


def lstm(z: Array, s: dict[str, Array], v: Variables, clip: float = np.inf, proj_clip: float = np.inf) -> Array:
    """LSTMCell from its gates on, with peepholes and projection where there are variables for them."""
    i, j, f, o = np.split(z, 4, 1)
    c = sigmoid(f + 1 + v.get("w_f_diag", 0) * s["c"]) * s["c"] + sigmoid(i + v.get("w_i_diag", 0) * s["c"]) * np.tanh(j)
    s["c"] = np.clip(c, -clip, clip)
    m = sigmoid(o + v.get("w_o_diag", 0) * s["c"]) * np.tanh(s["c"])
    s["h"] = np.clip(m @ v["projection/kernel"], -proj_clip, proj_clip) if "projection/kernel" in v else m
    return s["h"]


def sharded(x: Array, s: dict[str, Array], v: Variables) -> Array:
    whole = {**v, "kernel": np.concatenate([v["kernel/part_0"], v["kernel/part_1"], v["kernel/part_2"]])}
    whole["projection/kernel"] = np.concatenate([v["projection/kernel/part_0"], v["projection/kernel/part_1"]])
    return lstm(joined(x, s["h"], whole), s, whole, clip=0.4, proj_clip=0.3)


def coupled(x: Array, s: dict[str, Array], v: Variables, normed: bool = False) -> Array:
    z = np.concatenate([x, s["h"]], 1) @ np.concatenate([v[k] for k in ("W_0", "W_1") if k in v])
    j, f, o = np.split(z if normed else z + v["B"], 3, 1)
    if normed:
        j, f, o = norm(j, v, "transform"), norm(f, v, "forget"), norm(o, v, "output")
    f = sigmoid(f + 1 + v.get("W_F_diag", 0) * s["c"])
    c = f * s["c"] + (1 - f) * np.tanh(j)
    s["c"] = norm(c, v, "state") if normed else c
    m = sigmoid(o + v.get("W_O_diag", 0) * s["c"]) * np.tanh(s["c"])
    s["h"] = np.clip(m @ v["W_P_0"], -0.2, 0.2) if "W_P_0" in v else m
    return s["h"]


def time_freq(x: Array, s: dict[str, Array], v: Variables) -> Array:
    below, outs = np.zeros((B, U)), []
    for k in range(3):
        c, h = s.get(f"c{k}", np.zeros((B, U))), s.get(f"h{k}", np.zeros((B, U)))
        i, j, f, o = np.split(np.concatenate([x[:, 2 * k : 2 * k + 2], h, below], 1) @ v["W_0"] + v["B"], 4, 1)
        c = np.clip(sigmoid(f + 1 + v["W_F_diag"] * c) * c + sigmoid(i + v["W_I_diag"] * c) * np.tanh(j), -0.3, 0.3)
        below = sigmoid(o + v["W_O_diag"] * c) * np.tanh(c)
        s[f"c{k}"], s[f"h{k}"] = c, below
        outs.append(below)
    return np.concatenate(outs, 1)


def ugrnn(x: Array, s: dict[str, Array], v: Variables) -> Array:
    g, c = np.split(joined(x, s["h"], v), 2, 1)
    g = sigmoid(g + 1)
    s["h"] = g * s["h"] + (1 - g) * np.tanh(c)
    return s["h"]


def intersection(x: Array, s: dict[str, Array], v: Variables) -> Array:
    x = x @ v["in_projection/kernel"] + v["in_projection/bias"]
    gh, h, gy, y = np.split(joined(x, s["h"], v), 4, 1)
    s["h"] = sigmoid(gh + 1) * s["h"] + (1 - sigmoid(gh + 1)) * np.tanh(h)
    return sigmoid(gy + 1) * x + (1 - sigmoid(gy + 1)) * relu(y)


def ind_rnn(x: Array, s: dict[str, Array], v: Variables) -> Array:
    s["h"] = np.tanh(x @ v["kernel_w"] + s["h"] * v["kernel_u"] + v["bias"])
    return s["h"]


def indy_lstm(x: Array, s: dict[str, Array], v: Variables) -> Array:
    return lstm(x @ v["kernel_w"] + np.tile(s["h"], (1, 4)) * v["kernel_u"] + v["bias"], s, {})


def nas(x: Array, s: dict[str, Array], v: Variables) -> Array:
    u, m = np.split(x @ v["kernel"], 8, 1), np.split(s["h"] @ v["recurrent_kernel"] + v["bias"], 8, 1)
    first = [sigmoid, relu, sigmoid, relu, np.tanh, sigmoid, np.tanh, sigmoid]
    a = [g(u[k] * m[k] if k == 3 else u[k] + m[k]) for k, g in enumerate(first)]
    s["c"] = np.tanh(np.tanh(a[0] * a[1]) + s["c"]) * np.tanh(a[2] + a[3])
    s["h"] = np.tanh(s["c"] * np.tanh(np.tanh(a[4] * a[5]) + sigmoid(a[6] + a[7]))) @ v["projection_weights"]
    return s["h"]


def weight_norm(x: Array, s: dict[str, Array], v: Variables) -> Array:
    v = {k.removeprefix("wn_lstm_cell/"): a for k, a in v.items()}
    w = v["kernel"]
    w = np.concatenate([w[:N] / np.linalg.norm(w[:N], axis=0) * v["norm_0"], w[N:] / np.linalg.norm(w[N:], axis=0) * v["norm_1"]])
    p = v["projection/kernel"]
    return lstm(
        np.concatenate([x, s["h"]], 1) @ w + v["bias"],
        s,
        {"projection/kernel": p / np.linalg.norm(p, axis=0) * v["projection/norm_0"]},
    )


def glstm(x: Array, s: dict[str, Array], v: Variables) -> Array:
    parts = [
        np.split(np.concatenate([xs, hs], 1) @ v[f"group{k}/kernel"], 4, 1)
        for k, (xs, hs) in enumerate(zip(np.split(x, 2, 1), np.split(s["h"], 2, 1), strict=True))
    ]
    z = [np.concatenate([p[g] for p in parts], 1) + v[f"bias_{'ijfo'[g]}"] for g in range(4)]
    return lstm(np.concatenate(z, 1), s, {"projection/kernel": v["projection/kernel"]})


def highway(x: Array, s: dict[str, Array], v: Variables) -> Array:
    s["h"] = np.tanh(joined(x, s["h"], v, "basic_rnn_cell/"))
    carry, transform = sigmoid(x @ v["carry_w"] + v["carry_b"]), sigmoid(x @ v["transform_w"] + v["transform_b"])
    return x * carry + s["h"] * transform


def projected(x: Array, s: dict[str, Array], v: Variables) -> Array:
    s["h"] = np.tanh(joined(x, s["h"], v, "basic_rnn_cell/"))
    return sigmoid(s["h"] @ v["kernel"] + v["bias"])


def layer_norm(x: Array, s: dict[str, Array], v: Variables) -> Array:
    i, j, f, o = (
        norm(a, v, k)
        for a, k in zip(
            np.split(np.concatenate([x, s["h"]], 1) @ v["kernel"], 4, 1), ("input", "transform", "forget", "output"), strict=True
        )
    )
    c = sigmoid(f + 1 + v["w_f_diag"] * s["c"]) * s["c"] + sigmoid(i + v["w_i_diag"] * s["c"]) * np.tanh(j)
    s["c"] = np.clip(norm(c, v, "state"), -0.5, 0.5)
    s["h"] = sigmoid(o + v["w_o_diag"] * s["c"]) * np.tanh(s["c"])
    return s["h"]


def phased(x: Array, s: dict[str, Array], v: Variables) -> Array:
    now = x[:, :1] * 10
    i, f = np.split(sigmoid(np.concatenate([x, s["h"], s["c"]], 1) @ v["mask_gates/kernel"] + v["mask_gates/bias"]), 2, 1)
    c = s["c"] * f + i * np.tanh(joined(x, s["h"], v, "new_input/"))
    h = np.tanh(c) * sigmoid(np.concatenate([x, s["h"], c], 1) @ v["output_gate/kernel"] + v["output_gate/bias"])
    ratio = np.mod(now - v["phase"], v["period"]) / v["period"]
    up = 2 * ratio / v["ratio_on"]
    k = np.where(ratio < v["ratio_on"] / 2, up, np.where(ratio < v["ratio_on"], 2 - up, 0.001 * ratio))
    s["c"], s["h"] = k * c + (1 - k) * s["c"], k * h + (1 - k) * s["h"]
    return s["h"]


def conv_lstm(x: Array, s: dict[str, Array], v: Variables) -> Array:
    """Over a spatial dim of 3 with 2 channels, a kernel of width 3, padded with zeros."""
    image = np.concatenate([x.reshape(B, 3, 2), s.get("hh", np.zeros((B, 3, U)))], 2)
    padded = np.pad(image, ((0, 0), (1, 1), (0, 0)))
    z = sum(padded[:, k : k + 3] @ v["kernel"][k] for k in range(3)) + v["biases"]
    i, j, f, o = np.split(z, 4, 2)
    s["cc"] = sigmoid(f + 1) * s.get("cc", np.zeros((B, 3, U))) + sigmoid(i) * np.tanh(j)
    s["hh"] = np.tanh(s["cc"]) * sigmoid(o)
    return s["hh"].reshape(B, -1)


def grid(x: Array, s: dict[str, Array], v: Variables, share: bool) -> Array:
    """GridLSTMCell with peepholes over three bands."""
    c_f, m_f, outs = np.zeros((B, U)), np.zeros((B, U)), []
    way = "freq" if share else "time"
    for k in range(3):
        c, h = s.get(f"c{k}", np.zeros((B, U))), s.get(f"h{k}", np.zeros((B, U)))
        z = np.concatenate([x[:, 2 * k : 2 * k + 2], h, m_f], 1)
        fi, fj, ff, fo = np.split(z @ v["W_f_0_0"] + v["B_f_0"], 4, 1)
        ti, tj, tf, to = (fi, fj, ff, fo) if share else np.split(z @ v["W_t_0_0"] + v["B_t_0"], 4, 1)

        def peep(gate: str, kind: str, a: Array, b: Array) -> Array:
            return v[f"W_{gate}_diag_{kind}f_0"] * a + v[f"W_{gate}_diag_{kind}t_0"] * b

        new_f = sigmoid(ff + 1 + peep("F", "freq", c_f, c)) * c_f + sigmoid(fi + peep("I", "freq", c_f, c)) * np.tanh(fj)
        new_t = sigmoid(tf + 1 + peep("F", way, c_f, c)) * c + sigmoid(ti + peep("I", way, c_f, c)) * np.tanh(tj)
        m_f = sigmoid(fo + peep("O", "freq", new_f, new_t)) * np.tanh(new_f)
        s[f"h{k}"] = sigmoid(to + peep("O", way, new_f, new_t)) * np.tanh(new_t)
        s[f"c{k}"], c_f = new_t, new_f
        outs += [s[f"h{k}"], m_f]
    return np.concatenate(outs, 1)


def ntm(x: Array, s: dict[str, Array], v: Variables) -> Array:
    """NTMCell with two heads that read and two that write, shifts of up to 1, five slots of three numbers, outputs within 0.4."""
    heads = range(4)
    m = s.get("m", np.repeat(v["memory"][None], B, 0))
    reads = [s.get(f"r{k}", np.repeat(np.tanh(v[f"initial_read_vector_{k}"]), B, 0)) for k in range(2)]
    lstm(joined(np.concatenate([x, *reads], 1), s["h"], v, "basic_lstm_cell/"), s, {})
    parameters = np.clip(s["h"] @ v["parameters_kernel"] + v["parameters_bias"], -0.4, 0.4)
    each, pairs = np.split(parameters[:, :36], 4, 1), np.split(parameters[:, 36:], 4, 1)
    weights = []
    for k in heads:
        start = np.exp(v[f"initial_address_weights_{k}"]) / np.exp(v[f"initial_address_weights_{k}"]).sum()
        before, w = s.get(f"w{k}", np.repeat(start, B, 0)), np.zeros((B, 5))
        for b in range(B):
            a = each[k][b]
            key, beta, g, gamma = np.tanh(a[:3]), np.log1p(np.exp(a[3])), sigmoid(a[4]), 1 + np.log1p(np.exp(a[8]))
            like = m[b] @ key / (np.linalg.norm(m[b], axis=1) * np.linalg.norm(key) + 1e-8)
            gated = g * np.exp(beta * like) / np.exp(beta * like).sum() + (1 - g) * before[b]
            share = np.zeros(5)
            share[[0, 1, 4]] = np.exp(a[5:8]) / np.exp(a[5:8]).sum()
            moved = [sum(gated[j] * share[(i - j) % 5] for j in range(5)) for i in range(5)]
            w[b] = np.power(moved, gamma) / np.power(moved, gamma).sum()
        weights.append(w)
    reads = [np.einsum("bi,bid->bd", weights[k], m) for k in range(2)]
    for k in range(2):
        erase, add = sigmoid(pairs[2 * k]), np.tanh(pairs[2 * k + 1])
        w = weights[2 + k]
        m = m * (1 - w[:, :, None] * erase[:, None]) + w[:, :, None] * add[:, None]
    s |= {"m": m, **{f"w{k}": w for k, w in enumerate(weights)}, **{f"r{k}": r for k, r in enumerate(reads)}}
    return np.clip(np.concatenate([s["h"], *reads], 1) @ v["output_kernel"] + v["output_bias"], -0.4, 0.4)


def fused(x: Array, s: dict[str, Array], v: Variables) -> Array:
    return lstm(joined(x, s["h"], v), s, v, clip=0.4)


def adapted(x: Array, s: dict[str, Array], v: Variables) -> Array:
    s["h"] = np.tanh(joined(x, s["h"], v, "basic_rnn_cell/"))
    return s["h"]


CELLS: dict[str, tuple[str, Step]] = {
    "lstm_sharded": ("LSTMCell(4, true, 0.4, num_proj = 3, proj_clip = 0.3, num_unit_shards = 3, num_proj_shards = 2)", sharded),
    "coupled": ("CoupledInputForgetGateLSTMCell(4, true, num_proj = 3, proj_clip = 0.2, num_unit_shards = 2)", coupled),
    "coupled_norm": ("CoupledInputForgetGateLSTMCell(4, layer_norm = true)", functools.partial(coupled, normed=True)),
    "time_freq": ("TimeFreqLSTMCell(4, true, 0.3, feature_size = 2, frequency_skip = 2)", time_freq),
    "ugrnn": ("UGRNNCell(4)", ugrnn),
    "intersection": ("IntersectionRNNCell(4, num_in_proj = 4)", intersection),
    "ind_rnn": ("IndRNNCell(4)", ind_rnn),
    "indy_lstm": ("IndyLSTMCell(4)", indy_lstm),
    "nas": ("NASCell(4, num_proj = 3, use_bias = true)", nas),
    "weight_norm": ("WeightNormLSTMCell(4, num_proj = 3)", weight_norm),
    "glstm": ("GLSTMCell(4, num_proj = 2, number_of_groups = 2)", glstm),
    "highway": ("HighwayWrapper(BasicRNNCell(6), couple_carry_transform_gates = false)", highway),
    "output_projection": ("OutputProjectionWrapper(BasicRNNCell(4), 2, activation = sigmoid)", projected),
    "layer_norm": ("LayerNormLSTMCell(4, true, 0.5, layer_norm = true)", layer_norm),
    "phased": ("PhasedLSTMCell(4, use_peepholes = true, ratio_on = 0.5, period_init_max = 20.0)", phased),
    "conv": ("Conv1DLSTMCell([3, 2], 4, [3])", conv_lstm),
    "grid": ("GridLSTMCell(4, true, feature_size = 2, frequency_skip = 2, num_frequency_blocks = [3])",
             functools.partial(grid, share=False)),
    "grid_shared": ("GridLSTMCell(4, true, true, feature_size = 2, frequency_skip = 2, num_frequency_blocks = [3])",
                    functools.partial(grid, share=True)),
    "ntm": ("NTMCell(BasicLSTMCell(4), 5, 3, 2, 2, clip_value = 0.4)", ntm),
    "fused": ("LSTMBlockFusedCell(4, cell_clip = 0.4, use_peephole = true)", fused),
    "adapted": ("FusedRNNCellAdaptor(BasicRNNCell(4))", adapted),
    "compiled": ("CompiledWrapper(LSTMBlockCell(4, cell_clip = 0.4, use_peephole = true))", fused),
}  # fmt: skip


@functools.cache
def ours() -> tuple[Array, Variables, dict[str, Array]]:
    """Inputs, variables and outputs of one model with all of the cells."""
    names = sorted(
        {w for made, _ in CELLS.values() for w in made.replace("(", " ").split() if w.endswith(("Cell", "Wrapper", "Adaptor"))}
    )
    body = f"input x: f64[batch, time, {N}]\n"
    body += "now = x[0..1] * 10\nimage = reshape(x, [3, 2])\n"
    for name, (made, _) in CELLS.items():
        fed = {"phased": "now, x", "conv": "image"}.get(name, "x")
        body += f"layer {name} = {made}\nrun_{name} = scan({name}, {fed})\noutput y_{name} = run_{name}\n"
    module = module_of(f"rnn 1\nimport std.tf1 ({', '.join(names)})\nmodel m with (dtype = f64) {{\n{body}}}", level=1)
    rng = np.random.default_rng(5)
    values: Variables = {}
    for path, variable in module.variables_by_path.items():
        drawn = rng.normal(size=variable.shape) * 0.7
        values[path] = (
            3 + 5 * np.abs(drawn) if path.endswith("period") else np.abs(drawn) + 0.2 if path.endswith("ratio_on") else drawn
        )
        variable.assign(values[path])
    x = rng.normal(size=(B, T, N))
    found = module.signature_functions["predict"](x=x)
    return x, values, {name: np.asarray(found[f"y_{name}"]) for name in CELLS}


@pytest.mark.parametrize("name", CELLS)
def test_equations(name: str) -> None:
    x, variables, found = ours()
    own = {path.removeprefix(f"{name}/"): value for path, value in variables.items() if path.startswith(f"{name}/")}
    made, step = CELLS[name]
    width = 3 if "num_proj = 3" in made else 2 if "num_proj = 2" in made else 6 if name == "highway" else U
    states = {"c": np.zeros((B, U)), "h": np.zeros((B, width))}
    for t in range(T):
        np.testing.assert_allclose(found[name][:, t].reshape(B, -1), step(x[:, t], states, own), rtol=1e-9, atol=1e-11)


def test_a_time_reversed_cell_goes_from_each_sequences_end() -> None:
    """Outputs stay with their inputs, zero past the end; the last state is that at the first step."""
    text = f"""rnn 1
    import std.tf1 (LSTMBlockFusedCell, TimeReversedFusedRNN)
    model m with (dtype = f64) {{
      input x: f64[batch, time, {N}]
      input n: i32[batch]
      layer back = TimeReversedFusedRNN(LSTMBlockFusedCell(4, cell_clip = 0.4, use_peephole = true), with_lengths = true)
      layer whole = TimeReversedFusedRNN(LSTMBlockFusedCell(4, cell_clip = 0.4, use_peephole = true))
      y = back(x, sequence_length = n)
      z = whole(x)
      output y = y
      output c = y.final.c
      output z = z
      output last = z.last
    }}"""
    model = Model(plan_of(text))
    rng = np.random.default_rng(6)
    model.variables.update({path: rng.normal(size=value.shape) for path, value in model.variables.items()})
    x, lengths = rng.normal(size=(B, T, N)), np.array([4, 2, 0], np.int32)
    found = model.call("predict", {"x": x, "n": lengths})

    def run(layer: str, b: int, length: int) -> tuple[Array, Array]:
        v = {path.removeprefix(f"{layer}/"): value for path, value in model.variables.items()}
        s, out = {"c": np.zeros((1, U)), "h": np.zeros((1, U))}, np.zeros((T, U))
        for t in reversed(range(length)):
            out[t] = fused(x[b : b + 1, t], s, v)
        return out, s["c"][0]

    for b, length in enumerate(lengths):
        out, c = run("back", b, length)
        np.testing.assert_allclose(found["y"][b], out, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(found["c"][b], c, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(found["z"][b], run("whole", b, T)[0], rtol=1e-11, atol=1e-12)
        np.testing.assert_array_equal(found["last"][b], found["z"][b, 0])


@pytest.mark.parametrize("peepholes", [False, True])
def test_the_fused_cell_is_tensorflows_own_kernel(peepholes: bool) -> None:
    """Its operation BlockLSTM, which is still there."""
    import tensorflow as tf

    text = f"""rnn 1
    import std.tf1 (LSTMBlockFusedCell)
    model m {{
      input x: f32[batch, time, {N}]
      layer lstm_fused_cell = LSTMBlockFusedCell(4, cell_clip = 0.5, use_peephole = {str(peepholes).lower()})
      run = scan(lstm_fused_cell, x)
      output y = run
      output cs = run.states.c
    }}"""
    model = Model(plan_of(text))
    rng = np.random.default_rng(7)
    model.variables.update({path: rng.normal(size=v.shape).astype("f4") for path, v in model.variables.items()})
    x = rng.normal(size=(B, T, N)).astype("f4")
    zero, none = np.zeros((B, U), "f4"), np.zeros(U, "f4")
    v = {path.removeprefix("lstm_fused_cell/"): value for path, value in model.variables.items()}
    peeps = {f"wc{k}": v.get(f"w_{k}_diag", none) for k in "ifo"}
    theirs = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.constant(T, tf.int64), x=np.swapaxes(x, 0, 1), cs_prev=zero, h_prev=zero, w=v["kernel"], **peeps,
        b=v["bias"], forget_bias=1.0, cell_clip=0.5, use_peephole=peepholes,
    )  # fmt: skip
    found = model.call("predict", {"x": x})
    np.testing.assert_allclose(found["y"], np.swapaxes(theirs.h.numpy(), 0, 1), rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(found["cs"], np.swapaxes(theirs.cs.numpy(), 0, 1), rtol=2e-5, atol=2e-6)
