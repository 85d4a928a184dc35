"""What the tests of collection share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.disk import without_syncs
from support.place import Place
from support.state import Clock, create_repository, prepared


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    without_syncs(monkeypatch)
    clock = Clock()
    async with prepared(tmp_path / "data", clock) as state:
        await create_repository(state)
        yield Place(tmp_path / "data", clock, state)
