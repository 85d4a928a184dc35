"""What the tests of collection share, and those of keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.disk import without_syncs
from support.place import Place
from support.state import Clock, create_repository, prepared
from wharfinger.state.keyfiles import KeyFiles


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    without_syncs(monkeypatch)
    clock = Clock()
    async with prepared(tmp_path / "data", clock) as state:
        await create_repository(state)
        yield Place(tmp_path / "data", clock, state)


@pytest.fixture
def new(tmp_path: Path) -> KeyFiles:
    """Of a data directory that has nothing yet."""
    (tmp_path / "data").mkdir()
    return KeyFiles(tmp_path / "data", tmp_path / "data/master.key")


@pytest.fixture
def files(new: KeyFiles) -> KeyFiles:
    """Of a data directory that has keys."""
    new.make()
    return new


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A file that is not there, on what could be another disk."""
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk/key"
