"""A network that is cut, and connections that are all in use: what both doors and `/readyz` say of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from support import postgresql
from support.answer import Answer
from support.content import Image, image
from support.doors import Doors
from support.invariants import broken
from support.relay import Cut, Relay, relayed
from support.state import create_repository, prepared
from wharfinger.state.db import postgres
from wharfinger.state.db.database import Tx
from wharfinger.state.db.postgres import Postgres

UNAVAILABLE = [(503, "UNKNOWN"), (503, "UNKNOWN"), (500, "ServerException"), (500, "ServerException")]


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Relay]:
    async with relayed(postgresql.database_of(tmp_path / "data")) as relay:
        yield relay


@pytest.fixture
async def doors(network: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    """Those of a server that is not as patient as one in use."""
    monkeypatch.setattr(Postgres.__init__, "__kwdefaults__", {"patience": 2.0})
    monkeypatch.setattr(postgres, "_GRACE_SECONDS", 0.5)
    monkeypatch.setattr(postgres, "_CONNECT_SECONDS", 1)
    async with prepared(tmp_path / "data", database=network.url) as state:
        await create_repository(state)
        yield Doors(state)


@pytest.fixture
async def pushed(doors: Doors) -> Image:
    """An image that is there, under a tag."""
    one = image()
    await doors.push("app", one, "there")
    return one


async def asked(doors: Doors, one: Image) -> Sequence[Answer]:
    """A read and a write at each door, all at once."""
    return await asyncio.gather(
        doors.oci("GET", "app/manifests/there"),
        doors.put_manifest("app", "new", one),
        doors.ecr("ListImages", repositoryName="app"),
        doors.ecr("PutImage", repositoryName="app", imageManifest=one.text, imageTag="newer"),
    )


async def readiness(doors: Doors) -> tuple[int, str]:
    """Status and first line."""
    answer = await doors.request("GET", "/readyz")
    return answer.status, answer.body.decode().splitlines()[0]


async def works_again(doors: Doors, one: Image, directory: Path) -> None:
    """All of it at once, and nobody did anything for it."""
    assert [answer.status for answer in await asked(doors, one)] == [200, 201, 200, 200]
    assert broken(directory) == []


async def test_a_network_between_server_and_database_that_swallows_everything(
    doors: Doors, network: Relay, pushed: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.is_silent = True
    answers = await asyncio.wait_for(asked(doors, pushed), 90)  # each waits for a connection
    assert [(answer.status, answer.code) for answer in answers] == UNAVAILABLE
    status, line = await readiness(doors)
    assert (status, line.startswith("not ready: database")) == (503, True), line
    network.is_silent = False
    await works_again(doors, pushed, tmp_path / "data")


@pytest.mark.parametrize(("cut", "is_done"), [("before it arrives", False), ("before the answer", True)])
async def test_a_connection_that_is_cut_at_the_commit_is_no_answer_that_is_wrong(
    doors: Doors, network: Relay, pushed: Image, tmp_path: Path, cut: Cut, is_done: bool
) -> None:
    network.cut = cut
    answer = await doors.put_manifest("app", "new", pushed)
    assert (answer.status, answer.code) == (503, "UNKNOWN")
    assert (await doors.oci("GET", "app/manifests/new")).status == (200 if is_done else 404)
    await works_again(doors, pushed, tmp_path / "data")


async def test_a_server_all_of_whose_connections_are_in_use(doors: Doors, pushed: Image, tmp_path: Path) -> None:
    all_hold, end = asyncio.Barrier(postgres._CONNECTIONS + 1), asyncio.Event()

    async def hold(tx: Tx) -> None:
        await all_hold.wait()
        await end.wait()

    holders = [asyncio.ensure_future(doors.state.db.read(hold)) for _ in range(postgres._CONNECTIONS)]
    await all_hold.wait()
    answers = await asyncio.wait_for(asked(doors, pushed), 90)  # each waits for a connection
    assert [(answer.status, answer.code) for answer in answers] == UNAVAILABLE
    assert await readiness(doors) == (503, "not ready: database cannot be read")
    end.set()
    await asyncio.gather(*holders)
    await works_again(doors, pushed, tmp_path / "data")
