"""What every database has to do, on each of them: what was answered is there, and what failed left nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support import postgresql
from support.notes import INSERT, add, add_and_fail, names
from wharfinger.domain.faults import BlobNotFound, Unavailable
from wharfinger.state.db.database import Database, Tx, Value
from wharfinger.state.db.postgres import Postgres
from wharfinger.state.db.sqlite import Sqlite

TABLE = "CREATE TABLE notes (name TEXT PRIMARY KEY, size BIGINT NOT NULL DEFAULT 0)"
NAMES = ["", "A", "Z", "a", "b", "z", "Ä", "ä", "日本", "🐳"]  # in the order of their bytes


async def make_table(tx: Tx) -> None:
    await tx.run(TABLE if tx.dialect == "sqlite" else TABLE.replace("TEXT", 'TEXT COLLATE "C"'))


class Two:
    """Two workers on one database."""

    def __init__(self, one: Database, other: Database) -> None:
        self.one = one
        self.other = other


@pytest.fixture(params=["sqlite", "postgresql"])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Two]:
    if request.param == "sqlite":
        workers = Two(Sqlite(tmp_path), Sqlite(tmp_path))
    else:
        url = postgresql.new_database()
        workers = Two(Postgres(url), Postgres(url))
    await workers.one.write(make_table)
    yield workers
    await workers.one.close()
    await workers.other.close()


@pytest.fixture
def db(two: Two) -> Database:
    return two.one


async def test_a_write_returns_what_its_work_returns(db: Database) -> None:
    assert await db.write(add, name="a") == "a"


@pytest.mark.parametrize("how", ["read", "ask"])
async def test_every_worker_sees_what_was_written_when_the_write_has_returned(two: Two, how: str) -> None:
    for number in range(20):
        await two.one.write(add, f"{number:02d}")
        assert (await getattr(two.other, how)(names))[-1] == f"{number:02d}"


async def test_a_read_is_one_state(two: Two) -> None:
    async def look_twice(tx: Tx) -> tuple[list[str], list[str]]:
        before = await names(tx)
        if isinstance(two.other, Postgres):  # work of SQLite cannot wait: tests/state/test_sqlite.py
            await two.other.write(add, "in between")
        return before, await names(tx)

    assert await two.one.read(look_twice) == ([], [])


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(Unavailable):
        await db.read(add, "a")
    assert await db.read(names) == []


async def test_a_fault_leaves_nothing_of_its_write(db: Database) -> None:
    with pytest.raises(BlobNotFound):
        await db.write(add_and_fail, "a")
    assert await db.read(names) == []
    await db.write(add, "next")
    assert await db.read(names) == ["next"]


async def test_what_the_database_refuses_leaves_nothing_and_is_no_fault_of_the_request(db: Database) -> None:
    await db.write(add, "a")

    async def add_two(tx: Tx) -> None:
        await add(tx, "b")
        await add(tx, "a")

    with pytest.raises(Unavailable):
        await db.write(add_two)
    assert await db.read(names) == ["a"]


async def test_texts_are_in_the_order_of_their_bytes(db: Database) -> None:
    for name in reversed(NAMES):
        await db.write(add, name)

    async def after(tx: Tx, name: str) -> list[str]:
        rows = await tx.all("SELECT name FROM notes WHERE name > :name ORDER BY name", name=name)
        return [row[0] for row in rows]

    assert await db.read(names) == NAMES
    assert await db.read(after, "a") == NAMES[4:]


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([], []),
        (["a"], ["a"]),
        (["it's", '"quoted"', "a,b", "\\", "{1}", "NULL", "%", "🐳"], ['"quoted"', "%", "NULL", "\\", "a,b", "it's"]),
        ([f"name {number}" for number in range(10_000)], ["name 7"]),
    ],
    ids=["none", "one", "punctuation", "ten thousand"],
)
async def test_each_stands_for_the_items_of_a_list(db: Database, items: list[str], found: list[str]) -> None:
    for name in {*found, "other"}:
        await db.write(add, name)

    async def of(tx: Tx, items: list[str], *, others: bool) -> list[str]:
        which = "NOT IN" if others else "IN"
        rows = await tx.all(f"SELECT name FROM notes WHERE name {which} EACH(:items) ORDER BY name", items=items)
        return [row[0] for row in rows]

    assert await db.read(of, items, others=False) == found
    assert await db.read(of, items, others=True) == sorted({*found, "other"} - set(items))


async def test_each_takes_whole_numbers_too(db: Database) -> None:
    async def sized(tx: Tx) -> list[Value]:
        await tx.many("INSERT INTO notes (name, size) VALUES (:name, :size)", rows)
        found = await tx.all("SELECT size FROM notes WHERE size IN EACH(:sizes) ORDER BY size", sizes=[2**62, 5, 7])
        return [row[0] for row in found]

    rows: list[dict[str, Value]] = [{"name": str(size), "size": size} for size in (2**62, 5, 6)]
    assert await db.write(sized) == [5, 2**62]


async def test_a_sum_is_a_whole_number(db: Database) -> None:
    async def summed(tx: Tx) -> object:
        await tx.run("INSERT INTO notes (name, size) VALUES ('a', :size), ('b', 3)", size=2**61)
        row = await tx.one("SELECT sum(size) FROM notes")
        assert row is not None
        return row[0]

    found = await db.write(summed)
    assert (found, type(found)) == (2**61 + 3, int)


async def test_who_changes_rows_is_told_how_many(db: Database) -> None:
    async def change(tx: Tx) -> list[int]:
        await tx.many(INSERT, [{"name": name} for name in "abc"])
        await tx.many(INSERT, [])
        update, delete = "UPDATE notes SET size = 1 WHERE name < :name", "DELETE FROM notes WHERE name > :name"
        return [await tx.run(update, name="c"), await tx.run(delete, name="a"), await tx.run(delete, name="a")]

    assert await db.write(change) == [2, 2, 0]


async def test_a_colon_in_a_text_is_no_name(db: Database) -> None:
    async def look(tx: Tx) -> object:
        row = await tx.one("SELECT 'sha256:name' || CAST(:name AS TEXT)", name="!")
        assert row is not None
        return row[0]

    assert await db.read(look) == "sha256:name!"


async def test_statements_and_transactions_are_counted(db: Database) -> None:
    async def three_statements(tx: Tx) -> None:
        await tx.run(INSERT, name="a")
        await tx.many(INSERT, [{"name": "b"}, {"name": "c"}])
        await tx.one("SELECT 1")

    statements, transactions = db.statements, db.transactions
    await db.write(three_statements)
    await db.read(names)
    await db.ask(names)
    assert (db.statements - statements, db.transactions - transactions) == (5, 1)


async def test_a_write_after_closing_fails(db: Database) -> None:
    await db.close()
    with pytest.raises(Unavailable):
        await db.write(add, "a")


async def test_a_snapshot_stays_as_it_is_while_others_write_and_while_it_waits(two: Two) -> None:
    await two.one.write(add, "before")
    async with two.one.snapshot() as snapshot:
        await two.other.write(add, "after")
        assert await names(snapshot) == ["before"]
    assert await two.one.read(names) == ["after", "before"]


async def test_what_is_rewritten_is_seen_as_a_whole_when_it_is_done(two: Two) -> None:
    await two.one.write(add, "old")
    async with two.one.rewrite() as tx:
        await tx.run("DELETE FROM notes")
        assert await two.other.read(names) == ["old"]
        await add(tx, "new")
    assert await two.other.read(names) == ["new"]


async def test_rewriting_that_fails_leaves_no_trace(db: Database) -> None:
    async def fail() -> None:
        async with db.rewrite() as tx:
            await add_and_fail(tx, "a")

    with pytest.raises(BlobNotFound):
        await fail()
    assert await db.read(names) == []
    assert await db.write(add, "b") == "b"
