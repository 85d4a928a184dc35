"""Bringing a database up to date: each migration of `tables` is applied once, in order, in a transaction of its own."""

from __future__ import annotations

import re
from typing import Final

from wharfinger.state.db.database import Database, Tx
from wharfinger.state.db.tables import MIGRATIONS, NODES

SCHEMA_VERSION: Final = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
VERSION: Final = len(MIGRATIONS)
_FIRST_WITH_OLDEST: Final = [step.ddl for step in MIGRATIONS].index(NODES) + 1
_TABLE: Final = {
    "sqlite": "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'",
    "postgresql": "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL",
}
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
    """The data was written by a newer version of Wharfinger, and its tables are not for this one."""


class SchemaTooOld(Exception):
    """The tables have to be brought up to date first, which is not for a server to do that has others beside it."""


async def migrate(db: Database) -> None:
    """Bring the tables to this version; on a new database, make them at once. Raises SchemaTooNew."""
    if await db.ask(_is_new):
        await db.write(_make)
    while await db.write(_next_step):
        pass


async def make_or_check(db: Database) -> None:
    """On a new database make the tables; on others they have to be there. Raises SchemaTooNew, SchemaTooOld."""
    if await db.ask(_is_new):
        await db.write(_make)
    problem = await db.read(unfit)
    if problem is not None:
        raise (SchemaTooNew if await db.ask(version) > VERSION else SchemaTooOld)(problem)


async def present_version(db: Database) -> int:
    """How many migrations a database has had, 0 for a new one."""
    return 0 if await db.ask(_is_new) else await db.ask(version)


async def version(tx: Tx) -> int:
    """How many migrations the database has had."""
    row = await tx.one("SELECT version FROM schema_version")
    return int(row[0]) if row else 0


async def unfit(tx: Tx) -> str | None:
    """Why this program cannot work on the tables, as the end of a sentence; None if it can."""
    present = await version(tx)
    if present == VERSION or (present > VERSION and await _oldest(tx) <= VERSION):
        return None
    return f"the tables have version {present}, this program needs {VERSION}"


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


async def _is_new(tx: Tx) -> bool:
    return await tx.one(_TABLE[tx.dialect]) is None


async def _make(tx: Tx) -> None:
    """In one transaction, so that another server that starts beside this one finds all or nothing."""
    await tx.run(SCHEMA_VERSION)
    while await _next_step(tx):
        pass


async def _next_step(tx: Tx) -> bool:
    present = await version(tx)
    if present >= VERSION:
        if await unfit(tx):
            raise SchemaTooNew(f"its tables have version {present}, this program knows {VERSION}")
        return False
    step = MIGRATIONS[present]
    await tx.run("DELETE FROM schema_version")  # first, so that who comes second waits here and then looks again
    await tx.run(_IN_WORDS_OF[tx.dialect](step.ddl))
    await tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=present + 1)
    if present + 1 >= _FIRST_WITH_OLDEST:
        await tx.run("UPDATE schema_version SET oldest = :oldest", oldest=step.oldest)
    return True


async def _oldest(tx: Tx) -> int:
    """How many migrations a program has to know to work on the tables; only asked where they are newer than it."""
    row = await tx.one("SELECT oldest FROM schema_version")
    return int(row[0]) if row else 0


def for_sqlite(ddl: str) -> str:
    """The same tables in SQLite's words."""
    for theirs, ours in _TO_SQLITE:
        ddl = ddl.replace(theirs, ours)
    return ddl


def for_postgresql(ddl: str) -> str:
    """The same tables with texts in the order of their bytes, and with what is for PostgreSQL only."""
    return re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', ddl).replace("-- postgresql: ", "")


_IN_WORDS_OF: Final = {"sqlite": for_sqlite, "postgresql": for_postgresql}
