"""The trail, from one installation to another: of the file for each hour, the bytes that the other does not have yet.

They are whole lines that only ever get more, in files or, where nodes share the database, in pieces of files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from wharfinger.state import State
from wharfinger.state.db import trail as rows

_NODE: Final = "copy"  # by this name the bytes are handed over, where nodes have names
_PIECE: Final = 256 * 1024
_AT_ONCE: Final = 4


async def run(source: State, to: State) -> None:
    """Copy what came since the last time. Bears repetition and interruption. Raises Unavailable, OSError."""
    for file in await _files(source):
        at = await _position(to, file)
        async for content in _contents(source, file, at):
            await _append(to, file, at, content)
            at += len(content)


async def _files(state: State) -> list[str]:
    if state.db.is_shared:
        return list(await state.db.read(rows.sizes))
    return await asyncio.to_thread(state.trail.names)


async def _contents(state: State, file: str, start: int) -> AsyncIterator[bytes]:
    """What a file has from a place on, in pieces of whole lines."""
    if not state.db.is_shared:
        while lines := await asyncio.to_thread(state.trail.read, file, start, _PIECE):
            yield b"".join(line.content for line in lines)
            start = lines[-1].end
        return
    at, first, last = 0, 0, await state.db.read(rows.last)
    while pieces := await state.db.read(rows.page, (file, first), (file, last), _AT_ONCE):
        for piece in pieces:
            content = piece.lines.encode()
            if at + len(content) > start:
                yield content[max(0, start - at) :]
            at += len(content)
        first = pieces[-1].id + 1


async def _position(state: State, file: str) -> int:
    if state.db.is_shared:
        return await state.db.read(rows.position, file, _NODE)
    return await asyncio.to_thread(state.trail.size, file)


async def _append(state: State, file: str, at: int, content: bytes) -> None:
    if not state.db.is_shared:
        await asyncio.to_thread(state.trail.extend, file, content)
        return
    text = content.decode(errors="replace").replace("\0", "\ufffd")  # a database takes text only
    await state.db.write(rows.add, file, _NODE, (at, at + len(content)), text)
