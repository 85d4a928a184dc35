"""An S3 server that fails, is slow or says one thing and means another: what both doors and `/readyz` say of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from support import stores, swift
from support.between import Answered, Between, Meddle, between, error
from support.content import sha256
from support.doors import Doors
from support.invariants import broken, left_over
from support.state import collect_all, create_repository, prepared
from support.stores import having_rights
from wharfinger.state.blobs import objectstore

LARGE = os.urandom(20 * 1024 * 1024)
PART = os.urandom(14 * 1024 * 1024)
COMPLETED = Answered(200, error(500, "InternalError").body)
FAULTS: dict[str, Meddle] = {
    "500": lambda _: error(500, "InternalError"),
    "slow down": lambda _: error(503, "SlowDown"),
    "cut": lambda _: "cut",
    "cut in the middle of parts": lambda asked: "cut" if asked.what == "part" else None,
    "slow": lambda _: "silence",
    "an error inside a 200": lambda asked: COMPLETED if asked.what == "complete" else None,
}
_NOT_OF_READS = {"cut in the middle of parts", "an error inside a 200"}


@pytest.fixture
def store() -> Iterator[Between]:
    with between(swift.endpoint()) as made:
        yield made


@pytest.fixture
async def doors(store: Between, directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    """Those of a server that is not as patient as one in use."""
    monkeypatch.setitem(objectstore._RETRY, "max_retries", 1)
    monkeypatch.setitem(objectstore._CLIENT, "read_timeout", timedelta(seconds=5))
    stores.belongs(directory, "s3")
    there = stores.settings_for(directory)["store"]
    through = there.replace(quote(swift.endpoint(), safe=""), quote(store.address, safe=""))
    assert through != there
    with having_rights("s3"):
        async with prepared(directory, store=through) as state:
            await create_repository(state)
            yield Doors(state)


async def push(doors: Doors) -> tuple[int, str]:
    """A large layer through the data plane: status and code."""
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest={sha256(LARGE)}", LARGE)
    return answer.status, answer.code if answer.body else ""


async def begin(doors: Doors) -> str:
    """An upload of the ECR API: its id."""
    return str((await doors.served("InitiateLayerUpload", repositoryName="app"))["uploadId"])


async def push_in_parts(doors: Doors, upload: str) -> tuple[int, str]:
    """A layer of one part by the ECR API, into an upload that was begun."""
    sent = await doors.ecr(
        "UploadLayerPart",
        repositoryName="app",
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(PART) - 1,
        layerPartBlob=PART,
    )
    return sent.status, "" if sent.status == 200 else sent.code


async def readiness(doors: Doors) -> tuple[int, str]:
    """Status and first line."""
    answer = await doors.request("GET", "/readyz")
    return answer.status, answer.body.decode().splitlines()[0]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_store_in_trouble_fails_pushes_at_both_doors_and_damages_nothing(
    doors: Doors, store: Between, directory: Path, fault: str
) -> None:
    upload = await begin(doors)
    store.meddle = FAULTS[fault]
    whole, parts, ready = await asyncio.wait_for(
        asyncio.gather(push(doors), push_in_parts(doors, upload), readiness(doors)), 60
    )
    assert (whole, parts) == ((503, "UNKNOWN"), (500, "ServerException"))
    status, line = ready
    expected = (200, "ready") if fault in _NOT_OF_READS else (503, "not ready: store")
    assert (status, line.startswith(expected[1])) == (expected[0], True), line
    store.meddle = lambda _: None
    assert (await push(doors))[0] == 201
    if await push_in_parts(doors, upload) == (400, "UploadNotFoundException"):  # no half of it is left
        upload = await begin(doors)
        assert await push_in_parts(doors, upload) == (200, "")
    ended = await doors.ecr("CompleteLayerUpload", repositoryName="app", uploadId=upload, layerDigests=[sha256(PART)])
    assert ended.status == 200, ended
    await collect_all(doors.state)
    assert broken(directory) == []
    assert left_over(directory, doors.state.clock()) == []
