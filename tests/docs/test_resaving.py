"""The page on saving an artefact again does what it shows, block after block, in one folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rnndsl
from tests.docs.pages import ROOT

pytestmark = pytest.mark.tf

PAGE = (ROOT / "docs" / "guide" / "16-resaving.md").read_text(encoding="utf-8")


def test_its_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [spec] = re.findall(r"^```rnn\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    Path("line.rnn").write_text(spec)
    rnndsl.compile("line.rnn", "line")
    exec("\n".join(blocks), {})
