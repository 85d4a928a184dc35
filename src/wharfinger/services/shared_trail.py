"""The trail of nodes that share a database: each writes its own files, and hands over their lines every few seconds.

So a record costs a request what it costs on one machine, and a killed process or a database that is away loses none.
Why not rows at once: docs/decisions/0016-nodes.md.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final, NamedTuple

from wharfinger.domain.faults import Unavailable
from wharfinger.services.records import Reader, Record
from wharfinger.state import State
from wharfinger.state.clock import DAY, HOUR, MINUTE, SECOND
from wharfinger.state.db import trail as rows
from wharfinger.state.db.trail import Piece
from wharfinger.state.trail import lines_of, name

log = logging.getLogger(__name__)
PAUSE: Final = 5 * SECOND
SETTLED: Final = 10 * MINUTE  # after which nobody writes into the file of an hour that is over
_LAST_SECONDS: Final = 5
_PIECE: Final = 256 * 1024
_AT_ONCE: Final = 4  # pieces
_WORK: Final = 4 * 1024 * 1024  # bytes that one page may read
_LOOKING: Final = 256  # bytes that looking at a piece counts as
_DROPPED: Final = 1000


class _Place(NamedTuple):
    """In the trail."""

    file: str
    piece: int
    offset: int


async def run_forever(state: State) -> None:
    """Hand over until cancelled, if there is anybody to hand over to. What could not be handed over stays here."""
    rules = state.rules
    while state.db.is_shared:
        try:
            await asyncio.to_thread(state.trail.expire, state.clock(), rules.trail_days * DAY, rules.trail_bytes)
            await hand_over(state)
        except Unavailable as error:
            if state.remembered.is_news("the trail", state.clock(), MINUTE):
                log.error("the trail cannot be handed over: %s", error.reason)  # noqa: TRY400 - the reason is known
        except Exception:
            log.exception("the trail cannot be handed over")
        await asyncio.sleep(PAUSE / SECOND)


async def hand_over(state: State) -> None:
    """All that this node has written until now. Bears repetition, interruption, and other workers that do the same."""
    for file in await asyncio.to_thread(state.trail.names):
        while await _hand_over_some(state, file):
            pass
        if file < name(state.clock() - SETTLED):
            await asyncio.to_thread(state.trail.delete, file)


async def hand_over_the_rest(state: State) -> None:
    """When a worker ends: its disk may go with it."""
    if state.db.is_shared:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await hand_over(state)


async def _hand_over_some(state: State, file: str) -> bool:
    """The next lines of a file: whether there were any."""
    start = await state.db.read(rows.position, file, state.node)
    lines = await asyncio.to_thread(state.trail.read, file, start, _PIECE)
    if not lines:
        return False
    # a power cut may leave anything in a file, and a database takes text only
    text = b"".join(line.content for line in lines).decode(errors="replace").replace("\0", "\ufffd")
    await state.db.write(rows.add, file, state.node, (start, lines[-1].end), text)
    return True


async def page(
    state: State, reader: Reader, position: list[Any] | None, limit: int
) -> tuple[list[Record], tuple[str | int, ...] | None]:
    """Records, by hours and then as they were handed over, and the position to go on at if there may be more.

    The list ends where the trail ended at the first page. What this node has written is in it.
    """
    if position is None:
        await hand_over(state)
        at, end = _Place(reader.first, 0, 0), await state.db.read(rows.last)
    else:
        at, end = _Place(*position[:3]), position[3]
    found: list[Record] = []
    work = _WORK
    while pieces := await state.db.read(rows.page, at[:2], (reader.last, end), _AT_ONCE):
        for piece in pieces:
            records, at, size = await asyncio.to_thread(_read, reader, piece, at, limit - len(found))
            found += records
            work -= size + _LOOKING
            if len(found) == limit or work <= 0:
                return found, (*at, end)
    return found, None


def _read(reader: Reader, piece: Piece, start: _Place, limit: int) -> tuple[list[Record], _Place, int]:
    """Records of a piece, where to go on, and how many bytes were read."""
    begin = start.offset if start[:2] == (piece.file, piece.id) else 0
    found: list[Record] = []
    at = begin
    for line in lines_of(piece.lines.encode()[begin:], begin):
        at = line.end
        found += reader.shown(line)
        if len(found) == limit:
            return found, _Place(piece.file, piece.id, at), at - begin
    return found, _Place(piece.file, piece.id + 1, 0), at - begin


async def expire(state: State) -> None:
    """Drop the hours that are over their term, and the oldest while all together are too large."""
    now = state.clock()
    sizes = await state.db.read(rows.sizes)
    room, first = state.rules.trail_bytes, name(now - state.rules.trail_days * DAY)
    for file in reversed(sizes):
        room -= sizes[file]
        if file < name(now - HOUR - SETTLED) and (room < 0 or file < first):
            while await state.db.write(rows.drop, file, _DROPPED):
                pass
