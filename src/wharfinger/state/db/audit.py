"""Looking at all rows: whether they agree with each other, and which images a damaged blob is part of.

Every look goes over a range of keys, so that none is long and none holds much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.domain.names import Registry
from wharfinger.state.blobs.store import Location
from wharfinger.state.db.database import Tx

ImageCheck = Literal["places", "layers", "references", "children", "tags"]
Due = Literal["leases", "terms", "links", "referrers", "uploads", "unlinks", "holds"]


_UPLOADS: Final = 1000


class Place(NamedTuple):
    """Where an image is; in the bin it has the tags that it had when it was deleted."""

    registry: Registry
    repository: str
    digest: str
    tags: tuple[str, ...]
    deletion: int | None  # where it is in the bin


class Blob(NamedTuple):
    """A blob, whoever has it."""

    id: int
    digest: str
    size: int
    storage_id: str
    rotten_at: int | None
    segments: str | None

    @property
    def location(self) -> Location:
        """Where its bytes are to be."""
        return Location(self.storage_id, self.size, self.segments)


class Upload(NamedTuple):
    """An upload, and how many bytes of it were acknowledged."""

    id: str
    size: int
    storage_id: str
    segments: str | None

    @property
    def location(self) -> Location:
        """Where its bytes are to be."""
        return Location(self.storage_id, self.size, self.segments)


# --- the database as a whole ---------------------------------------------------------------------------------


async def damages(tx: Tx, limit: int) -> list[str]:
    """What SQLite finds wrong with its file when it reads all of it. PostgreSQL's operators have their own tools."""
    if tx.dialect == "postgresql":
        return []
    rows = await tx.all("SELECT integrity_check FROM pragma_integrity_check LIMIT :limit", limit=limit)
    return [row[0] for row in rows if row[0] != "ok"]


_FOREIGN_KEYS: Final = (
    "SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, a.attname, f.attname FROM pg_constraint c "
    "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
    "JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1] "
    "WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY 1, 3"
)


async def dangling(tx: Tx, limit: int) -> list[tuple[str, str]]:
    """Rows that refer to rows which are not there: their table, and the table that they refer to."""
    if tx.dialect == "sqlite":
        rows = await tx.all('SELECT "table", parent FROM pragma_foreign_key_check LIMIT :limit', limit=limit)
        return [(row[0], row[1]) for row in rows]
    found: list[tuple[str, str]] = []
    for table, parent, column, key in await tx.all(_FOREIGN_KEYS):
        rows = await tx.all(
            f"SELECT 1 FROM {table} t WHERE t.{column} IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{key} = t.{column}) LIMIT :limit",
            limit=limit - len(found),
        )
        found += [(table, parent)] * len(rows)
    return found


# --- images --------------------------------------------------------------------------------------------------

_RANGE: Final = "i.id > :after AND i.id <= :last"
_REFERENCES: Final = f"SELECT i.id, r.digest FROM images i JOIN image_references r ON r.image_id = i.id WHERE {_RANGE}"
_IMAGES: Final[Mapping[ImageCheck, str]] = {
    "places": f"SELECT i.id, '' FROM images i WHERE {_RANGE} AND ((i.repository_id IS NULL) = (i.deletion_id IS NULL) "
    "OR (i.deleted_tags IS NULL) <> (i.deletion_id IS NULL)) LIMIT :limit",
    "layers": f"{_REFERENCES} AND r.is_blob = 1 AND NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = r.digest "
    "AND (i.repository_id IS NULL OR EXISTS (SELECT 1 FROM repository_blobs l "
    "WHERE l.repository_id = i.repository_id AND l.blob_id = b.id))) LIMIT :limit",
    "references": f"{_REFERENCES} AND r.repository_id IS DISTINCT FROM i.repository_id LIMIT :limit",
    "children": f"{_REFERENCES} AND r.is_blob = 0 AND i.repository_id IS NOT NULL AND NOT EXISTS ("
    "SELECT 1 FROM images c WHERE c.repository_id = i.repository_id AND c.digest = r.digest) LIMIT :limit",
    "tags": f"SELECT i.id, t.name FROM images i JOIN tags t ON t.image_id = i.id WHERE {_RANGE} "
    "AND t.repository_id IS DISTINCT FROM i.repository_id LIMIT :limit",
}


async def images(tx: Tx, after: int, limit: int) -> list[int]:
    """Keys of all images, in the bin too, those after one."""
    rows = await tx.all("SELECT id FROM images WHERE id > :after ORDER BY id LIMIT :limit", after=after, limit=limit)
    return [row[0] for row in rows]


async def wrong_images(tx: Tx, check: ImageCheck, after: int, last: int, limit: int) -> list[tuple[int, str]]:
    """Images after a key up to another with which something is wrong; and the digest or tag that it is wrong with."""
    rows = await tx.all(_IMAGES[check], after=after, last=last, limit=limit)
    return [(row[0], row[1]) for row in rows]


async def references(tx: Tx, keys: Sequence[int]) -> dict[int, set[tuple[str, bool]]]:
    """What images refer to: by their keys, digests and whether each is that of a blob."""
    found: dict[int, set[tuple[str, bool]]] = {key: set() for key in keys}
    for image, digest, is_blob in await tx.all(
        "SELECT image_id, digest, is_blob FROM image_references WHERE image_id IN EACH(:keys)", keys=keys
    ):
        found[image].add((digest, bool(is_blob)))
    return found


async def places(tx: Tx, keys: Sequence[int]) -> dict[int, Place]:
    """Where images are, by their keys."""
    rows = await tx.all(
        "SELECT i.id, coalesce(p.account, d.account, ''), coalesce(p.region, d.region, ''), "
        "coalesce(p.name, d.repository, ''), i.digest, coalesce(i.deleted_tags, '[]'), i.deletion_id FROM images i "
        "LEFT JOIN repositories p ON p.id = i.repository_id LEFT JOIN deletions d ON d.id = i.deletion_id "
        "WHERE i.id IN EACH(:keys) ORDER BY i.id",
        keys=keys,
    )
    tags: dict[int, list[str]] = {}
    for image, name in await tx.all(
        "SELECT image_id, name FROM tags WHERE image_id IN EACH(:keys) ORDER BY image_id, name", keys=keys
    ):
        tags.setdefault(image, []).append(name)
    return {
        key: Place(
            Registry(account, region),
            repository,
            digest,
            tuple(tags.get(key) or msgspec.json.decode(deleted, type=list[str])),
            deletion,
        )
        for key, account, region, repository, digest, deleted, deletion in rows
    }


# --- blobs ---------------------------------------------------------------------------------------------------


async def blobs(tx: Tx, after: int, limit: int) -> list[Blob]:
    """All blobs in the order of their ids, those after one."""
    rows = await tx.all(
        "SELECT id, digest, size, storage_id, rotten_at, segments FROM blobs WHERE id > :after "
        "ORDER BY id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [Blob(*row) for row in rows]


async def unneeded(tx: Tx, after: int, last: int) -> list[str]:
    """Digests of blobs after an id up to another that no repository has and no image in the bin refers to."""
    rows = await tx.all(
        "SELECT b.digest FROM blobs b WHERE b.id > :after AND b.id <= :last "
        "AND NOT EXISTS (SELECT 1 FROM repository_blobs l WHERE l.blob_id = b.id) "
        "AND NOT EXISTS (SELECT 1 FROM image_references r WHERE r.digest = b.digest AND r.repository_id IS NULL)",
        after=after,
        last=last,
    )
    return [row[0] for row in rows]


async def unneeded_links(tx: Tx, after: int, last: int, limit: int) -> list[tuple[Registry, str, str]]:
    """Repositories that have blobs of a range for no image and no lease, and digests; not what is about to go."""
    rows = await tx.all(
        "SELECT p.account, p.region, p.name, b.digest FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "JOIN repositories p ON p.id = l.repository_id "
        "WHERE b.id > :after AND b.id <= :last AND l.leased_until = 0 AND NOT EXISTS (SELECT 1 FROM image_references r "
        "WHERE r.digest = b.digest AND r.repository_id = l.repository_id AND r.is_blob = 1) AND NOT EXISTS ("
        "SELECT 1 FROM deletions d WHERE d.account = p.account AND d.region = p.region AND d.repository = p.name "
        "AND d.links_due_at IS NOT NULL) LIMIT :limit",
        after=after,
        last=last,
        limit=limit,
    )
    return [(Registry(account, region), repository, digest) for account, region, repository, digest in rows]


async def rotten(tx: Tx, after: int, limit: int) -> list[tuple[int, str]]:
    """Blobs that were found to be rotten and were not pushed again: ids and digests, those after an id."""
    rows = await tx.all(
        "SELECT id, digest FROM blobs WHERE rotten_at IS NOT NULL AND id > :after ORDER BY id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [(row[0], row[1]) for row in rows]


async def mark_rotten(tx: Tx, blob: Blob, now: int) -> bool:
    """Note that the bytes of a blob are damaged; False if it is gone, or has other bytes by now."""
    changed = await tx.run(
        "UPDATE blobs SET rotten_at = coalesce(rotten_at, :now) WHERE id = :id AND storage_id = :storage_id",
        now=now,
        id=blob.id,
        storage_id=blob.storage_id,
    )
    return changed == 1


async def mark_good(tx: Tx, blob: Blob) -> None:
    """Note that the bytes of a blob are as they were pushed."""
    await tx.run(
        "UPDATE blobs SET rotten_at = NULL WHERE id = :id AND storage_id = :storage_id",
        id=blob.id,
        storage_id=blob.storage_id,
    )


async def next_repository(tx: Tx, digest: str, after: int) -> int | None:
    """The next repository with an image that refers to a blob; None if there is none."""
    row = await tx.one(
        "SELECT min(repository_id) FROM image_references WHERE digest = :digest AND repository_id > :after",
        digest=digest,
        after=after,
    )
    return row[0] if row else None


_REFERRING: Final = (
    "SELECT image_id FROM image_references WHERE digest = :digest AND repository_id {where} AND is_blob = 1 "
    "AND image_id > :after ORDER BY image_id LIMIT :limit"
)
_REFERRING_FROM: Final = (_REFERRING.format(where="IS NULL"), _REFERRING.format(where="= :repository"))


async def referring(tx: Tx, digest: str, repository: int | None, after: int, limit: int) -> list[int]:
    """Keys of images of a repository, or in the bin (None), that refer to a blob; those after one."""
    rows = await tx.all(
        _REFERRING_FROM[repository is not None], digest=digest, repository=repository, after=after, limit=limit
    )
    return [row[0] for row in rows]


# --- bytes ---------------------------------------------------------------------------------------------------


async def stored_blobs(tx: Tx, after: str, limit: int) -> list[Blob]:
    """All blobs in the order of their storage ids, those after one."""
    rows = await tx.all(
        "SELECT id, digest, size, storage_id, rotten_at, segments FROM blobs WHERE storage_id > :after "
        "ORDER BY storage_id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [Blob(*row) for row in rows]


async def is_stored(tx: Tx, blob: Blob) -> bool:
    """Whether a blob is still to be where it was read to be."""
    row = await tx.one(
        "SELECT 1 FROM blobs WHERE id = :id AND storage_id = :storage_id", id=blob.id, storage_id=blob.storage_id
    )
    return row is not None


async def unlinks(tx: Tx, after: str, limit: int) -> list[str]:
    """Storage ids of the bytes that wait to be unlinked, those after one."""
    rows = await tx.all(
        "SELECT storage_id FROM unlinks WHERE storage_id > :after ORDER BY storage_id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [row[0] for row in rows]


async def known(tx: Tx, storage_ids: Sequence[str]) -> set[str]:
    """Those of some storage ids that a blob, an upload or what waits to be unlinked has."""
    rows = await tx.all(
        "SELECT storage_id FROM blobs WHERE storage_id IN EACH(:ids) UNION ALL "
        "SELECT storage_id FROM unlinks WHERE storage_id IN EACH(:ids)",
        ids=storage_ids,
    )
    found = {row[0] for row in rows}
    after = ""
    # uploads are few, and nothing else looks for them by their bytes
    while len(found) < len(storage_ids) and (page := await uploads(tx, after, _UPLOADS)):
        found.update({upload.storage_id for upload in page}.intersection(storage_ids))
        after = page[-1].id
    return found


async def uploads(tx: Tx, after: str, limit: int) -> list[Upload]:
    """Uploads under way in the order of their ids, those after one."""
    rows = await tx.all(
        "SELECT id, size, storage_id, segments FROM uploads WHERE id > :after ORDER BY id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [Upload(*row) for row in rows]


async def is_under_way(tx: Tx, upload: Upload) -> bool:
    """Whether an upload is as it was read."""
    row = await tx.one(
        "SELECT 1 FROM uploads WHERE id = :id AND size = :size AND storage_id = :storage_id",
        id=upload.id,
        size=upload.size,
        storage_id=upload.storage_id,
    )
    return row is not None


async def claimed_twice(tx: Tx, storage_ids: Sequence[str]) -> list[str]:
    """Those of some uploads' storage ids that a blob or what waits to be unlinked has too."""
    rows = await tx.all(
        "SELECT storage_id FROM blobs WHERE storage_id IN EACH(:ids) UNION "
        "SELECT storage_id FROM unlinks WHERE storage_id IN EACH(:ids)",
        ids=storage_ids,
    )
    return [row[0] for row in rows]


# --- time ----------------------------------------------------------------------------------------------------

_DUE: Final[Mapping[Due, str]] = {
    "leases": "SELECT b.digest FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id "
    "WHERE l.leased_until > 0 AND l.leased_until <= :before ORDER BY l.leased_until LIMIT :limit",
    "terms": "SELECT id FROM deletions WHERE expires_at <= :before ORDER BY expires_at LIMIT :limit",
    "links": "SELECT id FROM deletions WHERE links_due_at <= :before ORDER BY links_due_at LIMIT :limit",
    "referrers": "SELECT id FROM deletions WHERE referrers_due_at <= :before ORDER BY referrers_due_at LIMIT :limit",
    "uploads": "SELECT id FROM uploads WHERE touched_at <= :before ORDER BY touched_at LIMIT :limit",
    "unlinks": "SELECT storage_id FROM unlinks WHERE noted_at <= :before ORDER BY noted_at LIMIT :limit",
    "holds": "SELECT id FROM holds WHERE expires_at <= :before ORDER BY expires_at LIMIT :limit",
}


async def overdue(tx: Tx, kind: Due, before: int, limit: int) -> list[str]:
    """What should have ended before then: digests, storage ids or ids, as the kind has them."""
    return [str(row[0]) for row in await tx.all(_DUE[kind], before=before, limit=limit)]
