"""Lifecycle policies act: a job deletes what they say, by the same rules as every other way to delete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from support.content import OCI_IMAGE, OCI_INDEX, descriptor, image, index, series
from support.doors import Doors
from support.lifecycle import APP, applied, put, rule
from support.manifests import manifest
from support.plans import run_jobs, tags_in
from support.state import ACCOUNT, Clock, collect_all
from wharfinger.services import lifecycle
from wharfinger.state.clock import DAY, HOUR, MINUTE
from wharfinger.state.db import jobs
from wharfinger.state.db import lifecycle as rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.lifecycle import Tagged

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


batches = lifecycle._batches


async def failing(*_: object) -> bool:
    raise OSError("killed")


async def push_series(doors: Doors, clock: Clock, count: int, prefix: str = "v") -> list[str]:
    """Small images a minute apart, tagged from 1 on: their digests."""
    images = series(count)
    for digest, content in images[0].blobs.items():
        await doors.push_blob("app", content, digest)
    for number, one in enumerate(images, 1):
        assert (await doors.put_manifest("app", f"{prefix}{number}", one)).status == 201
        clock.move(MINUTE)
    return [one.digest for one in images]


async def evaluated_at(doors: Doors) -> float:
    return float((await doors.served("GetLifecyclePolicy", **APP))["lastEvaluatedAt"])


async def deletions(doors: Doors) -> list[dict[str, Any]]:
    """What is in the bin, oldest first."""
    return list(reversed((await doors.served("ListDeletions", maxResults=1000))["deletions"]))


# --- what goes, and how --------------------------------------------------------------------------------------


async def test_images_expire_soon_after_a_policy_was_put(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 3)
    await applied(doors, rule(keep=1))
    assert await tags_in(doors) == {digests[2]: {"v3"}}


async def test_an_image_expires_with_all_its_tags(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "v1", "latest", "stable")
    clock.move(2 * DAY)
    await applied(doors, rule(1, ["v*"], days=1))
    assert await tags_in(doors) == {}


async def test_what_expired_is_in_the_bin_with_the_rule_and_who_put_it(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 3)
    await applied(doors, rule(1, ["v1"], days=9, description="never"), rule(4, keep=1))
    [found] = await deletions(doors)
    assert {name: found[name] for name in ("repositoryName", "deletedBy", "operation", "reason", "imageCount")} == {
        "repositoryName": "app",
        "deletedBy": ROOT,
        "operation": "LifecyclePolicy",
        "reason": "rule 4: images beyond the newest 1",
        "imageCount": 1,
    }
    assert digests[1] not in await tags_in(doors)


async def test_each_rule_has_a_deletion_of_its_own(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image())
    await push_series(doors, clock, 2)
    clock.move(DAY)
    await applied(doors, rule(1, "untagged", days=1, description="leftovers"), rule(2, ["v*"], keep=1))
    assert [found["reason"] for found in await deletions(doors)] == [
        "rule 1: leftovers",
        "rule 2: images tagged v* beyond the newest 1",
    ]


async def test_what_expired_comes_back_with_its_tags(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 3)
    await applied(doors, rule(keep=1))
    [found] = await deletions(doors)
    await doors.served("RestoreDeletion", deletionId=found["deletionId"])
    assert await tags_in(doors) == {digests[0]: {"v1"}, digests[1]: {"v2"}, digests[2]: {"v3"}}


async def test_the_events_of_an_expiry_are_those_of_a_deletion(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 2)
    await applied(doors, rule(keep=1))
    event = (await doors.served("ListEvents"))["events"][-1]
    assert (event["by"], event["operation"]) == (ROOT, "LifecyclePolicy")
    detail = json.loads(event["event"])["detail"]
    shown = (detail["action-type"], detail["image-digest"], detail["image-tag"])
    assert shown == ("DELETE", digests[0], "v1")


async def test_what_is_held_stays(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 4)
    await doors.served("PutHold", **APP, image="v2", reason="live")
    await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {digests[1], digests[3]}


async def test_that_a_tag_must_not_move_hinders_no_expiry(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 2)
    await doors.served("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {digests[1]}


async def test_children_of_an_index_are_not_counted_and_stay_with_it(doors: Doors, clock: Clock) -> None:
    first, second = image(), image()
    both = index(first, second)
    await doors.push("app", both, "multi")
    clock.move(DAY)
    await push_series(doors, clock, 1)
    await applied(doors, rule(1, "untagged", keep=1), rule(2, keep=2))
    assert {first.digest, second.digest, both.digest} < set(await tags_in(doors))


async def test_children_of_an_index_with_tags_of_their_own_stay_with_it(doors: Doors, clock: Clock) -> None:
    child = image()
    await doors.push("app", child, "v1-amd64")
    await doors.push("app", index(child), "v1")
    clock.move(2 * DAY)
    await applied(doors, rule(1, ["*-amd64"], days=1))
    assert child.digest in await tags_in(doors)


async def test_children_of_an_index_that_expired_expire_by_their_own_rule_the_day_after(
    doors: Doors, clock: Clock
) -> None:
    child = image()
    both = index(child)
    await doors.push("app", both, "multi")
    clock.move(2 * DAY)
    await applied(doors, rule(1, "untagged", days=1), rule(2, ["multi"], days=1))
    assert await tags_in(doors) == {child.digest: set()}
    clock.move(DAY)
    await run_jobs(doors.state)
    assert await tags_in(doors) == {}


async def test_a_signature_is_not_counted_and_follows_its_subject(doors: Doors, clock: Clock) -> None:
    old, new = image(), image()
    await doors.push("app", old, "v1")
    await doors.push("app", new, "v2")
    signature = image(subject=old)
    await doors.push("app", signature)
    await applied(doors, rule(1, "untagged", keep=1), rule(2, keep=1))
    assert set(await tags_in(doors)) == {new.digest, signature.digest}
    clock.move(HOUR)
    await collect_all(doors.state)
    assert set(await tags_in(doors)) == {new.digest}


async def test_an_index_that_lists_its_own_subject_does_not_belong_to_it(doors: Doors, clock: Clock) -> None:
    child = image()
    it = descriptor(OCI_IMAGE, child.manifest)
    await doors.push("app", manifest(OCI_INDEX, children=(child,), manifests=[it], subject=it), "multi")
    clock.move(2 * DAY)
    await applied(doors, rule(1, ["multi"], days=1))
    assert await tags_in(doors) == {child.digest: set()}


async def test_more_images_than_a_transaction_takes_expire_in_several(
    doors: Doors, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "STEP", 2)
    monkeypatch.setattr(lifecycle, "STEPS", 2)
    monkeypatch.setattr(lifecycle, "_LINES", 3)
    digests = await push_series(doors, clock, 11)
    await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {digests[10]}
    assert [found["imageCount"] for found in await deletions(doors)] == [2, 2, 2, 2, 2]


async def test_images_that_stay_are_looked_at_once_where_nothing_happens_meanwhile(
    doors: Doors, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "STEP", 2)
    await push_series(doors, clock, 9)
    looked_at: list[int] = []
    tagged_of = rows.tagged_of

    async def noted(tx: Tx, repository: int, images: Sequence[int]) -> list[Tagged]:
        looked_at.extend(images)
        return await tagged_of(tx, repository, images)

    monkeypatch.setattr(rows, "tagged_of", noted)
    await applied(doors, rule(keep=4))
    assert len(looked_at) == 5


async def test_images_that_are_held_do_not_keep_those_after_them(
    doors: Doors, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "STEP", 1)
    monkeypatch.setattr(lifecycle, "STEPS", 1)
    digests = await push_series(doors, clock, 5)
    for tag in ("v1", "v2"):
        await doors.served("PutHold", **APP, image=tag, reason="live")
    await applied(doors, rule(keep=1))
    assert set(await tags_in(doors)) == {digests[0], digests[1], digests[4]}


async def test_an_image_with_more_tags_than_are_read_at_a_time_is_seen_whole(
    doors: Doors, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "_LINES", 2)
    whole = image()
    await doors.push("app", whole, "a", "b", "c", "d", "e")
    await doors.push("app", image(), "a-only")
    clock.move(2 * DAY)
    await applied(doors, rule(1, ["a", "e"], days=1))
    assert whole.digest not in await tags_in(doors)
    assert len(await tags_in(doors)) == 1


# --- when ----------------------------------------------------------------------------------------------------


async def test_a_policy_was_evaluated_in_1970_until_it_is(doors: Doors, clock: Clock) -> None:
    await put(doors, rule(keep=1))
    assert await evaluated_at(doors) == 0
    await run_jobs(doors.state)
    assert await evaluated_at(doors) == clock() / 1000
    await put(doors, rule(keep=2))
    assert await evaluated_at(doors) == 0


async def test_a_policy_is_evaluated_every_day(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 1)
    await applied(doors, rule(1, ["v*"], keep=1))
    digests += await push_series(doors, clock, 1, "v-new-")
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests)
    clock.move(DAY)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == {digests[1]}
    assert await evaluated_at(doors) == clock() / 1000


async def test_a_policy_that_was_deleted_lets_nothing_expire_any_more(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 2)
    await put(doors, rule(keep=1))
    await doors.served("DeleteLifecyclePolicy", **APP)
    clock.move(2 * DAY)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests)


async def test_a_preview_deletes_nothing_and_its_policy_is_not_stored(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 2)
    text = '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan",'
    text += '"countNumber":1},"action":{"type":"expire"}}]}'
    await doors.served("StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=text)
    clock.move(2 * DAY)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests)
    assert (await doors.ecr("GetLifecyclePolicy", **APP)).code == "LifecyclePolicyNotFoundException"


async def test_a_worker_that_dies_in_the_middle_leaves_the_rest_to_another_one(
    doors: Doors, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "STEP", 1)
    digests = await push_series(doors, clock, 4)
    await put(doors, rule(keep=1))
    job = await doors.state.db.write(jobs.take, "dead", clock(), {lifecycle.JOB: clock() + MINUTE})
    assert job is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "_batches", lambda found: iter([*batches(found)][:1]))
        patch.setattr(lifecycle, "_end", failing)
        with pytest.raises(OSError, match="killed"):
            await lifecycle.go_on(doors.state, job.key)
    assert set(await tags_in(doors)) == set(digests[1:])
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests[1:])
    clock.move(MINUTE)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests[3:])


# --- with the repository into the bin, and back --------------------------------------------------------------


async def test_a_repository_comes_back_from_the_bin_with_its_policy(doors: Doors, clock: Clock) -> None:
    text = await put(doors, rule(keep=1, description="ours"))
    await run_jobs(doors.state)
    before = await doors.served("GetLifecyclePolicy", **APP)
    await doors.served("DeleteRepository", **APP, force=True)
    clock.move(HOUR)
    [found] = await deletions(doors)
    await doors.served("RestoreDeletion", deletionId=found["deletionId"])
    after = await doors.served("GetLifecyclePolicy", **APP)
    assert after == before
    assert after["lifecyclePolicyText"] == text


async def test_what_came_back_with_a_repository_does_not_expire_for_a_day(doors: Doors, clock: Clock) -> None:
    digests = await push_series(doors, clock, 2)
    await put(doors, rule(keep=1))
    await doors.served("DeleteRepository", **APP, force=True)
    [found] = await deletions(doors)
    await doors.served("RestoreDeletion", deletionId=found["deletionId"])
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests)
    clock.move(DAY)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == {digests[1]}


async def test_the_policy_of_a_deleted_repository_does_nothing_to_another_one_of_its_name(
    doors: Doors, clock: Clock
) -> None:
    await put(doors, rule(keep=1))
    await doors.served("DeleteRepository", **APP)
    await doors.served("CreateRepository", **APP)
    digests = await push_series(doors, clock, 2)
    clock.move(2 * DAY)
    await run_jobs(doors.state)
    assert set(await tags_in(doors)) == set(digests)
