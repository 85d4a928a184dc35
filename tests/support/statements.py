"""Every statement that the product runs, noted where it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from support.passing import Passing
from wharfinger.state.db import rights
from wharfinger.state.db.database import P, Row, T, Tx, Value, Work


class Statement(NamedTuple):
    """A statement, and the function that it stands in."""

    place: str
    sql: str


@dataclass
class Watched(Passing):
    """A database that notes every statement with the first values it was run with."""

    seen: dict[Statement, Mapping[str, Value]]

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.inner.read(lambda tx: work(_WatchedTx(tx, self.seen), *args, **kwargs))

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.inner.write(lambda tx: work(_WatchedTx(tx, self.seen), *args, **kwargs))

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.inner.ask(lambda tx: work(_WatchedTx(tx, self.seen), *args, **kwargs))

    async def rights_version(self) -> int:
        return await self.read(rights.version)


class _WatchedTx:
    def __init__(self, tx: Tx, seen: dict[Statement, Mapping[str, Value]]) -> None:
        self._tx = tx
        self._seen = seen
        self.dialect = tx.dialect

    async def all(self, sql: str, **values: Value) -> list[Row]:
        self._note(sql, values)
        return await self._tx.all(sql, **values)

    async def one(self, sql: str, **values: Value) -> Row | None:
        self._note(sql, values)
        return await self._tx.one(sql, **values)

    async def run(self, sql: str, **values: Value) -> int:
        self._note(sql, values)
        return await self._tx.run(sql, **values)

    async def many(self, sql: str, rows: Iterable[Mapping[str, Value]]) -> None:
        rows = list(rows)
        self._note(sql, rows[0] if rows else {})
        await self._tx.many(sql, rows)

    def _note(self, sql: str, values: Mapping[str, Value]) -> None:
        caller = sys._getframe(2)
        place = place_of(caller.f_globals["__name__"], caller.f_code.co_name)
        self._seen.setdefault(Statement(place, sql), values)


def place_of(module: str, function: str) -> str:
    """How a function is named in a report: `images.find`."""
    return f"{module.rpartition('.')[2]}.{function}"
