"""What a place for bytes says of its objects, whatever the database says: for the doctor and for scrub."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wharfinger.domain.faults import Unavailable
from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.blobs.store import BlobStore, Location, Stored
from wharfinger.state.ids import new_storage_id

pytestmark = pytest.mark.directory


@pytest.fixture
def root(tmp_path: Path) -> Path:
    DirectoryStore.prepare(tmp_path / "blobs")
    return tmp_path / "blobs"


@pytest.fixture
def store(root: Path) -> BlobStore:
    return DirectoryStore(root)


async def stored(store: BlobStore, size: int, storage_id: str | None = None) -> str:
    storage_id = storage_id or new_storage_id()
    await store.create(storage_id)
    async with store.writer(storage_id) as writer:
        await writer.begin(Location(storage_id))
        await writer.write(bytes(size))
    return storage_id


async def all_of(store: BlobStore, limit: int) -> list[Stored]:
    found: list[Stored] = []
    while page := await store.page(found[-1].storage_id if found else "", limit):
        assert len(page) <= limit
        found += page
    return found


async def test_an_object_is_looked_at_without_its_bytes(store: BlobStore, root: Path) -> None:
    storage_id = await stored(store, 1000)
    os.utime(root / storage_id[:2] / storage_id, ns=(0, 1_800_000_000_123_456_789))
    assert await store.look(storage_id) == Stored(storage_id, 1000, 1_800_000_000_123)


async def test_an_object_that_is_not_there_is_none(store: BlobStore) -> None:
    assert await store.look(new_storage_id()) is None


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
async def test_pages_have_every_object_once_and_in_order(store: BlobStore, limit: int) -> None:
    sizes = {await stored(store, size): size for size in range(20)}
    for size in range(20, 23):  # several of one folder
        sizes[await stored(store, size, f"ff{size:030x}")] = size
    found = await all_of(store, limit)
    assert [(item.storage_id, item.size) for item in found] == sorted(sizes.items())


async def test_an_empty_place_has_no_page(store: BlobStore) -> None:
    assert await store.page("", 10) == []


async def test_what_no_server_wrote_is_not_listed(store: BlobStore, root: Path) -> None:
    for name in ("00/README", "00/" + "f" * 32, "0" * 32):
        (root / name).write_bytes(b"")
    assert await store.page("", 10) == []


@pytest.mark.parametrize("lost", ["00", "."])
async def test_a_place_that_is_not_there_is_not_taken_for_an_empty_one(store: BlobStore, root: Path, lost: str) -> None:
    (root / lost).resolve().rename(root.parent / "elsewhere")
    with pytest.raises(Unavailable):
        await store.look("0" * 32)
    with pytest.raises(Unavailable):
        await store.page("", 10)
