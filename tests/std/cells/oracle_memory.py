"""Cells with a memory, from their papers: slot by slot, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.std.cells.cell_oracle import Array, Case, Oracle, States, Weights, sigmoid, softmax

UNITS, SLOTS, WIDTH = 4, 5, 2
Data = Mapping[str, Array]


class Controller:
    """An LSTM of one row, and affine maps of its output."""

    def __init__(self, w: Weights) -> None:
        self.w, self.h, self.c = w, np.zeros(UNITS), np.zeros(UNITS)

    def step(self, x: Array) -> None:
        i, f, o = (
            sigmoid(self.w.affine(f"inner/{gate}_gate", x, self.h) + (gate == "forget")) for gate in ("input", "forget", "output")
        )
        self.c = f * self.c + i * np.tanh(self.w.affine("inner/memory_cell", x, self.h))
        self.h = o * np.tanh(self.c)

    def __call__(self, name: str) -> Array:
        return self.h @ self.w[f"{name}/kernel"] + self.w[f"{name}/bias"]

    def readout(self, reads: list[Array]) -> Array:
        return np.concatenate([self.h, *reads]) @ self.w["readout/kernel"] + self.w["readout/bias"]


def softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


def content(memory: Array, key: Array, strength: float) -> Array:
    """Cosine similarity, sharpened and normalised (2014, equations 5 and 6; 2016, methods)."""
    cosines = [row @ key / np.sqrt((row @ row + 1e-6) * (key @ key + 1e-6)) for row in memory]
    return softmax(strength * np.array(cosines))


def rows(w: Weights, data: Data, one: object) -> tuple[Array, States]:
    """`one(w, x) -> outputs, final states` of each row."""
    found = [one(w, x) for x in data["x"]]
    return np.stack([y for y, _ in found]), {name: np.stack([s[name] for _, s in found]) for name in found[0][1]}


def ntm(reads: int, writes: int, reach: int) -> Oracle:
    """Graves, Wayne & Danihelka 2014, sections 3.1 to 3.3."""

    def address(net: Controller, head: str, memory: Array, before: Array) -> Array:
        by_content = content(memory, net(f"{head}/key"), softplus(net(f"{head}/strength")[0]))
        g = sigmoid(net(f"{head}/gate")[0])
        gated = g * by_content + (1 - g) * before
        s = softmax(net(f"{head}/shift"))
        shifted = np.zeros(SLOTS)
        for i in range(SLOTS):
            for j in range(SLOTS):
                by = (i - j) % SLOTS
                offset = by if by <= reach else by - SLOTS
                shifted[i] += gated[j] * s[offset + reach] if abs(offset) <= reach else 0
        powers = shifted ** (1 + softplus(net(f"{head}/sharpness")[0]))
        return powers / powers.sum()

    def one(w: Weights, xs: Array) -> tuple[Array, States]:
        net, memory = Controller(w), np.full((SLOTS, WIDTH), 1e-6)
        read = [np.zeros(WIDTH) for _ in range(reads)]
        starts = {kind: [softmax(w[f"{kind}_start_{k}"]) for k in range(n)] for kind, n in (("read", reads), ("write", writes))}
        outputs = []
        for x in xs:
            net.step(np.concatenate([x, *read]))
            old = memory.copy()
            for k in range(writes):
                starts["write"][k] = address(net, f"write_head_{k}", old, starts["write"][k])
            for k in range(writes):
                for i in range(SLOTS):
                    memory[i] *= 1 - starts["write"][k][i] * sigmoid(net(f"erase_{k}"))
            for k in range(writes):
                for i in range(SLOTS):
                    memory[i] += starts["write"][k][i] * net(f"add_{k}")
            for k in range(reads):
                starts["read"][k] = address(net, f"read_head_{k}", memory, starts["read"][k])
                read[k] = sum(starts["read"][k][i] * memory[i] for i in range(SLOTS))
            outputs.append(net.readout(read))
        finals = {"memory": memory, "inner.h": net.h, "inner.c": net.c}
        finals |= {f"read_{k}": value for k, value in enumerate(read)}
        finals |= {f"{kind}_weights_{k}": value for kind, values in starts.items() for k, value in enumerate(values)}
        return np.stack(outputs), finals

    return lambda w, data: rows(w, data, one)


def allocate(usage: Array) -> Array:
    """Graves et al. 2016: the free list by rising usage, and the product along it."""
    usage = 1e-6 + (1 - 1e-6) * usage
    weights, left = np.zeros(len(usage)), 1.0
    for slot in np.argsort(usage, kind="stable"):
        weights[slot] = (1 - usage[slot]) * left
        left *= usage[slot]
    return weights


def dnc(reads: int) -> Oracle:
    """Graves et al. 2016, methods."""

    def one(w: Weights, xs: Array) -> tuple[Array, States]:
        net, memory, links = Controller(w), np.zeros((SLOTS, WIDTH)), np.zeros((SLOTS, SLOTS))
        usage, precedence, written = np.zeros(SLOTS), np.zeros(SLOTS), np.zeros(SLOTS)
        read, weights = [np.zeros(WIDTH) for _ in range(reads)], [np.zeros(SLOTS) for _ in range(reads)]
        outputs = []
        for x in xs:
            net.step(np.concatenate([x, *read]))
            retention = np.ones(SLOTS)
            for k in range(reads):
                retention *= 1 - sigmoid(net(f"free_gate_{k}")) * weights[k]
            usage = (usage + written - usage * written) * retention
            by_content = content(memory, net("write_key"), 1 + softplus(net("write_strength")[0]))
            g_a, g_w = sigmoid(net("allocation_gate")), sigmoid(net("write_gate"))
            written = g_w * (g_a * allocate(usage) + (1 - g_a) * by_content)
            e, v = sigmoid(net("erase")), net("write_vector")
            new_links = np.zeros((SLOTS, SLOTS))
            for i in range(SLOTS):
                memory[i] = memory[i] * (1 - written[i] * e) + written[i] * v
                for j in range(SLOTS):
                    if i != j:
                        new_links[i, j] = (1 - written[i] - written[j]) * links[i, j] + written[i] * precedence[j]
            links, precedence = new_links, (1 - written.sum()) * precedence + written
            for k in range(reads):
                back, forth = links.T @ weights[k], links @ weights[k]
                pi = softmax(net(f"read_mode_{k}"))
                found = content(memory, net(f"read_key_{k}"), 1 + softplus(net(f"read_strength_{k}")[0]))
                weights[k] = pi[0] * back + pi[1] * found + pi[2] * forth
                read[k] = memory.T @ weights[k]
            outputs.append(net.readout(read))
        finals = {"memory": memory, "usage": usage, "precedence": precedence, "links": links, "write_weights": written}
        finals |= {"inner.h": net.h, "inner.c": net.c}
        finals |= {f"read_{k}": value for k, value in enumerate(read)}
        finals |= {f"read_weights_{k}": value for k, value in enumerate(weights)}
        return np.stack(outputs), finals

    return lambda w, data: rows(w, data, one)


_NTM = "memory inner.h inner.c read_0 read_weights_0 write_weights_0"
_DNC = "memory usage precedence links write_weights inner.h inner.c read_0 read_weights_0"
CASES = (
    Case("ntm", "NTM(4, slots = 5, width = 2)", ntm(1, 1, 1), _NTM, module="std.memory"),
    Case(
        "ntm_heads",
        "NTM(4, slots = 5, width = 2, read_heads = 2, write_heads = 2, reach = 2, output_size = 3)",
        ntm(2, 2, 2),
        f"{_NTM} read_1 read_weights_1 write_weights_1",
        module="std.memory",
    ),
    Case("dnc", "DNC(4, slots = 5, width = 2)", dnc(1), _DNC, module="std.memory"),
    Case(
        "dnc_heads",
        "DNC(4, slots = 5, width = 2, read_heads = 2, output_size = 3)",
        dnc(2),
        f"{_DNC} read_1 read_weights_1",
        module="std.memory",
    ),
)
