"""What a workload is: it prepares a target, and answers with what measures it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from bench.bars import Bar
from bench.load import Found
from bench.results import Sample
from bench.targets import Server
from bench.targets.target import Door

MIB: Final = 1024 * 1024
KIB: Final = 1024

Run = Callable[[], Sample]


class Scale(NamedTuple):
    """How much is done in one measuring."""

    seconds: float
    images: int  # small ones, pushed
    large: int  # pulls of something large by each client
    herd: int  # clients that come at once
    tags: int  # in the repository that is deleted from
    deletions: int  # by single requests
    first: int  # images that are put into a new repository
    many: int  # images there at the end


FULL: Final = Scale(2, 500, 4, 1000, 10_000, 20, 1000, 20_000)
# of the counts about a tenth
SHORT: Final = Scale(0.5, 80, 1, 1000, 1000, 10, 200, 2000)


class Workload(NamedTuple):
    """A name, a unit, who can do it, how, and what is asked of this registry."""

    name: str
    title: str
    unit: str
    needs: frozenset[Door]
    prepare: Callable[[Any, Scale], Run]
    bars: tuple[Bar, ...] = ()
    less_is_better: bool = False
    has_ceiling: bool = False
    program: str | None = None  # that has to be installed

    @property
    def named(self) -> set[str]:
        """The targets that its bars need."""
        return {name for bar in self.bars for name in (bar.target, *bar.others)}

    def fits(self, doors: frozenset[Door]) -> bool:
        """Whether a target with these doors can do it."""
        return self.needs <= doors or (self.has_ceiling and "ceiling" in doors)


def sampled(server: Server, load: Callable[[], Found], value: Callable[[Found], float]) -> Sample:
    """What some load found, with the processor that the target took for it."""
    server.tree.forget_peak()
    before = server.tree.cpu()
    found = load()
    return Sample(
        value=value(found),
        errors=found.errors,
        error=found.error,
        p50=found.p50,
        p99=found.p99,
        cpu=server.tree.cpu() - before,
        client_cpu=found.cpu,
        memory=server.tree.peak(),
    )


def per_second(found: Found) -> float:
    """Of what succeeded."""
    return found.count / found.seconds


def mib_per_second(found: Found) -> float:
    """Of bodies."""
    return found.bytes / MIB / found.seconds
