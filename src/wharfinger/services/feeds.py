"""Feeds: lists of images that are in use somewhere, made by anything that can. What a feed last said is held."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wharfinger.domain import holds as rules
from wharfinger.domain import references
from wharfinger.domain.faults import FeedNotFound, TooManyFeeds
from wharfinger.domain.holds import Hold
from wharfinger.domain.names import Registry
from wharfinger.domain.references import Reference
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import feeds, holds, images, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.feeds import Feed, FeedHold

Wanted = Mapping[str, Mapping[str, Reference]]  # by repository and by the text of the reference


class Reported(NamedTuple):
    """A feed, and what it reported that leads to no image of the registry."""

    feed: Feed
    unknown: Sequence[str]


async def report(
    state: State, caller: Caller, registry: Registry, name: str, reported: Sequence[str], term: int
) -> Reported:
    """Hold all that is in use, and nothing any more that only the last report of this feed held.

    A tag is held, and with it the digest that it points to now, which stays held when the tag moves; an image that is
    not there yet is held as well. `term` is when the next report is due, in milliseconds. Raises TooManyFeeds.
    """
    now = state.clock()
    wanted = await asyncio.to_thread(_read, reported, registry)  # tens of thousands take a while

    async def work(tx: Tx) -> Reported:
        if await feeds.others(tx, registry, name) >= rules.FEEDS:
            raise TooManyFeeds(rules.FEEDS)
        known, held = await _resolved(tx, registry, wanted)
        await _replace(tx, Hold(0, registry, "", "", "", name, now, caller.principal, None), held)
        await feeds.put(tx, registry, name, now, now + term)
        unknown = [text for text in dict.fromkeys(reported) if text not in known]
        return Reported(Feed(name, now, now + term, len(held)), unknown)

    return await state.db.write(work)


async def page(state: State, caller: Caller, registry: Registry, token: str | None, limit: int | None) -> Page[Feed]:
    """Feeds in the order of their names."""
    pages = Pages(state, caller, "feeds", *registry)
    after = pages.position(token)[0] if token else ""
    most = limit or DEFAULT
    found = await state.db.read(feeds.page, registry, after, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda feed: (feed.name,))


async def delete(state: State, registry: Registry, name: str) -> Feed:
    """Take a feed and all its holds away: the feed that it was. Raises FeedNotFound."""

    async def work(tx: Tx) -> Feed:
        found = await feeds.find(tx, registry, name)
        if found is None:
            raise FeedNotFound(name)
        await feeds.delete(tx, registry, name)
        return found

    return await state.db.write(work)


def _read(reported: Sequence[str], registry: Registry) -> Wanted:
    wanted: dict[str, dict[str, Reference]] = {}
    for text in sorted(set(reported)):
        found = references.reference(text, registry)
        if found is not None:
            wanted.setdefault(found.repository, {})[text] = found
    return wanted


async def _resolved(tx: Tx, registry: Registry, wanted: Wanted) -> tuple[set[str], set[FeedHold]]:
    """The references that lead to an image, and what all of them hold."""
    known: set[str] = set()
    reasons: dict[tuple[str, str], str] = {}
    present = {row.name: row.id for row in await repositories.find_all(tx, registry, list(wanted))}
    for repository, listed in wanted.items():
        pointed, there = await _images(tx, present.get(repository), list(listed.values()))
        for text, reference in listed.items():
            digest = reference.digest or pointed.get(reference.tag or "")
            if digest is not None and (reference.digest is None or digest in there):
                known.add(text)
            for image in filter(None, (reference.tag, digest)):
                reasons.setdefault((repository, image), rules.reason_of_use(text))
    return known, {FeedHold(*place, reason) for place, reason in reasons.items()}


async def _images(tx: Tx, repository: int | None, listed: Sequence[Reference]) -> tuple[dict[str, str], set[str]]:
    if repository is None:
        return {}, set()
    tags = [item.tag for item in listed if item.tag is not None]
    digests = [item.digest for item in listed if item.digest is not None]
    return await images.resolved(tx, repository, tags, digests)


async def _replace(tx: Tx, draft: Hold, held: set[FeedHold]) -> None:
    """Let a feed hold exactly this; what it held before keeps its row, for most reports change little."""
    assert draft.feed is not None  # noqa: S101 - it is a feed's
    present = await feeds.holds_of(tx, draft.registry, draft.feed)
    await holds.delete_all(tx, [id_ for hold, id_ in present.items() if hold not in held])
    await holds.add_all(tx, [draft._replace(**hold._asdict()) for hold in sorted(held.difference(present))])
