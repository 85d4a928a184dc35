"""Giving back what nobody needs, all the time and in small steps, while everything else goes on.

Nothing is searched for: each step takes what became due and looks again, in the transaction that removes it, whether
it is needed. A crash leaves at worst bytes that are noted for unlinking. What frees space when: docs/guides/space.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from wharfinger.domain.causes import Cause
from wharfinger.domain.images import ImageId
from wharfinger.domain.removal import Reading
from wharfinger.services import remove
from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state import State
from wharfinger.state.clock import DAY, SECOND
from wharfinger.state.db import blobs, deletions, events, holds, lifecycle, repositories, schema, uploads
from wharfinger.state.db.database import Tx
from wharfinger.state.db.deletions import Deletion

# a download that found its blob just before it went has so long to open the file
GRACE: Final = 10 * SECOND
_STEP: Final = 100
_EVENTS: Final = 1000
_PREVIEWED: Final = 1000
_FOLLOWED: Final = "referrers of a deleted image"
_ENDED: Final = "end of the term in the bin"


async def run(state: State) -> None:
    """One round: every step until nothing is left to do. Bears repetition and interruption."""
    for step in STEPS:
        while await step(state):
            pass


async def end_idle_uploads(state: State) -> bool:
    """Uploads that nobody goes on with."""
    now = state.clock()
    if not await state.db.read(uploads.are_older_than, now - IDLE_TERM):
        return False
    await state.db.write(uploads.end_older_than, now - IDLE_TERM, now)
    return False


async def forget_history(state: State) -> bool:
    """Events, and with them the history of tags."""
    before = state.clock() - state.rules.history_days * DAY
    if not await state.db.read(events.are_forgettable, before):
        return False
    await state.db.write(events.forget, before, _EVENTS)
    return True


async def end_holds(state: State) -> bool:
    """Holds whose term is over."""
    now = state.clock()
    if await state.db.read(holds.are_over, now):
        await state.db.write(holds.forget_over, now)
    return False


async def end_previews(state: State) -> bool:
    """Images that previews of lifecycle policies list, some at a time, when their term is over."""
    now = state.clock()
    if await state.db.read(lifecycle.preview_over, now) is None:
        return False

    async def work(tx: Tx) -> bool:
        repository = await lifecycle.preview_over(tx, now)
        if repository is not None and not await lifecycle.drop_preview_images(tx, repository, _PREVIEWED):
            await lifecycle.end_preview(tx, repository)
        return repository is not None

    return await state.db.write(work)


async def let_referrers_follow(state: State) -> bool:
    """Signatures, SBOMs and other referrers follow the image that they are about, into the same place of the bin."""
    now = state.clock()
    if await state.db.read(deletions.referrers_due, now) is None:
        return False

    async def work(tx: Tx) -> None:
        deletion = await deletions.referrers_due(tx, now)
        if deletion is None:
            return
        if not await _let_some_follow(tx, deletion, now):
            await deletions.referrers_done(tx, deletion.id)

    await state.db.write(work)
    return True


async def _let_some_follow(tx: Tx, deletion: Deletion, now: int) -> bool:
    """Move the next referrers that nothing holds; False if there are none."""
    found = await repositories.find(tx, deletion.registry, deletion.repository)
    after = 0
    while found and (page := await deletions.orphaned_referrers(tx, found.id, deletion.id, after, _STEP)):
        asked = [ImageId(digest=digest) for _, digest in page]
        decided = await remove.decide(tx, found, asked, Reading(), now)
        if decided.images:
            await remove.move(tx, found, deletion.id, decided, Cause(deletion.cause.principal, _FOLLOWED), now)
            await deletions.links_due_again(tx, deletion.id, now)
            return True
        after = page[-1][0]
    return False


async def end_links(state: State) -> bool:
    """Blobs leave a repository with the last image of it that refers to them."""
    now = state.clock()
    due = await state.db.read(deletions.links_due, now, _STEP)
    if not due:
        return False

    async def work(tx: Tx) -> None:
        await blobs.free(tx, await blobs.end_links_of(tx, due), now)
        await deletions.links_done(tx, due)

    await state.db.write(work)
    return True


async def end_leases(state: State) -> bool:
    """Blobs that were pushed for an image that never came."""
    now = state.clock()
    if not await state.db.read(blobs.is_lease_over, now):
        return False

    async def work(tx: Tx) -> bool:
        ended = await blobs.review_links(tx, now, _STEP)
        await blobs.free(tx, ended or [], now)
        return ended is not None

    return await state.db.write(work)


async def end_terms(state: State) -> bool:
    """What has been in the bin for long enough goes for good."""
    now = state.clock()
    if not await state.db.read(deletions.are_over, now):
        return False

    async def work(tx: Tx) -> bool:
        images = await deletions.images_over(tx, now, _STEP)
        if images:
            await events.add_expiry(tx, images, _ENDED, now)
            await blobs.free(tx, await deletions.expire_images(tx, images), now)
            return True
        over = await deletions.over(tx, now, _STEP)
        await deletions.forget(tx, over)
        return bool(over)

    return await state.db.write(work)


async def unlink(state: State) -> bool:
    """Bytes that were noted go from the disk."""
    noted = await state.db.read(blobs.noted_unlinks, state.clock() - GRACE, _STEP)
    for storage_id in noted:
        await state.blobs.unlink(storage_id)
    if noted:
        await state.db.write(blobs.forget_unlinks, noted)
    return bool(noted)


async def shrink(state: State) -> bool:
    """The database gives back the room of rows that are gone."""
    if not await state.db.read(schema.has_room):
        return False
    await state.db.write(schema.shrink)
    return True


STEPS: Final[tuple[Callable[[State], Awaitable[bool]], ...]] = (
    end_idle_uploads,
    forget_history,
    end_holds,
    end_previews,
    let_referrers_follow,
    end_links,
    end_leases,
    end_terms,
    unlink,
    shrink,
)
"""Each says whether there may be more of its kind to do at once."""
