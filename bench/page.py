"""Makes docs/performance.md and its plots from bench/results.json, and from another run in bench/again.json if it is
there; with `--check` only says whether they are stale.

Run as `python -m bench.page` from the root of the tree.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.plots import plot
from bench.results import Kind, Measured, Report, Verdict, from_json, shown

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results.json"
AGAIN: Final = ROOT / "bench" / "again.json"
PAGE: Final = ROOT / "docs" / "performance.md"
PLOTS: Final = ROOT / "docs" / "performance"
# whom ratios in plots are to: the first that can do a workload
COMPARED: Final = ("docker-registry", "moto")
_INTRODUCTION: Final = """\
# How fast it is

Wharfinger beside other registries, on the same machine, in the same run, and beside what the machine can do at all.
The figures are of one run of `make bench` and are made from what it wrote, `bench/results.json`, by `make bench-page`;
the bars are shown for another run, too, `bench/again.json`. Only the ratios say something about another machine."""
_SPREAD: Final = """\
In brackets is what the rounds leave open: our lowest figure against the highest of the other, and the other way
round."""
_ANOTHER: Final = """ The last two columns are of another run, which began on {began} UTC and measured {count}
workloads; two runs agree where their brackets overlap."""
_METHOD: Final = """\
## How it was measured

- The targets take turns for each workload: all of them once{rounds}. A figure is the
  median of the rounds, and in brackets are the lowest and the highest. The disk is synced before each turn.
- Everything runs on one machine, the client too. The client is a small program in Go that uses one core at most; it
  makes bytes, their digests and its requests before the clock starts, signs calls of ECR while it runs, reads all
  answers to the end, and counts what is not the answer that it should be as an error.
- Bytes are random, and no layer is pushed twice but where that is what is measured.
- Wharfinger checks a password or a signature with each request. The other registries are asked for none, so they have
  less to do. docker-registry and distribution have the cache of descriptors that their sample settings have.
- Bars are for Wharfinger with a worker for each core, as the others use all cores, but for the start and the memory.
- The 99th percentile is of one request, or of all that belongs to one layer or image. Memory is the sum of the most
  that each process held meanwhile (VmHWM)."""
_REASONS: Final = """\
Where the time goes, and what stands in the way of the bars that are not met, is written down in decisions
[18](decisions/0018-speed.md) and [21](decisions/0021-speed-again.md)."""
_REPEAT: Final = """\
## Measure it yourself

```shell
make peers                         # distribution from source and moto, once; needs Go
make bench                         # all of it
make bench ARGS="--short"          # what has a bar, once, in a minute or two
make bench ARGS="push-200m ranges" # some workloads
make bench ARGS="--json bench/results.json" && make bench-page   # this page
make bench ARGS="--json bench/again.json" && make bench-page     # the run beside it
```

What is not installed is named and left out. What many images cost a request is on a [page of its
own](operations/size.md), what access control costs is measured by `make bench-access`, and how many statements,
transactions, syncs and copies each request may take is held by the tests in `tests/perf/`."""


def files(report: Report, again: Report | None = None) -> dict[Path, str]:
    """The page and its plots, by where they are; with what another run came to."""
    kinds: dict[str, Kind] = {target.name: target.kind for target in report.targets}
    made = {PAGE: "\n\n".join(_sections(report, again, kinds)) + "\n"}
    for group, workloads in _groups(report):
        if plotted := _plotted(workloads):
            made[_plot(group)] = plot(plotted, kinds, COMPARED)
    return made


def _sections(report: Report, again: Report | None, kinds: Mapping[str, Kind]) -> Iterator[str]:
    yield _INTRODUCTION
    if report.short:
        yield "**These figures are of the short form, one round each and with fewer images, so they are rough.**"
    yield "\n".join(_bars(report, again))
    for group, workloads in _groups(report):
        yield f"## {group[0].upper()}{group[1:]}"
        if plotted := _plotted(workloads):
            yield f"![{len(plotted)} of the rows below as bars](performance/{_plot(group).name})"
        yield "\n".join(_table(workloads, kinds))
    yield "\n".join(_slower(report, kinds))
    yield _REASONS
    yield "\n".join(_targets(report))
    rounds = "" if report.short else f" to warm up, and {report.rounds} times that count"
    yield _METHOD.format(rounds=rounds)
    yield _REPEAT


def _groups(report: Report) -> list[tuple[str, list[Measured]]]:
    found = itertools.groupby(report.workloads, key=lambda one: one.group)
    return [(group, list(workloads)) for group, workloads in found]


def _plotted(workloads: Sequence[Measured]) -> list[Measured]:
    """Those with a bar; the others are in the table."""
    return [one for one in workloads if one.verdicts and one.series]


def _plot(group: str) -> Path:
    return PLOTS / f"{group.lower()}.svg"


def _bars(report: Report, again: Report | None) -> Iterator[str]:
    """What is asked of it, and what came of that."""
    repeated = (
        {(one.name, verdict.bar): verdict for one in again.workloads for verdict in one.verdicts} if again else {}
    )
    yield "## The bars"
    yield ""
    yield _SPREAD + (_ANOTHER.format(began=_time(again), count=len(again.workloads)) if again else "")
    yield ""
    yield f"| Work | Asked | Reached | |{' Another run | |' if again else ''}"
    yield f"| --- | --- | --- | --- |{' --- | --- |' if again else ''}"
    for measured in report.workloads:
        for verdict in measured.verdicts:
            line = f"| {measured.title} | {verdict.bar} | {_reached(verdict)} | {_judged(verdict)} |"
            yield line + (f" {_compared(verdict, repeated.get((measured.name, verdict.bar)))} |" if again else "")


def _reached(verdict: Verdict) -> str:
    if verdict.ratio is None:
        return ""
    if verdict.least is None or verdict.most is None or verdict.least == verdict.most:
        return shown(verdict.ratio)
    return f"{shown(verdict.ratio)} ({shown(verdict.least)} to {shown(verdict.most)})"


def _compared(verdict: Verdict, other: Verdict | None) -> str:
    """What another run reached, what that means, and a word where the two cannot both be right."""
    if other is None or other.ratio is None:
        return " | "
    return f"{_reached(other)}{'' if agree(verdict, other) else ', **apart**'} | {_judged(other)}"


def _time(report: Report) -> str:
    return report.began[:16].replace("T", " ")


def agree(one: Verdict, other: Verdict) -> bool:
    """Whether what the rounds of one run leave open overlaps with what those of another do."""
    if None in {one.least, one.most, other.least, other.most}:
        return False
    return max(one.least or 0, other.least or 0) <= min(one.most or 0, other.most or 0)


def _judged(verdict: Verdict) -> str:
    return "not measured" if verdict.met is None else "met" if verdict.met else "**not met**"


def _table(workloads: Sequence[Measured], kinds: Mapping[str, Kind]) -> Iterator[str]:
    """All figures of a group."""
    names = [name for name in kinds if any(name in one.series for one in workloads)]
    yield f"| | {' | '.join(names)} |"
    yield f"| --- | {' | '.join('---' for _ in names)} |"
    for measured in workloads:
        yield f"| {measured.title}, {measured.unit} | {' | '.join(_cell(measured, name) for name in names)} |"


def _cell(measured: Measured, name: str) -> str:
    series = measured.series.get(name)
    if series is None:
        return ""
    spread = f" ({shown(series.lowest)} to {shown(series.highest)})" if len(series.samples) > 1 else ""
    p99 = f", p99 {shown(series.p99)} ms" if series.p99 and measured.unit != "ms" else ""
    errors = f", **{series.errors} errors**" if series.errors else ""
    return f"{shown(series.median)}{spread}{p99}{errors}"


def _slower(report: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    yield "## Where it is slower"
    yield ""
    lines = [line for measured in report.workloads for line in _faster_peers(measured, kinds)]
    yield from lines or ["Than no other registry, in anything that was measured here."]


def _faster_peers(measured: Measured, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Others that do better than the best of ours."""
    best = min if measured.less_is_better else max
    own = [series.median for name, series in measured.series.items() if kinds[name] == "own"]
    for name, series in measured.series.items():
        if kinds[name] != "peer" or not own or best(series.median, best(own)) == best(own):
            continue
        values = f"{shown(series.median)} against {shown(best(own))} {measured.unit}"
        yield f"- {measured.title}: {name} has {values}."


def _targets(report: Report) -> Iterator[str]:
    yield "## What was measured"
    yield ""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    yield f"On {_time(report)} UTC: {machine}."
    yield ""
    yield "| | Version | On disk when it answers |"
    yield "| --- | --- | --- |"
    for target in report.targets:
        yield f"| {target.name} | {target.version} | {target.durability} |"
    if report.left_out:
        yield ""
        yield from (f"Left out: {line}." for line in report.left_out)


def both() -> tuple[Report, Report | None]:
    """The run that the page is of, and the other one if there is one."""
    return from_json(RESULTS.read_bytes()), from_json(AGAIN.read_bytes()) if AGAIN.exists() else None


def stale(made: Mapping[Path, str]) -> list[Path]:
    """The files that are not as they would be made."""
    old = [path for path in PLOTS.glob("*.svg") if path not in made]
    return [path for path, text in made.items() if not path.exists() or path.read_text() != text] + old


def main() -> None:
    """Write the files, or say which would change."""
    report, again = both()
    made = files(report, again)
    changed = stale(made)
    if "--check" in sys.argv[1:]:
        if changed:
            sys.exit(f"stale, run `make bench-page`: {', '.join(str(path.relative_to(ROOT)) for path in changed)}")
        return
    PLOTS.mkdir(exist_ok=True)
    for path in changed:
        path.unlink(missing_ok=True)
    for path, text in made.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
