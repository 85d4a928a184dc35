"""Rows of events, written in the transaction of what they tell of. The events of a tag are its history.

Who reads on from an id misses nothing because ids follow the order of commits: with one writer at a time they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.causes import Cause
from wharfinger.domain.images import ImageId
from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Row, Tx

Action = Literal["PUSH", "DELETE", "RESTORE", "EXPIRE"]  # of the last: its term in the bin ended
_COLUMNS: Final = "id, account, region, repository, at, action, digest, tag, principal, operation, deletion_id"
_IN_REPOSITORY: Final = ("", "AND repository = :repository ")
_OF_TAG: Final = ("AND tag IS NOT NULL ", "AND tag = :tag ")
_SIDE: Final = ("at <= :at ORDER BY id DESC", "at > :at ORDER BY id")


class Event(NamedTuple):
    """What happened to an image, or to one tag of it."""

    id: int
    registry: Registry
    repository: str
    at: int
    action: Action
    digest: str
    tag: str | None
    principal: str  # ARN of who asked
    operation: str  # by which way
    deletion: int | None


async def add(
    tx: Tx,
    registry: Registry,
    repository: str,
    action: Action,
    images: Iterable[ImageId],
    cause: Cause,
    now: int,
    deletion: int | None = None,
) -> None:
    """One event for each pair of digest and tag."""
    await tx.many(
        "INSERT INTO events (account, region, repository, at, action, digest, tag, principal, operation, deletion_id) "
        "VALUES (:account, :region, :repository, :now, :action, :digest, :tag, :principal, :operation, :deletion)",
        [
            {
                "account": registry.account,
                "region": registry.region,
                "repository": repository,
                "now": now,
                "action": action,
                "digest": image.digest,
                "tag": image.tag,
                "principal": cause.principal,
                "operation": cause.operation,
                "deletion": deletion,
            }
            for image in images
        ],
    )


async def add_expiry(tx: Tx, images: Sequence[int], operation: str, now: int) -> None:
    """One event for each of some images in the bin, in the name of who deleted it; its tags went before it."""
    await tx.run(
        "INSERT INTO events (account, region, repository, at, action, digest, tag, principal, operation, deletion_id) "
        "SELECT d.account, d.region, d.repository, :now, 'EXPIRE', i.digest, NULL, d.principal, :operation, d.id "
        "FROM images i JOIN deletions d ON d.id = i.deletion_id WHERE i.id IN EACH(:images) ORDER BY i.id",
        now=now,
        operation=operation,
        images=images,
    )


async def last(tx: Tx) -> int:
    """The id of the newest event of all registries, 0 if there is none."""
    row = await tx.one("SELECT id FROM events ORDER BY id DESC LIMIT 1")
    return int(row[0]) if row else 0


async def last_before(tx: Tx, at: int) -> int:
    """The id of the newest event of before a time, by its time and not by its id; 0 if there is none."""
    row = await tx.one("SELECT id FROM events WHERE at < :at ORDER BY at DESC, id DESC LIMIT 1", at=at)
    return int(row[0]) if row else 0


async def repositories_after(tx: Tx, registry: Registry, after: int, limit: int) -> list[str]:
    """The repositories of events after an id, one entry for each event, in their order."""
    rows = await tx.all(
        "SELECT repository FROM events WHERE account = :account AND region = :region AND id > :after "
        "ORDER BY id LIMIT :limit",
        account=registry.account,
        region=registry.region,
        after=after,
        limit=limit,
    )
    return [row[0] for row in rows]


async def page(tx: Tx, registry: Registry, repository: str | None, since: int, after: int, limit: int) -> list[Event]:
    """Events in their order, those after an id and not before a time."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM events WHERE account = :account AND region = :region AND id > :after "
        f"AND at >= :since {_IN_REPOSITORY[repository is not None]}ORDER BY id LIMIT :limit",
        account=registry.account,
        region=registry.region,
        repository=repository,
        since=since,
        after=after,
        limit=limit,
    )
    return [_event(row) for row in rows]


async def of_tags(tx: Tx, registry: Registry, repository: str, tag: str | None, before: int, limit: int) -> list[Event]:
    """What happened to a tag, or to all tags of a repository; newest first, those before an id."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM events WHERE account = :account AND region = :region "
        f"AND repository = :repository AND id < :before {_OF_TAG[tag is not None]}ORDER BY id DESC LIMIT :limit",
        account=registry.account,
        region=registry.region,
        repository=repository,
        tag=tag,
        before=before,
        limit=limit,
    )
    return [_event(row) for row in rows]


async def around(tx: Tx, registry: Registry, repository: str, tag: str, at: int) -> tuple[Event | None, Event | None]:
    """What last happened to a tag until a moment, and what happened to it next."""
    found: list[Event | None] = []
    for later in (False, True):
        row = await tx.one(
            f"SELECT {_COLUMNS} FROM events WHERE account = :account AND region = :region "
            f"AND repository = :repository AND tag = :tag AND {_SIDE[later]} LIMIT 1",
            account=registry.account,
            region=registry.region,
            repository=repository,
            tag=tag,
            at=at,
        )
        found.append(_event(row) if row else None)
    return found[0], found[1]


# by the events of a deletion its tags are found, as long as they can be restored
_FORGETTABLE: Final = "at < :before AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.id = events.deletion_id)"


async def are_forgettable(tx: Tx, before: int) -> bool:
    """Whether there are events of before then that tell of nothing in the bin."""
    return await tx.one(f"SELECT 1 FROM events WHERE {_FORGETTABLE} LIMIT 1", before=before) is not None


async def forget(tx: Tx, before: int, limit: int) -> None:
    """Drop the oldest events of before then that tell of nothing in the bin."""
    await tx.run(
        f"DELETE FROM events WHERE id IN (SELECT id FROM events WHERE {_FORGETTABLE} ORDER BY at LIMIT :limit)",
        before=before,
        limit=limit,
    )


def _event(row: Row) -> Event:
    id_, account, region, *rest = row
    return Event(id_, Registry(account, region), *rest)
