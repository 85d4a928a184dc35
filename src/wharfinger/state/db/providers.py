"""Rows of identity providers: issuers whose tokens an account believes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from wharfinger.state.db import rights
from wharfinger.state.db.database import Row, Tx

_COLUMNS: Final = "account, issuer, audiences, keys, is_declared, created_at"


class Provider(NamedTuple):
    """An issuer, and for whom its tokens have to be made."""

    account: str
    issuer: str  # URL
    audiences: Sequence[str]
    keys: str | None  # JSON Web Key Set; None: asked of the issuer
    is_declared: bool
    created_at: int


async def find(tx: Tx, account: str, issuer: str) -> Provider | None:
    """The provider with this issuer."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM identity_providers WHERE account = :account AND issuer = :issuer",
        account=account,
        issuer=issuer,
    )
    return _provider(row) if row else None


async def page(tx: Tx, account: str, after: str, limit: int) -> list[Provider]:
    """By issuer, those after `after`."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM identity_providers WHERE account = :account AND issuer > :after "
        "ORDER BY issuer LIMIT :limit",
        account=account,
        after=after,
        limit=limit,
    )
    return [_provider(row) for row in rows]


async def put(tx: Tx, new: Provider) -> None:
    """Insert, or change the audiences, keys and declaration of the one that is there."""
    await tx.run(
        f"INSERT INTO identity_providers ({_COLUMNS}) VALUES (:account, :issuer, :audiences, :keys, :is_declared, "
        ":created_at) ON CONFLICT (account, issuer) DO UPDATE SET audiences = excluded.audiences, "
        "keys = excluded.keys, is_declared = excluded.is_declared",
        account=new.account,
        issuer=new.issuer,
        audiences=msgspec.json.encode(new.audiences).decode(),
        keys=new.keys,
        is_declared=int(new.is_declared),
        created_at=new.created_at,
    )
    await rights.changed(tx)


async def delete(tx: Tx, account: str, issuer: str) -> None:
    """Drop a provider."""
    await tx.run(
        "DELETE FROM identity_providers WHERE account = :account AND issuer = :issuer", account=account, issuer=issuer
    )
    await rights.changed(tx)


def _provider(row: Row) -> Provider:
    account, issuer, audiences, keys, is_declared, created_at = row
    return Provider(account, issuer, msgspec.json.decode(audiences), keys, bool(is_declared), created_at)
