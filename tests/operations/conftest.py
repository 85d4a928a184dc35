"""What the tests of operations share: a registry in the process of the test, whose clock stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.doors import Doors, new_doors
from support.state import Clock


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    async with new_doors(tmp_path / "data", Clock()) as opened:
        yield opened
