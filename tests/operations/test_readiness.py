"""`/readyz` says what is missing and no more, takes no longer than it must, and costs one look however many ask."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.doors import Doors
from support.oci import Oci
from support.server import Server
from wharfinger.server.app import build
from wharfinger.server.settings import Settings
from wharfinger.services import health
from wharfinger.services.health import Readiness
from wharfinger.state.db.database import Tx


async def ready(doors: Doors) -> tuple[int, list[str]]:
    """Status and lines of the answer."""
    answer = await doors.request("GET", "/readyz")
    return answer.status, answer.body.decode().splitlines()


async def test_a_server_that_lacks_nothing_is_ready_and_says_what_it_looked_at(doors: Doors) -> None:
    assert await ready(doors) == (200, ["ready", "database: ok", "store: ok", "disk: ok"])


@pytest.mark.directory
async def test_a_store_that_is_away_is_named_without_its_place(doors: Doors, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "data/blobs")
    status, lines = await ready(doors)
    assert status == 503
    assert lines == ["not ready: store cannot be read", "database: ok", "store: cannot be read", "disk: ok"]


async def test_a_database_that_cannot_be_read_is_named_without_a_reason(doors: Doors) -> None:
    async def break_it(tx: Tx) -> None:
        await tx.run("ALTER TABLE schema_version RENAME TO away")

    await doors.state.db.write(break_it)
    status, lines = await ready(doors)
    assert status == 503
    assert lines[:2] == ["not ready: database cannot be read", "database: cannot be read"]


async def test_tables_of_another_version_are_named(doors: Doors) -> None:
    async def age(tx: Tx) -> None:
        await tx.run("UPDATE schema_version SET version = 1")

    await doors.state.db.write(age)
    status, lines = await ready(doors)
    assert status == 503
    assert "the tables have version 1" in lines[0]


async def test_a_full_disk_is_told_and_does_not_stop_pulls(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_LEAST_FREE", 2**62)
    status, lines = await ready(doors)
    assert status == 200
    assert lines[-1] == "disk: has no room, and pushes will fail"


class Hanging:
    """A store that does not answer until it is told to."""

    def __init__(self) -> None:
        self.looks = 0
        self.answers = asyncio.Event()

    async def look(self, storage_id: str) -> None:
        self.looks += 1
        await self.answers.wait()


async def test_a_store_that_hangs_is_named_and_looked_at_once(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.05)
    store: Any = Hanging()
    readiness = Readiness(replace(doors.state, blobs=store))
    for _ in range(2):
        found = await asyncio.gather(*(readiness.problems() for _ in range(50)))
        assert [problems["store"] for problems in found] == ["does not answer"] * 50
    assert store.looks == 1
    store.answers.set()
    assert (await readiness.problems())["store"] is None


async def test_who_asks_again_and_again_makes_no_work(doors: Doors) -> None:
    readiness = Readiness(doors.state)
    await readiness.problems()
    before = doors.state.db.statements
    for _ in range(50):
        await readiness.problems()
    assert doors.state.db.statements - before <= 1


@pytest.mark.directory
async def test_what_was_found_is_not_believed_for_long(
    doors: Doors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_KEPT_SECONDS", 0)
    readiness = Readiness(doors.state)
    assert (await readiness.problems())["store"] is None
    shutil.rmtree(tmp_path / "data/blobs")
    assert (await readiness.problems())["store"] == "cannot be read"


async def test_a_worker_that_has_not_started_is_not_ready() -> None:
    doors: Sequence[Any] = [build(Settings(open=True))]
    answer = await doors[0]._ready()
    assert (answer.status, answer.body) == (503, b"not ready: the worker is starting\n")


def test_a_running_server_is_ready_and_alive(server: Server) -> None:
    client = Oci(server.endpoint, None)
    assert client.get("/healthz").body == b"ok\n"
    assert client.get("/readyz").body.startswith(b"ready\n")
