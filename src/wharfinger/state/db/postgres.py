"""PostgreSQL, the database outside: a pool of connections for each worker.

Why every write is SERIALIZABLE, what is tried again and what never: docs/decisions/0014-postgresql.md.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

import asyncpg
from asyncpg import exceptions as failures

from wharfinger.domain.faults import Unavailable
from wharfinger.state.db import rights
from wharfinger.state.db.database import Figures, P, Row, T, Tx, Value, Work

_CONNECTIONS: Final = 10  # of a worker, at most
_CONNECT_SECONDS: Final = 10  # to wait for one of them, or for a new one
_STATEMENT_SECONDS: Final = 30
_GRACE_SECONDS: Final = 5  # after which a server that did not end a statement is taken for gone
_LONGEST_WAIT: Final = 30  # seconds in which a transaction is tried again
_MOST_PAUSE: Final = 0.5
_UNIQUE_TRIES: Final = 3
_CACHED_STATEMENTS: Final = 1000  # the product has some hundreds
_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# who met others is done alone: those who try for the first time share a lock that it then holds alone
_LOCK: Final = 712873921460
_WRITE: Final = f"BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT pg_advisory_xact_lock_shared({_LOCK})"
_WRITE_ALONE: Final = "BEGIN ISOLATION LEVEL SERIALIZABLE"
_ALONE: Final = (f"SELECT pg_advisory_lock({_LOCK})", f"SELECT pg_advisory_unlock({_LOCK})")
_FIRST_TRIES: Final = 1
_REWRITE: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ"
_SESSION: Final = {
    "application_name": "wharfinger",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",  # a worker that is gone holds nobody up for longer
    "enable_seqscan": "off",  # reading a whole table would conflict with every write to it
    "jit": "off",
}
_CONFLICT: Final = (failures.SerializationError, failures.DeadlockDetectedError, failures.LockNotAvailableError)
# rarely somebody else was faster, and it looks like this
_FASTER: Final = (failures.UniqueViolationError, failures.DuplicateTableError)
_LOST: Final = (
    OSError,
    failures.PostgresConnectionError,
    failures.InterfaceError,
    failures.InternalClientError,  # its last words, that it shuts down, were still being read
    failures.OperatorInterventionError,  # it shuts down, or starts
    failures.IdleInTransactionSessionTimeoutError,
    failures.ReadOnlySQLTransactionError,  # it was the primary until now
)


class _Again(Exception):
    """The transaction is undone for certain, and may be tried again; the text says why."""

    def __init__(self, reason: str, most: int | None = None) -> None:
        super().__init__(reason)
        self.most = most  # times


class PostgresTx:
    """A transaction on one connection."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, connection: Any, counted: Callable[[], None]) -> None:
        self._connection = connection
        self._counted = counted

    async def all(self, sql: str, **values: Value) -> list[Row]:
        self._counted()
        text, names = _translate(sql)
        rows: list[Row] = await self._connection.fetch(text, *_bound(names, values))
        return rows

    async def one(self, sql: str, **values: Value) -> Row | None:
        self._counted()
        text, names = _translate(sql)
        row: Row | None = await self._connection.fetchrow(text, *_bound(names, values))
        return row

    async def run(self, sql: str, **values: Value) -> int:
        self._counted()
        if not values:  # it may be several statements
            return _count(await self._connection.execute(sql))
        text, names = _translate(sql)
        return _count(await self._connection.execute(text, *_bound(names, values)))

    async def many(self, sql: str, rows: Iterable[Mapping[str, Value]]) -> None:
        self._counted()
        text, names = _translate(sql)
        await self._connection.executemany(text, [_bound(names, row) for row in rows])


class _OneStatement(PostgresTx):
    """What is read by one statement needs no transaction, and so no further round trips."""

    def __init__(self, connection: Any, counted: Callable[[], None]) -> None:
        super().__init__(connection, self._only)
        self._counted_by_all = counted
        self._is_used = False

    def _only(self) -> None:
        if self._is_used:
            raise RuntimeError("work that asks the database ran a second statement")
        self._is_used = True
        self._counted_by_all()


class Postgres:
    """The database at a URL, for the event loop that uses it first. `patience` is for a migration, which may take long.

    Connections are made when they are needed, so a database that is away is noticed by those who ask it.
    """

    is_shared = True

    def __init__(self, url: str, *, patience: float = _STATEMENT_SECONDS) -> None:
        self.statements = 0
        self.transactions = 0
        self._url = url
        self._patience = patience
        self._is_closed = False
        self._pool: Any = None
        self._failures = 0
        self._waiting = 0
        self._waited = 0.0
        self._writing: set[asyncio.Task[Any]] = set()

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._again(lambda _: self._transaction(_READ, lambda tx: work(tx, *args, **kwargs)))

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async def once(_: int) -> T:
            async with self._connection() as connection:
                return await work(_OneStatement(connection, self._count), *args, **kwargs)

        return await self._again(once)

    async def rights_version(self) -> int:
        return await self.ask(rights.version)

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._is_closed:
            raise _unavailable("the database is closed")
        self.transactions += 1

        def once(attempt: int) -> Awaitable[T]:
            begin = _WRITE if attempt <= _FIRST_TRIES else _WRITE_ALONE
            return self._transaction(begin, lambda tx: work(tx, *args, **kwargs))

        task: asyncio.Task[T] = asyncio.create_task(self._again(once))
        self._writing.add(task)
        task.add_done_callback(self._written)
        return await asyncio.shield(task)  # who asked may go away, and a commit is not to be cut off

    async def time(self) -> int:
        return await self.ask(_time)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        async with self._long(_READ) as tx:
            yield tx

    @asynccontextmanager
    async def rewrite(self) -> AsyncIterator[Tx]:
        async with self._long(_REWRITE) as tx:
            yield tx

    def figures(self) -> Figures:
        connections, idle = (self._pool.get_size(), self._pool.get_idle_size()) if self._pool is not None else (0, 0)
        return Figures(
            "postgresql",
            self.statements,
            self.transactions,
            self._failures,
            self._waited,
            self._waiting,
            connections,
            idle,
        )

    async def close(self) -> None:
        self._is_closed = True
        await asyncio.gather(*self._writing, return_exceptions=True)
        if self._pool is not None:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._pool.close()
            except (TimeoutError, *_LOST):
                self._pool.terminate()

    def _count(self) -> None:
        self.statements += 1

    def _written(self, task: asyncio.Task[Any]) -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # who asked may be gone, and then nobody looks at it

    async def _again(self, once: Callable[[int], Awaitable[T]]) -> T:
        """Run something until it is not in the way of others any more. Raises Unavailable."""
        deadline = asyncio.get_running_loop().time() + _LONGEST_WAIT
        pause = 0.001
        for attempt in itertools.count(1):
            try:
                return await once(attempt)
            except _Again as again:
                if attempt == again.most or asyncio.get_running_loop().time() > deadline:
                    self._failures += 1
                    raise _unavailable(f"{again}") from None
            except Unavailable:
                self._failures += 1
                raise
            await asyncio.sleep(pause * random.random())  # noqa: S311 - it only keeps two from meeting again
            pause = min(pause * 2, _MOST_PAUSE)
        raise AssertionError("counting does not end")

    async def _transaction(self, begin: str, work: Callable[[PostgresTx], Awaitable[T]]) -> T:
        async with self._connection() as connection, _alone(connection, begin == _WRITE_ALONE):
            await connection.execute(begin)
            try:
                result = await work(PostgresTx(connection, self._count))
            except BaseException as error:
                await _undo(connection, error)
                raise
            if begin == _READ:
                await connection.execute("COMMIT")
            else:
                await self._commit(connection)
            return result

    @asynccontextmanager
    async def _long(self, begin: str) -> AsyncIterator[PostgresTx]:
        """A transaction that nothing runs again, and that may wait for other things. Raises Unavailable."""
        try:
            async with self._connection() as connection:
                # the first query is what makes it see one state
                await connection.execute(f"{begin}; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT 1")
                try:
                    yield PostgresTx(connection, self._count)
                except BaseException as error:
                    await _undo(connection, error)
                    raise
                await self._commit(connection)
        except _Again as again:
            raise _unavailable(f"{again}") from again

    async def _commit(self, connection: Any) -> None:
        if _is_gone(connection):
            raise _Again("the connection was lost before the commit")
        try:
            status = await connection.execute("COMMIT")
        except _CONFLICT:
            raise
        except (failures.PostgresError, *_LOST) as error:
            _end(connection)
            # it may be done, so it is neither tried again nor said to have failed
            raise _unavailable(f"the outcome of the commit is not known ({self._reason(error)})") from error
        if status != "COMMIT":
            raise _unavailable("the transaction had failed before its commit")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A connection, with its errors as what they mean to the caller. Raises Unavailable, _Again."""
        connection = await self._acquired()
        try:
            yield connection
        except _CONFLICT as error:
            raise _Again(f"others kept writing the same ({self._reason(error)})") from error
        except _FASTER as error:
            raise _Again(self._reason(error), _UNIQUE_TRIES) from error
        except TimeoutError as error:
            raise _unavailable("the database does not answer") from error
        except failures.QueryCanceledError as error:
            raise _unavailable(self._reason(error)) from error
        except _LOST as error:
            if isinstance(error, (failures.InterfaceError, OSError)) and not _is_gone(connection):
                raise  # it is not the connection's
            _end(connection)
            raise _Again(f"the connection was lost ({self._reason(error)})") from error
        except failures.PostgresError as error:
            raise _unavailable(self._reason(error)) from error
        finally:
            await self._released(connection)

    async def _acquired(self) -> Any:
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=_CONNECTIONS,
                timeout=_CONNECT_SECONDS,
                command_timeout=self._patience + _GRACE_SECONDS,
                statement_cache_size=_CACHED_STATEMENTS,
                max_cached_statement_lifetime=0,
                target_session_attrs="read-write",
                server_settings={**_SESSION, "statement_timeout": f"{self._patience * 1000:.0f}"},
                init=_prepare,
                reset=_leave_as_it_is,
            )
        asked_at = asyncio.get_running_loop().time()
        self._waiting += 1
        try:
            await self._pool
            return await self._pool.acquire(timeout=_CONNECT_SECONDS)
        except TimeoutError:
            raise _unavailable("no connection to the database became free in time") from None
        except (failures.PostgresError, *_LOST) as error:
            raise _unavailable(f"the database cannot be reached ({self._reason(error)})") from error
        finally:
            self._waiting -= 1
            self._waited += asyncio.get_running_loop().time() - asked_at

    async def _released(self, connection: Any) -> None:
        with suppress(*_LOST, failures.PostgresError):
            await self._pool.release(connection)

    def _reason(self, error: BaseException) -> str:
        password = urlsplit(self._url).password
        text = f"{type(error).__name__}: {error}".partition("\n")[0]
        return text.replace(password, "…").replace(unquote(password), "…") if password else text


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(reason, "database")


async def _time(tx: Tx) -> int:
    row = await tx.one("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
    return int(row[0]) if row else 0


async def _prepare(connection: Any) -> None:
    """A sum of whole numbers is one, which only PostgreSQL does not know."""
    await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=int, format="text")


async def _leave_as_it_is(_: Any) -> None:
    """No session has anything that the next one must not see, and to reset it would cost a round trip."""


@asynccontextmanager
async def _alone(connection: Any, is_wanted: bool) -> AsyncIterator[None]:
    """Nobody else writes within the block. A transaction that began before the wait would see the state of then."""
    if not is_wanted:
        yield
        return
    await connection.execute(_ALONE[0])
    try:
        yield
    finally:
        try:
            await connection.execute(_ALONE[1])
        except (failures.PostgresError, *_LOST, asyncio.CancelledError):
            _end(connection)


async def _undo(connection: Any, error: BaseException) -> None:
    if isinstance(error, TimeoutError):  # nor would this be answered
        _end(connection)
        return
    try:
        await connection.execute("ROLLBACK")
    except (failures.PostgresError, *_LOST, asyncio.CancelledError):
        _end(connection)


def _end(connection: Any) -> None:
    with suppress(failures.InterfaceError):  # it has ended, and the pool has it back
        connection.terminate()


def _is_gone(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except failures.InterfaceError:  # the pool has it back
        return True


def _count(status: str) -> int:
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


def _bound(names: Iterable[str], values: Mapping[str, Value]) -> list[Value]:
    """The values in that order. No text of PostgreSQL has a NUL, so none of it is equal to what has one."""
    return [_without_nul(value) for value in map(values.__getitem__, names)]


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd") if "\0" in value else value
    return [_without_nul(item) for item in value] if isinstance(value, (list, tuple)) else value


# what differs in the words of both; the left side of IN says of which type the items are
_WORDS: Final = (
    (re.compile(r"\bNOT IN EACH\((:\w+)\)"), r"<> ALL(\1)"),
    (re.compile(r"\bIN EACH\((:\w+)\)"), r"= ANY(\1)"),
    (re.compile(r"\bjson_group_array\((\w+)\)"), r"coalesce(json_agg(\1)::text, '[]')"),
)
_NAME: Final = re.compile(r"'[^']*'|::|:(\w+)")


@functools.lru_cache(maxsize=2048)
def _translate(sql: str) -> tuple[str, tuple[str, ...]]:
    """A statement with `$1` for the first name, and so on, and the names in that order."""
    for theirs, ours in _WORDS:
        sql = theirs.sub(ours, sql)
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return f"${names.setdefault(name, len(names) + 1)}" if name else found[0]

    return _NAME.sub(number, sql), tuple(names)
