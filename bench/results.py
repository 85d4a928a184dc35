"""What was found: the JSON of a run, from which the table and the page are made."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

Kind = Literal["own", "peer", "ceiling"]


class Sample(msgspec.Struct, frozen=True):
    """One measuring of one target. Latencies are milliseconds, CPU is seconds."""

    value: float
    errors: int = 0
    error: str = ""  # the first one
    p50: float | None = None
    p99: float | None = None
    cpu: float | None = None  # of the target
    client_cpu: float | None = None
    memory: float | None = None  # MiB, the sum of the most that each process of the target held meanwhile


class Series(msgspec.Struct, frozen=True):
    """The samples of a target."""

    samples: tuple[Sample, ...]

    @property
    def median(self) -> float:
        return statistics.median(sample.value for sample in self.samples)

    @property
    def lowest(self) -> float:
        return min(sample.value for sample in self.samples)

    @property
    def highest(self) -> float:
        return max(sample.value for sample in self.samples)

    @property
    def errors(self) -> int:
        return sum(sample.errors for sample in self.samples)

    @property
    def p99(self) -> float | None:
        """The median of the 99th percentiles."""
        return _median(sample.p99 for sample in self.samples)

    @property
    def memory(self) -> float | None:
        """The median of the most that was held."""
        return _median(sample.memory for sample in self.samples)


class Verdict(msgspec.Struct, frozen=True):
    """A bar and what became of it; without a ratio it could not be judged.

    `least` and `most` are what the rounds leave open: our lowest figure against the highest of the others, and the
    other way round.
    """

    bar: str
    target: str
    ratio: float | None
    met: bool | None
    least: float | None = None
    most: float | None = None


class Measured(msgspec.Struct, frozen=True):
    """A workload at all targets that can do it."""

    name: str
    group: str
    title: str
    unit: str
    less_is_better: bool
    series: dict[str, Series]
    verdicts: tuple[Verdict, ...] = ()


class About(msgspec.Struct, frozen=True):
    """A target: which version, and what it promises to have on disk when it answers."""

    name: str
    kind: Kind
    version: str
    durability: str


class Report(msgspec.Struct, frozen=True):
    """A run."""

    began: str  # as ISO 8601 has it
    short: bool
    rounds: int
    machine: dict[str, str]
    targets: tuple[About, ...]
    left_out: tuple[str, ...]
    workloads: tuple[Measured, ...]

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def from_json(text: bytes) -> Report:
    """Raises msgspec.ValidationError if it is not the JSON of a run."""
    return msgspec.json.decode(text, type=Report)


def shown(value: float) -> str:
    """Three digits at least, and no more after the point than tell something."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def series_of(samples: Mapping[str, Sequence[Sample]]) -> dict[str, Series]:
    """By the name of the target."""
    return {name: Series(tuple(found)) for name, found in samples.items() if found}
