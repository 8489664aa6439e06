"""The blocks of code in README.md and docs/guide/, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
_BLOCK = re.compile(r"(?:^<!-- around\n(?P<around>.*?)^-->\n)?^```(?P<kind>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """`kind` follows the backticks. `around` is the hidden comment above: a spec in which a line `…` stands for the block."""

    page: Path
    line: int
    kind: str
    text: str
    around: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def spec(self) -> str:
        """The whole spec: the block itself, or what is around it with the block put in."""
        if not self.around:
            return self.text
        head, mark, tail = self.around.partition("…\n")
        assert mark, f"{self.name}: what is around the block has no line `…`"
        return f"{head}{self.text}{tail}"


def blocks(*kinds: str) -> list[Block]:
    found: list[Block] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            line = text.count("\n", 0, match.start("kind")) + 1
            found.append(Block(page, line, match["kind"], match["text"], match["around"] or ""))
    return [block for block in found if block.kind in kinds]
