"""Tree to text: the one way to write a module. Comments are kept; formatting the result again changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnndsl.syntax import tree
from rnndsl.syntax.formatting.expressions import flat, name_text
from rnndsl.syntax.formatting.statements import Item, definition_text, layout_text, statement_text, with_text

Block = tree.Definition | tree.Scope | tree.For | tree.LayoutDef
BRACES = re.compile(r'[{}]|"(?:[^"\\\n]|\\[^\n])*"|#[^\n]*')


def format_module(module: tree.Module) -> str:
    """The canonical text of a module that was read without errors, with the line ends (`\\n` or `\\r\\n`) of its first line."""
    return _Formatter(module).run()


class _Formatter:
    def __init__(self, module: tree.Module) -> None:
        self.module = module
        self.text = module.source.text
        self.comments = module.comments
        self.next_comment = 0
        self.lines: list[str] = []
        self.place = 0  # in the old text, the end of what has been written

    def run(self) -> str:
        header = re.compile(r"\brnn\s+[0-9]+").search(self.text, self._after_comments())
        if header:
            self._own_lines(header.start(), "", header.start())
            self._blank(header.start())
            self._line(f"rnn {self.module.version}", "", header.end())
        self._body(self.module.items, "", len(self.text))
        text = "\n".join(self.lines).strip("\n") + "\n"
        first = self.text.find("\n")
        return text.replace("\n", "\r\n") if self.text[first - 1 : first] == "\r" else text

    def _after_comments(self) -> int:
        """Where the first token is."""
        place = 0
        for comment in self.comments:
            if self.text[place : comment.span.start].strip():
                break
            place = comment.span.end
        return place

    # ------------------------------------------------------------ lines and comments

    def _line(self, line: str, indent: str, end: int) -> None:
        """One line (or several) for what ends at `end` in the old text, with the comment that stands behind it there."""
        self.place = max(self.place, end)
        if self.next_comment < len(self.comments):
            comment = self.comments[self.next_comment]
            if end <= comment.span.start and not self.text[end : comment.span.start].strip(" \t,"):
                line += f"  {comment.text}"
                self.next_comment += 1
                self.place = comment.span.end
        self.lines.append(indent + line)

    def _own_lines(self, until: int, indent: str, start: int) -> None:
        """The comments before `until`, each on its line. Those after `start` were inside what follows: no doc comments."""
        while self.next_comment < len(self.comments) and self.comments[self.next_comment].span.start < until:
            comment = self.comments[self.next_comment]
            at = comment.span.start
            self._blank(at)
            line_start = self.text.rfind("\n", 0, at) + 1
            plain = at > start or self.text[line_start:at].strip()
            text = "#" + comment.text.lstrip("#") if plain and comment.text.startswith("##") else comment.text
            self.lines.append(indent + text)
            self.place = comment.span.end
            self.next_comment += 1

    def _blank(self, at: int) -> None:
        """An empty line where the old text has one, but not after an opening brace."""
        if self.text.count("\n", self.place, at) > 1 and self.lines and not self.lines[-1].endswith("{"):
            self._gap()

    def _gap(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    # ------------------------------------------------------------ bodies

    def _body(self, items: Sequence[Item], indent: str, end: int) -> None:
        before: Item | None = None
        for item in items:
            start = item.span.start
            big = isinstance(item, tree.Definition | tree.LayoutDef)
            if not indent and (before is None or big or isinstance(before, tree.Definition | tree.LayoutDef)):
                self._gap()
            self._own_lines(start, indent, start)
            self._blank(start)
            self._item(item, indent)
            before = item
        self._own_lines(end, indent, end)

    def _braces(self, header: str, body: Sequence[Item], indent: str, header_end: int, start: int) -> int:
        """`header { body }` but for the closing brace; the place of that in the old text."""
        opening = self._brace(header_end, "{")
        self._own_lines(header_end, indent, start)
        closing = self._brace(body[-1].span.end if body else opening + 1, "}")
        self.lines.append(f"{indent}{header} {{")
        self.place = opening + 1
        self._body(body, indent + "  ", closing)
        self.place = closing
        return closing

    def _brace(self, place: int, brace: str) -> int:
        """The first such brace at or after `place`, outside comments and strings."""
        for match in BRACES.finditer(self.text, place):
            if match.group() == brace:
                return match.start()
        return len(self.text)

    def _item(self, item: Item, indent: str) -> None:
        start, end = item.span.start, item.span.end
        if isinstance(item, tree.If):
            self._if(item, indent)
            return
        if isinstance(item, tree.Definition | tree.Scope | tree.For | tree.LayoutDef):
            body = item.terms if isinstance(item, tree.LayoutDef) else item.body
            self._braces(_header(item, indent), body, indent, _header_end(item), start)
            self._line("}", indent, end)
            return
        self._own_lines(end, indent, start)
        self._line(statement_text(item, indent), indent, end)

    def _if(self, item: tree.If, indent: str) -> None:
        header = "if"
        while True:
            self._braces(f"{header} {flat(item.condition)}", item.yes, indent, item.condition.span.end, item.span.start)
            if not item.no:
                break
            if len(item.no) == 1 and isinstance(item.no[0], tree.If) and self._is_else_if(item, item.no[0]):
                item = item.no[0]
                header = "} else if"
                continue
            end = item.yes[-1].span.end if item.yes else self._brace(item.condition.span.end, "{") + 1
            self._braces("} else", item.no, indent, self._brace(end, "}") + 1, item.span.start)
            break
        self._line("}", indent, item.span.end)

    def _is_else_if(self, item: tree.If, inner: tree.If) -> bool:
        """`else if` and not `else { if … }`: both end where the inner one does."""
        return item.span.end == inner.span.end


def _header(item: Block, indent: str) -> str:
    if isinstance(item, tree.For):
        return f"for {item.variable.name} in {flat(item.range)}"
    if isinstance(item, tree.Scope):
        name = name_text(item.name)
        return f"scope {name}{with_text(item.defaults, indent, len(name) + 6)}"
    return layout_text(item) if isinstance(item, tree.LayoutDef) else definition_text(item)


def _header_end(item: Block) -> int:
    """A place between what stands before the `{` of the body and that; after any other brace."""
    if isinstance(item, tree.For):
        return item.range.span.end
    last: list[tree.Node] = [item.name]
    if isinstance(item, tree.LayoutDef):
        last.append(item.target)
    else:
        last += item.defaults
    if isinstance(item, tree.Definition):
        last += item.params
    return max(node.span.end for node in last)
