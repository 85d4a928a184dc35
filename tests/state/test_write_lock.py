"""While another process keeps the database locked, pulls are answered, and what would write gives up in time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from support.answer import Answer
from support.content import Image, image, sha256
from support.doors import Doors, new_doors
from support.invariants import broken
from support.poll import until_async
from support.state import collect_all
from wharfinger.state.db import sqlite

pytestmark = pytest.mark.about_sqlite

APP = {"repositoryName": "app"}
ONE = image()
OTHER = Image(ONE.manifest + b"\n", ONE.media_type, ONE.blobs)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def doors(data: Path) -> AsyncIterator[Doors]:
    """With an image that nobody has pulled yet."""
    async with new_doors(data) as opened:
        await opened.push("app", ONE, "latest")
        yield opened


@pytest.fixture
def short_wait(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, nobody waits long."""
    monkeypatch.setattr(sqlite, "_LONGEST_WAIT", 0.05)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """As if another process were writing, for as long as the block takes."""
    descriptor = os.open(directory / "write.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def in_time(call: Awaitable[Answer]) -> Answer:
    """The answer of somebody who does not wait for ever."""
    async with asyncio.timeout(20):
        return await call


Call = Callable[[Doors], Awaitable[Answer]]


PULLS: dict[str, Call] = {
    "a manifest": lambda doors: doors.oci("GET", "app/manifests/latest"),
    "a manifest by digest": lambda doors: doors.oci("GET", f"app/manifests/{ONE.digest}"),
    "a blob": lambda doors: doors.oci("GET", f"app/blobs/{next(iter(ONE.blobs))}"),
    "BatchGetImage": lambda doors: doors.ecr("BatchGetImage", **APP, imageIds=[{"imageTag": "latest"}]),
    "BatchCheckLayerAvailability": lambda doors: doors.ecr(
        "BatchCheckLayerAvailability", **APP, layerDigests=list(ONE.blobs)
    ),
}


@pytest.mark.parametrize("pull", PULLS.values(), ids=PULLS)
async def test_a_first_pull_is_answered_while_the_database_is_locked(doors: Doors, data: Path, pull: Call) -> None:
    with locked(data):
        assert (await in_time(pull(doors))).status == 200


async def test_a_pull_while_the_database_was_locked_is_noted_afterwards(doors: Doors, data: Path) -> None:
    with locked(data):
        await in_time(doors.oci("GET", "app/manifests/latest"))
    await until_async(lambda: is_noted(data))
    [found] = (await doors.served("DescribeImages", **APP))["imageDetails"]
    assert found["lastRecordedPullTime"] == doors.state.clock() / 1000


def is_noted(directory: Path) -> bool:
    """Whether a pull of an image was written down."""
    connection = apsw.Connection(str(directory / sqlite.FILE))
    return bool(connection.execute("SELECT count(*) FROM images WHERE pulled_at IS NOT NULL").get)


CONTENT = b"some bytes"


class Refusal(NamedTuple):
    """Status and code of the answer of one who gave up."""

    status: int
    code: str


OCI = Refusal(503, "UNKNOWN")
ECR = Refusal(500, "ServerException")
PUSHES: dict[str, tuple[Call, Refusal]] = {
    "a blob": (lambda doors: doors.oci("POST", f"app/blobs/uploads/?digest={sha256(CONTENT)}", CONTENT), OCI),
    "an upload": (lambda doors: doors.oci("POST", "app/blobs/uploads/"), OCI),
    "a manifest": (lambda doors: doors.put_manifest("app", "new", OTHER), OCI),
    "a deletion": (lambda doors: doors.oci("DELETE", "app/manifests/latest"), OCI),
    "PutImage": (lambda doors: doors.ecr("PutImage", **APP, imageManifest=OTHER.text), ECR),
    "CreateRepository": (lambda doors: doors.ecr("CreateRepository", repositoryName="new"), ECR),
}


@pytest.mark.parametrize(("push", "refusal"), PUSHES.values(), ids=PUSHES)
async def test_what_has_to_write_says_so_when_it_cannot_for_too_long(
    doors: Doors, data: Path, short_wait: None, push: Call, refusal: Refusal
) -> None:
    with locked(data):
        answer = await in_time(push(doors))
    assert (answer.status, answer.code) == refusal


@pytest.mark.parametrize("push", [push for push, _ in PUSHES.values()], ids=PUSHES)
async def test_what_was_given_up_is_not_done_later(doors: Doors, data: Path, short_wait: None, push: Call) -> None:
    before = await everything(doors)
    with locked(data):
        await in_time(push(doors))
    # what comes after it in the queue is done, so its own turn is over
    await doors.served("CreateRepository", repositoryName="later")
    await doors.served("DeleteRepository", repositoryName="later")
    await collect_all(doors.state)
    assert await everything(doors) == before
    assert broken(data) == []
    assert len(list((data / "blobs").glob("*/*"))) == len(ONE.blobs)


async def everything(doors: Doors) -> tuple[object, object, object]:
    row = await doors.state.db.read(lambda tx: tx.one("SELECT count(*) FROM uploads"))
    return await doors.served("ListImages", **APP), await doors.served("DescribeRepositories"), row


@pytest.mark.parametrize("push", [push for push, _ in PUSHES.values()], ids=PUSHES)
async def test_what_was_given_up_can_be_done_again_when_the_lock_is_gone(
    doors: Doors, data: Path, short_wait: None, push: Call
) -> None:
    with locked(data):
        await in_time(push(doors))
    assert (await in_time(push(doors))).status in {200, 201, 202}
