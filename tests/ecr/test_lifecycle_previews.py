"""Previews of lifecycle policies: made by a job, read page by page, dropped after a day."""

from __future__ import annotations

from typing import Any

import pytest

from support.content import UNKNOWN, image, index
from support.doors import Doors
from support.lifecycle import APP, policy, preview, put, rule
from support.plans import run_jobs
from support.state import Clock, collect_all
from wharfinger.services import lifecycle, previews
from wharfinger.state.clock import DAY, MINUTE
from wharfinger.state.db import lifecycle as rows

KEEP_NONE = policy(rule(5, prefixes=["v"], days=1), rule(6, days=2))


@pytest.fixture
async def digests(doors: Doors, clock: Clock) -> list[str]:
    """Of four images pushed three days ago, the first two tagged v1 and v2."""
    images = [image() for _ in range(4)]
    for number, one in enumerate(images, 1):
        await doors.push("app", one, *([f"v{number}", f"w{number}"] if number < 3 else []))
        clock.move(MINUTE)
    clock.move(3 * DAY)
    return [one.digest for one in images]


async def got(doors: Doors, **arguments: Any) -> Any:
    return await doors.served("GetLifecyclePolicyPreview", **APP, **arguments)


def named(answer: Any) -> list[str]:
    return [result["imageDigest"] for result in answer["previewResults"]]


async def test_images_are_listed_oldest_first_each_with_its_rule(doors: Doors, digests: list[str]) -> None:
    answer = await preview(doors, KEEP_NONE)
    assert named(answer) == digests
    assert [result["appliedRulePriority"] for result in answer["previewResults"]] == [5, 5, 6, 6]
    assert [result.get("imageTags") for result in answer["previewResults"]] == [["v1", "w1"], ["v2", "w2"], None, None]


async def test_a_preview_is_read_page_by_page_and_its_summary_is_of_the_whole(doors: Doors, digests: list[str]) -> None:
    first = await preview(doors, KEEP_NONE)
    pages = [await got(doors, maxResults=3)]
    pages.append(await got(doors, maxResults=3, nextToken=pages[0]["nextToken"]))
    assert [named(page) for page in pages] == [digests[:3], digests[3:]]
    assert "nextToken" not in pages[1]
    for answer in (first, *pages):
        assert answer["summary"] == {"expiringImageTotalCount": 4}


@pytest.mark.parametrize(("status", "places"), [("TAGGED", [0, 1]), ("UNTAGGED", [2, 3]), ("ANY", [0, 1, 2, 3])])
async def test_results_are_filtered_by_whether_they_have_tags(
    doors: Doors, digests: list[str], status: str, places: list[int]
) -> None:
    await preview(doors, KEEP_NONE)
    answer = await got(doors, filter={"tagStatus": status})
    assert named(answer) == [digests[place] for place in places]
    assert answer["summary"] == {"expiringImageTotalCount": 4}


async def test_images_are_asked_for_by_tag_and_digest(doors: Doors, digests: list[str]) -> None:
    await preview(doors, KEEP_NONE)
    ids = [{"imageDigest": digests[2]}, {"imageTag": "v1"}, {"imageTag": "unknown"}, {"imageDigest": UNKNOWN}]
    assert named(await got(doors, imageIds=ids)) == [digests[0], digests[2]]


@pytest.mark.parametrize("paging", [{"maxResults": 10}, {"nextToken": "x"}])
async def test_images_that_are_named_have_no_pages(doors: Doors, digests: list[str], paging: dict[str, Any]) -> None:
    await preview(doors, KEEP_NONE)
    answer = await doors.ecr("GetLifecyclePolicyPreview", **APP, imageIds=[{"imageDigest": digests[0]}], **paging)
    assert answer.code == "InvalidParameterException"


async def test_without_a_text_the_policy_of_the_repository_is_previewed(doors: Doors, digests: list[str]) -> None:
    text = await put(doors, rule(keep=10))
    answer = await preview(doors)
    assert (answer["lifecyclePolicyText"], named(answer)) == (text, [])
    assert answer["summary"] == {"expiringImageTotalCount": 0}


async def test_until_it_is_made_a_preview_has_no_results_and_no_other_is_begun(
    doors: Doors, digests: list[str]
) -> None:
    await preview(doors, KEEP_NONE)
    text = policy(rule(9, keep=1))
    await doors.served("StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=text)
    for arguments in ({}, {"imageIds": [{"imageDigest": digests[0]}]}):
        answer = await got(doors, **arguments)
        assert (answer["status"], answer["lifecyclePolicyText"], named(answer)) == ("IN_PROGRESS", text, [])
        assert "summary" not in answer
    refused = await doors.ecr("StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=text)
    assert refused.code == "LifecyclePolicyPreviewInProgressException"
    await run_jobs(doors.state)
    assert named(await got(doors)) == digests[:3]


async def test_what_would_not_go_is_not_in_a_preview(doors: Doors, digests: list[str], clock: Clock) -> None:
    child = image()
    both = index(child)
    await doors.push("app", both, "multi")
    await doors.served("PutHold", **APP, image="v1", reason="live")
    clock.move(3 * DAY)
    answer = await preview(doors, policy(rule(days=1)))
    assert named(answer) == [*digests[1:], both.digest]
    assert answer["summary"] == {"expiringImageTotalCount": 4}


async def test_a_preview_shows_what_the_policy_then_does(doors: Doors, digests: list[str]) -> None:
    rules = (rule(1, ["v*"], keep=1), rule(2, keep=2))
    expected = named(await preview(doors, policy(*rules)))
    await put(doors, *rules)
    await run_jobs(doors.state)
    left = [line["imageDigest"] for line in (await doors.served("ListImages", **APP))["imageIds"]]
    assert expected == [digest for digest in digests if digest not in left]


async def test_a_preview_is_of_the_moment_when_it_was_made(doors: Doors, digests: list[str]) -> None:
    await preview(doors, KEEP_NONE)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": digests[0]}])
    assert named(await got(doors)) == digests


async def test_a_preview_of_many_images_is_stored_in_pieces(
    doors: Doors, digests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "STEP", 1)
    answer = await preview(doors, KEEP_NONE)
    assert (named(answer), answer["summary"]) == (digests, {"expiringImageTotalCount": 4})


# --- its term ------------------------------------------------------------------------------------------------


async def test_a_preview_is_over_after_a_day(doors: Doors, digests: list[str], clock: Clock) -> None:
    await preview(doors, KEEP_NONE)
    clock.move(DAY - 1)
    assert (await got(doors))["status"] == "COMPLETE"
    clock.move(1)
    answer = await got(doors)
    assert (answer["status"], answer["previewResults"]) == ("EXPIRED", [])


async def test_the_rows_of_a_preview_that_is_over_are_dropped(
    doors: Doors, digests: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wharfinger.services.collect._PREVIEWED", 1)
    await preview(doors, KEEP_NONE)
    await collect_all(doors.state)
    assert await doors.state.db.read(rows.preview_page, 1, "ANY", 0, 10)
    clock.move(DAY)
    await collect_all(doors.state)
    assert await doors.state.db.read(rows.preview_page, 1, "ANY", 0, 10) == []
    assert (await got(doors))["status"] == "EXPIRED"


async def test_a_new_preview_follows_one_that_is_over(doors: Doors, digests: list[str], clock: Clock) -> None:
    await preview(doors, KEEP_NONE)
    clock.move(DAY)
    assert named(await preview(doors, KEEP_NONE)) == digests


async def test_a_repository_that_is_deleted_takes_its_preview_with_it(doors: Doors, digests: list[str]) -> None:
    await doors.served("StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=KEEP_NONE)
    await doors.served("DeleteRepository", **APP, force=True)
    await run_jobs(doors.state)
    await doors.served("CreateRepository", **APP)
    assert (await doors.ecr("GetLifecyclePolicyPreview", **APP)).code == "LifecyclePolicyPreviewNotFoundException"


# --- workers -------------------------------------------------------------------------------------------------


async def test_a_worker_that_was_taken_for_dead_adds_nothing_to_the_preview_of_its_successor(
    doors: Doors, digests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await doors.served("StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=KEEP_NONE)
    evaluate = lifecycle.evaluate

    async def slowly(*arguments: Any) -> Any:
        monkeypatch.setattr(previews, "evaluate", evaluate)
        assert not await previews.go_on(doors.state, "1")  # the other one, from beginning to end
        return await evaluate(*arguments)

    monkeypatch.setattr(previews, "evaluate", slowly)
    assert not await previews.go_on(doors.state, "1")
    answer = await got(doors)
    assert (named(answer), answer["summary"]) == (digests, {"expiringImageTotalCount": 4})
