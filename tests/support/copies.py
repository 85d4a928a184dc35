"""Copies of an installation, made in the process of the test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.doors import Doors
from support.state import Clock, opened, settings_of
from support.stores import having_rights
from wharfinger.server import copy, data
from wharfinger.server.copy import Made
from wharfinger.services.copied_blobs import Progress
from wharfinger.services.copy import Told


class Tells(list[Told]):
    """What a copy told, without how far it was."""

    copied = 0

    def __call__(self, told: Told) -> None:
        if isinstance(told, Progress):
            self.copied = told.blobs
        else:
            self.append(told)


async def copied(source: Path, to: Path, tell: Callable[[Told], None] | None = None, **options: Any) -> Made:
    """Copy one directory into another."""
    with having_rights():
        return await copy.run(settings_of(source), settings_of(to), Tells() if tell is None else tell, **options)


@asynccontextmanager
async def served(source: Path, to: Path, clock: Clock) -> AsyncIterator[Doors]:
    """The doors of a copy, with a server started on it, once the master key is there."""
    shutil.copy(source / "master.key", to / "master.key")
    with having_rights():
        await data.prepare(settings_of(to))
    state = await opened(to, clock)
    try:
        yield Doors(state)
    finally:
        state.trail.close()
        await state.db.close()
