"""Lifecycle policies that meet pushes, deletions and other policies: no image goes by an old look at its repository."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.content import Image, image, index
from support.disk import without_syncs
from support.doors import Doors, new_doors
from support.lifecycle import APP, applied, between_look_and_act, put, rule
from support.plans import run_jobs, tags_in
from support.state import Clock
from wharfinger.services import lifecycle
from wharfinger.state.clock import DAY, MINUTE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    without_syncs(monkeypatch)
    async with new_doors(tmp_path / "data", clock) as opened:
        yield opened


async def pushed(doors: Doors, clock: Clock, *tags: str) -> list[Image]:
    """Images a minute apart, each under one tag."""
    images = [image() for _ in tags]
    for one, tag in zip(images, tags, strict=True):
        await doors.push("app", one, tag)
        clock.move(MINUTE)
    return images


async def delete(doors: Doors, tag: str) -> None:
    assert (await doors.oci("DELETE", f"app/manifests/{tag}")).status == 202


async def test_an_older_image_stays_when_a_newer_one_is_deleted(doors: Doors, clock: Clock) -> None:
    old, _ = await pushed(doors, clock, "v1", "v2")
    async with between_look_and_act(lambda: delete(doors, "v2")):
        await applied(doors, rule(keep=1))
    assert await tags_in(doors) == {old.digest: {"v1"}}


async def test_an_older_image_stays_when_a_newer_one_loses_the_tag_that_was_counted(doors: Doors, clock: Clock) -> None:
    old, new = await pushed(doors, clock, "v1", "v2")
    await doors.push("app", new, "stable")
    async with between_look_and_act(lambda: delete(doors, "v2")):
        await applied(doors, rule(1, ["v*"], keep=1))
    assert await tags_in(doors) == {old.digest: {"v1"}, new.digest: {"stable"}}


async def test_an_older_image_stays_when_a_newer_one_becomes_the_child_of_an_index(doors: Doors, clock: Clock) -> None:
    old, new = await pushed(doors, clock, "v1", "v2")
    async with between_look_and_act(lambda: doors.push("app", index(new), "multi")):
        await applied(doors, rule(1, ["v*"], keep=1))
    assert set(await tags_in(doors)) > {old.digest, new.digest}


async def test_an_image_stays_when_it_gets_a_tag_that_an_earlier_rule_asks_for(doors: Doors, clock: Clock) -> None:
    [one] = await pushed(doors, clock, "dev")
    clock.move(2 * DAY)
    async with between_look_and_act(lambda: doors.push("app", one, "prod")):
        await applied(doors, rule(1, ["prod"], keep=5), rule(2, ["dev"], days=1))
    assert await tags_in(doors) == {one.digest: {"dev", "prod"}}


async def test_an_image_stays_when_it_loses_the_tag_that_its_rule_asks_for(doors: Doors, clock: Clock) -> None:
    [one] = await pushed(doors, clock, "dev")
    clock.move(2 * DAY)
    await doors.push("app", one, "keep")
    async with between_look_and_act(lambda: delete(doors, "dev")):
        await applied(doors, rule(1, ["dev"], days=1))
    assert await tags_in(doors) == {one.digest: {"keep"}}


async def test_an_image_that_was_deleted_and_pushed_again_counts_from_its_second_push(
    doors: Doors, clock: Clock
) -> None:
    [one] = await pushed(doors, clock, "dev")
    clock.move(2 * DAY)

    async def again() -> None:
        await delete(doors, "dev")
        await doors.push("app", one, "dev")

    async with between_look_and_act(again):
        await applied(doors, rule(1, ["dev"], days=1))
    assert await tags_in(doors) == {one.digest: {"dev"}}


async def test_an_image_that_is_held_meanwhile_stays(doors: Doors, clock: Clock) -> None:
    old, new = await pushed(doors, clock, "v1", "v2")
    async with between_look_and_act(lambda: doors.served("PutHold", **APP, image="v1", reason="live")):
        await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {old.digest, new.digest}


async def test_a_push_does_not_stop_an_expiry(doors: Doors, clock: Clock) -> None:
    old, new = await pushed(doors, clock, "v1", "v2")
    newest = image()
    async with between_look_and_act(lambda: doors.push("app", newest, "v3")):
        await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {new.digest, newest.digest}
    assert old.digest not in await tags_in(doors)


async def test_another_policy_that_is_put_meanwhile_is_the_one_that_counts(doors: Doors, clock: Clock) -> None:
    images = await pushed(doors, clock, "v1", "v2", "v3")
    async with between_look_and_act(lambda: put(doors, rule(keep=2))):
        await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {one.digest for one in images[1:]}


async def test_another_policy_is_evaluated_at_once_also_if_the_one_before_has_nothing_to_do(
    doors: Doors, clock: Clock
) -> None:
    _, new = await pushed(doors, clock, "v1", "v2")
    async with between_look_and_act(lambda: put(doors, rule(keep=1))):
        await applied(doors, rule(keep=5))
    assert set(await tags_in(doors)) == {new.digest}


async def test_a_policy_that_is_deleted_meanwhile_does_nothing_more(doors: Doors, clock: Clock) -> None:
    images = await pushed(doors, clock, "v1", "v2")
    async with between_look_and_act(lambda: doors.served("DeleteLifecyclePolicy", **APP)):
        await applied(doors, rule(keep=1))
    clock.move(2 * DAY)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == {one.digest for one in images}


async def test_a_repository_that_is_deleted_meanwhile_is_left_alone(doors: Doors, clock: Clock) -> None:
    images = await pushed(doors, clock, "v1", "v2")
    async with between_look_and_act(lambda: doors.served("DeleteRepository", **APP, force=True)):
        await applied(doors, rule(keep=1))
    [found] = (await doors.served("ListDeletions"))["deletions"]
    assert found["imageCount"] == len(images)


async def test_two_workers_that_have_the_same_job_delete_nothing_more_than_one(doors: Doors, clock: Clock) -> None:
    _, new = await pushed(doors, clock, "v1", "v2")

    async def other_worker() -> None:
        assert not await lifecycle.go_on(doors.state, "1")

    async with between_look_and_act(other_worker):
        await applied(doors, rule(keep=1))
    assert await tags_in(doors) == {new.digest: {"v2"}}
    assert len((await doors.served("ListDeletions"))["deletions"]) == 1
