"""Every word of a text that is no keyword is bound, to what elaboration takes it for; what is renamed wherever it is bound is the
same model."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rnndsl.driver import Job
from rnndsl.elaborate import elaborate
from rnndsl.elaborate.evaluate import attributes, lookup
from rnndsl.elaborate.state.environment import Binding, Env, Lazy
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import DefinitionValue, Family, Instance, ScopeValue, UserFunction, Value, VariableRef
from rnndsl.names.members import complete
from rnndsl.names.modules import Definition, ResolvedModule, Use
from rnndsl.plan.printer import print_plan
from rnndsl.syntax import tree
from rnndsl.syntax.words import CLAUSES, KEYWORDS
from tests.accepted.generating import accepted
from tests.names.reading import SPECS, STD, module_of, of_text, words

SEEDS = range(8)
OF_ANY_CELL = {
    "tf1": {"name", "output_size", "state_size", "h", "c"},
    "features": {"h"},
    "wavernn": {"coarse", "fine"},
}
"""Names that are read of a block, a cell or its states where that is a parameter: no text tells what they stand for."""


def check_words(module: ResolvedModule, of_any_cell: set[str]) -> None:
    uses, text = complete(module).uses, module.tree.source.text
    for at, word in words(text):
        use = uses.get(at)
        line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
        if use is None:
            assert word in KEYWORDS | CLAUSES, line
            continue
        assert use.span.text == word
        is_optional = line.lstrip().startswith("optional")  # picks nothing, perhaps
        assert use.definitions or is_optional or (not use.is_told and word in of_any_cell), line
    assert {use.span.text for use in uses.values() if not use.is_told} == of_any_cell


@pytest.mark.parametrize("path", [*SPECS, *STD], ids=lambda p: p.stem)
def test_every_word_is_bound(path: Path) -> None:
    check_words(module_of(path), OF_ANY_CELL.get(path.stem, set()))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_word_of_an_accepted_spec_is_bound(seed: int, tmp_path: Path) -> None:
    check_words(of_text(tmp_path, accepted(seed, tmp_path, draws=12)), set())


# ---------------------------------------------------------------- what elaboration takes a name for


class Watch:
    """Compares what names are worth with what the binder says, whenever elaboration asks for one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[tuple[str, int]] = set()
        binding, attribute = lookup.binding, attributes.attribute

        def watched_binding(session: Session, expr: tree.Name, env: Env) -> Binding | None:
            found = binding(session, expr, env)
            self.compare(env, expr.span.start, found)
            return found

        def watched_attribute(session: Session, expr: tree.Attribute, env: Env) -> Value:
            found = attribute(session, expr, env)
            self.compare(env, expr.name_span.start, found)
            return found

        monkeypatch.setattr(lookup, "binding", watched_binding)
        monkeypatch.setattr(attributes, "attribute", watched_attribute)

    def compare(self, env: Env, start: int, found: Binding | None) -> None:
        if found is None:
            return
        use = complete(env.scope.module).uses[start]
        if use.is_told:
            self.seen.add((use.span.source.name, start))
            assert agrees(use, found), (use.span.text, str(use.span), found)


def agrees(use: Use, found: Binding) -> bool:
    sites = use.sites
    match found:
        case Lazy():
            return any(
                site.span.source is found.span.source and found.span.start <= site.span.start < found.span.end for site in sites
            )
        case ScopeValue():
            return any(site.inner is found.env.scope for site in sites)
        case DefinitionValue() | UserFunction():
            return any(site.statement is found.definition or site.kind == "parameter" for site in sites)
        case VariableRef():
            name = re.compile(rf"(.*/)?{use.span.text}(_\d+)*")
            return any(site.kind in ("param", "var") for site in sites) and bool(name.fullmatch(found.path))
        case Instance():
            return any(site.kind in ("layer", "parameter", "const", "for") for site in sites)
        case Family():
            return any(definition.name == found.name for definition in use.definitions)
        case _:
            return bool(use.definitions)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_elaboration_takes_a_name_for_what_it_is_bound_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    plans(path)
    assert len(watch.seen) > 15


@pytest.mark.parametrize("seed", SEEDS)
def test_so_it_does_in_accepted_specs(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = accepted(seed, tmp_path, draws=12)
    watch = Watch(monkeypatch)
    (tmp_path / "spec.rnn").write_text(text, encoding="utf-8")
    plans(tmp_path / "spec.rnn")
    assert watch.seen


def plans(path: Path) -> list[str]:
    """The plans of a spec, printed; what is wrong with it is not."""
    job = Job(path)
    module = job.resolve()
    made = [elaborate(module, model.name.name, {}, job.sink) for model in module.models()]
    assert not job.sink.failed, job.sink.found
    return [print_plan(plan) for plan in made if plan is not None]


# ---------------------------------------------------------------- renaming


def own_definitions(module: ResolvedModule) -> list[list[Definition]]:
    """All that the file defines and that may be renamed, not what some cell may have too: together what one word may stand for."""
    uses = complete(module).uses.values()
    open_names = {use.span.text for use in uses if not use.is_told}
    groups: dict[Definition, list[Definition]] = {}
    for use in uses:
        own = [
            each
            for each in use.definitions
            if each.scope is not None and each.scope.module is module and each.name not in open_names
        ]
        joined = list(dict.fromkeys(other for each in own for other in groups.get(each, [each])))
        groups.update(dict.fromkeys(joined, joined))
    return [list(group) for group in dict.fromkeys(map(tuple, groups.values()))]


def renamed(module: ResolvedModule, groups: list[list[Definition]]) -> str:
    """The text with another name for each group of definitions, `q0q` and so on, wherever it is written."""
    text, bindings = module.tree.source.text, complete(module)
    found = {use.span.start: (i, d.name) for i, group in enumerate(groups) for d in group for use in bindings.references(d)}
    for start, (i, name) in sorted(found.items(), reverse=True):
        assert text.startswith(name, start)
        text = f"{text[:start]}q{i}q{text[start + len(name) :]}"
    return text


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_what_is_renamed_is_the_same_model(path: Path, tmp_path: Path) -> None:
    """Were a use missed, or one too many, the text would not be right, or another model."""
    shutil.copytree(path.parent, tmp_path, dirs_exist_ok=True)  # with its data and what it imports
    spec = tmp_path / "spec.rnn"
    module = of_text(tmp_path, path.read_text(encoding="utf-8"))
    before = plans(spec)
    groups = own_definitions(module)
    spec.write_text(renamed(module, groups), encoding="utf-8")
    assert len(groups) > 8
    assert as_before(plans(spec), groups) == as_before(before, groups)


def as_before(plans: list[str], groups: list[list[Definition]]) -> list[str]:
    """The plans with the old names; without columns, and without streams of draws, which go by paths."""
    made = [re.sub(r"stream\W+\d+|:\d+(?= |\n|\))", "", each) for each in plans]
    return [re.sub(r"q(\d+)q", lambda found: groups[int(found[1])][0].name, each) for each in made]
