"""Ways to end at one step: of a state on its way to the disk, or of files, as if the process were killed there."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support.passing import Passing
from wharfinger.state import State
from wharfinger.state.blobs.store import BlobStore, Location, Stored, Writer
from wharfinger.state.db.database import P, T, Work

R = TypeVar("R")


class Killed(BaseException):
    """The process is gone: no handler of an error runs as it would after one."""


@contextmanager
def killed_at(at: int, *, after: bool) -> Iterator[None]:
    """Within the block everything ends at one of the steps that change files or sync them."""
    left = at

    def step(do: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0 or (left == 0 and not after):
                raise Killed
            result = do(*args, **kwargs)
            if left == 0:
                raise Killed
            return result

        return run

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "fsync", "rename", "unlink"):
            patch.setattr(os, name, step(getattr(os, name)))
        yield


class Failpoints:
    """Counts the steps that change something, and ends everything at one of them, before or `after` it is done."""

    def __init__(self, state: State, at: int, *, after: bool) -> None:
        self._left = at
        self._after = after
        self._dead = False
        self.state = replace(state, db=_Database(state.db, self), blobs=_Store(state.blobs, self))

    async def step(self, doing: Awaitable[R]) -> R:
        """One step. What is dead does nothing any more."""
        self._left -= 1
        if self._dead or (self._left == 0 and not self._after):
            self._dead = True
            _forget(doing)
            raise Killed
        result = await doing
        if self._left == 0:
            self._dead = True
            raise Killed
        return result


def _forget(doing: Awaitable[R]) -> None:
    close = getattr(doing, "close", None)
    if close is not None:
        close()


@dataclass
class _Database(Passing):
    points: Failpoints

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.points.step(self.inner.write(work, *args, **kwargs))


@dataclass
class _Store:
    inner: BlobStore
    points: Failpoints

    async def create(self, storage_id: str) -> None:
        await self.points.step(self.inner.create(storage_id))

    @asynccontextmanager
    async def writer(self, storage_id: str) -> AsyncIterator[Writer]:
        async with self.inner.writer(storage_id) as writer:
            yield _Writer(writer, self.points)

    async def publish(self, storage_id: str) -> None:
        await self.points.step(self.inner.publish(storage_id))

    def read(self, location: Location, start: int, length: int) -> AsyncGenerator[bytes, None]:
        return self.inner.read(location, start, length)

    def path(self, location: Location) -> Path | None:
        return self.inner.path(location)

    async def address(self, location: Location) -> str | None:
        return await self.inner.address(location)

    async def look(self, storage_id: str) -> Stored | None:
        return await self.inner.look(storage_id)

    async def page(self, after: str, limit: int) -> Sequence[Stored]:
        return await self.inner.page(after, limit)

    async def unlink(self, storage_id: str) -> None:
        await self.points.step(self.inner.unlink(storage_id))

    async def trim(self, location: Location) -> None:
        await self.inner.trim(location)


@dataclass
class _Writer:
    inner: Writer
    points: Failpoints

    async def begin(self, location: Location) -> None:
        await self.points.step(self.inner.begin(location))

    async def write(self, piece: bytes) -> None:
        await self.points.step(self.inner.write(piece))

    async def sync(self) -> Location:
        return await self.points.step(self.inner.sync())

    async def rewind(self) -> None:
        await self.points.step(self.inner.rewind())
