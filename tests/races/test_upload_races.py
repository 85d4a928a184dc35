"""Uploads that meet each other or a deletion, over two workers, and where it matters at one exact moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from support.answer import Answer
from support.content import sha256
from support.doors import Body, Doors
from support.passing import Passing
from support.poll import until_async
from support.state import collect_all, create_repository
from support.workers import APP, Workers, together, two_pieces
from wharfinger.services import collect
from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state import State
from wharfinger.state.blobs.store import BlobStore, Location, Stored, Writer
from wharfinger.state.db import blobs
from wharfinger.state.db.database import P, T, Work

ROUNDS = range(10)


@pytest.mark.directory
async def test_one_blob_pushed_by_many_at_once_is_stored_once(workers: Workers) -> None:
    await create_repository(workers.states[0])
    content = b"first" + b"second"
    go = asyncio.Event()
    pushes = [
        asyncio.ensure_future(
            door.oci("POST", f"app/blobs/uploads/?digest={sha256(content)}", Body(two_pieces(b"first", go, b"second")))
        )
        for door in (workers.one, workers.two) * 4
    ]
    await until_async(lambda: workers.files() == 8)
    go.set()
    assert [answer.status for answer in await together(*pushes)] == [201] * 8
    await workers.settle()
    assert workers.files() == 1
    assert (await workers.one.oci("GET", f"app/blobs/{sha256(content)}")).status == 200


@dataclass
class Pausing:
    """A store whose calls of one kind wait at their beginning until a test lets them go on."""

    inner: BlobStore
    at: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def _pause(self, at: str) -> None:
        if at == self.at:
            self.reached.set()
            await self.go_on.wait()

    async def create(self, storage_id: str) -> None:
        await self._pause("create")
        await self.inner.create(storage_id)

    @asynccontextmanager
    async def writer(self, storage_id: str) -> AsyncIterator[Writer]:
        await self._pause("writer")
        async with self.inner.writer(storage_id) as writer:
            yield writer

    async def publish(self, storage_id: str) -> None:
        await self._pause("publish")
        await self.inner.publish(storage_id)

    def read(self, location: Location, start: int, length: int) -> AsyncGenerator[bytes, None]:
        return self.inner.read(location, start, length)

    def path(self, location: Location) -> Path | None:
        return self.inner.path(location)

    async def address(self, location: Location) -> str | None:
        return await self.inner.address(location)

    async def look(self, storage_id: str) -> Stored | None:
        return await self.inner.look(storage_id)

    async def page(self, after: str, limit: int) -> Sequence[Stored]:
        return await self.inner.page(after, limit)

    async def unlink(self, storage_id: str) -> None:
        await self.inner.unlink(storage_id)

    async def trim(self, location: Location) -> None:
        await self.inner.trim(location)


def pausing(state: State, at: str) -> tuple[Doors, Pausing]:
    store = Pausing(state.blobs, at)
    return Doors(replace(state, blobs=store)), store


@pytest.mark.directory
async def test_a_late_chunk_never_changes_a_finished_blob(workers: Workers) -> None:
    """It has looked the upload up before the end, and gets to the bytes after it."""
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    await workers.one.oci("PATCH", upload, b"content")
    late, store = pausing(workers.states[1], "writer")
    chunk = asyncio.ensure_future(late.oci("PATCH", upload, b"late"))
    await store.reached.wait()
    digest = sha256(b"content")
    assert (await workers.one.oci("PUT", f"{upload}?digest={digest}")).status == 201
    store.go_on.set()
    assert (await chunk).status == 404
    assert (await workers.one.oci("GET", f"app/blobs/{digest}")).content == b"content"


@pytest.mark.directory
async def test_a_chunk_that_comes_while_the_upload_is_finished_is_refused(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    finisher, store = pausing(workers.states[0], "publish")
    finishing = asyncio.ensure_future(finisher.oci("PUT", f"{upload}?digest={sha256(b'content')}", b"content"))
    await store.reached.wait()
    refused = await workers.two.oci("PATCH", upload, b"late")
    store.go_on.set()
    assert (await finishing).status == 201
    assert (refused.status, refused.code) == (409, "BLOB_UPLOAD_INVALID")
    await workers.settle()


@pytest.mark.directory
async def test_an_upload_is_not_finished_while_a_chunk_is_coming(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    asked = asyncio.Event()
    chunk = asyncio.ensure_future(workers.one.oci("PATCH", upload, Body(two_pieces(b"a", asked, b"b"))))
    await until_async(workers.has_bytes)
    early = await workers.two.oci("PUT", f"{upload}?digest={sha256(b'a')}")
    asked.set()
    assert (await chunk).status == 202
    assert (early.status, early.code) == (409, "BLOB_UPLOAD_INVALID")
    assert (await workers.two.oci("PUT", f"{upload}?digest={sha256(b'ab')}")).status == 201
    await workers.settle()


async def test_of_two_chunks_for_the_same_place_one_is_taken(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for _ in ROUNDS:
        upload = await workers.one.begin("app")
        answers = await together(
            *(door.oci("PATCH", upload, b"12345", {"content-range": "0-4"}) for door in (workers.one, workers.two))
        )
        assert sorted(answer.status for answer in answers) in ([202, 409], [202, 416])
        assert (await workers.one.oci("GET", upload)).headers["range"] == "0-4"


async def test_of_two_who_finish_an_upload_one_does(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for number in ROUNDS:
        content = str(number).encode()
        upload = await workers.one.begin("app")
        await workers.one.oci("PATCH", upload, content)
        path = f"{upload}?digest={sha256(content)}"
        answers = await together(workers.one.oci("PUT", path), workers.two.oci("PUT", path))
        assert sorted(answer.status for answer in answers) in ([201, 404], [201, 409])
        await workers.settle()


@pytest.mark.directory
@pytest.mark.parametrize("end", ["cancelled", "swept"])
async def test_a_chunk_that_is_coming_when_its_upload_ends_is_refused(workers: Workers, end: str) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    ended = asyncio.Event()
    chunk = asyncio.ensure_future(workers.one.oci("PATCH", upload, Body(two_pieces(b"a", ended, b"b"))))
    await until_async(workers.has_bytes)
    if end == "cancelled":
        assert (await workers.two.oci("DELETE", upload)).status == 204
    else:
        workers.clock.move(IDLE_TERM + 1)
    await collect_all(workers.states[1])
    ended.set()
    assert (await chunk).status == 404
    await workers.settle()
    assert workers.files() == 0


async def test_an_upload_that_ends_before_its_file_is_made_leaves_no_file(workers: Workers) -> None:
    await create_repository(workers.states[0])
    beginner, store = pausing(workers.states[0], "create")
    beginning = asyncio.ensure_future(beginner.oci("POST", "app/blobs/uploads/"))
    await store.reached.wait()
    await workers.two.ecr("DeleteRepository", **APP, force=True)
    await collect_all(workers.states[1])
    store.go_on.set()
    await beginning
    await workers.settle()
    assert workers.files() == 0


async def test_a_blob_that_two_repositories_push_at_once_stays_when_one_of_them_goes(workers: Workers) -> None:
    for number in ROUNDS:
        for name in ("app", "other"):
            await create_repository(workers.states[0], name)
        content = str(number).encode()
        query = f"blobs/uploads/?digest={sha256(content)}"
        _, pushed, _ = await together(
            workers.one.oci("POST", f"app/{query}", content),
            workers.two.oci("POST", f"other/{query}", content),
            workers.two.ecr("DeleteRepository", **APP, force=True),
        )
        assert pushed.status == 201
        await workers.settle()
        answer = await workers.one.oci("GET", f"other/blobs/{sha256(content)}")
        assert answer.status == 200
        await workers.one.ecr("DeleteRepository", repositoryName="other", force=True)


# --- a layer that is there when one looks, and gone when one answers -----------------------------------------


@dataclass
class Interrupted(Passing):
    """A database in which something else happens right after a look for a blob."""

    then: Callable[[], Awaitable[object]]

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        found = await self.inner.read(work, *args, **kwargs)
        if work is blobs.find:
            await self.then()
        return found

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.read(work, *args, **kwargs)


async def complete_while(workers: Workers, content: bytes, then: Callable[[], Awaitable[object]]) -> Answer:
    """A layer that is there is sent again by parts, and goes at the moment before the answer."""
    await create_repository(workers.states[0])
    await workers.one.push_blob("app", content, sha256(content))
    where = {**APP, "uploadId": (await workers.one.served("InitiateLayerUpload", **APP))["uploadId"]}
    last = len(content) - 1
    await workers.one.served("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=content)
    interrupted = replace(workers.states[0], db=Interrupted(workers.states[0].db, then))
    return await Doors(interrupted).ecr("CompleteLayerUpload", **where, layerDigests=[sha256(content)])


async def test_a_layer_is_not_said_to_exist_when_it_was_deleted_meanwhile(workers: Workers) -> None:
    content = b"layer"
    path = f"app/blobs/{sha256(content)}"
    answer = await complete_while(workers, content, lambda: workers.two.oci("DELETE", path))
    assert (answer.status, answer.json.get("layerDigest")) == (200, sha256(content))
    await workers.settle()
    assert (await workers.two.oci("GET", path)).content == content


async def test_a_layer_is_not_said_to_exist_when_its_repository_went_meanwhile(workers: Workers) -> None:
    answer = await complete_while(workers, b"layer", lambda: workers.two.served("DeleteRepository", **APP, force=True))
    assert (answer.status, answer.code) == (400, "UploadNotFoundException")
    await workers.settle()


async def test_a_layer_that_stays_is_said_to_exist_and_kept_as_long_as_if_it_were_new(workers: Workers) -> None:
    content = b"layer"
    lease = workers.states[0].rules.blob_lease

    async def wait() -> None:
        workers.clock.move(lease - 1)

    assert (await complete_while(workers, content, wait)).code == "LayerAlreadyExistsException"
    workers.clock.move(lease - collect.GRACE - 1)
    await workers.settle()
    assert (await workers.two.oci("GET", f"app/blobs/{sha256(content)}")).content == content
