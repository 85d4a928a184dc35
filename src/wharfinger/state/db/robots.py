"""Rows of robots: named logins of container clients, each with what it may do and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from wharfinger.domain.names import Registry
from wharfinger.state.db import rights
from wharfinger.state.db.database import Row, Tx

_COLUMNS: Final = (
    "id, account, region, name, actions, repositories, token_hash, created_at, created_by, expires_at, used_at"
)


class Robot(NamedTuple):
    """A robot; its token is known by its hash only."""

    id: str
    registry: Registry
    name: str
    actions: Sequence[str]
    repositories: Sequence[str]  # patterns
    token_hash: bytes
    created_at: int
    created_by: str
    expires_at: int | None
    used_at: int | None = None

    def __repr__(self) -> str:
        return f"Robot({self.id}, …)"


async def find(tx: Tx, registry: Registry, name: str) -> Robot | None:
    """The robot of this name."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM robots WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return _robot(row) if row else None


async def of_token(tx: Tx, token_hash: bytes) -> Robot | None:
    """The robot with this token."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM robots WHERE token_hash = :hash", hash=token_hash)
    return _robot(row) if row else None


async def page(tx: Tx, registry: Registry, after: str, limit: int) -> list[Robot]:
    """By name, those after `after`."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM robots WHERE account = :account AND region = :region AND name > :after "
        "ORDER BY name LIMIT :limit",
        account=registry.account,
        region=registry.region,
        after=after,
        limit=limit,
    )
    return [_robot(row) for row in rows]


async def count(tx: Tx, registry: Registry) -> int:
    """How many robots a registry has."""
    row = await tx.one(
        "SELECT count(*) FROM robots WHERE account = :account AND region = :region",
        account=registry.account,
        region=registry.region,
    )
    return int(row[0]) if row else 0


async def put(tx: Tx, new: Robot) -> None:
    """Insert, or put in the place of the one of the same name."""
    await tx.run(
        f"INSERT INTO robots ({_COLUMNS}) VALUES (:id, :account, :region, :name, :actions, :repositories, "
        ":token_hash, :created_at, :created_by, :expires_at, :used_at) ON CONFLICT (account, region, name) DO UPDATE "
        "SET id = excluded.id, actions = excluded.actions, repositories = excluded.repositories, "
        "token_hash = excluded.token_hash, created_at = excluded.created_at, created_by = excluded.created_by, "
        "expires_at = excluded.expires_at, used_at = excluded.used_at",
        id=new.id,
        account=new.registry.account,
        region=new.registry.region,
        name=new.name,
        actions=_json(new.actions),
        repositories=_json(new.repositories),
        token_hash=new.token_hash,
        created_at=new.created_at,
        created_by=new.created_by,
        expires_at=new.expires_at,
        used_at=new.used_at,
    )
    await rights.changed(tx)


async def set_used(tx: Tx, robot: str, now: int) -> None:
    """Note that a robot has logged in."""
    await tx.run("UPDATE robots SET used_at = :now WHERE id = :id", now=now, id=robot)


async def delete(tx: Tx, registry: Registry, name: str) -> None:
    """Drop a robot."""
    await tx.run(
        "DELETE FROM robots WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    await rights.changed(tx)


def _robot(row: Row) -> Robot:
    id_, account, region, name, actions, repositories, *rest = row
    return Robot(
        id_,
        Registry(account, region),
        name,
        msgspec.json.decode(actions),
        msgspec.json.decode(repositories),
        *rest,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
