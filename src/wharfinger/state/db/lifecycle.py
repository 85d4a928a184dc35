"""Rows of lifecycle policies and of their previews, and the images of a repository as the rules look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.state.db.database import Row, Tx

Status = Literal["IN_PROGRESS", "COMPLETE", "EXPIRED"]
TagStatus = Literal["TAGGED", "UNTAGGED", "ANY"]
_TAG_STATUS: Final = {"TAGGED": "AND tags <> '[]' ", "UNTAGGED": "AND tags = '[]' ", "ANY": ""}
_IMAGE_COLUMNS: Final = "number, digest, tags, pushed_at, priority"


class LifecyclePolicy(NamedTuple):
    """The policy of a repository."""

    text: str  # as it is shown
    put_by: str  # ARN
    evaluated_at: int = 0  # 0: not yet


class Preview(NamedTuple):
    """What a policy would do to a repository."""

    text: str  # as it was given
    status: Status
    attempt: int
    image_count: int
    expires_at: int | None


class PreviewImage(NamedTuple):
    """An image that would expire, as it was then."""

    number: int
    digest: str
    tags: tuple[str, ...]
    pushed_at: int
    priority: int  # of the rule


class Tagged(NamedTuple):
    """An image, once for each of its tags."""

    image: int
    digest: str
    pushed_at: int
    is_part: int  # 0 or 1: an index of the repository lists it, or its subject is there
    tag: str | None


# --- policies ------------------------------------------------------------------------------------------------


async def put(tx: Tx, repository: int, policy: LifecyclePolicy) -> None:
    """Store a policy in the place of the one that is there."""
    await tx.run(
        "INSERT INTO lifecycle_policies (repository_id, text, put_by, evaluated_at) "
        "VALUES (:repository, :text, :put_by, :evaluated_at) ON CONFLICT (repository_id) DO UPDATE SET "
        "text = excluded.text, put_by = excluded.put_by, evaluated_at = excluded.evaluated_at",
        repository=repository,
        text=policy.text,
        put_by=policy.put_by,
        evaluated_at=policy.evaluated_at,
    )


async def find(tx: Tx, repository: int) -> LifecyclePolicy | None:
    """The policy of a repository."""
    row = await tx.one(
        "SELECT text, put_by, evaluated_at FROM lifecycle_policies WHERE repository_id = :repository",
        repository=repository,
    )
    return LifecyclePolicy(*row) if row else None


async def delete(tx: Tx, repository: int) -> None:
    """Drop the policy of a repository."""
    await tx.run("DELETE FROM lifecycle_policies WHERE repository_id = :repository", repository=repository)


async def evaluated(tx: Tx, repository: int, text: str, at: int) -> bool:
    """Note when the policy was evaluated; False if it is another one by now."""
    changed = await tx.run(
        "UPDATE lifecycle_policies SET evaluated_at = :at WHERE repository_id = :repository AND text = :text",
        at=at,
        repository=repository,
        text=text,
    )
    return bool(changed)


# --- images --------------------------------------------------------------------------------------------------

# an index that lists its own subject does not belong to it
_TAGGED: Final = (
    "SELECT i.id, i.digest, i.pushed_at, CASE WHEN EXISTS (SELECT 1 FROM image_references r "
    "WHERE r.digest = i.digest AND r.repository_id = :repository AND r.is_blob = 0) "
    "OR EXISTS (SELECT 1 FROM images s WHERE s.repository_id = :repository AND s.digest = i.subject "
    "AND NOT EXISTS (SELECT 1 FROM image_references r WHERE r.image_id = i.id AND r.digest = s.digest "
    "AND r.is_blob = 0)) THEN 1 ELSE 0 END, t.name FROM images i LEFT JOIN tags t ON t.image_id = i.id {tags}"
    "WHERE i.repository_id = :repository "
)
# said of the tags too, or PostgreSQL may read those of all images before these
_PAGE: Final = _TAGGED.format(tags="AND t.image_id >= :image ")
_SOME: Final = _TAGGED.format(tags="")


async def tagged(tx: Tx, repository: int, after: tuple[int, str], limit: int) -> list[Tagged]:
    """Images in the order of pushing, then of tags, after an image's key and tag."""
    rows = await tx.all(
        f"{_PAGE}AND i.id >= :image AND (i.id > :image OR t.name > :tag) ORDER BY i.id, t.name LIMIT :limit",
        repository=repository,
        image=after[0],
        tag=after[1],
        limit=limit,
    )
    return [Tagged(*row) for row in rows]


async def tagged_of(tx: Tx, repository: int, images: Sequence[int]) -> list[Tagged]:
    """Those of some images that the repository has, with all their tags."""
    rows = await tx.all(f"{_SOME}AND i.id IN EACH(:images) ORDER BY i.id, t.name", repository=repository, images=images)
    return [Tagged(*row) for row in rows]


# --- previews ------------------------------------------------------------------------------------------------


async def begin_preview(tx: Tx, repository: int, text: str) -> None:
    """Let a new preview take the place of the one that is there; its images have to be dropped."""
    await tx.run(
        "INSERT INTO lifecycle_previews (repository_id, text, status, attempt, image_count, expires_at) "
        "VALUES (:repository, :text, 'IN_PROGRESS', 0, 0, NULL) ON CONFLICT (repository_id) DO UPDATE SET "
        "text = excluded.text, status = 'IN_PROGRESS', image_count = 0, expires_at = NULL",
        repository=repository,
        text=text,
    )


async def preview(tx: Tx, repository: int) -> Preview | None:
    """The last preview of a repository."""
    row = await tx.one(
        "SELECT text, status, attempt, image_count, expires_at FROM lifecycle_previews "
        "WHERE repository_id = :repository",
        repository=repository,
    )
    return Preview(*row) if row else None


async def take_preview(tx: Tx, repository: int) -> Preview | None:
    """Begin to make a preview that is in progress; whoever began before has it no more."""
    row = await tx.one(
        "UPDATE lifecycle_previews SET attempt = attempt + 1 WHERE repository_id = :repository "
        "AND status = 'IN_PROGRESS' RETURNING text, status, attempt, image_count, expires_at",
        repository=repository,
    )
    return Preview(*row) if row else None


async def add_preview_images(tx: Tx, repository: int, images: Sequence[PreviewImage]) -> None:
    """Insert some of the images of a preview."""
    await tx.many(
        "INSERT INTO lifecycle_preview_images (repository_id, number, digest, tags, pushed_at, priority) "
        "VALUES (:repository, :number, :digest, :tags, :pushed_at, :priority)",
        (
            {
                "repository": repository,
                "number": image.number,
                "digest": image.digest,
                "tags": msgspec.json.encode(image.tags).decode(),
                "pushed_at": image.pushed_at,
                "priority": image.priority,
            }
            for image in images
        ),
    )


async def preview_made(tx: Tx, repository: int, image_count: int, expires_at: int) -> None:
    """It is complete."""
    await tx.run(
        "UPDATE lifecycle_previews SET status = 'COMPLETE', image_count = :count, expires_at = :expires_at "
        "WHERE repository_id = :repository",
        count=image_count,
        expires_at=expires_at,
        repository=repository,
    )


async def preview_page(tx: Tx, repository: int, status: TagStatus, after: int, limit: int) -> list[PreviewImage]:
    """Images of a preview, oldest first, those after a number."""
    rows = await tx.all(
        f"SELECT {_IMAGE_COLUMNS} FROM lifecycle_preview_images WHERE repository_id = :repository "
        f"AND number > :after {_TAG_STATUS[status]}ORDER BY number LIMIT :limit",
        repository=repository,
        after=after,
        limit=limit,
    )
    return [_image(row) for row in rows]


async def preview_images(tx: Tx, repository: int, digests: Sequence[str]) -> list[PreviewImage]:
    """Those of some images that a preview has, oldest first."""
    rows = await tx.all(
        f"SELECT {_IMAGE_COLUMNS} FROM lifecycle_preview_images WHERE repository_id = :repository "
        "AND digest IN EACH(:digests) ORDER BY number",
        repository=repository,
        digests=digests,
    )
    return [_image(row) for row in rows]


async def drop_preview_images(tx: Tx, repository: int, limit: int) -> bool:
    """Drop some images of a preview: whether there were any."""
    dropped = await tx.run(
        "DELETE FROM lifecycle_preview_images WHERE repository_id = :repository AND number IN ("
        "SELECT number FROM lifecycle_preview_images WHERE repository_id = :repository ORDER BY number LIMIT :limit)",
        repository=repository,
        limit=limit,
    )
    return bool(dropped)


async def preview_over(tx: Tx, now: int) -> int | None:
    """The repository of a preview whose images are to be dropped."""
    row = await tx.one(
        "SELECT repository_id FROM lifecycle_previews WHERE expires_at <= :now ORDER BY expires_at LIMIT 1", now=now
    )
    return int(row[0]) if row else None


async def end_preview(tx: Tx, repository: int) -> None:
    """Its images are dropped."""
    await tx.run(
        "UPDATE lifecycle_previews SET status = 'EXPIRED', expires_at = NULL WHERE repository_id = :repository",
        repository=repository,
    )


def _image(row: Row) -> PreviewImage:
    number, digest, tags, pushed_at, priority = row
    return PreviewImage(number, digest, tuple(msgspec.json.decode(tags)), pushed_at, priority)
