"""Rows of whole tables, whichever they are: to copy them from one database to another, and to compare the two.

Which tables there are is asked of an empty database of this version, so that a new one is never forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import closing
from graphlib import TopologicalSorter
from typing import Final, NamedTuple

import apsw

from wharfinger.state.db.database import Row, Tx, Value
from wharfinger.state.db.schema import SCHEMA_VERSION, for_sqlite
from wharfinger.state.db.tables import MIGRATIONS

_PAGE: Final = 500
_PAGE_OF_LARGE: Final = 20
_LARGE: Final = {"manifest", "lines"}  # columns that may hold some megabytes

# what belongs to one installation and stays there, with the reason
LOCAL: Final[Mapping[str, str]] = {
    "schema_version": "the copy is made in the tables of this version",
    "uploads": "their bytes are on the way: clients begin again",
    "unlinks": "of bytes that the other one does not have",
    "copies": "what it is a copy of",
    "copied_bytes": "what it has of that already",
    "data_key": "it is put in its place before the rows",
    "access_files": "how each node last dealt with its access file",
    "trail_pieces": "the lines are handed over, see copied_trail",
    "trail_positions": "as those",
}
LOCAL_COLUMNS: Final[Mapping[str, set[str]]] = {"blobs": {"segments"}}  # of what the bytes are put together there


class Table(NamedTuple):
    """A table as all databases have it."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]  # primary key; none: the table has one row
    loose: tuple[str, ...]  # columns that may be null, by which a row can be in the way of another one
    counter: str | None  # the column that the database numbers


@functools.cache
def tables() -> tuple[Table, ...]:
    """All that are copied, each after those that its rows refer to."""
    with closing(apsw.Connection(":memory:")) as empty:
        empty.execute(SCHEMA_VERSION)
        for migration in MIGRATIONS:
            empty.execute(for_sqlite(migration.ddl))
        names = _texts(empty, _TABLES, "")
        found = {name: _table(empty, name) for name in names}
        parents = {name: _texts(empty, _PARENTS, name) for name in names}
    return tuple(found[name] for name in TopologicalSorter(parents).static_order() if name not in LOCAL)


_TABLES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
_COLUMNS: Final = "SELECT name FROM pragma_table_info(:table) ORDER BY cid"
_KEY: Final = "SELECT name FROM pragma_table_info(:table) WHERE pk > 0 ORDER BY pk"
_PARENTS: Final = 'SELECT "table" FROM pragma_foreign_key_list(:table) ORDER BY 1'
_NUMBERED: Final = "SELECT 1 FROM sqlite_schema WHERE name = :table AND instr(sql, 'AUTOINCREMENT') > 0"
_LOOSE: Final = (
    'SELECT name FROM pragma_table_info(:table) WHERE "notnull" = 0 AND pk = 0 AND name IN ('
    'SELECT "from" FROM pragma_foreign_key_list(:table) UNION ALL SELECT c.name FROM pragma_index_list(:table) i, '
    'pragma_index_info(i.name) c WHERE i."unique" = 1) ORDER BY cid'
)


def _table(empty: apsw.Connection, name: str) -> Table:
    key = _texts(empty, _KEY, name)
    counter = key[0] if _texts(empty, _NUMBERED, name) else None
    return Table(name, _texts(empty, _COLUMNS, name), key, _texts(empty, _LOOSE, name), counter)


def _texts(empty: apsw.Connection, sql: str, table: str) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in empty.execute(sql, {"table": table}))


def page_size(columns: Sequence[str]) -> int:
    """How many rows of these columns are held at a time."""
    return _PAGE if _LARGE.isdisjoint(columns) else _PAGE_OF_LARGE


async def pages(tx: Tx, table: Table, columns: Sequence[str]) -> AsyncIterator[list[Row]]:
    """Some columns of all rows in the order of their keys, beginning with the key."""
    limit = page_size(columns)
    order = f" ORDER BY {_names(table.key)}" if table.key else ""
    select = f"SELECT {_names(columns)} FROM {_name(table.name)}"
    after = f" WHERE ({_names(table.key)}) > ({', '.join(f':after_{key}' for key in table.key)})"
    page = await tx.all(f"{select}{order} LIMIT :limit", limit=limit)
    while page:
        yield [tuple(row) for row in page]
        if len(page) < limit:
            return
        last = {f"after_{column}": value for column, value in zip(table.key, page[-1], strict=False)}
        page = await tx.all(f"{select}{after}{order} LIMIT :limit", limit=limit, **last)


def in_order(table: Table) -> tuple[str, ...]:
    """All columns, beginning with the key."""
    return (*table.key, *(column for column in table.columns if column not in table.key))


def compared(table: Table) -> tuple[str, ...]:
    """The columns in which two copies are alike, beginning with the key."""
    return tuple(column for column in in_order(table) if column not in LOCAL_COLUMNS.get(table.name, ()))


async def is_empty(tx: Tx) -> bool:
    """Whether there are only rows that the migrations made."""
    for table in tables():
        if table.key and await tx.one(f"SELECT 1 FROM {_name(table.name)} LIMIT 1"):
            return False
    return True


async def insert(tx: Tx, table: Table, rows: Iterable[Row]) -> None:
    """Rows with all columns `in_order`."""
    columns = in_order(table)
    numbered = "OVERRIDING SYSTEM VALUE " if table.counter and tx.dialect == "postgresql" else ""
    values = ", ".join(f":{column}" for column in columns)
    sql = f"INSERT INTO {_name(table.name)} ({_names(columns)}) {numbered}VALUES ({values})"
    await tx.many(sql, _bound(columns, rows))


async def update(tx: Tx, table: Table, rows: Iterable[Row]) -> None:
    """Rows with all columns `in_order`, in the place of those with the same keys."""
    columns = in_order(table)
    changes = ", ".join(f"{_name(column)} = :{column}" for column in columns[len(table.key) :])
    await tx.many(f"UPDATE {_name(table.name)} SET {changes} WHERE {_is(table)}", _bound(columns, rows))


async def loosen(tx: Tx, table: Table, keys: Iterable[Row]) -> None:
    """Rows are in the way of no other row any more, until they are updated."""
    changes = ", ".join(f"{_name(column)} = NULL" for column in table.loose)
    await tx.many(f"UPDATE {_name(table.name)} SET {changes} WHERE {_is(table)}", _bound(table.key, keys))


async def delete(tx: Tx, table: Table, keys: Iterable[Row]) -> None:
    """Rows by their keys; of a table without one, all."""
    if not table.key:
        await tx.run(f"DELETE FROM {_name(table.name)}")
        return
    await tx.many(f"DELETE FROM {_name(table.name)} WHERE {_is(table)}", _bound(table.key, keys))


async def last_number(tx: Tx, table: Table) -> int:
    """The highest number that a row of the table ever had."""
    if tx.dialect == "postgresql":
        row = await tx.one(f"SELECT last_value, is_called FROM {await _sequence(tx, table)}")
        return int(row[0]) if row and row[1] else 0
    row = await tx.one("SELECT seq FROM sqlite_sequence WHERE name = :name", name=table.name)
    return int(row[0]) if row else 0


async def number_after(tx: Tx, table: Table, last: int) -> None:
    """From now on rows get numbers after this one, if that is not so already."""
    if await last_number(tx, table) >= last:
        return
    if tx.dialect == "postgresql":
        await tx.one(f"SELECT setval('{await _sequence(tx, table)}', CAST(:last AS BIGINT))", last=last)
        return
    await tx.run("DELETE FROM sqlite_sequence WHERE name = :name", name=table.name)
    await tx.run("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)", name=table.name, last=last)


async def _sequence(tx: Tx, table: Table) -> str:
    row = await tx.one(
        "SELECT pg_get_serial_sequence(CAST(:name AS TEXT), CAST(:column AS TEXT))",
        name=table.name,
        column=table.counter,
    )
    assert row is not None  # noqa: S101 - a function of the database
    return str(row[0])


def _name(name: str) -> str:
    return f'"{name}"'


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_name, columns))


def _is(table: Table) -> str:
    return " AND ".join(f"{_name(column)} = :{column}" for column in table.key)


def _bound(columns: Sequence[str], rows: Iterable[Row]) -> list[Mapping[str, Value]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]
