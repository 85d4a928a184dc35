"""Bytes in the directory: locks, disks that are full or broken, and what the registry answers then."""

from __future__ import annotations

import asyncio
import errno
import itertools
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.content import sha256
from support.disk import no_file_over
from support.doors import Body, Doors
from support.other_processes import hold_writer
from support.state import collect_all, create_repository, prepared
from support.stores import Directory
from wharfinger.domain.faults import Unavailable
from wharfinger.state import State
from wharfinger.state.blobs.directory import FEW, PIECE, WRITE_BACK, DirectoryStore
from wharfinger.state.blobs.store import BlobStore, BytesLost, Location, WriterBusy
from wharfinger.state.ids import new_storage_id

pytestmark = pytest.mark.directory

CONTENT = os.urandom(1000)


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "blobs")


@pytest.fixture
def store(place: Directory) -> BlobStore:
    return place.store


async def stored(store: BlobStore, content: bytes = CONTENT) -> str:
    """An object with these bytes, durable and published: its storage id."""
    storage_id = new_storage_id()
    await store.create(storage_id)
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id))
        await writer.write(content)
        await writer.sync()
    await store.publish(storage_id)
    return storage_id


async def content_of(store: BlobStore, storage_id: str, start: int, length: int) -> bytes:
    return b"".join([piece async for piece in store.read(Location(storage_id), start, length)])


# --- one writer, whole files ---------------------------------------------------------------------------------


async def test_an_object_is_made_once(store: BlobStore) -> None:
    storage_id = await stored(store)
    with pytest.raises(Unavailable):
        await store.create(storage_id)
    assert await content_of(store, storage_id, 0, len(CONTENT)) == CONTENT


async def test_fewer_bytes_than_were_acknowledged_are_found_out(place: Directory) -> None:
    storage_id = await stored(place.store)
    place.cut(Location(storage_id), 999)
    async with place.store.writer(storage_id) as writer:
        with pytest.raises(BytesLost):
            await writer.begin(Location(storage_id, 1000))


async def test_an_object_that_is_lost_cannot_be_written(place: Directory) -> None:
    storage_id = await stored(place.store)
    place.lose(Location(storage_id))
    with pytest.raises(BytesLost):
        async with place.store.writer(storage_id):
            pass


async def test_one_task_writes_at_a_time(store: BlobStore) -> None:
    storage_id = await stored(store)
    async with store.writer(storage_id):
        with pytest.raises(WriterBusy):
            async with store.writer(storage_id):
                pass


async def test_one_process_writes_at_a_time(place: Directory) -> None:
    storage_id = await stored(place.store)
    spawn = multiprocessing.get_context("spawn")
    begun, end = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold_writer, args=(place.root, storage_id, begun, end))
    other.start()
    try:
        assert await asyncio.to_thread(begun.wait, 30)
        with pytest.raises(WriterBusy):
            async with place.store.writer(storage_id):
                pass
    finally:
        end.set()
        other.join(30)


async def test_the_right_to_write_is_free_when_its_holder_has_failed(store: BlobStore) -> None:
    storage_id = await stored(store)
    with pytest.raises(ZeroDivisionError):
        async with store.writer(storage_id):
            raise ZeroDivisionError
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id))


@pytest.mark.parametrize("size", [999, 1001, 0])
async def test_a_whole_object_of_another_size_is_not_given_out(store: BlobStore, size: int) -> None:
    storage_id = await stored(store)
    with pytest.raises(Unavailable):
        store.path(Location(storage_id, size))


async def test_a_lost_object_is_not_given_out(place: Directory) -> None:
    storage_id = await stored(place.store)
    place.lose(Location(storage_id))
    with pytest.raises(Unavailable):
        place.store.path(Location(storage_id, len(CONTENT)))


async def test_a_reader_keeps_its_bytes_when_the_object_is_unlinked(store: BlobStore) -> None:
    content = os.urandom(2 * PIECE)
    storage_id = await stored(store, content)
    reader = store.read(Location(storage_id), 0, len(content))
    first = await anext(reader)
    await store.unlink(storage_id)
    assert first + b"".join([piece async for piece in reader]) == content


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.EOPNOTSUPP], ids=["not in memory", "cannot tell"])
async def test_the_disk_is_waited_for_elsewhere(store: BlobStore, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    content = os.urandom(2 * PIECE + 1)
    storage_id = await stored(store, content)
    waited: list[int] = []
    pread = os.pread

    def refuse(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    def wait(descriptor: int, length: int, start: int) -> bytes:
        waited.append(threading.get_ident())
        return pread(descriptor, length, start)

    monkeypatch.setattr(os, "preadv", refuse)
    monkeypatch.setattr(os, "pread", wait)
    found = [piece async for piece in store.read(Location(storage_id, len(content)), 0, len(content))]
    assert b"".join(found) == content
    assert len(waited) == 3
    assert threading.get_ident() not in waited


async def test_what_is_written_is_handed_on_to_the_disk_while_more_comes(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_on: list[range] = []
    tell = os.posix_fadvise

    def note(descriptor: int, start: int, length: int, advice: int) -> None:
        handed_on.append(range(start, start + length))
        tell(descriptor, start, length, advice)

    monkeypatch.setattr(os, "posix_fadvise", note)
    storage_id = await stored(store)
    piece = bytes(WRITE_BACK // 8)
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id, len(CONTENT)))
        for _ in range(3 * 8):
            await writer.write(piece)
            await asyncio.sleep(0.001)
    assert handed_on
    assert handed_on[0].start == len(CONTENT)
    assert all(before.stop == after.start for before, after in itertools.pairwise(handed_on))
    assert all(len(part) >= WRITE_BACK for part in handed_on)
    handed_on.clear()
    await stored(store)
    assert not handed_on


async def test_what_is_large_is_left_to_the_web_server_only_when_many_read(place: Directory) -> None:
    """It is the faster one then, and holds less for those who are slow."""
    content = bytes(2 * PIECE)
    location = Location(await stored(place.store, content), len(content))
    readers = [place.store.read(location, 0, len(content)) for _ in range(FEW + 1)]
    for reader in readers[:FEW]:
        assert place.store.path(location) is None
        assert len(await anext(reader)) == PIECE
    assert place.store.path(location) is not None
    assert len(await anext(readers[FEW])) < PIECE
    for reader in readers:
        await reader.aclose()
    assert place.store.path(location) is None


async def test_what_is_not_large_is_left_to_the_web_server(place: Directory) -> None:
    assert place.store.path(Location(await stored(place.store, bytes(PIECE)), PIECE)) is not None


# --- a full or broken disk -----------------------------------------------------------------------------------


async def test_a_piece_that_does_not_fit_is_unavailable(store: BlobStore) -> None:
    storage_id = await stored(store)
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id, len(CONTENT)))
        with no_file_over(1500), pytest.raises(Unavailable):
            await writer.write(bytes(1000))


async def test_what_was_acknowledged_is_not_hurt_by_a_full_disk(store: BlobStore) -> None:
    storage_id = await stored(store)
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id, len(CONTENT)))
        with no_file_over(1500), pytest.raises(Unavailable):
            await writer.write(bytes(1000))
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id, len(CONTENT)))
        await writer.write(b"there is room again")
    assert await content_of(store, storage_id, 0, 1019) == CONTENT + b"there is room again"


async def test_a_sync_that_fails_is_unavailable(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    storage_id = await stored(store)
    break_next_sync(monkeypatch)
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id, len(CONTENT)))
        await writer.write(b"more")
        with pytest.raises(Unavailable):
            await writer.sync()


def break_next_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel does it: the first sync reports the error, the next one says that all is well."""
    sync = os.fdatasync

    def fail(descriptor: int) -> None:
        monkeypatch.setattr(os, "fdatasync", sync)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)


# --- the directory -------------------------------------------------------------------------------------------


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        DirectoryStore.prepare(tmp_path / "blobs")
    assert sorted(path.name for path in (tmp_path / "blobs").iterdir()) == [f"{number:02x}" for number in range(256)]


def test_preparing_goes_on_after_a_crash_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "blobs" / "00").mkdir(parents=True)
    DirectoryStore.prepare(tmp_path / "blobs")
    assert len(list((tmp_path / "blobs").iterdir())) == 256


async def test_nobody_else_on_the_machine_may_read_the_files(tmp_path: Path) -> None:
    place = Directory(tmp_path / "blobs")
    path = place.store.path(Location(await stored(place.store), len(CONTENT)))
    assert path is not None
    assert path.stat().st_mode & 0o077 == 0


async def test_no_file_stays_open(tmp_path: Path) -> None:
    place = Directory(tmp_path / "blobs")
    storage_id = await stored(place.store, bytes(3 * PIECE))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    await test_one_task_writes_at_a_time(place.store)
    reader = place.store.read(Location(storage_id), 0, 3 * PIECE)
    await anext(reader)
    await reader.aclose()  # a client that went away ends it so
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


# --- what the registry makes of it ---------------------------------------------------------------------------


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data") as opened:
        await create_repository(opened)
        yield opened


def files_of(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()]


async def test_an_upload_whose_sync_failed_is_over(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    break_next_sync(monkeypatch)
    assert (await doors.oci("PATCH", upload, CONTENT)).status == 503
    assert (await doors.oci("GET", upload)).status == 404


async def test_a_blob_whose_sync_failed_is_never_acknowledged(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    digest = sha256(CONTENT)
    break_next_sync(monkeypatch)
    assert (await doors.oci("PUT", f"{upload}?digest={digest}", CONTENT)).status == 503
    assert (await doors.oci("PUT", f"{upload}?digest={digest}")).status == 404
    assert (await doors.oci("HEAD", f"app/blobs/{digest}")).status == 404


async def test_an_upload_goes_on_from_what_was_acknowledged_when_there_is_room_again(state: State) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    await doors.oci("PATCH", upload, CONTENT)
    with no_file_over(len(CONTENT) + 10):
        assert (await doors.oci("PATCH", upload, bytes(1000))).status == 503
    assert (await doors.oci("GET", upload)).headers["range"] == "0-999"
    digest = sha256(CONTENT + b"more")
    assert (await doors.oci("PUT", f"{upload}?digest={digest}", b"more")).status == 201
    assert await served(doors, digest) == CONTENT + b"more"


async def served(doors: Doors, digest: str) -> bytes:
    return (await doors.oci("GET", f"app/blobs/{digest}")).content


async def test_a_whole_blob_that_does_not_fit_takes_no_room(state: State, tmp_path: Path) -> None:
    doors = Doors(state)
    content = os.urandom(2_000_000)
    with no_file_over(1_000_000):
        answer = await doors.oci("POST", f"app/blobs/uploads/?digest={sha256(content)}", content)
    assert answer.status == 503
    assert sum(path.stat().st_size for path in files_of(tmp_path)) == 0


@pytest.mark.parametrize("query", ["", "?digest=sha256:" + "0" * 64], ids=["streamed", "whole"])
async def test_a_whole_blob_that_is_refused_takes_no_room(state: State, tmp_path: Path, query: str) -> None:
    doors = Doors(state)
    if query:
        answer = await doors.oci("POST", f"app/blobs/uploads/{query}", CONTENT)
    else:
        upload = await doors.begin("app")
        answer = await doors.oci("PUT", f"{upload}?digest=sha256:{'0' * 64}", CONTENT)
    assert answer.code == "DIGEST_INVALID"
    await collect_all(state)
    assert files_of(tmp_path) == []


async def test_a_whole_blob_that_is_cut_off_takes_no_room(state: State, tmp_path: Path) -> None:
    body = Body([CONTENT[:500]], then="hang up")
    await Doors(state).oci("POST", f"app/blobs/uploads/?digest={sha256(CONTENT)}", body)
    await collect_all(state)
    assert files_of(tmp_path) == []


@pytest.mark.parametrize("asked", ["bytes=900-999", None], ids=["range", "whole"])
@pytest.mark.parametrize("harm", ["lost", "cut"])
async def test_a_blob_that_came_to_harm_is_refused_before_the_answer_begins(
    state: State, tmp_path: Path, harm: str, asked: str | None
) -> None:
    doors = Doors(state)
    await doors.push_blob("app", CONTENT, sha256(CONTENT))
    [file] = files_of(tmp_path)
    if harm == "lost":
        file.unlink()
    else:
        os.truncate(file, 500)
    answer = await doors.oci("GET", f"app/blobs/{sha256(CONTENT)}", headers={"range": asked} if asked else {})
    assert (answer.status, answer.code) == (503, "UNKNOWN")
