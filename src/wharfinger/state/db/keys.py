"""Rows of access keys. Secrets are encrypted before they come here."""

from __future__ import annotations

from typing import NamedTuple

from wharfinger.state.db.database import Tx


class AccessKey(NamedTuple):
    """An access key with its secret as it is stored."""

    id: str
    account: str
    principal: str
    secret: bytes


async def find(tx: Tx, key: str) -> AccessKey | None:
    """The access key with this id."""
    row = await tx.one("SELECT id, account, principal, secret FROM access_keys WHERE id = :id", id=key)
    return AccessKey(*row) if row else None


async def oldest(tx: Tx, account: str) -> AccessKey | None:
    """The first access key that an account got."""
    row = await tx.one(
        "SELECT id, account, principal, secret FROM access_keys WHERE account = :account "
        "ORDER BY created_at, id LIMIT 1",
        account=account,
    )
    return AccessKey(*row) if row else None


async def add(tx: Tx, key: AccessKey, now: int) -> None:
    """Store a new access key."""
    await tx.run(
        "INSERT INTO access_keys (id, account, principal, secret, created_at) "
        "VALUES (:id, :account, :principal, :secret, :now)",
        id=key.id,
        account=key.account,
        principal=key.principal,
        secret=key.secret,
        now=now,
    )
