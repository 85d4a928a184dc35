"""What PostgreSQL reads for a statement, in rows of all steps of its plan: what it is about, in a large table too.

Each of these statements has had a plan that went through all tags, or all links, of an installation.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

import pytest
from bench.generator import Filling
from bench.pushes import Pushes

from support import postgresql
from support.state import REGISTRY
from wharfinger.state.db import blobs, deletions, images, lifecycle
from wharfinger.state.db.database import Row, Tx, Value
from wharfinger.state.db.postgres import Postgres
from wharfinger.state.db.schema import migrate

NOW = 1_800_000_000_000
IMAGES = 5_000
DEEP = IMAGES * 9 // 10  # the key of an image; half of all are in the first repository, which has the first key
LIMIT = 20


class Explaining:
    """A transaction that counts the rows that its statements make the database look at."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.rows = 0

    async def all(self, sql: str, **values: Value) -> list[Row]:
        await self._explain(sql, values)
        return await self._tx.all(sql, **values)

    async def one(self, sql: str, **values: Value) -> Row | None:
        await self._explain(sql, values)
        return await self._tx.one(sql, **values)

    async def run(self, sql: str, **values: Value) -> int:
        await self._explain(sql, values)
        return await self._tx.run(sql, **values)

    async def many(self, sql: str, rows: Iterable[Mapping[str, Value]]) -> None:
        await self._tx.many(sql, rows)

    async def _explain(self, sql: str, values: Mapping[str, Value]) -> None:
        await self._tx.run("SAVEPOINT explained")
        row = await self._tx.one(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", **values)
        await self._tx.run("ROLLBACK TO explained")
        assert row is not None
        self.rows += rows_of(json.loads(row[0])[0]["Plan"])


def rows_of(step: Mapping[str, Any]) -> int:
    """That a step of a plan and those below it give and leave out."""
    seen = step["Actual Rows"] + step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Join Filter", 0)
    return int(seen * step["Actual Loops"]) + sum(rows_of(below) for below in step.get("Plans", ()))


class Undone(Exception):
    """So that the next test finds everything as it was."""


@pytest.fixture(scope="module")
def url() -> str:
    """Of a database with some thousand images, looked at as autovacuum does."""
    made = postgresql.new_database()

    async def fill() -> None:
        db = Postgres(made)
        await migrate(db)
        await Filling(db, REGISTRY, Pushes(IMAGES, 11), NOW).run()
        await db.close()

    postgresql.run(fill())
    postgresql.execute(made, "VACUUM ANALYZE")
    return made


@pytest.fixture
async def db(url: str) -> AsyncIterator[Postgres]:
    database = Postgres(url)
    yield database
    await database.close()


async def rows_for(
    db: Postgres, work: Callable[[Tx], Awaitable[object]], before: Callable[[Tx], Awaitable[object]]
) -> int:
    """What `work` makes it look at, after something else, all of which is undone."""
    seen = 0

    async def both(tx: Tx) -> None:
        nonlocal seen
        await before(tx)
        explaining = Explaining(tx)
        await work(explaining)
        seen = explaining.rows
        raise Undone

    with pytest.raises(Undone):
        await db.write(both)
    return seen


async def nothing(_: Tx) -> None:
    """What comes before a look at what is there."""


PAGES: Mapping[str, Callable[[Tx], Awaitable[list[Any]]]] = {
    "ListImages": lambda tx: images.listed(tx, 1, "ANY", (DEEP, ""), LIMIT),
    "ListImages of what is tagged": lambda tx: images.listed(tx, 1, "TAGGED", (DEEP, ""), LIMIT),
    "ListImages of what is not": lambda tx: images.listed(tx, 1, "UNTAGGED", (DEEP, ""), LIMIT),
    "DescribeImages": lambda tx: images.tag_counts(tx, 1, "ANY", DEEP, LIMIT),
    "DescribeImages of what is tagged": lambda tx: images.tag_counts(tx, 1, "TAGGED", DEEP, LIMIT),
    "DescribeImages of what is not": lambda tx: images.tag_counts(tx, 1, "UNTAGGED", DEEP, LIMIT),
    "a lifecycle policy": lambda tx: lifecycle.tagged(tx, 1, (DEEP, ""), LIMIT),
}


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_deep_in_a_list_does_not_look_at_what_comes_before_it(db: Postgres, page: str) -> None:
    async def work(tx: Tx) -> None:
        await PAGES[page](tx)

    assert 0 < await rows_for(db, work, nothing) < 1000


async def delete_some(tx: Tx) -> None:
    """Images of the first repository, as deletion 1."""
    await tx.run(
        "INSERT INTO deletions (account, region, repository, at, expires_at, principal, operation, untagged) "
        "SELECT account, region, name, 0, 1, '', '', '[]' FROM repositories WHERE id = 1"
    )
    row = await tx.one("SELECT max(id) FROM deletions")
    assert row is not None
    await deletions.bin_images(tx, row[0], 1, [DEEP + 1, DEEP + 3, DEEP + 5], [])


async def newest_deletion(tx: Tx) -> int:
    row = await tx.one("SELECT max(id) FROM deletions")
    assert row is not None
    return int(row[0])


FOLLOWING: Mapping[str, Callable[[Tx, int], Awaitable[Any]]] = {
    "links": lambda tx, deletion: blobs.end_links_of(tx, [deletion]),
    "referrers": lambda tx, deletion: deletions.orphaned_referrers(tx, 1, deletion, 0, LIMIT),
}


@pytest.mark.parametrize("what", FOLLOWING)
async def test_what_follows_a_deletion_looks_at_no_more_than_what_was_deleted(db: Postgres, what: str) -> None:
    async def work(tx: Tx) -> None:
        await FOLLOWING[what](tx, await newest_deletion(tx))

    assert 0 < await rows_for(db, work, delete_some) < 1000
