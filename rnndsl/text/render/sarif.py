"""Diagnostics as SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from rnndsl.text.codes import all_codes
from rnndsl.text.diagnostics import Diagnostic
from rnndsl.text.render import Findings
from rnndsl.text.source import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "lint": "note"}


def render_sarif(findings: Iterable[Findings], version: str) -> str:
    """`findings` as one SARIF run of rnndsl `version`."""
    pairs = [(d, f) for f in findings for d in f.diagnostics]
    codes = all_codes()
    used = sorted({d.code for d, _ in pairs})
    rules = [{"id": code, "shortDescription": {"text": codes[code].title if code in codes else code}} for code in used]
    driver = {"name": "rnndsl", "version": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [{**_result(d, f), "ruleIndex": used.index(d.code)} for d, f in pairs],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(d: Diagnostic, findings: Findings) -> dict[str, Any]:
    text = "\n".join([d.message, *(n.text for n in d.notes if n.span is None), *([f"help: {d.help}"] if d.help else [])])
    result: dict[str, Any] = {"ruleId": d.code, "level": LEVELS[d.severity], "message": {"text": text}}
    if d.span is not None:
        result["locations"] = [_location(d.span, findings)]
    related = [{**_location(n.span, findings), "message": {"text": n.text}} for n in d.notes if n.span is not None]
    return {**result, "relatedLocations": related} if related else result


def _location(span: Span, findings: Findings) -> dict[str, Any]:
    start, end = span.source.position(span.start), span.source.position(span.end)
    region = {"startLine": start.line, "startColumn": start.utf16, "endLine": end.line, "endColumn": end.utf16}
    uri = quote(findings.shown(span.source.name).replace("\\", "/"))
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
