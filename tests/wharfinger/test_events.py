"""Events: what happened to images, page by page, in the form that EventBridge gives to those of Amazon ECR."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, index, series
from support.doors import Doors
from support.registry import Registry, abroad, error_of, stranger
from support.state import ACCOUNT, Clock
from wharfinger.services import collect
from wharfinger.state.clock import DAY, MINUTE, SECOND

APP = {"repositoryName": "app"}
NOW = 1_800_000_000.123  # of the clock of `doors`: 2027-01-15T08:00:00Z
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def served(doors: Doors, operation: str, **arguments: Any) -> Any:
    answer = await doors.wharfinger(operation, **arguments)
    assert answer.status == 200, (operation, answer)
    return answer.json


async def events(doors: Doors, **arguments: Any) -> list[Any]:
    found: list[Any] = (await served(doors, "ListEvents", **arguments))["events"]
    return found


async def details(doors: Doors, **arguments: Any) -> list[tuple[str, str, str | None]]:
    """Action, digest and tag of each event."""
    found = [json.loads(item["event"])["detail"] for item in await events(doors, **arguments)]
    return [(one["action-type"], one["image-digest"], one.get("image-tag")) for one in found]


async def delete(doors: Doors, *ids: dict[str, str]) -> None:
    assert (await doors.served("BatchDeleteImage", **APP, imageIds=list(ids)))["failures"] == []


async def let_terms_end(doors: Doors, clock: Clock) -> None:
    clock.move(8 * DAY)
    await collect.run(doors.state)


# --- form ----------------------------------------------------------------------------------------------------


async def test_an_event_has_the_form_of_ecrs_own(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    [item] = await events(doors)
    told = json.loads(item["event"])
    assert UUID.fullmatch(told.pop("id"))
    assert told == {
        "version": "0",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": ACCOUNT,
        "time": "2027-01-15T08:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "app",
            "image-digest": one.digest,
            "action-type": "PUSH",
            "image-tag": "v1",
        },
    }


async def test_an_event_without_a_tag_has_no_member_for_it(doors: Doors) -> None:
    await doors.push("app", image())
    [item] = await events(doors)
    assert "image-tag" not in json.loads(item["event"])["detail"]


async def test_an_event_keeps_its_id_and_shares_it_with_none(doors: Doors) -> None:
    await doors.push("app", image(), "a", "b")
    first, again = [[json.loads(item["event"])["id"] for item in await events(doors)] for _ in range(2)]
    assert first == again
    assert len(set(first)) == 2


async def test_an_event_says_who_did_what_when_and_by_which_deletion(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    await delete(doors, {"imageTag": "v1"})
    pushed, deleted = await events(doors)
    [deletion] = (await served(doors, "ListDeletions"))["deletions"]
    del pushed["event"], deleted["event"]
    assert pushed == {
        "eventId": pushed["eventId"],
        "at": NOW,
        "by": f"arn:aws:iam::{ACCOUNT}:root",
        "operation": "PUT manifest",
    }
    assert deleted == {
        **pushed,
        "eventId": deleted["eventId"],
        "operation": "BatchDeleteImage",
        "deletionId": deletion["deletionId"],
    }
    assert int(deleted["eventId"]) > int(pushed["eventId"])


# --- what leaves one -----------------------------------------------------------------------------------------


async def test_push_deletion_and_restoration_are_told_in_order(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    await delete(doors, {"imageTag": "v1"})
    await served(doors, "RestoreImages", **APP, imageIds=[{"imageTag": "v1"}])
    assert await details(doors) == [(action, one.digest, "v1") for action in ("PUSH", "DELETE", "RESTORE")]


async def test_the_end_of_the_term_in_the_bin_is_told_once_for_each_image(doors: Doors, clock: Clock) -> None:
    first, second = series(2)
    await doors.push("app", first, "a", "b")
    await doors.push("app", second)
    await delete(doors, {"imageDigest": first.digest}, {"imageDigest": second.digest})
    before = len(await events(doors))
    await let_terms_end(doors, clock)
    assert (await details(doors))[before:] == [("EXPIRE", one.digest, None) for one in (first, second)]


async def test_the_end_of_a_term_is_told_as_of_who_deleted_the_image(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "a")
    await delete(doors, {"imageTag": "a"})
    await let_terms_end(doors, clock)
    *_, deleted, expired = await events(doors)
    assert [expired[name] for name in ("by", "deletionId")] == [deleted[name] for name in ("by", "deletionId")]
    assert expired["operation"] == "end of the term in the bin"
    assert expired["at"] == NOW + 8 * DAY / SECOND


async def test_emptying_the_bin_ends_terms_too(doors: Doors, clock: Clock) -> None:
    one = image()
    await doors.push("app", one, "a")
    await delete(doors, {"imageTag": "a"})
    await served(doors, "EmptyBin", all=True)
    await collect.run(doors.state)
    assert (await details(doors))[-1] == ("EXPIRE", one.digest, None)


async def test_what_expires_of_a_repository_that_is_gone_is_told_under_its_name(doors: Doors, clock: Clock) -> None:
    (child,) = series(1)
    both = index(child)
    await doors.push("app", both, "v1")
    await doors.served("DeleteRepository", **APP, force=True)
    await let_terms_end(doors, clock)
    found = [item for item in await details(doors, **APP) if item[0] == "EXPIRE"]
    assert sorted(found) == sorted(("EXPIRE", one.digest, None) for one in (child, both))


async def test_what_was_restored_does_not_expire(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "a")
    await delete(doors, {"imageTag": "a"})
    await served(doors, "RestoreImages", **APP, imageIds=[{"imageTag": "a"}])
    await let_terms_end(doors, clock)
    assert "EXPIRE" not in [action for action, *_ in await details(doors)]


async def test_a_tag_that_went_from_an_image_that_stayed_leaves_no_expiry(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "a", "b")
    await delete(doors, {"imageTag": "a"})
    await let_terms_end(doors, clock)
    assert "EXPIRE" not in [action for action, *_ in await details(doors)]


async def test_more_images_than_one_step_takes_expire_each_once(doors: Doors, clock: Clock) -> None:
    images = series(collect._STEP + 1)
    for one in images:
        await doors.push("app", one)
    await doors.served("DeleteRepository", **APP, force=True)
    await let_terms_end(doors, clock)
    found = await details(doors, maxResults=1000)
    assert sorted(digest for action, digest, _ in found if action == "EXPIRE") == sorted(one.digest for one in images)


async def test_the_history_of_a_tag_ends_with_its_deletion(doors: Doors, clock: Clock) -> None:
    one = image()
    await doors.push("app", one, "a")
    clock.move(SECOND)
    await delete(doors, {"imageTag": "a"})
    await let_terms_end(doors, clock)
    for tag in ({"imageTag": "a"}, {}):
        changes = (await served(doors, "ListTagHistory", **APP, **tag))["changes"]
        assert [change["action"] for change in changes] == ["DELETE", "PUSH"]
    moment = await served(doors, "GetImageAtTime", **APP, imageTag="a", time=NOW)
    assert moment == {"imageDigest": one.digest, "since": NOW, "until": NOW + 1, "whereabouts": "GONE"}


# --- which are listed ----------------------------------------------------------------------------------------


async def test_only_events_from_a_time_on_are_listed(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "a")
    clock.move(5 * MINUTE)
    await doors.push("app", image(), "b")
    clock.move(1)
    await doors.push("app", image(), "c")
    later = NOW + 300
    since = [[tag for *_, tag in await details(doors, since=at)] for at in (NOW, later, later + 0.001, later + 0.002)]
    assert since == [["a", "b", "c"], ["b", "c"], ["c"], []]


async def test_an_event_whose_clock_was_behind_is_not_missed(doors: Doors, clock: Clock) -> None:
    """Two workers commit in another order than they looked at the clock."""
    for tag, back in (("a", 0), ("b", 20), ("c", 10), ("d", 0)):
        clock.move(-back)
        await doors.push("app", image(), tag)
        clock.move(back)
    assert [tag for *_, tag in await details(doors, since=NOW - 0.010)] == ["a", "c", "d"]


@pytest.mark.parametrize("since", [-1, 253402300800])
async def test_a_time_that_is_none_is_refused(doors: Doors, since: int) -> None:
    answer = await doors.wharfinger("ListEvents", since=since)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "'since'" in answer.json["message"]


async def test_events_are_forgotten_when_their_time_is_over(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "a")
    clock.move(90 * DAY + 1)
    await collect.run(doors.state)
    assert await events(doors) == []


def pushed(registry: Registry, repository: str, *tags: str) -> Image:
    registry.create(repository)
    one = image()
    registry.push_blobs(repository, one)
    for tag in tags:
        registry.put_image(repository, one, tag)
    return one


def told(found: list[Any]) -> list[tuple[str, str | None]]:
    """Repository and tag of each event."""
    bodies = [json.loads(item["event"])["detail"] for item in found]
    return [(body["repository-name"], body.get("image-tag")) for body in bodies]


def test_events_can_be_those_of_one_repository(registry: Registry, wharfinger: Any) -> None:
    for name in ("app", "other"):
        pushed(registry, name, "a")
    assert told(wharfinger.list_events()["events"]) == [("app", "a"), ("other", "a")]
    assert told(wharfinger.list_events(repositoryName="other")["events"]) == [("other", "a")]
    assert told(wharfinger.list_events(repositoryName="none")["events"]) == []


@pytest.mark.parametrize("only", [{}, {"repositoryName": "app"}], ids=["all", "one repository"])
def test_pages_give_each_event_once_and_in_order(registry: Registry, wharfinger: Any, only: dict[str, str]) -> None:
    tags = [f"v{number}" for number in range(7)]
    pushed(registry, "app", *tags)
    pages = wharfinger.get_paginator("list_events").paginate(**only, PaginationConfig={"PageSize": 3})
    found = [told(page["events"]) for page in pages]
    assert [len(page) for page in found] == [3, 3, 1]
    assert [tag for page in found for _, tag in page] == tags


def test_a_page_token_is_good_for_its_own_list_only(registry: Registry, wharfinger: Any) -> None:
    pushed(registry, "app", "a", "b")
    token = wharfinger.list_events(maxResults=1)["nextToken"]
    with pytest.raises(ClientError) as caught:
        wharfinger.list_events(repositoryName="app", nextToken=token)
    assert error_of(caught)[0] == "InvalidParameterException"


@pytest.mark.parametrize("make", [stranger, abroad], ids=["account", "region"])
def test_events_of_another_registry_are_not_listed(registry: Registry, wharfinger: Any, make: Any) -> None:
    pushed(make(registry), "app", "a")
    assert wharfinger.list_events()["events"] == []
