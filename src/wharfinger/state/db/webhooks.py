"""Rows of webhooks: where events are delivered to, and how far that is.

A webhook is its own lease: whoever delivers moves `due_at` to the time at which it is given up, and only who finds
that time unchanged may say how it went.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Row, Tx

_COLUMNS: Final = (
    "account, region, name, url, secret, repositories, created_at, delivered_up_to, attempts, failure, due_at"
)


class Webhook(NamedTuple):
    """An address, what is delivered to it, and the state of that."""

    registry: Registry
    name: str
    url: str
    secret: bytes | None  # encrypted
    repositories: str  # pattern
    created_at: int
    delivered_up_to: int  # id of the last event that was delivered, or was not for it
    attempts: int  # failed ones since then
    failure: str | None  # what the last of them failed with
    due_at: int


async def find(tx: Tx, registry: Registry, name: str) -> Webhook | None:
    """The webhook of this name."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM webhooks WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return _webhook(row) if row else None


async def page(tx: Tx, registry: Registry, after: str, limit: int) -> list[Webhook]:
    """By name, those after `after`."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM webhooks WHERE account = :account AND region = :region AND name > :after "
        "ORDER BY name LIMIT :limit",
        account=registry.account,
        region=registry.region,
        after=after,
        limit=limit,
    )
    return [_webhook(row) for row in rows]


async def put(tx: Tx, new: Webhook) -> None:
    """Insert, or put in the place of the one of the same name."""
    await tx.run(
        "INSERT INTO webhooks (account, region, name, url, secret, repositories, created_at, delivered_up_to, "
        "attempts, failure, due_at) VALUES (:account, :region, :name, :url, :secret, :repositories, :created_at, "
        ":delivered_up_to, :attempts, :failure, :due_at) ON CONFLICT (account, region, name) DO UPDATE SET "
        "url = excluded.url, secret = excluded.secret, repositories = excluded.repositories, "
        "attempts = excluded.attempts, failure = excluded.failure, due_at = excluded.due_at",
        account=new.registry.account,
        region=new.registry.region,
        name=new.name,
        url=new.url,
        secret=new.secret,
        repositories=new.repositories,
        created_at=new.created_at,
        delivered_up_to=new.delivered_up_to,
        attempts=new.attempts,
        failure=new.failure,
        due_at=new.due_at,
    )


async def delete(tx: Tx, registry: Registry, name: str) -> None:
    """Drop a webhook."""
    await tx.run(
        "DELETE FROM webhooks WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )


_DUE: Final = (
    "FROM webhooks w WHERE w.due_at <= :now AND EXISTS (SELECT 1 FROM events e "
    "WHERE e.account = w.account AND e.region = w.region AND e.id > w.delivered_up_to)"
)


async def is_any_due(tx: Tx, now: int) -> bool:
    """Whether an event waits for a webhook that may be tried."""
    return await tx.one(f"SELECT 1 {_DUE} LIMIT 1", now=now) is not None


async def take(tx: Tx, now: int, until: int, limit: int) -> list[Webhook]:
    """Take those that have been due longest, until a time at which others may; each with that as its `due_at`."""
    rows = await tx.all(
        "UPDATE webhooks SET due_at = :until WHERE due_at <= :now AND (account, region, name) IN "
        f"(SELECT w.account, w.region, w.name {_DUE} ORDER BY w.due_at LIMIT :limit) RETURNING {_COLUMNS}",
        now=now,
        until=until,
        limit=limit,
    )
    return [_webhook(row) for row in rows]


async def settle(tx: Tx, taken: Webhook, after: Webhook) -> None:
    """How a delivery went. Nothing happens if the webhook was taken by another or replaced meanwhile."""
    await tx.run(
        "UPDATE webhooks SET delivered_up_to = :delivered_up_to, attempts = :attempts, failure = :failure, "
        "due_at = :due_at WHERE account = :account AND region = :region AND name = :name AND due_at = :until "
        "AND delivered_up_to = :start",
        account=taken.registry.account,
        region=taken.registry.region,
        name=taken.name,
        until=taken.due_at,
        start=taken.delivered_up_to,
        delivered_up_to=after.delivered_up_to,
        attempts=after.attempts,
        failure=after.failure,
        due_at=after.due_at,
    )


def _webhook(row: Row) -> Webhook:
    account, region, *rest = row
    return Webhook(Registry(account, region), *rest)
