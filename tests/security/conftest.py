"""What the tests of the classes of holes share: doors where only a test makes time pass, a client of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.disk import without_syncs
from support.doors import Doors, new_doors
from support.registry import Registry
from support.state import Clock


@pytest.fixture(autouse=True)
def _without_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here asks what a power failure leaves."""
    without_syncs(monkeypatch)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000_123)


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """Both doors of a registry with the repository `app`, in the process of the test."""
    async with new_doors(tmp_path / "data", clock) as opened:
        yield opened


@pytest.fixture
def wharfinger(registry: Registry) -> Any:
    """A boto3 client of Wharfinger's own service, for the same registry as the fixture of that name."""
    return registry.server.wharfinger(registry.account)
