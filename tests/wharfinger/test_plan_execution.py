"""Executing plans: exactly what was planned goes, and what changed since is skipped and reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from support.content import OCI_IMAGE, OCI_INDEX, Image, descriptor, image, index, series
from support.doors import Doors
from support.manifests import manifest
from support.plans import done, made, outcomes, run_jobs, tags_in
from support.state import Clock
from wharfinger.services import plans
from wharfinger.state.clock import DAY

GONE = "It is not there any more."
PUSHED_AGAIN = "It was deleted and pushed again since."


class Whole(NamedTuple):
    """An index of two images, one of them signed, and an SBOM of the index."""

    top: Image
    first: Image
    second: Image
    signature: Image
    sbom: Image

    @property
    def digests(self) -> set[str]:
        return {one.digest for one in self}


async def whole(doors: Doors, *tags: str) -> Whole:
    first, second = image(), image()
    both = index(first, second)
    await doors.push("app", both, *tags)
    signature, sbom = image(subject=first), image(subject=both)
    for one in (signature, sbom):
        await doors.push("app", one)
    return Whole(both, first, second, signature, sbom)


async def pushed(doors: Doors, count: int) -> Sequence[Image]:
    """So many untagged images."""
    images = series(count)
    for digest, content in images[0].blobs.items():
        await doors.push_blob("app", content, digest)
    for one in images:
        await doors.put_manifest("app", one.digest, one)
    return images


def index_of(children: Sequence[Image]) -> Image:
    """An index of any number of images."""
    return manifest(OCI_INDEX, manifests=[descriptor(OCI_IMAGE, child.manifest) for child in children])


async def delete(doors: Doors, *ids: dict[str, str]) -> None:
    answer = await doors.served("BatchDeleteImage", repositoryName="app", imageIds=list(ids))
    assert answer["failures"] == []


async def hold(doors: Doors, on: str) -> str:
    held = await doors.served("PutHold", repositoryName="app", image=on, reason="live")
    return f"hold {held['hold']['holdId']} on {on}: live"


# --- all as planned ------------------------------------------------------------------------------------------


async def test_what_goes_is_deleted_and_what_stays_stays(doors: Doors) -> None:
    dev, stable = image(), image()
    await doors.push("app", dev, "dev-1", "dev-2")
    await doors.push("app", stable, "stable")
    plan = await done(doors, "ExecutePlan", await made(doors, includeTags=["dev-*"]))
    assert await tags_in(doors) == {stable.digest: {"stable"}}
    assert await outcomes(doors, plan) == {dev.digest: ("DELETED", None)}


async def test_a_plan_that_was_executed_says_so(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors)
    clock.move(DAY)
    begun = (await doors.served("ExecutePlan", planId=plan["planId"]))["plan"]
    assert begun["status"] == "EXECUTING"
    await run_jobs(doors.state)
    assert (await doors.served("DescribePlan", planId=plan["planId"]))["plan"] == {
        **plan,
        "status": "EXECUTED",
        "executedAt": clock.now / 1000,
        "executedBy": f"arn:aws:iam::{doors.account}:root",
        "deletedCount": 1,
    }


async def test_an_index_goes_with_its_children_and_referrers_in_one_deletion(doors: Doors) -> None:
    family = await whole(doors, "v1")
    await done(doors, "ExecutePlan", await made(doors, includeTags=["v1"]))
    assert await tags_in(doors) == {}
    [deletion] = (await doors.served("ListDeletions"))["deletions"]
    assert deletion["imageCount"] == len(family)


async def test_a_deletion_names_its_plan_and_the_reason(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan, reason="ticket 7")
    [deletion] = (await doors.served("ListDeletions"))["deletions"]
    assert (deletion["planId"], deletion["operation"], deletion["reason"]) == (
        plan["planId"],
        "ExecutePlan",
        "ticket 7",
    )
    assert deletion["deletedBy"] == f"arn:aws:iam::{doors.account}:root"


async def test_without_a_reason_the_description_of_the_plan_is_one(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    plan = (await doors.served("CreatePlan", filters={}, description="monthly"))["plan"]
    await done(doors, "ExecutePlan", plan)
    [deletion] = (await doors.served("ListDeletions"))["deletions"]
    assert deletion["reason"] == "monthly"


async def test_all_repositories_of_a_plan_are_gone_through(doors: Doors) -> None:
    names = ("app", "team/api", "team/web")
    for name in names:
        if name != "app":
            await doors.served("CreateRepository", repositoryName=name)
        await doors.push(name, image(), "v1")
    plan = await done(doors, "ExecutePlan", await made(doors))
    assert plan["deletedCount"] == 3
    assert [await tags_in(doors, name) for name in names] == [{}, {}, {}]


async def test_no_transaction_deletes_more_than_a_hundred(doors: Doors) -> None:
    await pushed(doors, 205)
    plan = await done(doors, "ExecutePlan", await made(doors))
    assert plan["deletedCount"] == 205
    counts = [deletion["imageCount"] for deletion in (await doors.served("ListDeletions"))["deletions"]]
    assert counts == [5, 100, 100]


async def test_what_goes_together_is_not_taken_apart_by_the_size_of_a_transaction(doors: Doors) -> None:
    images = await pushed(doors, 150)
    for number, children in enumerate((images[:5], images[5:65], images[65:])):
        both = index_of(children)
        await doors.put_manifest("app", f"v{number}", both)
    plan = await done(doors, "ExecutePlan", await made(doors))
    assert plan["deletedCount"] == 153
    counts = [deletion["imageCount"] for deletion in (await doors.served("ListDeletions"))["deletions"]]
    assert counts == [86, 67]


async def test_a_bundle_larger_than_a_transaction_goes_as_one(doors: Doors) -> None:
    images = await pushed(doors, 130)
    await doors.put_manifest("app", "v1", index_of(images))
    plan = await done(doors, "ExecutePlan", await made(doors))
    assert plan["deletedCount"] == 131
    counts = [deletion["imageCount"] for deletion in (await doors.served("ListDeletions"))["deletions"]]
    assert counts == [131]


# --- what changed since --------------------------------------------------------------------------------------


async def test_an_image_that_got_or_lost_a_tag_is_skipped(doors: Doors) -> None:
    got, lost, same = image(), image(), image()
    await doors.push("app", got, "a")
    await doors.push("app", lost, "b", "c", "d")
    await doors.push("app", same, "e")
    plan = await made(doors)
    await doors.push("app", got, "new")
    await delete(doors, {"imageTag": "b"})
    plan = await done(doors, "ExecutePlan", plan)
    assert await outcomes(doors, plan) == {
        got.digest: ("SKIPPED", "Its tags changed since: it got new."),
        lost.digest: ("SKIPPED", "Its tags changed since: it lost b."),
        same.digest: ("DELETED", None),
    }
    assert (plan["deletedCount"], plan["skippedCount"]) == (1, 2)
    assert set(await tags_in(doors)) == {got.digest, lost.digest}


async def test_an_image_whose_tag_moved_to_another_one_is_skipped_and_so_is_the_other(doors: Doors) -> None:
    old, new = image(), image()
    await doors.push("app", old, "latest")
    plan = await made(doors)
    await doors.push("app", new, "latest")
    plan = await done(doors, "ExecutePlan", plan)
    assert await outcomes(doors, plan) == {old.digest: ("SKIPPED", "Its tags changed since: it lost latest.")}
    assert await tags_in(doors) == {old.digest: set(), new.digest: {"latest"}}


async def test_an_image_that_is_held_since_is_skipped(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    plan = await made(doors)
    held = await hold(doors, "v*")
    assert await outcomes(doors, await done(doors, "ExecutePlan", plan)) == {
        one.digest: ("SKIPPED", f"It is held: {held}.")
    }
    assert await tags_in(doors) == {one.digest: {"v1"}}


async def test_an_image_that_is_gone_is_skipped_and_the_rest_goes(doors: Doors) -> None:
    gone, other = image(), image()
    await doors.push("app", gone, "a")
    await doors.push("app", other, "b")
    plan = await made(doors)
    await delete(doors, {"imageTag": "a"})
    assert await outcomes(doors, await done(doors, "ExecutePlan", plan)) == {
        gone.digest: ("SKIPPED", GONE),
        other.digest: ("DELETED", None),
    }


async def test_an_image_that_was_deleted_and_pushed_again_is_skipped(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "a")
    plan = await made(doors)
    await delete(doors, {"imageTag": "a"})
    await doors.push("app", one, "a")
    assert await outcomes(doors, await done(doors, "ExecutePlan", plan)) == {one.digest: ("SKIPPED", PUSHED_AGAIN)}
    assert await tags_in(doors) == {one.digest: {"a"}}


async def test_an_image_that_an_index_lists_since_is_skipped(doors: Doors) -> None:
    one = image()
    await doors.push("app", one)
    plan = await made(doors, tagStatus="UNTAGGED")
    new = index(one)
    await doors.put_manifest("app", "v1", new)
    assert await outcomes(doors, await done(doors, "ExecutePlan", plan)) == {
        one.digest: ("SKIPPED", f"It is listed by the index {new.digest}, which stays.")
    }
    assert set(await tags_in(doors)) == {one.digest, new.digest}


async def test_an_image_pushed_since_is_not_touched(doors: Doors) -> None:
    await doors.push("app", image(), "a")
    plan = await made(doors)
    new = image()
    await doors.push("app", new, "b")
    await done(doors, "ExecutePlan", plan)
    assert await tags_in(doors) == {new.digest: {"b"}}


async def test_images_of_a_repository_that_is_gone_are_skipped(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    plan = await made(doors)
    await doors.served("DeleteRepository", repositoryName="app", force=True)
    assert await outcomes(doors, await done(doors, "ExecutePlan", plan)) == {
        one.digest: ("SKIPPED", "Its repository is not there any more.")
    }


@pytest.mark.parametrize("who", ["top", "first", "second", "signature", "sbom"])
async def test_what_changed_in_an_index_or_what_belongs_to_it_keeps_all_of_it(doors: Doors, who: str) -> None:
    family = await whole(doors, "v1")
    other = image()
    await doors.push("app", other, "other")
    plan = await made(doors)
    changed: Image = getattr(family, who)
    await doors.put_manifest("app", "new", changed)
    found = await outcomes(doors, await done(doors, "ExecutePlan", plan))
    assert found.pop(other.digest) == ("DELETED", None)
    assert found.pop(changed.digest) == ("SKIPPED", "Its tags changed since: it got new.")
    together = f"It goes together with {changed.digest}, which was skipped."
    assert found == dict.fromkeys(family.digests - {changed.digest}, ("SKIPPED", together))
    assert set(await tags_in(doors)) == family.digests


@pytest.mark.parametrize("who", ["top", "first", "sbom"])
async def test_a_hold_on_what_belongs_to_an_index_keeps_all_of_it(doors: Doors, who: str) -> None:
    family = await whole(doors, "v1")
    plan = await made(doors)
    await hold(doors, getattr(family, who).digest)
    plan = await done(doors, "ExecutePlan", plan)
    assert (plan["deletedCount"], plan["skippedCount"]) == (0, 5)
    assert set(await tags_in(doors)) == family.digests


async def test_what_is_gone_from_an_index_does_not_keep_the_rest(doors: Doors) -> None:
    family = await whole(doors, "v1")
    plan = await made(doors)
    await delete(doors, {"imageDigest": family.sbom.digest})
    found = await outcomes(doors, await done(doors, "ExecutePlan", plan))
    assert found.pop(family.sbom.digest) == ("SKIPPED", GONE)
    assert set(found.values()) == {("DELETED", None)}
    assert await tags_in(doors) == {}


async def test_a_child_of_two_indexes_stays_whole_with_the_one_that_changed(doors: Doors) -> None:
    child = image()
    first, second = index(child), index(child, annotations={"a": "b"})
    await doors.push("app", first, "a")
    await doors.push("app", second, "b")
    plan = await made(doors)
    await doors.put_manifest("app", "new", second)
    found = await outcomes(doors, await done(doors, "ExecutePlan", plan))
    assert {digest: outcome for digest, (outcome, _) in found.items()} == {
        first.digest: "DELETED",
        second.digest: "SKIPPED",
        child.digest: "SKIPPED",
    }


# --- states --------------------------------------------------------------------------------------------------


async def test_executing_twice_is_refused_and_changes_nothing(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    plan = await done(doors, "ExecutePlan", await made(doors))
    await doors.push("app", one, "v1")
    answer = await doors.wharfinger("ExecutePlan", planId=plan["planId"])
    assert (answer.status, answer.json["__type"]) == (400, "PlanStateException")
    await run_jobs(doors.state)
    assert await tags_in(doors) == {one.digest: {"v1"}}


@pytest.mark.parametrize(
    ("before", "operation", "status"),
    [
        ([], "UndoPlan", "READY"),
        (["ExecutePlan"], "ExecutePlan", "EXECUTING"),
        (["ExecutePlan"], "UndoPlan", "EXECUTING"),
        (["ExecutePlan"], "DeletePlan", "EXECUTING"),
        (["ExecutePlan", "", "UndoPlan"], "ExecutePlan", "UNDOING"),
        (["ExecutePlan", "", "UndoPlan"], "DeletePlan", "UNDOING"),
        (["ExecutePlan", "", "UndoPlan", ""], "UndoPlan", "UNDONE"),
    ],
)
async def test_what_a_plan_is_not_ready_for_is_refused(
    doors: Doors, before: list[str], operation: str, status: str
) -> None:
    plan = await made(doors)
    for step in before:
        if step:
            await doors.served(step, planId=plan["planId"])
        else:
            await run_jobs(doors.state)
    answer = await doors.wharfinger(operation, planId=plan["planId"])
    assert answer.json["__type"] == "PlanStateException"
    assert answer.json["message"] == f"{operation} cannot be done with the plan {plan['planId']}: it is {status}"


async def test_what_a_plan_deleted_stays_deleted_when_the_plan_is_forgotten(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    assert await done(doors, "DeletePlan", plan) is None
    assert await tags_in(doors) == {}
    assert len((await doors.served("ListDeletedImages"))["images"]) == 1


async def test_a_job_of_a_plan_ends_with_it(doors: Doors) -> None:
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    assert not await plans.go_on(doors.state, plan["planId"])
    rows = await doors.state.db.read(lambda tx: tx.all("SELECT kind FROM jobs WHERE kind = 'plan'"))
    assert rows == []
