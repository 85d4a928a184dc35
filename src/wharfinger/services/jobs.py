"""Running jobs: take one, do it, say so. Every worker of a server does this beside its requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from wharfinger.domain.faults import Unavailable
from wharfinger.services import collect, lifecycle, planning, plans, previews, trail
from wharfinger.state import State
from wharfinger.state.clock import MINUTE, SECOND
from wharfinger.state.db import jobs
from wharfinger.state.db.jobs import Job
from wharfinger.state.ids import new_uuid

log = logging.getLogger(__name__)
LONGEST_PAUSE: Final = SECOND
_BACKOFF: Final = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE)


class Kind(NamedTuple):
    """A kind of job: what it does, after how long it comes again by itself, and when its worker is given up."""

    run: Callable[[State], Awaitable[None]]
    every: int
    lease: int = 30 * SECOND


class Errand(NamedTuple):
    """A kind of which there is a job for each key that somebody made one for, until it is done.

    It is done in pieces that end well before the lease does, so that other jobs get their turn.
    """

    piece: Callable[[State, str], Awaitable[bool]]  # whether there is more to do
    lease: int = 30 * SECOND


class _Lost(Exception):
    """Another worker has the job."""


KINDS: Final[Mapping[str, Kind | Errand]] = {
    "collect": Kind(collect.run, every=10 * SECOND),
    "trail": Kind(trail.expire, every=5 * MINUTE),
    planning.JOB: Errand(plans.go_on),
    lifecycle.JOB: Errand(lifecycle.go_on, lease=MINUTE),
    previews.JOB: Errand(previews.go_on, lease=2 * MINUTE),
}


async def schedule(state: State) -> None:
    """See to it that every kind that comes by itself has its row."""
    for name, kind in KINDS.items():
        if isinstance(kind, Kind):
            await state.db.write(jobs.schedule, name, "", state.clock())


async def run_forever(state: State) -> None:
    """Until cancelled. A job that fails is tried again, later each time."""
    while True:
        try:
            while await run_one(state):
                pass
            pause = await _pause(state)
        except Exception:
            log.exception("jobs cannot be read")
            pause = LONGEST_PAUSE
        await asyncio.sleep(pause / SECOND)


async def run_one(state: State) -> bool:
    """Do the job that has been due longest; False if none is."""
    now = state.clock()
    due = await state.db.ask(jobs.next_due, KINDS)
    if due is None or due > now:
        return False
    leases_until = {name: now + kind.lease for name, kind in KINDS.items()}
    taking = asyncio.ensure_future(state.db.write(jobs.take, new_uuid(), now, leases_until))
    try:
        job = await asyncio.shield(taking)
        if job is not None:
            await _do(state, job)
    except asyncio.CancelledError:
        # the server stops: whoever comes next need not wait for the end of the lease, if that can be said
        with suppress(Unavailable):
            job = await taking
            if job is not None:
                await state.db.write(jobs.give_back, job, state.clock())
        raise
    return job is not None


async def _do(state: State, job: Job) -> None:
    try:
        again = await _run_held(state, KINDS[job.kind], job)
    except _Lost:
        log.warning("job %s was lost to another worker", job.kind)
    except Exception:
        state.counts.jobs_failed[job.kind] += 1
        log.exception("job %s failed, attempt %d", job.kind, job.attempts)
        wait = _BACKOFF[min(job.attempts, len(_BACKOFF)) - 1]
        await state.db.write(jobs.fail, job, state.clock() + wait)
    else:
        state.counts.jobs_done[job.kind] += 1
        if again is None:
            await state.db.write(jobs.end, job)
        else:
            await state.db.write(jobs.finish, job, state.clock() + again)


async def _run_held(state: State, kind: Kind | Errand, job: Job) -> int | None:
    """Do it, and hold it for as long as that takes; who loses it stops. Raises _Lost."""
    doing = asyncio.create_task(_run(state, kind, job.key))
    try:
        while not (await asyncio.wait([doing], timeout=kind.lease / 3 / SECOND))[0]:
            with suppress(Unavailable):  # it is lost when another has it
                if not await state.db.write(jobs.keep, job, state.clock() + kind.lease):
                    raise _Lost
        return doing.result()
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


async def _run(state: State, kind: Kind | Errand, key: str) -> int | None:
    """Do it, or a piece of it: after how long it comes again, None if it is done for good."""
    if isinstance(kind, Kind):
        await kind.run(state)
        return kind.every
    return 0 if await kind.piece(state, key) else None


async def _pause(state: State) -> int:
    due = await state.db.ask(jobs.next_due, KINDS)
    return LONGEST_PAUSE if due is None else max(0, min(LONGEST_PAUSE, due - state.clock()))
