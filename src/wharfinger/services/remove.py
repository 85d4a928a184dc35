"""Deleting images. BatchDeleteImage, an OCI DELETE and everything that deletes later come through here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wharfinger.domain.images import Failure, ImageId
from wharfinger.domain.names import Registry
from wharfinger.domain.removal import Reading, Removal, removal
from wharfinger.services import access, events
from wharfinger.state import State
from wharfinger.state.db import images
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository

_STEP: Final = 1000


async def batch(
    state: State,
    registry: Registry,
    repository: str,
    asked: Sequence[ImageId],
    *,
    untag_children: bool = False,
) -> Removal:
    """Delete what a list of ids names: what went, and for each id that could not be served, why.

    All ids are resolved against the state at the start, and the call is one transaction. With `untag_children`,
    the last tag of an image that an index lists may go; the image then stays, untagged, where ECR refuses.
    Raises RepositoryNotFound.
    """
    reading = Reading(state.rules.digest_and_tag, "untag" if untag_children else "refuse")
    now = state.clock()

    async def work(tx: Tx) -> Removal:
        found = await access.repository(tx, registry, repository)
        selected = await images.select(tx, found.id, asked)
        parents = await images.parents(tx, found.id, [image.digest for image in selected])
        decided = removal(asked, selected, parents, reading)
        await _carry_out(tx, found, decided, now)
        return decided

    return await state.db.write(work)


async def one(state: State, registry: Registry, repository: str, asked: ImageId) -> Failure | None:
    """Delete an image or a tag as the data plane asks for it. Raises RepositoryNotFound."""
    decided = await batch(state, registry, repository, [asked], untag_children=True)
    return decided.failures[0] if decided.failures else None


async def everything(tx: Tx, repository: Repository, now: int) -> None:
    """Tell of all images of a repository that is about to be deleted."""
    after = (0, "")
    while page := await images.listed(tx, repository.id, "ANY", after, _STEP):
        gone = [ImageId(row.digest, row.tag) for row in page]
        await events.image_action(tx, repository, "DELETE", gone, now)
        after = (page[-1].id, page[-1].tag or "")


async def _carry_out(tx: Tx, repository: Repository, decided: Removal, now: int) -> None:
    if decided.tags:
        await images.delete_tags(tx, repository.id, decided.tags)
    if decided.images:
        await images.delete(tx, [image.key for image in decided.images])
    await events.image_action(tx, repository, "DELETE", decided.entries, now)
