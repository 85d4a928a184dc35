"""Holds and feeds that meet deletions and pushes, over two workers on one data directory."""

from __future__ import annotations

import pytest

from support.content import image
from support.state import create_repository
from support.workers import APP, Workers, both_ways, push_blobs, tags_and_images

ROUNDS = range(10)


@pytest.mark.parametrize("way", ["BatchDeleteImage", "data plane", "DeleteRepository"])
async def test_a_hold_that_meets_a_deletion_comes_before_it_and_prevents_it_or_comes_too_late(
    workers: Workers, way: str
) -> None:
    for turn in ROUNDS:
        await create_repository(workers.states[0])
        one = image()
        await workers.one.push("app", one, "v1")
        put = workers.one.wharfinger("PutHold", repositoryName="app", image="v1", reason=f"turn {turn}")
        delete = {
            "BatchDeleteImage": lambda: workers.two.ecr("BatchDeleteImage", **APP, imageIds=[{"imageTag": "v1"}]),
            "data plane": lambda: workers.two.oci("DELETE", "app/manifests/v1"),
            "DeleteRepository": lambda: workers.two.ecr("DeleteRepository", **APP, force=True),
        }[way]()
        held, deleted = await both_ways(turn, put, delete)
        assert held.status == 200
        is_refused = deleted.status >= 400 or bool(deleted.body and deleted.json.get("failures"))
        assert not is_refused or f"turn {turn}" in deleted.body.decode()
        assert (await workers.one.oci("HEAD", "app/manifests/v1")).status == (200 if is_refused else 404)
        await workers.one.served("DeleteHold", holdId=held.json["hold"]["holdId"])
        await workers.one.ecr("DeleteRepository", **APP, force=True)
    await workers.settle()


async def test_the_digest_of_a_tag_that_is_reported_while_it_is_moved_is_the_old_one_or_the_new_one(
    workers: Workers,
) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        old, new = image(), image()
        await push_blobs(workers.one, old, new)
        await workers.one.put_manifest("app", "tag", old)
        report = {"feedName": "prod", "images": ["app:tag"], "timeToLiveSeconds": 60}
        reported, pushed = await both_ways(
            turn, workers.one.wharfinger("PutImageFeed", **report), workers.two.put_manifest("app", "tag", new)
        )
        assert (reported.json["unknownImages"], pushed.status) == ([], 201)
        listed = await workers.two.served("ListHolds")
        held = {item["image"] for item in listed["holds"]}
        assert held in ({"tag", old.digest}, {"tag", new.digest})
    assert (await tags_and_images(workers.one))[0] == {"tag": new.digest}


async def test_of_two_reports_of_one_feed_that_meet_one_is_held_whole(workers: Workers) -> None:
    reports = [[f"app:{name}{number}" for number in range(200)] for name in "ab"]
    for turn in ROUNDS:
        await both_ways(
            turn,
            *(
                worker.wharfinger("PutImageFeed", feedName="prod", images=listed, timeToLiveSeconds=60)
                for worker, listed in zip((workers.one, workers.two), reports, strict=True)
            ),
        )
        listed = await workers.one.served("ListHolds", maxResults=1000)
        held = [f"app:{item['image']}" for item in listed["holds"]]
        assert sorted(held) in [sorted(report) for report in reports]
