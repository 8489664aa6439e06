"""Reads a plan back from its text, as far as tests need it: types may be left out where an operation's rule gives them."""

from __future__ import annotations

import json
import re

from rnndsl.language.ops.table import result_type
from rnndsl.plan import model
from rnndsl.plan.model import Graph, GraphInput, Initializer, Named, Node, Plan, PlanInput, Scan, ScanInput, TensorType
from tests.plan.told import told


def read_type(text):
    dtype, _, rest = text.strip().partition("[")
    parts = [p.strip() for p in rest.rstrip("]").split(",") if p.strip()]
    return TensorType(dtype, tuple(p for p in parts if not p.isdigit()), tuple(int(p) for p in parts if p.isdigit()))


def read_plan(text: str) -> Plan:
    """`text` in sections, as the printer writes them; `#` lines are left out."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    head = re.fullmatch(r"plan (\w+): (\w+), seed (\d+), axes (.*)", lines[0])
    sections, title = {}, ""
    for line in lines[1:]:
        if not line.startswith(" "):
            title = line
            sections[title] = []
            continue
        sections[title].append(line[2:])
    axes = tuple(a.strip() for a in head[4].split(","))
    inputs = tuple(_input(x) for x in sections.get("inputs", ()))
    graph_inputs = tuple(GraphInput(x.name, x.type) for x in inputs)
    reader = _Reader(axes)
    graph = reader.graph(sections.get("graph", []), graph_inputs)
    variables = tuple(_variable(x) for x in sections.get("variables", ()))
    return Plan(
        name=head[1], dtype=head[2], seed=int(head[3]), axes=axes, inputs=inputs, variables=variables, graph=graph,
        outputs=_named(sections.get("outputs", ())), losses=_named(sections.get("losses", ())),
        metrics=_named(sections.get("metrics", ())), residuals=_named(sections.get("residuals", ())),
        updates=tuple(_update(x) for x in sections.get("updates", ())), collections=_collections(variables),
    )  # fmt: skip


def _collections(variables):
    names = dict.fromkeys(c for v in variables for c in v.collections)
    return {c: tuple(v.path for v in variables if c in v.collections) for c in names}


def _input(line):
    kind, name, kind_type = re.fullmatch(r"(\w+) (\w+): (.*)", line).groups()
    return PlanInput(name=name, kind=kind, type=read_type(kind_type))


def _variable(line):
    found = re.match(
        r"(\w+) (\S+): (\w+\[.*?\])(?: ~ (\w+)\((.*?)\))?(?: \((.*?)\))?(?:, (not )?trainable)?(?:, in \{(.*?)\})?$", line
    )
    kind, path, text, name, arguments, origin, _, collections = found.groups()
    t = read_type(text)
    pairs = dict(p.split(" = ") for p in arguments.split(", ")) if arguments else {}
    trainable = kind == "param" and ", not trainable" not in line
    return model.Variable(
        path=path, kind=kind, dtype=t.dtype, shape=t.dims, axes=t.axes, trainable=trainable, initializer_origin=origin or "default",
        initializer=Initializer(name=name or "zeros", arguments={k: json.loads(v) for k, v in pairs.items()}),
        collections=tuple(c for c in (collections or "").split(", ") if c),
    )  # fmt: skip


def _named(lines):
    found = (re.fullmatch(r"(\S+) = %(\S+?)(?: in (\S+))?", line) for line in lines)
    return tuple(Named(name=m[1], value=m[2], collection=m[3]) for m in found)


def _update(line):
    m = re.fullmatch(r"(\S+): (\S+) <- %(\S+) in \{(.*)\}", line)
    return model.Update(name=m[1], variable=m[2], value=m[3], collections=tuple(m[4].split(", ")))


class _Reader:
    def __init__(self, axes):
        self.axes = axes

    def graph(self, lines, inputs):
        types = {x.id: x.type for x in inputs}
        scans, nodes, at = {}, [], 0
        while at < len(lines):
            line = lines[at]
            at += 1
            if " = scan " in line:
                end = at
                while end < len(lines) and lines[end].startswith("  "):
                    end += 1
                scan = self.scan(line, [x[2:] for x in lines[at:end]])
                scans[scan.id] = scan
                nodes.append(scan)
                at = end
                continue
            node = self.node(line, types)
            types[node.id] = node.type
            nodes.append(node)
        return Graph(tuple(inputs), tuple(nodes))

    def node(self, line, types):
        equation, _, text = line.partition(" : ")
        name, op, rest = re.fullmatch(r"%(\S+) = (\w+)(.*)", equation).groups()
        args_text, *_ = re.split(r"\s(?=\w+=)", rest, maxsplit=1)
        args = tuple(re.findall(r"%([\w.'/\[\]-]+)", args_text))
        attrs = dict(_attributes(rest[len(args_text) :]))
        attributes = told(op, **attrs)
        t = read_type(text) if text else result_type(op, [types[a] for a in args], attributes, self.axes)
        return Node(name, op, args, attributes, t)

    def scan(self, head, lines):
        name, path, axis, options = re.fullmatch(r"%(\S+) = scan (\S+) over (\w+)(.*)", head).groups()
        scanned, given, states, variables, inputs, outputs, equations = [], [], [], [], [], (), []
        for line in lines:
            if m := re.fullmatch(r"each %(\S+) of %(\S+) : (.*)", line):
                scanned.append(ScanInput(m[2], m[1]))
                inputs.append(GraphInput(m[1], read_type(m[3])))
            elif m := re.fullmatch(r"given %(\S+) = %(\S+) : (.*)", line):
                given.append(ScanInput(m[2], m[1]))
                inputs.append(GraphInput(m[1], read_type(m[3])))
            elif m := re.fullmatch(r"(state|variable) (\S+): %(\S+) from %(\S+) then %(\S+) : (.*)", line):
                make, table = (model.ScanState, states) if m[1] == "state" else (model.ScanVariable, variables)
                table.append(make(m[2], m[4], m[3], m[5]))
                inputs.append(GraphInput(m[3], read_type(m[6])))
            elif line.startswith("output "):
                outputs = tuple(x.strip().lstrip("%") for x in line[7:].split(","))
            else:
                equations.append(line)
        found = dict(re.findall(r"(lengths|mask|steps|until|first) (\S+)", options))
        steps = found.get("steps")
        return Scan(
            name, path, axis, tuple(scanned), tuple(given), tuple(states), tuple(variables), outputs, self.graph(equations, inputs),
            **{name: found[name][1:] for name in ("lengths", "mask", "first") if name in found},
            steps=(steps[1:] if steps.startswith("%") else int(steps)) if steps else None, until=found.get("until"),
            **{name: f" {name}" in options for name in ("reverse", "hold", "carry", "same_draws", "recompute", "again")},
        )  # fmt: skip


def _attributes(text):
    decoder, at = json.JSONDecoder(), 0
    while m := re.compile(r"\s*(\w+)=").match(text, at):
        value, at = decoder.raw_decode(text, m.end())
        yield m[1], value
