"""Collection: what nobody needs any more goes when its time has come, and nothing else (promise P4)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest

from support.content import Image, image, series, sha256
from support.doors import Body
from support.failpoints import Failpoints, Killed
from support.invariants import broken
from support.place import Place
from support.state import REGISTRY, create_repository, empty
from wharfinger.services import collect, repositories
from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state.clock import DAY
from wharfinger.state.db import blobs
from wharfinger.state.db.database import Tx

TERM = 7 * DAY
CONTENT = b"content"
DIGEST = sha256(CONTENT)


# --- uploads, events, bytes ----------------------------------------------------------------------------------


async def test_uploads_that_nobody_touched_for_a_day_end(place: Place) -> None:
    idle = await place.doors.begin("app")
    place.clock.move(IDLE_TERM // 2)
    busy = await place.doors.begin("app")
    place.clock.move(IDLE_TERM // 2 + 1)
    await collect.run(place.state)
    assert [(await place.doors.oci("GET", path)).status for path in (idle, busy)] == [404, 204]


async def test_a_chunk_keeps_an_upload_from_being_collected(place: Place) -> None:
    upload = await place.doors.begin("app")
    place.clock.move(IDLE_TERM)
    await place.doors.oci("PATCH", upload, b"more")
    place.clock.move(IDLE_TERM)
    await collect.run(place.state)
    assert (await place.doors.oci("GET", upload)).status == 204


async def test_an_upload_that_is_still_receiving_is_not_collected(place: Place) -> None:
    upload = await place.doors.begin("app")

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"piece"
            place.clock.move(IDLE_TERM // 2 + 1)
            await collect.run(place.state)
        yield b"end"

    assert (await place.doors.oci("PATCH", upload, Body(slowly()))).status == 202
    digest = sha256(b"piece" * 4 + b"end")
    assert (await place.doors.oci("PUT", f"{upload}?digest={digest}")).status == 201


async def test_an_upload_whose_sender_fell_silent_is_collected(place: Place) -> None:
    upload = await place.doors.begin("app")

    async def once() -> AsyncIterator[bytes]:
        yield b"piece"
        place.clock.move(IDLE_TERM + 1)
        await collect.run(place.state)

    assert (await place.doors.oci("PATCH", upload, Body(once()))).status == 404


async def test_events_are_kept_for_as_long_as_is_set_and_no_longer(place: Place) -> None:
    await place.doors.push("app", image())
    place.clock.move(place.state.rules.history_days * DAY)
    await place.doors.push("app", image())
    await collect.run(place.state)
    assert await place.count("events") == 2
    place.clock.move(1)
    await collect.run(place.state)
    assert await place.count("events") == 1


async def test_events_of_what_is_in_the_bin_are_kept_for_as_long_as_that_is(place: Place) -> None:
    """By them a tag is found that went."""
    days = place.state.rules.history_days + 10
    await repositories.set_deletion_settings(place.state, REGISTRY, "app", bin_days=days, protection=None)
    one = image()
    await place.doors.push("app", one, "tag")
    await place.doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "tag"}])
    place.clock.move((days - 5) * DAY)
    await place.settle()
    answer = await place.doors.served("RestoreImages", repositoryName="app", imageIds=[{"imageTag": "tag"}])
    assert answer["imageIds"] == [{"imageDigest": one.digest, "imageTag": "tag"}]
    await place.settle()
    assert await place.count("events") == 1  # that it came back


async def test_more_events_are_forgotten_than_one_step_takes(place: Place) -> None:
    await place.doors.push("app", image())
    await place.state.db.write(repeat_events, collect._EVENTS)
    place.clock.move((place.state.rules.history_days + 1) * DAY)
    await place.settle()
    assert await place.count("events") == 0


async def repeat_events(tx: Tx, times: int) -> None:
    [columns] = await tx.all("SELECT account, region, repository, at, digest, principal FROM events")
    names = ("account", "region", "repository", "at", "digest", "principal")
    await tx.many(
        "INSERT INTO events (account, region, repository, at, action, digest, principal, operation) "
        "VALUES (:account, :region, :repository, :at, 'PUSH', :digest, :principal, 'test')",
        [dict(zip(names, columns, strict=True))] * times,
    )


async def test_bytes_stay_for_downloads_that_found_them_just_before(place: Place) -> None:
    await place.doors.push_blob("app", CONTENT, DIGEST)
    found = await place.doors.oci("GET", f"app/blobs/{DIGEST}")
    await place.doors.oci("DELETE", f"app/blobs/{DIGEST}")
    place.clock.move(collect.GRACE - 1)
    await collect.run(place.state)
    assert found.content == CONTENT
    place.clock.move(1)
    await collect.run(place.state)
    assert place.files() == 0


async def test_more_is_unlinked_than_one_step_takes(place: Place) -> None:
    ids = [f"{number:032x}" for number in range(2 * collect._STEP + 1)]
    for storage_id in ids:
        await place.state.blobs.create(storage_id)
    await place.state.db.write(blobs.note_unlinks, ids, place.clock() - collect.GRACE)
    await collect.run(place.state)
    assert (place.files(), await place.count("unlinks")) == (0, 0)


# --- leases --------------------------------------------------------------------------------------------------


async def test_a_blob_that_no_image_came_for_goes_with_its_lease(place: Place) -> None:
    await place.doors.push_blob("app", CONTENT, DIGEST)
    place.clock.move(place.lease - 1)
    await collect.run(place.state)
    assert place.files() == 1
    place.clock.move(1)
    await place.settle()
    assert place.files() == 0
    assert await place.status(f"blobs/{DIGEST}") == 404


async def test_a_blob_of_an_image_stays_when_its_lease_is_over(place: Place) -> None:
    one = image()
    await place.pushed(one)
    await place.settle()
    assert {await place.status(f"blobs/{digest}") for digest in one.blobs} == {200}


async def test_more_leases_end_than_one_step_looks_at(place: Place) -> None:
    for number in range(collect._STEP + 10):
        await place.doors.push_blob("app", b"%d" % number, sha256(b"%d" % number))
    place.clock.move(place.lease)
    await place.settle()
    assert place.files() == 0


async def test_a_blob_that_is_deleted_goes_at_once_if_nothing_else_has_it(place: Place) -> None:
    await place.doors.push_blob("app", CONTENT, DIGEST)
    await place.doors.oci("DELETE", f"app/blobs/{DIGEST}")
    assert await place.count("blobs") == 0
    await place.settle()
    assert place.files() == 0


async def test_a_blob_that_is_deleted_stays_in_another_repository(place: Place) -> None:
    await create_repository(place.state, "other")
    for name in ("app", "other"):
        await place.doors.push_blob(name, CONTENT, DIGEST)
    await place.doors.oci("DELETE", f"app/blobs/{DIGEST}")
    await place.settle()
    assert (await place.doors.oci("GET", f"other/blobs/{DIGEST}")).content == CONTENT


async def test_a_blob_that_is_deleted_stays_for_an_image_in_the_bin(place: Place) -> None:
    one = image()
    await place.doors.push("app", one)
    await place.delete(one)
    for digest in one.blobs:
        assert (await place.doors.oci("DELETE", f"app/blobs/{digest}")).status == 202
    await place.settle()
    await place.restore(one)


# --- the bin -------------------------------------------------------------------------------------------------


async def test_a_deleted_image_keeps_its_bytes_until_its_term_is_over(place: Place) -> None:
    one = image()
    await place.pushed(one)
    await place.delete(one)
    place.clock.move(TERM - 1)
    await collect.run(place.state)
    assert place.files() == len(one.blobs)
    place.clock.move(1)
    await place.settle()
    assert (place.files(), await place.count("deletions")) == (0, 0)


async def test_a_deleted_image_comes_back_whole_until_its_term_is_over(place: Place) -> None:
    one = image()
    await place.pushed(one)
    await place.delete(one)
    place.clock.move(TERM - 1)
    await collect.run(place.state)
    assert {await place.status(f"blobs/{digest}") for digest in one.blobs} == {404}
    await place.restore(one)


@pytest.mark.parametrize("way", ["no bin", "term of the repository", "bin emptied", "deletion emptied"])
async def test_a_deleted_image_gives_its_bytes_back_as_soon_as_it_cannot_come_back(place: Place, way: str) -> None:
    one, kept = image(), image()
    await place.pushed(one, kept)
    if way == "term of the repository":
        await repositories.set_deletion_settings(place.state, REGISTRY, "app", bin_days=0, protection=None)
    await place.delete(one, doors=place.without_a_bin if way == "no bin" else None)
    if way == "bin emptied":
        await place.doors.served("EmptyBin", all=True)
    elif way == "deletion emptied":
        [deletion] = (await place.doors.served("ListDeletions"))["deletions"]
        await place.doors.served("EmptyBin", deletionIds=[deletion["deletionId"]])
    await place.settle()
    assert place.files() == len(kept.blobs)
    assert await place.present(one, kept) == [kept]


async def test_a_layer_stays_as_long_as_an_image_has_it(place: Place) -> None:
    first, second = series(2)
    await place.pushed(first, second)
    await place.delete(first)
    place.clock.move(TERM)
    await place.settle()
    assert {await place.status(f"blobs/{digest}") for digest in second.blobs} == {200}


async def test_a_layer_goes_with_the_last_image_that_has_it(place: Place) -> None:
    first, second = series(2)
    await place.pushed(first, second)
    for one in (first, second):
        await place.delete(one)
        await place.settle()
    place.clock.move(TERM)
    await place.settle()
    assert place.files() == 0


async def test_a_layer_stays_for_an_image_in_the_bin_of_another_repository(place: Place) -> None:
    await create_repository(place.state, "other")
    one = image()
    await place.doors.push("other", one)
    await place.pushed(one)
    await place.without_a_bin.served("BatchDeleteImage", repositoryName="other", imageIds=[{"imageDigest": one.digest}])
    await place.delete(one)
    await place.settle()
    await place.restore(one)


async def test_an_image_that_is_pushed_again_is_whole_when_the_old_one_goes(place: Place) -> None:
    one = image()
    await place.pushed(one)
    await place.delete(one)
    await place.settle()
    await place.pushed(one)
    place.clock.move(TERM)
    await place.settle()
    assert (await place.present(one), place.files()) == ([one], len(one.blobs))


async def test_a_deleted_repository_keeps_its_bytes_until_its_term_is_over(place: Place) -> None:
    one = image()
    await place.doors.push("app", one)
    await place.doors.push_blob("app", CONTENT, DIGEST)
    await place.doors.served("DeleteRepository", repositoryName="app", force=True)
    await place.settle()
    assert place.files() == len(one.blobs)
    place.clock.move(TERM)
    await place.settle()
    assert (place.files(), await place.count("deletions")) == (0, 0)


async def test_more_images_go_than_one_step_takes(place: Place) -> None:
    many = series(collect._STEP + 10)
    await place.doors.push("app", many[0])
    for one in many[1:]:
        assert (await place.doors.put_manifest("app", one.digest, one)).status == 201
    await place.doors.served("DeleteRepository", repositoryName="app", force=True)
    place.clock.move(TERM)
    await place.settle()
    assert (place.files(), await place.count("images")) == (0, 0)


# --- interruption --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(len(collect.STEPS)))
async def test_a_deletion_in_the_middle_of_a_round_is_collected_by_the_next_one(place: Place, at: int) -> None:
    subject = image()
    await place.pushed(subject, image(subject=subject))
    await place.settle()
    for number, step in enumerate(collect.STEPS):
        if number == at:
            await place.delete(subject, doors=place.without_a_bin)
        await step(place.state)
    await place.settle()
    assert place.files() == 0


async def litter(place: Place) -> tuple[Image, Image]:
    """Something of all that collection removes; an image that stays, and one that stays in the bin."""
    await create_repository(place.state)
    for _ in range(3):
        await place.doors.oci("PATCH", await place.doors.begin("app"), b"left behind")
    old, kept, binned = image(), image(), image()
    signature = image(subject=old)
    for pushed in (old, kept, binned, signature):
        await place.doors.push("app", pushed)
    await place.doors.push_blob("app", CONTENT, DIGEST)
    await place.delete(old)
    place.clock.move(max(IDLE_TERM, place.state.rules.history_days * DAY) + 1)
    for _ in range(3):
        await place.doors.push("app", kept)  # the bytes of the second and the third are dropped again
    await place.delete(binned)
    place.clock.move(collect.GRACE)
    return kept, binned


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_collection_bears_being_killed_at_any_step(place: Place, after: bool) -> None:
    for step in itertools.count(1):
        await empty(place.state, place.directory)
        kept, binned = await litter(place)
        try:
            await collect.run(Failpoints(place.state, step, after=after).state)
        except Killed:
            assert broken(place.directory) == [], f"killed at step {step}"
        else:
            assert step > 10, "collection has steps to be killed at"
            return
        await place.settle()
        assert place.files() == len(kept.blobs) + len(binned.blobs), f"killed at step {step}"
        assert await place.present(kept) == [kept], f"killed at step {step}"
        await place.restore(binned)
