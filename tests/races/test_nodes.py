"""Nodes are equal: each request may go to another one, and what one has answered all of them know.

Here they are states in one process, each with a data directory, a name and caches of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.content import Image, image, sha256
from support.disk import without_syncs
from support.doors import Doors
from support.failpoints import Failpoints, Killed
from support.invariants import broken, left_over
from support.lifecycle import policy, rule
from support.nodes import Nodes
from support.state import Clock, collect_all
from support.stores import objects
from wharfinger.services import collect, jobs, lifecycle
from wharfinger.state.clock import DAY, MINUTE

APP = {"repositoryName": "app"}
PART = 5 * 1024 * 1024


@dataclass
class Cluster:
    """Three nodes, with clocks of their own."""

    directory: Path
    doors: list[Doors]
    clocks: list[Clock]

    def __post_init__(self) -> None:
        self._turns = itertools.cycle(self.doors)

    @property
    def next(self) -> Doors:
        """Another node with each request."""
        return next(self._turns)

    async def push(self, made: Image, tag: str) -> None:
        """As docker does, each request to another node."""
        for digest, content in made.blobs.items():
            assert (await self.next.oci("HEAD", f"app/blobs/{digest}")).status == 404
            place = await self.next.begin("app")
            for at in range(0, len(content), 1 + len(content) // 3):
                piece = content[at : at + 1 + len(content) // 3]
                span = {"content-range": f"{at}-{at + len(piece) - 1}"}
                answer = await self.next.oci("PATCH", place, piece, span)
                assert answer.status == 202, answer
                place = answer.headers["location"]
            joint = "&" if "?" in place else "?"
            assert (await self.next.oci("PUT", f"{place}{joint}digest={digest}")).status == 201
        assert (await self.next.put_manifest("app", tag, made)).status == 201

    async def settle(self) -> None:
        """Clean up after what has happened, and look whether all is well."""
        await collect_all(self.doors[0].state)
        assert broken(self.directory) == []
        assert left_over(self.directory, max(clock() for clock in self.clocks)) == []


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    without_syncs(monkeypatch)
    nodes = Nodes(tmp_path / "nodes", monkeypatch)
    clocks = [Clock() for _ in range(3)]
    async with AsyncExitStack() as stack:
        states = [await stack.enter_async_context(nodes.node(str(at), clock)) for at, clock in enumerate(clocks)]
        made = Cluster(nodes.shared, [Doors(state) for state in states], clocks)
        await made.next.served("CreateRepository", **APP)
        yield made


async def test_a_push_whose_every_request_goes_to_another_node_is_whole_on_all(cluster: Cluster) -> None:
    made = image()
    await cluster.push(made, "one")
    for doors in cluster.doors:
        assert (await doors.oci("GET", "app/manifests/one")).body == made.manifest
        for digest, content in made.blobs.items():
            answer = await doors.oci("GET", f"app/blobs/{digest}")
            assert answer.content == content
    await cluster.settle()


async def test_parts_of_a_layer_may_go_to_different_nodes(cluster: Cluster) -> None:
    content = bytes(range(256)) * 4096 * 11
    upload = (await cluster.next.served("InitiateLayerUpload", **APP))["uploadId"]
    for at in range(0, len(content), PART):
        part = content[at : at + PART]
        where = {"uploadId": upload, "partFirstByte": at, "partLastByte": at + len(part) - 1}
        await cluster.next.served("UploadLayerPart", **APP, **where, layerPartBlob=part)
    await cluster.next.served("CompleteLayerUpload", **APP, uploadId=upload, layerDigests=[sha256(content)])
    assert (await cluster.next.oci("HEAD", f"app/blobs/{sha256(content)}")).status == 200


async def test_what_one_node_deleted_no_node_serves(cluster: Cluster) -> None:
    made = image()
    await cluster.push(made, "one")
    for doors in cluster.doors:
        assert (await doors.oci("GET", "app/manifests/one")).status == 200  # whatever they may keep, they have it now
    await cluster.next.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "one"}])
    assert [(await doors.oci("GET", "app/manifests/one")).status for doors in cluster.doors] == [404] * 3


async def test_an_address_of_a_layer_that_one_node_gave_is_good_at_another(cluster: Cluster) -> None:
    made = image()
    await cluster.push(made, "one")
    digest = next(iter(made.blobs))
    url = (await cluster.next.served("GetDownloadUrlForLayer", **APP, layerDigest=digest))["downloadUrl"]
    _, _, path = url.partition("/v2/")
    answer = await cluster.next.request("GET", f"/v2/{path}")
    assert answer.status == 200


async def test_pages_go_on_at_another_node(cluster: Cluster) -> None:
    for tag in ("a", "b", "c"):
        await cluster.push(image(), tag)
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = await cluster.next.served("ListImages", **APP, maxResults=1, **token)
        found += [item["imageTag"] for item in page["imageIds"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert sorted(found) == ["a", "b", "c"]


async def test_all_nodes_collect_at_once_and_remove_only_what_nobody_needs(cluster: Cluster) -> None:
    kept, gone = image(), [image() for _ in range(4)]
    await cluster.push(kept, "kept")
    for number, made in enumerate(gone):
        await cluster.push(made, f"gone-{number}")
    ids = [{"imageTag": f"gone-{number}"} for number in range(len(gone))]
    await cluster.next.served("BatchDeleteImage", **APP, imageIds=ids)
    for _ in range(3):
        for clock in cluster.clocks:
            clock.move(8 * DAY)
        await asyncio.gather(*(collect.run(doors.state) for doors in cluster.doors))
    assert len({name.partition("/")[0] for name in objects(cluster.directory)}) == len(kept.blobs) > 0
    assert (await cluster.next.oci("GET", "app/manifests/kept")).status == 200
    await cluster.settle()


async def test_a_lifecycle_policy_that_all_nodes_carry_out_at_once_deletes_each_image_once(cluster: Cluster) -> None:
    for number in range(6):
        await cluster.push(image(), f"t{number}")
        for clock in cluster.clocks:
            clock.move(MINUTE)
    text = policy(rule(keep=2))
    await cluster.next.served("PutLifecyclePolicy", **APP, lifecyclePolicyText=text)
    await asyncio.gather(*(lifecycle.go_on(doors.state, "1") for doors in cluster.doors for _ in range(2)))
    left = (await cluster.next.served("ListImages", **APP))["imageIds"]
    assert sorted(item["imageTag"] for item in left) == ["t4", "t5"]
    events = [json.loads(item["event"]) for item in (await cluster.next.served("ListEvents"))["events"]]
    deleted = [event["detail"]["image-digest"] for event in events if event["detail"]["action-type"] == "DELETE"]
    assert len(deleted) == len(set(deleted)) == 4
    await cluster.settle()


@pytest.mark.parametrize("off", [5 * MINUTE, -5 * MINUTE], ids=["ahead", "behind"])
async def test_a_node_whose_clock_is_minutes_off_does_no_harm(cluster: Cluster, off: int) -> None:
    cluster.clocks[1].move(off)
    made = image()
    blobs = dict(made.blobs)
    for digest, content in blobs.items():
        await cluster.doors[0].push_blob("app", content, digest)
    for _ in range(3):
        await asyncio.gather(*(collect.run(doors.state) for doors in cluster.doors))
    assert (await cluster.doors[2].put_manifest("app", "one", made)).status == 201
    await cluster.settle()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_what_a_node_that_died_in_a_job_began_another_ends(cluster: Cluster, after: bool) -> None:
    one, two = cluster.doors[0].state, cluster.doors[1].state
    for step in itertools.count(2):
        await cluster.push(image(), f"step-{step}")
        await cluster.next.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": f"step-{step}"}])
        for clock in cluster.clocks:
            clock.move(8 * DAY)
        points = Failpoints(one, step, after=after)
        try:
            while await jobs.run_one(points.state):
                pass
        except Killed:
            for clock in cluster.clocks:
                clock.move(MINUTE)
            while await jobs.run_one(two):
                pass
            for clock in cluster.clocks:
                clock.move(MINUTE)
            while await jobs.run_one(two):
                pass
            assert objects(cluster.directory) == {}, f"killed at step {step}"
            continue
        break
    assert step > 5
    await cluster.settle()
