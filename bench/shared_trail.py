"""What it costs to hand the trail over, and to read what was handed over beside reading files.

PYTHONPATH=src:tests:. python -m bench.shared_trail
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import pytest

from support.doors import Doors
from support.nodes import Nodes
from support.state import ACCOUNT, CALLER
from wharfinger.services import shared_trail, trail
from wharfinger.services.records import Filter
from wharfinger.state import State
from wharfinger.state.db.sqlite import Sqlite

_RECORDS = 5_000


async def _read(state: State) -> float:
    """Seconds for a search over all, which finds nothing."""
    began, token = time.perf_counter(), None
    while True:
        page = await trail.page(state, CALLER, ACCOUNT, Filter(operation="None"), token, 100)
        token = page.next_token
        if token is None:
            return time.perf_counter() - began


async def _run(root: Path, patch: pytest.MonkeyPatch) -> None:
    nodes = Nodes(root / "nodes", patch)
    async with nodes.node("one") as state:
        doors = Doors(state)
        began = time.perf_counter()
        for _ in range(_RECORDS):
            await doors.ecr("DeleteRepository", repositoryName="none")
        print(f"{_RECORDS} refused requests: {(time.perf_counter() - began) / _RECORDS * 1e6:.0f} us each")
        patch.setattr(Sqlite, "is_shared", False)
        in_files = await _read(state)
        patch.setattr(Sqlite, "is_shared", True)
        before, statements = time.perf_counter(), state.db.statements
        await shared_trail.hand_over(state)
        took = time.perf_counter() - before
        print(f"handed over: {took / _RECORDS * 1e6:.1f} us a record, {state.db.statements - statements} statements")
        before, statements = time.perf_counter(), state.db.statements
        await shared_trail.hand_over(state)
        took = time.perf_counter() - before
        print(f"nothing new: {took * 1e3:.2f} ms, {state.db.statements - statements} statements")
        print(f"searched: {in_files * 1e3:.0f} ms in files, {await _read(state) * 1e3:.0f} ms in pieces")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as monkeypatch:
        asyncio.run(_run(Path(directory), monkeypatch))
