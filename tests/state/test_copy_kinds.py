"""A copy from one kind of database to another: the same rows, whichever they are in."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support import postgresql
from support.content import image, index
from support.copies import Tells
from support.disk import without_syncs
from support.doors import Doors, new_doors
from support.state import Clock, create_repository, settings_of
from support.stores import having_rights
from wharfinger.server import copy, data
from wharfinger.server.settings import Settings
from wharfinger.state.db.database import Tx

ONE, BOTH = image(), index(image(), image())


@pytest.fixture
async def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    """A directory with SQLite that has something of many kinds."""
    without_syncs(monkeypatch)
    async with new_doors(tmp_path / "source", database="") as doors:
        await doors.push("app", ONE, "v1", "latest")
        await doors.push("app", BOTH, "multi")
        await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageDigest": ONE.digest}])
        await create_repository(doors.state, "gone")
        await doors.served("DeleteRepository", repositoryName="gone")
        yield inside(tmp_path / "source")


def inside(directory: Path) -> Settings:
    return settings_of(directory, database="")


def outside(directory: Path) -> Settings:
    """On PostgreSQL, with the master key of the source where it looks for it."""
    directory.mkdir()
    shutil.copy(directory.with_name("source") / "master.key", directory)
    return settings_of(directory, database=postgresql.database_of(directory))


async def copied(source: Settings, to: Settings) -> str:
    """The digest of all rows, which are the same in both."""
    with having_rights():
        made = await copy.run(source, to, Tells())
    assert made.outcome.is_equal
    return made.outcome.source.digest


async def test_rows_are_the_same_in_every_kind_of_database(source: Settings, tmp_path: Path) -> None:
    first, second, back = outside(tmp_path / "first"), outside(tmp_path / "second"), inside(tmp_path / "back")
    digests = {await copied(source, first), await copied(first, second)}
    shutil.copy(source.master_key_file, tmp_path / "back.key")
    digests.add(await copied(second, back))
    assert len(digests) == 1


async def test_a_server_on_the_copy_goes_on_where_the_source_was(source: Settings, tmp_path: Path) -> None:
    async def next_id(tx: Tx) -> int:
        row = await tx.one("SELECT max(id) FROM repositories")
        assert row is not None
        return int(row[0])

    to = outside(tmp_path / "copy")
    await copied(source, to)
    with having_rights():
        await data.prepare(to)
        state = await data.open_state(to, Clock())
    doors = Doors(state)
    [deletion] = (await doors.served("ListDeletions", repositoryName="app"))["deletions"]
    await doors.served("RestoreDeletion", deletionId=deletion["deletionId"])
    await doors.push("app", image(), "new")
    tags = (await doors.oci("GET", "app/tags/list")).json["tags"]
    await create_repository(state, "next")
    last = await state.db.read(next_id)
    state.trail.close()
    await state.db.close()
    assert tags == ["latest", "multi", "new", "v1"]
    assert last == 3  # the second one is gone


async def test_records_of_the_trail_come_along_in_both_directions_and_once(source: Settings, tmp_path: Path) -> None:
    to, back = outside(tmp_path / "copy"), inside(tmp_path / "back")
    for _ in range(2):
        await copied(source, to)
    for _ in range(2):
        await copied(to, back)
    files = data.open_trail(source), data.open_trail(back)
    expected, found = ([(name, trail.read(name, 0, 10**7)) for name in trail.names()] for trail in files)
    assert expected
    assert found == expected
