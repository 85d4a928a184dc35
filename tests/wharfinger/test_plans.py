"""Making plans, and looking at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.content import Image, image, index, series
from support.doors import Doors
from support.failpoints import Failpoints, Killed
from support.plans import looked_at, made, run_jobs, tags_in
from support.state import CALLER, REGISTRY, Clock
from support.stores import empty_store
from wharfinger.domain.faults import PlanNotFound
from wharfinger.domain.filters import Filters, Sieve
from wharfinger.services import plans
from wharfinger.services.planning import DRAFT_TERM, Making
from wharfinger.state.clock import DAY, SECOND
from wharfinger.state.db.database import Row, Tx
from wharfinger.state.db.plans import Plan


def digests(images: list[Any]) -> list[str]:
    return [one["imageDigest"] for one in images]


async def going(doors: Doors, **filters: Any) -> list[str]:
    return digests(await looked_at(doors, await made(doors, **filters), verdict="DELETE"))


# --- what a plan tells ---------------------------------------------------------------------------------------


async def test_a_plan_deletes_nothing(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    await made(doors)
    await run_jobs(doors.state)
    assert await tags_in(doors) == {one.digest: {"v1"}}


async def test_a_plan_tells_what_was_asked_and_what_it_would_do(doors: Doors, clock: Clock) -> None:
    one = image()
    await doors.push("app", one, "dev-1")
    filters = {
        "repositories": ["app", "team/*"],
        "tagStatus": "TAGGED",
        "includeTags": ["dev-*", "/^x/"],
        "excludeTags": ["stable"],
        "pushedBefore": 1_900_000_000.5,
        "notPulledSince": 1_900_000_000.0,
        "keepNewest": 0,
        "largerThan": 1,
    }
    plan = (await doors.served("CreatePlan", filters=filters, description="tidy up"))["plan"]
    assert plan == {
        "planId": plan["planId"],
        "registryId": doors.account,
        "createdAt": clock.now / 1000,
        "createdBy": f"arn:aws:iam::{doors.account}:root",
        "description": "tidy up",
        "filters": filters,
        "status": "READY",
        "imageCount": 1,
        "freedBytes": one.size,
        "deletedCount": 0,
        "skippedCount": 0,
    }
    assert (await doors.served("DescribePlan", planId=plan["planId"]))["plan"] == plan


async def test_each_image_has_a_verdict_and_a_reason(doors: Doors) -> None:
    one, other = image(), image()
    await doors.push("app", one, "b", "a")
    await doors.push("app", other, "keep")
    plan = await made(doors, excludeTags=["keep"])
    assert await looked_at(doors, plan) == [
        {
            "repositoryName": "app",
            "imageDigest": one.digest,
            "imageTags": ["a", "b"],
            "imageSizeInBytes": one.size,
            "verdict": "DELETE",
            "reason": "It is tagged a.",
        },
        {
            "repositoryName": "app",
            "imageDigest": other.digest,
            "imageTags": ["keep"],
            "imageSizeInBytes": other.size,
            "verdict": "KEEP",
            "reason": "Its tag keep matches keep, which is excluded.",
        },
    ]


async def test_images_come_by_repository_and_indexes_before_their_children(doors: Doors) -> None:
    await doors.served("CreateRepository", repositoryName="aaa")
    child, first, last = image(), image(), image()
    both = index(child)
    await doors.push("app", both, "v1")
    await doors.push("app", last, "v2")
    await doors.push("aaa", first, "v1")
    assert digests(await looked_at(doors, await made(doors))) == [first.digest, both.digest, child.digest, last.digest]


async def test_images_come_in_pages_all_or_by_verdict(doors: Doors) -> None:
    images = series(7)
    for number, one in enumerate(images):
        await doors.push("app", one, f"{'dev' if number % 2 else 'v'}-{number}")
    plan = await made(doors, includeTags=["dev-*"])
    assert digests(await looked_at(doors, plan, maxResults=2)) == [one.digest for one in images]
    assert digests(await looked_at(doors, plan, maxResults=2, verdict="DELETE")) == [one.digest for one in images[1::2]]
    assert digests(await looked_at(doors, plan, maxResults=3, verdict="KEEP")) == [one.digest for one in images[::2]]


async def test_plans_are_listed_newest_first_in_pages(doors: Doors) -> None:
    ids = [(await made(doors))["planId"] for _ in range(5)]
    first = await doors.served("ListPlans", maxResults=3)
    rest = await doors.served("ListPlans", maxResults=3, nextToken=first["nextToken"])
    assert [plan["planId"] for plan in first["plans"] + rest["plans"]] == ids[::-1]
    assert "nextToken" not in rest


async def test_a_plan_is_of_its_registry(doors: Doors) -> None:
    plan = await made(doors)
    other = Doors(doors.state, "210987654321")
    assert (await other.served("ListPlans"))["plans"] == []
    for operation in ("DescribePlan", "ListPlanImages", "ExecutePlan", "UndoPlan", "DeletePlan"):
        answer = await other.wharfinger(operation, planId=plan["planId"])
        assert (answer.status, answer.json["__type"]) == (400, "PlanNotFoundException")


# --- which images --------------------------------------------------------------------------------------------


async def test_repositories_are_chosen_by_name_or_pattern(doors: Doors) -> None:
    images = {}
    for name in ("team/api", "team/web", "other"):
        await doors.served("CreateRepository", repositoryName=name)
        images[name] = image()
        await doors.push(name, images[name], "v1")
    assert await going(doors, repositories=["team/*"]) == [images["team/api"].digest, images["team/web"].digest]
    assert await going(doors, repositories=["other", "nowhere"]) == [images["other"].digest]


async def test_a_pull_keeps_an_image(doors: Doors, clock: Clock) -> None:
    pulled, unused = image(), image()
    await doors.push("app", pulled, "pulled")
    await doors.push("app", unused, "unused")
    clock.move(30 * DAY)
    await doors.oci("GET", "app/manifests/pulled")
    assert await going(doors, notPulledSince=(clock.now - DAY) / 1000) == [unused.digest]


def labelled(**labels: str) -> Image:
    """An image with labels in its configuration."""
    return image(labels=labels)


async def test_labels_are_those_of_the_configuration(doors: Doors) -> None:
    dev, prod = labelled(env="dev", team="a"), labelled(env="prod")
    await doors.push("app", dev, "dev")
    await doors.push("app", prod, "prod")
    assert await going(doors, labels={"env": "dev"}) == [dev.digest]
    assert await going(doors, labels={"env": "dev", "team": "b"}) == []


async def test_an_index_is_chosen_by_the_labels_of_its_images(doors: Doors) -> None:
    child = labelled(env="dev")
    both = index(child)
    await doors.push("app", both, "dev")
    assert await going(doors, labels={"env": "dev"}) == [both.digest, child.digest]


async def test_an_image_whose_configuration_is_lost_stays(doors: Doors, tmp_path: Path) -> None:
    one = labelled(env="dev")
    await doors.push("app", one, "dev")
    empty_store(tmp_path / "data")
    [found] = await looked_at(doors, await made(doors, labels={"env": "dev"}))
    assert (found["verdict"], found["reason"]) == (
        "KEEP",
        "Its configuration cannot be read, so its labels are not known.",
    )


async def test_what_is_held_stays_and_names_its_hold(doors: Doors) -> None:
    child = image()
    both = index(child)
    await doors.push("app", both, "v1")
    hold = (await doors.served("PutHold", repositoryName="app", image=child.digest, reason="live"))["hold"]["holdId"]
    reasons = {one["imageDigest"]: one["reason"] for one in await looked_at(doors, await made(doors))}
    text = f"hold {hold} on {child.digest}: live"
    assert reasons == {
        child.digest: f"It is held: {text}.",
        both.digest: f"It stays whole, because {child.digest} belongs to it and is held: {text}.",
    }


# --- what cannot be asked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "path"),
    [
        ({"includeTags": ["/(/"]}, "filters.includeTags.1.member"),
        ({"groupBy": "/(.)/"}, "filters.groupBy"),
        ({"pushedBefore": -1}, "filters.pushedBefore"),
        ({"notPulledSince": 1e15}, "filters.notPulledSince"),
        ({"tagStatus": "OLD"}, "filters.tagStatus"),
        ({"includeTags": ["a"] * 21}, "filters.includeTags"),
    ],
)
async def test_filters_that_make_no_sense_are_refused(doors: Doors, filters: dict[str, Any], path: str) -> None:
    answer = await doors.wharfinger("CreatePlan", filters=filters)
    assert (answer.status, answer.json["__type"]) == (400, "InvalidParameterException")
    assert f"'{path}'" in answer.json["message"]


async def test_a_registry_has_at_most_a_hundred_plans(doors: Doors) -> None:
    first = await made(doors)
    for _ in range(99):
        await made(doors)
    answer = await doors.wharfinger("CreatePlan", filters={})
    assert answer.json["__type"] == "InvalidParameterException"
    assert "The registry has 100 plans" in answer.json["message"]
    await doors.served("DeletePlan", planId=first["planId"])
    await made(doors)


# --- a plan that was never finished --------------------------------------------------------------------------


async def all_rows(tx: Tx) -> list[Row]:
    return [*await tx.all("SELECT id FROM plans"), *await tx.all("SELECT number FROM plan_images")]


async def left_unfinished(doors: Doors) -> None:
    """A plan whose worker died when it had stored the first images."""
    killed = Failpoints(doors.state, 2, after=True)
    with pytest.raises(Killed):
        await plans.create(killed.state, REGISTRY, Filters(), None, CALLER.principal)


async def test_a_plan_that_a_dead_worker_was_making_is_not_seen_and_goes(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "v1")
    await left_unfinished(doors)
    assert (await doors.served("ListPlans"))["plans"] == []
    clock.move(DRAFT_TERM - SECOND)
    await run_jobs(doors.state)
    assert await doors.state.db.read(all_rows)
    clock.move(SECOND)
    await run_jobs(doors.state)
    assert await doors.state.db.read(all_rows) == []


async def test_a_worker_that_was_taken_for_dead_cannot_go_on_with_its_plan(doors: Doors, clock: Clock) -> None:
    id_ = await doors.state.db.write(plans._begin, Plan(0, REGISTRY, clock(), "", None, Filters(), "CREATING"))
    await doors.push("app", image(), "v1")
    clock.move(DRAFT_TERM)
    await run_jobs(doors.state)
    with pytest.raises(PlanNotFound):
        await Making(doors.state, REGISTRY, id_, Sieve(Filters())).run()


async def test_only_so_many_plans_are_made_at_once(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    for _ in range(plans.MOST_AT_ONCE):
        await left_unfinished(doors)
    answer = await doors.wharfinger("CreatePlan", filters={})
    assert answer.json["__type"] == "InvalidParameterException"
    assert "being made at this moment" in answer.json["message"]


async def test_a_plan_that_is_deleted_is_gone_with_all_its_rows(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors)
    assert (await doors.served("DeletePlan", planId=plan["planId"]))["plan"] == plan
    answer = await doors.wharfinger("DescribePlan", planId=plan["planId"])
    assert answer.json["__type"] == "PlanNotFoundException"
    await run_jobs(doors.state)
    assert await doors.state.db.read(all_rows) == []
