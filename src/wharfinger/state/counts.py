"""What happened in this process beside the requests, counted since it started, for metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Jobs by their kind, of which there are few, and deliveries to web hooks."""

    jobs_done: Counter[str] = field(default_factory=Counter)
    jobs_failed: Counter[str] = field(default_factory=Counter)
    deliveries_done: int = 0
    deliveries_failed: int = 0
