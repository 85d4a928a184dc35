"""Bytes in an object store: what is asked of it, what its failures come to, and who of two writers wins."""

from __future__ import annotations

import asyncio
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import obstore
import pytest

from support import swift
from support.between import Answered, Asked, Between, Meddle, Trouble, between, error
from support.content import sha256
from support.damage import ORPHAN
from support.doors import Body, Doors
from support.ports import free_port
from support.state import collect_all, create_repository, opened, prepared
from support.stores import Outside, having_rights, new_address
from wharfinger.domain import stores
from wharfinger.domain.faults import TooManyParts, Unavailable
from wharfinger.services import audit as audits
from wharfinger.services import scrub
from wharfinger.services.audit import Disagreement
from wharfinger.state import State
from wharfinger.state.blobs import objectstore, segments
from wharfinger.state.blobs.store import Location, beside, size_of
from wharfinger.state.clock import DAY, system_clock
from wharfinger.state.db import audit
from wharfinger.state.ids import new_storage_id

MEBIBYTE = 1024 * 1024
SMALL = os.urandom(1000)
LARGE = os.urandom(30 * MEBIBYTE)


@pytest.fixture(scope="module")
def wire() -> Iterator[Between]:
    with between(swift.endpoint()) as made:
        yield made


@pytest.fixture
def store(wire: Between) -> Iterator[Between]:
    """What is between; it has forgotten the last test."""
    wire.asked.clear()
    wire.meddle = lambda _: None
    yield wire
    wire.meddle = lambda _: None


@pytest.fixture
def place(store: Between) -> Outside:
    return Outside("s3", store.address)


async def test_an_endpoint_without_tls_may_come_from_the_environment(
    store: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.address)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    address = stores.address(f"s3://{swift.BUCKET}")
    assert address is not None
    with having_rights("s3"):
        assert await objectstore.open_store(address).look(new_storage_id()) is None
    assert store.asked == [Asked("GET", "list")]


@pytest.fixture
async def doors(store: Between, tmp_path: Path) -> AsyncIterator[Doors]:
    with having_rights("s3"):
        async with prepared(tmp_path / "data", store=new_address("s3", store.address), redirect=True) as state:
            await create_repository(state)
            store.asked.clear()
            yield Doors(state)


def objects(state: State) -> list[str]:
    """The keys of all objects of a state."""
    blobs = state.blobs
    assert isinstance(blobs, objectstore.ObjectStore)
    return [entry["path"] for entry in obstore.list(blobs._objects).collect()]


def multiparts() -> list[str]:
    """The uploads by parts that the store holds for somebody to go on with."""
    return [
        item["Key"]
        for item in swift.client(swift.endpoint()).list_multipart_uploads(Bucket=swift.BUCKET).get("Uploads", [])
    ]


async def written(place: Outside, content: bytes) -> Location:
    location = Location(new_storage_id())
    async with place.store.writer(location.storage_id) as writer:
        await writer.begin(location)
        for at in range(0, len(content), MEBIBYTE):
            await writer.write(content[at : at + MEBIBYTE])
        return await writer.sync()


def once(what: str, answer: Answered | Trouble) -> Meddle:
    """The first request of a kind is answered so."""
    left = [answer]
    return lambda asked: left.pop() if asked.what == what and left else None


def always(what: str, answer: Answered | Trouble) -> Meddle:
    return lambda asked: answer if asked.what == what else None


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two attempts instead of five."""
    monkeypatch.setitem(objectstore._RETRY, "max_retries", 1)


# --- what is asked of the store ------------------------------------------------------------------------------


async def test_small_bytes_are_one_request(place: Outside, store: Between) -> None:
    await written(place, SMALL)
    assert store.asked == [Asked("PUT", "object")]


async def test_large_bytes_are_sent_in_parts_once_and_never_read_or_copied(place: Outside, store: Between) -> None:
    await written(place, LARGE)
    assert Counter(asked.what for asked in store.asked) == {"begin": 1, "part": 3, "complete": 1}


async def test_no_bytes_are_no_request(place: Outside, store: Between) -> None:
    await written(place, b"")
    assert store.asked == []


async def test_a_push_asks_once_for_each_layer_and_a_pull_never(doors: Doors, store: Between) -> None:
    contents = [os.urandom(1000) for _ in range(6)]
    for content in contents:
        upload = await doors.begin("app")
        assert (await doors.oci("PATCH", upload, content)).status == 202
        assert (await doors.oci("PUT", f"{upload}?digest={sha256(content)}")).status == 201
    assert store.asked == [Asked("PUT", "object")] * 6
    store.asked.clear()
    for content in contents:
        assert (await doors.oci("GET", f"app/blobs/{sha256(content)}")).status == 307
        assert (await doors.oci("HEAD", f"app/blobs/{sha256(content)}")).status == 200
    assert store.asked == []


async def test_bytes_that_are_not_what_was_said_are_not_even_sent(doors: Doors, store: Between) -> None:
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest=sha256:{'0' * 64}", SMALL)
    assert (answer.code, store.asked) == ("DIGEST_INVALID", [])


async def test_there_are_parts_enough_for_a_layer_of_100_gib() -> None:
    assert 10_000 * objectstore._PART >= 100 * 1024 * MEBIBYTE


# --- pulls ---------------------------------------------------------------------------------------------------


async def test_who_pulls_is_sent_to_the_store(doors: Doors) -> None:
    await doors.push_blob("app", SMALL, sha256(SMALL))
    answer = await doors.oci("GET", f"app/blobs/{sha256(SMALL)}")
    assert (answer.status, answer.content) == (307, b"")
    with await asyncio.to_thread(urllib.request.urlopen, answer.headers["location"]) as found:
        assert found.read() == SMALL


async def test_an_address_for_one_blob_is_none_for_another(doors: Doors) -> None:
    for content in (SMALL, b"other"):
        await doors.push_blob("app", content, sha256(content))
    addresses = [
        (await doors.oci("GET", f"app/blobs/{sha256(content)}")).headers["location"] for content in (SMALL, b"other")
    ]
    forged = addresses[0].partition("?")[0] + "?" + addresses[1].partition("?")[2]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        await asyncio.to_thread(urllib.request.urlopen, forged)


async def test_a_range_that_cannot_be_is_refused_by_the_registry(doors: Doors) -> None:
    await doors.push_blob("app", SMALL, sha256(SMALL))
    answer = await doors.oci("GET", f"app/blobs/{sha256(SMALL)}", headers={"range": "bytes=1000-"})
    assert answer.status == 416


async def in_two_chunks(doors: Doors) -> str:
    upload = await doors.begin("app")
    for chunk in (SMALL[:400], SMALL[400:]):
        assert (await doors.oci("PATCH", upload, chunk)).status == 202
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(SMALL)}")).status == 201
    return f"app/blobs/{sha256(SMALL)}"


async def test_a_blob_of_several_segments_is_streamed(doors: Doors) -> None:
    path = await in_two_chunks(doors)
    answer = await doors.oci("GET", path)
    assert (answer.status, answer.content) == (200, SMALL)
    answer = await doors.oci("GET", path, headers={"range": "bytes=390-409"})
    assert (answer.status, answer.content) == (206, SMALL[390:410])


async def test_a_blob_that_cannot_be_read_is_refused_before_the_answer_begins(doors: Doors, store: Between) -> None:
    path = await in_two_chunks(doors)
    store.meddle = always("object", error(500, "InternalError"))
    answer = await doors.oci("GET", path)
    assert (answer.status, answer.code) == (503, "UNKNOWN")


# --- trouble -------------------------------------------------------------------------------------------------

TROUBLES = [error(503, "SlowDown"), error(500, "InternalError"), "cut", "cut after"]


@pytest.mark.parametrize("trouble", TROUBLES, ids=["slow down", "500", "cut", "answer lost"])
@pytest.mark.parametrize(("what", "content"), [("object", SMALL), ("begin", LARGE), ("part", LARGE)])
async def test_trouble_that_passes_is_not_noticed(
    place: Outside, store: Between, what: str, content: bytes, trouble: Answered | Trouble
) -> None:
    store.meddle = once(what, trouble)
    location = await written(place, content)
    assert b"".join([piece async for piece in place.store.read(location, 0, len(content))]) == content


@pytest.mark.parametrize("trouble", TROUBLES[:3], ids=["slow down", "500", "cut"])
@pytest.mark.parametrize(
    ("what", "content"), [("object", SMALL), ("begin", LARGE), ("part", LARGE), ("complete", LARGE)]
)
async def test_trouble_that_stays_fails_the_push_and_leaves_nothing(
    doors: Doors, store: Between, what: str, content: bytes, trouble: Answered | Trouble
) -> None:
    before = multiparts()
    store.meddle = always(what, trouble)
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest={sha256(content)}", content)
    assert (answer.status, (await doors.oci("HEAD", f"app/blobs/{sha256(content)}")).status) == (503, 404)
    store.meddle = lambda _: None
    await collect_all(doors.state)
    assert objects(doors.state) == []
    if what != "complete":
        assert multiparts() == before


@pytest.mark.parametrize(("what", "content"), [("object", SMALL), ("part", LARGE)])
async def test_a_store_that_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, store: Between, what: str, content: bytes
) -> None:
    monkeypatch.setitem(objectstore._CLIENT, "read_timeout", timedelta(seconds=1))
    store.meddle = always(what, "silence")
    with pytest.raises(Unavailable):
        await written(Outside("s3", store.address), content)


async def test_a_store_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="store"):
        await written(Outside("s3", f"http://127.0.0.1:{free_port()}"), SMALL)


async def test_a_wrong_secret_is_refused(store: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swift, "SECRET", "another")
    with pytest.raises(Unavailable) as raised:
        await written(Outside("s3", store.address), SMALL)
    assert raised.value.reason == "store: 403 SignatureDoesNotMatch"


async def test_an_error_inside_a_200_is_an_error(doors: Doors, store: Between) -> None:
    store.meddle = always("complete", Answered(200, error(500, "InternalError").body))
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest={sha256(LARGE)}", LARGE)
    assert (answer.status, (await doors.oci("HEAD", f"app/blobs/{sha256(LARGE)}")).status) == (503, 404)


async def test_a_completion_whose_answer_is_lost_is_not_believed(doors: Doors, store: Between) -> None:
    store.meddle = always("complete", "cut after")
    upload = await doors.begin("app")
    assert (await doors.oci("PATCH", upload, LARGE)).status in {202, 503}
    store.meddle = lambda _: None
    state = await doors.oci("GET", upload)
    assert state.status == 404 or state.headers["range"] == f"0-{len(LARGE) - 1}"


async def test_what_went_wrong_is_told_without_what_is_secret(place: Outside, store: Between) -> None:
    store.meddle = always("object", error(403, "AccessDenied"))
    with pytest.raises(Unavailable) as raised:
        await written(place, SMALL)
    assert raised.value.reason == "store: 403 AccessDenied"
    assert raised.value.__suppress_context__


async def test_a_read_that_is_cut_off_goes_on(place: Outside, store: Between) -> None:
    location = await written(place, LARGE)
    store.meddle = once("object", "cut")
    assert b"".join([piece async for piece in place.store.read(location, 0, len(LARGE))]) == LARGE


async def stopping(
    content: bytes, reached: asyncio.Event, go: asyncio.Event, then: bytes = b""
) -> AsyncIterator[bytes]:
    """A body that waits in the middle, and says that it has come there."""
    yield content
    reached.set()
    await go.wait()
    yield then


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_a_push_that_is_cancelled_leaves_nothing(doors: Doors, content: bytes) -> None:
    before = multiparts()
    upload = await doors.begin("app")
    never = asyncio.Event()
    reached = asyncio.Event()
    push = asyncio.ensure_future(doors.oci("PATCH", upload, Body(stopping(content, reached, never))))
    await reached.wait()
    push.cancel()
    with suppress(asyncio.CancelledError):
        await push
    assert (objects(doors.state), multiparts()) == ([], before)


async def test_a_push_that_is_cut_off_goes_on_where_it_ended(doors: Doors) -> None:
    upload = await doors.begin("app")
    await doors.oci("PATCH", upload, Body([SMALL[:700]], then="hang up"))
    assert (await doors.oci("GET", upload)).headers["range"] == "0-699"
    assert (await doors.oci("PATCH", upload, SMALL[700:], {"content-range": "700-999"})).status == 202
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(SMALL)}")).status == 201


# --- two who write at once -----------------------------------------------------------------------------------


@pytest.fixture
async def other(doors: Doors, tmp_path: Path) -> AsyncIterator[Doors]:
    """Another node on the same database and the same store."""
    state = replace(await opened(tmp_path / "data", doors.state.clock), blobs=doors.state.blobs)
    yield Doors(state)
    state.trail.close()
    await state.db.close()


async def test_an_upload_goes_on_at_another_node(doors: Doors, other: Doors) -> None:
    upload = await doors.begin("app")
    await doors.oci("PATCH", upload, SMALL[:500])
    assert (await other.oci("PATCH", upload, SMALL[500:], {"content-range": "500-999"})).status == 202
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(SMALL)}")).status == 201


async def test_of_two_chunks_for_the_same_place_one_is_taken_and_one_leaves_nothing(doors: Doors, other: Doors) -> None:
    upload = await doors.begin("app")
    go, reached = asyncio.Event(), (asyncio.Event(), asyncio.Event())
    contents = (b"a" * 1000, b"b" * 1000)
    chunks = [
        asyncio.ensure_future(door.oci("PATCH", upload, Body(stopping(content[:500], each, go, content[500:]))))
        for door, content, each in zip((doors, other), contents, reached, strict=True)
    ]
    for each in reached:
        await each.wait()
    go.set()
    statuses = [answer.status for answer in await asyncio.gather(*chunks)]
    assert sorted(statuses) == [202, 409]
    won = contents[statuses.index(202)]
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(won)}")).status == 201
    assert len(objects(doors.state)) == 1


async def test_a_chunk_that_comes_while_the_upload_is_finished_changes_nothing(doors: Doors, other: Doors) -> None:
    upload = await doors.begin("app")
    go, reached = asyncio.Event(), asyncio.Event()
    late = asyncio.ensure_future(other.oci("PATCH", upload, Body(stopping(b"late", reached, go, b"later"))))
    await reached.wait()
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(SMALL)}", SMALL)).status == 201
    go.set()
    assert ((await late).status, len(objects(doors.state))) == (404, 1)


# --- bounds and what is left ---------------------------------------------------------------------------------


async def test_more_segments_than_ecr_has_parts_are_refused(place: Outside) -> None:
    names = " ".join(segments.new_name(at) for at in range(4200))
    location = Location(new_storage_id(), 4200, names)
    async with place.store.writer(location.storage_id) as writer:
        await writer.begin(location)
        with pytest.raises(TooManyParts):
            await writer.write(b"one too many")


async def test_a_segment_that_is_missing_is_found_out(place: Outside) -> None:
    location = await written(place, SMALL)
    async with place.store.writer(location.storage_id) as writer:
        await writer.begin(location)
        await writer.write(b"more")
        location = await writer.sync()
    obstore.delete(place.objects, f"{location.storage_id}/{segments.names(location.segments or '')[0]}")
    assert size_of(await place.store.look(location.storage_id), location) == 0


async def test_what_a_writer_left_beside_the_bytes_is_told(place: Outside) -> None:
    location = await written(place, SMALL)
    async with place.store.writer(location.storage_id) as writer:
        await writer.begin(location)
        await writer.write(b"never acknowledged")
        await writer.sync()
    found = await place.store.look(location.storage_id)
    assert found is not None
    assert (size_of(found, location), len(beside(found, location))) == (1000, 1)
    await place.store.unlink(location.storage_id)
    assert place.names() == []


async def test_what_is_beside_a_blob_is_told_after_a_day_and_removed_by_scrub(doors: Doors) -> None:
    await doors.push_blob("app", SMALL, sha256(SMALL))
    [blob] = await doors.state.db.read(audit.blobs, 0, 10)
    async with doors.state.blobs.writer(blob.storage_id) as writer:
        await writer.begin(blob.location)
        await writer.write(b"of a server that was killed")
        await writer.sync()
    now = replace(doors.state, clock=system_clock)
    assert [found async for found in audits.of_bytes(now)] == []
    later = replace(doors.state, clock=lambda: system_clock() + 2 * DAY)
    assert [found async for found in audits.of_bytes(later)] == [Disagreement("files", blob.storage_id, detail="27")]
    assert [found async for found in scrub.run(doors.state)][-1] == scrub.Progress(1, 0, 1000)
    assert [found async for found in audits.of_bytes(later)] == []
    assert (await doors.oci("HEAD", f"app/blobs/{sha256(SMALL)}")).status == 200


async def test_the_audit_names_a_blob_whose_object_is_missing_and_an_object_that_nothing_knows(
    doors: Doors, place: Outside
) -> None:
    await doors.push_blob("app", SMALL, sha256(SMALL))
    store = doors.state.blobs
    assert isinstance(store, objectstore.ObjectStore)
    obstore.delete(store._objects, objects(doors.state))
    obstore.put(store._objects, f"{ORPHAN}/0-0123456789abcdef", b"123")
    later = replace(doors.state, clock=lambda: system_clock() + 2 * DAY)
    found = [found async for found in audits.of_bytes(later)]
    assert found == [
        Disagreement("bytes", sha256(SMALL), detail="missing"),
        Disagreement("files", ORPHAN, detail="3"),
    ]
