"""Blobs whose files were lost or cut off behind the server's back: whoever pushes the bytes again makes them whole."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from support.content import image, sha256
from support.doors import Doors, new_doors
from support.state import collect_all, opened
from support.workers import together

CONTENT = os.urandom(1000)
DIGEST = sha256(CONTENT)
Damage = Callable[[Path], None]
Push = Callable[[Doors, str, bytes], Awaitable[None]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def doors(data: Path) -> AsyncIterator[Doors]:
    """Two repositories that have one blob."""
    async with new_doors(data) as made:
        await made.served("CreateRepository", repositoryName="other")
        for name in ("app", "other"):
            await made.push_blob(name, CONTENT, DIGEST)
        await collect_all(made.state)
        yield made


def removed(file: Path) -> None:
    file.unlink()


def cut_off(file: Path) -> None:
    os.truncate(file, 10)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


DAMAGES = pytest.mark.parametrize("damage", [removed, cut_off, emptied], ids=lambda damage: damage.__name__)


async def by_oci(doors: Doors, repository: str, content: bytes) -> None:
    await doors.push_blob(repository, content, sha256(content))


async def by_ecr(doors: Doors, repository: str, content: bytes) -> None:
    where = {"repositoryName": repository}
    where["uploadId"] = (await doors.served("InitiateLayerUpload", **where))["uploadId"]
    last = len(content) - 1
    await doors.served("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=content)
    assert (await doors.served("CompleteLayerUpload", **where, layerDigests=[sha256(content)]))["layerDigest"]


PUSHES = pytest.mark.parametrize("push", [by_oci, by_ecr], ids=lambda push: push.__name__)


def file_of(data: Path, content: bytes) -> Path:
    """Where the bytes are."""
    [found] = [path for path in (data / "blobs").glob("*/*") if path.read_bytes() == content]
    return found


async def served(doors: Doors, repository: str, digest: str = DIGEST) -> bytes | int:
    """The bytes of a blob, or the status of the refusal."""
    answer = await doors.oci("GET", f"{repository}/blobs/{digest}")
    return answer.content if answer.status == 200 else answer.status


@DAMAGES
async def test_a_blob_without_its_bytes_is_not_served(doors: Doors, data: Path, damage: Damage) -> None:
    damage(file_of(data, CONTENT))
    assert await served(doors, "app") == 503


@DAMAGES
@PUSHES
@pytest.mark.parametrize("repository", ["app", "other"])
async def test_pushing_a_blob_again_brings_back_its_bytes_in_every_repository(
    doors: Doors, data: Path, damage: Damage, push: Push, repository: str
) -> None:
    damage(file_of(data, CONTENT))
    await push(doors, repository, CONTENT)
    assert [await served(doors, name) for name in ("app", "other")] == [CONTENT, CONTENT]


@DAMAGES
@PUSHES
async def test_what_is_left_of_the_lost_file_goes(doors: Doors, data: Path, damage: Damage, push: Push) -> None:
    damage(file_of(data, CONTENT))
    await push(doors, "app", CONTENT)
    await collect_all(doors.state)
    assert [path.read_bytes() for path in (data / "blobs").glob("*/*")] == [CONTENT]


async def test_a_blob_that_is_whole_keeps_its_file_when_it_is_pushed_again(doors: Doors, data: Path) -> None:
    before = file_of(data, CONTENT)
    await by_oci(doors, "app", CONTENT)
    await collect_all(doors.state)
    assert file_of(data, CONTENT) == before


@DAMAGES
@PUSHES
async def test_an_image_that_is_pushed_again_is_whole(doors: Doors, data: Path, damage: Damage, push: Push) -> None:
    one = image()
    await doors.push("app", one, "latest")
    for content in one.blobs.values():
        damage(file_of(data, content))
    for content in one.blobs.values():
        await push(doors, "app", content)
    assert (await doors.put_manifest("app", "latest", one)).status == 201
    assert {digest: await served(doors, "app", digest) for digest in one.blobs} == one.blobs


@DAMAGES
async def test_two_workers_that_bring_back_a_blob_at_once_leave_one_file(
    doors: Doors, data: Path, damage: Damage
) -> None:
    damage(file_of(data, CONTENT))
    second = await opened(data, doors.state.clock)
    pushes = [
        door.oci("POST", f"{name}/blobs/uploads/?digest={DIGEST}", CONTENT)
        for name in ("app", "other")
        for door in (doors, Doors(second)) * 2
    ]
    assert [answer.status for answer in await together(*pushes)] == [201] * 8
    await second.db.close()
    await collect_all(doors.state)
    assert [path.read_bytes() for path in (data / "blobs").glob("*/*")] == [CONTENT]
    assert [await served(doors, name) for name in ("app", "other")] == [CONTENT, CONTENT]
