"""The standard library and the functions of the language, as text and as a static page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rnndsl.cli.doc.math import equation
from rnndsl.language.builtins import SPECIALS
from rnndsl.language.ops.op import Op, Parameter, Required
from rnndsl.language.ops.table import functions
from rnndsl.names.library import Entry
from rnndsl.syntax.formatting.statements import statement_text
from rnndsl.text.render.table import table

_FUNCTION_HEAD = ("function", "value", "types", "gradient")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #1a1a1a; background: #fff }
h2 { border-bottom: 1px solid #ccc; margin-top: 3rem }
article { margin: 2rem 0 } article h3 { font: 600 1rem/1.4 ui-monospace, monospace; margin: 0 }
article p { margin: .3rem 0 .6rem } ul.owns { font: .85rem/1.5 ui-monospace, monospace; color: #555 }
article div { margin: .15rem 0 .15rem 2rem; display: flex; gap: 2rem; align-items: baseline }
article span { color: #777; font-size: .85rem }
math { font-size: 1.05rem }
nav { columns: 3; font: .85rem/1.6 ui-monospace, monospace } a { color: #0645ad; text-decoration: none }
table { border-collapse: collapse; font-size: .9rem } td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6 } a { color: #8ab4f8 } ul.owns { color: #aaa } }
"""


def listing(entries: Sequence[Entry]) -> str:
    """One line a definition: its signature and the first sentence of its doc comment, by module."""
    lines: list[str] = []
    for module in dict.fromkeys(e.module for e in entries):
        lines += ["", module] if lines else [module]
        for entry in (e for e in entries if e.module == module):
            lines.append(f"  {' '.join(entry.signature.split())}")
            lines += [f"      {line}" for line in entry.doc.splitlines()]
    return "\n".join(lines) + "\n"


def describe(entry: Entry) -> str:
    """A definition in full: signature, papers, what it owns, its states and equations."""
    lines = [f"{entry.module}: {' '.join(entry.signature.split())}", "", *entry.doc.splitlines(), ""]
    for title, statements in (("owns", entry.variables), ("states", entry.states)):
        if statements:
            lines += [f"{title}:", *(f"  {statement_text(s, '  ')}" for s in statements)]
    lines += ["equations:", *(f"  {statement_text(s, '  ')}{f'    # {when}' if when else ''}" for when, s in entry.equations)]
    return "\n".join(lines) + "\n"


def function_table() -> str:
    """Every function of the language: parameters with defaults, formula, types, gradient."""
    return table(_FUNCTION_HEAD, function_rows())


def function_rows() -> list[tuple[str, str, str, str]]:
    """A row for each function: parameters with defaults, formula, types, gradient."""
    named = [op for name, op in functions().items() if name not in SPECIALS]
    return [(_signature(op), op.formula, op.types, op.gradient) for op in named] + list(SPECIALS.values())


def _signature(op: Op) -> str:
    over = ", over = …" if op.kind == "reduction" else ""
    return f"{op.name}({', '.join(map(_parameter, op.parameters))}{over})"


def _parameter(parameter: Parameter) -> str:
    if parameter.default is Required:
        return parameter.name
    default = parameter.default
    shown = str(default).lower() if isinstance(default, bool) else "…" if default is None else str(default)
    return f"{parameter.name} = {shown}"


def page(entries: Sequence[Entry]) -> str:
    """The whole library as one page of HTML with MathML; it needs nothing from elsewhere."""
    links = "".join(f'<a href="#{_anchor(e)}">{escape(e.name)}</a><br>' for e in entries)
    body: list[str] = []
    for module in dict.fromkeys(e.module for e in entries):
        body.append(f"<h2>{escape(module)}</h2>")
        body += [_article(e) for e in entries if e.module == module]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in function_rows()
    )
    head = "".join(f"<th>{name}</th>" for name in _FUNCTION_HEAD)
    functions_part = f"<h2>Functions</h2><table><tr>{head}</tr>{rows}</table>"
    title = "The standard library of rnndsl"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>\n'
        f"<body><h1>{title}</h1><nav>{links}</nav>\n{''.join(body)}\n{functions_part}</body></html>\n"
    )


def _anchor(entry: Entry) -> str:
    return f"{entry.module}.{entry.name}"


def _condition(when: str) -> str:
    return f"<span>{escape(when)}</span>" if when else ""


def _prose(doc: str) -> str:
    """A doc comment on one line, its `code` set as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(" ".join(doc.split())))


def _article(entry: Entry) -> str:
    owns = "".join(f"<li>{escape(statement_text(s, ''))}</li>" for s in (*entry.variables, *entry.states))
    equations = "".join(f"<div>{equation(s)}{_condition(when)}</div>" for when, s in entry.equations)
    return (
        f'<article id="{_anchor(entry)}"><h3>{escape(" ".join(entry.signature.split()))}</h3>'
        f"<p>{_prose(entry.doc)}</p>{equations}<ul class='owns'>{owns}</ul></article>\n"
    )
