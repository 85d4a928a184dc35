"""Rows of access keys. Secrets are encrypted before they come here."""

from __future__ import annotations

from typing import Final, NamedTuple

from wharfinger.state.db import rights
from wharfinger.state.db.database import Tx

COLUMNS: Final = "id, account, principal, secret, created_at, user_id, disabled_at, used_at, is_declared"


class AccessKey(NamedTuple):
    """An access key with its secret as it is stored."""

    id: str
    account: str
    principal: str  # ARN
    secret: bytes
    created_at: int
    user: str | None = None  # id; None: the root's
    disabled_at: int | None = None
    used_at: int | None = None
    is_declared: int = 0  # 1: by the access file, which alone may change it

    def __repr__(self) -> str:
        return f"AccessKey({self.id}, …)"


async def find(tx: Tx, key: str) -> AccessKey | None:
    """The access key with this id."""
    row = await tx.one(f"SELECT {COLUMNS} FROM access_keys WHERE id = :id", id=key)
    return AccessKey(*row) if row else None


async def oldest(tx: Tx, account: str) -> AccessKey | None:
    """The first access key that the root of an account got, of those that are not disabled."""
    row = await tx.one(
        f"SELECT {COLUMNS} FROM access_keys WHERE account = :account AND user_id IS NULL AND disabled_at IS NULL "
        "ORDER BY created_at, id LIMIT 1",
        account=account,
    )
    return AccessKey(*row) if row else None


async def of_user(tx: Tx, user: str) -> list[AccessKey]:
    """The access keys of a user, the oldest first."""
    rows = await tx.all(f"SELECT {COLUMNS} FROM access_keys WHERE user_id = :user ORDER BY created_at, id", user=user)
    return [AccessKey(*row) for row in rows]


async def of_root(tx: Tx, account: str) -> list[AccessKey]:
    """The access keys of the root of an account, the oldest first."""
    rows = await tx.all(
        f"SELECT {COLUMNS} FROM access_keys WHERE account = :account AND user_id IS NULL ORDER BY created_at, id",
        account=account,
    )
    return [AccessKey(*row) for row in rows]


async def add(tx: Tx, key: AccessKey) -> None:
    """Store a new access key."""
    await tx.run(
        f"INSERT INTO access_keys ({COLUMNS}) "
        "VALUES (:id, :account, :principal, :secret, :created_at, :user, :disabled_at, :used_at, :is_declared)",
        **key._asdict(),
    )
    await rights.changed(tx)


async def set_disabled(tx: Tx, key: str, disabled_at: int | None) -> None:
    """Disable an access key, or enable it again."""
    await tx.run("UPDATE access_keys SET disabled_at = :disabled_at WHERE id = :id", disabled_at=disabled_at, id=key)
    await rights.changed(tx)


async def set_used(tx: Tx, key: str, now: int) -> None:
    """Note that an access key was used."""
    await tx.run("UPDATE access_keys SET used_at = :now WHERE id = :id", now=now, id=key)


async def delete(tx: Tx, key: str) -> None:
    """Drop an access key."""
    await tx.run("DELETE FROM access_keys WHERE id = :id", id=key)
    await rights.changed(tx)
