"""Rows of blobs, of their links to repositories, and of bytes that wait to be unlinked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.state.blobs.store import Location
from wharfinger.state.db.database import Row, Tx


class Blob(NamedTuple):
    """A blob as one repository has it."""

    repository: int
    id: int
    size: int
    storage_id: str
    leased_until: int
    segments: str | None

    @property
    def location(self) -> Location:
        """Where its bytes are."""
        return Location(self.storage_id, self.size, self.segments)


class Layer(NamedTuple):
    """A blob as BatchCheckLayerAvailability shows it."""

    repository: int
    id: int
    digest: str
    size: int
    leased_until: int
    media_type: str | None  # as a manifest says it; None while no manifest refers to it


_FIND: Final = (
    "SELECT r.id, b.id, b.size, b.storage_id, l.leased_until, b.segments FROM repositories r "
    "LEFT JOIN blobs b ON b.digest = :digest AND b.rotten_at IS NULL "
    "LEFT JOIN repository_blobs l ON l.repository_id = r.id AND l.blob_id = b.id "
    "WHERE r.account = :account AND r.region = :region AND r.name = :repository"
)


async def find(tx: Tx, registry: Registry, repository: str, digest: str) -> Blob | Literal["no repository"] | None:
    """The blob that a repository has under a digest, by one query."""
    row = await tx.one(_FIND, digest=digest, account=registry.account, region=registry.region, repository=repository)
    if row is None:
        return "no repository"
    return Blob(*row) if row[4] is not None else None


async def holders(tx: Tx, registry: Registry, beside: str, digest: str, limit: int) -> list[str]:
    """The names of repositories that have a blob, of those with the encryption of one, the first ones by name."""
    rows = await tx.all(
        "SELECT r.name FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "JOIN repositories r ON r.id = l.repository_id "
        "JOIN repositories t ON t.account = r.account AND t.region = r.region AND t.encryption_type = "
        "r.encryption_type AND COALESCE(t.kms_key, '') = COALESCE(r.kms_key, '') "
        "WHERE b.digest = :digest AND b.rotten_at IS NULL AND r.account = :account AND r.region = :region "
        "AND t.name = :beside ORDER BY r.name LIMIT :limit",
        digest=digest,
        account=registry.account,
        region=registry.region,
        beside=beside,
        limit=limit,
    )
    return [str(name) for (name,) in rows]


async def layers(tx: Tx, repository: int, digests: Sequence[str]) -> list[Layer]:
    """Those of `digests` that the repository has."""
    rows = await tx.all(
        "SELECT l.repository_id, b.id, b.digest, b.size, l.leased_until, (SELECT x.media_type "
        "FROM image_references x WHERE x.repository_id = l.repository_id AND x.digest = b.digest "
        "AND x.is_blob = 1 LIMIT 1) "
        "FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "WHERE l.repository_id = :repository AND b.digest IN EACH(:digests) AND b.rotten_at IS NULL",
        repository=repository,
        digests=digests,
    )
    return [Layer(*row) for row in rows]


async def bytes_of(tx: Tx, digests: Sequence[str]) -> dict[str, Location]:
    """Where those of `digests` are that are there and good, in whatever repository."""
    rows = await tx.all(
        "SELECT digest, storage_id, size, segments FROM blobs WHERE digest IN EACH(:digests) AND rotten_at IS NULL",
        digests=digests,
    )
    return {row[0]: Location(*row[1:]) for row in rows}


async def is_referenced(tx: Tx, repository: int, digest: str) -> bool:
    """Whether an image of the repository refers to a blob."""
    row = await tx.one(
        "SELECT 1 FROM image_references WHERE repository_id = :repository AND digest = :digest AND is_blob = 1 LIMIT 1",
        repository=repository,
        digest=digest,
    )
    return row is not None


class Stored(NamedTuple):
    """Where the bytes of a blob are."""

    location: Location
    is_rotten: bool  # they were found to be others than were pushed


async def stored(tx: Tx, digest: str) -> Stored | None:
    """Where the bytes of a digest are, whichever repository has them."""
    row = await tx.one(
        "SELECT storage_id, size, segments, rotten_at FROM blobs WHERE digest = :digest",
        digest=digest,
    )
    return Stored(Location(*row[:3]), row[3] is not None) if row else None


_LOST: Final = "CASE WHEN blobs.storage_id = :lost THEN excluded."
_ADD: Final = (
    "INSERT INTO blobs (digest, size, storage_id, segments, created_at) "
    "VALUES (:digest, :size, :storage_id, :segments, :now) "
    f"ON CONFLICT (digest) DO UPDATE SET storage_id = {_LOST}storage_id ELSE blobs.storage_id END, "
    f"size = {_LOST}size ELSE blobs.size END, segments = {_LOST}segments ELSE blobs.segments END, "
    f"rotten_at = {_LOST}rotten_at ELSE blobs.rotten_at END "
    "RETURNING id, storage_id, rotten_at"
)


async def add(tx: Tx, digest: str, location: Location, lost: str | None, now: int) -> tuple[int, str | None]:
    """Insert a blob, or find the one that is there: its id, and the storage id that is not needed any more.

    That is the new one, unless the bytes that are there are those under `lost`, or were just found to be rotten.
    """
    row = await tx.one(
        _ADD,
        digest=digest,
        **location._asdict(),
        lost=lost,
        now=now,
    )
    assert row is not None  # noqa: S101 - an upsert that returns nothing has raised
    id_, present, rotten_at = row
    if present == location.storage_id:
        return id_, lost
    if rotten_at is None:
        return id_, location.storage_id
    await tx.run(
        "UPDATE blobs SET storage_id = :storage_id, size = :size, segments = :segments, rotten_at = NULL "
        "WHERE id = :id",
        **location._asdict(),
        id=id_,
    )
    return id_, present


async def link(tx: Tx, repository: int, blob: int, leased_until: int) -> None:
    """Give a repository a blob, and hold it there at least until then."""
    await tx.run(
        "INSERT INTO repository_blobs (repository_id, blob_id, leased_until) VALUES (:repository, :blob, :until) "
        "ON CONFLICT (repository_id, blob_id) DO UPDATE "
        "SET leased_until = excluded.leased_until WHERE repository_blobs.leased_until < excluded.leased_until",
        repository=repository,
        blob=blob,
        until=leased_until,
    )


async def renew(tx: Tx, repository: int, blobs: Sequence[int], leased_until: int) -> int:
    """Renew leases that still exist: how many did."""
    return await tx.run(
        "UPDATE repository_blobs SET leased_until = :until "
        "WHERE repository_id = :repository AND blob_id IN EACH(:blobs)",
        until=leased_until,
        repository=repository,
        blobs=blobs,
    )


async def unlink(tx: Tx, repository: int, blob: int) -> int:
    """Take a blob from a repository: how many links there were."""
    return await tx.run(
        "DELETE FROM repository_blobs WHERE repository_id = :repository AND blob_id = :blob",
        repository=repository,
        blob=blob,
    )


# --- going for good ------------------------------------------------------------------------------------------

_UNNEEDED: Final = (
    "digest IN EACH(:digests) AND NOT EXISTS (SELECT 1 FROM repository_blobs l WHERE l.blob_id = blobs.id) "
    "AND NOT EXISTS (SELECT 1 FROM image_references r WHERE r.digest = blobs.digest AND r.repository_id IS NULL)"
)
_LEASES_OVER: Final = (
    "SELECT repository_id, blob_id FROM repository_blobs WHERE leased_until > 0 AND leased_until <= :now "
    "ORDER BY leased_until LIMIT :limit"
)
_REFERENCED: Final = (
    "EXISTS (SELECT 1 FROM blobs b JOIN image_references r ON r.digest = b.digest "
    "AND r.repository_id = repository_blobs.repository_id AND r.is_blob = 1 WHERE b.id = repository_blobs.blob_id)"
)


async def is_lease_over(tx: Tx, now: int) -> bool:
    """Whether there are links whose lease is over and that nobody has looked at since."""
    row = await tx.one(
        "SELECT 1 FROM repository_blobs WHERE leased_until > 0 AND leased_until <= :now LIMIT 1", now=now
    )
    return row is not None


async def review_links(tx: Tx, now: int, limit: int) -> list[str] | None:
    """End links whose lease is over and that no image of the repository needs: the digests of their blobs.

    Looks at `limit` of them, the oldest first; None if there were none to look at.
    """
    ended = await tx.all(
        f"DELETE FROM repository_blobs WHERE (repository_id, blob_id) IN ({_LEASES_OVER}) AND NOT {_REFERENCED} "
        "RETURNING blob_id",
        now=now,
        limit=limit,
    )
    kept = await tx.run(
        f"UPDATE repository_blobs SET leased_until = 0 WHERE (repository_id, blob_id) IN ({_LEASES_OVER}) "
        f"AND {_REFERENCED}",
        now=now,
        limit=limit,
    )
    return await _digests(tx, ended) if ended or kept else None


async def end_links_of(tx: Tx, deletions: Sequence[int]) -> list[str]:
    """End links that were there for the images of deletions, and no image needs any more: their blobs' digests."""
    rows = await tx.all(
        "SELECT o.id, i.id FROM deletions d JOIN repositories o ON o.account = d.account AND o.region = d.region "
        "AND o.name = d.repository JOIN images i ON i.deletion_id = d.id WHERE d.id IN EACH(:deletions)",
        deletions=deletions,
    )
    images: dict[int, list[int]] = {}
    for repository, image in rows:
        images.setdefault(repository, []).append(image)
    ended: list[Row] = []
    for repository, some in images.items():
        ended += await _end_links(tx, repository, some)
    return await _digests(tx, ended)


async def _end_links(tx: Tx, repository: int, images: Sequence[int]) -> list[Row]:
    """By lists of keys, of which no planner can think that going through all links was cheaper."""
    blobs = await tx.all(
        "SELECT DISTINCT b.id FROM image_references r JOIN blobs b ON b.digest = r.digest "
        "WHERE r.image_id IN EACH(:images) AND r.is_blob = 1",
        images=images,
    )
    return await tx.all(
        "DELETE FROM repository_blobs WHERE repository_id = :repository AND blob_id IN EACH(:blobs) "
        f"AND leased_until = 0 AND NOT {_REFERENCED} RETURNING blob_id",
        repository=repository,
        blobs=[row[0] for row in blobs],
    )


async def _digests(tx: Tx, blobs: Sequence[Row]) -> list[str]:
    rows = await tx.all("SELECT digest FROM blobs WHERE id IN EACH(:ids)", ids=[row[0] for row in blobs])
    return [row[0] for row in rows]


async def only_of(tx: Tx, repository: int) -> list[str]:
    """Digests of the blobs that no other repository has."""
    rows = await tx.all(
        "SELECT b.digest FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id WHERE l.repository_id = :repository "
        "AND NOT EXISTS (SELECT 1 FROM repository_blobs o WHERE o.blob_id = b.id AND o.repository_id <> :repository)",
        repository=repository,
    )
    return [row[0] for row in rows]


async def free(tx: Tx, digests: Sequence[str], now: int) -> None:
    """Drop those of some blobs that no repository has and no image in the bin refers to; note their bytes."""
    await tx.run(
        f"INSERT INTO unlinks (storage_id, noted_at) SELECT storage_id, :now FROM blobs WHERE {_UNNEEDED} "
        "ON CONFLICT DO NOTHING",
        digests=digests,
        now=now,
    )
    await tx.run(f"DELETE FROM blobs WHERE {_UNNEEDED}", digests=digests)


async def note_unlinks(tx: Tx, storage_ids: Sequence[str], now: int) -> None:
    """Note bytes that nothing refers to, to be unlinked after the commit."""
    await tx.many(
        "INSERT INTO unlinks (storage_id, noted_at) VALUES (:storage_id, :now) ON CONFLICT DO NOTHING",
        [{"storage_id": storage_id, "now": now} for storage_id in storage_ids],
    )


async def noted_unlinks(tx: Tx, noted_before: int, limit: int) -> list[str]:
    """Bytes that wait to be unlinked since before then."""
    rows = await tx.all(
        "SELECT storage_id FROM unlinks WHERE noted_at <= :before ORDER BY noted_at LIMIT :limit",
        before=noted_before,
        limit=limit,
    )
    return [row[0] for row in rows]


async def forget_unlinks(tx: Tx, storage_ids: Sequence[str]) -> None:
    """They are unlinked."""
    await tx.run("DELETE FROM unlinks WHERE storage_id IN EACH(:ids)", ids=storage_ids)
