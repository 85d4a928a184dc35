"""Rows of uploads under way."""

from __future__ import annotations

from typing import Final, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.domain.uploads import Parts, Upload
from wharfinger.state.db.database import Row, Tx

_SELECT: Final = (
    "SELECT r.id, u.id, u.principal, u.storage_id, u.size, u.hash_state, u.part_count, u.last_part_size, "
    "u.has_short_part, u.touched_at, u.segments FROM repositories r "
    "LEFT JOIN uploads u ON u.repository_id = r.id AND u.id = :upload "
    "WHERE r.account = :account AND r.region = :region AND r.name = :repository"
)


class Found(NamedTuple):
    """Where an upload id leads: None for the repository or the upload that is not there."""

    repository: int | None
    upload: Upload | None


async def find(tx: Tx, registry: Registry, repository: str, upload: str) -> Found:
    """An upload of a repository."""
    row = await tx.one(_SELECT, upload=upload, account=registry.account, region=registry.region, repository=repository)
    if row is None:
        return Found(None, None)
    return Found(row[0], _upload(row, registry, repository) if row[1] is not None else None)


async def add(tx: Tx, repository: int, upload: Upload) -> None:
    """Begin an upload."""
    await tx.run(
        "INSERT INTO uploads (id, repository_id, principal, storage_id, size, hash_state, part_count, last_part_size, "
        "has_short_part, touched_at) VALUES (:id, :repository, :principal, :storage_id, 0, NULL, 0, 0, 0, :now)",
        id=upload.id,
        repository=repository,
        principal=upload.owner,
        storage_id=upload.storage_id,
        now=upload.touched_at,
    )


async def advance(tx: Tx, before: Upload, after: Upload, now: int) -> bool:
    """Store how far an upload has come; False if it is not where it was `before`, or gone."""
    changed = await tx.run(
        "UPDATE uploads SET size = :size, hash_state = :hash_state, part_count = :count, last_part_size = :last, "
        "has_short_part = :short, touched_at = :now, segments = :segments "
        "WHERE id = :id AND size = :was AND part_count = :was_count",
        size=after.size,
        hash_state=after.hash_state,
        count=after.parts.number,
        last=after.parts.last_size,
        short=int(after.parts.has_short),
        now=now,
        segments=after.segments,
        id=after.id,
        was=before.size,
        was_count=before.parts.number,
    )
    return changed == 1


async def touch(tx: Tx, upload: str, now: int) -> None:
    """Somebody is still sending."""
    await tx.run("UPDATE uploads SET touched_at = :now WHERE id = :id", now=now, id=upload)


async def delete(tx: Tx, upload: str) -> bool:
    """End an upload; False if somebody else ended it."""
    return await tx.run("DELETE FROM uploads WHERE id = :id", id=upload) == 1


async def finish(tx: Tx, upload: Upload) -> bool:
    """End an upload that has all its bytes; False if it is not where it was read to be, or gone."""
    return await tx.run("DELETE FROM uploads WHERE id = :id AND size = :size", id=upload.id, size=upload.size) == 1


async def end_all_of(tx: Tx, repository: int, now: int) -> int:
    """End every upload of a repository and note its bytes for unlinking: how many there were."""
    await tx.run(
        "INSERT INTO unlinks (storage_id, noted_at) SELECT storage_id, :now FROM uploads WHERE repository_id = :id "
        "ON CONFLICT DO NOTHING",
        id=repository,
        now=now,
    )
    return await tx.run("DELETE FROM uploads WHERE repository_id = :id", id=repository)


async def are_older_than(tx: Tx, touched_before: int) -> bool:
    """Whether there are uploads that nobody has touched since."""
    row = await tx.one("SELECT 1 FROM uploads WHERE touched_at < :before LIMIT 1", before=touched_before)
    return row is not None


async def end_older_than(tx: Tx, touched_before: int, now: int) -> int:
    """End uploads that nobody has touched since and note their bytes for unlinking: how many there were."""
    await tx.run(
        "INSERT INTO unlinks (storage_id, noted_at) SELECT storage_id, :now FROM uploads WHERE touched_at < :before "
        "ON CONFLICT DO NOTHING",
        before=touched_before,
        now=now,
    )
    return await tx.run("DELETE FROM uploads WHERE touched_at < :before", before=touched_before)


def _upload(row: Row, registry: Registry, repository: str) -> Upload:
    _, id_, owner, storage_id, size, hash_state, count, last, short, touched_at, segments = row
    parts = Parts(count, last, bool(short))
    return Upload(id_, registry, repository, owner, storage_id, size, hash_state, parts, touched_at, segments)
