"""What calls of both doors cost, in counts that are the same on every machine: statements, commits, syncs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pytest

from support.answer import Answer
from support.doors import Doors
from support.passing import Passing
from wharfinger.services import access
from wharfinger.state import State, remembered
from wharfinger.state.db.database import P, T, Work


@dataclass
class Metered(Passing):
    """A database that notes how many statements each read and each transaction had."""

    reads: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)  # that somebody may do something
    looks: int = 0  # whether any right has changed since

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        before = self.inner.statements
        result = await self.inner.read(work, *args, **kwargs)
        decides = work.__module__ in {access.__name__, remembered.__name__}
        (self.decisions if decides else self.reads).append(self.inner.statements - before)
        return result

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        result = await self.inner.ask(work, *args, **kwargs)
        self.reads.append(1)
        return result

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        before = self.inner.statements
        result = await self.inner.write(work, *args, **kwargs)
        self.writes.append(self.inner.statements - before)
        return result

    async def rights_version(self) -> int:
        self.looks += 1
        return await self.inner.rights_version()


class Cost(NamedTuple):
    """What some calls took. The syncs are those of files and folders, besides the database's own."""

    reads: list[int]
    writes: list[int]
    syncs: int


class Meter:
    """Doors whose costs are counted."""

    def __init__(self, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
        self.db = Metered(state.db)
        self.doors = Doors(replace(state, db=self.db))
        self.syncs = 0
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def count(descriptor: int) -> None:
            self.syncs += 1
            sync(descriptor)

        return count

    async def cost_of(self, *calls: Awaitable[Answer]) -> Cost:
        """Of these calls, each of which has to succeed."""
        reads, writes, syncs = len(self.db.reads), len(self.db.writes), self.syncs
        for call in calls:
            answer = await call
            assert answer.status < 300, answer
        return Cost(self.db.reads[reads:], self.db.writes[writes:], self.syncs - syncs)
