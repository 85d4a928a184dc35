"""A running server's data directory seen from inside, with the server's own code: a process more on the same data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.server import Server
from support.state import opened
from wharfinger.domain.names import Registry
from wharfinger.services import collect, login
from wharfinger.services.access import Caller, Login
from wharfinger.state import State
from wharfinger.state.clock import Clock, system_clock
from wharfinger.state.db.database import Tx


def token(server: Server, registry: Registry, age: int = 0) -> str:
    """A password of the root of an account, issued so many milliseconds ago."""

    async def issue() -> str:
        async with _opened(server, lambda: system_clock() - age) as state:
            how = Login("open", registry.account) if server.is_open else (await login.first_key(state)).login
            return login.issue_token(state, Caller("", registry, how)).password

    return asyncio.run(issue())


def files(server: Server) -> set[str]:
    """The storage ids of all bytes that are left when everything that is due was collected."""

    async def run() -> None:
        for clock in (system_clock, lambda: system_clock() + collect.GRACE):
            async with _opened(server, clock) as state:
                await collect.run(state)

    asyncio.run(run())
    return {path.name for path in (server.directory / "blobs").glob("*/*")}


def uploads(server: Server, account: str) -> int:
    """How many uploads an account has under way."""

    async def count(tx: Tx) -> int:
        row = await tx.one(
            "SELECT count(*) FROM uploads u JOIN repositories r ON r.id = u.repository_id WHERE r.account = :account",
            account=account,
        )
        assert row is not None
        return int(row[0])

    async def look() -> int:
        async with _opened(server) as state:
            return await state.db.read(count)

    return asyncio.run(look())


@asynccontextmanager
async def _opened(server: Server, clock: Clock = system_clock) -> AsyncIterator[State]:
    state = opened(server.directory, clock, open=server.is_open)
    try:
        yield state
    finally:
        await state.db.close()
