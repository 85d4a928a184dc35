"""Work for a database of a test's own that has a table `notes`, with a column `name`."""

from __future__ import annotations

from typing import Final

from wharfinger.domain.faults import BlobNotFound
from wharfinger.state.db.database import Tx

INSERT: Final = "INSERT INTO notes (name) VALUES (:name)"


async def add(tx: Tx, name: str) -> str:
    """A note: its name."""
    await tx.run(INSERT, name=name)
    return name


async def add_and_fail(tx: Tx, name: str) -> None:
    """A note that a fault undoes."""
    await tx.run(INSERT, name=name)
    raise BlobNotFound(name)


async def names(tx: Tx) -> list[str]:
    """Those of all notes, in order."""
    return [row[0] for row in await tx.all("SELECT name FROM notes ORDER BY name")]
