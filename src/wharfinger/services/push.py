"""Pushing an image: PutImage and an OCI manifest PUT are this one use case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wharfinger.domain import tags as tag_rules
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import ImageExists, ImagesMissing, LayersMissing, TagImmutable, TooManyTags
from wharfinger.domain.images import ImageId
from wharfinger.domain.manifests import Manifest
from wharfinger.domain.names import Registry
from wharfinger.services import access
from wharfinger.state import State
from wharfinger.state.db import events, images
from wharfinger.state.db.database import Tx
from wharfinger.state.db.images import Referenced
from wharfinger.state.db.repositories import Repository


class Pushed(NamedTuple):
    """Whether a push changed anything."""

    is_new: bool


async def image(
    state: State,
    registry: Registry,
    repository: str,
    manifest: Manifest,
    tags: Sequence[str],
    cause: Cause,
    *,
    refuse_repetition: bool = False,
) -> Pushed:
    """Store a manifest and point `tags` to it: all of it or nothing.

    Pushing what is there already is no error, unless `refuse_repetition` asks for ECR's ImageAlreadyExists. A
    manifest whose stored bytes are rotten is mended.
    Raises RepositoryNotFound, LayersMissing, ImagesMissing, TagImmutable, TooManyTags, ImageExists.
    """
    now = state.clock()
    wanted = list(dict.fromkeys(tags))

    async def work(tx: Tx) -> Pushed:
        found = await access.repository(tx, registry, repository)
        present = await images.present(tx, found.id, manifest)
        is_rotten = present is not None and not present.is_whole
        if present is not None and is_rotten:
            await images.mend(tx, present.id, manifest.content)
        holders = await images.holders(tx, found.id, wanted) if wanted else {}
        new_tags = [tag for tag in wanted if present is None or holders.get(tag) != present.id]
        if present is not None and not new_tags and (wanted or refuse_repetition):
            if refuse_repetition and not is_rotten:
                raise ImageExists(registry, repository, manifest.digest, wanted[0] if wanted else None)
            return Pushed(is_new=False)
        _check_tags(found, new_tags, holders, present.tag_count if present else 0)
        image_id = present.id if present else await _add(tx, state, found, manifest, now)
        if new_tags:
            await images.put_tags(tx, found.id, image_id, new_tags, now)
        pushed = [ImageId(manifest.digest, tag) for tag in new_tags]
        if present is None and not pushed:
            pushed = [ImageId(manifest.digest)]
        await events.add(tx, registry, repository, "PUSH", pushed, cause, now)
        return Pushed(is_new=bool(pushed))

    return await state.db.write(work)


def _check_tags(repository: Repository, new_tags: Sequence[str], holders: Mapping[str, int], tag_count: int) -> None:
    for tag in new_tags:
        if tag in holders and repository.mutability.protects(tag):
            raise TagImmutable(repository.name, tag)
    if tag_count + len(new_tags) > tag_rules.TAGS_PER_IMAGE:
        raise TooManyTags(tag_rules.TAGS_PER_IMAGE)


async def _add(tx: Tx, state: State, repository: Repository, manifest: Manifest, now: int) -> int:
    present = await images.referenced(tx, repository.id, manifest)
    if not state.rules.sparse_manifests:
        _check_references(repository, manifest, present)
    children = [present.children[child.digest] for child in manifest.children if child.digest in present.children]
    return await images.add(tx, repository.id, manifest, max([manifest.size, *children]), now)


def _check_references(repository: Repository, manifest: Manifest, present: Referenced) -> None:
    """All that a manifest refers to is in its own repository: never a manifest with a missing layer."""
    for fault, descriptors, there in (
        (LayersMissing, manifest.blobs, present.blobs),
        (ImagesMissing, manifest.children, present.children),
    ):
        missing = dict.fromkeys(item.digest for item in descriptors if item.digest not in there)
        if missing:
            raise fault(repository.registry, repository.name, tuple(missing))
