"""Bytes that do not agree with rows are named, and what only changes meanwhile is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.audited import Audited, audited, found_in
from support.content import image, index, sha256
from support.damage import ORPHAN, file_of, path_of
from support.disk import without_syncs
from support.rows import run_sql
from support.state import collect_all
from wharfinger.services import audit
from wharfinger.services.audit import Disagreement
from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.blobs.store import Stored
from wharfinger.state.clock import DAY, MINUTE, SECOND
from wharfinger.state.db import audit as rows

APP = {"repositoryName": "app"}


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every look takes several."""
    for name, value in {"_STEP": 2, "_FILES": 3, "_MANIFEST_BYTES": 1000}.items():
        monkeypatch.setattr(audit, name, value)


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Audited]:
    without_syncs(monkeypatch)
    async with audited(tmp_path / "data") as made:
        yield made


# --- bytes ---------------------------------------------------------------------------------------------------


async def test_a_blob_without_a_file_is_named(place: Audited) -> None:
    file_of(place.directory, place.layer).unlink()
    assert await found_in(place.state) == [Disagreement("bytes", place.layer, detail="missing")]


async def test_a_blob_with_a_shorter_file_is_named(place: Audited) -> None:
    os.truncate(file_of(place.directory, place.layer), 7)
    assert await found_in(place.state) == [Disagreement("bytes", place.layer, detail="7")]


async def test_every_blob_is_named_when_all_files_are_gone(place: Audited) -> None:
    for file in (place.directory / "blobs").glob("*/*"):
        file.unlink()
    found = await found_in(place.state)
    blobs = run_sql(place.directory, "SELECT digest FROM blobs")
    assert sorted(item.subject for item in found if item.check == "bytes") == sorted(digest for (digest,) in blobs)
    assert [item.subject for item in found if item.check == "uploads"] == [place.upload]


async def test_a_disk_that_is_not_there_is_not_taken_for_many_missing_files(place: Audited) -> None:
    (place.directory / "blobs").rename(place.directory / "elsewhere")
    with pytest.raises(Exception, match="ENOENT"):
        await found_in(place.state)


async def test_a_file_that_nothing_knows_is_named(place: Audited) -> None:
    path_of(place.directory, ORPHAN).write_bytes(b"123")
    assert await found_in(place.state) == [Disagreement("files", ORPHAN, detail="3")]


async def test_a_file_that_waits_to_be_unlinked_is_known(place: Audited) -> None:
    path_of(place.directory, ORPHAN).write_bytes(b"123")
    place.sql("INSERT INTO unlinks VALUES (:orphan, :hour_ago + 1)")
    assert await found_in(place.state) == []


async def test_an_upload_with_fewer_bytes_than_were_acknowledged_is_named(place: Audited) -> None:
    [[storage_id]] = run_sql(place.directory, "SELECT storage_id FROM uploads")
    os.truncate(path_of(place.directory, storage_id), 9)
    assert await found_in(place.state) == [Disagreement("uploads", place.upload, detail="9")]


@pytest.mark.parametrize("table", ["blobs", "uploads"])
async def test_bytes_that_are_needed_and_about_to_go_are_named(place: Audited, table: str) -> None:
    place.sql(f"INSERT INTO unlinks SELECT storage_id, :hour_ago + 1 FROM {table} LIMIT 1")
    [found] = await found_in(place.state)
    assert (found.check, path_of(place.directory, found.subject).exists()) == ("claims", True)


def new_file(place: Audited) -> Path:
    """A file as young as can be, by the clock of the test."""
    file = path_of(place.directory, ORPHAN)
    file.write_bytes(b"")
    os.utime(file, ns=(0, place.clock() * 1_000_000))
    return file


async def test_a_young_file_that_goes_is_not_named(place: Audited) -> None:
    file = new_file(place)
    looking = asyncio.create_task(found_in(place.state))
    await asyncio.sleep(0.5)
    assert not looking.done()
    file.unlink()
    assert await looking == []


async def test_a_young_file_that_stays_is_named(place: Audited) -> None:
    new_file(place)
    looking = asyncio.create_task(found_in(place.state))
    await asyncio.sleep(0.5)
    assert not looking.done()
    place.clock.move(MINUTE)
    assert await looking == [Disagreement("files", ORPHAN, detail="0")]


# --- while everything goes on --------------------------------------------------------------------------------


async def test_what_changes_meanwhile_is_not_taken_for_a_fault(place: Audited) -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        while True:
            assert await found_in(place.state) == []
            looks += 1

    looking = asyncio.create_task(look())
    for number in range(30):
        pushed = index(image(), image())
        await place.doors.push("app", pushed, "moving")
        upload = await place.doors.begin("app")
        await place.doors.oci("PATCH", upload, b"never ended")
        if number % 2:
            ids = [{"imageDigest": one.digest} for one in (pushed, *pushed.children)]
            await place.doors.served("BatchDeleteImage", **APP, imageIds=ids)
            await place.doors.served("EmptyBin", all=True)
            place.clock.move(10 * SECOND)
            await collect_all(place.state)
        await place.doors.oci("DELETE", upload)
        if looking.done():
            break
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert looks >= 3


async def test_a_blob_that_goes_between_two_looks_is_no_fault(place: Audited) -> None:
    class Late(DirectoryStore):
        """The blob is collected just before anybody looks at its file."""

        async def look(self, storage_id: str) -> Stored | None:
            place.sql("DELETE FROM blobs WHERE digest = :spare")
            file_of_spare.unlink()
            return await super().look(storage_id)

    file_of_spare = file_of(place.directory, sha256(place.spare))
    [blob] = [blob for blob in await place.state.db.read(rows.blobs, 0, 100) if blob.digest == sha256(place.spare)]
    assert not await audit._lacks_bytes(replace(place.state, blobs=Late(place.directory / "blobs")), blob)


async def test_all_is_well_after_everything_was_collected(place: Audited) -> None:
    await place.doors.served("DeleteRepository", **APP, force=True)
    place.clock.move(8 * DAY)
    await collect_all(place.state)
    await collect_all(place.state)
    assert await found_in(place.state) == []
    assert run_sql(place.directory, "SELECT 1 FROM blobs") == list((place.directory / "blobs").glob("*/*")) == []
