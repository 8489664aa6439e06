"""The pipeline, from a spec to an artefact, readable on one screen.

    read -> parse -> resolve -> elaborate -> derive -> passes -> backend -> artefact

`Job` is one spec on its way. Nothing here imports TensorFlow until `write` does: `check` and `inspect SPEC` stop before it.
A fault of the spec ends a step with `DiagnosticsError`, once all that can be said has been said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rnndsl.backends.jit import Jit
from rnndsl.names.reading import Reader, ReadFile
from rnndsl.records import replace
from rnndsl.syntax import tree
from rnndsl.text.diagnostics import DiagnosticsError, SpecError
from rnndsl.text.render import Findings
from rnndsl.text.sink import Sink

if TYPE_CHECKING:
    from rnndsl.artefact.manifest import Provenance
    from rnndsl.names.modules import ResolvedModule
    from rnndsl.plan.layouts import Layout
    from rnndsl.plan.model import Plan
    from rnndsl.weights.loading import Loader, Pretrained

Level = Literal[0, 1]
"""0 is the plain reference, 1 has all passes."""
Emit = Literal["meta-graph", "replicas", "stablehlo"]
Watch = Callable[[str, Callable[[], str]], None]
"""Called after each stage and pass with its name and a function that prints what it made."""


def ignore(stage: str, show: Callable[[], str]) -> None:
    """Watch nothing."""


class Job:
    """One spec on its way through the compiler. `sink` holds what has been found so far, `reader` every file read."""

    def __init__(self, spec: Path, watch: Watch = ignore) -> None:
        self.reader = Reader.for_spec(spec)
        self.sink = Sink()
        self.watch = watch
        self._loader: Loader | None = None

    @property
    def findings(self) -> Findings:
        """What has been found so far, in order of place."""
        return Findings(tuple(self.sink.sorted()), self.reader.shown)

    def resolve(self, *, with_layouts: bool = False) -> ResolvedModule:
        """The spec and all that it imports, `with_layouts` of the library even if it uses none. Raises DiagnosticsError; a name
        that nothing defines waits for `plan` to find more."""
        from rnndsl.names.check import check_all
        from rnndsl.names.resolve import resolve

        try:
            module = resolve(self.reader.spec, self.reader, self.sink, with_layouts=with_layouts)
        except SpecError as error:
            self.sink.add(error.diagnostic)
            raise DiagnosticsError(self.sink.sorted()) from None
        check_all(module, self.sink)
        self.watch("syntax", lambda: _show_tree(module.tree))
        if not module.sound:
            self.sink.raise_if_failed()
        return module

    def plan(
        self,
        module: ResolvedModule,
        models: Sequence[tree.Definition],
        settings: Mapping[str, Mapping[str, object]],
        *,
        is_loaded: bool = True,
    ) -> list[Plan]:
        """A plan for each of `models`; `settings` gives constructor parameters by model. Unless it `is_loaded`, the files that are
        named by its loads need not be there.

        Raises DiagnosticsError, and SettingError for a parameter that the model has not, or of another type.
        """
        from rnndsl.derive.functions import check_names
        from rnndsl.elaborate import elaborate
        from rnndsl.meaning.verifier import verify

        plans = [elaborate(module, m.name.name, dict(settings.get(m.name.name, {})), self.sink) for m in models]
        self.sink.raise_if_failed()
        for model, plan in zip(models, plans, strict=True):
            if plan is None:
                continue
            verify(plan)
            self.watch("plan", lambda plan=plan: _show_plan(plan))
            try:
                check_names(plan)
            except SpecError as error:
                self.sink.add(replace(error.diagnostic, span=model.header))
            if plan.loads and is_loaded:
                self.loader.check(plan)
        self.sink.raise_if_failed()
        return [plan for plan in plans if plan is not None]

    def layouts(self, module: ResolvedModule, plan: Plan) -> list[tuple[str, Layout]]:
        """The layouts that there are for each layer of `plan`, by the layer's path, with such arguments as are tried."""
        from rnndsl.elaborate import layouts

        return layouts(module, plan.name, plan.parameters)

    @property
    def loader(self) -> Loader:
        """What carries out the loads of the plans."""
        from rnndsl.weights.loading import Loader

        self._loader = self._loader or Loader(self.reader, self.sink)
        return self._loader

    def pretrained(self, plan: Plan) -> Pretrained:
        """The values that `plan` loads. Imports TensorFlow if it is what reads them. Raises DiagnosticsError."""
        found = self.loader.read(plan)
        self.sink.raise_if_failed()
        return found

    def derive(self, plan: Plan) -> Plan:
        """`plan` with its functions. Their size is that of the model times the number of its signatures."""
        from rnndsl.derive.functions import with_functions

        derived = with_functions(plan)
        self.watch("functions", lambda: _show_functions(derived))
        return derived

    def optimise(self, plan: Plan, level: Level, jit: Jit = "never", *, recompute: bool = False) -> Plan:
        """`plan` with its functions after the passes of `level`, and with the pullbacks of those that a backend compiles.
        `recompute`: scans keep few states for the way back."""
        from rnndsl.backends.jit import compiles
        from rnndsl.derive.preparing.recomputing import recomputing
        from rnndsl.derive.pullback import with_pullbacks
        from rnndsl.meaning.verifier import verify
        from rnndsl.passes import run_passes

        plan = recomputing(plan) if recompute else plan
        derived = with_pullbacks(self.derive(plan), lambda function: compiles(function, jit))
        verify(derived, "derivation")
        return run_passes(derived, level, lambda name, after: self.watch(name, lambda: _show_functions(after)))

    def files(self) -> list[ReadFile]:
        """Every file read so far, the grammar's tables included."""
        from rnndsl import syntax

        tables = Path(syntax.__file__).with_name("tables.json")
        self.reader.record("syntax/tables.json", tables.read_bytes(), "grammar", tables)
        return self.reader.files

    def check_target(self, plan: Plan, target: Path) -> None:
        """Check that the artefact of `plan` can be written to `target`, before the time of a TensorFlow import is spent on it.

        Raises DiagnosticsError.
        """
        from rnndsl.artefact.files import check_target, variables_bytes
        from rnndsl.artefact.reading.opening import written_files

        check_target(target, variables_bytes(plan), written_files)

    def check_sizes(self, plan: Plan, emit: Sequence[Emit], sizes: Mapping[str, int]) -> None:
        """Raises CallError if StableHLO is emitted and `sizes` are not those of the axes of `plan`."""
        from rnndsl.backends.stablehlo.files import check_sizes

        if "stablehlo" in emit:
            check_sizes(plan, sizes)

    def write(
        self,
        plan: Plan,
        target: Path,
        pretrained: Pretrained,
        *,
        level: Level,
        jit: Jit = "auto",
        emit: Sequence[Emit] = (),
        sizes: Mapping[str, int] | None = None,
        recompute: bool = False,
    ) -> None:
        """Lower `plan` and write the artefact to `target`, which stays as it was if that fails. `pretrained`: what it loads;
        `sizes`: of the axes of StableHLO modules, where they are emitted. `recompute`: what `optimise` was told.

        Imports TensorFlow. Raises DiagnosticsError.
        """
        from rnndsl.backends.tensorflow.quiet import import_tensorflow

        import_tensorflow()
        from rnndsl.artefact.write import write_artefact
        from rnndsl.backends.tensorflow.module import build

        initial = pretrained.initial
        write_artefact(
            _with_replicas(plan, level) if "replicas" in emit else plan,
            target,
            provenance=self._provenance(level, jit, emit, sizes or {}, recompute=recompute),
            receipts=pretrained.receipts,
            build=lambda plan: build(plan, initial=initial, jit=jit),
            build_plain=None if jit == "never" else lambda plan: build(plan, initial=initial),
            emit_meta_graph="meta-graph" in emit,
            sizes=(sizes or {}) if "stablehlo" in emit else None,
        )

    def _provenance(self, level: Level, jit: Jit, emit: Sequence[Emit], sizes: Mapping[str, int], *, recompute: bool) -> Provenance:
        from rnndsl.artefact.manifest import InputFile, Provenance

        files = tuple(InputFile(path=file.path, sha256=file.sha256, kind=file.kind) for file in self.files())
        flags: dict[str, object] = {"emit": sorted(emit)} if emit else {}
        flags = {**flags, "sizes": dict(sizes)} if sizes else flags
        flags = {**flags, "recompute": True} if recompute else flags
        return Provenance(files=files, opt_level=level, flags=flags if jit == "auto" else {**flags, "jit": [jit]})


def _with_replicas(plan: Plan, level: Level) -> Plan:
    from rnndsl.derive.replicas import with_replicas
    from rnndsl.language.builtins import BATCH
    from rnndsl.meaning.verifier import verify

    shared = with_replicas(plan, BATCH, level)
    verify(shared, "replicas")
    return shared


def _show_tree(module: tree.Module) -> str:
    from rnndsl.syntax.show import show_tree

    return show_tree(module)


def _show_plan(plan: Plan) -> str:
    from rnndsl.plan.printer import print_plan

    return print_plan(plan)


def _show_functions(plan: Plan) -> str:
    from rnndsl.plan.printer import print_functions

    return print_functions(plan)
