"""A State without a server: a data directory as a worker has it open, and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support import postgresql
from support.server import REGION
from support.stores import empty_store, having_rights, kind_of, settings_for
from wharfinger.domain.mutability import Mutability
from wharfinger.domain.names import Registry
from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.services import collect, repositories
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.state import State
from wharfinger.state.clock import system_clock
from wharfinger.state.db.database import Tx

ACCOUNT = "123456789012"
REGISTRY = Registry(ACCOUNT, REGION)
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:root", REGISTRY, Login("open", ACCOUNT))
# what clients bring, each table before those that its rows refer to
_TABLES = (
    "images",
    "repositories",
    "deletions",
    "blobs",
    "unlinks",
    "events",
    "webhooks",
    "holds",
    "feeds",
    "plans",
)


class Clock:
    """Milliseconds that pass only when a test says so."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def move(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds


def settings_of(directory: Path, **more: Any) -> Settings:
    """Settings of a server on a directory, open unless `more` says otherwise."""
    database = postgresql.database_of(directory) if postgresql.is_of(directory) else ""
    return Settings(data=str(directory), **{"open": True, "database": database, **settings_for(directory), **more})


async def opened(directory: Path, clock: Callable[[], int] | None = None, **settings: Any) -> State:
    """What one worker has open, on a directory that is prepared."""
    with having_rights(kind_of(directory)):
        return await data.open_state(settings_of(directory, **settings), clock or Clock())


@asynccontextmanager
async def prepared(directory: Path, clock: Callable[[], int] | None = None, **settings: Any) -> AsyncIterator[State]:
    """A new data directory, open as one worker has it; without jobs beside it."""
    with having_rights(kind_of(directory)):
        await data.prepare(settings_of(directory, **settings))
    state = await opened(directory, clock, **settings)
    try:
        yield state
    finally:
        state.trail.close()
        await state.db.close()


async def create_repository(state: State, name: str = "app", mutability: Mutability | None = None) -> str:
    """A new repository: its name."""
    await repositories.create(
        state,
        REGISTRY,
        name,
        mutability=mutability or Mutability(),
        scan_on_push=False,
        encryption_type="AES256",
        kms_key=None,
        resource_tags=[],
    )
    return name


async def collect_all(state: State) -> None:
    """Collect, and after the time that downloads are given also unlink what was collected."""
    assert isinstance(state.clock, Clock)
    await collect.run(state)
    state.clock.move(collect.GRACE)
    await collect.run(state)


async def empty(state: State, directory: Path) -> None:
    """Take everything out of a data directory again: much cheaper than a new one."""

    async def work(tx: Tx) -> None:
        for table in _TABLES:
            await tx.run(f"DELETE FROM {table}")

    await state.db.write(work)
    empty_store(directory)


async def collect_later(directory: Path, later: int, **settings: Any) -> int:
    """Collect a directory that no server has open, as if so many milliseconds had passed: the time that it was then."""
    clock = Clock(system_clock() + later)
    state = await opened(directory, clock, **settings)
    try:
        await collect_all(state)
    finally:
        await state.db.close()
    return clock()
