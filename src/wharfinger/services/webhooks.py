"""Web hooks: events are POSTed to an address, in order, until it takes them.

Each webhook has a cursor over the events of its registry, which moves after an answer of 2xx only, so an event is
delivered at least once. What a delivery looks like: docs/reference/events.md.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from wharfinger import __version__
from wharfinger.domain import patterns
from wharfinger.domain.faults import TooManyWebhooks, WebhookHostRefused, WebhookNotFound, WebhookUrlInvalid
from wharfinger.domain.names import Registry
from wharfinger.domain.receivers import Failure, receiver
from wharfinger.services import outgoing
from wharfinger.services.access import Caller
from wharfinger.services.events import bridged
from wharfinger.services.outgoing import Failed
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.clock import HOUR, SECOND
from wharfinger.state.db import events, webhooks
from wharfinger.state.db.database import Tx
from wharfinger.state.db.events import Event
from wharfinger.state.db.webhooks import Webhook

log = logging.getLogger(__name__)
LIMIT: Final = 20  # webhooks of a registry
MOST_COUNTED: Final = 1000
MOST_EVENTS: Final = 100  # in one delivery
FIRST_PAUSE: Final = 2 * SECOND
LONGEST_PAUSE: Final = HOUR
# a delivery ends by itself long before another worker may begin with it
LEASE: Final = 3 * outgoing.SECONDS * SECOND
_AT_ONCE: Final = 2 * LIMIT  # deliveries of one worker, more than one registry can keep waiting for its receivers
_SCANNED: Final = 500
_POLL_SECONDS: Final = 1


# --- use cases -----------------------------------------------------------------------------------------------


async def put(
    state: State, registry: Registry, name: str, url: str, *, secret: str | None, repositories: str | None
) -> Webhook:
    """Deliver every event from now on; of a webhook that is there, change where to and what, and try at once.

    Raises WebhookUrlInvalid, WebhookHostRefused, TooManyWebhooks.
    """
    await _check(state, url)
    now = state.clock()
    encrypted = state.secrets.encrypt(secret, _bound_to(registry, name)) if secret is not None else None

    async def work(tx: Tx) -> Webhook:
        found = await webhooks.find(tx, registry, name)
        if found is None and len(await webhooks.page(tx, registry, "", LIMIT)) >= LIMIT:
            raise TooManyWebhooks(LIMIT)
        created_at, cursor = (found.created_at, found.delivered_up_to) if found else (now, await events.last(tx))
        new = Webhook(registry, name, url, encrypted, repositories or "*", created_at, cursor, 0, None, now)
        await webhooks.put(tx, new)
        return new

    return await state.db.write(work)


async def page(
    state: State, caller: Caller, registry: Registry, token: str | None, limit: int | None
) -> Page[tuple[Webhook, int]]:
    """Webhooks by name, each with how many events wait for it, of which MOST_COUNTED are looked at."""
    pages = Pages(state, caller, "webhooks", *registry)
    after = pages.position(token)[0] if token else ""
    most = limit or DEFAULT

    async def work(tx: Tx) -> list[tuple[Webhook, int]]:
        return [(row, await _waiting(tx, row)) for row in await webhooks.page(tx, registry, after, most + 1)]

    found = await state.db.read(work)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda row: (row[0].name,))


async def waiting(state: State, webhook: Webhook) -> int:
    """How many events wait for a webhook; MOST_COUNTED are looked at."""
    return await state.db.read(_waiting, webhook)


async def delete(state: State, registry: Registry, name: str) -> Webhook:
    """End the deliveries of a webhook. Raises WebhookNotFound."""

    async def work(tx: Tx) -> Webhook:
        found = await webhooks.find(tx, registry, name)
        if found is None:
            raise WebhookNotFound(name)
        await webhooks.delete(tx, registry, name)
        return found

    return await state.db.write(work)


async def _waiting(tx: Tx, webhook: Webhook) -> int:
    names = await events.repositories_after(tx, webhook.registry, webhook.delivered_up_to, MOST_COUNTED)
    return sum(patterns.matches(webhook.repositories, name) for name in names)


async def _check(state: State, url: str) -> None:
    found = receiver(url)
    if found is None:
        raise WebhookUrlInvalid
    try:
        async with asyncio.timeout(outgoing.SECONDS):
            await outgoing.addresses(found, private=state.rules.webhook_private)
    except (Failed, TimeoutError):
        raise WebhookHostRefused(found.host) from None


def _bound_to(registry: Registry, name: str) -> str:
    return f"webhook {registry.account} {registry.region} {name}"


# --- delivering ----------------------------------------------------------------------------------------------


async def run_forever(state: State) -> None:
    """Deliver, until cancelled. Every worker does this; a webhook is delivered to by one at a time.

    It is no job like others, because a receiver that is slow must hold up nothing but itself.
    """
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            try:
                under_way.update(
                    asyncio.create_task(_deliver_safely(state, webhook))
                    for webhook in await _take(state, _AT_ONCE - len(under_way))
                )
            except Exception:
                log.exception("webhooks cannot be read")
            if under_way:
                _, under_way = await asyncio.wait(under_way, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(_POLL_SECONDS)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def deliver_due(state: State) -> bool:
    """One delivery of each webhook that is due, all at once; False if none is."""
    taken = await _take(state, _AT_ONCE)
    await asyncio.gather(*(_deliver_safely(state, webhook) for webhook in taken))
    return bool(taken)


async def _take(state: State, most: int) -> Sequence[Webhook]:
    now = state.clock()
    if most <= 0 or not await state.db.ask(webhooks.is_any_due, now):
        return []
    return await state.db.write(webhooks.take, now, now + LEASE, most)


async def _deliver_safely(state: State, webhook: Webhook) -> None:
    try:
        await _deliver(state, webhook)
    except asyncio.CancelledError:
        # the server stops: whoever comes next need not wait for the end of the lease
        await state.db.write(webhooks.settle, webhook, webhook._replace(due_at=state.clock()))
        raise
    except Exception:
        log.exception("webhook %s of %s cannot be delivered to", webhook.name, webhook.registry)


async def _deliver(state: State, webhook: Webhook) -> None:
    """The next events in one POST. Those that the webhook does not want are passed over."""
    found = await state.db.ask(events.page, webhook.registry, None, 0, webhook.delivered_up_to, _SCANNED)
    wanted = [event for event in found if patterns.matches(webhook.repositories, event.repository)][:MOST_EVENTS]
    failure = await _post(state, webhook, wanted) if wanted else None
    now = state.clock()
    if failure is None:
        state.counts.deliveries_done += bool(wanted)
        seen = wanted if len(wanted) == MOST_EVENTS else found
        up_to = seen[-1].id if seen else webhook.delivered_up_to  # none: their time was over
        after = webhook._replace(delivered_up_to=up_to, attempts=0, failure=None, due_at=now)
    else:
        state.counts.deliveries_failed += 1
        attempts = webhook.attempts + 1
        log.warning("webhook %s of %s, attempt %d: %s", webhook.name, webhook.registry, attempts, failure)
        after = webhook._replace(attempts=attempts, failure=str(failure), due_at=now + pause(attempts))
    await state.db.write(webhooks.settle, webhook, after)


def pause(attempts: int) -> int:
    """How long to wait after so many failed attempts, milliseconds."""
    return min(LONGEST_PAUSE, FIRST_PAUSE << min(attempts - 1, 20))


async def _post(state: State, webhook: Webhook, wanted: Sequence[Event]) -> Failure | None:
    to = receiver(webhook.url)
    assert to is not None  # noqa: S101 - it was checked when it was put
    body = msgspec.json.encode([bridged(state, event) for event in wanted])
    try:
        status = await outgoing.post(to, _headers(state, webhook, body), body, private=state.rules.webhook_private)
    except Failed as failed:
        return failed.failure
    return None if 200 <= status < 300 else Failure("Answered", str(status))


def _headers(state: State, webhook: Webhook, body: bytes) -> dict[str, str]:
    """The time is part of what is signed, so that nobody can send an old delivery again and pass it off as new."""
    timestamp = str(state.clock() // SECOND)
    headers = {
        "content-type": "application/json",
        "user-agent": f"wharfinger/{__version__}",
        "x-wharfinger-webhook": webhook.name,
        "x-wharfinger-timestamp": timestamp,
    }
    if webhook.secret is not None:
        secret = state.secrets.decrypt(webhook.secret, _bound_to(webhook.registry, webhook.name))
        signature = hmac.digest(secret.encode(), b"%s.%s" % (timestamp.encode(), body), "sha256").hex()
        headers["x-wharfinger-signature"] = f"sha256={signature}"
    return headers
