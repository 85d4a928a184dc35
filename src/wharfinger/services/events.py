"""What happened to images: as a list, in the words of EventBridge's `ECR Image Action`, and as the history of tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from wharfinger.domain.faults import ImageNotFound
from wharfinger.domain.images import ImageId
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.clock import MINUTE, SECOND
from wharfinger.state.db import deletions, events, images, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.events import Event

Whereabouts = Literal["PRESENT", "IN_BIN", "GONE"]
_LAST: Final = 2**62  # before it comes every id
_SKEW: Final = MINUTE  # an event is at most so much older than one before it: workers ask the clock, then wait


class Moment(NamedTuple):
    """What a tag pointed to for some time, and where that image is now."""

    digest: str
    since: int
    until: int | None  # None: it still does
    whereabouts: Whereabouts
    deletion: int | None  # where it is in the bin


def bridged(state: State, event: Event) -> dict[str, Any]:
    """An event as EventBridge carries it. Its `id` stays the same, and no other server gives it to an event."""
    detail = {
        "result": "SUCCESS",
        "repository-name": event.repository,
        "image-digest": event.digest,
        "action-type": event.action,
        **({"image-tag": event.tag} if event.tag is not None else {}),
    }
    return {
        "version": "0",
        "id": state.secrets.uuid("event", str(event.id)),
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": event.registry.account,
        "time": datetime.fromtimestamp(event.at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": event.registry.region,
        "resources": [],
        "detail": detail,
    }


async def page(
    state: State,
    caller: Caller,
    registry: Registry,
    repository: str | None,
    since: int,
    token: str | None,
    limit: int | None,
) -> Page[Event]:
    """Events from a time on, in the order in which they happened."""
    pages = Pages(state, caller, "events", *registry, repository or "", str(since))
    after = pages.position(token)[0] if token else await state.db.ask(events.last_before, since - _SKEW)
    most = limit or DEFAULT
    found = await state.db.ask(events.page, registry, repository, since, after, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda event: (event.id,))


async def history(
    state: State,
    caller: Caller,
    registry: Registry,
    repository: str,
    tag: str | None,
    token: str | None,
    limit: int | None,
) -> Page[Event]:
    """What happened to a tag, or to all tags of a repository; newest first. The repository may be gone."""
    pages = Pages(state, caller, "tag history", *registry, repository, tag or "")
    before = pages.position(token)[0] if token else _LAST
    most = limit or DEFAULT
    found = await state.db.ask(events.of_tags, registry, repository, tag, before, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda event: (event.id,))


async def at_time(state: State, registry: Registry, repository: str, tag: str, at: int) -> Moment:
    """What a tag pointed to at a moment. Raises ImageNotFound if it was not there, or nobody knows any more."""
    now = state.clock()

    async def work(tx: Tx) -> Moment:
        last, following = await events.around(tx, registry, repository, tag, at)
        if last is None or last.action == "DELETE":
            raise ImageNotFound(registry, repository, None, tag)
        where, deletion = await _whereabouts(tx, registry, repository, last.digest, now)
        return Moment(last.digest, last.at, following.at if following else None, where, deletion)

    return await state.db.read(work)


async def _whereabouts(
    tx: Tx, registry: Registry, repository: str, digest: str, now: int
) -> tuple[Whereabouts, int | None]:
    found = await repositories.find(tx, registry, repository)
    if found is not None and await images.select(tx, found.id, [ImageId(digest=digest)]):
        return "PRESENT", None
    for row in await deletions.newest(tx, registry, repository, [digest], now):
        return "IN_BIN", row.deletion.id
    return "GONE", None
