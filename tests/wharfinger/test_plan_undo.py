"""Undoing plans: what a plan deleted comes back with its tags, and can be deleted by it again."""

from __future__ import annotations

from pathlib import Path

from support.content import Image, image, index
from support.doors import Doors, new_doors
from support.plans import done, made, outcomes, tags_in
from support.state import Clock
from wharfinger.state.clock import DAY


async def family(doors: Doors, *tags: str) -> tuple[Image, Image, Image]:
    """An index, its child, and an SBOM of the index."""
    child = image()
    both = index(child)
    sbom = image(subject=both)
    await doors.push("app", both, *tags)
    await doors.push("app", sbom)
    return both, child, sbom


async def test_all_that_a_plan_deleted_comes_back_with_its_tags(doors: Doors) -> None:
    await family(doors, "v1", "latest")
    await family(doors, "v2")
    await doors.served("CreateRepository", repositoryName="other")
    await doors.push("other", image(), "x")
    before = await tags_in(doors), await tags_in(doors, "other")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    assert (await tags_in(doors), await tags_in(doors, "other")) == ({}, {})
    plan = await done(doors, "UndoPlan", plan)
    assert (await tags_in(doors), await tags_in(doors, "other")) == before
    assert (plan["status"], plan["deletedCount"], plan["skippedCount"]) == ("UNDONE", 0, 0)
    assert set((await outcomes(doors, plan)).values()) == {("RESTORED", None)}
    assert (await doors.served("ListDeletions"))["deletions"] == []


async def test_while_it_is_undone_a_plan_says_so(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    assert (await doors.served("UndoPlan", planId=plan["planId"]))["plan"]["status"] == "UNDOING"


async def test_what_comes_back_is_an_event_of_who_undid(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await done(doors, "UndoPlan", plan)
    changes = (await doors.served("ListTagHistory", repositoryName="app", imageTag="v1"))["changes"]
    assert [(change["action"], change["operation"]) for change in changes[:2]] == [
        ("RESTORE", "UndoPlan"),
        ("DELETE", "ExecutePlan"),
    ]


async def test_a_plan_that_was_undone_can_be_executed_and_undone_again(doors: Doors) -> None:
    await family(doors, "v1")
    before = await tags_in(doors)
    plan = await made(doors)
    for _ in range(2):
        executed = await done(doors, "ExecutePlan", plan)
        assert (executed["deletedCount"], await tags_in(doors)) == (3, {})
        undone = await done(doors, "UndoPlan", plan)
        assert (undone["deletedCount"], await tags_in(doors)) == (0, before)


async def test_executed_again_it_deletes_what_is_as_planned_again(doors: Doors) -> None:
    one, other = image(), image()
    await doors.push("app", one, "a")
    await doors.push("app", other, "b")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await done(doors, "UndoPlan", plan)
    await doors.push("app", other, "new")
    plan = await done(doors, "ExecutePlan", plan)
    assert await outcomes(doors, plan) == {
        one.digest: ("DELETED", None),
        other.digest: ("SKIPPED", "Its tags changed since: it got new."),
    }
    assert (plan["deletedCount"], plan["skippedCount"]) == (1, 1)


async def test_executed_again_it_deletes_what_was_held_the_first_time(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "a")
    plan = await made(doors)
    hold = (await doors.served("PutHold", repositoryName="app", image="a", reason="live"))["hold"]
    await done(doors, "ExecutePlan", plan)
    await done(doors, "UndoPlan", plan)
    assert await tags_in(doors) == {one.digest: {"a"}}
    await doors.served("DeleteHold", holdId=hold["holdId"])
    assert await outcomes(doors, await done(doors, "ExecutePlan", plan)) == {one.digest: ("DELETED", None)}


async def test_a_tag_that_was_taken_meanwhile_stays_where_it_is_and_is_reported(doors: Doors) -> None:
    old, new = image(), image()
    await doors.push("app", old, "latest", "v1")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await doors.push("app", new, "latest")
    plan = await done(doors, "UndoPlan", plan)
    assert await tags_in(doors) == {old.digest: {"v1"}, new.digest: {"latest"}}
    assert await outcomes(doors, plan) == {
        old.digest: ("RESTORED", "It is back without latest, which point to other images now.")
    }


async def test_an_image_that_was_pushed_again_meanwhile_gets_its_tags_back(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "a", "b")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await doors.push("app", one, "a")
    plan = await done(doors, "UndoPlan", plan)
    assert await tags_in(doors) == {one.digest: {"a", "b"}}
    assert await outcomes(doors, plan) == {one.digest: ("RESTORED", "It was deleted and pushed again since.")}


async def test_what_was_restored_by_hand_is_left_as_it_is(doors: Doors) -> None:
    one, other = image(), image()
    await doors.push("app", one, "a")
    await doors.push("app", other, "b")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await doors.served("RestoreImages", repositoryName="app", imageIds=[{"imageTag": "a"}])
    plan = await done(doors, "UndoPlan", plan)
    assert await tags_in(doors) == {one.digest: {"a"}, other.digest: {"b"}}
    assert plan["deletedCount"] == 0


async def test_what_was_deleted_again_by_another_way_stays_deleted(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "a")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await doors.served("RestoreImages", repositoryName="app", imageIds=[{"imageTag": "a"}])
    await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "a"}])
    plan = await done(doors, "UndoPlan", plan)
    assert await tags_in(doors) == {}
    reason = "The bin does not have it any more, or it was deleted again by another way."
    assert await outcomes(doors, plan) == {one.digest: ("DELETED", reason)}
    assert plan["deletedCount"] == 1


async def test_what_the_bin_let_go_of_stays_deleted(doors: Doors, clock: Clock) -> None:
    one = image()
    await doors.push("app", one, "a")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    clock.move(7 * DAY)
    plan = await done(doors, "UndoPlan", plan)
    assert (plan["status"], plan["deletedCount"]) == ("UNDONE", 1)
    assert (await outcomes(doors, plan))[one.digest][0] == "DELETED"


async def test_without_a_bin_nothing_comes_back(tmp_path: Path, clock: Clock) -> None:
    async with new_doors(tmp_path / "without", clock, bin_days=0) as doors:
        await doors.push("app", image(), "a")
        plan = await made(doors)
        await done(doors, "ExecutePlan", plan)
        plan = await done(doors, "UndoPlan", plan)
        assert (plan["status"], plan["deletedCount"], await tags_in(doors)) == ("UNDONE", 1, {})


async def test_into_a_repository_that_is_gone_nothing_comes_back(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "a")
    plan = await made(doors)
    await done(doors, "ExecutePlan", plan)
    await doors.served("DeleteRepository", repositoryName="app", force=True)
    plan = await done(doors, "UndoPlan", plan)
    assert await outcomes(doors, plan) == {one.digest: ("DELETED", "Its repository is not there any more.")}


async def test_what_another_call_deleted_is_not_brought_back(doors: Doors) -> None:
    planned, other = image(), image()
    await doors.push("app", planned, "dev")
    await doors.push("app", other, "other")
    plan = await made(doors, includeTags=["dev"])
    await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "other"}])
    await done(doors, "ExecutePlan", plan)
    await done(doors, "UndoPlan", plan)
    assert await tags_in(doors) == {planned.digest: {"dev"}}
