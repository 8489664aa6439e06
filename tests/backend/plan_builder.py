"""Plans by hand: a small builder of graphs that infers types by the rules of the operations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from rnndsl.derive.functions import with_functions
from rnndsl.language.ops.table import result_type
from rnndsl.plan.attributes import Attributes
from rnndsl.plan.model import (
    Graph,
    GraphInput,
    Initializer,
    Node,
    Plan,
    PlanInput,
    Scan,
    ScanInput,
    ScanState,
    ScanVariable,
    TensorType,
    Variable,
)
from rnndsl.plan.rewriting import draws
from rnndsl.records import replace
from tests.plan.told import told
from tests.rules import with_trains

ORDER = ("batch", "time", "src", "frame")
_ids = itertools.count()


def t(text: str) -> TensorType:
    """`f32[batch, time, 3]` as a type."""
    dtype, _, rest = text.partition("[")
    parts = [p.strip() for p in rest.rstrip("]").split(",") if p.strip()]
    return TensorType(dtype, tuple(p for p in parts if not p.isdigit()), tuple(int(p) for p in parts if p.isdigit()))  # type: ignore[arg-type]


class Builder:
    """Ids are strings; types are kept beside them."""

    def __init__(self) -> None:
        self.inputs: list[GraphInput] = []
        self.nodes: list[Node | Scan] = []
        self.types: dict[str, TensorType] = {}

    def input(self, text: str, name: str | None = None) -> str:
        name = name or f"in{next(_ids)}"
        self.inputs.append(GraphInput(name, t(text)))
        self.types[name] = t(text)
        return name

    def add(self, op: str, args: tuple[str, ...], attrs: Attributes, kind: TensorType) -> str:
        name = f"{op}{next(_ids)}"
        self.nodes.append(Node(name, op, args, attrs, kind, "test.rnn:1:1"))
        self.types[name] = kind
        return name

    def op(self, op: str, *args: str, **attrs: Any) -> str:
        attributes = told(op, **attrs)
        return self.add(op, args, attributes, result_type(op, [self.types[a] for a in args], attributes, ORDER))

    def literal(self, value: Any, dtype: str = "f32") -> str:
        return self.add("literal", (), told("literal", value=value), TensorType(dtype, (), np.shape(value)))  # type: ignore[arg-type]

    def read(self, path: str, *dims: int, dtype: str = "f32") -> str:
        return self.add("read", (), told("read", variable=path), TensorType(dtype, (), dims))  # type: ignore[arg-type]

    def graph(self) -> Graph:
        return Graph(tuple(self.inputs), tuple(self.nodes))

    def scan(
        self,
        body: Builder,
        *,
        scanned: dict[str, str] | None = None,
        given: dict[str, str] | None = None,
        states: list[tuple[str, str, str, str]] = [],  # noqa: B006
        variables: list[tuple[str, str, str, str]] = [],  # noqa: B006
        outputs: tuple[str, ...],
        path: str = "run",
        axis: str = "time",
        **options: Any,
    ) -> str:
        """scanned, given: inner -> outer. states: (name, initial, old, new)."""
        name = f"scan{next(_ids)}"
        scan = Scan(
            name, path, axis,
            tuple(ScanInput(o, i) for i, o in (scanned or {}).items()),
            tuple(ScanInput(o, i) for i, o in (given or {}).items()),
            tuple(ScanState(*s) for s in states),
            tuple(ScanVariable(*v) for v in variables),
            outputs, body.graph(), **options,
        )  # fmt: skip
        self.nodes.append(scan)
        return name

    def result(self, scan: str, of: str, name: str, text: str) -> str:
        node = next(n for n in self.nodes if isinstance(n, Scan) and n.id == scan)
        names = {"final": [s.name for s in node.states], "variable": [v.path for v in node.variables]}.get(of, list(node.outputs))
        return self.add("result", (scan,), told("result", of=of, at=names.index(name)), t(text))


def variable(path: str, *shape: int, dtype: str = "f32", kind: str = "param", trainable: bool = True, **more: Any) -> Variable:
    options: dict[str, Any] = {
        "initializer": Initializer(name="normal", arguments={"mean": 0.0, "stddev": 0.5}),
        "initializer_origin": "declared",
        "trainable": trainable and kind == "param",
        "collections": ("global_variables",),
        **more,
    }
    return Variable(path=path, kind=kind, dtype=dtype, shape=shape, **options)  # type: ignore[arg-type]


def plan(graph: Builder, targets: tuple[str, ...] = (), **fields: Any) -> Plan:
    inputs = tuple(PlanInput(name=x.id, kind="target" if x.id in targets else "input", type=x.type) for x in graph.inputs)
    return finished(Plan(name="test", dtype="f32", seed=0, axes=ORDER, inputs=inputs, graph=graph.graph(), **fields))


def finished(made: Plan) -> Plan:
    """`made` with its functions, the call counter where it draws, and the variables of its optimizers."""
    made = with_trains(made, *made.trains)
    own: list[Variable] = []
    if draws(made.graph) and not any(v.kind == "counter" for v in made.variables):
        own.append(variable("call_counter", dtype="i64", kind="counter", initializer=Initializer(name="zeros"), collections=()))
    return with_functions(replace(made, variables=(*made.variables, *own)))


def initial_value(variable: Variable, seed: int = 0) -> np.ndarray:
    """Reproducible numbers by path; the real initialisers are tested elsewhere."""
    if variable.initializer.name == "zeros":
        return np.zeros(variable.shape, _numpy(variable.dtype))
    if variable.initializer.name == "constant":
        return np.full(variable.shape, variable.initializer.arguments["value"], _numpy(variable.dtype))
    random = np.random.default_rng([seed, *variable.path.encode()])
    return np.asarray(random.normal(0, 0.5, variable.shape)).astype(_numpy(variable.dtype))


def _numpy(dtype: str) -> Any:
    if dtype == "bf16":
        import ml_dtypes

        return ml_dtypes.bfloat16
    return {"f16": "f2", "f32": "f4", "f64": "f8", "i32": "i4", "i64": "i8", "bool": "?"}[dtype]
