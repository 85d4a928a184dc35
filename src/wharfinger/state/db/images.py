"""Rows of images: the manifest's bytes, what it refers to, and the tags that point to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.domain.holds import Hold, Holds
from wharfinger.domain.images import ImageId, StoredImage
from wharfinger.domain.manifests import Manifest
from wharfinger.domain.names import Registry
from wharfinger.domain.removal import Guards
from wharfinger.state.db.database import Row, Tx, Value
from wharfinger.state.db.repositories import Repository

TagStatus = Literal["TAGGED", "UNTAGGED", "ANY"]
# where a page begins is said of the tags too, or PostgreSQL may read those of all images before it
_TAG_STATUS: Final[Mapping[TagStatus, str]] = {
    "TAGGED": "AND EXISTS (SELECT 1 FROM tags x WHERE x.image_id = i.id AND x.image_id >= :image)",
    "UNTAGGED": "AND NOT EXISTS (SELECT 1 FROM tags x WHERE x.image_id = i.id AND x.image_id >= :image)",
    "ANY": "",
}
_OF_TYPE: Final = ("", "AND artifact_type IN EACH(:types) ")
_DETAILS: Final = (
    "i.id, i.digest, i.media_type, i.artifact_type, i.is_index, i.size, i.subject, i.pushed_at, i.pulled_at"
)


class Content(NamedTuple):
    """A manifest as it is served."""

    image: int
    digest: str
    media_type: str
    manifest: bytes
    pulled_at: int | None


class Head(NamedTuple):
    """A manifest without its bytes."""

    digest: str
    media_type: str
    length: int


class Details(NamedTuple):
    """An image as DescribeImages shows it."""

    id: int
    digest: str
    media_type: str
    artifact_type: str | None
    is_index: int  # 0 or 1
    size: int
    subject: str | None
    pushed_at: int
    pulled_at: int | None
    tags: tuple[str, ...]


class Referrer(NamedTuple):
    """An image whose manifest names another one as its subject."""

    id: int
    digest: str
    media_type: str
    artifact_type: str | None
    length: int
    annotations: Mapping[str, str]


class Listed(NamedTuple):
    """One line of ListImages: an image, once for each of its tags."""

    id: int
    digest: str
    tag: str | None


# --- reading one ---------------------------------------------------------------------------------------------

_IN_REPOSITORY: Final = "WHERE r.account = :account AND r.region = :region AND r.name = :repository"
_BY_TAG: Final = (
    "LEFT JOIN tags t ON t.repository_id = r.id AND t.name = :reference LEFT JOIN images i ON i.id = t.image_id "
)
_BY_DIGEST: Final = "LEFT JOIN images i ON i.repository_id = r.id AND i.digest = :reference "
_CONTENT: Final = "SELECT i.id, i.digest, i.media_type, i.manifest, i.pulled_at FROM repositories r "
_HEAD: Final = "SELECT i.digest, i.media_type, length(i.manifest) FROM repositories r "
_CONTENT_SQL: Final = (_CONTENT + _BY_TAG + _IN_REPOSITORY, _CONTENT + _BY_DIGEST + _IN_REPOSITORY)
_HEAD_SQL: Final = (_HEAD + _BY_TAG + _IN_REPOSITORY, _HEAD + _BY_DIGEST + _IN_REPOSITORY)


async def content(
    tx: Tx, registry: Registry, repository: str, reference: str, *, is_digest: bool
) -> Content | Literal["no repository"] | None:
    """The manifest under a tag or digest, by one query."""
    row = await _one_of(tx, _CONTENT_SQL[is_digest], registry, repository, reference)
    if row is None:
        return "no repository"
    return Content(*row) if row[0] is not None else None


async def head(
    tx: Tx, registry: Registry, repository: str, reference: str, *, is_digest: bool
) -> Head | Literal["no repository"] | None:
    """What HEAD shows of the manifest under a tag or digest, by one query."""
    row = await _one_of(tx, _HEAD_SQL[is_digest], registry, repository, reference)
    if row is None:
        return "no repository"
    return Head(*row) if row[0] is not None else None


async def _one_of(tx: Tx, sql: str, registry: Registry, repository: str, reference: str) -> Row | None:
    return await tx.one(
        sql, account=registry.account, region=registry.region, repository=repository, reference=reference
    )


async def contents(tx: Tx, images: Sequence[int]) -> dict[int, Content]:
    """Manifests by the keys of their images."""
    rows = await tx.all(
        "SELECT id, digest, media_type, manifest, pulled_at FROM images WHERE id IN EACH(:images)",
        images=images,
    )
    return {row[0]: Content(*row) for row in rows}


# --- reading many --------------------------------------------------------------------------------------------


async def select(tx: Tx, repository: int, asked: Sequence[ImageId]) -> list[StoredImage]:
    """The images that any digest or tag of `asked` means, each with all its tags in the order of their making."""
    rows = await tx.all(
        "SELECT i.id, i.digest, t.name FROM images i LEFT JOIN tags t ON t.image_id = i.id WHERE i.id IN ("
        "SELECT id FROM images WHERE repository_id = :repository AND digest IN EACH(:digests) UNION ALL "
        "SELECT image_id FROM tags WHERE repository_id = :repository AND name IN EACH(:tags)) "
        "ORDER BY i.id, t.tagged_at, t.name",
        repository=repository,
        digests=[item.digest for item in asked if item.digest is not None],
        tags=[item.tag for item in asked if item.tag is not None],
    )
    found: dict[tuple[int, str], list[str]] = {}
    for id_, digest, tag in rows:
        names = found.setdefault((id_, digest), [])
        if tag is not None:
            names.append(tag)
    return [StoredImage(id_, digest, tuple(names)) for (id_, digest), names in found.items()]


_HELD: Final = (
    "SELECT NULL, id, repository, image, reason, feed, created_at, created_by, expires_at FROM holds "
    "WHERE account = :account AND region = :region AND (expires_at IS NULL OR expires_at > :now) "
)
_GUARDS: Final = (
    "SELECT r.digest, p.id, '', p.digest, '', NULL, 0, '', NULL FROM image_references r "
    "JOIN images p ON p.id = r.image_id WHERE r.repository_id = :repository AND r.digest IN EACH(:digests) "
    f"AND r.is_blob = 0 UNION ALL {_HELD}AND is_pattern = 0 AND repository = :name AND image IN EACH(:held) "
    f"UNION ALL {_HELD}AND is_pattern = 1 ORDER BY 2"
)


async def guards(tx: Tx, repository: Repository, images: Sequence[StoredImage], now: int) -> Guards:
    """What keeps some images of a repository from going: indexes that list them (without their tags), and holds."""
    digests = [image.digest for image in images]
    parents: dict[str, list[StoredImage]] = {}
    holds: list[Hold] = []
    for child, id_, holder, held, *rest in await tx.all(
        _GUARDS,
        repository=repository.id,
        account=repository.registry.account,
        region=repository.registry.region,
        name=repository.name,
        digests=digests,
        held=[*digests, *(tag for image in images for tag in image.tags)],
        now=now,
    ):
        if child is not None:
            parents.setdefault(child, []).append(StoredImage(id_, held, ()))
            continue
        hold = Hold(id_, repository.registry, holder, held, *rest)
        if hold.covers(repository.name):
            holds.append(hold)
    return Guards(parents, Holds(holds))


async def resolved(
    tx: Tx, repository: int, tags: Sequence[str], digests: Sequence[str]
) -> tuple[dict[str, str], set[str]]:
    """What those of some tags that exist point to, and which of some digests are there."""
    rows = await tx.all(
        "SELECT t.name, i.digest FROM tags t JOIN images i ON i.id = t.image_id "
        "WHERE t.repository_id = :repository AND t.name IN EACH(:tags) UNION ALL "
        "SELECT NULL, digest FROM images WHERE repository_id = :repository AND digest IN EACH(:digests)",
        repository=repository,
        tags=tags,
        digests=digests,
    )
    return {tag: digest for tag, digest in rows if tag is not None}, {digest for tag, digest in rows if tag is None}


async def listed(tx: Tx, repository: int, status: TagStatus, after: tuple[int, str], limit: int) -> list[Listed]:
    """A page of ListImages, in the order of pushing, then of tags, after an image's key and tag."""
    rows = await tx.all(
        "SELECT i.id, i.digest, t.name FROM images i LEFT JOIN tags t ON t.image_id = i.id AND t.image_id >= :image "
        "WHERE i.repository_id = :repository AND i.id >= :image AND (i.id > :image OR t.name > :tag) "
        f"{_TAG_STATUS[status]} ORDER BY i.id, t.name LIMIT :limit",
        repository=repository,
        image=after[0],
        tag=after[1],
        limit=limit,
    )
    return [*map(Listed._make, rows)]


async def tag_counts(tx: Tx, repository: int, status: TagStatus, after: int, limit: int) -> list[tuple[int, int]]:
    """Keys of images in the order of pushing, after one of them, each with its number of tags."""
    rows = await tx.all(
        "SELECT i.id, (SELECT count(*) FROM tags t WHERE t.image_id = i.id) FROM images i "
        f"WHERE i.repository_id = :repository AND i.id > :image {_TAG_STATUS[status]} ORDER BY i.id LIMIT :limit",
        repository=repository,
        image=after,
        limit=limit,
    )
    return [(row[0], row[1]) for row in rows]


async def details(tx: Tx, images: Sequence[int]) -> list[Details]:
    """Images by their keys, in the order of pushing."""
    rows = await tx.all(f"SELECT {_DETAILS} FROM images i WHERE i.id IN EACH(:images) ORDER BY i.id", images=images)
    tags: dict[int, list[str]] = {row[0]: [] for row in rows}
    for image, name in await tx.all(
        "SELECT image_id, name FROM tags WHERE image_id IN EACH(:images) ORDER BY image_id, name", images=images
    ):
        tags[image].append(name)
    return [Details(*(*row, tuple(tags[row[0]]))) for row in rows]


async def lengths(tx: Tx, images: Sequence[int]) -> dict[int, int]:
    """How many bytes the manifests of images have, by their keys."""
    rows = await tx.all("SELECT id, length(manifest) FROM images WHERE id IN EACH(:images)", images=images)
    return {row[0]: row[1] for row in rows}


async def referrer_lengths(
    tx: Tx, repository: int, subject: str, artifact_types: Sequence[str], after: int, limit: int
) -> list[tuple[int, int]]:
    """Images with this subject, in the order of pushing, of any type if `artifact_types` is empty.

    Each with the bytes that it takes in a list: its annotations may have as many as a manifest has.
    """
    rows = await tx.all(
        "SELECT id, coalesce(octet_length(annotations), 0) + 1000 FROM images "
        f"WHERE repository_id = :repository AND subject = :subject AND id > :after {_OF_TYPE[bool(artifact_types)]}"
        "ORDER BY id LIMIT :limit",
        repository=repository,
        subject=subject,
        types=artifact_types,
        after=after,
        limit=limit,
    )
    return [(row[0], row[1]) for row in rows]


async def referrers(tx: Tx, images: Sequence[int]) -> list[Referrer]:
    """Referrers by the keys of their images, in the order of pushing."""
    rows = await tx.all(
        "SELECT id, digest, media_type, artifact_type, length(manifest), annotations FROM images "
        "WHERE id IN EACH(:images) ORDER BY id",
        images=images,
    )
    return [Referrer(*(*row[:5], msgspec.json.decode(row[5] or "{}"))) for row in rows]


async def tag_names(tx: Tx, repository: int, after: str, limit: int) -> list[str]:
    """Tags in ASCII order, those after `after`."""
    rows = await tx.all(
        "SELECT name FROM tags WHERE repository_id = :repository AND name > :after ORDER BY name LIMIT :limit",
        repository=repository,
        after=after,
        limit=limit,
    )
    return [row[0] for row in rows]


# --- pushing -------------------------------------------------------------------------------------------------


class Present(NamedTuple):
    """An image that is there already."""

    id: int
    tag_count: int
    is_whole: int  # 0 or 1: its bytes are those that are pushed


async def present(tx: Tx, repository: int, manifest: Manifest) -> Present | None:
    """Whether the repository has an image of this digest."""
    row = await tx.one(
        "SELECT i.id, (SELECT count(*) FROM tags t WHERE t.image_id = i.id), i.manifest = :content FROM images i "
        "WHERE i.repository_id = :repository AND i.digest = :digest",
        repository=repository,
        digest=manifest.digest,
        content=manifest.content,
    )
    return Present(*row) if row else None


async def mend(tx: Tx, image: int, content: bytes) -> None:
    """Put the bytes of a manifest in the place of others that the disk made of them."""
    await tx.run("UPDATE images SET manifest = :content WHERE id = :image", content=content, image=image)


async def holders(tx: Tx, repository: int, tags: Sequence[str]) -> dict[str, int]:
    """The image that each of `tags` points to, for those that exist."""
    rows = await tx.all(
        "SELECT name, image_id FROM tags WHERE repository_id = :repository AND name IN EACH(:tags)",
        repository=repository,
        tags=tags,
    )
    return {name: image for name, image in rows}  # noqa: C416 - rows are not typed as pairs


class Referenced(NamedTuple):
    """What a manifest refers to and the repository has: sizes by digest. A digest can be that of both."""

    blobs: Mapping[str, int]
    children: Mapping[str, int]


async def referenced(tx: Tx, repository: int, manifest: Manifest) -> Referenced:
    """Of what a manifest refers to, what the repository has."""
    rows = await tx.all(
        "SELECT 1, b.digest, b.size FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id "
        "WHERE l.repository_id = :repository AND b.digest IN EACH(:blobs) AND b.rotten_at IS NULL UNION ALL "
        "SELECT 0, digest, size FROM images WHERE repository_id = :repository AND digest IN EACH(:children)",
        repository=repository,
        blobs=[blob.digest for blob in manifest.blobs],
        children=[child.digest for child in manifest.children],
    )
    blobs, children = ({digest: size for kind, digest, size in rows if kind == is_blob} for is_blob in (1, 0))
    return Referenced(blobs, children)


async def add(tx: Tx, repository: int, manifest: Manifest, size: int, now: int) -> int:
    """Insert an image that is not there, with all its references."""
    row = await tx.one(
        "INSERT INTO images (repository_id, digest, media_type, artifact_type, is_index, size, subject, annotations, "
        "pushed_at, manifest) VALUES (:repository, :digest, :media_type, :artifact_type, :is_index, :size, :subject, "
        ":annotations, :now, :manifest) RETURNING id",
        repository=repository,
        digest=manifest.digest,
        media_type=manifest.media_type,
        artifact_type=manifest.artifact_type,
        is_index=int(manifest.is_index),
        size=size,
        subject=manifest.subject,
        annotations=msgspec.json.encode(manifest.annotations).decode() if manifest.subject else None,
        now=now,
        manifest=manifest.content,
    )
    assert row is not None  # noqa: S101 - an insert that returns nothing has raised
    image = int(row[0])
    await tx.many(
        "INSERT INTO image_references (image_id, digest, repository_id, is_blob, media_type) "
        "VALUES (:image, :digest, :repository, :is_blob, :media_type) ON CONFLICT DO NOTHING",
        _references(manifest, image, repository),
    )
    return image


def _references(manifest: Manifest, image: int, repository: int) -> Iterable[dict[str, Value]]:
    for is_blob, descriptors in ((1, manifest.blobs), (0, manifest.children)):
        for item in descriptors:
            yield {
                "image": image,
                "digest": item.digest,
                "repository": repository,
                "is_blob": is_blob,
                "media_type": item.media_type,
            }


async def put_tags(tx: Tx, repository: int, image: int, tags: Sequence[str], now: int) -> None:
    """Point tags to an image, wherever they pointed before."""
    await tx.many(
        "INSERT INTO tags (repository_id, name, image_id, tagged_at) VALUES (:repository, :name, :image, :now) "
        "ON CONFLICT (repository_id, name) DO UPDATE SET image_id = excluded.image_id, tagged_at = excluded.tagged_at",
        [{"repository": repository, "name": name, "image": image, "now": now} for name in tags],
    )


async def record_pull(tx: Tx, images: Sequence[int], now: int) -> None:
    """Note when images were last pulled."""
    await tx.run("UPDATE images SET pulled_at = :now WHERE id IN EACH(:images)", now=now, images=images)
