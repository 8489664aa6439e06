"""What the tests of the syntax share: parsing, and diagnostics and trees as text."""

from __future__ import annotations

from rnndsl.syntax import parse, tree
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile, Span


def read(text: str) -> tuple[tree.Module, list[Diagnostic]]:
    sink = Sink()
    module = parse(SourceFile("spec.rnn", text), sink)
    return module, sink.sorted()


def read_well(text: str) -> tree.Module:
    module, found = read(text)
    assert not [d for d in found if d.severity == "error"], show_diagnostics(found)
    return module


def place(span: Span) -> str:
    start, end = span.source.position(span.start), span.source.position(span.end)
    if start == end:
        return f"{start.line}:{start.column}"
    return f"{start.line}:{start.column}-{end.line}:{end.column}"


def show_diagnostics(found: list[Diagnostic]) -> str:
    lines: list[str] = []
    for d in found:
        kind = "" if d.severity == "error" else f" {d.severity}"
        lines.append(f"{place(d.span)} {d.code}{kind}: {d.message}")
        lines += [f"  note {place(note.span)}: {note.text}" for note in d.notes]
        lines += [f"  help: {d.help}"] if d.help else []
    return "".join(f"{line}\n" for line in lines)


def show_tree(node: object, indent: str = "") -> str:
    """One line for each node: its fields that are no nodes, then its parts, indented. Spans are left out."""
    if isinstance(node, tree.Module):
        return f"Module version={node.version}\n" + "".join(show_tree(item, "  ") for item in node.items)
    plain: list[str] = []
    parts: list[str] = []
    for field in node.__fields__:
        value = getattr(node, field)
        if field in ("span", "name_span", "header", "module_span", "source") and not isinstance(value, tree.Node):
            continue
        if isinstance(value, tree.Name):
            plain.append(f"{field}={value.name}")
        elif isinstance(value, tree.Node):
            parts.append(f"{indent}  {field}:\n{show_tree(value, indent + '    ')}")
        elif isinstance(value, tuple) and value:
            inner = "".join(show_tree(item, indent + "    ") if item else f"{indent}    -\n" for item in value)
            parts.append(f"{indent}  {field}:\n{inner}")
        elif value not in (None, (), False):
            plain.append(f"{field}={value!r}")
    return f"{indent}{' '.join([type(node).__name__, *plain])}\n{''.join(parts)}"
