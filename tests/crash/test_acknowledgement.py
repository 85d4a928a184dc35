"""What an acknowledgement stands on (promise P1): bytes that are synced, and a lease."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from support.doors import Doors
from support.journeys import APP, DIGEST, Journey, ended, push_by_parts, push_in_chunks, push_whole
from support.state import Clock, create_repository, prepared
from wharfinger.state import State
from wharfinger.state.clock import HOUR, MINUTE
from wharfinger.state.db.database import Tx
from wharfinger.state.db.sqlite import Sqlite
from wharfinger.state.trail import TrailFiles


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data", clock) as opened:
        await create_repository(opened)
        yield opened


@pytest.fixture
def order(state: State, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the disk, in its order: bytes, their sync, that of their name, and commits."""
    noted: list[str] = []

    def noting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted_call(*args: Any) -> Any:
            result = call(*args)
            noted.append(name)
            return result

        return noted_call

    for function, name in (("write", "bytes"), ("fdatasync", "sync"), ("fsync", "name")):
        monkeypatch.setattr(os, function, noting(name, getattr(os, function)))
    monkeypatch.setattr(TrailFiles, "append", lambda *_, **__: None)  # of which nothing is acknowledged
    assert isinstance(state.db, Sqlite)
    state.db._writer._connection.set_commit_hook(noting("commit", bool))
    return noted


@pytest.mark.about_sqlite
@pytest.mark.parametrize(
    ("journey", "expected"),
    [
        (push_whole, ["commit", "bytes", "sync", "name", "commit"]),
        (push_in_chunks, ["commit", *["bytes", "sync", "commit"] * 2, "name", "commit"]),
        (push_by_parts, ["commit", "bytes", "sync", "commit", "name", "commit"]),
    ],
)
async def test_bytes_and_their_name_are_durable_before_a_row_says_that_they_are_there(
    state: State, order: list[str], journey: Journey, expected: list[str]
) -> None:
    await journey(Doors(state))
    # of the bytes and the name neither waits for the other
    assert " ".join(order).replace("name sync", "sync name").split() == expected


async def found_by_head(doors: Doors) -> None:
    await ended(doors.oci("HEAD", f"app/blobs/{DIGEST}"))


async def found_by_an_availability_check(doors: Doors) -> None:
    answer = await doors.ecr("BatchCheckLayerAvailability", **APP, layerDigests=[DIGEST])
    assert answer.json["layers"][0]["layerAvailability"] == "AVAILABLE"


async def mounted(doors: Doors) -> None:
    await ended(doors.ecr("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED"))
    await ended(doors.oci("POST", f"app/blobs/uploads/?mount={DIGEST}&from=app"))


@pytest.mark.parametrize("promise", [push_whole, found_by_head, found_by_an_availability_check, mounted, push_by_parts])
@pytest.mark.parametrize("age", [0, 30 * MINUTE, 90 * MINUTE, 3 * HOUR], ids=["new", "young", "old", "over"])
async def test_a_blob_that_is_said_to_be_there_is_held_for_an_hour(
    state: State, clock: Clock, promise: Journey, age: int
) -> None:
    doors = Doors(state)
    await push_whole(doors)
    clock.move(age)
    await promise(doors)
    assert await state.db.read(leased_until, DIGEST) >= clock() + HOUR


async def leased_until(tx: Tx, digest: str) -> int:
    row = await tx.one(
        "SELECT l.leased_until FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id WHERE b.digest = :digest",
        digest=digest,
    )
    assert row is not None
    return int(row[0])
