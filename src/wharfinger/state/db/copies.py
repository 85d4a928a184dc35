"""Rows that only a copy of another installation has: what it is a copy of, and which bytes are there for it.

They go when a server starts on it: from then on it is an installation of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wharfinger.state.db.database import Tx


class Copy(NamedTuple):
    """Which installation this is a copy of, and whether it can be served."""

    origin: str
    is_finished: bool


async def find(tx: Tx) -> Copy | None:
    """None if this is no copy, or was served since."""
    row = await tx.one("SELECT origin, is_finished FROM copies")
    return Copy(row[0], bool(row[1])) if row else None


async def begin(tx: Tx, new: Copy) -> None:
    """From now on this is a copy; the bytes that it has already are its own."""
    if await find(tx) is None:
        await tx.run(
            "INSERT INTO copied_bytes (storage_id, segments, is_whole) SELECT storage_id, segments, 1 FROM blobs "
            "WHERE rotten_at IS NULL ON CONFLICT DO NOTHING"
        )
        for table in ("blobs", "uploads"):
            await tx.run(
                "INSERT INTO copied_bytes (storage_id, segments, is_whole) SELECT storage_id, segments, 0 "
                f"FROM {table} WHERE true ON CONFLICT DO NOTHING"
            )
    await tx.run("DELETE FROM copies")
    await tx.run(
        "INSERT INTO copies (origin, is_finished) VALUES (:origin, :is_finished)",
        origin=new.origin,
        is_finished=int(new.is_finished),
    )


async def finish(tx: Tx) -> None:
    """The rows are those of the other installation now, and all bytes are there."""
    await tx.run("DELETE FROM uploads")
    await tx.run("DELETE FROM unlinks WHERE storage_id IN (SELECT storage_id FROM copied_bytes)")
    await tx.run("UPDATE copies SET is_finished = 1")


async def end(tx: Tx, now: int) -> bool:
    """This is no copy any more, for a server starts on it; False if there is nothing that it could serve."""
    copy = await find(tx)
    if copy is not None and not copy.is_finished:
        return False
    if copy is not None:
        await tx.run(
            f"INSERT INTO unlinks (storage_id, noted_at) SELECT storage_id, CAST(:now AS BIGINT) {_UNNEEDED} "
            "ON CONFLICT DO NOTHING",
            now=now,
        )
        await tx.run("DELETE FROM copied_bytes")
        await tx.run("DELETE FROM copies")
    return True


# --- bytes ---------------------------------------------------------------------------------------------------

_UNNEEDED = "FROM copied_bytes WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.storage_id = copied_bytes.storage_id)"


async def begun(tx: Tx, storage_ids: Sequence[str]) -> set[str]:
    """Note that bytes are about to come: those of which some may be there already."""
    rows = await tx.all("SELECT storage_id FROM copied_bytes WHERE storage_id IN EACH(:ids)", ids=storage_ids)
    await tx.many(
        "INSERT INTO copied_bytes (storage_id, segments, is_whole) VALUES (:storage_id, NULL, 0) "
        "ON CONFLICT (storage_id) DO UPDATE SET segments = NULL, is_whole = 0",
        [{"storage_id": storage_id} for storage_id in storage_ids],
    )
    return {row[0] for row in rows}


async def came(tx: Tx, storage_id: str, segments: str | None) -> None:
    """Bytes are there, whole and durable."""
    await tx.run(
        "UPDATE copied_bytes SET segments = :segments, is_whole = 1 WHERE storage_id = :storage_id",
        segments=segments,
        storage_id=storage_id,
    )


async def whole(tx: Tx, storage_ids: Sequence[str]) -> dict[str, str | None]:
    """Those of some bytes that came: their segments by their storage ids."""
    rows = await tx.all(
        "SELECT storage_id, segments FROM copied_bytes WHERE storage_id IN EACH(:ids) AND is_whole = 1",
        ids=storage_ids,
    )
    return {row[0]: row[1] for row in rows}


async def unneeded(tx: Tx, limit: int) -> list[str]:
    """Storage ids of bytes that are there for no blob any more."""
    return [row[0] for row in await tx.all(f"SELECT storage_id {_UNNEEDED} LIMIT :limit", limit=limit)]


async def forget(tx: Tx, storage_ids: Sequence[str]) -> None:
    """They are unlinked."""
    await tx.run("DELETE FROM copied_bytes WHERE storage_id IN EACH(:ids)", ids=storage_ids)
