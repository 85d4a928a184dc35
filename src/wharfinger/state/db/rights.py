"""How often anything was changed that decides who may do what: as long as that stays, decisions stay."""

from __future__ import annotations

from typing import Final

from wharfinger.state.db.database import Tx

VERSION: Final = "SELECT version FROM rights_version"


async def version(tx: Tx) -> int:
    """A number that every change of rights makes larger."""
    row = await tx.one(VERSION)
    return int(row[0]) if row else 0


async def changed(tx: Tx) -> None:
    """Note a change of rights in the transaction that makes it."""
    await tx.run("UPDATE rights_version SET version = version + 1")
