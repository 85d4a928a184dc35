"""Rows of feeds, each a list of the images that are in use somewhere. What a feed holds are rows of holds."""

from __future__ import annotations

from typing import Final, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Tx

_SELECT: Final = (
    "SELECT f.name, f.reported_at, f.late_at, (SELECT count(*) FROM holds h WHERE h.account = f.account "
    "AND h.region = f.region AND h.feed = f.name) FROM feeds f WHERE f.account = :account AND f.region = :region "
)


class Feed(NamedTuple):
    """A feed, as its last report left it."""

    name: str
    reported_at: int
    late_at: int
    hold_count: int

    def is_late(self, now: int) -> bool:
        """Whether the next report should have come; what the last one said stays held."""
        return now >= self.late_at


class FeedHold(NamedTuple):
    """A hold of a feed, as far as one differs from another."""

    repository: str
    image: str
    reason: str


async def find(tx: Tx, registry: Registry, name: str) -> Feed | None:
    """The feed of this name."""
    row = await tx.one(f"{_SELECT}AND f.name = :name", account=registry.account, region=registry.region, name=name)
    return Feed(*row) if row else None


async def page(tx: Tx, registry: Registry, after: str, limit: int) -> list[Feed]:
    """By name, those after `after`."""
    rows = await tx.all(
        f"{_SELECT}AND f.name > :after ORDER BY f.name LIMIT :limit",
        account=registry.account,
        region=registry.region,
        after=after,
        limit=limit,
    )
    return [Feed(*row) for row in rows]


async def others(tx: Tx, registry: Registry, name: str) -> int:
    """How many feeds have another name."""
    row = await tx.one(
        "SELECT count(*) FROM feeds WHERE account = :account AND region = :region AND name <> :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return int(row[0]) if row else 0


async def put(tx: Tx, registry: Registry, name: str, reported_at: int, late_at: int) -> None:
    """Store when a feed reported, whether or not it did before."""
    await tx.run(
        "INSERT INTO feeds (account, region, name, reported_at, late_at) "
        "VALUES (:account, :region, :name, :reported_at, :late_at) ON CONFLICT (account, region, name) "
        "DO UPDATE SET reported_at = excluded.reported_at, late_at = excluded.late_at",
        account=registry.account,
        region=registry.region,
        name=name,
        reported_at=reported_at,
        late_at=late_at,
    )


async def holds_of(tx: Tx, registry: Registry, name: str) -> dict[FeedHold, int]:
    """What a feed holds, with the ids of the holds."""
    rows = await tx.all(
        "SELECT repository, image, reason, id FROM holds "
        "WHERE account = :account AND region = :region AND feed = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return {FeedHold(repository, image, reason): id_ for repository, image, reason, id_ in rows}


async def delete(tx: Tx, registry: Registry, name: str) -> None:
    """Delete a feed with all that it holds."""
    for statement in (
        "DELETE FROM holds WHERE account = :account AND region = :region AND feed = :name",
        "DELETE FROM feeds WHERE account = :account AND region = :region AND name = :name",
    ):
        await tx.run(statement, account=registry.account, region=registry.region, name=name)
