"""Holds: protecting images from being deleted. Whoever deletes asks for them in the transaction that deletes."""

from __future__ import annotations

from typing import Final

from wharfinger.domain import holds as rules
from wharfinger.domain.faults import (
    Denied,
    HoldNotFound,
    HoldOfFeed,
    InvalidParameter,
    TooManyHolds,
    TooManyPatternHolds,
)
from wharfinger.domain.holds import Hold
from wharfinger.domain.names import Registry
from wharfinger.services import access
from wharfinger.services.access import Caller, Errand
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import holds
from wharfinger.state.db.database import Tx

_DELETION: Final = "wharfinger:DeleteHold"


async def put(
    state: State, caller: Caller, registry: Registry, repository: str, image: str, reason: str, expires_at: int | None
) -> Hold:
    """Hold a digest, a tag or a pattern of tags, there or not, in a repository or in those that a pattern names.

    What is held cannot be deleted by any way; a tag can still be moved by a push. If the same is held already, that
    hold gets the new reason and term. Raises InvalidParameter, TooManyHolds, TooManyPatternHolds.
    """
    rules.check(repository, image)
    now = state.clock()
    if expires_at is not None and expires_at <= now:
        raise InvalidParameter("expiresAt", "Member must be a time in the future")
    new = Hold(0, registry, repository, image, reason, None, now, caller.principal, expires_at)

    async def work(tx: Tx) -> Hold:
        id_ = await holds.renew(tx, new)
        if id_ is None:
            own, with_pattern = await holds.counts(tx, registry)
            if own >= rules.OWN_HOLDS:
                raise TooManyHolds(rules.OWN_HOLDS)
            if new.is_pattern and with_pattern >= rules.PATTERN_HOLDS:
                raise TooManyPatternHolds(rules.PATTERN_HOLDS)
            id_ = await holds.add(tx, new)
        return new._replace(id=id_)

    return await state.db.write(work)


async def page(
    state: State, caller: Caller, registry: Registry, repository: str | None, token: str | None, limit: int | None
) -> Page[Hold]:
    """Holds by repository and image, those with patterns last; of one repository, those that apply to it."""
    pages = Pages(state, caller, "holds", *registry, repository or "")
    after = tuple(pages.position(token)) if token else holds.FIRST
    most = limit or DEFAULT
    found = await state.db.read(holds.page, registry, repository, after, state.clock(), most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=holds.position)


async def delete(state: State, caller: Caller, registry: Registry, id_: int) -> Hold:
    """Take a hold away: the one that it was. One of a repository where the caller may not looks like none.

    Raises HoldNotFound, HoldOfFeed.
    """
    now = state.clock()

    async def work(tx: Tx) -> Hold:
        found = await holds.find(tx, registry, id_, now)
        if found is None:
            raise HoldNotFound(id_)
        try:
            await access.require_in(tx, state, caller, Errand(_DELETION, registry, (found.repository,)))
        except Denied:
            raise HoldNotFound(id_) from None
        if found.feed is not None:
            raise HoldOfFeed(id_, found.feed)
        await holds.delete_all(tx, [id_])
        return found

    return await state.db.write(work)
