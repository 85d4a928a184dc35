"""Deleting. BatchDeleteImage, an OCI DELETE, plans, a repository with its images: all come through here.

What is deleted goes to the bin (`services/bin.py`), from where it can be brought back until its term is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import RepositoryHeld, RepositoryProtected
from wharfinger.domain.holds import Hold, Holds
from wharfinger.domain.images import Failure, ImageId
from wharfinger.domain.names import Registry
from wharfinger.domain.removal import Reading, Removal, removal
from wharfinger.services import access
from wharfinger.state import State
from wharfinger.state.clock import DAY, HOUR
from wharfinger.state.db import blobs, deletions, events, holds, images, lifecycle, repositories, uploads
from wharfinger.state.db.database import Tx
from wharfinger.state.db.deletions import Deletion
from wharfinger.state.db.repositories import Packed, Repository

# how long the referrers of a deleted image wait for it to come back before they follow it, if it can come back
REFERRERS_WAIT: Final = HOUR
_STEP: Final = 1000


class Removed(NamedTuple):
    """What a call deleted, and under which number it is in the bin; None if it is not."""

    removal: Removal
    deletion: int | None


async def batch(
    state: State,
    registry: Registry,
    repository: str,
    asked: Sequence[ImageId],
    cause: Cause,
    *,
    untag_children: bool = False,
    dry_run: bool = False,
) -> Removed:
    """Delete what a list of ids names: what went, and for each id that could not be served, why.

    All ids are resolved against the state at the start, and the call is one transaction. With `untag_children`,
    the last tag of an image that an index lists may go; the image then stays, untagged, where ECR refuses.
    Raises RepositoryNotFound.
    """
    reading = Reading(state.rules.digest_and_tag, "untag" if untag_children else "refuse")
    now = state.clock()

    async def work(tx: Tx) -> Removed:
        found = await access.repository(tx, registry, repository)
        decided = await decide(tx, found, asked, reading, now)
        deletion = None if dry_run else await carry_out(tx, state, found, decided, cause, now)
        return Removed(decided, deletion if _bin_days(state, found) else None)

    return await (state.db.read(work) if dry_run else state.db.write(work))


async def one(state: State, registry: Registry, repository: str, asked: ImageId, cause: Cause) -> Failure | None:
    """Delete an image or a tag as the data plane asks for it. Raises RepositoryNotFound."""
    removed = await batch(state, registry, repository, [asked], cause, untag_children=True)
    return removed.removal.failures[0] if removed.removal.failures else None


async def decide(tx: Tx, repository: Repository, asked: Sequence[ImageId], reading: Reading, now: int) -> Removal:
    """What a list of ids removes from a repository as it is now."""
    selected = await images.select(tx, repository.id, asked)
    guards = await images.guards(tx, repository, selected, now)
    return removal(asked, selected, guards, reading)


async def carry_out(
    tx: Tx, state: State, repository: Repository, decided: Removal, cause: Cause, now: int
) -> int | None:
    """Move what was decided to the bin: the number of the deletion, None if nothing went."""
    if not decided.entries:
        return None
    whole = {image.digest for image in decided.images}
    untagged = tuple((tag, digest) for digest, tag in decided.entries if tag and digest and digest not in whole)
    has_images = bool(decided.images)
    new = _deletion(state, repository, cause, now)._replace(untagged=untagged)
    deletion = await deletions.add(
        tx,
        new,
        links_due_at=now if has_images else None,
        referrers_due_at=min(now + REFERRERS_WAIT, new.expires_at) if has_images else None,
    )
    await move(tx, repository, deletion, decided, cause, now)
    return deletion


async def move(tx: Tx, repository: Repository, deletion: int, decided: Removal, cause: Cause, now: int) -> None:
    """Move what was decided into the bin under a deletion that is there."""
    await deletions.bin_images(tx, deletion, repository.id, [image.key for image in decided.images], decided.tags)
    await events.add(tx, repository.registry, repository.name, "DELETE", decided.entries, cause, now, deletion)


async def repository(tx: Tx, state: State, found: Repository, cause: Cause, now: int) -> None:
    """Delete a repository with all that is in it. Raises RepositoryProtected, RepositoryHeld."""
    if found.protection is not None:
        raise RepositoryProtected(found.registry, found.name, found.protection)
    await _check_not_held(tx, found, now)
    settings = repositories.packed(Packed(found, await lifecycle.find(tx, found.id)))
    new = _deletion(state, found, cause, now)._replace(settings=settings)
    deletion = await deletions.add(tx, new, links_due_at=None, referrers_due_at=None)
    await _tell_of_all(tx, found, deletion, cause, now)
    await deletions.bin_all_images(tx, deletion, found.id)
    await uploads.end_all_of(tx, found.id, now)
    unneeded = await blobs.only_of(tx, found.id)
    await repositories.delete(tx, found.id)
    await blobs.free(tx, unneeded, now)


def _deletion(state: State, repository: Repository, cause: Cause, now: int) -> Deletion:
    expires_at = now + _bin_days(state, repository) * DAY
    return Deletion(0, repository.registry, repository.name, now, expires_at, cause, None, ())


def _bin_days(state: State, repository: Repository) -> int:
    return state.rules.bin_days if repository.bin_days is None else repository.bin_days


async def _tell_of_all(tx: Tx, repository: Repository, deletion: int, cause: Cause, now: int) -> None:
    after = (0, "")
    while page := await images.listed(tx, repository.id, "ANY", after, _STEP):
        gone = [ImageId(row.digest, row.tag) for row in page]
        await events.add(tx, repository.registry, repository.name, "DELETE", gone, cause, now, deletion)
        after = (page[-1].id, page[-1].tag or "")


async def _check_not_held(tx: Tx, repository: Repository, now: int) -> None:
    """Raises RepositoryHeld for the first hold that holds an image of it."""
    hold = await holds.naming_an_image(tx, repository, now) or await _pattern_in_use(tx, repository, now)
    if hold is not None:
        raise RepositoryHeld(repository.registry, repository.name, str(hold))


async def _pattern_in_use(tx: Tx, repository: Repository, now: int) -> Hold | None:
    """A hold with a pattern that holds an image of the repository."""
    covering = [hold for hold in await holds.patterns(tx, repository.registry, now) if hold.covers(repository.name)]
    if not covering:
        return None
    found = Holds(covering)
    for image in await images.select(tx, repository.id, [ImageId(digest=hold.image) for hold in covering]):
        return found.of_image(image)[0]
    after = ""
    while names := await images.tag_names(tx, repository.id, after, _STEP):
        for hold in found.of_tags(names):
            return hold
        after = names[-1]
    return None
