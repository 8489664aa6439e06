"""What a plan means, in NumPy, written from language.md and plan/model.py: the oracle that passes are checked against.

A value is an array laid out as its axes, then its dims. One walk computes every node; scans run step by step, row by row masked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from rnndsl.plan.model import Graph, Node, Plan, Scan, TensorType
from tests.plan.numpy_ops import ACTIVATIONS, ELEMENTWISE, POSITION, REDUCTIONS, UNARY

NUMPY = {"f16": np.float16, "f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "bool": np.bool_}


def aligned(array, t, axes):
    """`array` of type `t` with a length-1 dim for each of `axes` that it lacks; its dims stay."""
    shape = iter(array.shape)
    leading = [next(shape) if a in t.axes else 1 for a in axes]
    return array.reshape((*leading, *shape))


def fitted(array, t, target, sizes):
    """`array` of type `t` broadcast to the type `target`."""
    array = aligned(array, t, target.axes)
    at = len(target.axes)
    array = array.reshape((*array.shape[:at], *[1] * (len(target.dims) - len(t.dims)), *array.shape[at:]))
    return np.broadcast_to(array, [*(sizes[a] for a in target.axes), *target.dims])


def neutral(op, dtype):
    """What a masked element counts as."""
    if op not in ("max", "min"):
        return op == "all"
    if dtype.kind == "f":
        return -np.inf if op == "max" else np.inf
    return np.iinfo(dtype).min if op == "max" else np.iinfo(dtype).max


@dataclass
class Interpreter:
    """One call of a plan. `seed` tells calls apart, `step` the steps of scans."""

    plan: Plan
    variables: dict
    training: bool
    sizes: dict = field(default_factory=dict)

    def graph(self, graph: Graph, inputs: dict, step: tuple = ()):
        values, types, scans = {}, {}, {}
        for x in graph.inputs:
            values[x.id], types[x.id] = np.asarray(inputs[x.id], NUMPY[x.type.dtype]), x.type
            self.learn(values[x.id], x.type)
        for node in graph.nodes:
            if isinstance(node, Scan):
                scans[node.id] = ScanRun(self, node, values, types, step).results()
                continue
            if node.op == "result":
                array, t = scans[node.args[0]][node.attrs["of"], node.attrs["name"]]
                self.learn(array, t)
                values[node.id] = fitted(array, t, node.type, self.sizes)
            else:
                values[node.id] = self.node(node, [values[a] for a in node.args], [types[a] for a in node.args], step)
            types[node.id] = node.type
            rank = len(node.type.axes) + len(node.type.dims)
            assert values[node.id].ndim == rank, (node, values[node.id].shape)
            assert values[node.id].shape[len(node.type.axes) :] == node.type.dims, (node, values[node.id].shape)
            values[node.id] = values[node.id].astype(NUMPY[node.type.dtype])
            self.learn(values[node.id], node.type)
        return values, types

    def learn(self, array, t):
        for axis, size in zip(t.axes, array.shape, strict=False):
            assert self.sizes.setdefault(axis, size) == size, (axis, size, self.sizes)

    def node(self, node: Node, args, types, step):
        op, attrs, t = node.op, node.attrs, node.type
        if op == "read":
            return np.asarray(self.variables[attrs["variable"]])
        if op == "literal":
            return np.asarray(attrs["value"])
        if op == "eye":
            return np.eye(attrs["n"])
        if op == "if_training":
            chosen = 0 if self.training else 1
            return fitted(args[chosen], types[chosen], t, self.sizes)
        if op == "broadcast":
            return fitted(args[0], types[0], t, self.sizes)
        if op == "valid_steps":
            return self.valid_steps(node, args, types)
        if op in ("dropout", "bernoulli", "random_uniform", "random_normal"):
            return self.random(node, args, types, step)
        if op in UNARY:
            return UNARY[op](args[0])
        if op in ACTIVATIONS:
            return ACTIVATIONS[op](args[0], **attrs)
        if op in ELEMENTWISE:
            return ELEMENTWISE[op](
                *(fitted(a, x, TensorType(x.dtype, t.axes, t.dims), self.sizes) for a, x in zip(args, types, strict=True))
            )
        if op == "cast":
            return args[0].astype(NUMPY[attrs["dtype"]])
        if op in REDUCTIONS:
            return self.reduction(node, args, types)
        if op in ("shift", "reverse", "position", "rename", "softmax", "log_softmax", "argmax"):
            return self.axis_op(node, args[0], types[0])
        if op == "conv" and attrs.get("over"):
            return self.conv_over(node, args[0], args[1], types[0])
        return self.trailing(node, args, types)

    def conv_over(self, node, x, kernel, t):
        """The axis is a dim before the channels, and an axis again, maybe of another name."""
        over, to = node.attrs["over"], node.attrs.get("to") or node.attrs["over"]
        rows = np.moveaxis(x, t.axes.index(over), -2)
        out = np.stack([POSITION["conv"](node, one, kernel) for one in rows.reshape(-1, *rows.shape[-2:])])
        out = out.reshape(*rows.shape[:-2], *out.shape[1:])
        return np.moveaxis(out, -2, node.type.axes.index(to))

    def valid_steps(self, node, args, types):
        t, over, rest = node.type, node.attrs["over"], list(zip(args, types, strict=True))[1:]
        axes = tuple(a for a in t.axes if a != over)
        valid = np.ones([*(self.sizes[a] for a in axes), self.sizes[over]], bool)
        if node.attrs["lengths"]:
            lengths, kind = rest.pop(0)
            valid = valid & (np.arange(self.sizes[over]) < aligned(lengths, TensorType(kind.dtype, kind.axes), axes)[..., None])
        valid = np.moveaxis(valid, -1, t.axes.index(over))
        for mask, kind in rest:
            valid = valid & fitted(mask, kind, TensorType("bool", t.axes), self.sizes)
        return np.where(valid.reshape((*valid.shape, *[1] * len(t.dims))), args[0], 0)

    def random(self, node, args, types, step):
        full = fitted(args[0], types[0], node.type, self.sizes)
        if node.op == "dropout" and not self.training:
            return full
        rng = np.random.default_rng([node.attrs["stream"], *step])
        if node.op == "random_normal":
            return rng.normal(size=full.shape)
        drawn = rng.random(full.shape)
        if node.op == "random_uniform":
            return drawn
        if node.op == "bernoulli":
            return drawn < full
        rate = fitted(args[1], types[1], node.type, self.sizes)
        return np.where(drawn >= rate, full / np.where(rate < 1, 1 - rate, 1), 0)

    def reduction(self, node, args, types):
        x, t = args[0], types[0]
        gone = tuple(t.axes.index(a) for a in node.attrs["axes"]) + tuple(x.ndim + d for d in node.attrs["dims"])
        if len(args) == 1:
            return REDUCTIONS[node.op](x, axis=gone)
        mask = fitted(args[1], types[1], TensorType("bool", t.axes, t.dims), self.sizes)
        if node.op in ("mean", "variance"):
            count = np.maximum(np.sum(mask, axis=gone, keepdims=True), 1)
            mean = np.sum(np.where(mask, x, 0), axis=gone, keepdims=True) / count
            if node.op == "variance":
                mean = np.sum(np.where(mask, np.square(x - mean), 0), axis=gone, keepdims=True) / count
            return np.squeeze(mean, gone)
        return REDUCTIONS[node.op](np.where(mask, x, neutral(node.op, x.dtype)), axis=gone)

    def axis_op(self, node, x, t):
        over = node.attrs.get("over")
        at = t.axes.index(over) if over else x.ndim + node.attrs.get("dim", 0)
        if node.op == "reverse":
            return np.flip(x, at)
        if node.op == "position":
            return np.arange(x.shape[at])
        if node.op == "argmax":
            return np.argmax(x, at)
        if node.op == "shift":
            steps, moved = node.attrs["steps"], np.moveaxis(x, at, 0)
            out = np.zeros_like(moved)
            if steps >= 0:
                out[steps:] = moved[: len(moved) - steps] if steps else moved
            else:
                out[:steps] = moved[-steps:]
            return np.moveaxis(out, 0, at)
        if node.op == "rename":
            at = t.axes.index(node.attrs["from"])
            renamed = tuple(node.attrs["to"] if i == at else a for i, a in enumerate(t.axes))
            return np.transpose(x, [*(renamed.index(a) for a in node.type.axes), *range(len(renamed), x.ndim)])
        shifted = x - x.max(axis=at, keepdims=True)
        logs = shifted - np.log(np.sum(np.exp(shifted), axis=at, keepdims=True))
        return logs if node.op == "log_softmax" else np.exp(logs)

    def trailing(self, node, args, types):
        """Operations on trailing dims: written for one position, applied to each."""
        axes = node.type.axes
        sizes = [self.sizes[a] for a in axes]
        full = [np.broadcast_to(aligned(a, t, axes), [*sizes, *t.dims]) for a, t in zip(args, types, strict=True)]
        count = math.prod(sizes)
        positions = [a.reshape(count, *t.dims) for a, t in zip(full, types, strict=True)]
        one = POSITION[node.op]
        out = [one(node, *(p[i] for p in positions)) for i in range(count)]
        stacked = np.stack(out) if out else np.zeros((0, *node.type.dims))
        return stacked.reshape((*sizes, *node.type.dims))


class ScanRun:
    """One run of a scan, as the docstring of `Scan` says it."""

    def __init__(self, interpreter, scan, values, types, step):
        self.interpreter, self.scan, self.values, self.types, self.step = interpreter, scan, values, types, step
        self.order = interpreter.plan.axes
        self.sizes = interpreter.sizes
        self.inner = {x.id: x.type for x in scan.body.inputs}
        self.length = self._length()

    def _length(self):
        scan = self.scan
        if scan.scanned:
            x = scan.scanned[0].outer
            return self.values[x].shape[self.types[x].axes.index(scan.axis)]
        return int(self.values[scan.steps]) if isinstance(scan.steps, str) else scan.steps

    def fit(self, name, target):
        return fitted(self.values[name], self.types[name], target, self.sizes)

    def valid(self):
        """[mask axes, length] and its axes: whether a step counts."""
        scan, axes, valid = self.scan, (), np.ones(self.length, bool)
        if scan.lengths is not None:
            axes = self.types[scan.lengths].axes
            valid = np.arange(self.length) < self.values[scan.lengths][..., None]
        if scan.mask is not None:
            t = self.types[scan.mask]
            mask = np.moveaxis(self.values[scan.mask], t.axes.index(scan.axis), -1)
            rest = tuple(a for a in t.axes if a != scan.axis)
            both = tuple(a for a in self.order if a in rest or a in axes)
            mask = aligned(mask, TensorType("bool", rest), both)
            valid = aligned(valid, TensorType("bool", axes), both) & mask
            axes = both
        return valid, axes

    def results(self):
        scan, it = self.scan, self.interpreter
        states = {s.name: self.fit(s.initial, self.inner[s.old]) for s in scan.states}
        carried = {v.path: self.fit(v.initial, self.inner[v.old]) for v in scan.variables}
        given = {x.inner: self.fit(x.outer, self.inner[x.inner]) for x in scan.given}
        scanned = {x.inner: self._moved(x.outer) for x in scan.scanned}
        valid, axes = self.valid()
        until = next((s for s in scan.states if s.name == scan.until), None)
        mask_axes = tuple(a for a in self.order if a in axes or (until and a in self.inner[until.old].axes))
        outputs = {name: [None] * self.length for name in scan.outputs}
        last = {}
        body_types = {**self.inner, **{n.id: n.type for n in scan.body.nodes if not isinstance(n, Scan)}}
        steps = range(self.length - 1, -1, -1) if scan.reverse else range(self.length)
        for t in steps:
            feed = {**given, **{k: self._step(k, v, t) for k, v in scanned.items()}}
            feed.update({s.old: states[s.name] for s in scan.states})
            feed.update({v.old: carried[v.path] if it.training else self.fit(v.initial, self.inner[v.old]) for v in scan.variables})
            body, body_types = it.graph(scan.body, feed, (*self.step, t))
            live = aligned(valid[..., t], TensorType("bool", axes), mask_axes)
            if until:
                live = live & ~aligned(states[until.name], self.inner[until.old], mask_axes)
            live = np.broadcast_to(live, [self.sizes[a] for a in mask_axes])
            for s in scan.states:
                new = fitted(body[s.new], body_types[s.new], self.inner[s.old], self.sizes)
                states[s.name] = self._select(live, mask_axes, new, states[s.name], self.inner[s.old])
            for v in scan.variables:
                new = fitted(body[v.new], body_types[v.new], self.inner[v.old], self.sizes)
                carried[v.path] = new if live.any() else carried[v.path]
            for name in scan.outputs:
                kind = self._output_type(body_types[name], mask_axes)
                new = fitted(body[name], body_types[name], kind, self.sizes)
                last[name] = self._select(live, mask_axes, new, last.get(name, np.zeros_like(new)), kind)
                outputs[name][t] = last[name] if scan.hold else self._select(live, mask_axes, new, np.zeros_like(new), kind)
        if scan.hold and scan.reverse and scan.lengths is not None:
            self._hold_ends(outputs, last, body_types, mask_axes)
        return self._named(states, carried, last, outputs, body_types, mask_axes)

    def _hold_ends(self, outputs, last, body_types, mask_axes):
        """What lies past a sequence's end comes after it in either direction."""
        axes = self.types[self.scan.lengths].axes
        for name, steps in outputs.items():
            kind = self._output_type(body_types[name], mask_axes)
            for t in range(self.length):
                inside = aligned(t < self.values[self.scan.lengths], TensorType("bool", axes), mask_axes)
                steps[t] = self._select(inside, mask_axes, steps[t], last[name], kind)

    def _moved(self, outer):
        t = self.types[outer]
        return np.moveaxis(self.values[outer], t.axes.index(self.scan.axis), 0), TensorType(
            t.dtype, tuple(a for a in t.axes if a != self.scan.axis), t.dims
        )

    def _step(self, inner, moved, t):
        array, kind = moved
        return fitted(array[t], kind, self.inner[inner], self.sizes)

    def _output_type(self, t, mask_axes):
        return TensorType(t.dtype, tuple(a for a in self.order if a in t.axes or a in mask_axes), t.dims)

    def _select(self, live, mask_axes, new, old, t):
        mask = aligned(live, TensorType("bool", mask_axes), t.axes)
        return np.where(mask.reshape((*mask.shape, *[1] * len(t.dims))), new, old)

    def _named(self, states, carried, last, outputs, body_types, mask_axes):
        scan, results = self.scan, {}
        for s in scan.states:
            results["final", s.name] = states[s.name], self.inner[s.old]
        for v in scan.variables:
            results["variable", v.path] = (
                (carried[v.path] if self.interpreter.training else self.fit(v.initial, self.inner[v.old])),
                self.inner[v.old],
            )
        for name in scan.outputs:
            kind = self._output_type(body_types[name], mask_axes)
            full = tuple(a for a in self.order if a in kind.axes or a == scan.axis)
            zeros = np.zeros([*(self.sizes[a] for a in kind.axes), *kind.dims])
            stacked = np.stack(outputs[name] or [zeros], full.index(scan.axis))
            stacked = np.take(stacked, range(self.length), full.index(scan.axis))
            results["last", name] = last.get(name, zeros), kind
            results["output", name] = stacked, TensorType(kind.dtype, full, kind.dims)
        return results


def interpret(plan: Plan, inputs: dict, variables: dict, training: bool = False) -> dict:
    """The values of a plan's tables: outputs, losses, metrics, residuals and updates, by title and name."""
    with np.errstate(all="ignore"):
        values, _ = Interpreter(plan, variables, training).graph(plan.graph, inputs)
    tables = {t: getattr(plan, t) for t in ("outputs", "losses", "metrics", "residuals", "updates")}
    return {(title, i, x.name): values[x.value] for title, table in tables.items() for i, x in enumerate(table)}
