"""Rows of holds: what must not be deleted, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wharfinger.domain.holds import Hold
from wharfinger.domain.names import Registry
from wharfinger.state.db.database import Row, Tx, Value
from wharfinger.state.db.repositories import Repository

Position = tuple[int, str, str, int]
FIRST: Final[Position] = (0, "", "", 0)
_COLUMNS: Final = "id, repository, image, reason, feed, created_at, created_by, expires_at"
_SELECT: Final = (
    f"SELECT {_COLUMNS} FROM holds WHERE account = :account AND region = :region "
    "AND (expires_at IS NULL OR expires_at > :now) "
)
_AFTER: Final = (
    "AND (repository, image, id) > (:repository, :image, :id) ",
    "AND repository = :name AND (image, id) > (:image, :id) ",
)
_INSERT: Final = (
    "INSERT INTO holds (account, region, repository, image, is_pattern, reason, feed, created_at, created_by, "
    "expires_at) VALUES (:account, :region, :repository, :image, :is_pattern, :reason, :feed, :created_at, "
    ":created_by, :expires_at) "
)


# --- looking -------------------------------------------------------------------------------------------------


async def find(tx: Tx, registry: Registry, id_: int, now: int) -> Hold | None:
    """A hold of the registry whose term is not over."""
    row = await tx.one(f"{_SELECT}AND id = :id", account=registry.account, region=registry.region, now=now, id=id_)
    return _hold(registry, row) if row else None


async def patterns(tx: Tx, registry: Registry, now: int) -> list[Hold]:
    """All holds with a pattern, of repositories or of tags."""
    rows = await tx.all(
        f"{_SELECT}AND is_pattern = 1 ORDER BY repository, image, id",
        account=registry.account,
        region=registry.region,
        now=now,
    )
    return [_hold(registry, row) for row in rows]


async def naming_an_image(tx: Tx, repository: Repository, now: int) -> Hold | None:
    """A hold without a pattern, on a digest or a tag that the repository has."""
    row = await tx.one(
        f"{_SELECT}AND is_pattern = 0 AND repository = :name AND ("
        "EXISTS (SELECT 1 FROM images i WHERE i.repository_id = :repository AND i.digest = holds.image) OR "
        "EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = :repository AND t.name = holds.image)) "
        "ORDER BY image, id LIMIT 1",
        account=repository.registry.account,
        region=repository.registry.region,
        name=repository.name,
        repository=repository.id,
        now=now,
    )
    return _hold(repository.registry, row) if row else None


def position(hold: Hold) -> Position:
    """Where a hold stands among all."""
    return int(hold.is_pattern), hold.repository, hold.image, hold.id


async def page(tx: Tx, registry: Registry, repository: str | None, after: Position, now: int, limit: int) -> list[Hold]:
    """By repository and image, those with patterns last; of one repository, those that cover it."""
    found: list[Hold] = []
    if after[0] == 0:
        rows = await tx.all(
            f"{_SELECT}AND is_pattern = 0 {_AFTER[repository is not None]}ORDER BY repository, image, id LIMIT :limit",
            account=registry.account,
            region=registry.region,
            name=repository,
            repository=after[1],
            image=after[2],
            id=after[3],
            now=now,
            limit=limit,
        )
        found = [_hold(registry, row) for row in rows]
    if len(found) < limit:
        further = [hold for hold in await patterns(tx, registry, now) if position(hold) > after]
        found += [hold for hold in further if repository is None or hold.covers(repository)]
    return found[:limit]


async def counts(tx: Tx, registry: Registry) -> tuple[int, int]:
    """How many there are beside those of feeds, and how many of them have a pattern."""
    row = await tx.one(
        "SELECT count(*), sum(is_pattern) FROM holds WHERE account = :account AND region = :region AND feed IS NULL",
        account=registry.account,
        region=registry.region,
    )
    return (row[0], row[1] or 0) if row else (0, 0)


# --- changing ------------------------------------------------------------------------------------------------


async def renew(tx: Tx, new: Hold) -> int | None:
    """Put reason, term and origin of a hold over those of one on the same: its id, None if there is none."""
    row = await tx.one(
        "UPDATE holds SET reason = :reason, created_at = :created_at, created_by = :created_by, "
        "expires_at = :expires_at WHERE account = :account AND region = :region AND is_pattern = :is_pattern "
        "AND repository = :repository AND image = :image AND feed IS NULL RETURNING id",
        **_values(new),
    )
    return int(row[0]) if row else None


async def add(tx: Tx, new: Hold) -> int:
    """Insert: its id."""
    row = await tx.one(f"{_INSERT}RETURNING id", **_values(new), feed=new.feed)
    assert row is not None  # noqa: S101 - an insert that returns nothing has raised
    return int(row[0])


async def add_all(tx: Tx, new: Iterable[Hold]) -> None:
    """Insert many."""
    await tx.many(_INSERT, ({**_values(hold), "feed": hold.feed} for hold in new))


async def delete_all(tx: Tx, ids: Iterable[int]) -> None:
    """Drop holds."""
    await tx.many("DELETE FROM holds WHERE id = :id", ({"id": id_} for id_ in ids))


async def are_over(tx: Tx, now: int) -> bool:
    """Whether the term of any hold is over."""
    row = await tx.one("SELECT 1 FROM holds WHERE expires_at IS NOT NULL AND expires_at <= :now LIMIT 1", now=now)
    return row is not None


async def forget_over(tx: Tx, now: int) -> None:
    """Drop holds whose term is over."""
    await tx.run("DELETE FROM holds WHERE expires_at IS NOT NULL AND expires_at <= :now", now=now)


def _hold(registry: Registry, row: Row) -> Hold:
    id_, *rest = row
    return Hold(id_, registry, *rest)


def _values(hold: Hold) -> dict[str, Value]:
    return {
        "account": hold.registry.account,
        "region": hold.registry.region,
        "repository": hold.repository,
        "image": hold.image,
        "is_pattern": int(hold.is_pattern),
        "reason": hold.reason,
        "created_at": hold.created_at,
        "created_by": hold.created_by,
        "expires_at": hold.expires_at,
    }
