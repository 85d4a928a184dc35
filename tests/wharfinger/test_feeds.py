"""Feeds: what is in use somewhere is held until a later report of the same feed leaves it out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from support.content import UNKNOWN, Image, image
from support.doors import Doors
from support.ecr_errors import invalid
from support.moments import Period
from support.registry import Registry, abroad, error_of, stranger
from support.server import REGION
from support.state import CALLER, REGISTRY, Clock, prepared
from wharfinger.domain import holds as rules
from wharfinger.domain.faults import TooManyFeeds
from wharfinger.services import feeds
from wharfinger.state import State

HOUR = 3600


class World(NamedTuple):
    """The repository `team/app` with an image, tagged `v1` and `latest`, and another one, tagged `v2`."""

    registry: Registry
    wharfinger: Any
    one: Image
    two: Image

    def report(self, *images: str, feed: str = "prod", seconds: int = HOUR) -> Any:
        return self.wharfinger.put_image_feed(feedName=feed, images=list(images), timeToLiveSeconds=seconds)

    def holds(self, feed: str = "prod") -> list[tuple[str, str]]:
        """Repositories and images that a feed holds."""
        listed = self.wharfinger.list_holds(maxResults=1000)["holds"]
        return [(item["repositoryName"], item["image"]) for item in listed if item.get("feedName") == feed]

    def feeds(self) -> list[Any]:
        listed: list[Any] = self.wharfinger.list_image_feeds()["feeds"]
        return listed

    def refusal(self, reference: str) -> str | None:
        """Why something cannot be deleted, if so."""
        failures = self.registry.delete("team/app", reference)["failures"]
        return failures[0]["failureReason"] if failures else None


@pytest.fixture
def world(registry: Registry, wharfinger: Any) -> World:
    app = registry.create("team/app")
    found = World(registry, wharfinger, image(), image())
    registry.oci.push(app, found.one, "v1", "latest")
    registry.oci.push(app, found.two, "v2")
    return found


# --- what a report holds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["", "localhost:5050/", "registry.example.com/"])
@pytest.mark.parametrize(("suffix", "tag"), [(":v1", "v1"), ("", "latest")])
def test_a_tag_holds_itself_and_what_it_points_to(world: World, host: str, suffix: str, tag: str) -> None:
    answer = world.report(f"{host}team/app{suffix}")
    assert set(world.holds()) == {("team/app", tag), ("team/app", world.one.digest)}
    assert (answer["feed"]["holdCount"], answer["unknownImages"]) == (2, [])


def test_a_digest_holds_itself(world: World) -> None:
    answer = world.report(f"team/app@{world.one.digest}")
    assert world.holds() == [("team/app", world.one.digest)]
    assert answer["unknownImages"] == []


def test_a_tag_with_a_digest_holds_both_as_they_are_said(world: World) -> None:
    answer = world.report(f"team/app:v2@{world.one.digest}")
    assert world.holds() == [("team/app", world.one.digest), ("team/app", "v2")]
    assert answer["unknownImages"] == []


def test_a_host_of_the_form_of_ecr_may_mean_this_registry(world: World, account: str) -> None:
    answer = world.report(f"{account}.dkr.ecr.{REGION}.example.com/team/app:v2")
    assert (answer["feed"]["holdCount"], answer["unknownImages"]) == (2, [])


def test_a_host_of_the_form_of_ecr_that_means_another_registry_holds_nothing(world: World, account: str) -> None:
    foreign = f"{stranger(world.registry).account}.dkr.ecr.{REGION}.example.com/team/app:v1"
    elsewhere = f"{account}.dkr.ecr.us-west-2.example.com/team/app:v1"
    answer = world.report(foreign, elsewhere)
    assert answer["unknownImages"] == [foreign, elsewhere]
    assert world.holds() == []


def test_what_leads_to_no_image_is_told_in_the_order_of_the_report_and_held_where_it_can_be(world: World) -> None:
    unknown = ["not/there:v1", "team/app:v3", f"team/app@{UNKNOWN}", f"team/app:v1@{UNKNOWN}", "Not A Name", UNKNOWN]
    answer = world.report(unknown[0], "team/app:v2", *unknown[1:], unknown[0])
    assert answer["unknownImages"] == unknown
    assert set(world.holds()) == {
        ("not/there", "v1"),
        ("team/app", "v1"),
        ("team/app", "v2"),
        ("team/app", world.two.digest),
        ("team/app", "v3"),
        ("team/app", UNKNOWN),
    }


def test_several_references_to_one_image_hold_it_once(world: World) -> None:
    digest = world.two.digest
    answer = world.report("team/app:v2", "team/app:v2", "host.example/team/app:v2", f"team/app@{digest}")
    assert answer["feed"]["holdCount"] == 2


def test_a_feed_of_nothing_holds_nothing(world: World) -> None:
    assert world.report()["feed"]["holdCount"] == 0


@pytest.mark.parametrize("reference", ["v2", "@"])
def test_what_is_in_use_is_refused_with_the_feed_and_the_reference(world: World, reference: str) -> None:
    world.report("host.example/team/app:v2")
    refusal = world.refusal(world.two.digest if reference == "@" else reference)
    assert refusal is not None
    assert ", feed prod: in use as host.example/team/app:v2" in refusal


def test_every_way_to_delete_refuses_what_is_in_use(world: World) -> None:
    world.report("team/app:v2")
    answer = world.registry.oci.delete(f"/v2/team/app/manifests/{world.two.digest}")
    assert (answer.status, answer.code) == (403, "DENIED")
    with pytest.raises(ClientError, match=r"held by hold .* feed prod: in use as team/app:v2"):
        world.registry.ecr.delete_repository(repositoryName="team/app", force=True)


def test_an_image_that_comes_after_the_report_is_held(world: World) -> None:
    late = image()
    world.report("team/app:v3", f"team/app@{late.digest}")
    world.registry.oci.push("team/app", late)
    world.registry.oci.push("team/app", image(), "v3")
    assert world.refusal(late.digest)
    assert world.refusal("v3")


def test_what_a_tag_pointed_to_at_the_report_stays_held_when_the_tag_moves(world: World) -> None:
    world.report("team/app:v2")
    world.registry.oci.push("team/app", world.one, "v2")
    assert world.refusal(world.two.digest)
    assert world.refusal("v2")


# --- report after report -------------------------------------------------------------------------------------


def test_a_report_takes_the_place_of_the_last_one(world: World) -> None:
    world.report("team/app:v1", "team/app:v2")
    assert world.report("team/app:v2")["feed"]["holdCount"] == 2
    assert set(world.holds()) == {("team/app", "v2"), ("team/app", world.two.digest)}
    assert world.refusal(world.one.digest) is None


def test_what_stays_in_use_keeps_its_hold(world: World) -> None:
    def holds() -> dict[str, Any]:
        return {item["image"]: item for item in world.wharfinger.list_holds()["holds"]}

    world.report("team/app:v1")
    before = holds()
    world.report("team/app:v2", "team/app:v1")
    assert {name: item for name, item in holds().items() if name in before} == before


def test_a_tag_that_moved_since_the_last_report_holds_what_it_points_to_now(world: World) -> None:
    world.report("team/app:v2")
    world.registry.oci.push("team/app", world.one, "v2")
    world.report("team/app:v2")
    assert set(world.holds()) == {("team/app", "v2"), ("team/app", world.one.digest)}
    assert world.refusal(world.two.digest) is None


def test_feeds_hold_each_for_itself(world: World) -> None:
    for feed in ("prod", "test"):
        world.report("team/app:v2", feed=feed)
    world.report(feed="prod")
    refusal = world.refusal("v2")
    assert refusal is not None
    assert "feed test" in refusal
    assert "feed prod" not in refusal


def test_a_hold_of_ones_own_stays_when_a_feed_lets_go(world: World) -> None:
    world.wharfinger.put_hold(repositoryName="team/app", image="v2", reason="mine")
    world.report("team/app:v2")
    world.report()
    refusal = world.refusal("v2")
    assert refusal is not None
    assert refusal.endswith(": mine]")
    assert "feed" not in refusal


def test_the_holds_of_a_feed_go_with_the_feed_only(world: World) -> None:
    world.report("team/app:v2")
    [number, _] = [item["holdId"] for item in world.wharfinger.list_holds()["holds"]]
    with pytest.raises(ClientError) as caught:
        world.wharfinger.delete_hold(holdId=number)
    assert error_of(caught) == (
        "InvalidParameterException",
        (
            f"The hold {number} came with the feed 'prod' and goes with it: leave the image out of the next report, "
            "or delete the feed"
        ),
    )
    assert len(world.holds()) == 2


def test_a_feed_is_deleted_with_its_holds_and_with_no_others(world: World) -> None:
    for feed in ("prod", "test"):
        world.report("team/app:v2", feed=feed)
    world.wharfinger.put_hold(repositoryName="team/app", image="v2", reason="mine")
    gone = world.wharfinger.delete_image_feed(feedName="prod")["feed"]
    assert (gone["feedName"], gone["holdCount"]) == ("prod", 2)
    assert [item["feedName"] for item in world.feeds()] == ["test"]
    assert (world.holds("prod"), len(world.holds("test"))) == ([], 2)
    assert len(world.wharfinger.list_holds()["holds"]) == 3


def test_a_feed_that_is_not_there_cannot_be_deleted(wharfinger: Any) -> None:
    with pytest.raises(wharfinger.exceptions.FeedNotFoundException):
        wharfinger.delete_image_feed(feedName="prod")


# --- the list of feeds ---------------------------------------------------------------------------------------


def test_a_feed_is_listed_as_it_was_answered(world: World) -> None:
    call = Period()
    answered = world.report("team/app:v2", seconds=HOUR)["feed"]
    assert world.feeds() == [answered]
    reported = answered.pop("reportedAt")
    assert reported in call
    assert answered == {
        "feedName": "prod",
        "lateAt": reported + timedelta(hours=1),
        "isLate": False,
        "holdCount": 2,
    }


def test_feeds_are_listed_by_name_page_by_page(world: World) -> None:
    for name in ("c", "a", "d", "b", "e"):
        world.report("team/app:v2", feed=name)
    pages = []
    more: dict[str, str] = {}
    while True:
        page = world.wharfinger.list_image_feeds(maxResults=2, **more)
        pages.append([item["feedName"] for item in page["feeds"]])
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_feeds_of_other_registries_are_not_seen_and_hold_nothing_here(world: World) -> None:
    for other in (stranger(world.registry), abroad(world.registry)):
        foreign = world.registry.server.wharfinger(other.account, region=other.region)
        foreign.put_image_feed(feedName="prod", images=["team/app:v2"], timeToLiveSeconds=HOUR)
    assert world.feeds() == []
    assert world.refusal("v2") is None


@pytest.mark.parametrize("seconds", [0, 31536001])
async def test_a_time_to_live_is_a_second_to_a_year(doors: Doors, seconds: int) -> None:
    answer = await doors.wharfinger("PutImageFeed", feedName="prod", images=[], timeToLiveSeconds=seconds)
    assert answer.code == "InvalidParameterException"
    assert "'timeToLiveSeconds'" in answer.message


# --- late, and too much --------------------------------------------------------------------------------------


async def test_a_feed_that_is_late_says_so_and_keeps_what_it_holds(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "v1")
    await doors.served("PutImageFeed", feedName="prod", images=["app:v1"], timeToLiveSeconds=1)
    shown = []
    for step in (999, 1, 10**12):
        clock.move(step)
        shown += [feed["isLate"] for feed in (await doors.served("ListImageFeeds"))["feeds"]]
    assert shown == [False, True, True]
    answer = await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "v1"}])
    assert [item["failureCode"] for item in answer["failures"]] == ["ImageHeld"]


async def test_a_feed_that_reports_again_is_late_no_more(doors: Doors, clock: Clock) -> None:
    for _ in range(2):
        answer = await doors.served("PutImageFeed", feedName="prod", images=["app:v1"], timeToLiveSeconds=1)
        assert (answer["feed"]["isLate"], answer["feed"]["lateAt"]) == (False, (clock() + 1000) / 1000)
        clock.move(5000)


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    """A registry without a server."""
    async with prepared(tmp_path / "data", clock) as opened:
        yield opened


async def test_a_registry_has_no_more_feeds_than_the_limit(state: State) -> None:
    for number in range(rules.FEEDS):
        await feeds.report(state, CALLER, REGISTRY, f"feed{number}", ["app:v1"], HOUR)
    with pytest.raises(TooManyFeeds):
        await feeds.report(state, CALLER, REGISTRY, "more", ["app:v1"], HOUR)
    await feeds.report(state, CALLER, REGISTRY, "feed7", ["app:v2"], HOUR)


async def test_a_report_of_the_longest_is_taken_and_a_longer_one_is_refused(doors: Doors) -> None:
    reported = [f"registry.example.com/team/app{number % 100}@sha256:{number:064x}" for number in range(50_000)]
    answer = await doors.served("PutImageFeed", feedName="prod", images=reported, timeToLiveSeconds=HOUR)
    assert (answer["feed"]["holdCount"], answer["unknownImages"]) == (50_000, reported)
    refused = await doors.wharfinger("PutImageFeed", feedName="prod", images=[*reported, "app"], timeToLiveSeconds=HOUR)
    assert refused.error == invalid("images", "Member must have length less than or equal to 50000")
