"""A whole installation in another place: all of it, only what is new, and never half of it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from support.content import Image, image, index, layer
from support.copies import Tells, copied, served
from support.damage import file_of, flip_a_bit
from support.disk import without_syncs
from support.doors import Doors, new_doors
from support.invariants import broken, left_over
from support.rows import run_sql
from support.state import Clock, collect_all, create_repository, settings_of
from support.stores import objects
from wharfinger.server import data
from wharfinger.server.copy import CopyRefused
from wharfinger.services import collect, copied_blobs, scrub
from wharfinger.services.copy import CopyUnfinished
from wharfinger.services.scrub import Hit, Rot
from wharfinger.state.clock import DAY
from wharfinger.state.db import rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.schema import SCHEMA_VERSION, for_sqlite
from wharfinger.state.db.tables import MIGRATIONS

APP = {"repositoryName": "app"}
ONE, OTHER = image(layer(3000)), image()
LAYER = list(ONE.blobs)[-1]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every look takes several."""
    monkeypatch.setattr(copied_blobs, "_STEP", 2)
    monkeypatch.setattr(copied_blobs, "_LISTED", 3)
    monkeypatch.setattr(rows, "_PAGE", 2)
    monkeypatch.setattr(rows, "_PAGE_OF_LARGE", 1)
    without_syncs(monkeypatch)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def doors(source: Path, clock: Clock) -> AsyncIterator[Doors]:
    """Of the source, with an image that is pushed."""
    async with new_doors(source, clock) as doors:
        await doors.push("app", ONE, "v1", "latest")
        yield doors


@pytest.fixture
def empty() -> Iterator[apsw.Connection]:
    """A database of this version."""
    with closing(apsw.Connection(":memory:")) as database:
        database.execute(SCHEMA_VERSION)
        for migration in MIGRATIONS:
            database.execute(for_sqlite(migration.ddl))
        yield database


async def pulled(doors: Doors, reference: str, one: Image = ONE) -> bool:
    """Whether an image is pulled with the bytes that were pushed."""
    answers = [await doors.oci("GET", f"app/manifests/{reference}")]
    answers += [await doors.oci("GET", f"app/blobs/{digest}") for digest in one.blobs]
    return [answer.content for answer in answers] == [one.manifest, *one.blobs.values()]


def blobs_of(directory: Path) -> set[str]:
    """The storage ids of what has bytes."""
    return {name.partition("/")[0] for name in objects(directory)}


def everything_in(directory: Path) -> list[Path]:
    return list(directory.glob("**/*"))


# --- all of it -----------------------------------------------------------------------------------------------


async def test_a_copy_serves_what_its_source_served(doors: Doors, source: Path, to: Path, clock: Clock) -> None:
    both = index(ONE, OTHER)
    await doors.push("app", both, "multi")
    made = await copied(source, to)
    assert made.outcome.is_equal
    async with served(source, to, clock) as there:
        assert await pulled(there, "v1")
        assert (await there.oci("GET", "app/manifests/multi")).body == both.manifest
        assert (await there.oci("GET", "app/tags/list")).json["tags"] == ["latest", "multi", "v1"]
    assert broken(to) == []
    assert left_over(to, clock()) == []


async def test_what_is_in_the_bin_of_the_source_can_be_restored_from_that_of_the_copy(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    [deletion] = (await doors.served("ListDeletions", **APP))["deletions"]
    await copied(source, to)
    async with served(source, to, clock) as there:
        await there.served("RestoreDeletion", deletionId=deletion["deletionId"])
        assert await pulled(there, "v1")


async def test_passwords_and_access_keys_of_the_source_are_good_at_the_copy(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    header = {"authorization": doors._login()}
    await copied(source, to)
    async with served(source, to, clock) as there:
        assert (await there.request("GET", "/v2/app/tags/list", headers=header)).status == 200


async def test_ids_that_the_source_used_are_not_used_again(doors: Doors, source: Path, to: Path, clock: Clock) -> None:
    async def next_id(tx: Tx) -> int:
        row = await tx.one("SELECT max(id) FROM repositories")
        assert row is not None
        return int(row[0])

    await create_repository(doors.state, "gone")
    used = await doors.state.db.read(next_id)
    await doors.served("DeleteRepository", repositoryName="gone")
    await copied(source, to)
    async with served(source, to, clock) as there:
        await create_repository(there.state, "new")
        assert await there.state.db.read(next_id) > used


async def test_the_trail_comes_along_and_each_record_once(doors: Doors, source: Path, to: Path, clock: Clock) -> None:
    await copied(source, to)
    await doors.served("CreateRepository", repositoryName="second")
    await copied(source, to)
    await copied(source, to)
    expected = (await doors.served("ListTrailRecords"))["records"]
    async with served(source, to, clock) as there:
        found = (await there.served("ListTrailRecords"))["records"]
    assert "CreateRepository" in str(expected)
    assert found == expected


async def test_uploads_under_way_stay_behind(doors: Doors, source: Path, to: Path) -> None:
    await doors.begin("app")
    made = await copied(source, to)
    assert made.outcome.is_equal
    assert run_sql(to, "SELECT * FROM uploads") == []


async def test_the_master_key_stays_behind_and_that_is_told(doors: Doors, source: Path, to: Path) -> None:
    made = await copied(source, to)
    assert made.lacks_master_key
    assert not (to / "master.key").exists()


def test_every_table_is_copied_or_has_a_reason_not_to_be(empty: apsw.Connection) -> None:
    names = {row[0] for row in empty.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {table.name for table in rows.tables()} | set(rows.LOCAL) == names - {"sqlite_sequence"}


def test_no_row_is_kept_from_going_by_one_that_refers_to_it(empty: apsw.Connection) -> None:
    """What refers to a row goes with it, or lets go of it before: the order of `copied_rows` rests on this."""
    referring = 'SELECT "from", on_delete FROM pragma_foreign_key_list(?)'
    stuck = [
        (table.name, column)
        for table in rows.tables()
        for column, on_delete in empty.execute(referring, (table.name,))
        if on_delete != "CASCADE" and column not in (*table.loose, *table.key)
    ]
    assert stuck == []


# --- again ---------------------------------------------------------------------------------------------------


async def test_a_second_copy_brings_only_what_is_new(doors: Doors, source: Path, to: Path) -> None:
    await copied(source, to)
    await doors.push("app", OTHER, "v2")
    tells = Tells()
    made = await copied(source, to, tells)
    assert (made.outcome.is_equal, tells.copied) == (True, len(OTHER.blobs))


async def test_what_went_at_the_source_goes_at_the_copy_with_its_bytes(doors: Doors, source: Path, to: Path) -> None:
    await doors.push("app", OTHER, "v2")
    await copied(source, to)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    doors.state.clock.move(8 * DAY)  # type: ignore[attr-defined]
    await collect_all(doors.state)
    made = await copied(source, to)
    assert made.outcome.is_equal
    assert blobs_of(to) == blobs_of(source)
    assert len(blobs_of(to)) == len(OTHER.blobs)


async def test_rows_that_take_the_places_of_others_do_so_at_the_copy(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    """The same digest and the same names under other ids, in the bin and out of it again."""

    async def same() -> bool:
        return (await copied(source, to)).outcome.is_equal and broken(to) == []

    async def delete() -> None:
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])

    async def restore(which: int) -> None:
        deletions = (await doors.served("ListDeletions", **APP))["deletions"]
        await doors.served("RestoreDeletion", deletionId=sorted(d["deletionId"] for d in deletions)[which])

    assert await same()
    await delete()
    assert await same()
    await doors.push("app", ONE, "v1")
    assert await same()
    await delete()
    await restore(0)
    assert await same()
    await delete()
    await restore(-1)
    assert await same()
    await doors.served("DeleteRepository", **APP, force=True)
    await create_repository(doors.state)
    await doors.push("app", ONE, "v3")
    assert await same()


async def test_a_copy_that_was_interrupted_goes_on_where_it_was(doors: Doors, source: Path, to: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(told: object) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        await copied(source, to, interrupt)
    before = len(blobs_of(to))
    assert before > 0
    await doors.push("app", OTHER, "v2")
    tells = Tells()
    made = await copied(source, to, tells)
    assert made.outcome.is_equal
    assert tells.copied == len(ONE.blobs) + len(OTHER.blobs) - before


@pytest.mark.directory
async def test_bytes_that_are_missing_at_the_copy_come_again(doors: Doors, source: Path, to: Path) -> None:
    await copied(source, to)
    file_of(to, LAYER).unlink()
    tells = Tells()
    made = await copied(source, to, tells)
    assert (made.outcome.is_equal, tells.copied) == (True, 1)
    assert file_of(to, LAYER).read_bytes() == ONE.blobs[LAYER]


async def test_bytes_that_are_there_without_a_note_are_no_obstacle(doors: Doors, source: Path, to: Path) -> None:
    await copied(source, to)
    run_sql(to, "DELETE FROM copied_bytes")
    assert (await copied(source, to)).outcome.is_equal


@pytest.mark.directory
@pytest.mark.parametrize("deep", [True, False])
async def test_bytes_that_changed_at_the_copy_are_mended_where_all_are_read(
    doors: Doors, source: Path, to: Path, deep: bool
) -> None:
    await copied(source, to)
    flip_a_bit(file_of(to, LAYER))
    assert (await copied(source, to, deep=deep)).outcome.is_equal
    assert (file_of(to, LAYER).read_bytes() == ONE.blobs[LAYER]) is deep


async def test_a_row_that_was_changed_at_the_copy_is_put_right(doors: Doors, source: Path, to: Path) -> None:
    first = await copied(source, to)
    run_sql(to, "UPDATE images SET manifest = :manifest", manifest=b"\0")
    run_sql(to, "DELETE FROM tags")
    second = await copied(source, to)
    assert second.outcome.is_equal
    assert second.outcome.copy.digest == first.outcome.copy.digest


# --- what stands against it ----------------------------------------------------------------------------------


@pytest.mark.directory
async def test_a_damaged_blob_is_told_with_the_images_that_it_hits_and_all_else_is_copied(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    await doors.push("app", OTHER, "v2")
    flip_a_bit(file_of(source, LAYER))
    tells = Tells()
    made = await copied(source, to, tells)
    assert (made.outcome.is_done, made.outcome.is_equal, made.outcome.blobs.damaged) == (True, False, 1)
    [rot, hit] = tells
    assert rot == Rot("blob", LAYER, "content")
    assert isinstance(hit, Hit)
    assert (hit.place.digest, hit.place.tags) == (ONE.digest, ("latest", "v1"))
    async with served(source, to, clock) as there:
        assert await pulled(there, "v2", OTHER)
        assert (await there.oci("GET", f"app/blobs/{LAYER}")).status >= 400
        await there.push("app", ONE, "v1")
        assert await pulled(there, "v1")


@pytest.mark.directory
async def test_a_damaged_blob_that_was_pushed_again_is_in_the_next_copy(doors: Doors, source: Path, to: Path) -> None:
    flip_a_bit(file_of(source, LAYER))
    await copied(source, to)
    _ = [found async for found in scrub.run(doors.state)]
    await doors.push("app", ONE, "v1")
    assert (await copied(source, to)).outcome.is_equal
    assert file_of(to, LAYER).read_bytes() == ONE.blobs[LAYER]
    assert broken(to) == []


async def test_a_blob_that_goes_while_it_is_copied_is_no_damage(
    doors: Doors, source: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def collected(blobs: copied_blobs.BlobCopy) -> int:
        run_sql(source, "UPDATE deletions SET expires_at = 0")
        doors.state.clock.move(8 * DAY)  # type: ignore[attr-defined]
        await collect_all(doors.state)
        return 0

    await doors.push("app", OTHER, "v2")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    monkeypatch.setattr(copied_blobs.BlobCopy, "look_at_all", collected)
    tells = Tells()
    assert (await copied(source, to, tells)).outcome.is_equal
    assert tells == []
    assert blobs_of(to) == blobs_of(source)


async def test_where_a_snapshot_has_a_blob_that_is_gone_the_next_one_is_taken(
    doors: Doors, source: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0
    complete = copied_blobs.BlobCopy.complete

    async def collected_first(blobs: copied_blobs.BlobCopy, snapshot: Tx) -> bool:
        nonlocal taken
        taken += 1
        if taken == 1:
            await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
            doors.state.clock.move(8 * DAY)  # type: ignore[attr-defined]
            await collect_all(doors.state)
        return await complete(blobs, snapshot)

    async def nothing(blobs: copied_blobs.BlobCopy) -> int:
        return 0

    monkeypatch.setattr(copied_blobs.BlobCopy, "look_at_all", nothing)
    monkeypatch.setattr(copied_blobs.BlobCopy, "go_on", nothing)
    monkeypatch.setattr(copied_blobs.BlobCopy, "complete", collected_first)
    assert (await copied(source, to)).outcome.is_equal
    assert taken == 2


async def test_a_server_does_not_start_on_a_copy_that_has_nothing_yet(doors: Doors, source: Path, to: Path) -> None:
    def interrupt(told: object) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await copied(source, to, interrupt)
    shutil.copy(source / "master.key", to / "master.key")
    with pytest.raises(CopyUnfinished):
        await data.prepare(settings_of(to))


async def test_a_copy_that_is_renewed_can_be_served_as_it_was_until_the_new_one_is_whole(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    def interrupt(told: object) -> None:
        raise KeyError

    await copied(source, to)
    await doors.push("app", OTHER, "v2")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    with pytest.raises(KeyError):
        await copied(source, to, interrupt)
    async with served(source, to, clock) as there:
        assert (await there.oci("GET", "app/tags/list")).json["tags"] == ["latest", "v1"]
        assert await pulled(there, "v1")
        await collect_all(there.state)
    assert broken(to) == []
    assert len(blobs_of(to)) == len(ONE.blobs)


async def test_a_copy_that_was_served_is_not_copied_into_again_unless_that_is_asked_for(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    await copied(source, to)
    async with served(source, to, clock) as there:
        await there.push("app", OTHER, "new")
        await there.begin("app")
    with pytest.raises(CopyRefused, match="--overwrite"):
        await copied(source, to)
    assert run_sql(to, "SELECT count(*) FROM tags WHERE name = 'new'") == [(1,)]
    assert (await copied(source, to, overwrite=True)).outcome.is_equal
    assert blobs_of(to) == blobs_of(source)


async def test_what_a_restore_brings_back_is_not_unlinked_by_what_was_noted_before(
    doors: Doors, source: Path, to: Path
) -> None:
    await copied(source, to)
    shutil.copy(source / "master.key", to / "master.key")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    doors.state.clock.move(8 * DAY)  # type: ignore[attr-defined]
    await collect.run(doors.state)
    assert run_sql(source, "SELECT count(*) FROM unlinks") == [(len(ONE.blobs),)]
    assert (await copied(to, source, overwrite=True)).outcome.is_equal
    await collect_all(doors.state)
    assert await pulled(doors, "v1")


async def test_another_installation_goes_only_if_that_is_asked_for(
    doors: Doors, source: Path, to: Path, tmp_path: Path, clock: Clock
) -> None:
    async with new_doors(to) as others:
        await others.push("app", OTHER, "theirs")
    (to / "master.key").unlink()
    with pytest.raises(CopyRefused, match="--overwrite"):
        await copied(source, to)
    assert (await copied(source, to, overwrite=True)).outcome.is_equal
    async with served(source, to, clock) as there:
        assert await pulled(there, "v1")
        assert (await there.oci("GET", "app/manifests/theirs")).status == 404
    assert len(blobs_of(to)) == len(ONE.blobs)


@pytest.fixture
def other_key(to: Path) -> Path:
    to.mkdir()
    (to / "master.key").write_bytes(b"k" * 32)
    return to / "master.key"


async def test_with_another_master_key_nothing_is_written(
    doors: Doors, source: Path, to: Path, other_key: Path
) -> None:
    with pytest.raises(CopyRefused, match=f"{other_key} does not open the keys of {source}"):
        await copied(source, to)
    assert everything_in(to) == [other_key]


async def test_a_place_is_not_copied_into_itself(doors: Doors, source: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(CopyRefused, match="name another place"):
        await copied(source, tmp_path / "link", overwrite=True)


@pytest.mark.about_sqlite
async def test_where_nothing_is_there_is_nothing_to_copy_and_nothing_is_made(source: Path, to: Path) -> None:
    with pytest.raises(CopyRefused, match="no installation"):
        await copied(source, to)
    assert everything_in(source) + everything_in(to) == []


async def test_a_copy_of_a_copy_is_as_good(doors: Doors, source: Path, to: Path, tmp_path: Path, clock: Clock) -> None:
    await copied(source, to)
    shutil.copy(source / "master.key", to / "master.key")
    made = await copied(to, tmp_path / "third")
    assert made.outcome.is_equal
    async with served(source, tmp_path / "third", clock) as there:
        assert await pulled(there, "v1")


@pytest.mark.about_sqlite  # elsewhere the database has the wrapped key
async def test_after_a_rotation_the_copy_is_opened_by_the_new_master_key(
    doors: Doors, source: Path, to: Path, clock: Clock
) -> None:
    await copied(source, to)
    data.key_files(settings_of(source)).rotate(None)
    assert (await copied(source, to)).outcome.is_equal
    async with served(source, to, clock) as there:
        assert await pulled(there, "v1")
