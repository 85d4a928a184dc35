"""What a database has to offer. Two promises matter: `write` returns after the commit is durable, and a `read`
sees every write that was answered before it began, on any worker.

Work is a coroutine function that takes a transaction first. On SQLite it never really waits, so it is run to its
end where it stands; on PostgreSQL it waits for the network. It touches nothing but its transaction, because it
may be run again: after a serialization failure, or alone after a failed group commit.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Concatenate, Literal, NamedTuple, ParamSpec, Protocol, TypeVar

Row = tuple[Any, ...]
Value = str | int | bytes | None | Sequence[str] | Sequence[int]
P = ParamSpec("P")
T = TypeVar("T")


class Tx(Protocol):
    """One transaction. SQL has named parameters, `:name`; `EACH(:name)` stands for the items of a list."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Whose words are understood, for the few statements that cannot be the same for both."""
        ...

    async def all(self, sql: str, **values: Value) -> list[Row]:
        """Every row of a query."""
        ...

    async def one(self, sql: str, **values: Value) -> Row | None:
        """The first row of a query, None if there is none."""
        ...

    async def run(self, sql: str, **values: Value) -> int:
        """The number of rows that a statement changed."""
        ...

    async def many(self, sql: str, rows: Iterable[Mapping[str, Value]]) -> None:
        """One statement for each of `rows`, as one call."""
        ...


Work = Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]]


class Figures(NamedTuple):
    """How a process and its database get on: up to `wait_seconds` since it was opened, the others now."""

    kind: str  # sqlite, postgresql
    statements: int
    transactions: int  # those that write
    failures: int  # reads and writes that were answered by Unavailable
    wait_seconds: float  # all that writes, or on PostgreSQL also reads, waited for their turn
    waiting: int  # that have not ended yet
    connections: int
    idle: int  # of the connections


class Database(Protocol):
    """A database that is open. `statements` and `transactions` count what was run, for tests and metrics."""

    statements: int
    transactions: int
    is_shared: bool  # by nodes, each of which has a data directory of its own

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` against one consistent state."""
        ...

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, for work of one statement: one round trip is all then. PostgreSQL refuses a second one."""
        ...

    async def rights_version(self) -> int:
        """How often rights were changed until now; for every request, so it is the cheapest of all questions."""
        ...

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` and make it durable, or raise and leave no trace of it."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Tx]:
        """One state, read for as long as it takes while others write and other things are awaited. Raises Unavailable.

        It costs: SQLite makes a copy of its file, PostgreSQL gives back no room of rows that go meanwhile.
        """
        ...

    def rewrite(self) -> AbstractAsyncContextManager[Tx]:
        """One transaction as long as it takes, on a database that nobody else uses; at the end it is made durable.

        Raises Unavailable; what raises within leaves no trace.
        """
        ...

    async def time(self) -> int:
        """What time it is for all who share the database, in ms since 1970."""
        ...

    def figures(self) -> Figures:
        """For metrics; costs nothing."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the files or connections."""
        ...
