"""Bringing a database up to date: each migration of `tables` is applied once, in order, in a transaction of its own."""

from __future__ import annotations

import re
from typing import Final

from wharfinger.state.db.database import Database, Tx
from wharfinger.state.db.tables import MIGRATIONS

VERSION: Final = len(MIGRATIONS)
_FREE_PAGES: Final = 16
_SHRINK_STEP: Final = 256
_TO_SQLITE: Final = (
    ("\n); -- clustered", "\n) STRICT, WITHOUT ROWID;"),
    ("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
    ("BIGINT", "INTEGER"),
    ("BYTEA", "BLOB"),
    ("\n);", "\n) STRICT;"),
)


class SchemaTooNew(Exception):
    """The data was written by a newer version of Wharfinger."""


async def migrate(db: Database) -> None:
    """Bring the tables to this version; on a new database, make them."""
    await db.write(_prepare)
    while await db.write(_next_step):
        pass


async def version(tx: Tx) -> int:
    """How many migrations the database has had."""
    row = await tx.one("SELECT version FROM schema_version")
    return int(row[0]) if row else 0


async def damage(tx: Tx) -> str | None:
    """What SQLite's own check finds wrong with the file, None if nothing. PostgreSQL's operators have theirs."""
    if tx.dialect == "postgresql":
        return None
    row = await tx.one("PRAGMA quick_check(1)")
    return None if row is None or row[0] == "ok" else str(row[0])


async def has_room(tx: Tx) -> bool:
    """Whether more pages are free than will soon be used again. PostgreSQL sees to that itself."""
    if tx.dialect == "postgresql":
        return False
    free, pages = [(await tx.all(f"PRAGMA {name}"))[0][0] for name in ("freelist_count", "page_count")]
    return bool(free > max(_FREE_PAGES, pages // 20))


async def shrink(tx: Tx) -> None:
    """Give some of the pages that are free back to the disk, where `has_room`."""
    await tx.all(f"PRAGMA incremental_vacuum({_SHRINK_STEP})")


async def _prepare(tx: Tx) -> None:
    await tx.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")


async def _next_step(tx: Tx) -> bool:
    if tx.dialect == "postgresql":  # one after the other; on SQLite they come so
        await tx.run("LOCK TABLE schema_version IN SHARE ROW EXCLUSIVE MODE")
    present = await version(tx)
    if present > VERSION:
        raise SchemaTooNew(f"its tables have version {present}, this program knows {VERSION}")
    if present == VERSION:
        return False
    await tx.run(_IN_WORDS_OF[tx.dialect](MIGRATIONS[present]))
    await tx.run("DELETE FROM schema_version")
    await tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=present + 1)
    return True


def for_sqlite(ddl: str) -> str:
    """The same tables in SQLite's words."""
    for theirs, ours in _TO_SQLITE:
        ddl = ddl.replace(theirs, ours)
    return ddl


def for_postgresql(ddl: str) -> str:
    """The same tables with texts in the order of their bytes, and with what is for PostgreSQL only."""
    return re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', ddl).replace("-- postgresql: ", "")


_IN_WORDS_OF: Final = {"sqlite": for_sqlite, "postgresql": for_postgresql}
