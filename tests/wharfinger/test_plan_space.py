"""The bytes that a plan says it frees are those that the disk gives back."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from support.content import Image, image, index, layer
from support.doors import Doors
from support.invariants import broken
from support.plans import done, made
from support.state import Clock, collect_all
from support.stores import objects

LAYERS = [layer(size) for size in (100, 2000, 30_000, 4000, 500)]


def stored(directory: Path) -> int:
    """Bytes of all blobs in the store."""
    return sum(objects(directory).values())


async def freed(doors: Doors, directory: Path, plan: Any) -> int:
    """Execute a plan, let the bin go of what it deleted, collect: how many bytes fewer there are."""
    clock = doors.state.clock
    assert isinstance(clock, Clock)
    clock.move(doors.state.rules.blob_lease)
    await collect_all(doors.state)
    before = stored(directory)
    executed = await done(doors, "ExecutePlan", plan)
    deletions = (await doors.served("ListDeletions", maxResults=1000))["deletions"]
    ids = [one["deletionId"] for one in deletions if one.get("planId") == executed["planId"]]
    if ids:
        await doors.served("EmptyBin", deletionIds=ids)
    await collect_all(doors.state)
    assert broken(directory) == []
    return before - stored(directory)


async def test_a_layer_of_images_that_all_go_counts_once(doors: Doors, tmp_path: Path) -> None:
    shared, own = layer(3000), layer(1000)
    images = [image(shared), image(shared, own)]
    for number, one in enumerate(images):
        await doors.push("app", one, f"v{number}")
    plan = await made(doors)
    blobs = {digest: len(content) for one in images for digest, content in one.blobs.items()}
    assert plan["freedBytes"] == sum(blobs.values())
    assert await freed(doors, tmp_path / "data", plan) == plan["freedBytes"]


@pytest.mark.parametrize("who", ["an image that stays", "another repository", "another account", "the bin"])
async def test_a_layer_that_something_else_needs_does_not_count(doors: Doors, tmp_path: Path, who: str) -> None:
    shared, own = layer(3000), layer(1000)
    going, needing = image(shared, own), image(shared)
    other = Doors(doors.state, "210987654321") if who == "another account" else doors
    repository = "other" if who.startswith("another") else "app"
    if repository == "other":
        await other.served("CreateRepository", repositoryName="other")
    await doors.push("app", going, "dev")
    await other.push(repository, needing, "stable")
    if who == "the bin":
        await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "stable"}])
    plan = await made(doors, repositories=["app"], includeTags=["dev"])
    assert plan["freedBytes"] == going.size - len(shared)
    assert await freed(doors, tmp_path / "data", plan) == plan["freedBytes"]


async def test_an_index_frees_what_its_children_and_referrers_have(doors: Doors, tmp_path: Path) -> None:
    children = [image(), image()]
    both = index(*children)
    sbom = image(subject=both)
    await doors.push("app", both, "v1")
    await doors.push("app", sbom)
    plan = await made(doors, tagStatus="TAGGED")
    assert plan["freedBytes"] == sum(one.size for one in (*children, sbom))
    assert await freed(doors, tmp_path / "data", plan) == plan["freedBytes"]


async def test_a_plan_that_deletes_nothing_frees_nothing(doors: Doors, tmp_path: Path) -> None:
    await doors.push("app", image(), "v1")
    plan = await made(doors, includeTags=["v2"])
    assert (plan["imageCount"], plan["freedBytes"]) == (0, 0)
    assert await freed(doors, tmp_path / "data", plan) == 0


@pytest.mark.parametrize("seed", range(8))
async def test_of_any_images_the_bytes_are_exact(doors: Doors, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = ("app", "team/api", "team/web")
    for name in names[1:]:
        await doors.served("CreateRepository", repositoryName=name)
    pushed: list[Image] = []
    for number in range(25):
        one = image(*chance.sample(LAYERS, chance.randint(1, 3)), layer(chance.randint(1, 500)))
        if pushed and chance.random() < 0.3:
            one = index(one, image(chance.choice(LAYERS)))
        pushed.append(one)
        await doors.push(chance.choice(names), one, *chance.choice([(), (f"dev-{number}",), (f"v{number}",)]))
    for name in names:
        found = (await doors.served("ListImages", repositoryName=name))["imageIds"]
        some = [one for one in found if "imageTag" in one and chance.random() < 0.2]
        if some:
            await doors.served("BatchDeleteImage", repositoryName=name, imageIds=some)
    filters: dict[str, Any] = chance.choice(
        [{"includeTags": ["dev-*"]}, {"tagStatus": "UNTAGGED"}, {"keepNewest": 5}, {}]
    )
    plan = await made(doors, repositories=["app", "team/*"][: chance.randint(1, 2)], **filters)
    assert await freed(doors, tmp_path / "data", plan) == plan["freedBytes"]
