"""Rows of deletions, and of images while they are in the bin: how they get there, come back, and go for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from wharfinger.domain.causes import Cause
from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Row, Tx

_COLUMNS: Final = (
    "d.id, d.account, d.region, d.repository, d.at, d.expires_at, d.principal, d.operation, d.reason, d.plan_id, "
    "d.settings, d.untagged"
)
_DELETION_COLUMNS: Final = 12
_ALL_REPOSITORIES: Final = ("", "AND d.repository = :repository ")
_ALL_DELETIONS: Final = ("", "AND d.id = :deletion ")
_IMAGE_COLUMNS: Final = (
    "i.id, i.digest, i.media_type, i.artifact_type, i.is_index, i.size, i.subject, i.pushed_at, i.deleted_tags"
)


class Deletion(NamedTuple):
    """What one call deleted from one repository."""

    id: int
    registry: Registry
    repository: str
    at: int
    expires_at: int
    cause: Cause
    settings: str | None  # JSON, where the repository itself went
    untagged: tuple[tuple[str, str], ...]  # tags that went from images that stayed, each with its digest


class BinnedImage(NamedTuple):
    """An image in the bin."""

    id: int
    digest: str
    media_type: str
    artifact_type: str | None
    is_index: int  # 0 or 1
    size: int
    subject: str | None
    pushed_at: int
    tags: tuple[str, ...]
    deletion: Deletion


# --- deleting ------------------------------------------------------------------------------------------------


async def add(tx: Tx, new: Deletion, *, links_due_at: int | None, referrers_due_at: int | None) -> int:
    """Insert: its id."""
    row = await tx.one(
        "INSERT INTO deletions (account, region, repository, at, expires_at, principal, operation, reason, plan_id, "
        "settings, untagged, links_due_at, referrers_due_at) VALUES (:account, :region, :repository, :at, "
        ":expires_at, :principal, :operation, :reason, :plan, :settings, :untagged, :links, :referrers) RETURNING id",
        account=new.registry.account,
        region=new.registry.region,
        repository=new.repository,
        at=new.at,
        expires_at=new.expires_at,
        principal=new.cause.principal,
        operation=new.cause.operation,
        reason=new.cause.reason,
        plan=new.cause.plan,
        settings=new.settings,
        untagged=_json(new.untagged),
        links=links_due_at,
        referrers=referrers_due_at,
    )
    assert row is not None  # noqa: S101 - an insert that returns nothing has raised
    return int(row[0])


_BIN: Final = (
    "UPDATE images SET repository_id = NULL, deletion_id = :deletion, deleted_tags = (SELECT json_group_array(name) "
    "FROM (SELECT name FROM tags WHERE image_id = images.id ORDER BY tagged_at, name) AS ordered) WHERE {which}"
)
_BIN_SOME: Final = _BIN.format(which="id IN EACH(:images) AND repository_id IS NOT NULL")
_BIN_ALL: Final = _BIN.format(which="repository_id = :repository")


async def bin_images(tx: Tx, deletion: int, repository: int, images: Sequence[int], tags: Sequence[str]) -> None:
    """Move images of a repository to the bin with their tags, and take `tags` from images that stay."""
    if images:
        await tx.run(_BIN_SOME, deletion=deletion, images=images)
        await tx.run("UPDATE image_references SET repository_id = NULL WHERE image_id IN EACH(:images)", images=images)
    await tx.run(
        "DELETE FROM tags WHERE image_id IN EACH(:images) OR (repository_id = :repository AND name IN EACH(:tags))",
        repository=repository,
        images=images,
        tags=tags,
    )


async def bin_all_images(tx: Tx, deletion: int, repository: int) -> None:
    """Move all images of a repository to the bin."""
    await tx.run(_BIN_ALL, deletion=deletion, repository=repository)
    await tx.run(
        "UPDATE image_references SET repository_id = NULL "
        "WHERE image_id IN (SELECT id FROM images WHERE deletion_id = :deletion)",
        deletion=deletion,
    )
    await tx.run("DELETE FROM tags WHERE repository_id = :repository", repository=repository)


# --- looking -------------------------------------------------------------------------------------------------


async def find(tx: Tx, registry: Registry, id_: int, now: int) -> Deletion | None:
    """A deletion of the registry whose term is not over."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM deletions d "
        "WHERE d.id = :id AND d.account = :account AND d.region = :region AND d.expires_at > :now",
        id=id_,
        account=registry.account,
        region=registry.region,
        now=now,
    )
    return _deletion(row) if row else None


async def page(
    tx: Tx, registry: Registry, repository: str | None, before: int, now: int, limit: int
) -> list[tuple[Deletion, int]]:
    """Deletions whose term is not over, newest first, those before an id, each with its number of images."""
    rows = await tx.all(
        f"SELECT {_COLUMNS}, (SELECT count(*) FROM images i WHERE i.deletion_id = d.id) FROM deletions d "
        "WHERE d.account = :account AND d.region = :region AND d.expires_at > :now AND d.id < :before "
        f"{_ALL_REPOSITORIES[repository is not None]}ORDER BY d.id DESC LIMIT :limit",
        account=registry.account,
        region=registry.region,
        repository=repository,
        before=before,
        now=now,
        limit=limit,
    )
    return [(_deletion(row), int(row[-1])) for row in rows]


async def images_page(
    tx: Tx,
    registry: Registry,
    repository: str | None,
    deletion: int | None,
    before: tuple[int, int],
    now: int,
    limit: int,
) -> list[BinnedImage]:
    """Images in the bin, newest deletion first, those before a deletion's id and an image's key."""
    rows = await tx.all(
        f"SELECT {_COLUMNS}, {_IMAGE_COLUMNS} FROM deletions d JOIN images i ON i.deletion_id = d.id "
        "WHERE d.account = :account AND d.region = :region AND d.expires_at > :now AND d.id <= :before "
        f"AND (d.id < :before OR i.id < :before_image) {_ALL_REPOSITORIES[repository is not None]}"
        f"{_ALL_DELETIONS[deletion is not None]}ORDER BY d.id DESC, i.id DESC LIMIT :limit",
        account=registry.account,
        region=registry.region,
        repository=repository,
        deletion=deletion,
        before=before[0],
        before_image=before[1],
        now=now,
        limit=limit,
    )
    return [_binned(row) for row in rows]


async def images_of(tx: Tx, deletion: int) -> list[BinnedImage]:
    """All that a deletion has in the bin, children before the indexes that list them."""
    rows = await tx.all(
        f"SELECT {_COLUMNS}, {_IMAGE_COLUMNS} FROM images i JOIN deletions d ON d.id = i.deletion_id "
        "WHERE i.deletion_id = :deletion ORDER BY i.is_index, i.id",
        deletion=deletion,
    )
    return [_binned(row) for row in rows]


async def newest(tx: Tx, registry: Registry, repository: str, digests: Sequence[str], now: int) -> list[BinnedImage]:
    """For each of `digests` that is in the bin of a repository, the image that was deleted last."""
    rows = await tx.all(
        f"SELECT {_COLUMNS}, {_IMAGE_COLUMNS} FROM images i JOIN deletions d ON d.id = i.deletion_id "
        "WHERE i.digest IN EACH(:digests) AND i.deletion_id IS NOT NULL AND d.account = :account "
        "AND d.region = :region AND d.repository = :repository AND d.expires_at > :now ORDER BY d.id",
        digests=digests,
        account=registry.account,
        region=registry.region,
        repository=repository,
        now=now,
    )
    return list({image.digest: image for image in map(_binned, rows)}.values())


async def referrers_of(tx: Tx, deletion: int, subjects: Sequence[str]) -> list[BinnedImage]:
    """What a deletion has in the bin and names one of some digests as its subject."""
    rows = await tx.all(
        f"SELECT {_COLUMNS}, {_IMAGE_COLUMNS} FROM images i JOIN deletions d ON d.id = i.deletion_id "
        "WHERE i.deletion_id = :deletion AND i.subject IN EACH(:subjects) ORDER BY i.id",
        deletion=deletion,
        subjects=subjects,
    )
    return [_binned(row) for row in rows]


async def holder_of_tag(tx: Tx, registry: Registry, repository: str, tag: str, now: int) -> tuple[int, str] | None:
    """The deletion that took a tag last, and the digest it pointed to."""
    row = await tx.one(
        "SELECT deletion_id, digest FROM events WHERE account = :account AND region = :region "
        "AND repository = :repository AND tag = :tag AND action = 'DELETE' AND deletion_id IN ("
        "SELECT id FROM deletions WHERE expires_at > :now) ORDER BY id DESC LIMIT 1",
        account=registry.account,
        region=registry.region,
        repository=repository,
        tag=tag,
        now=now,
    )
    return (int(row[0]), str(row[1])) if row else None


async def children_of(tx: Tx, images: Sequence[int]) -> dict[int, list[str]]:
    """The digests of the images that indexes list, by the keys of the indexes."""
    found: dict[int, list[str]] = {}
    for image, digest in await tx.all(
        "SELECT image_id, digest FROM image_references WHERE image_id IN EACH(:images) AND is_blob = 0", images=images
    ):
        found.setdefault(image, []).append(digest)
    return found


# --- coming back ---------------------------------------------------------------------------------------------


async def restore(tx: Tx, repository: int, images: Sequence[int]) -> None:
    """Move images from the bin to a repository, and give it the blobs that they refer to."""
    await tx.run(
        "UPDATE images SET repository_id = :repository, deletion_id = NULL, deleted_tags = NULL "
        "WHERE id IN EACH(:images)",
        repository=repository,
        images=images,
    )
    await tx.run(
        "UPDATE image_references SET repository_id = :repository WHERE image_id IN EACH(:images)",
        repository=repository,
        images=images,
    )
    await tx.run(
        "INSERT INTO repository_blobs (repository_id, blob_id, leased_until) "
        "SELECT DISTINCT CAST(:repository AS BIGINT), b.id, 0 FROM image_references r "
        "JOIN blobs b ON b.digest = r.digest WHERE r.image_id IN EACH(:images) AND r.is_blob = 1 "
        "ON CONFLICT DO NOTHING",
        repository=repository,
        images=images,
    )


async def forget_images(tx: Tx, images: Sequence[int]) -> None:
    """Drop images from the bin, whose like are in their repository again."""
    await tx.run("DELETE FROM images WHERE id IN EACH(:images) AND deletion_id IS NOT NULL", images=images)


async def set_untagged(tx: Tx, deletion: int, untagged: Sequence[tuple[str, str]]) -> None:
    """Store which tags a deletion still has to give back."""
    await tx.run("UPDATE deletions SET untagged = :untagged WHERE id = :id", untagged=_json(untagged), id=deletion)


async def forget_empty(tx: Tx, ids: Sequence[int]) -> None:
    """Drop deletions that have nothing left to give back."""
    await tx.run(
        "DELETE FROM deletions WHERE id IN EACH(:ids) AND untagged = '[]' "
        "AND NOT EXISTS (SELECT 1 FROM images i WHERE i.deletion_id = deletions.id)",
        ids=ids,
    )


# --- going for good ------------------------------------------------------------------------------------------


_CHOSEN: Final = ("", "AND d.id IN EACH(:chosen) ")


async def alive(
    tx: Tx, registry: Registry, repository: str | None, chosen: Sequence[int] | None, now: int
) -> dict[int, str]:
    """Deletions whose term is not over, each with its repository: of a registry, of one repository, or some of them."""
    rows = await tx.all(
        "SELECT d.id, d.repository FROM deletions d "
        "WHERE d.account = :account AND d.region = :region AND d.expires_at > :now "
        f"{_ALL_REPOSITORIES[repository is not None]}{_CHOSEN[chosen is not None]}ORDER BY d.id",
        account=registry.account,
        region=registry.region,
        repository=repository,
        chosen=chosen,
        now=now,
    )
    return {row[0]: row[1] for row in rows}


async def weight(tx: Tx, ids: Sequence[int]) -> tuple[int, int]:
    """How many images deletions have in the bin, and the bytes of the blobs that nothing else holds."""
    count = await tx.one("SELECT count(*) FROM images WHERE deletion_id IN EACH(:ids)", ids=ids)
    size = await tx.one(
        "SELECT sum(b.size) FROM blobs b WHERE b.digest IN (SELECT r.digest FROM images i "
        "JOIN image_references r ON r.image_id = i.id AND r.is_blob = 1 WHERE i.deletion_id IN EACH(:ids)) "
        "AND NOT EXISTS (SELECT 1 FROM image_references o WHERE o.digest = b.digest AND o.repository_id IS NOT NULL) "
        "AND NOT EXISTS (SELECT 1 FROM image_references o JOIN images x ON x.id = o.image_id "
        "WHERE o.digest = b.digest AND o.repository_id IS NULL AND x.deletion_id NOT IN EACH(:ids))",
        ids=ids,
    )
    return (count[0] if count else 0), ((size[0] or 0) if size else 0)


async def end_terms(tx: Tx, ids: Sequence[int], now: int) -> None:
    """Let the terms of deletions end now, and what is to follow them follow now."""
    await tx.run(
        "UPDATE deletions SET expires_at = :now, "
        "referrers_due_at = CASE WHEN referrers_due_at > :now THEN :now ELSE referrers_due_at END "
        "WHERE id IN EACH(:ids)",
        now=now,
        ids=ids,
    )


# what is to follow from a deletion is found by its images, so they go after it
_OVER: Final = "d.expires_at <= :now AND d.links_due_at IS NULL AND d.referrers_due_at IS NULL "


async def are_over(tx: Tx, now: int) -> bool:
    """Whether there are deletions that nothing is to follow from, and whose term is over."""
    return await tx.one(f"SELECT 1 FROM deletions d WHERE {_OVER}LIMIT 1", now=now) is not None


async def images_over(tx: Tx, now: int, limit: int) -> list[int]:
    """Images of deletions that are over."""
    rows = await tx.all(
        f"SELECT i.id FROM deletions d JOIN images i ON i.deletion_id = d.id WHERE {_OVER}LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [row[0] for row in rows]


async def expire_images(tx: Tx, images: Sequence[int]) -> list[str]:
    """Drop images from the bin for good: the digests of the blobs that they referred to."""
    rows = await tx.all(
        "SELECT DISTINCT digest FROM image_references WHERE image_id IN EACH(:images) AND is_blob = 1", images=images
    )
    await tx.run("DELETE FROM images WHERE id IN EACH(:images)", images=images)
    return [row[0] for row in rows]


async def over(tx: Tx, now: int, limit: int) -> list[int]:
    """Deletions that are over and whose images are gone."""
    rows = await tx.all(
        f"SELECT d.id FROM deletions d WHERE {_OVER}"
        "AND NOT EXISTS (SELECT 1 FROM images i WHERE i.deletion_id = d.id) LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [row[0] for row in rows]


async def forget(tx: Tx, ids: Sequence[int]) -> None:
    """Drop deletions."""
    await tx.run("DELETE FROM deletions WHERE id IN EACH(:ids)", ids=ids)


async def links_due(tx: Tx, now: int, limit: int) -> list[int]:
    """Deletions after which nobody has yet looked at the links of their images' blobs."""
    rows = await tx.all(
        "SELECT id FROM deletions WHERE links_due_at <= :now ORDER BY links_due_at LIMIT :limit", now=now, limit=limit
    )
    return [row[0] for row in rows]


async def links_due_again(tx: Tx, id_: int, now: int) -> None:
    """More images came to a deletion."""
    await tx.run("UPDATE deletions SET links_due_at = :now WHERE id = :id", now=now, id=id_)


async def links_done(tx: Tx, ids: Sequence[int]) -> None:
    """They have been looked at."""
    await tx.run("UPDATE deletions SET links_due_at = NULL WHERE id IN EACH(:ids)", ids=ids)


async def referrers_due(tx: Tx, now: int) -> Deletion | None:
    """A deletion whose images' referrers are to follow them."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM deletions d WHERE d.referrers_due_at <= :now ORDER BY d.referrers_due_at LIMIT 1",
        now=now,
    )
    return _deletion(row) if row else None


async def orphaned_referrers(tx: Tx, repository: int, deletion: int, after: int, limit: int) -> list[tuple[int, str]]:
    """Untagged images of a repository whose subject a deletion has in the bin and nobody pushed again, after a key."""
    rows = await tx.all(
        # a cross join, for SQLite would otherwise go through the whole repository to have it in order
        "SELECT DISTINCT i.id, i.digest FROM images s CROSS JOIN images i "
        "WHERE s.deletion_id = :deletion AND i.repository_id = :repository AND i.subject = s.digest AND i.id > :after "
        "AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.image_id = i.id) "
        "AND NOT EXISTS (SELECT 1 FROM images x WHERE x.repository_id = :repository AND x.digest = s.digest) "
        "ORDER BY i.id LIMIT :limit",
        repository=repository,
        deletion=deletion,
        after=after,
        limit=limit,
    )
    return [(row[0], row[1]) for row in rows]


async def referrers_done(tx: Tx, id_: int) -> None:
    """They have followed."""
    await tx.run("UPDATE deletions SET referrers_due_at = NULL WHERE id = :id", id=id_)


def _deletion(row: Row) -> Deletion:
    id_, account, region, repository, at, expires_at, principal, operation, reason, plan, settings, untagged = row[
        :_DELETION_COLUMNS
    ]
    return Deletion(
        id_,
        Registry(account, region),
        repository,
        at,
        expires_at,
        Cause(principal, operation, reason, plan),
        settings,
        tuple(msgspec.json.decode(untagged, type=list[tuple[str, str]])),
    )


def _binned(row: Row) -> BinnedImage:
    id_, digest, media_type, artifact_type, is_index, size, subject, pushed_at, tags = row[_DELETION_COLUMNS:]
    names = tuple(msgspec.json.decode(tags, type=list[str]))
    return BinnedImage(
        id_, digest, media_type, artifact_type, is_index, size, subject, pushed_at, names, _deletion(row)
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
