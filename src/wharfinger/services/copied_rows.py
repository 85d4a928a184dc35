"""The rows of all tables, from one database to another: only what differs is written.

A row can be in the way of others: they refer to it, or it has what has to be unique. So first what goes is deleted,
the rows that refer before those that they refer to, and what changes gives way; then come the rows that are new or
changed, the other way round.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from wharfinger.state.db import copies, rows
from wharfinger.state.db.database import Row, Tx
from wharfinger.state.db.rows import Table


class Contents(NamedTuple):
    """What a database holds: how many rows each table has, and their digest."""

    counts: Mapping[str, int]
    digests: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Of all tables."""
        return hashlib.sha256(msgspec.msgpack.encode(sorted(self.digests.items()))).hexdigest()

    def differences(self, other: Contents) -> list[str]:
        """The names of tables that are not the same."""
        return [name for name in self.digests if self.digests[name] != other.digests[name]]


async def contents(tx: Tx) -> Contents:
    """Every row of every table, read in the order of the keys."""
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    encoder = msgspec.msgpack.Encoder()
    for table in rows.tables():
        hashed = hashlib.sha256(encoder.encode(rows.compared(table)))
        counts[table.name] = 0
        async for page in rows.pages(tx, table, rows.compared(table)):
            counts[table.name] += len(page)
            for row in page:
                hashed.update(encoder.encode(row))
        digests[table.name] = hashed.hexdigest()
    return Contents(counts, digests)


async def replace(source: Tx, to: Tx) -> None:
    """Make the rows of `to` those of `source`."""
    for table in reversed(rows.tables()):
        await _make_way(source, to, table)
    for table in rows.tables():
        await _fill(source, to, table)
        if table.counter:
            await rows.number_after(to, table, await rows.last_number(source, table))


async def _make_way(source: Tx, to: Tx, table: Table) -> None:
    if not table.key:
        await rows.delete(to, table, ())
        return
    columns = (*table.key, *table.loose)
    gone = _Batch(partial(rows.delete, to, table), rows.page_size(columns))
    changed = _Batch(partial(rows.loosen, to, table), rows.page_size(columns))
    async for ours, theirs in _merged(rows.pages(source, table, columns), rows.pages(to, table, columns), table):
        if theirs is not None and ours is None:
            await gone.add(theirs[: len(table.key)])
        elif theirs is not None and theirs != ours:
            await changed.add(theirs[: len(table.key)])
    await gone.write()
    await changed.write()


async def _fill(source: Tx, to: Tx, table: Table) -> None:
    columns = rows.in_order(table)
    new = _Batch(partial(rows.insert, to, table), rows.page_size(columns))
    changed = _Batch(partial(rows.update, to, table), rows.page_size(columns))
    wanted = _as_there(to, table, rows.pages(source, table, columns))
    async for ours, theirs in _merged(wanted, rows.pages(to, table, columns), table):
        if ours is not None and theirs is None:
            await new.add(ours)
        elif ours is not None and ours != theirs:
            await changed.add(ours)
    await new.write()
    await changed.write()


class _Batch:
    """Rows that are written together."""

    def __init__(self, write: Callable[[Sequence[Row]], Awaitable[None]], size: int) -> None:
        self._write = write
        self._size = size
        self._rows: list[Row] = []

    async def add(self, row: Row) -> None:
        """One more; when there are enough, all are written."""
        self._rows.append(row)
        if len(self._rows) >= self._size:
            await self.write()

    async def write(self) -> None:
        """Those that are left."""
        if self._rows:
            await self._write(self._rows)
        self._rows = []


async def _as_there(to: Tx, table: Table, pages: AsyncIterator[list[Row]]) -> AsyncIterator[list[Row]]:
    """Blobs are put together of other segments there."""
    async for page in pages:
        if table.name != "blobs":
            yield page
            continue
        storage_id, segments = (rows.in_order(table).index(name) for name in ("storage_id", "segments"))
        came = await copies.whole(to, [row[storage_id] for row in page])
        yield [(*row[:segments], came.get(row[storage_id]), *row[segments + 1 :]) for row in page]


async def _merged(
    source: AsyncIterator[list[Row]], to: AsyncIterator[list[Row]], table: Table
) -> AsyncIterator[tuple[Row | None, Row | None]]:
    """The rows of both in the order of their keys, those with the same key side by side."""
    width = len(table.key)
    left, right = _each(source), _each(to)
    ours, theirs = await anext(left, None), await anext(right, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours[:width] < theirs[:width]):
            yield ours, None
            ours = await anext(left, None)
        elif ours is None or theirs[:width] < ours[:width]:
            yield None, theirs
            theirs = await anext(right, None)
        else:
            yield ours, theirs
            ours, theirs = await anext(left, None), await anext(right, None)


async def _each(pages: AsyncIterator[list[Row]]) -> AsyncIterator[Row]:
    async for page in pages:
        for row in page:
            yield row
