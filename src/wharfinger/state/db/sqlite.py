"""SQLite, the database inside: reads where the caller stands, writes by one thread per process.

Why apsw and not the standard library, why a lock file, why group commit: docs/decisions/0002-database.md.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import queue
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

import apsw
import msgspec

from wharfinger.domain.faults import Unavailable
from wharfinger.state.clock import system_clock
from wharfinger.state.db import rights
from wharfinger.state.db.database import Figures, P, Row, T, Tx, Value, Work

FILE: Final = "wharfinger.db"
# below this, two processes on one database can damage it (the WAL-reset bug)
OLDEST_SAFE: Final = (3, 51, 3)
_GROUP: Final = 64
_LONGEST_WAIT: Final = 30  # seconds for a transaction to begin
# pages of the WAL after which they are brought back into the file, when nobody waits; and after which all wait for it
_CHECKPOINT: Final = 1000
_LATEST_CHECKPOINT: Final = 8000
_PRAGMAS: Final = (
    "PRAGMA busy_timeout=5000",  # first, because the next one may have to wait
    "PRAGMA auto_vacuum=INCREMENTAL",  # of a new file: its pages can be given back later
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


class UnsafeSqlite(Exception):
    """The SQLite that is installed cannot be shared by processes."""


def version_in_use() -> str:
    """Of the SQLite that is used."""
    return apsw.sqlite_lib_version()


def is_safe() -> bool:
    """Whether it can be shared by processes."""
    return tuple(map(int, version_in_use().split("."))) >= OLDEST_SAFE


class SqliteTx:
    """A transaction on one connection; its coroutines end without ever waiting."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, connection: apsw.Connection, counted: Callable[[], None]) -> None:
        self._connection = connection
        self._counted = counted

    async def all(self, sql: str, **values: Value) -> list[Row]:
        self._counted()
        return self._connection.execute(_translate(sql), _bound(values)).fetchall()

    async def one(self, sql: str, **values: Value) -> Row | None:
        self._counted()
        row: Row | None = self._connection.execute(_translate(sql), _bound(values)).fetchone()
        return row

    async def run(self, sql: str, **values: Value) -> int:
        self._counted()
        self._connection.execute(_translate(sql), _bound(values))
        return self._connection.changes()

    async def many(self, sql: str, rows: Iterable[Mapping[str, Value]]) -> None:
        self._counted()
        self._connection.executemany(_translate(sql), [_bound(row) for row in rows])


class Sqlite:
    """The database in a directory, for this process."""

    is_shared = False

    def __init__(self, directory: Path) -> None:
        if not is_safe():
            raise UnsafeSqlite(f"SQLite {version_in_use()} is too old: install apsw 3.51.3 or newer")
        self.statements = 0
        self.transactions = 0
        self._directory = directory
        self._failures = 0
        self._waiting = 0
        self._is_closed = False
        self._reader = _connect(directory)
        self._reader.execute("PRAGMA query_only=ON")
        self._read_tx = SqliteTx(self._reader, self._count)
        self._writer = _Writer(directory, self._count)

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            self._reader.execute("BEGIN")
            try:
                return _run_to_end(work(self._read_tx, *args, **kwargs))
            finally:
                if self._reader.in_transaction:
                    self._reader.execute("COMMIT")
        except apsw.Error as error:
            raise self._failed(error) from error

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return _run_to_end(work(self._read_tx, *args, **kwargs))  # a statement alone is a transaction
        except apsw.Error as error:
            raise self._failed(error) from error

    async def rights_version(self) -> int:
        self.statements += 1
        try:
            row: Row = self._reader.execute(rights.VERSION).fetchall()[0]
        except apsw.Error as error:
            raise self._failed(error) from error
        return int(row[0])

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._is_closed:
            raise Unavailable("the database is closed", "database")
        self.transactions += 1
        task = _Task(lambda tx: work(tx, *args, **kwargs))
        self._writer.tasks.put(task)
        deadline = asyncio.get_running_loop().call_later(_LONGEST_WAIT, task.give_up)
        self._waiting += 1
        try:
            result: T = await task.future
        except Unavailable:
            self._failures += 1
            raise
        finally:
            self._waiting -= 1
            deadline.cancel()
        return result

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        # a database without a name is a file without a name, which goes with the process however that ends
        with _database_errors(), closing(apsw.Connection("")) as copy:
            with closing(_connect(self._directory)) as source:
                await asyncio.to_thread(_copy, source, copy)
            yield SqliteTx(copy, self._count)

    @asynccontextmanager
    async def rewrite(self) -> AsyncIterator[Tx]:
        with _database_errors(), closing(_connect(self._directory)) as connection:
            connection.execute("BEGIN IMMEDIATE")  # given up with the connection, if the end is not reached
            yield SqliteTx(connection, self._count)
            connection.execute("COMMIT")

    async def time(self) -> int:
        return system_clock()

    def figures(self) -> Figures:
        idle = 1 if self._waiting else 2
        waited = self._writer.waited
        return Figures("sqlite", self.statements, self.transactions, self._failures, waited, self._waiting, 2, idle)

    async def close(self) -> None:
        self._is_closed = True
        self._writer.tasks.put(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.close()

    def _count(self) -> None:
        self.statements += 1

    def _failed(self, error: apsw.Error) -> Unavailable:
        self._failures += 1
        return _unavailable(error)


class _Task:
    """One piece of work on its way through the writer."""

    def __init__(self, work: Callable[[SqliteTx], Coroutine[Any, Any, Any]]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.asked_at = time.monotonic()
        self._claims = ["the one that runs it, or gives it up"]

    def claim(self) -> bool:
        """Whether it is still to be run; whoever claims first decides."""
        with suppress(IndexError):
            return bool(self._claims.pop())
        return False

    def give_up(self) -> None:
        """Another process has been writing for too long; what has begun is waited for."""
        if self.claim() and not self.future.done():
            self.future.set_exception(Unavailable("another process keeps the database locked", "database"))

    def run(self, tx: SqliteTx) -> None:
        self.error = None
        self.result = _run_to_end(self._work(tx))

    def answer(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class _Writer(threading.Thread):
    """Runs whatever has queued up as one transaction, so that many callers share one sync of the disk."""

    def __init__(self, directory: Path, counted: Callable[[], None]) -> None:
        super().__init__(name="database-writer", daemon=True)
        self.tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self.waited = 0.0  # seconds that tasks waited for their turn
        self._connection = _connect(directory)
        self._tx = SqliteTx(self._connection, counted)
        self._pages = 0  # of the WAL
        self._connection.set_wal_hook(self._committed)  # in the place of what SQLite does after each 1,000 pages
        self._lock = os.open(directory / "write.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.start()

    def run(self) -> None:
        while (first := self.tasks.get()) is not None:
            group = [first]
            try:
                self._write(group)
            except Exception as error:  # noqa: BLE001 - nobody may be left waiting
                for task in group:
                    task.error = error
            for task in group:
                task.answer()
            if self._pages >= _CHECKPOINT and self.tasks.empty():
                self._checkpoint()
        self._connection.close()
        os.close(self._lock)

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        self._pages = pages
        if pages >= _LATEST_CHECKPOINT:
            self._checkpoint()
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """What was committed is safe in the WAL already, so that a failure here is none of anybody's."""
        self._pages = 0
        with suppress(apsw.Error):
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _more(self, group: list[_Task]) -> None:
        """Whatever has come until now."""
        while len(group) < _GROUP and not self.tasks.empty():
            task = self.tasks.get()
            if task is None:
                self.tasks.put(None)  # the last there will be
                return
            group.append(task)

    def _write(self, group: list[_Task]) -> None:
        # one writer at a time, in the order of arrival, over all processes
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._more(group)  # not before: most of them come while others write
            wanted = [task for task in group if task.claim()]
            now = time.monotonic()
            self.waited += sum(now - task.asked_at for task in wanted)
            if len(wanted) < 2 or not self._together(wanted):
                for task in wanted:
                    self._alone(task)
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _together(self, group: list[_Task]) -> bool:
        """All in one transaction; a fault of one undoes that one only. False: the database failed, try each alone."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for task in group:
                self._connection.execute("SAVEPOINT task")  # the commit lets go of it
                try:
                    task.run(self._tx)
                except apsw.Error:
                    raise
                except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
                    task.error = error
                    self._connection.execute("ROLLBACK TO task")
            self._connection.execute("COMMIT")
        except apsw.Error:
            self._roll_back()
            return False
        return True

    def _alone(self, task: _Task) -> None:
        try:
            with _database_errors():
                self._connection.execute("BEGIN IMMEDIATE")
                task.run(self._tx)
                self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
            task.error = error
            self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _connect(directory: Path) -> apsw.Connection:
    connection = apsw.Connection(str(directory / FILE))
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    # plans that do not depend on what is bound: else SQLite plans anew each statement that might use a partial index
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    return connection


def _copy(source: apsw.Connection, to: apsw.Connection) -> None:
    with to.backup("main", source, "main") as backup:
        backup.step()


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise _unavailable(error) from error


def _unavailable(error: apsw.Error) -> Unavailable:
    return Unavailable(f"{type(error).__name__}: {error}", "database")


def _run_to_end(work: Coroutine[Any, Any, T]) -> T:
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("work for the database waited for something else")


@functools.lru_cache(maxsize=512)
def _translate(sql: str) -> str:
    return re.sub(r"\bEACH\(:(\w+)\)", r"(SELECT value FROM json_each(:\1))", sql)


def _bound(values: Mapping[str, Value]) -> dict[str, Any]:
    for value in values.values():
        if isinstance(value, (list, tuple)):
            break
    else:
        return values  # type: ignore[return-value]  # apsw takes any mapping
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, (list, tuple)) else value
        for name, value in values.items()
    }
