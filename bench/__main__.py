"""`make bench`: targets in turn, A B A B, medians with their spread, and the ratio."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from bench.targets import Target, available, conditions
from bench.workloads import WORKLOADS, Workload, missing


def main() -> None:
    """Run what was asked for and print one line per workload."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("workload", nargs="*", help=f"one of {', '.join(WORKLOADS)}; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    unknown = set(options.workload) - set(WORKLOADS)
    if unknown:
        parser.error(f"there is no workload {', '.join(unknown)}")
    if (reason := missing()) is not None:
        sys.exit(reason)
    kinds, left_out = available()
    with ExitStack() as stack:
        targets = [stack.enter_context(kind()) for kind in kinds]
        print(f"{conditions()}, {options.rounds} rounds, median (lowest to highest)")
        for target in targets:
            print(f"{target.name} {target.version()}: {target.durability}")
        for line in left_out:
            print(f"left out: {line}")
        for name in options.workload or WORKLOADS:
            _print(WORKLOADS[name], targets, _measure(WORKLOADS[name], targets, options.rounds))


def _measure(workload: Workload, targets: Sequence[Target], rounds: int) -> list[list[float]]:
    """The rates of each target; the first round is a warm-up and not counted."""
    rates: list[list[float]] = [[] for _ in targets]
    for number in range(rounds + 1):
        for rate, target in zip(rates, targets, strict=True):
            found = workload.run(target)
            if number:
                rate.append(found)
    return rates


def _print(workload: Workload, targets: Sequence[Target], rates: Sequence[Sequence[float]]) -> None:
    shown = [
        f"{target.name} {statistics.median(rate):,.0f} ({min(rate):,.0f} to {max(rate):,.0f}) {workload.unit}"
        for target, rate in zip(targets, rates, strict=True)
    ]
    if len(rates) == 2:
        ratio = statistics.median(rates[0]) / statistics.median(rates[1])
        shown.append(f"ratio {ratio:.1f}")
    print(f"{workload.name}: {', '.join(shown)}")


if __name__ == "__main__":
    main()
