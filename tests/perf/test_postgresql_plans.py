"""What PostgreSQL reads for a page, in rows of all steps of its plan.

In a large installation it joins images and tags by merging, and would begin with the first tag of all.
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
from wharfinger.state.db import images, lifecycle
from wharfinger.state.db.database import Row, Tx, Value
from wharfinger.state.db.postgres import Postgres
from wharfinger.state.db.schema import migrate

NOW = 1_800_000_000_000
IMAGES = 4_000
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


async def rows_for(db: Postgres, page: Callable[[Tx], Awaitable[object]]) -> int:
    """What a page makes it look at where it merges."""

    async def work(tx: Tx) -> int:
        for other in ("nestloop", "hashjoin"):
            await tx.run(f"SET LOCAL enable_{other} = off")
        explaining = Explaining(tx)
        await page(explaining)
        return explaining.rows

    return await db.write(work)


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
    assert 0 < await rows_for(db, PAGES[page]) < 1500
