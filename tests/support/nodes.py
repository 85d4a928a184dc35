"""Nodes that share a database and a store, each with a data directory of its own.

On SQLite they do so by links, which no server would make, and it says that it is shared where a test makes it say so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.state import Clock, settings_of
from support.stores import having_rights
from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.state import State
from wharfinger.state.db.sqlite import FILE, Sqlite

_SHARED = (FILE, "write.lock", "blobs")
MASTER = b"m" * 32


class Nodes:
    """A place for some."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Sqlite, "is_shared", True)
        self._root = root
        self.shared = root / "shared"  # as if it were the data directory of one
        (self.shared / "blobs").mkdir(parents=True)

    def directory(self, name: str) -> Path:
        """The data directory of a node, made if it is not there."""
        found = self._root / name
        if not found.exists():
            found.mkdir()
            for shared in _SHARED:
                (found / shared).symlink_to(self.shared / shared)
        return found

    def settings(self, name: str, *, master: bytes | None = MASTER, **more: Any) -> Settings:
        """Of a node, whose copy of the master key is `master`; None: it has none."""
        directory = self.directory(name)
        if master is not None:
            (directory / "master.key").write_bytes(master)
            (directory / "master.key").chmod(0o600)
        return msgspec.structs.replace(settings_of(self.shared, **more), data=str(directory))

    @asynccontextmanager
    async def node(self, name: str, clock: Callable[[], int] | None = None, **more: Any) -> AsyncIterator[State]:
        """A node that was started, as one worker has it open, without jobs beside it."""
        settings = self.settings(name, **more)
        with having_rights():
            await data.prepare(settings)
            state = await data.open_state(settings, clock or Clock())
        try:
            yield state
        finally:
            state.trail.close()
            await state.db.close()
