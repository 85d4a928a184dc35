"""A running server's data directory seen from inside, with the server's own code: a process more on the same data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.server import Server
from support.state import opened
from wharfinger.domain.names import Registry
from wharfinger.domain.principals import user_arn
from wharfinger.services import collect, login
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.state import State
from wharfinger.state.clock import Clock, system_clock
from wharfinger.state.db import keys, principals
from wharfinger.state.db.database import Tx
from wharfinger.state.db.keys import AccessKey
from wharfinger.state.db.principals import PrincipalRow
from wharfinger.state.ids import new_access_key_id, new_principal_id


def token(server: Server, registry: Registry, age: int = 0, how: Login | None = None) -> str:
    """A password of a login, or of the root of an account, issued so many milliseconds ago."""

    async def issue() -> str:
        async with _opened(server, lambda: system_clock() - age) as state:
            root = Login("open", registry.account) if server.is_open else (await login.first_key(state)).login
            return login.issue_token(state, Caller("", registry, how or root)).password

    return asyncio.run(issue())


def user(server: Server, account: str, name: str, *policies: str) -> Login:
    """A new user with an access key; without policies named, one that may do everything."""

    async def make(tx: Tx) -> Login:
        row = PrincipalRow(new_principal_id("user"), account, "user", name, 0)
        await principals.put(tx, row)
        for policy in policies or ("AdministratorAccess",):
            await principals.attach(tx, row.id, policy)
        key = AccessKey(new_access_key_id(), account, user_arn(account, name), b"", 0, row.id)
        await keys.add(tx, key)
        return Login("key", key.id)

    async def run() -> Login:
        async with _opened(server) as state:
            return await state.db.write(make)

    return asyncio.run(run())


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
    state = await opened(server.directory, clock, open=server.is_open)
    try:
        yield state
    finally:
        await state.db.close()
