"""What waits, and for how long: for metrics. Each question is answered by an index, and counts no further than MOST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from wharfinger.state.db.database import Tx

MOST: Final = 10_000


class Heap(NamedTuple):
    """Things that wait: how many, and since when the oldest has been there; None if there is none."""

    number: int
    since: int | None


class Bin(NamedTuple):
    """What was deleted and can be restored. `size` counts what images share once for each of them."""

    deletions: int
    images: int
    size: int
    overdue_since: int | None  # when the oldest term ended of what is still there


class Standing(NamedTuple):
    """What waits in the database at one moment."""

    jobs_due: Mapping[str, Heap]  # by kind
    jobs_retried: Mapping[str, int]  # that failed at least once since they were last done, by kind
    uploads: Heap
    unlinks: Heap
    bin: Bin


async def read(tx: Tx, now: int) -> Standing:
    """All of it."""
    return Standing(
        jobs_due=await _jobs_due(tx, now),
        jobs_retried=await _jobs_retried(tx),
        uploads=await _heap(tx, "SELECT touched_at AS at FROM uploads ORDER BY touched_at"),
        unlinks=await _heap(tx, "SELECT noted_at AS at FROM unlinks ORDER BY noted_at"),
        bin=await _bin(tx, now),
    )


async def _jobs_due(tx: Tx, now: int) -> Mapping[str, Heap]:
    rows = await tx.all(
        "SELECT kind, count(*), min(run_at) FROM (SELECT kind, run_at FROM jobs WHERE run_at <= :now "
        f"ORDER BY run_at LIMIT {MOST}) AS due GROUP BY kind",
        now=now,
    )
    return {kind: Heap(count, since) for kind, count, since in rows}


async def _jobs_retried(tx: Tx) -> Mapping[str, int]:
    rows = await tx.all(
        "SELECT kind, sum(CASE WHEN attempts > 1 OR attempts = 1 AND lease IS NULL THEN 1 ELSE 0 END) "
        f"FROM (SELECT kind, attempts, lease FROM jobs LIMIT {MOST}) AS waiting GROUP BY kind"
    )
    return {kind: int(count) for kind, count in rows}


async def _bin(tx: Tx, now: int) -> Bin:
    images = await tx.one(
        "SELECT count(*), sum(size) FROM (SELECT size FROM images WHERE deletion_id IS NOT NULL "
        f"ORDER BY deletion_id, id LIMIT {MOST}) AS binned"
    )
    deletions = await tx.one(f"SELECT count(*) FROM (SELECT id FROM deletions ORDER BY id LIMIT {MOST}) AS waiting")
    overdue = await tx.one("SELECT min(expires_at) FROM deletions WHERE expires_at <= :now", now=now)
    assert deletions is not None and images is not None and overdue is not None  # noqa: S101, PT018 - none is grouped
    return Bin(deletions[0], images[0], int(images[1] or 0), overdue[0])


async def _heap(tx: Tx, sql: str) -> Heap:
    row = await tx.one(f"SELECT count(*), min(at) FROM ({sql} LIMIT {MOST}) AS heap")
    return Heap(*row) if row else Heap(0, None)
