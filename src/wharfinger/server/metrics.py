"""What `/metrics` tells, in the text format of Prometheus: of all workers, whichever is asked."""

from __future__ import annotations

import itertools
import os
import platform
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from wharfinger import __version__
from wharfinger.api import trail
from wharfinger.api.http import FileResponse, Request, Response
from wharfinger.api.sts.entry import is_meant
from wharfinger.domain import faults as f
from wharfinger.server import data
from wharfinger.server import families as m
from wharfinger.server.families import BOUNDS, COUNTED, DOORS, KIND_LABELS, OPERATIONS, OTHER, PAGES, Family, Labels
from wharfinger.server.settings import Settings
from wharfinger.server.shares import Share, Whole
from wharfinger.services.health import Overview
from wharfinger.state import State
from wharfinger.state.clock import SECOND
from wharfinger.state.db.standing import Heap

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
_PROCESS: Final = "/proc/{}/statm"


def _width(family: Family) -> int:
    """Numbers of one series: of a histogram, its buckets, those above the last bound, and the sum."""
    return len(BOUNDS) + 2 if family.kind == "histogram" else 1


def _series() -> Iterator[tuple[Family, Labels, int]]:
    """All that is counted, and where the numbers of each begin."""
    start = 0
    for family in COUNTED:
        for labels in family.values:
            yield family, labels, start
            start += _width(family)


_SERIES: Final = tuple(_series())
_PLACES: Final[Mapping[tuple[str, Labels], int]] = {(family.name, labels): start for family, labels, start in _SERIES}
_LENGTH: Final = sum(_width(family) for family, _, _ in _SERIES)
_GAUGES: Final = tuple(start for family, _, start in _SERIES if family.kind == "gauge")
# what each request needs
_OF_REQUESTS: Final = {labels: _PLACES[m.REQUESTS.name, labels] for labels in m.REQUESTS.values}
_OF_BYTES: Final = {door: (_PLACES[m.RECEIVED.name, (door,)], _PLACES[m.SENT.name, (door,)]) for door in DOORS}
_IN_FLIGHT: Final = _PLACES[m.IN_FLIGHT.name, ()]


class Metrics:
    """What one worker counts, and what it tells of all."""

    def __init__(self, path: str | None = None) -> None:
        """With the block that the workers of a server share; None: there is but one."""
        self._share = Share(_LENGTH, _GAUGES, path) if path is not None else Whole(_LENGTH)
        self._numbers = self._share.numbers
        self._before: dict[int, float] = {}

    def begin(self) -> None:
        """A request has come."""
        self._numbers[_IN_FLIGHT] += 1

    def end(self) -> None:
        """It has been answered, or given up."""
        self._numbers[_IN_FLIGHT] -= 1

    def count(self, request: Request, response: Response | FileResponse, seconds: float) -> None:
        """Its answer is about to be sent: who has that can rely on the figures."""
        door, operation = named(request)
        numbers = self._numbers
        place = _OF_REQUESTS[door, operation, m.CLASSES[response.status // 100 - 2]]
        numbers[place + bisect_left(BOUNDS, seconds)] += 1
        numbers[place + len(BOUNDS) + 1] += seconds
        received, sent = _OF_BYTES[door]
        numbers[received] += request.received
        if request.method != "HEAD":
            numbers[sent] += _length(response)
        if request.fault is not None:
            self.fault(request.fault)

    def fault(self, fault: f.Fault) -> None:
        """What a request was refused for, or its answer cut off."""
        if isinstance(fault, f.Unavailable):
            self._numbers[_PLACES[m.UNAVAILABLE.name, (fault.part,)]] += 1
        elif (reason := _refusal(fault)) is not None:
            self._numbers[_PLACES[m.REFUSED.name, (reason,)]] += 1

    def publish(self, state: State) -> None:
        """Tell the other workers what was counted beside the requests."""
        figures = state.db.figures()
        self._add_up(m.STATEMENTS, (), figures.statements)
        self._add_up(m.TRANSACTIONS, (), figures.transactions)
        self._add_up(m.FAILURES, (), figures.failures)
        self._add_up(m.WAITED, (), figures.wait_seconds)
        for (kind,) in KIND_LABELS:
            self._add_up(m.JOBS, (kind, "done"), state.counts.jobs_done[kind])
            self._add_up(m.JOBS, (kind, "failed"), state.counts.jobs_failed[kind])
        self._add_up(m.WEBHOOKS, ("done",), state.counts.deliveries_done)
        self._add_up(m.WEBHOOKS, ("failed",), state.counts.deliveries_failed)
        for family, now in (
            (m.WAITING, figures.waiting),
            (m.CONNECTIONS, figures.connections),
            (m.IDLE, figures.idle),
            (m.TRAIL_LOST, state.trail.lost),
        ):
            self._numbers[_PLACES[family.name, ()]] = now

    def _add_up(self, family: Family, labels: Labels, now: float) -> None:
        """What is counted elsewhere since this process began comes on top of what was there."""
        place = _PLACES[family.name, labels]
        self._numbers[place] = self._before.setdefault(place, self._numbers[place]) + now

    async def text(self, state: State, overview: Overview, settings: Settings) -> bytes:
        """All metrics of the server. A database that is away is one of them, and no failure."""
        self.publish(state)
        sums, workers = self._share.totals()
        samples = [
            *_counted(sums),
            *_of_processes(workers),
            *_of_server(state, settings),
            *await _standing(state, overview),
        ]
        return _text(samples)

    def close(self) -> None:
        """Nothing is counted any more."""
        for place in _GAUGES:
            self._numbers[place] = 0
        self._share.close()


def named(request: Request) -> tuple[str, str]:
    """The door and the operation of a request, as they are counted."""
    if request.service is not None:
        door, operation = request.service.signing_name, request.operation
    elif request.path.startswith(b"/v2"):
        door, operation = "oci", f"{request.method} {request.operation}"
    elif request.path == b"/" and is_meant(request):
        door, operation = "sts", OTHER
    elif request.path == b"/" and request.method == "POST":
        door, operation = "ecr", OTHER
    else:
        door, operation = "pages", PAGES.get(request.path, OTHER)
    return (door, operation) if (door, operation) in OPERATIONS else (door, OTHER)


def _length(response: Response | FileResponse) -> int:
    if isinstance(response, Response):
        return len(response.body)
    return next((int(value) for name, value in response.headers if name == b"content-length"), 0)


def _refusal(fault: f.Fault) -> str | None:
    match fault:
        case f.Throttled():
            return "throttled"
        case f.Denied():
            return "denied"
        case f.AuthenticationMissing():
            return "challenged"
    return "login" if isinstance(fault, trail.DENIALS) else None


# --- what is told --------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """One line: of a histogram also with what its name ends in and the bound."""

    family: Family
    labels: Labels
    value: float
    suffix: str = ""
    bound: str | None = None


def _counted(sums: list[float]) -> Iterator[Sample]:
    for family, labels, place in _SERIES:
        if family.kind != "histogram":
            yield Sample(family, labels, sums[place])
        elif any(sums[place : place + len(BOUNDS) + 1]):
            yield from _histogram(family, labels, sums[place : place + _width(family)])


def _histogram(family: Family, labels: Labels, numbers: list[float]) -> Iterator[Sample]:
    so_far = list(itertools.accumulate(numbers[:-1]))
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], so_far, strict=True):
        yield Sample(family, labels, count, "_bucket", bound)
    yield Sample(family, labels, numbers[-1], "_sum")
    yield Sample(family, labels, so_far[-1], "_count")


def _of_processes(workers: list[int]) -> Iterator[Sample]:
    yield Sample(m.WORKERS, (), len(workers))
    yield Sample(m.MEMORY, ("parent",), _resident(os.getppid()))
    yield Sample(m.MEMORY, ("workers",), sum(map(_resident, workers)))


def _resident(pid: int) -> int:
    try:
        pages = Path(_PROCESS.format(pid)).read_text().split()[1]
    except (OSError, IndexError):
        return 0  # it has just ended
    return int(pages) * os.sysconf("SC_PAGESIZE")


def _of_server(state: State, settings: Settings) -> Iterator[Sample]:
    yield Sample(m.BUILD, (__version__, platform.python_version(), state.db.figures().kind), 1)
    with suppress(f.Unavailable):
        yield Sample(m.DISK_FREE, (), state.scratch.free())
    told = data.running(settings.directory)
    if told is not None and told.certificate_until:
        yield Sample(m.CERTIFICATE, (), told.certificate_until)


async def _standing(state: State, overview: Overview) -> Iterator[Sample]:
    found = await overview.standing()
    if found is None:
        return iter([Sample(m.DATABASE_UP, (), 0)])
    now = state.clock()
    none = Heap(0, None)
    due = [(labels, found.jobs_due.get(labels[0], none)) for labels in KIND_LABELS]
    return iter(
        [
            Sample(m.DATABASE_UP, (), 1),
            *(Sample(m.JOBS_DUE, labels, heap.number) for labels, heap in due),
            *(Sample(m.JOBS_AGE, labels, _age(heap.since, now)) for labels, heap in due),
            *(Sample(m.JOBS_RETRIED, labels, found.jobs_retried.get(labels[0], 0)) for labels in KIND_LABELS),
            Sample(m.UPLOADS, (), found.uploads.number),
            Sample(m.UPLOADS_AGE, (), _age(found.uploads.since, now)),
            Sample(m.UNLINKS, (), found.unlinks.number),
            Sample(m.UNLINKS_AGE, (), _age(found.unlinks.since, now)),
            Sample(m.BIN_DELETIONS, (), found.bin.deletions),
            Sample(m.BIN_IMAGES, (), found.bin.images),
            Sample(m.BIN_BYTES, (), found.bin.size),
            Sample(m.BIN_OVERDUE, (), _age(found.bin.overdue_since, now)),
        ]
    )


def _age(since: int | None, now: int) -> float:
    return max(0, now - since) / SECOND if since is not None else 0


def _text(samples: Iterable[Sample]) -> bytes:
    """No label value has a character that would have to be escaped: they are names in the code, and versions."""
    lines: list[str] = []
    family: Family | None = None
    for sample in samples:
        if sample.family is not family:
            family = sample.family
            lines += [f"# HELP {family.name} {family.text}", f"# TYPE {family.name} {family.kind}"]
        pairs = [f'{name}="{value}"' for name, value in zip(family.labels, sample.labels, strict=True)]
        if sample.bound is not None:
            pairs.append(f'le="{sample.bound}"')
        labels = f"{{{','.join(pairs)}}}" if pairs else ""
        lines.append(f"{family.name}{sample.suffix}{labels} {sample.value:.16g}")
    return ("\n".join(lines) + "\n").encode()
