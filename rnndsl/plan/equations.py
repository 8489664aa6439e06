"""A graph as equations in the words of the text: `c = f * c[t-1] + i * g`.

A value is called as the text calls it; the cotangent of `c` is `d(c)`, a value of all steps of a scan `all(c)`, and what has no
name `v1`, `v2`… Values that are read once, and constants, stand where they are read; a variable is its path.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from rnndsl.language.ops.table import OPS
from rnndsl.language.rules.types import FLOATS
from rnndsl.plan.attributes import Constant, OfVariable, Read, Result
from rnndsl.plan.indices import All, At, Index, Item, Part
from rnndsl.plan.model import Graph, Node, Scan, all_nodes
from rnndsl.plan.rewriting import is_saved, scan_ends, target_of, used_ids
from rnndsl.records import Immutable, record

_PAD = "  "
_LONG = 90
"""Columns of an expression that is not put into another one."""
_ATOM, _POWER, _NEGATIVE, _TERM = 9, 8, 7, 6
_BINDS = {"**": _POWER, "@": _TERM, "*": _TERM, "/": _TERM, "//": _TERM, "%": _TERM, "+": 5, "-": 5, "not": 3, "and": 2, "or": 1}
_COMPARES = 4


@record
class _Text(Immutable):
    """An expression and how strongly its outermost operator binds."""

    text: str
    binds: int = _ATOM

    def within(self, binds: int) -> str:
        """As an argument of an operator that binds so."""
        return self.text if self.binds > binds else f"({self.text})"


class Equations:
    """The equations of a graph. `names`: of values, by id; `ends`: the ids that are read from without; `types`: are written too."""

    def __init__(self, graph: Graph, names: Mapping[str, str], ends: Iterable[str], *, types: bool = True) -> None:
        self.types = types
        self.names = dict(names)
        self.uses = Counter(x for node in all_nodes(graph) for x in _used(node))
        self.uses.update(ends)
        self.paths = {n.id: n.attrs.variable for n in all_nodes(graph) if isinstance(n, Node) and isinstance(n.attrs, OfVariable)}
        self.called: dict[str, str] = {x.id: x.id for x in graph.inputs}
        self.taken = Counter[str](self.called.values())
        self.nodes = {n.id: n for n in all_nodes(graph) if isinstance(n, Node)}
        self.scans = {n.id: n for n in all_nodes(graph) if isinstance(n, Scan)}
        self.unnamed = 0
        self.numbered: set[str] = set()
        self.text: dict[str, _Text] = {}

    def lines(self, nodes: Iterable[Node | Scan]) -> Iterator[str]:
        """The equations of `nodes`, which follow those asked for before."""
        for node in nodes:
            if isinstance(node, Scan):
                yield from self._scan(node)
            elif isinstance(node.attrs, Result):
                self._result(node, node.attrs, self.scans[node.args[0]])
            else:
                yield from self._node(node)

    def name(self, id: str) -> str:
        """What %id is called where it is read."""
        return self.text[id].text if id in self.text else self.called[id]

    def said(self, node: Node) -> str:
        """What `node` computes, once its graph has been told; `…` for what the text does not name."""
        text = self._expression(node).text
        return re.sub(r"(?<![\w/.])v\d+'*(?![\w/'])", lambda found: "…" if found[0] in self.numbered else found[0], text)

    # ---- names

    def _own(self, node: Node) -> str | None:
        """What the text calls the value of `node`, or what it is a cotangent of."""
        if node.id in self.names:
            return self.names[node.id]
        of = target_of(node.id)
        if of is not None:
            if node.type.dtype not in FLOATS:
                return None
            known = self.names.get(of) or self.paths.get(of) or self.called.get(of)
            return f"d({known})" if known else None
        same = self.nodes.get(re.sub(r"_\d+$", "", node.id))
        if same is None or (same.op, same.attrs) != (node.op, node.attrs) or same.id not in self.names:
            return None
        return f"all({self.names[same.id]})" if len(node.type.axes) > len(same.type.axes) else self.names[same.id]

    def _call(self, id: str, wanted: str | None) -> str:
        """A name of its own for %id: `wanted`, with strokes behind it if that is another's."""
        if wanted is None:
            self.unnamed += 1
            wanted = f"v{self.unnamed}"
            self.numbered.add(wanted + "'" * self.taken[wanted])
        self.called[id] = wanted + "'" * self.taken[wanted]
        self.taken[wanted] += 1
        return self.called[id]

    def _read(self, id: str) -> _Text:
        return self.text.get(id) or _Text(self.called[id])

    # ---- lines

    def _node(self, node: Node) -> Iterator[str]:
        found = self._expression(node)
        own = self._own(node)
        plain = isinstance(node.attrs, Constant | OfVariable)
        if plain or (self.uses[node.id] == 1 and len(found.text) <= _LONG and (own is None or own.startswith("d("))):
            self.text[node.id] = found
            return
        yield f"{self._call(node.id, own)} = {found.text}" + (f"  : {node.type}" if self.types else "")

    def _result(self, node: Node, told: Result, scan: Scan) -> None:
        if told.of == "variable":
            self._call(node.id, scan.variables[told.at].path)
            return
        inner = scan.states[told.at].name if told.of == "final" else self.name(scan.outputs[told.at])
        kind = {"output": "all", "last": "last", "final": "final"}[told.of]
        self._call(node.id, self.names.get(node.id) or f"{kind}({inner})")

    def _scan(self, scan: Scan) -> Iterator[str]:
        options = [f"{word} {self.name(x)}" for word, x in (("lengths", scan.lengths), ("mask", scan.mask)) if x is not None]
        options += ["reverse"] if scan.reverse else []
        yield " ".join((f"scan {scan.path} over {scan.axis}", *options))
        for x in scan.scanned:
            outer = self._read(x.outer)
            whole = outer.text.startswith("all(") and outer.binds == _ATOM
            self.text[x.inner] = _Text(outer.text[4:-1] if whole else f"{outer.within(_POWER)}[t]")
        for x in scan.given:
            self.text[x.inner] = self._read(x.outer)
        body: list[str] = []
        back = scan.path.endswith("'")
        following = [f"d({s.name})" if back else s.name for s in scan.states]
        for s, name in zip(scan.states, following, strict=True):
            past = self._call(s.old, name if back or "[" in name else f"{name}[t-1]")
            body.append(f"{past} is first {self.name(s.initial)}")
        for v in scan.variables:
            self._call(v.old, v.path)
        body += self.lines(scan.body.nodes)
        given = ((name, self.name(s.new)) for name, s in zip(following, scan.states, strict=True))
        body += [f"next {name} = {new}" for name, new in given if new != name]
        body += [f"next {v.path} = {self.name(v.new)}" for v in scan.variables]
        saved = [self.name(scan.outputs[at]) for at in self._saved(scan)]
        body += [f"saved for the way back: {', '.join(saved)}"] if saved else []
        yield from (_PAD + line for line in body)

    def _saved(self, scan: Scan) -> list[int]:
        """Which outputs of `scan` a derivative alone reads."""
        results = (n for n in self.nodes.values() if n.args[:1] == (scan.id,) and is_saved(n.id))
        return sorted(n.attrs.at for n in results if isinstance(n.attrs, Result))

    # ---- expressions

    def _expression(self, node: Node) -> _Text:
        if isinstance(node.attrs, Constant):
            return _Text(str(node.attrs.value).lower() if isinstance(node.attrs.value, bool) else f"{node.attrs.value}")
        if isinstance(node.attrs, Read):
            return _Text(node.attrs.variable)
        row, args = OPS[node.op], [self._read(x) for x in node.args]
        if isinstance(node.attrs, Index):
            return _Text(f"{args[0].within(_POWER)}[{', '.join(map(_item, node.attrs.items))}]")
        if row.kind == "binary" and row.symbol:
            binds = _BINDS.get(row.symbol, _COMPARES)
            return _Text(f"{args[0].within(binds - 1)} {row.symbol} {args[1].within(binds)}", binds)
        if row.kind == "unary" and row.symbol:
            return _Text(f"{row.symbol}{' ' if row.symbol.isalpha() else ''}{args[0].within(_NEGATIVE)}", _NEGATIVE)
        told = [f"{name} = {_said(value)}" for name, value in node.attrs.said().items() if name != "stream" and value != ()]
        return _Text(f"{node.op}({', '.join([*(x.text for x in args), *told])})")


def _used(node: Node | Scan) -> Iterator[str]:
    yield from used_ids(node)
    if isinstance(node, Scan):
        yield from scan_ends(node)


def _item(item: Item) -> str:
    match item:
        case All():
            return ".."
        case At(at):
            return str(at)
        case Part(start, stop):
            return f"{start}..{stop}"


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_said, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(value).lower() if isinstance(value, bool) else str(value)
