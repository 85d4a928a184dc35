"""The database inside: what was answered is there, what failed left nothing, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import apsw
import pytest

from support.disk import no_file_over
from support.notes import INSERT, add, add_and_fail, names
from support.other_processes import write_rows
from support.poll import until_async
from wharfinger.domain.faults import BlobNotFound, Unavailable
from wharfinger.state.db import sqlite
from wharfinger.state.db.database import Tx, Value
from wharfinger.state.db.sqlite import FILE, Sqlite, UnsafeSqlite

pytestmark = pytest.mark.about_sqlite


async def make_table(tx: Tx) -> None:
    await tx.run("CREATE TABLE notes (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")


async def wait_for_something_else(tx: Tx) -> None:
    await asyncio.sleep(0)


async def add_and_wait(tx: Tx, name: str) -> None:
    await tx.run(INSERT, name=name)
    await asyncio.sleep(0)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Sqlite]:
    database = Sqlite(tmp_path)
    await database.write(make_table)
    yield database
    await database.close()


@asynccontextmanager
async def held_up(db: Sqlite) -> AsyncIterator[None]:
    """The writer is busy: what is asked for within the block queues up, and is done as one group after it."""
    begun, end = threading.Event(), threading.Event()

    async def hold_up(tx: Tx) -> None:
        begun.set()
        end.wait(30)

    holding = asyncio.ensure_future(db.write(hold_up))
    await asyncio.to_thread(begun.wait, 30)
    try:
        yield
    finally:
        end.set()
        await asyncio.wait([holding])


def count_commits(db: Sqlite) -> list[None]:
    """A list that grows by one with each commit of the writer."""
    commits: list[None] = []

    def count() -> bool:
        commits.append(None)
        return False  # else the commit would be refused

    db._writer._connection.set_commit_hook(count)
    return commits


def rows_on_disk(directory: Path) -> list[str]:
    """The names that anybody who opens the file finds."""
    return [row[0] for row in apsw.Connection(str(directory / FILE)).execute("SELECT name FROM notes ORDER BY name")]


# --- reading and writing -------------------------------------------------------------------------------------


async def test_a_read_sees_what_was_written_when_the_write_has_returned(db: Sqlite, tmp_path: Path) -> None:
    other_worker = Sqlite(tmp_path)
    for number in range(20):
        await db.write(add, f"{number:02d}")
        assert (await other_worker.read(names))[-1] == f"{number:02d}"
    await other_worker.close()


async def test_a_write_returns_what_its_work_returns(db: Sqlite) -> None:
    assert await db.write(add, name="a") == "a"


async def test_a_read_is_one_snapshot(db: Sqlite, tmp_path: Path) -> None:
    async def look_twice(tx: Tx) -> tuple[list[str], list[str]]:
        before = await names(tx)
        apsw.Connection(str(tmp_path / FILE)).execute("INSERT INTO notes VALUES ('in between')")
        return before, await names(tx)

    assert await db.read(look_twice) == ([], [])
    assert await db.read(names) == ["in between"]


async def test_a_read_cannot_write(db: Sqlite) -> None:
    with pytest.raises(Unavailable):
        await db.read(add, "a")
    assert await db.read(names) == []


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["a"],
        [f"name {number}" for number in range(10_000)],
        ["ü", "日本語", "🐳", "e\u0301", "\x01"],
        ["it's", '"quoted"', "a,b", "\\", "[1]", "NULL", "%"],
        [0, -1, 2**63 - 1],
    ],
    ids=["none", "one", "ten thousand", "unicode", "punctuation", "integers"],
)
async def test_each_stands_for_the_items_of_a_list(db: Sqlite, values: list[str] | list[int]) -> None:
    async def echo(tx: Tx, items: list[str] | list[int]) -> list[Value]:
        return [row[0] for row in await tx.all("SELECT value FROM EACH(:items)", items=items)]

    assert await db.read(echo, values) == values


async def test_statements_and_transactions_are_counted(db: Sqlite) -> None:
    async def three_statements(tx: Tx) -> None:
        await tx.run(INSERT, name="a")
        await tx.many(INSERT, [{"name": "b"}, {"name": "c"}])
        await tx.one("SELECT 1")

    statements, transactions = db.statements, db.transactions
    await db.write(three_statements)
    await db.read(names)
    assert (db.statements - statements, db.transactions - transactions) == (4, 1)


@pytest.mark.parametrize(("setting", "value"), [("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")])
async def test_a_commit_waits_for_the_disk_and_references_are_checked(
    db: Sqlite, setting: str, value: int | str
) -> None:
    assert db._writer._connection.pragma(setting) == value


# --- groups --------------------------------------------------------------------------------------------------


async def test_writes_that_queue_up_share_one_commit(db: Sqlite, tmp_path: Path) -> None:
    commits = count_commits(db)
    async with held_up(db):
        queued = [asyncio.ensure_future(db.write(add, name)) for name in "abcde"]
        await asyncio.sleep(0)
    assert await asyncio.gather(*queued) == list("abcde")
    assert len(commits) == 2  # of the one that held the queue up, and of the five
    assert rows_on_disk(tmp_path) == list("abcde")


async def test_writes_that_come_while_another_process_writes_share_one_commit(db: Sqlite, tmp_path: Path) -> None:
    commits = count_commits(db)
    with (tmp_path / "write.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = [asyncio.ensure_future(db.write(add, "a"))]
        await until_async(db._writer.tasks.empty)  # it has begun, and waits for the lock
        waiting += [asyncio.ensure_future(db.write(add, name)) for name in "bcde"]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == list("abcde")
    assert len(commits) == 1
    assert rows_on_disk(tmp_path) == list("abcde")


async def test_a_fault_in_a_group_undoes_only_its_own_piece(db: Sqlite, tmp_path: Path) -> None:
    async with held_up(db):
        queued = [
            asyncio.ensure_future(db.write(add, "a")),
            asyncio.ensure_future(db.write(add_and_fail, "b")),
            asyncio.ensure_future(db.write(add, "c")),
        ]
        await asyncio.sleep(0)
    a, b, c = await asyncio.gather(*queued, return_exceptions=True)
    assert (a, c) == ("a", "c")
    assert isinstance(b, BlobNotFound)
    assert rows_on_disk(tmp_path) == ["a", "c"]


async def test_where_the_database_fails_a_group_each_piece_is_tried_alone(db: Sqlite, tmp_path: Path) -> None:
    await db.write(add, "b")
    commits = count_commits(db)
    async with held_up(db):
        queued = [asyncio.ensure_future(db.write(add, name)) for name in "abc"]
        await asyncio.sleep(0)
    a, b, c = await asyncio.gather(*queued, return_exceptions=True)
    assert (a, c) == ("a", "c")
    assert isinstance(b, Unavailable)
    assert rows_on_disk(tmp_path) == ["a", "b", "c"]
    assert len(commits) == 3  # of the one that held the queue up, of a, of c


async def test_a_caller_that_is_cancelled_neither_stops_its_write_nor_hurts_others(db: Sqlite, tmp_path: Path) -> None:
    async with held_up(db):
        queued = [asyncio.ensure_future(db.write(add, name)) for name in "abc"]
        await asyncio.sleep(0)
        queued[1].cancel()
        await asyncio.sleep(0)
    a, b, c = await asyncio.gather(*queued, return_exceptions=True)
    assert (a, c) == ("a", "c")
    assert isinstance(b, asyncio.CancelledError)
    assert rows_on_disk(tmp_path) == ["a", "b", "c"]


# --- failing -------------------------------------------------------------------------------------------------


async def test_a_fault_leaves_nothing_of_its_write(db: Sqlite, tmp_path: Path) -> None:
    with pytest.raises(BlobNotFound):
        await db.write(add_and_fail, "a")
    assert rows_on_disk(tmp_path) == []


@contextmanager
def database_is_full(db: Sqlite) -> Iterator[None]:
    connection = db._writer._connection
    connection.execute("PRAGMA max_page_count=1")  # it means: no page more than there are
    yield
    connection.execute("PRAGMA max_page_count=1000000")


@contextmanager
def commit_is_refused(db: Sqlite) -> Iterator[None]:
    db._writer._connection.set_commit_hook(lambda: True)
    yield
    db._writer._connection.set_commit_hook(None)


@contextmanager
def disk_is_full(db: Sqlite) -> Iterator[None]:
    """No file of this process may grow beyond what the log has already: it fails when the commit writes."""
    log = Path(db._writer._connection.filename + "-wal").stat().st_size
    with no_file_over(log + 8192):
        yield


FAILURES = pytest.mark.parametrize("failure", [database_is_full, commit_is_refused, disk_is_full])
Failure = Callable[[Sqlite], AbstractContextManager[None]]


async def add_much(tx: Tx, name: str) -> None:
    await tx.run(INSERT, name=name + "!" * 100_000)


@FAILURES
async def test_a_write_that_cannot_be_made_durable_is_answered_so(db: Sqlite, failure: Failure) -> None:
    with failure(db), pytest.raises(Unavailable):
        await db.write(add_much, "a")


@FAILURES
async def test_a_write_that_failed_leaves_nothing(db: Sqlite, tmp_path: Path, failure: Failure) -> None:
    with failure(db), pytest.raises(Unavailable):
        await db.write(add_much, "a")
    assert rows_on_disk(tmp_path) == []


@FAILURES
async def test_reading_goes_on_while_nothing_can_be_written(db: Sqlite, failure: Failure) -> None:
    await db.write(add, "a")
    with failure(db):
        with pytest.raises(Unavailable):
            await db.write(add_much, "b")
        assert await db.read(names) == ["a"]


@FAILURES
async def test_the_next_write_works_when_there_is_room_again(db: Sqlite, tmp_path: Path, failure: Failure) -> None:
    with failure(db), pytest.raises(Unavailable):
        await db.write(add_much, "a")
    await db.write(add, "b")
    assert rows_on_disk(tmp_path) == ["b"]


@FAILURES
async def test_a_group_that_cannot_be_made_durable_fails_for_all(db: Sqlite, tmp_path: Path, failure: Failure) -> None:
    with failure(db):
        async with held_up(db):
            queued = [asyncio.ensure_future(db.write(add_much, name)) for name in "abc"]
            await asyncio.sleep(0)
        answers = await asyncio.gather(*queued, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert rows_on_disk(tmp_path) == []


async def test_work_that_waits_for_something_else_is_refused(db: Sqlite) -> None:
    for run in (db.read, db.write):
        with pytest.raises(RuntimeError, match="waited for something else"):
            await asyncio.wait_for(run(wait_for_something_else), 10)


async def test_work_that_was_refused_leaves_nothing(db: Sqlite, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        await db.write(add_and_wait, "a")
    await db.write(add, "next")
    assert rows_on_disk(tmp_path) == ["next"]


# --- closing -------------------------------------------------------------------------------------------------


# --- the log of what was written -----------------------------------------------------------------------------


def sizes(directory: Path) -> tuple[int, int]:
    """Bytes of the file, and of the log beside it."""
    return (directory / FILE).stat().st_size, (directory / f"{FILE}-wal").stat().st_size


async def test_what_was_written_comes_into_the_file_when_nobody_waits(
    db: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_CHECKPOINT", 20)
    await db.write(add_much, "a")
    await until_async(lambda: sizes(tmp_path)[0] > 100_000)


async def test_the_log_stays_within_bounds_while_somebody_always_waits(
    db: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_CHECKPOINT", 1_000_000)
    monkeypatch.setattr(sqlite, "_LATEST_CHECKPOINT", 50)
    for number in range(40):
        await db.write(add_much, str(number))
    file, log = sizes(tmp_path)
    assert file > 3_000_000
    assert log < 1_000_000


async def test_closing_finishes_what_was_queued(tmp_path: Path) -> None:
    db = Sqlite(tmp_path)
    await db.write(make_table)
    async with held_up(db):
        queued = [asyncio.ensure_future(db.write(add, name)) for name in "abc"]
        closing = asyncio.ensure_future(db.close())
        await asyncio.sleep(0)
    assert await asyncio.gather(*queued) == ["a", "b", "c"]
    await closing
    assert rows_on_disk(tmp_path) == ["a", "b", "c"]


async def test_a_write_after_closing_fails_and_does_not_wait(tmp_path: Path) -> None:
    db = Sqlite(tmp_path)
    await db.close()
    [answer] = await asyncio.gather(asyncio.wait_for(db.write(make_table), 1), return_exceptions=True)
    assert isinstance(answer, Exception)
    assert not isinstance(answer, TimeoutError)


# --- processes -----------------------------------------------------------------------------------------------


async def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    db = Sqlite(tmp_path)
    await db.write(make_unlinks)
    await db.close()
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_rows, args=(tmp_path, name, 200)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join, 60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    count = apsw.Connection(str(tmp_path / FILE)).execute("SELECT count(*) FROM unlinks").get
    assert count == 400


async def make_unlinks(tx: Tx) -> None:
    await tx.run("CREATE TABLE unlinks (storage_id TEXT PRIMARY KEY, noted_at BIGINT NOT NULL)")


async def test_a_database_that_is_locked_when_it_is_opened_is_waited_for(tmp_path: Path) -> None:
    await Sqlite(tmp_path).close()
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
    other.execute("BEGIN EXCLUSIVE")
    opening = asyncio.ensure_future(asyncio.to_thread(Sqlite, tmp_path))
    await asyncio.wait([opening], timeout=0.2)  # it would be over by then if it did not wait
    other.close()
    await (await opening).close()


def test_an_unsafe_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "OLDEST_SAFE", (9, 0, 0))
    with pytest.raises(UnsafeSqlite, match=r"SQLite 3\.[0-9.]+ is too old"):
        Sqlite(tmp_path)
