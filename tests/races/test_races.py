"""Requests that meet: over two workers on one data directory, and where it matters, at one exact moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from support.content import Image, image, index, sha256
from support.invariants import broken
from support.states import Answer, Body, Clock, Doors, create_repository, opened, prepared, until, without_syncs
from wharfinger.services import collect
from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state import State
from wharfinger.state.blobs.store import BlobStore, Writer

ROUNDS = range(10)
APP = {"repositoryName": "app"}


@dataclass
class Workers:
    """Two workers on one data directory, and doors to each."""

    directory: Path
    clock: Clock
    states: tuple[State, State]

    def __post_init__(self) -> None:
        self.one, self.two = (Doors(state) for state in self.states)

    async def settle(self) -> None:
        """Clean up after what has happened, and look whether all is well."""
        await collect.sweep(self.states[0])
        assert broken(self.directory) == []

    def files(self) -> int:
        """How many files there are."""
        return len(list((self.directory / "blobs").glob("*/*")))

    def has_bytes(self) -> bool:
        """Whether something has been written to a file."""
        return any(path.stat().st_size for path in (self.directory / "blobs").glob("*/*"))


@pytest.fixture
async def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    without_syncs(monkeypatch)
    clock = Clock()
    async with prepared(tmp_path / "data", clock) as state:
        second = opened(tmp_path / "data", clock)
        yield Workers(tmp_path / "data", clock, (state, second))
        await second.db.close()


async def tags_and_images(doors: Doors) -> tuple[dict[str, str], set[str]]:
    ids = (await doors.ecr("ListImages", **APP)).json["imageIds"]
    return {item["imageTag"]: item["imageDigest"] for item in ids if "imageTag" in item}, {
        item["imageDigest"] for item in ids
    }


async def push_blobs(doors: Doors, *images: Image) -> None:
    for one in images:
        for digest, content in one.blobs.items():
            await doors.push_blob("app", content, digest)


async def together(*calls: Awaitable[Answer]) -> list[Answer]:
    return list(await asyncio.gather(*calls))


async def both_ways(turn: int, one: Awaitable[Answer], other: Awaitable[Answer]) -> tuple[Answer, Answer]:
    """At the same time; in every second turn the other one is a little ahead."""
    if turn % 2:
        second, first = await asyncio.gather(other, one)
    else:
        first, second = await asyncio.gather(one, other)
    return first, second


# --- repositories --------------------------------------------------------------------------------------------


async def test_of_many_who_create_one_repository_one_wins(workers: Workers) -> None:
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.ecr("CreateRepository", **APP) for door in doors))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    assert {answer.code for answer in answers if answer.status == 400} == {"RepositoryAlreadyExistsException"}


@pytest.mark.parametrize("what", ["blob", "manifest", "mount", "upload"])
async def test_a_push_that_meets_the_deletion_of_its_repository_leaves_nothing_behind(
    workers: Workers, what: str
) -> None:
    await create_repository(workers.states[0], "source")
    await workers.one.ecr("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    layer = sha256(b"mounted")
    await workers.one.push_blob("source", b"mounted", layer)
    for turn in ROUNDS:
        await create_repository(workers.states[0])
        pushed = image()
        await push_blobs(workers.one, pushed)
        content = str(turn).encode()
        push = {
            "blob": ("POST", f"app/blobs/uploads/?digest={sha256(content)}", content),
            "manifest": ("PUT", "app/manifests/tag", pushed.manifest),
            "mount": ("POST", f"app/blobs/uploads/?mount={layer}&from=source", b""),
            "upload": ("POST", "app/blobs/uploads/", b""),
        }[what]
        answer, deleted = await both_ways(
            turn, workers.one.oci(*push), workers.two.ecr("DeleteRepository", **APP, force=True)
        )
        assert deleted.status == 200
        assert answer.status in {201, 202} or (answer.status, answer.code) in GONE
        assert (await workers.one.oci("GET", "app/tags/list")).code == "NAME_UNKNOWN"
        await workers.settle()


GONE = {(404, "NAME_UNKNOWN"), (404, "BLOB_UPLOAD_UNKNOWN")}


async def test_an_upload_that_ends_after_its_repository_is_gone_is_refused(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    deleted = asyncio.Event()
    finishing = asyncio.ensure_future(
        workers.one.oci("PUT", f"{upload}?digest={sha256(b'ab')}", Body(two_pieces(b"a", deleted, b"b")))
    )
    await asyncio.sleep(0)
    assert (await workers.two.ecr("DeleteRepository", **APP, force=True)).status == 200
    deleted.set()
    assert (await finishing).status == 404
    await workers.settle()
    assert workers.files() == 0


async def two_pieces(first: bytes, then: asyncio.Event, second: bytes) -> AsyncIterator[bytes]:
    yield first
    await then.wait()
    yield second


async def test_a_repository_that_is_made_again_does_not_take_up_an_upload_of_the_old_one(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    await workers.two.ecr("DeleteRepository", **APP)
    await create_repository(workers.states[0])
    assert (await workers.one.oci("PATCH", upload, b"late")).status == 404


# --- images --------------------------------------------------------------------------------------------------


async def test_of_many_who_push_one_tag_the_last_wins_and_none_is_lost(workers: Workers) -> None:
    await create_repository(workers.states[0])
    images = [image() for _ in range(8)]
    await push_blobs(workers.one, *images)
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.put_manifest("app", "tag", one) for door, one in zip(doors, images, strict=True)))
    assert [answer.status for answer in answers] == [201] * 8
    tags, present = await tags_and_images(workers.one)
    assert present == {one.digest for one in images}
    assert tags == {"tag": await last_pushed(workers.states[0])}


async def last_pushed(state: State) -> str:
    """By the order of commits, which is that of the events."""

    async def work(tx: Any) -> str:
        row = await tx.one("SELECT json_extract(detail, '$.image-digest') FROM events ORDER BY id DESC LIMIT 1")
        return str(row[0])

    return await state.db.read(work)


async def test_one_image_pushed_by_many_is_stored_once_with_all_their_tags(workers: Workers) -> None:
    await create_repository(workers.states[0])
    one = image()
    await push_blobs(workers.one, one)
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.put_manifest("app", f"t{n}", one) for n, door in enumerate(doors)))
    assert [answer.status for answer in answers] == [201] * 8
    assert await tags_and_images(workers.one) == ({f"t{n}": one.digest for n in range(8)}, {one.digest})


async def test_an_immutable_tag_pushed_by_many_goes_to_one(workers: Workers) -> None:
    await create_repository(workers.states[0])
    await workers.one.ecr("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    images = [image() for _ in range(8)]
    await push_blobs(workers.one, *images)
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.put_manifest("app", "tag", one) for door, one in zip(doors, images, strict=True)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 7
    [winner] = [one for one, answer in zip(images, answers, strict=True) if answer.status == 201]
    assert await tags_and_images(workers.one) == ({"tag": winner.digest}, {winner.digest})


async def test_the_deletion_of_a_tag_that_meets_its_push_comes_before_or_after_it(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        old, new = image(), image()
        await push_blobs(workers.one, old, new)
        await workers.one.put_manifest("app", "tag", old)
        deleted, pushed = await both_ways(
            turn,
            workers.one.ecr("BatchDeleteImage", **APP, imageIds=[{"imageTag": "tag"}]),
            workers.two.put_manifest("app", "tag", new),
        )
        assert pushed.status == 201
        [gone] = deleted.json["imageIds"]
        before = ({"tag": new.digest}, {new.digest})
        after: tuple[dict[str, str], set[str]] = ({}, {old.digest})
        assert await tags_and_images(workers.one) == (before if gone["imageDigest"] == old.digest else after)
        both = [{"imageDigest": one.digest} for one in (old, new)]
        await workers.one.ecr("BatchDeleteImage", **APP, imageIds=both)
        await workers.settle()


async def test_no_index_loses_its_child_to_a_deletion_that_meets_its_push(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        child = image()
        old, new = index(child), index(child, annotations={"new": "yes"})
        await workers.one.push("app", old, "old")
        ids = [{"imageDigest": old.digest}, {"imageDigest": child.digest}]
        deleted, pushed = await both_ways(
            turn,
            workers.one.ecr("BatchDeleteImage", **APP, imageIds=ids),
            workers.two.put_manifest("app", "new", new),
        )
        if pushed.status == 201:
            assert [failure["failureCode"] for failure in deleted.json["failures"]] == ["ImageReferencedByManifestList"]
            assert await tags_and_images(workers.one) == ({"new": new.digest}, {new.digest, child.digest})
        else:
            assert pushed.code == "MANIFEST_BLOB_UNKNOWN"
            assert await tags_and_images(workers.one) == ({}, set())
        for one in (new, child):
            await workers.one.oci("DELETE", f"app/manifests/{one.digest}")
        await workers.settle()


async def test_no_image_loses_a_layer_to_a_deletion_that_meets_its_push(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        one = image()
        await push_blobs(workers.one, one)
        layer = list(one.blobs)[-1]
        deleted, pushed = await both_ways(
            turn,
            workers.one.oci("DELETE", f"app/blobs/{layer}"),
            workers.two.put_manifest("app", "tag", one),
        )
        assert (deleted.status, pushed.status) in {(202, 404), (405, 201)}
        await workers.settle()


# --- uploads -------------------------------------------------------------------------------------------------


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
    await until(lambda: workers.files() == 8)
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

    def read(self, storage_id: str, start: int, length: int) -> AsyncIterator[bytes]:
        return self.inner.read(storage_id, start, length)

    def path(self, storage_id: str, size: int) -> Path | None:
        return self.inner.path(storage_id, size)

    async def unlink(self, storage_id: str) -> None:
        await self.inner.unlink(storage_id)


def pausing(state: State, at: str) -> tuple[Doors, Pausing]:
    store = Pausing(state.blobs, at)
    return Doors(replace(state, blobs=store)), store


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
    answer = await workers.one.oci("GET", f"app/blobs/{digest}")
    assert answer.file is not None
    assert answer.file.read_bytes() == b"content"


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


async def test_an_upload_is_not_finished_while_a_chunk_is_coming(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    asked = asyncio.Event()
    chunk = asyncio.ensure_future(workers.one.oci("PATCH", upload, Body(two_pieces(b"a", asked, b"b"))))
    await until(workers.has_bytes)
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


@pytest.mark.parametrize("end", ["cancelled", "swept"])
async def test_a_chunk_that_is_coming_when_its_upload_ends_is_refused(workers: Workers, end: str) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    ended = asyncio.Event()
    chunk = asyncio.ensure_future(workers.one.oci("PATCH", upload, Body(two_pieces(b"a", ended, b"b"))))
    await until(workers.has_bytes)
    if end == "cancelled":
        assert (await workers.two.oci("DELETE", upload)).status == 204
    else:
        workers.clock.move(IDLE_TERM + 1)
    await collect.sweep(workers.states[1])
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
    await collect.sweep(workers.states[1])
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
