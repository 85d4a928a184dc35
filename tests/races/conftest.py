"""What the races share: two workers on one data directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.disk import without_syncs
from support.state import Clock, opened, prepared
from support.workers import Workers


@pytest.fixture
async def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    """Without a repository yet."""
    without_syncs(monkeypatch)
    clock = Clock()
    async with prepared(tmp_path / "data", clock) as state:
        second = await opened(tmp_path / "data", clock)
        yield Workers(tmp_path / "data", clock, (state, second))
        await second.db.close()
