"""`python -m rnndsl.cli.schemas FOLDER`: write the published JSON Schemas of what the commands print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rnndsl.artefact.summary import ModelSummary
from rnndsl.text.render import json_report

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The text of each schema by the name of its file."""
    summary = {"$schema": DIALECT, **ModelSummary.model_json_schema(mode="serialization")}
    return {"diagnostics.schema.json": _text(json_report.schema()), "inspect.schema.json": _text(summary)}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name, text in schemas().items():
        Path(sys.argv[1], name).write_text(text, encoding="utf-8")
