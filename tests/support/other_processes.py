"""What other processes do in a test; apart from the rest, because a process that is started pays for all imports."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.db import blobs
from wharfinger.state.db.schema import migrate
from wharfinger.state.db.sqlite import Sqlite


def write_rows(directory: Path, name: str, count: int) -> None:
    """`count` writes of its own, each waited for."""

    async def write() -> None:
        db = Sqlite(directory)
        for number in range(count):
            await db.write(blobs.note_unlinks, [f"{name}-{number}"], number)
        await db.close()

    asyncio.run(write())


def migrate_at_once(directory: Path, barrier: Any) -> None:
    """Migrate at the same moment as all who share the barrier."""

    async def run() -> None:
        db = Sqlite(directory)
        barrier.wait(30)
        await migrate(db)
        await db.close()

    asyncio.run(run())


def hold_writer(root: Path, storage_id: str, begun: Any, end: Any) -> None:
    """Have the right to write an object until it is told to end."""

    async def hold() -> None:
        async with DirectoryStore(root).writer(storage_id):
            begun.set()
            end.wait(30)

    asyncio.run(hold())
