"""Small random plans for property tests: every kind of node that a pass looks at, with numbers that stay small."""

from __future__ import annotations

import itertools
import math
from random import Random

from rnndsl.language.ops.table import result_type
from rnndsl.language.rules.types import TypeRuleError
from rnndsl.meaning.verify_scan import fits
from rnndsl.plan.attributes import NOTHING
from rnndsl.plan.model import (
    Graph,
    GraphInput,
    Initializer,
    Named,
    Node,
    Plan,
    PlanInput,
    Scan,
    ScanInput,
    ScanState,
    ScanVariable,
    TensorType,
    Update,
    Variable,
)
from tests.plan.told import told

ORDER = ("batch", "time", "src")
F = "f64"
WEIGHTS = {"a": (2, 2), "b": (2, 3), "c": (3, 2), "d": (3, 3), "e": (3,), "f": (2,), "g": (2, 2)}
UNARY = ("tanh", "sigmoid", "neg", "hard_tanh", "softsign", "stop_gradient")
BINARY = ("add", "sub", "mul", "minimum", "maximum", "matmul", "matmul", "matmul", "dot", "outer")


class Maker:
    """Makes graphs out of one `Random`. Values are kept small: each new node with many numbers or a large bound is squashed."""

    def __init__(self, random: Random, sized_scans: bool = True):
        self.random = random
        self.count = itertools.count()
        self.depth = 0
        self.streams = itertools.count(1)
        self.variables_in_scan = []
        self.sized_scans = sized_scans

    def fresh(self) -> str:
        return f"n{next(self.count)}"

    def maybe(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def pick(self, types, wanted=lambda t: True):
        """One of the values that are `wanted`, often a recent one."""
        found = [k for k, t in types.items() if wanted(t)]
        if self.maybe():
            found = found[-3:]
        return self.random.choice(found) if found else None

    # ---- nodes

    def nodes(self, types, count):
        """`count` random nodes over the values in `types`, which they join."""
        result = []
        for _ in range(count):
            if self.maybe(0.25):
                result += self.gates(types)
                continue
            made = self.leaf() if self.maybe(0.25) else self.node(types)
            if made is None:
                continue
            result.append(made)
            types[made.id] = made.type
        return result

    def gates(self, types):
        """Products of one value with one to three variables, some of them squashed."""
        left = self.pick(types, lambda t: t.dtype == F and t.dims and t.dims[-1] in (2, 3) and len(t.dims) < 3)
        made = []
        for _ in range(self.random.randint(1, 3) if left else 0):
            path = self.random.choice([k for k, dims in WEIGHTS.items() if dims[0] == types[left].dims[-1]])
            read = Node(self.fresh(), "read", (), told("read", variable=path), TensorType(F, (), WEIGHTS[path]))
            t = result_type("matmul", [types[left], read.type], NOTHING, ORDER)
            product = Node(self.fresh(), "matmul", (left, read.id), NOTHING, t)
            made += [read, product]
            if self.maybe():
                made.append(Node(self.fresh(), "sigmoid", (product.id,), NOTHING, t))
        types.update((n.id, n.type) for n in made)
        return made

    def leaf(self):
        if self.maybe(0.7):
            path = self.random.choice(list(WEIGHTS))
            return Node(self.fresh(), "read", (), told("read", variable=path), TensorType(F, (), WEIGHTS[path]))
        if self.maybe(0.8):
            return Node(self.fresh(), "literal", (), told("literal", value=self.random.choice([0.5, 1.0, -0.25])), TensorType(F))
        return Node(self.fresh(), "eye", (), told("eye", n=2), TensorType(F, (), (2, 2)))

    def node(self, types):
        op, args, attrs = self.candidate(types)
        if None in args:
            return None
        attributes = told(op, **attrs)
        try:
            t = result_type(op, [types[a] for a in args], attributes, ORDER)
        except TypeRuleError:
            return None
        too_large = math.prod(t.dims) > 12 or len(t.dims) > 3 or not all(t.dims)
        return None if too_large else Node(self.fresh(), op, args, attributes, t)

    def candidate(self, types):
        def real(t):
            return t.dtype == F

        x, y = self.pick(types, real), self.pick(types, real)
        t = types[x]
        rank = len(t.dims)
        if t.axes and self.maybe(0.08):
            return "position", (x,), {"over": self.random.choice(t.axes)}
        whole = self.pick(types, lambda t: t.dtype == "i32")
        if whole and self.maybe(0.1):
            return "cast", (whole,), {"dtype": F}
        kind = self.random.randrange(14)
        if kind < 3:
            return self.random.choice(UNARY), (x,), {}
        if kind < 7:
            return self.random.choice(BINARY), (x, y), {}
        if kind == 7:
            return "concat", (x, y), {"dim": -1}
        if kind == 8 and rank:
            cut = self.random.randrange(t.dims[-1])
            item = ["range", cut, t.dims[-1]] if self.maybe() else ["at", cut]
            return "index", (x,), {"items": [["all"]] * (rank - 1) + [item]}
        if kind == 9:
            return self.reduction(x, t)
        if kind == 10:
            axis = self.random.choice(t.axes) if t.axes else None
            return "softmax", (x,), ({"over": axis} if axis and self.maybe() else {"dim": -1, "over": None})
        if kind == 11 and t.axes:
            op = self.random.choice(["shift", "reverse"])
            return op, (x,), {"over": self.random.choice(t.axes), **({"steps": 1} if op == "shift" else {})}
        if kind == 12:
            return self.drawn(x)
        c = self.pick(types, lambda t: t.dtype == "bool")
        return ("where", (c, x, y), {}) if c and self.maybe() else (self.random.choice(["if_training", "gt", "stack"]), (x, y), {})

    def reduction(self, x, t):
        axes = [a for a in t.axes if self.maybe(0.3)]
        dims = [-1] if t.dims and self.maybe() else []
        return self.random.choice(["sum", "mean", "max", "min"]), (x,), {"axes": axes, "dims": dims}

    def drawn(self, x):
        return self.random.choice(["random_uniform", "random_normal"]), (x,), {"stream": next(self.streams)}

    # ---- scans

    def scan(self, types, axis):
        """A scan over `axis` of values in `types`, and results of it; None if nothing has the axis."""
        sources = [k for k, t in types.items() if axis in t.axes and t.dtype == F]
        if not sources:
            return []
        scanned, given, inner = [], [], {}
        for source in self.random.choices(sources, k=self.random.randint(1, 2)):
            t = types[source]
            scanned.append(ScanInput(source, self.fresh()))
            inner[scanned[-1].inner] = TensorType(t.dtype, tuple(a for a in t.axes if a != axis), t.dims)
        for source in self.random.choices(list(types), k=self.random.randint(0, 2)):
            given.append(ScanInput(source, self.fresh()))
            inner[given[-1].inner] = types[source]
        start = {k: t for k, t in types.items() if axis not in t.axes}
        options = self.options(types, axis)
        olds = []
        for number in range(self.random.randint(1, 2)):
            old = TensorType(F, self.row_axes(types, scanned, axis), (self.random.choice([2, 3]),))
            initial = self.pick(start, lambda t, old=old: fits(t, old))
            if initial is not None:
                olds.append((f"s{number}", initial, self.fresh(), old))
                inner[olds[-1][2]] = old
        if not self.depth and "v" in types and self.maybe(0.3):
            carried = ("v", "v", self.fresh(), TensorType(F, (), (2,)))
            inner[carried[2]] = carried[3]
        else:
            carried = None
        inputs = tuple(GraphInput(k, t) for k, t in inner.items())
        body_types = dict(inner)
        body = self.nodes(body_types, self.random.randint(3, 10))
        if self.depth < 1 and self.maybe(0.3):
            self.depth += 1
            body += self.scan(body_types, "src")
            self.depth -= 1
            body += self.nodes(body_types, 3)
        body, new = self.squashed(body, body_types, [*olds, *([carried] if carried else [])])
        states = tuple(ScanState(n, i, o, new[o]) for n, i, o, _ in olds)
        variables = (ScanVariable("v", "v", carried[2], new[carried[2]]),) if carried else ()
        outputs = tuple(dict.fromkeys(self.pick(body_types, lambda t: t.dtype == F and axis not in t.axes) for _ in range(2)))
        scan = Scan(
            self.fresh(), f"run{next(self.count)}", axis, tuple(scanned), tuple(given), states, variables,
            tuple(x for x in outputs if x),
            Graph(inputs, tuple(body)), **options,
        )  # fmt: skip
        return [scan, *self.results(scan, types, body_types)]

    def row_axes(self, types, scanned, axis):
        present = {a for x in scanned for a in types[x.outer].axes} | {"batch"}
        return tuple(a for a in ORDER if a in present and a != axis)

    def options(self, types, axis):
        if axis != "time" or not self.sized_scans:
            return {"reverse": self.maybe(0.3)}
        return {
            "lengths": "lengths" if self.maybe(0.3) else None,
            "mask": "mask" if self.maybe(0.3) else None,
            "reverse": self.maybe(0.3),
            "hold": self.maybe(0.3),
        }

    def squashed(self, body, types, olds):
        """The next value of each state: a value that fits, through tanh so that it stays small, or the old one."""
        body, new = list(body), {}
        for *_, old, t in olds:
            source = self.pick(types, lambda u, t=t: fits(u, t)) or old
            node = Node(self.fresh(), "tanh", (source,), NOTHING, types[source])
            body.append(node)
            types[node.id] = node.type
            new[old] = node.id
        return body, new

    def results(self, scan, types, body_types):
        rows = set()
        if scan.lengths:
            rows |= {"batch"}
        if scan.mask:
            rows |= {"batch"}
        made = []
        for at, name in enumerate(scan.outputs):
            t = body_types[name]
            for of, axes in (("output", {*t.axes, *rows, scan.axis}), ("last", {*t.axes, *rows})):
                whole = TensorType(t.dtype, tuple(a for a in ORDER if a in axes), t.dims)
                made.append(Node(self.fresh(), "result", (scan.id,), told("result", of=of, at=at), whole))
        for at, state in enumerate(scan.states):
            made.append(Node(self.fresh(), "result", (scan.id,), told("result", of="final", at=at), body_types[state.old]))
        if scan.variables:
            made.append(Node(self.fresh(), "result", (scan.id,), told("result", of="variable", at=0), TensorType(F, (), (2,))))
            self.variables_in_scan.append(made[-1].id)
        made = [m for m in made if self.maybe(0.7) or m.id in self.variables_in_scan]
        types.update((m.id, m.type) for m in made)
        return made


def random_plan(random: Random) -> Plan:
    """A random plan with one or two scans over time, perhaps one over another axis inside."""
    maker = Maker(random)
    inputs = {
        "x": TensorType(F, ("batch", "time"), (2,)),
        "z": TensorType(F, ("batch", "time"), (3,)),
        "s": TensorType(F, ("batch", "src"), (2,)),
        "context": TensorType(F, ("batch",), (3,)),
        "lengths": TensorType("i32", ("batch",)),
        "mask": TensorType("bool", ("batch", "time")),
    }
    types = dict(inputs)
    nodes = [
        Node("v", "read", (), told("read", variable="v"), TensorType(F, (), (2,))),
        Node("zero", "literal", (), told("literal", value=0.0), TensorType(F)),
    ]
    types.update((n.id, n.type) for n in nodes)
    nodes += maker.nodes(types, random.randint(1, 5))
    for _ in range(random.randint(1, 2)):
        nodes += maker.scan(types, "time")
        nodes += maker.nodes(types, random.randint(0, 4))
    made = [n.id for n in nodes if isinstance(n, Node)]
    results = [n.id for n in nodes if isinstance(n, Node) and n.op == "result"]
    outputs = [Named(name=f"y{i}", value=value) for i, value in enumerate([*random.choices(made, k=4), *results])]
    updates = [Update(name="u", variable="v", value=x, collections=("update_ops",)) for x in maker.variables_in_scan[:1]]
    variables = [
        Variable(
            path=path, kind="var" if path == "v" else "param", dtype=F, shape=shape, initializer=Initializer(name="zeros"),
            initializer_origin="default", trainable=path != "v", collections=(),
        )
        for path, shape in {**WEIGHTS, "v": (2,)}.items()
    ]  # fmt: skip
    counter = Variable(
        path="calls", kind="counter", dtype="i64", shape=(), initializer=Initializer(name="zeros"), initializer_origin="default",
        trainable=False, collections=(),
    )  # fmt: skip
    return Plan(
        name="random", dtype=F, seed=0, axes=ORDER,
        inputs=tuple(PlanInput(name=k, kind="input", type=t) for k, t in inputs.items()),
        variables=(*variables, counter), graph=Graph(tuple(GraphInput(k, t) for k, t in inputs.items()), tuple(nodes)),
        outputs=tuple(outputs), updates=tuple(updates),
    )  # fmt: skip
