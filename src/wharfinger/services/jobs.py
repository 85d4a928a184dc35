"""Running jobs: take one, do it, say so. Every worker of a server does this beside its requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from wharfinger.services import collect
from wharfinger.state import State
from wharfinger.state.clock import MINUTE, SECOND
from wharfinger.state.db import jobs
from wharfinger.state.ids import new_uuid

log = logging.getLogger(__name__)
LEASE: Final = 5 * MINUTE
LONGEST_PAUSE: Final = 5 * SECOND
_BACKOFF: Final = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE)


class Kind(NamedTuple):
    """A kind of job: what it does, and after how long it comes again by itself."""

    run: Callable[[State], Awaitable[None]]
    every: int


KINDS: Final[Mapping[str, Kind]] = {"sweep": Kind(collect.sweep, every=MINUTE)}


async def schedule(state: State) -> None:
    """See to it that every kind that comes by itself has its row."""
    for kind in KINDS:
        await state.db.write(jobs.schedule, kind, "", state.clock())


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
    due = await state.db.read(jobs.next_due)
    if due is None or due > now:
        return False
    job = await state.db.write(jobs.take, new_uuid(), now, now + LEASE)
    if job is None:
        return False
    kind = KINDS[job.kind]
    try:
        await kind.run(state)
    except Exception:
        log.exception("job %s failed, attempt %d", job.kind, job.attempts)
        wait = _BACKOFF[min(job.attempts, len(_BACKOFF)) - 1]
        await state.db.write(jobs.fail, job, state.clock() + wait)
    else:
        await state.db.write(jobs.finish, job, state.clock() + kind.every)
    return True


async def _pause(state: State) -> int:
    due = await state.db.read(jobs.next_due)
    return LONGEST_PAUSE if due is None else max(0, min(LONGEST_PAUSE, due - state.clock()))
