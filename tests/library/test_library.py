"""`rnndsl new` and `rnndsl doc`: the library as text of one's own, as a list and as a page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from rnndsl.cli.doc import library
from rnndsl.cli.doc.math import equation
from rnndsl.cli.main import main
from rnndsl.names.check import check_all
from rnndsl.names.library import entries, own_file
from rnndsl.names.reading import Reader
from rnndsl.names.resolve import resolve
from rnndsl.syntax import parse, tree
from rnndsl.text.sink import Sink
from rnndsl.text.source import SourceFile

EVERY = entries()


@pytest.mark.parametrize("entry", EVERY, ids=lambda e: f"{e.module}.{e.name}")
def test_a_definition_of_ones_own_stands_alone(entry, tmp_path):
    path = tmp_path / "own.rnn"
    path.write_text(own_file(entry, "Mine"), encoding="utf-8")
    sink = Sink()
    module = resolve(path, Reader.for_spec(path), sink)
    check_all(module, sink)
    assert [d for d in sink.found if d.severity != "lint"] == []
    assert list(module.names)[-1] == "Mine"
    assert module.names["Mine"].sites[0].statement.doc == entry.definition.doc


def test_every_cell_names_its_source():
    nameless = [f"{e.module}.{e.name}" for e in EVERY if not e.doc]
    assert nameless == []


def test_new_writes_a_file_and_overwrites_none(tmp_path, capsys):
    target = tmp_path / "lstm.rnn"
    assert main(["new", "std.core.LSTM", "--as", "Own", "-o", str(target)]) == 0
    assert "cell Own(units: int" in target.read_text()
    assert main(["new", "std.core.LSTM", "-o", str(target)]) == 2
    assert "exists" in capsys.readouterr().err


def test_new_suggests_the_nearest(capsys):
    assert main(["new", "LSTN"]) == 2
    assert "did you mean `LSTM`?" in capsys.readouterr().err
    assert main(["doc", "lstm"]) == 2
    assert "did you mean `LSTM`?" in capsys.readouterr().err


def test_doc_shows_signature_paper_and_equations(capsys):
    assert main(["doc", "std.core.GRU"]) == 0
    text = capsys.readouterr().out
    assert "cell GRU(units: int, reset_after: bool = false)" in text
    assert "Cho et al. 2014" in text
    assert "  h = z * h[t - 1] + (1 - z) * g" in text.replace("[t-1]", "[t - 1]")


def test_doc_lists_every_definition_and_function(capsys):
    assert main(["doc"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{e.definition.kind} {e.name}" in listed for e in EVERY)
    assert main(["doc", "--functions"]) == 0
    functions = capsys.readouterr().out
    shown = ("sigmoid(x)", "scan(cell, x", "mean(x", "dropout(x, rate, shared = …, each_step = true)", "elu(x, alpha = 1.0)")
    assert all(name in functions for name in shown)


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(tmp_path):
    path = tmp_path / "library.html"
    assert main(["doc", "--html", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert "http" not in text and "<script" not in text
    body = text[text.index("<body>") : text.index("</html>")].replace("<br>", "<br/>")
    page = ElementTree.fromstring(body)
    anchors = {a.get("id") for a in page.iter("article")}
    assert anchors == {f"{e.module}.{e.name}" for e in EVERY}
    assert sum(1 for _ in page.iter("math")) == sum(len(e.equations) for e in EVERY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = a * b", "y=a⊙b"),
        ("y = (a + b) * c", "y=(a+b)⊙c"),
        ("y = h[t-1] + x", "y=ht−1+x"),
        ("y = x / (1 + y)", "y=x1+y"),
        ("y = -x ** 2", "y=−x2"),
        ("y = sqrt(a + 1)", "y=a+1"),
        ("y = alpha @ w", "y=αw"),
    ],
)
def test_equations_as_mathml(text, expected):
    module = parse(SourceFile("m.rnn", f"rnn 1\nblock B() {{ {text} output y }}"), Sink())
    assert isinstance(module.items[0], tree.Definition)
    element = ElementTree.fromstring(equation(module.items[0].body[0]))
    assert "".join(element.itertext()) == expected


def test_the_listing_has_one_entry_a_definition():
    text = library.listing(EVERY)
    assert len([line for line in text.splitlines() if line.startswith("  ") and not line.startswith("      ")]) == len(EVERY)


def test_every_function_says_what_it_takes_and_gives():
    silent = [name for name, *cells in library.function_rows() if not all(cells)]
    assert silent == []
