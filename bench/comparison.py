"""The run: targets in turn, A B A B, for each workload, and what came of it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

import msgspec

from bench.results import About, Measured, Report, Sample, series_of
from bench.targets import TARGETS, Missing, Target, conditions
from bench.workloads import FULL, GROUPS, SHORT, WORKLOADS, Scale, Workload

_WARM_UP: Final = 1  # rounds that are not counted


def compare(names: Sequence[str], rounds: int, short: bool) -> Iterator[Report]:
    """Measure the workloads that have these names; after each group what is known by then."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    kinds, about, left_out = available()
    lacking = {name for name, workload in WORKLOADS.items() if workload.program and not shutil.which(workload.program)}
    left_out += tuple(f"{name}: {WORKLOADS[name].program} is not installed" for name in names if name in lacking)
    for line in left_out:
        say(f"left out: {line}")
    measured: list[Measured] = []
    for group, workloads in GROUPS.items():
        chosen = [workload for workload in workloads if workload.name in names and workload.name not in lacking]
        if chosen:
            measured += _group(group, chosen, kinds, rounds, short)
            yield Report(began, short, rounds, conditions(), about, left_out, judged(measured))


def available() -> tuple[list[type[Target]], tuple[About, ...], tuple[str, ...]]:
    """The targets that can be run here with their versions, and a line for each that cannot."""
    kinds, about, left_out = [], [], dict[str, None]()
    for kind in TARGETS:
        try:
            about.append(About(kind.name, kind.kind, kind.version(), kind.durability))
            kinds.append(kind)
        except Missing as missing:
            left_out[str(missing)] = None
    return kinds, tuple(about), tuple(left_out)


def judged(measured: Iterable[Measured]) -> tuple[Measured, ...]:
    """With the verdicts on their bars."""
    by_name = {one.name: one for one in measured}
    bars = {workload.name: workload.bars for group in GROUPS.values() for workload in group}
    return tuple(
        msgspec.structs.replace(one, verdicts=tuple(bar.judge(one, by_name) for bar in bars.get(name, ())))
        for name, one in by_name.items()
    )


def _group(
    group: str, workloads: Sequence[Workload], kinds: Sequence[type[Target]], rounds: int, short: bool
) -> list[Measured]:
    """Targets run for all workloads of a group, so that each is started but once for them."""
    able = {workload.name: [kind for kind in kinds if _takes_part(kind, workload, short)] for workload in workloads}
    scale, warm_up = (SHORT, 0) if short else (FULL, _WARM_UP)
    with ExitStack() as stack:
        wanted = [kind for kind in kinds if any(kind in some for some in able.values())]
        running = {kind: stack.enter_context(kind()) for kind in wanted}
        found = []
        for workload in workloads:
            say(f"{time.strftime('%H:%M:%S')} {group}: {workload.title}")
            samples = in_turn(workload, [running[kind] for kind in able[workload.name]], rounds, scale, warm_up)
            found.append(_measured(group, workload, samples))
        return found


def _takes_part(kind: type[Target], workload: Workload, short: bool) -> bool:
    """The short form leaves out those that no bar is about."""
    return workload.fits(kind.doors) and (not short or not workload.bars or kind.name in workload.named)


def in_turn(
    workload: Workload, targets: Sequence[Target], rounds: int, scale: Scale, warm_up: int
) -> Mapping[str, Sequence[Sample]]:
    """The samples of each target by its name; one round is all of them, one after the other.

    Each round begins with another one: who comes first has been seen to lose a tenth.
    """
    samples: dict[str, list[Sample]] = {target.name: [] for target in targets}
    runs = {target.name: workload.prepare(target, scale) for target in targets}
    order = deque(runs)
    for number in range(warm_up + rounds):
        for name in order:
            os.sync()  # nobody pays for what the one before has left to write
            sample = runs[name]()
            if number >= warm_up:
                samples[name].append(sample)
        order.rotate(-1)
    return samples


def _measured(group: str, workload: Workload, samples: Mapping[str, Sequence[Sample]]) -> Measured:
    return Measured(workload.name, group, workload.title, workload.unit, workload.less_is_better, series_of(samples))


def say(text: str) -> None:
    """How far it is, for who waits."""
    print(text, file=sys.stderr, flush=True)
