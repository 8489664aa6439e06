"""What a model has, by path: layers, variables, carried states, collections, streams of random draws."""

from __future__ import annotations

import hashlib

from rnndsl.elaborate.state.records import VariableRecord
from rnndsl.elaborate.state.values import Instance
from rnndsl.plan.model import Variable
from rnndsl.records import field, mutable
from rnndsl.text.codes import places
from rnndsl.text.source import Span


@mutable
class Registry:
    """seed: the model's. owners: by path, where it is declared. tree: by path, the paths below it in the order of the text."""

    seed: int = 0
    variables: dict[str, VariableRecord] = field(default_factory=dict[str, VariableRecord])
    carried: dict[str, Variable] = field(default_factory=dict[str, Variable])
    instances: dict[str, Instance] = field(default_factory=dict[str, Instance])
    tree: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    owners: dict[str, Span] = field(default_factory=dict[str, Span])
    names: dict[str, str] = field(default_factory=dict[str, str])
    """By the path of a layer, its name below its owner: another only where it is placed elsewhere."""
    collections: dict[str, Span | None] = field(default_factory=dict[str, "Span | None"])
    penalties: dict[str, Span] = field(default_factory=dict[str, Span])
    draws: bool = False
    """Whether anything random is drawn."""
    _ordinals: dict[str, int] = field(default_factory=dict[str, int])

    def claim(self, path: str, span: Span) -> bool:
        """Registers `path` for what is declared at `span`. False if that declaration has it already (a further application)."""
        first = self.owners.get(path)
        if first == span:
            return False
        if first is not None:
            places.path_taken(span, path, first).throw()
        self.owners[path] = span
        parent = path.rpartition("/")[0]
        self.tree.setdefault(parent, []).append(path)
        return True

    def ordered_variables(self) -> list[VariableRecord]:
        """Variables in the order of the text, layer by layer."""
        found: list[VariableRecord] = []
        pending = list(reversed(self.tree.get("", [])))
        while pending:
            path = pending.pop()
            if path in self.variables:
                found.append(self.variables[path])
            pending += reversed(self.tree.get(path, []))
        return found

    def ordinal(self, key: str) -> int:
        """How often this was asked before for `key`."""
        count = self._ordinals.get(key, 0)
        self._ordinals[key] = count + 1
        return count

    def stream(self, path: str, name: str) -> int:
        """The identity of a random draw: 63 bits of seed, path, name and the ordinal of the draw within them."""
        key = f"{path}\0{name}"
        ordinal = self.ordinal(f"draw\0{key}")
        digest = hashlib.sha256(f"{self.seed}\0{key}\0{ordinal}".encode()).digest()
        self.draws = True
        return int.from_bytes(digest[:8], "big") >> 1
