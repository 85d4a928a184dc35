"""Rows of the data key, where nodes share the database: it wrapped under each master key that opens it."""

from __future__ import annotations

from collections.abc import Sequence

from wharfinger.state.db.database import Tx


async def wraps(tx: Tx) -> list[bytes]:
    """The newest first; none of a database that has no data key yet."""
    return [bytes(row[0]) for row in await tx.all("SELECT wrap FROM data_key ORDER BY number")]


async def put(tx: Tx, new: Sequence[bytes]) -> None:
    """These take the place of all that are there."""
    await tx.run("DELETE FROM data_key")
    await tx.many(
        "INSERT INTO data_key (number, wrap) VALUES (:number, :wrap)",
        ({"number": number, "wrap": wrap} for number, wrap in enumerate(new)),
    )
