"""Events: each push and each deletion leaves one row for every pair of digest and tag."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, index, series
from support.moments import Period
from support.registry import Registry, abroad, stranger
from support.server import Server
from support.state import settings_of
from wharfinger.server import data
from wharfinger.state.db.database import Row, Tx

Read = Callable[[Registry], Awaitable[list[Row]]]


class Event(NamedTuple):
    """What an event tells of an image."""

    action: str
    digest: str
    tag: str | None
    repository: str = "app"


Told = Callable[[], Awaitable[list[Event]]]


@pytest.fixture
async def rows(server: Server) -> AsyncIterator[Read]:
    """The events of a registry, as the running server has stored them."""
    database = data.open_database(settings_of(server.directory))

    async def select(tx: Tx, registry: Registry) -> list[Row]:
        return await tx.all(
            "SELECT action, digest, tag, repository, at, principal, operation, deletion_id FROM events "
            "WHERE account = :account AND region = :region ORDER BY id",
            account=registry.account,
            region=registry.region,
        )

    yield lambda registry: database.read(select, registry)
    await database.close()


@pytest.fixture
def told(registry: Registry, rows: Read) -> Told:
    """What has been told since the last time this was asked."""
    seen = 0

    async def new_ones() -> list[Event]:
        nonlocal seen
        found = await rows(registry)
        new, seen = found[seen:], len(found)
        return [Event(*row[:4]) for row in new]

    return new_ones


def event(action: str, one: Image, tag: str | None = None) -> Event:
    return Event(action, one.digest, tag)


def oci_put(registry: Registry, one: Image, reference: str) -> int:
    return registry.oci.put_manifest("app", reference, one.manifest, one.media_type).status


async def start(registry: Registry, told: Told, *pushed: tuple[Image, str]) -> None:
    """A repository with images; what that tells is left behind."""
    registry.create("app")
    for one, reference in pushed:
        registry.push_blobs("app", one)
        assert oci_put(registry, one, reference) == 201
    await told()


# --- pushes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["v1", None], ids=["tagged", "untagged"])
@pytest.mark.parametrize("door", ["ecr", "oci"])
async def test_a_push_is_told_with_its_tag_if_it_has_one(
    registry: Registry, told: Told, door: str, tag: str | None
) -> None:
    await start(registry, told)
    (one,) = series(1)
    registry.push_blobs("app", one)
    if door == "ecr":
        registry.put_image("app", one, tag)
    else:
        oci_put(registry, one, tag or one.digest)
    assert await told() == [event("PUSH", one, tag)]


async def test_a_push_under_several_tags_is_told_once_for_each(registry: Registry, told: Told) -> None:
    (one,) = series(1)
    await start(registry, told)
    registry.push_blobs("app", one)
    oci_put(registry, one, f"{one.digest}?tag=a&tag=b")
    assert await told() == [event("PUSH", one, "a"), event("PUSH", one, "b")]


async def test_another_tag_for_an_image_is_told(registry: Registry, told: Told) -> None:
    (one,) = series(1)
    await start(registry, told, (one, "a"))
    registry.put_image("app", one, "b")
    assert await told() == [event("PUSH", one, "b")]


async def test_only_the_tags_that_are_new_are_told(registry: Registry, told: Told) -> None:
    (one,) = series(1)
    await start(registry, told, (one, "a"))
    oci_put(registry, one, f"{one.digest}?tag=a&tag=b")
    assert await told() == [event("PUSH", one, "b")]


async def test_a_tag_that_moves_is_a_push_of_its_new_image(registry: Registry, told: Told) -> None:
    old, new = series(2)
    await start(registry, told, (old, "a"))
    registry.put_image("app", new, "a")
    assert await told() == [event("PUSH", new, "a")]


async def test_an_index_and_each_of_its_children_are_told(registry: Registry, told: Told) -> None:
    await start(registry, told)
    (child,) = series(1)
    registry.oci.push("app", index(child), "v1")
    assert await told() == [event("PUSH", child), event("PUSH", index(child), "v1")]


@pytest.mark.parametrize("reference", ["a", None], ids=["by-tag", "by-digest"])
async def test_a_push_of_what_is_there_is_not_told(registry: Registry, told: Told, reference: str | None) -> None:
    (one,) = series(1)
    await start(registry, told, (one, "a"))
    assert oci_put(registry, one, reference or one.digest) == 201
    with pytest.raises(ClientError):
        registry.put_image("app", one, reference)
    assert await told() == []


async def test_a_push_that_is_refused_is_not_told(registry: Registry, told: Told) -> None:
    old, new = series(2)
    await start(registry, told, (old, "a"))
    registry.ecr.put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
    for refused, tag in ((new, "a"), (image(), "b")):
        with pytest.raises(ClientError):
            registry.put_image("app", refused, tag)
    assert await told() == []


# --- deletions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["ecr", "oci"])
@pytest.mark.parametrize("name", ["a", "digest"])
async def test_a_deletion_is_told_once_for_each_tag_that_goes(
    registry: Registry, told: Told, door: str, name: str
) -> None:
    (one,) = series(1)
    await start(registry, told, (one, "a"), (one, "b"))
    reference = one.digest if name == "digest" else name
    if door == "ecr":
        registry.delete("app", reference)
    else:
        registry.oci.delete(f"/v2/app/manifests/{reference}")
    gone = ["a", "b"] if name == "digest" else ["a"]
    assert await told() == [event("DELETE", one, tag) for tag in gone]


@pytest.mark.parametrize("door", ["ecr", "oci"])
async def test_the_deletion_of_an_untagged_image_is_told_without_a_tag(
    registry: Registry, told: Told, door: str
) -> None:
    (one,) = series(1)
    await start(registry, told, (one, one.digest))
    if door == "ecr":
        registry.delete("app", one.digest)
    else:
        registry.oci.delete(f"/v2/app/manifests/{one.digest}")
    assert await told() == [event("DELETE", one)]


async def test_ids_that_mean_the_same_are_told_once(registry: Registry, told: Told) -> None:
    (one,) = series(1)
    await start(registry, told, (one, "a"))
    registry.delete("app", "a", one.digest, "a", {"imageDigest": one.digest, "imageTag": "a"})
    assert await told() == [event("DELETE", one, "a")]


async def test_a_deletion_that_fails_or_is_repeated_is_not_told(registry: Registry, told: Told) -> None:
    child, other = series(2)
    await start(registry, told, (child, child.digest), (index(child), "v1"), (other, "a"))
    registry.delete("app", "a")
    await told()
    registry.delete("app", "a", child.digest, {}, "nope")
    registry.oci.delete("/v2/app/manifests/a")
    assert await told() == []


async def test_a_tag_that_is_taken_from_a_child_is_told(registry: Registry, told: Told) -> None:
    (child,) = series(1)
    await start(registry, told, (child, "a"), (index(child), "v1"))
    registry.oci.delete("/v2/app/manifests/a")
    assert await told() == [event("DELETE", child, "a")]


async def test_a_repository_that_goes_by_force_tells_of_all_its_images(registry: Registry, told: Told) -> None:
    first, second = series(2)
    await start(registry, told, (first, "a"), (first, "b"), (second, second.digest))
    registry.ecr.delete_repository(repositoryName="app", force=True)
    assert await told() == [event("DELETE", first, "a"), event("DELETE", first, "b"), event("DELETE", second)]


# --- whose, by whom and when ---------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [stranger, abroad], ids=["account", "region"])
async def test_an_event_is_of_the_registry_where_it_happened(registry: Registry, rows: Read, make: Any) -> None:
    other: Registry = make(registry)
    (one,) = series(1)
    for each in (registry, other):
        each.create("app")
    registry.oci.push("app", one, "v1")
    assert [len(await rows(each)) for each in (registry, other)] == [1, 0]


async def test_an_event_has_its_repository_and_its_time(registry: Registry, rows: Read) -> None:
    name, one = registry.create("team/app"), image()
    push = Period()
    registry.oci.push(name, one, "v1")
    ((_, _, _, repository, at, *_),) = await rows(registry)
    assert repository == name
    assert datetime.fromtimestamp(at / 1000, UTC) in push


@pytest.mark.parametrize("door", ["ecr", "oci"])
async def test_an_event_says_who_did_it_and_by_which_way(registry: Registry, rows: Read, door: str) -> None:
    (one,) = series(1)
    registry.create("app")
    registry.push_blobs("app", one)
    if door == "ecr":
        registry.put_image("app", one, "a")
        registry.delete("app", "a")
        ways = ["PutImage", "BatchDeleteImage"]
    else:
        oci_put(registry, one, "a")
        registry.oci.delete("/v2/app/manifests/a")
        ways = ["PUT manifest", "DELETE manifest"]
    root = f"arn:aws:iam::{registry.account}:root"
    assert [(principal, operation) for *_, principal, operation, _ in await rows(registry)] == [
        (root, operation) for operation in ways
    ]


async def test_events_of_a_deletion_lead_to_it_in_the_bin(registry: Registry, rows: Read) -> None:
    first, second = series(2)
    registry.create("app")
    registry.put_images("app", first, second, tags=("a", "b"))
    registry.delete("app", "a")
    registry.ecr.delete_repository(repositoryName="app", force=True)
    found = [deletion for *_, deletion in await rows(registry)]
    assert found[:2] == [None, None]
    listed = registry.server.wharfinger(registry.account).list_deletions()["deletions"]
    assert [item["deletionId"] for item in listed] == [str(found[3]), str(found[2])]


async def test_events_are_stored_when_the_push_is_answered(registry: Registry, rows: Read) -> None:
    registry.create("app")
    images = series(20)
    registry.push_blobs("app", images[0])
    for number, one in enumerate(images, 1):
        registry.put_image("app", one, f"v{number}")
        assert len(await rows(registry)) == number
