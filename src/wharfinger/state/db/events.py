"""Rows of events, written in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Tx


async def add(tx: Tx, registry: Registry, repository: str, details: Iterable[Mapping[str, str]], now: int) -> None:
    """Append events of a repository, each with the `detail` that EventBridge would carry."""
    await tx.many(
        "INSERT INTO events (account, region, repository, at, detail) "
        "VALUES (:account, :region, :repository, :now, :detail)",
        [
            {
                "account": registry.account,
                "region": registry.region,
                "repository": repository,
                "now": now,
                "detail": msgspec.json.encode(detail).decode(),
            }
            for detail in details
        ],
    )


async def forget_older_than(tx: Tx, before: int) -> None:
    """Drop events of before then."""
    await tx.run("DELETE FROM events WHERE at < :before", before=before)
