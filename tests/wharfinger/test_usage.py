"""GetUsage, ListRepositoryUsage and ListImageUsage: every figure, as docs/reference/usage.md has it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

import apsw
import pytest

from support.content import OCI_EMPTY, Image, image, index, layer, sha256
from support.disk import without_syncs
from support.doors import Doors
from support.registry import Registry
from support.state import Clock, collect_all
from support.usage import World, brute_force
from wharfinger.services import usage
from wharfinger.state.clock import DAY, HOUR
from wharfinger.state.db.sqlite import Sqlite

APP = {"repositoryName": "app"}
EMPTY = len(b"{}")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    without_syncs(monkeypatch)


def of(*layers: bytes, **more: Any) -> Image:
    """An image whose config is the empty one of two bytes; no two are the same."""
    return image(*layers, config_type=OCI_EMPTY, annotations={"unique": random.randbytes(8).hex()}, **more)


async def registry(doors: Doors) -> dict[str, int]:
    """GetUsage."""
    answer: dict[str, int] = await doors.served("GetUsage")
    return answer


async def repositories(doors: Doors) -> dict[str, dict[str, int]]:
    """ListRepositoryUsage, by name."""
    rows = (await doors.served("ListRepositoryUsage"))["repositories"]
    return {row.pop("repositoryName"): row for row in rows}


async def images(doors: Doors, repository: str = "app") -> dict[str, dict[str, Any]]:
    """ListImageUsage, by digest."""
    rows = (await doors.served("ListImageUsage", repositoryName=repository))["images"]
    return {row.pop("imageDigest"): row for row in rows}


async def freed(doors: Doors, one: Image) -> int:
    return int((await images(doors))[one.digest]["freedBytes"])


async def delete(doors: Doors, *gone: Image, repository: str = "app") -> None:
    ids = [{"imageDigest": one.digest} for one in gone]
    answer = await doors.served("BatchDeleteImage", repositoryName=repository, imageIds=ids)
    assert answer["failures"] == []


# --- what each figure counts ---------------------------------------------------------------------------------


def test_an_image_is_shown_through_the_real_door(registry: Registry, wharfinger: Any) -> None:
    one = image()  # of random bytes, for the server is shared by many tests
    registry.create("app")
    registry.put_images("app", one, tags=("v1",))
    size = one.size
    bytes_ = {"logicalBytes": size, "sharedBytes": 0, "uniqueBytes": size}
    [shown] = wharfinger.list_image_usage(repositoryName="app")["images"]
    assert shown == {"imageDigest": one.digest, "imageTags": ["v1"], **bytes_, "freedBytes": size}
    [app] = wharfinger.list_repository_usage()["repositories"]
    more = {"imageCount": 1, "storedBytes": size, "binBytes": 0}
    assert app == {"repositoryName": "app", **bytes_, **more, "freedBytes": size}
    found = wharfinger.get_usage()
    del found["ResponseMetadata"]
    assert found == {"repositoryCount": 1, **bytes_, **more, "waitingBytes": 0}


def test_of_a_repository_that_is_not_there_nothing_is_told(wharfinger: Any) -> None:
    with pytest.raises(wharfinger.exceptions.RepositoryNotFoundException):
        wharfinger.list_image_usage(repositoryName="app")


async def test_an_empty_registry_takes_up_nothing(doors: Doors) -> None:
    found = await registry(doors)
    assert (found.pop("repositoryCount"), set(found.values())) == (1, {0})


async def test_what_two_images_share_is_logical_twice_and_stored_once(doors: Doors) -> None:
    shared, own = layer(500), layer(300)
    await doors.push("app", of(shared))
    await doors.push("app", of(shared, own))
    found = (await repositories(doors))["app"]
    both = len(shared) + EMPTY
    assert (found["logicalBytes"], found["storedBytes"]) == (2 * both + len(own), both + len(own))


async def test_deleting_one_of_two_images_gives_back_what_only_it_refers_to(doors: Doors) -> None:
    shared, own = layer(500), layer(300)
    first, second = of(shared), of(shared, own)
    await doors.push("app", first)
    await doors.push("app", second)
    assert (await freed(doors, first), await freed(doors, second)) == (0, len(own))


async def test_what_another_repository_refers_to_is_shared(doors: Doors) -> None:
    await doors.served("CreateRepository", repositoryName="other")
    shared = layer(500)
    await doors.push("app", of(shared))
    await doors.push("other", of(shared))
    [shown] = (await images(doors)).values()
    found = [await registry(doors), (await repositories(doors))["app"], shown]
    assert [row["uniqueBytes"] for row in found] == [len(shared) + EMPTY, 0, 0]


async def test_what_another_registry_refers_to_is_shared(doors: Doors) -> None:
    other = Doors(doors.state, "999999999999")
    await other.served("CreateRepository", repositoryName="app")
    shared, own = layer(500), layer(300)
    await doors.push("app", of(shared, own))
    await other.push("app", of(shared))
    found = await registry(doors)
    assert (found["uniqueBytes"], found["sharedBytes"]) == (len(own), len(shared) + EMPTY)


async def test_the_bin_does_not_make_bytes_shared(doors: Doors) -> None:
    shared = layer(500)
    kept, gone = of(shared), of(shared)
    await doors.push("app", kept)
    await doors.push("app", gone)
    await delete(doors, gone)
    found = (await repositories(doors))["app"]
    assert (found["uniqueBytes"], found["binBytes"]) == (len(shared) + EMPTY, 0)


async def test_bytes_of_deleted_images_are_in_the_bin_until_its_term_is_over(doors: Doors, clock: Clock) -> None:
    shared, own = layer(500), layer(300)
    kept, gone = of(shared), of(shared, own)
    for one in (kept, gone, again := of(own)):
        await doors.push("app", one)
    await delete(doors, gone, again)
    in_bin = [(await registry(doors))["binBytes"], (await repositories(doors))["app"]["binBytes"]]
    clock.move(7 * DAY)
    await collect_all(doors.state)
    assert (in_bin, (await registry(doors))["binBytes"]) == ([len(own)] * 2, 0)


async def test_the_bin_of_a_deleted_repository_is_that_of_the_registry(doors: Doors) -> None:
    own = layer(300)
    await doors.push("app", of(own))
    await doors.served("DeleteRepository", repositoryName="app", force=True)
    assert (await registry(doors))["binBytes"] == len(own) + EMPTY


async def test_bytes_wait_until_an_image_refers_to_them_or_their_lease_ends(doors: Doors, clock: Clock) -> None:
    comes, never_comes = of(layer(500)), layer(300)
    for content in (*comes.blobs.values(), never_comes):
        await doors.push_blob("app", content, sha256(content))
    waiting = [(await registry(doors))["waitingBytes"]]
    await doors.push("app", comes)
    waiting.append((await registry(doors))["waitingBytes"])
    clock.move(3 * HOUR)
    await collect_all(doors.state)
    waiting.append((await registry(doors))["waitingBytes"])
    assert waiting == [comes.size + len(never_comes), len(never_comes), 0]


# --- what goes with an image ---------------------------------------------------------------------------------


async def test_an_index_counts_its_children(doors: Doors) -> None:
    both = index(of(layer(500)), of(layer(300)))
    await doors.push("app", both)
    contents = {digest: len(content) for child in both.children for digest, content in child.blobs.items()}
    assert await freed(doors, both) == sum(contents.values())


@pytest.mark.parametrize("kept_by", ["tag", "index"])
async def test_an_index_does_not_count_a_child_that_something_else_keeps(doors: Doors, kept_by: str) -> None:
    mine, kept = of(a := layer(500)), of(layer(300))
    both = index(mine, kept)
    await doors.push("app", both)
    await (doors.push("app", kept, "tag") if kept_by == "tag" else doors.push("app", index(kept)))
    assert await freed(doors, both) == len(a)


async def test_an_image_counts_its_referrers(doors: Doors) -> None:
    subject = of(a := layer(500))
    signature = of(b := layer(300), subject=subject)
    attested = of(c := layer(200), subject=signature)
    for one in (subject, signature, attested):
        await doors.push("app", one)
    assert await freed(doors, subject) == len(a) + len(b) + len(c) + EMPTY


async def test_a_tagged_referrer_is_not_counted(doors: Doors) -> None:
    subject = of(a := layer(500))
    await doors.push("app", subject)
    await doors.push("app", of(layer(300), subject=subject), "tag")
    assert await freed(doors, subject) == len(a)


# --- all of it, against a model that looks at everything -----------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
async def test_every_figure_is_what_a_look_at_everything_gives(
    doors: Doors, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"_LINKS": 3, "_BINNED": 2, "_ROWS": 7, "_PAGE_ROWS": 30, "_PAGE_BLOBS": 5}.items():
        monkeypatch.setattr(usage, name, value)
    world = await World.grown(doors.state, random.Random(seed))
    expected = brute_force(world)
    for registry_doors in world.doors:
        account = registry_doors.account
        assert await registry(registry_doors) == expected.registries[account]
        assert (
            by_name(await all_of(registry_doors, "ListRepositoryUsage", "repositories"), "repositoryName")
            == (expected.repositories[account])
        )
        for name in world.names:
            found = await all_of(registry_doors, "ListImageUsage", "images", repositoryName=name)
            assert by_name(found, "imageDigest") == expected.images[account, name]


async def all_of(doors: Doors, operation: str, member: str, **more: Any) -> list[dict[str, Any]]:
    """Every item of a list, three at a time."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = await doors.served(operation, maxResults=3, **more, **token)
        assert len(answer[member]) <= 3
        found += answer[member]
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


def by_name(rows: Iterable[Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    found = [dict(row) for row in rows]
    named = {row.pop(name): row for row in found}
    assert len(named) == len(found)
    return named


@pytest.mark.about_sqlite
async def test_a_page_of_images_costs_the_same_in_a_small_repository_and_in_a_large_one(doors: Doors) -> None:
    costs = []
    shared, both = layer(), index(of(layer()))
    await doors.push("app", both)
    for number in (20, 200):
        for _ in range(number):
            await doors.push("app", of(shared, layer()))
        costs.append(await steps_of(doors))
    small, large = costs
    assert large <= 1.2 * small


async def steps_of(doors: Doors) -> int:
    """What SQLite had to do for a page, in steps of its own machine."""
    assert isinstance(doors.state.db, Sqlite)
    steps: list[int] = []
    reader = doors.state.db._reader
    reader.trace_v2(
        apsw.SQLITE_TRACE_PROFILE, lambda event: steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])
    )
    await doors.served("ListImageUsage", **APP, maxResults=5)
    reader.trace_v2(0, None)
    return sum(steps)
