"""The bin: who deleted what, when, how and why; its term, its emptying, and the protection of repositories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.content import image
from support.doors import Doors, new_doors
from support.invariants import left_over
from support.state import ACCOUNT, Clock, collect_all
from support.stores import objects
from wharfinger.state.clock import DAY, SECOND

APP = {"repositoryName": "app"}
ONE = image()
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


async def deleted(doors: Doors, *tags: str) -> Any:
    """An image that was pushed under some tags, and deleted: the deletion."""
    await doors.push("app", ONE, *(tags or ("latest",)))
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    return (await doors.served("ListDeletions"))["deletions"][0]


async def bytes_left(directory: Path, doors: Doors) -> int:
    """What layers take up when all that is due was collected."""
    await collect_all(doors.state)
    assert left_over(directory, doors.state.clock()) == []
    return sum(objects(directory).values())


# --- what is told --------------------------------------------------------------------------------------------


async def test_a_deletion_says_who_when_how_and_until_when(doors: Doors, clock: Clock) -> None:
    found = await deleted(doors)
    assert (found["deletedBy"], found["operation"]) == (ROOT, "BatchDeleteImage")
    assert (found["repositoryName"], found["imageCount"], found["wholeRepository"]) == ("app", 1, False)
    assert found["deletedAt"] == clock() / SECOND
    assert found["expiresAt"] == (clock() + 7 * DAY) / SECOND


async def test_a_reason_is_kept_with_what_it_was_given_for(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("DeleteImages", **APP, imageIds=[{"imageTag": "latest"}], reason="leaks a key")
    [found] = (await doors.served("ListDeletions"))["deletions"]
    assert found["reason"] == "leaks a key"
    [one] = (await doors.served("ListDeletedImages"))["images"]
    assert (one["reason"], one["deletedBy"], one["imageTags"]) == ("leaks a key", ROOT, ["latest"])


async def test_a_delete_of_the_data_plane_is_known_as_such(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.oci("DELETE", f"app/manifests/{ONE.digest}")
    [found] = (await doors.served("ListDeletions"))["deletions"]
    assert (found["operation"], found["deletedBy"]) == ("DELETE manifest", ROOT)


async def test_a_call_that_deletes_nothing_leaves_nothing_in_the_bin(doors: Doors) -> None:
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "unknown"}])
    assert (await doors.served("ListDeletions"))["deletions"] == []


async def test_a_dry_run_tells_and_deletes_nothing(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    answer = await doors.served("DeleteImages", **APP, imageIds=[{"imageTag": "latest"}], dryRun=True)
    assert answer["imageIds"] == [{"imageDigest": ONE.digest, "imageTag": "latest"}]
    assert "deletionId" not in answer
    assert (await doors.oci("GET", "app/manifests/latest")).status == 200


async def test_deletions_come_page_by_page_newest_first(doors: Doors) -> None:
    for number in range(5):
        await doors.push("app", image(), f"v{number}")
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": f"v{number}"}])
    numbers: list[int] = []
    token: dict[str, str] = {}
    while True:
        page = await doors.served("ListDeletions", maxResults=2, **token)
        numbers += [int(item["deletionId"]) for item in page["deletions"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 5


async def test_images_in_the_bin_come_page_by_page(doors: Doors) -> None:
    images = [image() for _ in range(5)]
    for one in images:
        await doors.push("app", one)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": one.digest} for one in images])
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = await doors.served("ListDeletedImages", **APP, maxResults=2, **token)
        found += [item["imageDigest"] for item in page["images"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert sorted(found) == sorted(one.digest for one in images)


# --- the term ------------------------------------------------------------------------------------------------


async def test_until_its_term_is_over_what_was_deleted_keeps_its_bytes(
    doors: Doors, clock: Clock, tmp_path: Path
) -> None:
    await deleted(doors)
    clock.move(7 * DAY - 60 * SECOND)
    assert await bytes_left(tmp_path / "data", doors) == sum(map(len, ONE.blobs.values()))
    clock.move(60 * SECOND)
    assert await bytes_left(tmp_path / "data", doors) == 0


async def test_when_its_term_is_over_it_cannot_be_restored(doors: Doors, clock: Clock) -> None:
    found = await deleted(doors)
    clock.move(7 * DAY)
    answer = await doors.wharfinger("RestoreDeletion", deletionId=found["deletionId"])
    assert answer.code == "DeletionNotFoundException"
    assert (await doors.served("ListDeletions"))["deletions"] == []


async def test_a_server_without_a_bin_gives_the_bytes_back_at_once(tmp_path: Path, clock: Clock) -> None:
    async with new_doors(tmp_path / "data", clock, bin_days=0) as doors:
        await doors.push("app", ONE, "latest")
        clock.move(DAY)  # the leases are over
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
        assert (await doors.served("ListDeletions"))["deletions"] == []
        assert await bytes_left(tmp_path / "data", doors) == 0


@pytest.mark.parametrize("days", [0, 1, 30])
async def test_a_repository_can_have_a_term_of_its_own(doors: Doors, clock: Clock, days: int) -> None:
    await doors.served("PutDeletionSettings", **APP, settings={"binDays": days})
    assert (await doors.served("GetDeletionSettings", **APP))["effectiveBinDays"] == days
    await doors.push("app", ONE, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    found = (await doors.served("ListDeletions"))["deletions"]
    assert [item["expiresAt"] for item in found] == ([(clock() + days * DAY) / SECOND] if days else [])


# --- emptying ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["all", "repositoryName", "deletionIds"])
async def test_emptying_the_bin_frees_the_bytes(doors: Doors, clock: Clock, tmp_path: Path, which: str) -> None:
    found = await deleted(doors)
    chosen: dict[str, Any] = {"all": True, "repositoryName": "app", "deletionIds": [found["deletionId"]]}
    answer = await doors.served("EmptyBin", **{which: chosen[which]})
    assert answer == {"deletionCount": 1, "imageCount": 1, "freedBytes": sum(map(len, ONE.blobs.values()))}
    assert (await doors.served("ListDeletions"))["deletions"] == []
    clock.move(DAY)  # the leases of the push are over
    assert await bytes_left(tmp_path / "data", doors) == 0


async def test_a_dry_run_empties_nothing(doors: Doors) -> None:
    await deleted(doors)
    answer = await doors.served("EmptyBin", all=True, dryRun=True)
    assert answer["imageCount"] == 1
    assert len((await doors.served("ListDeletions"))["deletions"]) == 1


@pytest.mark.parametrize("said", [{}, {"all": False}, {"all": True, "repositoryName": "app"}])
async def test_what_to_empty_has_to_be_said_in_one_way(doors: Doors, said: dict[str, Any]) -> None:
    assert (await doors.wharfinger("EmptyBin", **said)).code == "InvalidParameterException"


async def test_bytes_that_another_image_needs_are_not_counted_as_freed(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("CreateRepository", repositoryName="other")
    await doors.push("other", ONE, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    assert (await doors.served("EmptyBin", all=True))["freedBytes"] == 0


# --- protection ----------------------------------------------------------------------------------------------


async def test_a_protected_repository_is_not_deleted_and_the_reason_is_told(doors: Doors) -> None:
    await doors.served("PutDeletionSettings", **APP, settings={"protection": "production"})
    for force in (False, True):
        answer = await doors.ecr("DeleteRepository", **APP, force=force)
        assert answer.code == "InvalidParameterException"
        assert answer.message.endswith("is protected from deletion: production")
    await doors.served("PutDeletionSettings", **APP, settings={})
    await doors.served("DeleteRepository", **APP)


# --- the history of tags -------------------------------------------------------------------------------------


async def test_the_history_of_a_tag_is_told_newest_first(doors: Doors) -> None:
    two = image()
    await doors.push("app", ONE, "latest")
    await doors.push("app", two, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    await doors.served("RestoreImages", **APP, imageIds=[{"imageTag": "latest"}])
    changes = (await doors.served("ListTagHistory", **APP, imageTag="latest"))["changes"]
    assert [(item["action"], item["imageDigest"], item["by"]) for item in changes] == [
        ("RESTORE", two.digest, ROOT),
        ("DELETE", two.digest, ROOT),
        ("PUSH", two.digest, ROOT),
        ("PUSH", ONE.digest, ROOT),
    ]


async def test_what_a_tag_pointed_to_at_a_moment_is_answered(doors: Doors, clock: Clock) -> None:
    two = image()
    times = []
    for one in (ONE, two):
        clock.move(DAY)
        await doors.push("app", one, "latest")
        times.append(clock() / SECOND)
    asked = {**APP, "imageTag": "latest"}
    first = await doors.served("GetImageAtTime", **asked, time=times[1] - 1)
    assert (first["imageDigest"], first["since"], first["until"]) == (ONE.digest, *times)
    assert first["whereabouts"] == "PRESENT"
    assert (await doors.served("GetImageAtTime", **asked, time=times[1]))["imageDigest"] == two.digest
    before = await doors.wharfinger("GetImageAtTime", **asked, time=times[0] - 1)
    assert before.code == "ImageNotFoundException"


async def test_an_image_of_the_past_is_found_in_the_bin_and_then_no_more(doors: Doors, clock: Clock) -> None:
    await doors.push("app", ONE, "latest")
    at = clock() / SECOND
    clock.move(DAY)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    asked = {**APP, "imageTag": "latest", "time": at}
    moment = await doors.served("GetImageAtTime", **asked)
    assert (moment["whereabouts"], moment["deletionId"]) == ("IN_BIN", "1")
    clock.move(7 * DAY)
    await collect_all(doors.state)
    assert (await doors.served("GetImageAtTime", **asked))["whereabouts"] == "GONE"
