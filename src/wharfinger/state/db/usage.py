"""What takes up how many bytes. Read in steps that are bounded, each by indexes only.

A repository holds a blob if it has a link to it and an image that refers to it; the bin holds what its images refer to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Tx

# beside them stands a blob `b`
_REFERRED_TO: Final = (
    "EXISTS (SELECT 1 FROM image_references o "
    "WHERE o.digest = b.digest AND o.repository_id = x.repository_id AND o.is_blob = 1)"
)
_HELD: Final = f"EXISTS (SELECT 1 FROM repository_blobs x WHERE x.blob_id = b.id AND {_REFERRED_TO})"
_HELD_ELSEWHERE: Final = (
    "EXISTS (SELECT 1 FROM repository_blobs x "
    f"WHERE x.blob_id = b.id AND x.repository_id <> l.repository_id AND {_REFERRED_TO})"
)
_IN_BIN: Final = (
    "EXISTS (SELECT 1 FROM image_references o WHERE o.digest = b.digest AND o.repository_id IS NULL AND o.is_blob = 1)"
)


class Link(NamedTuple):
    """A blob that a repository has."""

    blob: int
    size: int
    uses: int  # images of the repository that refer to it
    is_elsewhere: bool  # another repository holds it too
    is_in_bin: bool  # the bin holds it too


class ImageBytes(NamedTuple):
    """What an image refers to itself, each blob counted once."""

    id: int
    digest: str
    is_followed: bool  # it is an index, or others name it as their subject
    size: int
    unique: int  # of that, what no other image refers to


# --- repositories --------------------------------------------------------------------------------------------


async def image_count(tx: Tx, repository: int) -> int:
    """How many images a repository has."""
    row = await tx.one("SELECT count(*) FROM images WHERE repository_id = :repository", repository=repository)
    return int(row[0]) if row else 0


async def links(tx: Tx, repository: int, after: int, limit: int) -> list[Link]:
    """Blobs of a repository in the order of their ids, those after one."""
    rows = await tx.all(
        "SELECT b.id, b.size, (SELECT count(*) FROM image_references r WHERE r.digest = b.digest "
        f"AND r.repository_id = l.repository_id AND r.is_blob = 1), {_HELD_ELSEWHERE}, {_IN_BIN} "
        "FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id "
        "WHERE l.repository_id = :repository AND l.blob_id > :after ORDER BY l.blob_id LIMIT :limit",
        repository=repository,
        after=after,
        limit=limit,
    )
    return [Link(*row) for row in rows]


async def held_abroad(tx: Tx, registry: Registry, blobs: Sequence[int]) -> set[int]:
    """Those of some blobs that repositories of other registries hold too."""
    rows = await tx.all(
        "SELECT b.id FROM blobs b WHERE b.id IN EACH(:blobs) AND EXISTS (SELECT 1 FROM repository_blobs x "
        "JOIN repositories p ON p.id = x.repository_id "
        f"WHERE x.blob_id = b.id AND (p.account <> :account OR p.region <> :region) AND {_REFERRED_TO})",
        blobs=blobs,
        account=registry.account,
        region=registry.region,
    )
    return {row[0] for row in rows}


# --- the bin -------------------------------------------------------------------------------------------------


async def next_in_bin(tx: Tx, registry: Registry, after: str) -> str | None:
    """The next repository, in the order of names, that something was deleted from; None if there is none."""
    row = await tx.one(
        "SELECT min(repository) FROM deletions WHERE account = :account AND region = :region AND repository > :after",
        account=registry.account,
        region=registry.region,
        after=after,
    )
    return row[0] if row else None


async def binned(
    tx: Tx, registry: Registry, repository: str, after: tuple[int, int], limit: int
) -> list[tuple[int, int]]:
    """Images in the bin of a repository, after a deletion's id and an image's key."""
    rows = await tx.all(
        "SELECT d.id, i.id FROM deletions d JOIN images i ON i.deletion_id = d.id "
        "WHERE d.account = :account AND d.region = :region AND d.repository = :repository AND d.id >= :deletion "
        "AND (d.id > :deletion OR i.id > :image) ORDER BY d.id, i.id LIMIT :limit",
        account=registry.account,
        region=registry.region,
        repository=repository,
        deletion=after[0],
        image=after[1],
        limit=limit,
    )
    return [(row[0], row[1]) for row in rows]


async def held_by_bin_only(tx: Tx, images: Sequence[int]) -> list[tuple[int, int]]:
    """Blobs that images in the bin refer to and no repository holds: their ids and sizes."""
    rows = await tx.all(
        "SELECT DISTINCT b.id, b.size FROM image_references r JOIN blobs b ON b.digest = r.digest "
        f"WHERE r.image_id IN EACH(:images) AND r.is_blob = 1 AND NOT {_HELD}",
        images=images,
    )
    return [(row[0], row[1]) for row in rows]


# --- images --------------------------------------------------------------------------------------------------


async def weights(tx: Tx, repository: int, after: int, limit: int) -> list[tuple[int, int]]:
    """Keys of images in the order of pushing, after one of them, each with how many rows tell of it."""
    rows = await tx.all(
        "SELECT i.id, 1 + (SELECT count(*) FROM image_references r WHERE r.image_id = i.id) "
        "+ (SELECT count(*) FROM tags t WHERE t.image_id = i.id) FROM images i "
        "WHERE i.repository_id = :repository AND i.id > :after ORDER BY i.id LIMIT :limit",
        repository=repository,
        after=after,
        limit=limit,
    )
    return [(row[0], row[1]) for row in rows]


async def of_images(tx: Tx, repository: int, images: Sequence[int]) -> list[ImageBytes]:
    """Images of a repository by their keys, in the order of pushing."""
    rows = await tx.all(
        "SELECT i.id, i.digest, (i.is_index = 1 OR EXISTS (SELECT 1 FROM images f "
        "WHERE f.repository_id = :repository AND f.subject = i.digest)) "
        "FROM images i WHERE i.id IN EACH(:images) AND i.repository_id = :repository ORDER BY i.id",
        repository=repository,
        images=images,
    )
    sizes = await tx.all(
        "SELECT r.image_id, sum(b.size), sum(CASE WHEN EXISTS (SELECT 1 FROM image_references o WHERE "
        "o.digest = b.digest AND o.repository_id = r.repository_id AND o.is_blob = 1 AND o.image_id <> r.image_id) "
        f"OR {_HELD_ELSEWHERE} THEN 0 ELSE b.size END) FROM image_references r JOIN blobs b ON b.digest = r.digest "
        "JOIN repository_blobs l ON l.repository_id = r.repository_id AND l.blob_id = b.id "
        "WHERE r.image_id IN EACH(:images) AND r.is_blob = 1 GROUP BY r.image_id",
        repository=repository,
        images=images,
    )
    found = {image: (int(size), int(unique)) for image, size, unique in sizes}
    return [ImageBytes(key, digest, bool(followed), *found.get(key, (0, 0))) for key, digest, followed in rows]


async def tags(tx: Tx, images: Sequence[int]) -> dict[int, list[str]]:
    """The tags of images, by their keys."""
    found: dict[int, list[str]] = {}
    for image, name in await tx.all(
        "SELECT image_id, name FROM tags WHERE image_id IN EACH(:images) ORDER BY image_id, name", images=images
    ):
        found.setdefault(image, []).append(name)
    return found


async def followers(tx: Tx, going: Sequence[int]) -> list[int]:
    """Images that go with those that go: children and referrers of them that no tag and no other index keeps."""
    rows = await tx.all(
        "SELECT i.id FROM images i WHERE i.id IN (SELECT c.id FROM image_references r "
        "JOIN images c ON c.repository_id = r.repository_id AND c.digest = r.digest "
        "WHERE r.image_id IN EACH(:going) AND r.is_blob = 0 UNION SELECT f.id FROM images s "
        "JOIN images f ON f.repository_id = s.repository_id AND f.subject = s.digest WHERE s.id IN EACH(:going)) "
        "AND i.id NOT IN EACH(:going) AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.image_id = i.id) "
        "AND NOT EXISTS (SELECT 1 FROM image_references p WHERE p.digest = i.digest "
        "AND p.repository_id = i.repository_id AND p.is_blob = 0 AND p.image_id NOT IN EACH(:going))",
        going=going,
    )
    return [row[0] for row in rows]


async def freed(tx: Tx, going: Sequence[int]) -> int:
    """Bytes of the blobs that nothing would refer to if some images of a repository were gone, and the bin empty."""
    row = await tx.one(
        "SELECT sum(size) FROM (SELECT DISTINCT b.id, b.size FROM image_references r "
        "JOIN blobs b ON b.digest = r.digest "
        "JOIN repository_blobs l ON l.repository_id = r.repository_id AND l.blob_id = b.id "
        "WHERE r.image_id IN EACH(:going) AND r.is_blob = 1 AND NOT EXISTS (SELECT 1 FROM image_references o "
        "WHERE o.digest = b.digest AND o.repository_id = r.repository_id AND o.is_blob = 1 "
        f"AND o.image_id NOT IN EACH(:going)) AND NOT {_HELD_ELSEWHERE}) AS unneeded",
        going=going,
    )
    return int(row[0] or 0) if row else 0
