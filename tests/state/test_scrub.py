"""Rot is found, what it hits is named, and pushing the image again mends it (promise P3)."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from support.answer import Answer
from support.content import Image, image, index, layer, sha256, sha512
from support.damage import file_of, flip_a_bit, rot_manifest
from support.disk import without_syncs
from support.doors import Doors
from support.rows import run_sql
from support.state import REGISTRY, Clock, collect_all, create_repository, prepared
from wharfinger.domain.faults import Unavailable
from wharfinger.services import audit, scrub
from wharfinger.services.scrub import Damage, Hit, Progress, Recovery, Rot
from wharfinger.state import State
from wharfinger.state.blobs.store import Location
from wharfinger.state.clock import DAY
from wharfinger.state.db import audit as rows
from wharfinger.state.db import blobs
from wharfinger.state.ids import new_storage_id

APP = {"repositoryName": "app"}
SHARED = layer()
ONE, OTHER = image(SHARED, layer(3000)), image(SHARED)
LAYER, LARGE = sha256(SHARED), list(ONE.blobs)[-1]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every look takes several."""
    monkeypatch.setattr(scrub, "_STEP", 1)
    monkeypatch.setattr(audit, "_STEP", 1)
    without_syncs(monkeypatch)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def state(directory: Path, clock: Clock) -> AsyncIterator[State]:
    async with prepared(directory, clock) as state:
        for name in ("app", "other"):
            await create_repository(state, name)
        yield state


@pytest.fixture
async def doors(state: State) -> Doors:
    """With an image that is pushed and served."""
    doors = Doors(state)
    await doors.push("app", ONE, "v1", "latest")
    return doors


async def found_in(state: State) -> list[Any]:
    """Without what says how far it is."""
    return [found async for found in scrub.run(state) if not isinstance(found, Progress)]


async def served(doors: Doors, one: Image = ONE, repository: str = "app") -> bool:
    """Whether an image is pulled with the bytes that were pushed."""
    answers = [await doors.oci("GET", f"{repository}/manifests/{one.digest}")]
    answers += [await doors.oci("GET", f"{repository}/blobs/{digest}") for digest in one.blobs]
    return [answer.content for answer in answers] == [one.manifest, *one.blobs.values()]


# --- finding -------------------------------------------------------------------------------------------------


async def test_where_all_is_well_nothing_is_found(doors: Doors) -> None:
    *_, last = [found async for found in scrub.run(doors.state)]
    assert await found_in(doors.state) == []
    assert last == Progress(len(ONE.blobs), 1, ONE.size + len(ONE.manifest))


DAMAGES: dict[Damage, Callable[[Path], Any]] = {
    "content": flip_a_bit,
    "size": lambda file: os.truncate(file, 10),
    "missing": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_blob_is_found_with_the_images_that_it_hits(
    doors: Doors, directory: Path, damage: Damage
) -> None:
    DAMAGES[damage](file_of(directory, LARGE))
    rot, hit = await found_in(doors.state)
    assert rot == Rot("blob", LARGE, damage)
    assert (hit.rot, hit.place) == (rot, (REGISTRY, "app", ONE.digest, ("latest", "v1"), None))


async def test_a_file_with_more_bytes_is_found(doors: Doors, directory: Path) -> None:
    with file_of(directory, LARGE).open("ab") as file:
        file.write(b"more")
    assert (await found_in(doors.state))[0].damage == "size"


async def test_a_file_that_the_disk_does_not_give_is_found(doors: Doors, directory: Path) -> None:
    file = file_of(directory, LARGE)
    size = file.stat().st_size
    file.unlink()
    # a folder can be looked at like a file and not be read like one
    file.mkdir()
    run_sql(directory, "UPDATE blobs SET size = :size WHERE digest = :digest", size=file.stat().st_size, digest=LARGE)
    assert (size, (await found_in(doors.state))[0]) == (len(ONE.blobs[LARGE]), Rot("blob", LARGE, "unreadable"))


async def test_a_blob_of_another_algorithm_is_looked_at_too(doors: Doors, directory: Path) -> None:
    digest = sha512(b"content")
    await doors.push_blob("app", b"content", digest)
    assert await found_in(doors.state) == []
    flip_a_bit(file_of(directory, digest))
    assert await found_in(doors.state) == [Rot("blob", digest, "content")]


async def test_images_of_all_repositories_and_of_the_bin_are_named(doors: Doors, directory: Path) -> None:
    await doors.push("app", OTHER, "more")
    await doors.push("other", OTHER)
    gone = image(SHARED)
    await doors.push("other", gone, "gone")
    await doors.served("BatchDeleteImage", repositoryName="other", imageIds=[{"imageTag": "gone"}])
    flip_a_bit(file_of(directory, LAYER))
    _, *hits = await found_in(doors.state)
    assert [(hit.place.repository, hit.place.digest, hit.place.tags, hit.place.deletion) for hit in hits] == [
        ("app", ONE.digest, ("latest", "v1"), None),
        ("app", OTHER.digest, ("more",), None),
        ("other", OTHER.digest, (), None),
        ("other", gone.digest, ("gone",), 1),
    ]


@pytest.mark.parametrize("is_gone", [False, True])
async def test_a_damaged_manifest_is_found_with_its_image(doors: Doors, directory: Path, is_gone: bool) -> None:
    if is_gone:
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    rot_manifest(directory, ONE.digest)
    rot, hit = await found_in(doors.state)
    assert (rot, hit.rot) == (Rot("manifest", ONE.digest, "content"), rot)
    assert (set(hit.place.tags), hit.place.deletion) == ({"v1", "latest"}, 1 if is_gone else None)


async def test_a_blob_that_reads_well_again_is_good_again(doors: Doors, directory: Path) -> None:
    file = file_of(directory, LARGE)
    file.rename(directory / "elsewhere")
    await found_in(doors.state)
    (directory / "elsewhere").rename(file)
    assert await found_in(doors.state) == [Recovery(LARGE)]
    assert (await found_in(doors.state), await served(doors)) == ([], True)


async def test_a_disk_that_is_not_there_marks_nothing(doors: Doors, directory: Path) -> None:
    (directory / "blobs").rename(directory / "elsewhere")
    with pytest.raises(Unavailable):
        await found_in(doors.state)
    (directory / "elsewhere").rename(directory / "blobs")
    assert await served(doors)


async def test_a_blob_that_is_collected_while_it_is_read_is_no_rot(doors: Doors, clock: Clock) -> None:
    looking = scrub.run(doors.state)
    assert isinstance(await anext(looking), Progress)  # the first blob is read, and the others are to come
    await doors.served("DeleteRepository", **APP, force=True)
    clock.move(8 * DAY)
    await collect_all(doors.state)
    assert [found async for found in looking if not isinstance(found, Progress)] == []


async def test_bytes_that_came_after_those_that_were_read_are_not_marked(doors: Doors, directory: Path) -> None:
    file_of(directory, LARGE).unlink()
    [read] = [blob for blob in await doors.state.db.read(rows.blobs, 0, 100) if blob.digest == LARGE]
    await found_in(doors.state)
    await doors.push_blob("app", ONE.blobs[LARGE], LARGE)
    assert not await doors.state.db.write(rows.mark_rotten, read, 1)
    assert await served(doors)


async def test_no_more_is_read_in_a_second_than_is_allowed() -> None:
    mebibyte = 1024 * 1024
    assert scrub.pause(10 * mebibyte, 1.0, 5 * mebibyte) == 1.0
    assert scrub.pause(10 * mebibyte, 3.0, 5 * mebibyte) == 0.0
    assert scrub.pause(10 * mebibyte, 0.0, None) == 0.0


async def test_a_large_blob_is_never_held_whole(doors: Doors, directory: Path) -> None:
    size = 64 * 1024 * 1024
    os.truncate(file_of(directory, LARGE), size)
    run_sql(directory, "UPDATE blobs SET size = :size WHERE digest = :digest", size=size, digest=LARGE)
    tracemalloc.start()
    assert (await found_in(doors.state))[0] == Rot("blob", LARGE, "content")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 3 * 1024 * 1024


# --- what is rotten is not there -----------------------------------------------------------------------------


@pytest.fixture
async def rotten(doors: Doors, directory: Path) -> Doors:
    """The layer is."""
    await doors.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    flip_a_bit(file_of(directory, LARGE))
    await found_in(doors.state)
    return doors


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_rotten_blob_is_not_served(rotten: Doors, method: str) -> None:
    assert (await rotten.oci(method, f"app/blobs/{LARGE}")).status == 404


async def test_a_rotten_layer_is_unavailable(rotten: Doors) -> None:
    answer = await rotten.served("BatchCheckLayerAvailability", **APP, layerDigests=[LARGE, LAYER])
    assert [item["layerAvailability"] for item in answer["layers"]] == ["UNAVAILABLE", "AVAILABLE"]


async def test_a_rotten_layer_has_no_download_address(rotten: Doors) -> None:
    answer = await rotten.ecr("GetDownloadUrlForLayer", **APP, layerDigest=LARGE)
    assert answer.code == "LayersNotFoundException"


async def test_a_download_address_from_before_serves_no_rotten_layer(doors: Doors, directory: Path) -> None:
    url = (await doors.served("GetDownloadUrlForLayer", **APP, layerDigest=LARGE))["downloadUrl"]
    flip_a_bit(file_of(directory, LARGE))
    await found_in(doors.state)
    path = url.partition("/v2/")[2]
    assert (await doors.request("GET", f"/v2/{path}")).status == 404


@pytest.mark.parametrize("door", ["PutImage", "OCI"])
async def test_a_manifest_with_a_rotten_layer_is_refused(rotten: Doors, door: str) -> None:
    new = image(*[ONE.blobs[digest] for digest in (LAYER, LARGE)])
    await rotten.push_blob("app", next(iter(new.blobs.values())), next(iter(new.blobs)))
    if door == "OCI":
        answer = await rotten.put_manifest("app", "new", new)
    else:
        answer = await rotten.ecr("PutImage", **APP, imageManifest=new.text, imageManifestMediaType=new.media_type)
    assert answer.code in {"MANIFEST_BLOB_UNKNOWN", "LayersNotFoundException"}
    assert LARGE in answer.body.decode()


@pytest.mark.parametrize("source", ["&from=app", ""])
async def test_a_rotten_blob_is_not_mounted(rotten: Doors, source: str) -> None:
    statuses = [
        (await rotten.oci("POST", f"other/blobs/uploads/?mount={digest}{source}")).status for digest in (LAYER, LARGE)
    ]
    assert statuses == [201, 202]


# --- mending -------------------------------------------------------------------------------------------------


async def by_one_request(doors: Doors, content: bytes) -> Answer:
    return await doors.oci("POST", f"app/blobs/uploads/?digest={sha256(content)}", content)


async def by_chunks(doors: Doors, content: bytes) -> Answer:
    upload = await doors.begin("app")
    await doors.oci("PATCH", upload, content)
    return await doors.oci("PUT", f"{upload}?digest={sha256(content)}")


async def by_parts(doors: Doors, content: bytes) -> Answer:
    where = {**APP, "uploadId": (await doors.served("InitiateLayerUpload", **APP))["uploadId"]}
    last = len(content) - 1
    await doors.served("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=content)
    return await doors.ecr("CompleteLayerUpload", **where, layerDigests=[sha256(content)])


async def from_another_repository(doors: Doors, content: bytes) -> Answer:
    return await doors.oci("POST", f"other/blobs/uploads/?digest={sha256(content)}", content)


@pytest.mark.parametrize("push", [by_one_request, by_chunks, by_parts, from_another_repository])
@pytest.mark.parametrize("damage", DAMAGES)
async def test_pushing_the_bytes_again_mends_a_rotten_blob(
    doors: Doors, directory: Path, damage: Damage, push: Callable[[Doors, bytes], Any]
) -> None:
    DAMAGES[damage](file_of(directory, LARGE))
    await found_in(doors.state)
    assert (await push(doors, ONE.blobs[LARGE])).status in {200, 201}
    assert await served(doors)
    await collect_all(doors.state)
    files = list((directory / "blobs").glob("*/*"))
    assert (await found_in(doors.state), len(files)) == ([], len(ONE.blobs))
    assert [found for stage in audit.STAGES async for found in stage.run(doors.state)] == []


async def test_a_blob_that_is_marked_while_it_is_pushed_is_mended_all_the_same(doors: Doors, directory: Path) -> None:
    old = file_of(directory, LARGE).name
    flip_a_bit(file_of(directory, LARGE))
    await found_in(doors.state)  # after the push had looked whether the bytes are there
    _, unneeded = await doors.state.db.write(
        blobs.add, LARGE, Location(new := new_storage_id(), len(ONE.blobs[LARGE])), None, 1
    )
    assert (unneeded, file_of(directory, LARGE).name) == (old, new)
    assert run_sql(directory, "SELECT rotten_at FROM blobs WHERE digest = :digest", digest=LARGE) == [(None,)]


async def test_a_mended_blob_has_the_size_of_its_bytes(doors: Doors, directory: Path) -> None:
    run_sql(directory, "UPDATE blobs SET size = 7 WHERE digest = :digest", digest=LARGE)
    await found_in(doors.state)
    await doors.push_blob("app", ONE.blobs[LARGE], LARGE)
    assert (await served(doors), await found_in(doors.state)) == (True, [])


async def test_bytes_in_the_bin_are_mended_by_a_push_and_come_back_good(doors: Doors, directory: Path) -> None:
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    flip_a_bit(file_of(directory, LARGE))
    await found_in(doors.state)
    await doors.push_blob("app", ONE.blobs[LARGE], LARGE)
    await doors.served("RestoreImages", **APP, imageIds=[{"imageDigest": ONE.digest}])
    assert await served(doors)


@pytest.mark.parametrize("door", ["OCI by tag", "OCI by digest", "PutImage", "PutImage untagged"])
async def test_pushing_a_manifest_again_mends_its_bytes(doors: Doors, directory: Path, door: str) -> None:
    rot_manifest(directory, ONE.digest)
    if door.startswith("OCI"):
        answer = await doors.put_manifest("app", "v1" if door == "OCI by tag" else ONE.digest, ONE)
    else:
        tag = {"imageTag": "v1"} if door == "PutImage" else {}
        answer = await doors.ecr(
            "PutImage", **APP, **tag, imageManifest=ONE.text, imageManifestMediaType=ONE.media_type
        )
    assert answer.status in {200, 201}
    assert (await served(doors), await found_in(doors.state)) == (True, [])


async def test_a_manifest_that_is_whole_is_still_a_repetition(doors: Doors) -> None:
    arguments = {"imageTag": "v1", "imageManifest": ONE.text, "imageManifestMediaType": ONE.media_type}
    assert (await doors.ecr("PutImage", **APP, **arguments)).code == "ImageAlreadyExistsException"


async def test_mending_a_manifest_leaves_an_index_and_its_tags_as_they_were(doors: Doors, directory: Path) -> None:
    both = index(ONE, OTHER)
    await doors.push("app", both, "multi")
    rot_manifest(directory, both.digest)
    await doors.put_manifest("app", "multi", both)
    assert (await doors.oci("GET", "app/manifests/multi")).body == both.manifest
    assert (await doors.oci("GET", "app/tags/list")).json["tags"] == ["latest", "multi", "v1"]


async def test_what_is_pushed_while_rot_is_looked_for_stays_good(doors: Doors, directory: Path) -> None:
    async def look() -> list[Any]:
        return [found for _ in range(5) for found in await found_in(doors.state)]

    flip_a_bit(file_of(directory, LARGE))
    looking = asyncio.create_task(look())
    while not looking.done():
        await doors.push("app", ONE, "v1")
        await asyncio.sleep(0)
    assert {type(found) for found in await looking} <= {Rot, Hit}
    await doors.push("app", ONE, "v1")
    assert (await found_in(doors.state), await served(doors)) == ([], True)
