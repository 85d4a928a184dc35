"""Requests for repositories and images that meet, over two workers on one data directory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.content import image, index, sha256
from support.doors import Body
from support.state import create_repository
from support.workers import APP, Workers, both_ways, push_blobs, tags_and_images, together, two_pieces
from wharfinger.state import State

ROUNDS = range(10)


# --- repositories --------------------------------------------------------------------------------------------


async def test_of_many_who_create_one_repository_one_wins(workers: Workers) -> None:
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.ecr("CreateRepository", **APP) for door in doors))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    assert {answer.code for answer in answers if answer.status == 400} == {"RepositoryAlreadyExistsException"}


@pytest.mark.parametrize("what", ["blob", "manifest", "mount", "upload"])
async def test_a_push_that_meets_the_deletion_of_its_repository_leaves_nothing_behind(
    workers: Workers, what: str
) -> None:
    await create_repository(workers.states[0], "source")
    await workers.one.ecr("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    layer = sha256(b"mounted")
    await workers.one.push_blob("source", b"mounted", layer)
    for turn in ROUNDS:
        await create_repository(workers.states[0])
        pushed = image()
        await push_blobs(workers.one, pushed)
        content = str(turn).encode()
        push = {
            "blob": ("POST", f"app/blobs/uploads/?digest={sha256(content)}", content),
            "manifest": ("PUT", "app/manifests/tag", pushed.manifest),
            "mount": ("POST", f"app/blobs/uploads/?mount={layer}&from=source", b""),
            "upload": ("POST", "app/blobs/uploads/", b""),
        }[what]
        answer, deleted = await both_ways(
            turn, workers.one.oci(*push), workers.two.ecr("DeleteRepository", **APP, force=True)
        )
        assert deleted.status == 200
        assert answer.status in {201, 202} or (answer.status, answer.code) in GONE
        assert (await workers.one.oci("GET", "app/tags/list")).code == "NAME_UNKNOWN"
        await workers.settle()


GONE = {(404, "NAME_UNKNOWN"), (404, "BLOB_UPLOAD_UNKNOWN")}


async def test_an_upload_that_ends_after_its_repository_is_gone_is_refused(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    deleted = asyncio.Event()
    finishing = asyncio.ensure_future(
        workers.one.oci("PUT", f"{upload}?digest={sha256(b'ab')}", Body(two_pieces(b"a", deleted, b"b")))
    )
    await asyncio.sleep(0)
    assert (await workers.two.ecr("DeleteRepository", **APP, force=True)).status == 200
    deleted.set()
    assert (await finishing).status == 404
    await workers.settle()
    assert workers.files() == 0


async def test_a_repository_that_is_made_again_does_not_take_up_an_upload_of_the_old_one(workers: Workers) -> None:
    await create_repository(workers.states[0])
    upload = await workers.one.begin("app")
    await workers.two.ecr("DeleteRepository", **APP)
    await create_repository(workers.states[0])
    assert (await workers.one.oci("PATCH", upload, b"late")).status == 404


# --- images --------------------------------------------------------------------------------------------------


async def test_of_many_who_push_one_tag_the_last_wins_and_none_is_lost(workers: Workers) -> None:
    await create_repository(workers.states[0])
    images = [image() for _ in range(8)]
    await push_blobs(workers.one, *images)
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.put_manifest("app", "tag", one) for door, one in zip(doors, images, strict=True)))
    assert [answer.status for answer in answers] == [201] * 8
    tags, present = await tags_and_images(workers.one)
    assert present == {one.digest for one in images}
    assert tags == {"tag": await last_pushed(workers.states[0])}


async def last_pushed(state: State) -> str:
    """By the order of commits, which is that of the events."""

    async def work(tx: Any) -> str:
        row = await tx.one("SELECT digest FROM events ORDER BY id DESC LIMIT 1")
        return str(row[0])

    return await state.db.read(work)


async def test_one_image_pushed_by_many_is_stored_once_with_all_their_tags(workers: Workers) -> None:
    await create_repository(workers.states[0])
    one = image()
    await push_blobs(workers.one, one)
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.put_manifest("app", f"t{n}", one) for n, door in enumerate(doors)))
    assert [answer.status for answer in answers] == [201] * 8
    assert await tags_and_images(workers.one) == ({f"t{n}": one.digest for n in range(8)}, {one.digest})


async def test_an_immutable_tag_pushed_by_many_goes_to_one(workers: Workers) -> None:
    await create_repository(workers.states[0])
    await workers.one.ecr("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    images = [image() for _ in range(8)]
    await push_blobs(workers.one, *images)
    doors = (workers.one, workers.two) * 4
    answers = await together(*(door.put_manifest("app", "tag", one) for door, one in zip(doors, images, strict=True)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 7
    [winner] = [one for one, answer in zip(images, answers, strict=True) if answer.status == 201]
    assert await tags_and_images(workers.one) == ({"tag": winner.digest}, {winner.digest})


async def test_the_deletion_of_a_tag_that_meets_its_push_comes_before_or_after_it(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        old, new = image(), image()
        await push_blobs(workers.one, old, new)
        await workers.one.put_manifest("app", "tag", old)
        deleted, pushed = await both_ways(
            turn,
            workers.one.ecr("BatchDeleteImage", **APP, imageIds=[{"imageTag": "tag"}]),
            workers.two.put_manifest("app", "tag", new),
        )
        assert pushed.status == 201
        [gone] = deleted.json["imageIds"]
        before = ({"tag": new.digest}, {new.digest})
        after: tuple[dict[str, str], set[str]] = ({}, {old.digest})
        assert await tags_and_images(workers.one) == (before if gone["imageDigest"] == old.digest else after)
        both = [{"imageDigest": one.digest} for one in (old, new)]
        await workers.one.ecr("BatchDeleteImage", **APP, imageIds=both)
        await workers.settle()


async def test_no_index_loses_its_child_to_a_deletion_that_meets_its_push(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        child = image()
        old, new = index(child), index(child, annotations={"new": "yes"})
        await workers.one.push("app", old, "old")
        ids = [{"imageDigest": old.digest}, {"imageDigest": child.digest}]
        deleted, pushed = await both_ways(
            turn,
            workers.one.ecr("BatchDeleteImage", **APP, imageIds=ids),
            workers.two.put_manifest("app", "new", new),
        )
        if pushed.status == 201:
            assert [failure["failureCode"] for failure in deleted.json["failures"]] == ["ImageReferencedByManifestList"]
            assert await tags_and_images(workers.one) == ({"new": new.digest}, {new.digest, child.digest})
        else:
            assert pushed.code == "MANIFEST_BLOB_UNKNOWN"
            assert await tags_and_images(workers.one) == ({}, set())
        for one in (new, child):
            await workers.one.oci("DELETE", f"app/manifests/{one.digest}")
        await workers.settle()


async def test_no_image_loses_a_layer_to_a_deletion_that_meets_its_push(workers: Workers) -> None:
    await create_repository(workers.states[0])
    for turn in ROUNDS:
        one = image()
        await push_blobs(workers.one, one)
        layer = list(one.blobs)[-1]
        deleted, pushed = await both_ways(
            turn,
            workers.one.oci("DELETE", f"app/blobs/{layer}"),
            workers.two.put_manifest("app", "tag", one),
        )
        assert (deleted.status, pushed.status) in {(202, 404), (405, 201)}
        await workers.settle()
