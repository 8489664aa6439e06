"""`rnndsl check SPEC...`: say what is wrong with specs. Never imports TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.cli.parser import Parser, add_format, add_settings, pairs
from rnndsl.cli.saying import say
from rnndsl.cli.specs import choose_models, counted, exit_status, job_for, own_variables, plan_models, print_findings
from rnndsl.driver import Job
from rnndsl.text.diagnostics import DiagnosticsError


def run(argv: Sequence[str]) -> int:
    """Check every spec; the status is the worst."""
    parser = Parser("rnndsl check", "Say what is wrong with specs.")
    parser.add_argument("specs", nargs="+", metavar="SPEC")
    add_settings(parser)
    add_format(parser, "text", "json", "sarif")
    arguments = parser.read(argv)
    given = pairs("--set", arguments.settings)
    jobs = [job_for(spec) for spec in arguments.specs]
    fine: list[str] = []
    for job, spec in zip(jobs, arguments.specs, strict=True):
        summary = _check(job, spec, arguments.model, given)
        fine.extend([f"{spec}: {summary}"] if summary else [])
    findings = [job.findings for job in jobs]
    if arguments.format == "text":
        say("".join(f"{line}\n" for line in fine))
    print_findings(findings, arguments.format)
    return exit_status(findings)


def _check(job: Job, spec: str, model: str | None, given: dict[str, str]) -> str | None:
    """One line on what is in the spec, or None if it is wrong."""
    try:
        module = job.resolve()
        models = choose_models(module, model, spec)
        plans = plan_models(job, module, models, given)
    except DiagnosticsError:
        return None
    described = "; ".join(f"model {p.name}, {counted(own_variables(p), 'variable')}" for p in plans)
    return f"ok ({described or 'no model'})"
