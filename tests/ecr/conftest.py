"""What the tests of the ECR API share: both doors where time passes only when a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.deletions import World
from support.doors import Doors, new_doors
from support.registry import Registry
from support.state import Clock


@pytest.fixture
def clock() -> Clock:
    """With odd milliseconds, so that none can get lost unseen."""
    return Clock(1_800_000_000_123)


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """Both doors of a registry with the repository `app`, in the process of the test."""
    async with new_doors(tmp_path / "data", clock) as opened:
        yield opened


@pytest.fixture
def world(registry: Registry) -> World:
    """A repository with an image of every kind."""
    return World(registry)
