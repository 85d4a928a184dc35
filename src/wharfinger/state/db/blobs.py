"""Rows of blobs, of their links to repositories, and of bytes that wait to be unlinked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository


class Blob(NamedTuple):
    """A blob as one repository has it."""

    repository: int
    id: int
    size: int
    storage_id: str
    leased_until: int


class Layer(NamedTuple):
    """A blob as BatchCheckLayerAvailability shows it."""

    repository: int
    id: int
    digest: str
    size: int
    leased_until: int
    media_type: str | None  # as a manifest says it; None while no manifest refers to it


_FIND: Final = (
    "SELECT r.id, b.id, b.size, b.storage_id, l.leased_until FROM repositories r "
    "LEFT JOIN blobs b ON b.digest = :digest "
    "LEFT JOIN repository_blobs l ON l.repository_id = r.id AND l.blob_id = b.id "
    "WHERE r.account = :account AND r.region = :region AND r.name = :repository"
)


async def find(tx: Tx, registry: Registry, repository: str, digest: str) -> Blob | Literal["no repository"] | None:
    """The blob that a repository has under a digest, by one query."""
    row = await tx.one(_FIND, digest=digest, account=registry.account, region=registry.region, repository=repository)
    if row is None:
        return "no repository"
    return Blob(*row) if row[4] is not None else None


async def find_in_registry(tx: Tx, beside: Repository, digest: str) -> int | None:
    """The id of a blob that any repository of the registry has, of those with the encryption of this one."""
    row = await tx.one(
        "SELECT b.id FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "JOIN repositories r ON r.id = l.repository_id "
        "WHERE b.digest = :digest AND r.account = :account AND r.region = :region "
        "AND r.encryption_type = :encryption AND COALESCE(r.kms_key, '') = :key LIMIT 1",
        digest=digest,
        account=beside.registry.account,
        region=beside.registry.region,
        encryption=beside.encryption_type,
        key=beside.kms_key or "",
    )
    return int(row[0]) if row else None


async def layers(tx: Tx, repository: int, digests: Sequence[str]) -> list[Layer]:
    """Those of `digests` that the repository has."""
    rows = await tx.all(
        "SELECT l.repository_id, b.id, b.digest, b.size, l.leased_until, (SELECT x.media_type "
        "FROM image_references x WHERE x.repository_id = l.repository_id AND x.digest = b.digest "
        "AND x.is_blob = 1 LIMIT 1) "
        "FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "WHERE l.repository_id = :repository AND b.digest IN EACH(:digests)",
        repository=repository,
        digests=digests,
    )
    return [Layer(*row) for row in rows]


async def is_referenced(tx: Tx, repository: int, digest: str) -> bool:
    """Whether an image of the repository refers to a blob."""
    row = await tx.one(
        "SELECT 1 FROM image_references WHERE repository_id = :repository AND digest = :digest AND is_blob = 1 LIMIT 1",
        repository=repository,
        digest=digest,
    )
    return row is not None


class Stored(NamedTuple):
    """Where the bytes of a blob are, and how many."""

    storage_id: str
    size: int


async def stored(tx: Tx, digest: str) -> Stored | None:
    """Where the bytes of a digest are, whichever repository has them."""
    row = await tx.one("SELECT storage_id, size FROM blobs WHERE digest = :digest", digest=digest)
    return Stored(*row) if row else None


async def add(tx: Tx, digest: str, size: int, storage_id: str, lost: str | None, now: int) -> tuple[int, str | None]:
    """Insert a blob, or find the one that is there: its id, and the storage id that is not needed any more.

    That is the new one, unless the bytes that are there are those under `lost`.
    """
    row = await tx.one(
        "INSERT INTO blobs (digest, size, storage_id, created_at) VALUES (:digest, :size, :storage_id, :now) "
        "ON CONFLICT (digest) DO UPDATE SET storage_id = CASE WHEN blobs.storage_id = :lost "
        "THEN excluded.storage_id ELSE blobs.storage_id END RETURNING id, storage_id",
        digest=digest,
        size=size,
        storage_id=storage_id,
        lost=lost,
        now=now,
    )
    assert row is not None  # noqa: S101 - an upsert that returns nothing has raised
    return row[0], (lost if row[1] == storage_id else storage_id)


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


async def note_unlinks(tx: Tx, storage_ids: Sequence[str]) -> None:
    """Note bytes that nothing refers to, to be unlinked after the commit."""
    await tx.many(
        "INSERT INTO unlinks (storage_id) VALUES (:storage_id) ON CONFLICT DO NOTHING",
        [{"storage_id": storage_id} for storage_id in storage_ids],
    )


async def noted_unlinks(tx: Tx, limit: int) -> list[str]:
    """Bytes that wait to be unlinked."""
    return [row[0] for row in await tx.all("SELECT storage_id FROM unlinks LIMIT :limit", limit=limit)]


async def forget_unlinks(tx: Tx, storage_ids: Sequence[str]) -> None:
    """They are unlinked."""
    await tx.run("DELETE FROM unlinks WHERE storage_id IN EACH(:ids)", ids=storage_ids)
