"""What is found wrong with a model, told once and at a place of the user's."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rnndsl.records import field, mutable
from rnndsl.text.codes import names as name_codes
from rnndsl.text.diagnostics import Diagnostic, Poisoned, SpecError
from rnndsl.text.sink import Sink
from rnndsl.text.source import Span


@mutable
class Reports:
    """incomplete: whether variables may be missing, since what declares them is faulty.
    anonymous: the constructors without a name that are being applied, and where."""

    sink: Sink
    incomplete: bool = False
    anonymous: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])
    _applications: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])

    @contextmanager
    def applying(self, layer: str, span: Span) -> Generator[None]:
        """Faults found inside belong to the application of `layer` at `span`."""
        self._applications.append((layer, span))
        try:
            yield
        except SpecError as error:
            self.incomplete = True
            raise SpecError(self._placed(error.diagnostic)) from None
        except Poisoned:
            self.incomplete = True
            raise
        finally:
            self._applications.pop()

    def within(self) -> list[str]:
        """The layers that are being applied, the innermost first."""
        return [layer for layer, _ in reversed(self._applications)]

    def by_user(self, span: Span) -> Span:
        """Where a user applies what the library applies at `span`."""
        if not span.source.library:
            return span
        return next((at for _, at in reversed(self._applications) if not at.source.library), span)

    def attempt(self, action: Callable[[], object]) -> None:
        """Runs `action`; a fault of the spec goes to the sink and ends only this action. Nothing is done once no more is told."""
        if self.sink.full:
            return
        try:
            action()
        except SpecError as error:
            self.report(error.diagnostic)
        except Poisoned:
            pass

    def report(self, diagnostic: Diagnostic) -> None:
        """Tells a fault, once a place."""
        diagnostic = self._placed(diagnostic)
        span = diagnostic.span
        foreign = span is not None and span.source.library
        known = (diagnostic.code, name_codes.UNKNOWN_NAME.number)
        if span is not None and not foreign and any(d.span == span and d.code in known for d in self.sink.found):
            return
        self.sink.add(diagnostic)

    def _placed(self, diagnostic: Diagnostic) -> Diagnostic:
        """With a note on the application of the user's that led to a fault in the standard library, or of types in a definition."""
        span = diagnostic.span
        applied = next((each for each in reversed(self._applications) if not each[1].source.library), None)
        if span is None or applied is None or any(note.span == applied[1] for note in diagnostic.notes):
            return diagnostic
        layer, at = applied
        within = span.source is at.source and at.start <= span.start and span.end <= at.end
        if within or not (span.source.library or diagnostic.kind.of_arguments):
            return diagnostic
        return diagnostic.applied(layer, at)
