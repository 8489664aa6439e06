"""Random specs that are valid: models of layers, scans, stacks, families and scopes, as text."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

ACTIVATIONS = ("tanh", "sigmoid", "relu", "softplus", "silu", "softsign", "hard_sigmoid")
CELLS = (
    "RNN({u})",
    "RNN({u}, activation = relu)",
    "GRU({u})",
    "GRU({u}, reset_after = true)",
    "LSTM({u})",
    "LSTM({u}, forget_bias = 0.5)",
)
OWN_CELL = """
cell Leaky(units: int, rate: float = 0.3) {
  input x: [n] = zeros
  state h: [units] = [0.5, 0.25]
  state s: [] = ones
  layer affine = Gate(units)
  s = 0.5 * s[t-1] + 0.1 * mean(x)
  h = (1 - rate) * h[t-1] + rate * tanh(affine(x + x[t-1], h[t-2])) + s
  output h * s
}
"""


@dataclass
class Text:
    """A model in the making: statements, and the values in force, sequences and vectors, with their size."""

    lines: list[str] = field(default_factory=list)
    sequences: list[tuple[str, int]] = field(default_factory=list)
    vectors: list[tuple[str, int]] = field(default_factory=list)
    count: int = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def add(self, line: str) -> None:
        self.lines.append(f"  {line}")


def _cell(draw: st.DrawFn, units: int) -> str:
    kind = draw(st.sampled_from((*CELLS, "Leaky({u})", "stack")))
    if kind != "stack":
        return kind.format(u=units)
    inner = [draw(st.sampled_from(CELLS)).format(u=units) for _ in range(draw(st.integers(1, 2)))]
    wrapped = [draw(st.sampled_from(("{}", "Zoneout({}, 0.2)"))).format(cell) for cell in inner]
    return f"Stack([{', '.join(wrapped)}])"


def _scan(draw: st.DrawFn, text: Text) -> None:
    source, _ = draw(st.sampled_from(text.sequences))
    units = draw(st.integers(1, 4))
    layer, run = text.name("cell"), text.name("run")
    scoped = draw(st.booleans())
    options = draw(st.sampled_from(("", ", lengths = n", ", mask = m", ", mask = m, masked = hold", ", lengths = n, mask = m")))
    options += draw(st.sampled_from(("", ", reverse = true")))
    body = f"layer {layer} = {_cell(draw, units)}  {run} = scan({layer}, {source}{options})"
    if scoped:
        scope = text.name("scope")
        text.add(f"scope {scope} with (init = uniform(low = -0.5, high = 0.5)) {{ {body} }}")
        run = f"{scope}.{run}"
    else:
        text.add(body)
    text.sequences.append((run, units))
    text.vectors.append((f"{run}.last", units))


def _bidirectional(draw: st.DrawFn, text: Text) -> None:
    source, _ = draw(st.sampled_from(text.sequences))
    units = draw(st.integers(1, 3))
    merge = draw(st.sampled_from(("concat", "sum", "mul", "average")))
    both = text.name("both")
    for way in ("fw", "bw"):
        text.add(f"layer {both}_{way} = {draw(st.sampled_from(CELLS)).format(u=units)}")
    text.add(f"{both} = bidirectional({both}_fw, {both}_bw, {source}, merge = {merge}, lengths = n)")
    size = 2 * units if merge == "concat" else units
    text.sequences.append((both, size))
    text.vectors.append((f"{both}.last", size))


def _layer(draw: st.DrawFn, text: Text) -> None:
    pool = draw(st.sampled_from((text.sequences, text.vectors)))
    source, size = draw(st.sampled_from(pool))
    units = draw(st.integers(1, 4))
    layer, value = text.name("layer"), text.name("y")
    kind = draw(
        st.sampled_from(
            ("Dense({u})", "Dense({u}, activation = {a})", "Dense({u}, use_bias = false)", "LayerNorm()", "BatchNorm()")
        )
    )
    made = kind.format(u=units, a=draw(st.sampled_from(ACTIVATIONS)))
    text.add(f"layer {layer} = {made}")
    text.add(f"{value} = {layer}({source})")
    pool.append((value, units if made.startswith("Dense") else size))


def _equation(draw: st.DrawFn, text: Text) -> None:
    pool = draw(st.sampled_from((text.sequences, text.vectors)))
    (a, size), (b, other) = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
    value = text.name("y")
    forms = [
        (f"{draw(st.sampled_from(ACTIVATIONS))}({a}) * 0.5", size),
        (f"concat([{a}, {b}])", size + other),
        (f"{a}[0..1] - 1", 1),
    ]
    forms += [(f"where({a} > 0, {a}, 0.1 * {a})", size), (f"if training then {a} else 2 * {a}", size), (f"softmax({a})", size)]
    if size == other:
        forms += [(f"{a} + {b}", size), (f"minimum({a}, {b})", size)]
    form, result = draw(st.sampled_from(forms))
    text.add(f"{value} = {form}")
    pool.append((value, result))


@st.composite
def specs(draw: st.DrawFn) -> str:
    """The text of a valid spec with one model, its sizes small."""
    n = draw(st.integers(1, 3))
    text = Text(sequences=[("x", n)], vectors=[("v", 2)])
    _scan(draw, text)
    for step in draw(
        st.lists(st.sampled_from((_scan, _bidirectional, _layer, _layer, _equation, _equation)), min_size=1, max_size=5)
    ):
        step(draw, text)
    sequence, vector = draw(st.sampled_from(text.sequences)), draw(st.sampled_from(text.vectors))
    tail = [
        f"output out_s = {sequence[0]} * 1",
        f"output out_v = {vector[0]} * 1",
        f"loss l1_ = mean(square({sequence[0]}))",
        f"loss l2_ = mean(abs({vector[0]}))",
        "train step = sgd(rate = 0.1)",
    ]
    head = [f"input x: f64[batch, time, {n}]", "input v: f64[batch, 2]", "input n: i32[batch]", "input m: bool[batch, time]"]
    lines = "\n".join([*(f"  {line}" for line in head), *text.lines, *(f"  {line}" for line in tail)])
    return f"rnn 1\n{OWN_CELL}\nmodel m() with (dtype = f64, seed = {draw(st.integers(0, 9))}) {{\n{lines}\n}}\n"
