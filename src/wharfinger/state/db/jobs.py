"""Rows of jobs: what is to be done after a commit, written in that same commit.

A worker takes a job by a lease with a token, and only the holder of the token may finish it. A job is run at
least once, so its work has to bear repetition. Why own rows: docs/decisions/0005-jobs.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from wharfinger.state.db.database import Tx


class Job(NamedTuple):
    """A job that a worker holds."""

    kind: str
    key: str
    attempts: int
    lease: str


async def schedule(tx: Tx, kind: str, key: str, run_at: int) -> None:
    """Make a job that is not there yet; one that waits keeps its time."""
    await tx.run(
        "INSERT INTO jobs (kind, key, run_at, attempts, lease) VALUES (:kind, :key, :run_at, 0, NULL) "
        "ON CONFLICT DO NOTHING",
        kind=kind,
        key=key,
        run_at=run_at,
    )


async def begin(tx: Tx, kind: str, key: str, run_at: int) -> None:
    """Make a job, or begin one anew: whoever has it loses it."""
    await tx.run(
        "INSERT INTO jobs (kind, key, run_at, attempts, lease) VALUES (:kind, :key, :run_at, 0, NULL) "
        "ON CONFLICT (kind, key) DO UPDATE SET run_at = excluded.run_at, attempts = 0, lease = NULL",
        kind=kind,
        key=key,
        run_at=run_at,
    )


async def forget(tx: Tx, kind: str, key: str) -> None:
    """Drop a job that is not needed any more."""
    await tx.run("DELETE FROM jobs WHERE kind = :kind AND key = :key", kind=kind, key=key)


async def next_due(tx: Tx, kinds: Collection[str]) -> int | None:
    """When the next job of some kinds may be taken, None if there is none."""
    row = await tx.one("SELECT run_at FROM jobs WHERE kind IN EACH(:kinds) ORDER BY run_at LIMIT 1", kinds=list(kinds))
    return int(row[0]) if row else None


async def take(tx: Tx, lease: str, now: int, leases_until: Mapping[str, int]) -> Job | None:
    """Take the job of a known kind that has been due longest.

    If its worker is not heard of again, it is due once more when the lease of its kind ends.
    """
    row = await tx.one(
        "SELECT kind, key, attempts FROM jobs WHERE run_at <= :now AND kind IN EACH(:kinds) ORDER BY run_at LIMIT 1",
        now=now,
        kinds=list(leases_until),
    )
    if row is None:
        return None
    kind, key, attempts = row
    taken = await tx.run(
        "UPDATE jobs SET lease = :lease, run_at = :until, attempts = attempts + 1 "
        "WHERE kind = :kind AND key = :key AND run_at <= :now",
        lease=lease,
        until=leases_until[kind],
        kind=kind,
        key=key,
        now=now,
    )
    return Job(kind, key, attempts + 1, lease) if taken else None


async def keep(tx: Tx, job: Job, until: int) -> bool:
    """Hold a job for longer; False if it was lost."""
    kept = await tx.run(
        "UPDATE jobs SET run_at = :until WHERE kind = :kind AND key = :key AND lease = :lease",
        until=until,
        kind=job.kind,
        key=job.key,
        lease=job.lease,
    )
    return bool(kept)


async def finish(tx: Tx, job: Job, run_again_at: int) -> None:
    """The job is done and comes back then. Nothing happens if the lease was lost."""
    await _release(tx, job, run_again_at, attempts=0)


async def end(tx: Tx, job: Job) -> None:
    """The job is done for good. Nothing happens if the lease was lost."""
    await tx.run(
        "DELETE FROM jobs WHERE kind = :kind AND key = :key AND lease = :lease",
        kind=job.kind,
        key=job.key,
        lease=job.lease,
    )


async def give_back(tx: Tx, job: Job, now: int) -> None:
    """Its worker cannot go on with it: anybody may take it at once. Nothing happens if it is done or lost."""
    await _release(tx, job, now, attempts=job.attempts - 1)


async def fail(tx: Tx, job: Job, run_again_at: int) -> None:
    """The job is to be tried again then."""
    await _release(tx, job, run_again_at, attempts=job.attempts)


async def _release(tx: Tx, job: Job, run_at: int, *, attempts: int) -> None:
    await tx.run(
        "UPDATE jobs SET run_at = :run_at, attempts = :attempts, lease = NULL "
        "WHERE kind = :kind AND key = :key AND lease = :lease",
        run_at=run_at,
        attempts=attempts,
        kind=job.kind,
        key=job.key,
        lease=job.lease,
    )
