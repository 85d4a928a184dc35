"""Bytes: one suite for every place that keeps them."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from support.stores import Directory, Outside, Place
from wharfinger.domain.faults import Unavailable
from wharfinger.state.blobs.directory import PIECE
from wharfinger.state.blobs.store import BlobStore, BytesLost, Location, Stored, beside, size_of
from wharfinger.state.ids import new_storage_id

CONTENT = os.urandom(1000)
PLACES = ["directory", "s3", pytest.param("azure", marks=pytest.mark.needs("azurite-blob"))]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Directory(tmp_path / "blobs") if request.param == "directory" else Outside(request.param)


@pytest.fixture
def store(place: Place) -> BlobStore:
    return place.store


async def stored(store: BlobStore, *contents: bytes) -> Location:
    """Bytes that came one after the other, each durable and published: where they are."""
    location = Location(new_storage_id())
    await store.create(location.storage_id)
    for content in contents or (CONTENT,):
        location = await appended(store, location, content)
    await store.publish(location.storage_id)
    return location


async def appended(store: BlobStore, location: Location, content: bytes) -> Location:
    """Where the bytes are that were there, and more."""
    async with store.writer(location.storage_id) as writer:
        await writer.begin(location)
        await writer.write(content)
        return await writer.sync()


async def content_of(store: BlobStore, location: Location, start: int = 0, length: int | None = None) -> bytes:
    pieces = store.read(location, start, location.size if length is None else length)
    return b"".join([piece async for piece in pieces])


# --- writing and reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, PIECE, 3 * PIECE + 1])
async def test_what_was_written_is_read(store: BlobStore, size: int) -> None:
    content = os.urandom(size)
    location = await stored(store, content)
    assert (location.size, await content_of(store, location)) == (size, content)


@pytest.mark.parametrize("pieces", [1, 16])
async def test_what_is_larger_than_a_part_is_read(store: BlobStore, pieces: int) -> None:
    content = os.urandom(32 * 1024 * 1024)
    location = Location(new_storage_id())
    await store.create(location.storage_id)
    async with store.writer(location.storage_id) as writer:
        await writer.begin(location)
        for at in range(0, len(content), len(content) // pieces):
            await writer.write(content[at : at + len(content) // pieces])
        location = await writer.sync()
    assert await content_of(store, location) == content


@pytest.mark.parametrize("contents", [(CONTENT,), (CONTENT[:1], CONTENT[1:15], CONTENT[15:600], CONTENT[600:])])
@pytest.mark.parametrize(("start", "length"), [(0, 1), (999, 1), (10, 20), (500, 500), (0, 0), (0, 1000), (1, 14)])
async def test_a_part_is_read_from_its_first_byte_to_its_last(
    store: BlobStore, contents: tuple[bytes, ...], start: int, length: int
) -> None:
    location = await stored(store, *contents)
    assert await content_of(store, location, start, length) == CONTENT[start : start + length]


async def test_pieces_are_of_bounded_size(store: BlobStore) -> None:
    location = await stored(store, bytes(5 * PIECE + 1))
    assert max([len(piece) async for piece in store.read(location, 0, location.size)]) <= PIECE


async def test_a_new_object_is_empty(store: BlobStore) -> None:
    location = Location(new_storage_id())
    await store.create(location.storage_id)
    async with store.writer(location.storage_id) as writer:
        await writer.begin(location)
        location = await writer.sync()
    assert (location.size, await content_of(store, location)) == (0, b"")


async def test_writing_goes_on_where_it_ended(store: BlobStore) -> None:
    location = await appended(store, await stored(store), b"more")
    assert (location.size, await content_of(store, location)) == (1004, CONTENT + b"more")


async def test_writing_goes_on_after_a_sync(store: BlobStore) -> None:
    location = Location(new_storage_id())
    await store.create(location.storage_id)
    async with store.writer(location.storage_id) as writer:
        await writer.begin(location)
        for content in (b"one", b"two"):
            await writer.write(content)
            location = await writer.sync()
    assert await content_of(store, location) == b"onetwo"


@pytest.mark.parametrize("synced", [False, True])
async def test_what_was_written_can_be_taken_back(place: Place, synced: bool) -> None:
    location = await stored(place.store)
    async with place.store.writer(location.storage_id) as writer:
        await writer.begin(location)
        await writer.write(b"not this")
        if synced:
            await writer.sync()
        await writer.rewind()
        await writer.write(b"that")
        location = await writer.sync()
    assert await content_of(place.store, location) == CONTENT + b"that"
    found = await place.store.look(location.storage_id)
    assert (found.size if found else None) == 1004


async def test_bytes_that_were_not_acknowledged_are_no_part_of_what_comes_then(store: BlobStore) -> None:
    location = await stored(store)
    await appended(store, location, b"never acknowledged")
    location = await appended(store, location, b"new")
    whole = store.path(location)
    assert whole is None or whole.read_bytes() == CONTENT + b"new"
    assert await content_of(store, location) == CONTENT + b"new"


async def test_what_was_not_synced_takes_no_room_when_it_is_written_again(place: Place) -> None:
    location = await stored(place.store)
    for _ in range(2):
        with suppress(ZeroDivisionError):
            async with place.store.writer(location.storage_id) as writer:
                await writer.begin(location)
                await writer.write(bytes(13 * 1024 * 1024))
                raise ZeroDivisionError
    async with place.store.writer(location.storage_id) as writer:
        await writer.begin(location)
    found = await place.store.look(location.storage_id)
    assert (found.size if found else None) == 1000


async def test_different_objects_are_written_at_the_same_time(store: BlobStore) -> None:
    locations = [await stored(store) for _ in range(3)]
    async with AsyncExitStack() as stack:
        writers = [await stack.enter_async_context(store.writer(location.storage_id)) for location in locations]
        for writer, location in zip(writers, locations, strict=True):
            await writer.begin(location)
            await writer.write(b"more")
        after = [await writer.sync() for writer in writers]
    assert [await content_of(store, location) for location in after] == [CONTENT + b"more"] * 3


# --- harm ----------------------------------------------------------------------------------------------------


async def test_an_upload_that_has_bytes_in_no_place_is_found_out(store: BlobStore) -> None:
    with pytest.raises(BytesLost):
        async with store.writer(new_storage_id()) as writer:
            await writer.begin(Location(new_storage_id(), 1000))


async def test_reading_a_lost_object_fails(place: Place) -> None:
    location = await stored(place.store)
    place.lose(location)
    with pytest.raises(Unavailable):
        await content_of(place.store, location, 0, 10)


@pytest.mark.parametrize("length", [100, 1000])
async def test_reading_from_an_object_that_was_cut_fails_and_never_ends_early(place: Place, length: int) -> None:
    location = await stored(place.store)
    place.cut(location, 500)
    with pytest.raises(Unavailable):
        await content_of(place.store, location, 450, length)


@pytest.mark.parametrize(("harm", "found"), [("none", 1000), ("cut", 500), ("lost", None)])
async def test_a_look_tells_how_much_is_there(place: Place, harm: str, found: int | None) -> None:
    location = await stored(place.store)
    if harm == "cut":
        place.cut(location, 500)
    elif harm == "lost":
        place.lose(location)
    assert size_of(await place.store.look(location.storage_id), location) == found


# --- what is there -------------------------------------------------------------------------------------------


async def all_of(store: BlobStore, limit: int) -> list[Stored]:
    found: list[Stored] = []
    while page := await store.page(found[-1].storage_id if found else "", limit):
        assert len(page) <= limit
        found += page
    return found


async def test_an_object_that_is_not_there_is_none(store: BlobStore) -> None:
    assert await store.look(new_storage_id()) is None


@pytest.mark.parametrize("limit", [1, 3, 1000])
async def test_pages_have_every_object_once_and_in_order(store: BlobStore, limit: int) -> None:
    locations = [await stored(store, *[b"some"] * (1 + number % 3)) for number in range(7)]
    found = await all_of(store, limit)
    assert [(item.storage_id, item.size) for item in found] == sorted(
        (each.storage_id, each.size) for each in locations
    )
    whole = {item.storage_id: item for item in found}
    assert all(size_of(whole[each.storage_id], each) == each.size for each in locations)


async def test_an_empty_place_has_no_page(store: BlobStore) -> None:
    assert await store.page("", 10) == []


async def test_nothing_is_beside_what_was_written_alone(store: BlobStore) -> None:
    location = await stored(store, b"one", b"two")
    found = await store.look(location.storage_id)
    assert found is not None
    assert beside(found, location) == []


async def test_an_object_that_was_unlinked_is_gone(place: Place) -> None:
    location = await stored(place.store, b"one", b"two", b"three")
    await place.store.unlink(location.storage_id)
    assert await place.store.look(location.storage_id) is None
    assert place.count() == 0
    with pytest.raises(Unavailable):
        await content_of(place.store, location, 0, 1)


async def test_unlinking_leaves_the_others(place: Place) -> None:
    locations = [await stored(place.store) for _ in range(3)]
    await place.store.unlink(locations[1].storage_id)
    assert [await content_of(place.store, each) for each in (locations[0], locations[2])] == [CONTENT] * 2


async def test_unlinking_again_is_no_error(store: BlobStore) -> None:
    location = await stored(store)
    await store.unlink(location.storage_id)
    await store.unlink(location.storage_id)


@pytest.mark.parametrize("storage_id", ["", "..", "0" * 31, "0" * 31 + "/", "../" + "0" * 32])
async def test_what_is_no_storage_id_is_refused(store: BlobStore, storage_id: str) -> None:
    with pytest.raises(ValueError, match="storage id"):
        await store.look(storage_id)
    with pytest.raises(ValueError, match="storage id"):
        await store.unlink(storage_id)
