"""Specs that `check` accepts, made by a seed: statements are drawn one after another, and each that is accepted stays.

So whatever the language has can be drawn, sensible or not, without a second set of its rules here.
"""

from __future__ import annotations

import random
from pathlib import Path

from rnndsl.language.builtins import COLLECTIONS, DTYPES
from rnndsl.language.initializers import PARAMETERS as INITIALIZERS
from rnndsl.language.ops.table import functions
from tests.elaborate.checking import check_text

NAMES = (
    "x", "y", "z", "value", "values", "inputs", "outputs", "variables", "name", "names", "module", "function", "tensor",
    "signatures", "loss_", "losses", "step", "steps", "graph", "unknown", "Const", "NoOp", "Identity", "read", "Read",
    "ReadVariableOp", "Placeholder", "PartitionedCall", "serving_default", "initial", "call_counter", "train_", "evaluate",
    "predict", "initialize", "reset", "stream", "reset_states", "apply", "collections", "metrics", "damping", "variable",
    "resource", "capture", "scan_", "carried", "stepped", "old", "new", "states", "start", "iteration", "momentum", "average_",
    "keep", "saver", "save", "restore", "manifest", "model_", "arguments", "print", "len_", "list", "dict", "type", "id",
    "object", "range", "int", "float", "str", "bool", "super", "property", "next", "iter", "map", "filter", "zip", "open",
    "input_", "cls", "args", "kwargs", "tf", "np", "numpy", "tensorflow", "keras", "self_", "gradients", "gradient",
)  # fmt: skip
"""What Python, TensorFlow and the compiler call things."""
AXES = ("batch", "time", "src")
CELLS = ("RNN(2)", "RNN(3, activation = relu)", "GRU(2)", "GRU(3, reset_after = true)", "LSTM(2)", "LSTM(2, forget_bias = 0.5)")
CELLS += ("Stack([GRU(2), LSTM(3)])", "Residual(RNN(2))", "Highway(GRU(2))", "DropoutCell(LSTM(2), input = 0.2, state = 0.3)")
CELLS += ("Zoneout(GRU(2), rate = 0.2)", "Own(2)", "Counted()", "map_state(RNN(2), mixed)")
BLOCKS = (
    "Dense(3)",
    "Dense(2, activation = tanh, use_bias = false)",
    "BatchNorm()",
    "LayerNorm()",
    "Embedding(5, 2)",
    "Dropout(0.3)",
)
BLOCKS += ("Scaled(1.5)", "Bidirectional(GRU(2), LSTM(2))")
OPTIMIZERS = ("sgd(rate = 0.1)", "sgd(rate = 0.1, momentum = 0.9, nesterov = true)", "adam(rate = 1e-2)", "adamw(rate = 1e-2)")
OPTIMIZERS += ("rmsprop(rate = 1e-2, clip_norm = 1.0)", "adagrad", "lion(rate = 1e-3, clip_value = 0.5)", "ftrl(rate = 0.1)")
OPTIMIZERS += ("adadelta(rate = cosine(0.1, 10))", "sgd(rate = piecewise([2], [0.1, 0.01]), average = 0.9)")
TOP = """
axis src, late
collection mine
const few = 3
fn mixed(new, old) = 0.7 * new + 0.3 * old
fn twice(x) = 2 * x
fn hot(id) = one_hot(id, 2)
fn tab(i, j) = i + 2 * j
block Scaled(by: float) {
  input x: [..., n]
  param scale: [n] ~ ones
  output x * scale * by
}
cell Own(units: int, rate: float = 0.3) {
  input x: [n] = zeros
  state h: [units] = ones
  layer affine = Gate(units)
  h = (1 - rate) * h[t-1] + rate * tanh(affine(x + x[t-1], h[t-2]))
  output h
}
cell Counted() {
  input x: [n]
  state c: [] = zeros
  var seen: []
  c = c[t-1] + mean(x)
  update seen <- seen + 1
  output x * c
}
"""


class Spec:
    """A spec in the making. `text` is what has been accepted of it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.top = TOP
        self.header = f"model {self.name([])}"
        if self.chance(0.3):
            self.header += f" with ({self.pick('dtype = f64', 'dtype = f16', 'seed = 7', 'init = orthogonal', 'trainable = true')})"
        self.lines: list[str] = []
        self.values: list[str] = []
        self.sequences: list[str] = []
        self.masks: list[str] = []
        self.layers: list[str] = []
        self.cells: list[str] = []
        self.paths: list[str] = ["**"]
        self.axes: list[str] = []
        self.proposed: list[tuple[list[str], str]] = []
        """Names of the statement at hand, for the lists that they join once it is accepted."""

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def name(self, taken: list[str]) -> str:
        """A name that nothing has yet."""
        free = [name for name in NAMES if name not in taken]
        return self.random.choice(free) + (str(self.random.randrange(100)) if self.chance(0.2) else "")

    def new_axis(self) -> str:
        """An axis of its own for what gets another length: that of an input might be called as data is, with another one."""
        self.axes = [f"part{len(self.lines)}{letter}" for letter in "abc"]
        return self.random.choice(self.axes)

    def value(self) -> str:
        """An expression: what has a name already, a number, or something made of both."""
        if not self.values or self.chance(0.15):
            return self.pick("0", "1", "2", "-1", "0.5", "1e-3", "few", "true", "[1, 2]", "[[0.5], [1.0]]", "none", "training")
        name = self.random.choice(self.values)
        return self.pick(name, name, name, name, f"{name}[0]", f"{name}[0..1]", f"{name}[-1]", f"-{name}", f"twice({name})")

    def type(self, axes: bool = True) -> str:
        dtype = (
            self.pick("", "", "f32", "f32", "f64", "f16", "bf16", "i32", "i64", "bool")
            if not axes
            else self.pick("f32", "f32", "f32", "f32", "f64", "f16", "bf16", "i32", "i32", "i64", "bool")
        )
        named = [axis for axis in AXES if self.chance(0.7 if axis != "src" else 0.15)] if axes else []
        dims = [self.pick("1", "2", "2", "3", "few") for _ in range(self.random.choice((0, 1, 1, 1, 2)))]
        return f"{dtype}[{', '.join([*named, *dims])}]"


def statement(spec: Spec) -> tuple[str, str, str]:
    """A statement as it might be written, the name that it defines, and what that is."""
    kinds = (
        "input",
        "variable",
        "equation",
        "equation",
        "equation",
        "function",
        "function",
        "function",
        "function",
        "layer",
        "layer",
    )
    kinds += ("cell", "cell", "apply", "output")
    kinds += (
        "scan",
        "scan",
        "loop",
        "output",
        "output",
        "loss",
        "metric",
        "update",
        "train",
        "select",
        "signature",
        "scope",
        "if",
        "for",
        "const",
    )
    return _STATEMENTS[spec.random.choice(kinds)](spec)


def _taken(spec: Spec) -> list[str]:
    return [*spec.values, *spec.layers, *spec.cells, *spec.masks]


def _input(spec: Spec) -> tuple[str, str, str]:
    name, type = spec.name(_taken(spec)), spec.type()
    kind = "mask" if type.startswith(("bool[batch, time]", "i32[batch]")) else "sequence" if "time" in type else "value"
    return f"{spec.pick('input', 'input', 'target')} {name}: {type}", name, kind


def _variable(spec: Spec) -> tuple[str, str, str]:
    name = spec.name(_taken(spec))
    start = spec.pick(
        "", "~ zeros", "~ ones", "~ orthogonal", "~ glorot_uniform", "~ normal(stddev = 0.1)", f"~ {spec.pick(*INITIALIZERS)}"
    )
    clauses = spec.pick("", "", "", "in {mine}", "frozen", f"in {{{spec.pick(*COLLECTIONS)}}}")
    return f"{spec.pick('param', 'param', 'var')} {name}: {spec.type(axes=False)} {start} {clauses}", name, "value"


def _equation(spec: Spec) -> tuple[str, str, str]:
    name = spec.name(_taken(spec))
    a, b = spec.value(), spec.value()
    operator = spec.pick("+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "and", "or")
    forms = (
        f"{a} {operator} {b}",
        f"{a} {operator} {b}",
        f"not {a}",
        f"if training then {a} else {b}",
        f"where({spec.value()}, {a}, {b})",
    )
    return f"{name} = {spec.pick(*forms)}", name, "value"


def _function(spec: Spec) -> tuple[str, str, str]:
    """A call of any function of the language, with what its parameters are likely to take."""
    name = spec.name(_taken(spec))
    op = spec.random.choice(list(functions().values()))
    arguments: list[str] = []
    for parameter in op.parameters:
        if parameter.default is not None and parameter.kind != "tensor" and spec.chance(0.6):
            continue
        argument = spec.new_axis() if parameter.name == "to" else _argument(spec, parameter.kind)
        arguments.append(f"{parameter.name} = {argument}")
    if op.kind == "reduction":
        arguments = [
            spec.value(),
            f"over = {spec.pick('batch', 'time', '[batch, time]', 'leading', 'inner', 'last', '[leading, last]')}",
        ]
        arguments += [f"mask = {spec.random.choice(spec.masks)}"] if spec.masks and spec.chance(0.4) else []
    special = (
        f"concat([{spec.value()}, {spec.value()}], axis = {spec.pick('-1', '0')})",
        f"stack([{spec.value()}, {spec.value()}])",
        f"split({spec.value()}, 2)[{spec.pick('0', '1')}]",
        f"sort({spec.value()}, axis = {spec.pick('-1', '0')})",
        f"top_k({spec.value()}, {spec.pick('1', '2')}){spec.pick('', '.values', '.ids')}",
        f"{spec.value()}[{spec.pick(*AXES)} = {spec.pick('0', '-1')}]",
        f"{spec.value()}[{spec.pick(*AXES)} = {spec.pick('1..', '..-1', '0.. by 2')}, to = {spec.new_axis()}]",
        f"window({spec.value()}, {spec.pick('1', '3')}, over = {spec.pick(*AXES)})",
        f"position(over = {spec.pick(*AXES)})",
        f"rename({spec.value()}, {spec.pick(*AXES)} = {spec.new_axis()})",
        'einsum("i,j->ij", ' + f"{spec.value()}, {spec.value()})",
        "tabulate(2, 3, tab)",
        f"cast({spec.value()}, {spec.pick(*DTYPES, 'wide')})",
        f"{spec.pick('l1', 'l2')}({{{spec.pick('mine', 'trainable_variables')}}})",
    )
    call = spec.pick(*special) if spec.chance(0.25) else f"{op.name}({', '.join(arguments)})"
    made = [axis for axis in spec.axes if axis in call]
    declared = f"axis {', '.join(made)}\n  " if made else ""
    return f"{declared}{name} = {call}", name, "value"


def _argument(spec: Spec, kind: str) -> str:
    likely = {
        "int": ("1", "2", "0", "-1"),
        "size": ("1", "2", "3"),
        "number": ("0.5", "1", "0.1"),
        "bool": ("true", "false"),
        "string": ('"same"', '"valid"', '"causal"'),
        "dtype": DTYPES,
        "dims": ("[2]", "[1, 2]", "[3, 1]"),
        "axis": AXES,
        "tensors": (f"[{spec.value()}, {spec.value()}]",),
    }
    return spec.pick(*likely[kind]) if kind in likely else spec.value()


def _layer(spec: Spec) -> tuple[str, str, str]:
    """A layer and its first application; without one it is refused."""
    name = spec.name(_taken(spec))
    given = spec.pick(
        "", "", "", "with (trainable = false)", "with (init = ones)", "with (dtype = f64)", 'with (device = "/CPU:0")'
    )
    applied, result, kind = _apply(spec, name)
    spec.proposed.append((spec.layers, name))
    return f"layer {name} = {spec.pick(*BLOCKS)} {given}\n  {applied}", result, kind


def _cell(spec: Spec) -> tuple[str, str, str]:
    name = spec.name(_taken(spec))
    applied, result, kind = _scan(spec, name)
    spec.proposed.append((spec.cells, name))
    return f"layer {name} = {spec.pick(*CELLS)} {spec.pick('', '', 'with (training = false)')}\n  {applied}", result, kind


def _apply(spec: Spec, layer: str = "") -> tuple[str, str, str]:
    name = spec.name([*_taken(spec), layer])
    return f"{name} = {layer or spec.pick(*(spec.layers or ['twice']))}({spec.value()})", name, "value"


def _scan(spec: Spec, cell: str = "") -> tuple[str, str, str]:
    name = spec.name([*_taken(spec), cell])
    cell = cell or spec.pick(*(spec.cells or ["none"]))
    options = [f"{spec.pick('lengths', 'mask')} = {mask}" for mask in spec.random.sample(spec.masks, min(len(spec.masks), 2))]
    options = options if spec.chance(0.5) else options[:1]
    options += [each for each in ("reverse = true", "masked = hold", "carry = true", "steps = 3", "until = h") if spec.chance(0.12)]
    x = spec.pick(*(spec.sequences or spec.values or ["1"]))
    end = spec.pick("", "", "", ".last", ".final.h")
    kind = "value" if end else "sequence"
    if spec.chance(0.1):
        return f"{name} = step({cell}, {spec.value()})", name, "value"
    return f"{name} = scan({', '.join([cell, x, *options])}){end}", name, kind


def _loop(spec: Spec) -> tuple[str, str, str]:
    """A closed loop, or a beam search, over a cell of its own."""
    cell = spec.name(_taken(spec))
    name = spec.name([*_taken(spec), cell])
    spec.proposed.append((spec.cells, cell))
    layer = f"layer {cell} = {spec.pick(*CELLS)}"
    rest = spec.pick("", ", lengths = lengths", f", initial = (h = {spec.value()})")
    if spec.chance(0.3):
        found = f"beam({cell}, feed = hot, first = [0.0, 1.0], width = 2, steps = 3, along = late"
        return (
            f"{layer}\n  {name} = {found}{spec.pick('', ', end = 1')}{rest}){spec.pick('', '.scores', '.lengths')}",
            name,
            "value",
        )
    feed = spec.pick("twice", "tanh", "square", *spec.layers)
    heard = spec.pick("0", "1", "0.5", "if training then 0.75 else 0.0", "if training then 1.0 else 0.5")
    x = spec.pick(*(spec.sequences or ["1"]))
    taught = f"teacher = {x}, teach = {heard}{spec.pick('', ', reverse = true', ', carry = true')}"
    rest = f"{spec.pick(taught, 'steps = 3, along = late')}{rest}"
    first = spec.pick("0", "zeros", "[0.0, 1.0]", spec.value())
    return f"{layer}\n  {name} = scan({cell}, feed = {feed}, first = {first}, {rest}){spec.pick('', '', '.last')}", name, "value"


def _output(spec: Spec) -> tuple[str, str, str]:
    return f"output {spec.pick(*(spec.values or ['few']))}", "", ""


def _measure(kind: str) -> object:
    def made(spec: Spec) -> tuple[str, str, str]:
        name = spec.name(_taken(spec))
        value = spec.pick(*(spec.values or ["few"]))
        masked = f", mask = {spec.random.choice(spec.masks)}" if spec.masks and spec.chance(0.3) else ""
        where = f" in {spec.pick('losses', 'regularization_losses', 'mine')}" if spec.chance(0.2) else ""
        return (
            f"{kind} {name}{where} = {spec.pick('mean', 'sum', 'max')}({spec.pick('square', 'abs', 'cos')}({value}){masked})",
            name,
            "",
        )

    return made


def _update(spec: Spec) -> tuple[str, str, str]:
    where = spec.pick("", "", " in {mine}", " in {update_ops, mine}")
    target = spec.pick(*(spec.values or ["few"]))
    value = spec.pick(f"{target} * 0.5", f"{target} + 1", spec.value(), f"mean({spec.value()}, over = leading)")
    return f"update {target} <- {value}{where}", "", ""


def _train(spec: Spec) -> tuple[str, str, str]:
    clauses = spec.pick("", "", "", " before update_ops", " after mine", " after none", " over {trainable_variables}", " over **")
    return f"train {spec.name(_taken(spec))} = {spec.pick(*OPTIMIZERS)}{clauses}", "", ""


def _select(spec: Spec) -> tuple[str, str, str]:
    path = spec.pick(*spec.paths, *(f"{layer}/**" for layer in (*spec.layers, *spec.cells)), *spec.values)
    forms = (
        f"init {path} ~ {spec.pick('zeros', 'ones', 'normal')}",
        f"freeze {path}",
        f"unfreeze {path}",
        f"collect {path} in mine",
    )
    return f"{spec.pick('', 'optional ')}{spec.pick(*forms, f'rate {path} by 0.5')}", "", ""


def _signature(spec: Spec) -> tuple[str, str, str]:
    return f"signature {spec.name(_taken(spec))} = {spec.pick(*(spec.values or ['few']))}", "", ""


def _scope(spec: Spec) -> tuple[str, str, str]:
    name, inner = spec.name(_taken(spec)), spec.name(_taken(spec))
    return f"scope {name} {{\n    param {inner}: [2] ~ ones\n    q = {inner} * 2\n  }}", f"{name}.{inner}", "value"


def _if(spec: Spec) -> tuple[str, str, str]:
    line, name, kind = _function(spec)
    condition = spec.pick("few > 2", "true", "not (few == 3 and true)")
    return f"if {condition} {{\n    {line}\n  }} else {{\n    {name} = 1.0\n  }}", name, kind


def _for(spec: Spec) -> tuple[str, str, str]:
    name = spec.name(_taken(spec))
    return f"for k in 0..{spec.pick('1', '2', 'few')} {{\n    {name}[k] = {spec.value()} * (k + 1)\n  }}", f"{name}[0]", "value"


def _const(spec: Spec) -> tuple[str, str, str]:
    name = spec.name(_taken(spec))
    return f"const {name} = {spec.pick('2', '0.5', '[1.0, 2.0]', 'few * 2', 'sqrt(2.0)')}", name, "value"


_STATEMENTS = {
    "input": _input,
    "variable": _variable,
    "equation": _equation,
    "function": _function,
    "layer": _layer,
    "cell": _cell,
    "apply": _apply,
    "scan": _scan,
    "loop": _loop,
    "output": _output,
    "loss": _measure("loss"),
    "metric": _measure("metric"),
    "update": _update,
    "train": _train,
    "select": _select,
    "signature": _signature,
    "scope": _scope,
    "if": _if,
    "for": _for,
    "const": _const,
}


def accepted(seed: int, folder: Path, draws: int = 50) -> str:
    """A spec of `draws` statements less those that are refused."""
    spec = Spec(seed, folder)
    spec.lines += ["input first: [batch, time, 2]", "input lengths: i32[batch]", "input counted: bool[batch, time]"]
    spec.lines += ["param weight: [2] ~ normal", "output start = first * weight", "loss whole = mean(square(start))"]
    if not is_accepted(spec):  # called like something that these need
        spec.header = "model plain"
    spec.values += ["first", "start", "weight"]
    spec.sequences += ["first", "start"]
    spec.masks += ["lengths", "counted"]
    for _ in range(draws):
        spec.proposed = []
        line, name, kind = statement(spec)
        spec.lines.append(line)
        if not is_accepted(spec):
            spec.lines.pop()
            continue
        for group, each in spec.proposed:
            group.append(each)
        if name:
            spec.values.append(name)
        if name and kind in ("mask", "sequence"):
            (spec.masks if kind == "mask" else spec.sequences).append(name)
    return write(spec)


def write(spec: Spec) -> str:
    body = "".join(f"  {line.strip()}\n" for line in spec.lines)
    return f"rnn 1\n{spec.top}{spec.header} {{\n{body}}}\n"


def is_accepted(spec: Spec) -> bool:
    return not check_text(spec.folder, write(spec)).errors
