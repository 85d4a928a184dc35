"""A run as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from bench.results import Measured, Report, Verdict, shown


def table(report: Report) -> str:
    """All of it."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in report.machine.items())
    yield f"{report.rounds} rounds{', short form' if report.short else ''}; median (lowest to highest)"
    for target in report.targets:
        yield f"  {target.name} {target.version}: {target.durability}"
    for line in report.left_out:
        yield f"  left out: {line}"
    for measured in report.workloads:
        yield ""
        yield from _workload(measured)


def _workload(measured: Measured) -> Iterator[str]:
    yield f"{measured.name}: {measured.title}"
    for name, series in measured.series.items():
        spread = f"({shown(series.lowest)} to {shown(series.highest)})"
        p99 = f"  p99 {shown(series.p99)} ms" if series.p99 else ""
        memory = f"  {shown(series.memory)} MiB" if series.memory else ""
        errors = f"  {series.errors} ERRORS: {_first(measured, name)}" if series.errors else ""
        yield f"  {name:<22}{shown(series.median):>10} {measured.unit:<8} {spread:<22}{p99}{memory}{errors}"
    for verdict in measured.verdicts:
        yield f"  {judgement(verdict)}"


def _first(measured: Measured, name: str) -> str:
    return next(sample.error for sample in measured.series[name].samples if sample.error)


def judgement(verdict: Verdict) -> str:
    """`met: at least 8 × docker-registry, 9.1`."""
    if verdict.ratio is None:
        return f"not judged: {verdict.bar}"
    return f"{'met' if verdict.met else 'NOT MET'}: {verdict.bar}, it is {shown(verdict.ratio)} ({verdict.target})"
