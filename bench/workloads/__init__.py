"""All workloads by name, in the groups whose targets run at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bench.workloads import calls, deletions, pulls, pushes, starts
from bench.workloads.workload import FULL, SHORT, Scale, Workload

GROUPS: Final[Mapping[str, tuple[Workload, ...]]] = {
    "pulling": pulls.WORKLOADS,
    "pushing": pushes.WORKLOADS,
    "ECR": calls.WORKLOADS,
    "deleting": deletions.WORKLOADS,
    "starting": starts.WORKLOADS,
}
WORKLOADS: Final = {workload.name: workload for group in GROUPS.values() for workload in group}


def judged() -> list[str]:
    """The names of those that have a bar, or that the bar of another is about."""
    bars = [(name, bar) for name, workload in WORKLOADS.items() for bar in workload.bars]
    wanted = {name for name, _ in bars} | {bar.workload for _, bar in bars}
    return [name for name in WORKLOADS if name in wanted]


__all__ = ["FULL", "GROUPS", "SHORT", "WORKLOADS", "Scale", "Workload", "judged"]
