"""Rows of blobs, of their links to repositories, and of bytes that wait to be unlinked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Tx


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


async def find_in_registry(tx: Tx, registry: Registry, digest: str) -> int | None:
    """The id of a blob that any repository of the registry has."""
    row = await tx.one(
        "SELECT b.id FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "JOIN repositories r ON r.id = l.repository_id "
        "WHERE b.digest = :digest AND r.account = :account AND r.region = :region LIMIT 1",
        digest=digest,
        account=registry.account,
        region=registry.region,
    )
    return int(row[0]) if row else None


async def layers(tx: Tx, repository: int, digests: Sequence[str]) -> list[Layer]:
    """Those of `digests` that the repository has."""
    rows = await tx.all(
        "SELECT l.repository_id, b.id, b.digest, b.size, l.leased_until, (SELECT x.media_type "
        "FROM image_references x WHERE x.repository_id = l.repository_id AND x.digest = b.digest LIMIT 1) "
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


async def add(tx: Tx, digest: str, size: int, storage_id: str, now: int) -> tuple[int, str]:
    """Insert a blob, or find the one that is there: its id, and the storage id under which its bytes are."""
    row = await tx.one(
        "INSERT INTO blobs (digest, size, storage_id, created_at) VALUES (:digest, :size, :storage_id, :now) "
        "ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING id, storage_id",
        digest=digest,
        size=size,
        storage_id=storage_id,
        now=now,
    )
    assert row is not None  # noqa: S101 - an upsert that returns nothing has raised
    return int(row[0]), str(row[1])


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
