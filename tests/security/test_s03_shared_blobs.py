"""S3: a blob is stored once for all, and seen only where a repository has it, by who may pull from there.

Attacks: zot CVE-2024-39897 (the blob of another repository could be read through the cache that finds duplicates),
distribution CVE-2026-35172 (a deleted blob came back from a stale entry of a cache).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from support.answer import Answer
from support.content import Image, image, layer, sha256
from support.doors import Doors, new_doors
from support.somebody import Somebody, abroad, stranger, user
from support.state import REGISTRY, Clock

SECRET: Final = layer()
DIGEST: Final = sha256(SECRET)
PUSH: Final = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
PULL: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
HOST: Final = {"host": f"{REGISTRY.account}.dkr.ecr.{REGISTRY.region}.localhost:5050"}


@pytest.fixture
async def owner(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """With an image in the repository `secret`, an empty repository `app`, and mounting switched on."""
    async with new_doors(tmp_path / "data", clock) as doors:
        await doors.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
        await doors.served("CreateRepository", repositoryName="secret")
        await doors.push("secret", image(SECRET), "v1")
        yield doors


async def elsewhere(owner: Doors, where: str) -> Doors:
    """Somebody who may do everything, where the blob is not."""
    if where == "another repository":
        return owner
    doors = stranger(owner) if where == "another account" else abroad(owner)
    for name in ("app", "secret"):
        await doors.served("CreateRepository", repositoryName=name)
    await doors.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    return doors


ELSEWHERE: Final = pytest.mark.parametrize("where", ["another repository", "another account", "another region"])


@ELSEWHERE
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_a_blob_is_not_found_where_no_link_leads_to_it(owner: Doors, where: str, method: str) -> None:
    doors = await elsewhere(owner, where)
    assert (await doors.oci(method, f"app/blobs/{DIGEST}")).status == 404
    assert (await owner.oci("GET", f"secret/blobs/{DIGEST}")).content == SECRET


@ELSEWHERE
async def test_a_layer_is_neither_available_nor_downloaded_where_no_link_leads_to_it(owner: Doors, where: str) -> None:
    doors = await elsewhere(owner, where)
    found = await doors.served("BatchCheckLayerAvailability", repositoryName="app", layerDigests=[DIGEST])
    assert [item["layerAvailability"] for item in found["layers"]] == ["UNAVAILABLE"]
    answer = await doors.asked("GetDownloadUrlForLayer", repositoryName="app", layerDigest=DIGEST)
    assert answer.code == "LayersNotFoundException"


@ELSEWHERE
@pytest.mark.parametrize("door", ["OCI", "ECR"])
async def test_a_manifest_makes_nobody_the_owner_of_the_blobs_that_it_names(
    owner: Doors, where: str, door: str
) -> None:
    doors = await elsewhere(owner, where)
    one = image(SECRET)
    await doors.push_blob("app", next(iter(one.blobs.values())), next(iter(one.blobs)))
    assert (await _put(doors, door, one)).code in {"MANIFEST_BLOB_UNKNOWN", "LayersNotFoundException"}
    assert (await doors.oci("GET", f"app/blobs/{DIGEST}")).status == 404


async def _put(doors: Doors, door: str, one: Image) -> Answer:
    if door == "OCI":
        return await doors.put_manifest("app", "v1", one)
    return await doors.asked("PutImage", repositoryName="app", imageManifest=one.text, imageTag="v1")


async def test_who_knows_a_digest_has_not_pushed_the_blob(owner: Doors) -> None:
    for content in (b"", b"other bytes"):
        answer = await owner.oci("POST", f"app/blobs/uploads/?digest={DIGEST}", content)
        assert answer.code == "DIGEST_INVALID"
    assert (await owner.oci("HEAD", f"app/blobs/{DIGEST}")).status == 404


async def test_a_blob_that_was_deleted_is_not_given_back(owner: Doors) -> None:
    await owner.push_blob("app", SECRET, DIGEST)
    assert (await owner.oci("GET", f"app/blobs/{DIGEST}")).status == 200
    assert (await owner.oci("DELETE", f"app/blobs/{DIGEST}")).status == 202
    for method in ("GET", "HEAD"):
        assert (await owner.oci(method, f"app/blobs/{DIGEST}")).status == 404
    assert (await owner.oci("GET", f"secret/blobs/{DIGEST}")).content == SECRET


# --- mounting ------------------------------------------------------------------------------------------------


async def mounted(doors: Doors, source: str | None, headers: Mapping[str, str] | None = None) -> bool:
    """Whether a mount into `app` gives the blob; what it does not give becomes an upload."""
    query = f"mount={DIGEST}" + (f"&from={source}" if source is not None else "")
    answer = await doors.oci("POST", f"app/blobs/uploads/?{query}", headers=headers)
    assert answer.status in {201, 202}, answer
    there = (await doors.oci("HEAD", f"app/blobs/{DIGEST}", headers=headers)).status == 200
    assert there == (answer.status == 201)
    return there


async def pusher(owner: Doors, *more: Mapping[str, Any]) -> Somebody:
    """Somebody who may push to `app` and see what is there."""
    return await user(owner, "pusher", {"Action": [*PUSH, *PULL], "Resource": REGISTRY.arn("app")}, *more)


async def set_policy(owner: Doors, repository: str, **statement: Any) -> None:
    document = {"Statement": {"Effect": "Allow", "Principal": "*", **statement}}
    await owner.served("SetRepositoryPolicy", repositoryName=repository, policyText=json.dumps(document))


SOURCES: Final = pytest.mark.parametrize("source", ["secret", None], ids=["from a repository", "from anywhere"])


@SOURCES
async def test_a_blob_is_mounted_by_who_may_pull_it_from_its_source(owner: Doors, source: str | None) -> None:
    doors = await pusher(owner, {"Action": "ecr:GetDownloadUrlForLayer", "Resource": REGISTRY.arn("secret")})
    assert await mounted(doors, source)


@SOURCES
async def test_a_blob_is_not_mounted_by_who_may_not_pull_it_from_its_source(owner: Doors, source: str | None) -> None:
    assert not await mounted(await pusher(owner), source)


@SOURCES
async def test_other_rights_to_the_source_do_not_do_for_a_mount(owner: Doors, source: str | None) -> None:
    others = ["ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:PutImage", "ecr:ListImages"]
    assert not await mounted(await pusher(owner, {"Action": others, "Resource": REGISTRY.arn("secret")}), source)


@SOURCES
async def test_an_identity_policy_that_denies_the_source_denies_the_mount(owner: Doors, source: str | None) -> None:
    denied = {"Effect": "Deny", "Action": "ecr:GetDownloadUrlForLayer", "Resource": REGISTRY.arn("secret")}
    assert not await mounted(await user(owner, "denied", {"Action": "*"}, denied), source)


@SOURCES
async def test_a_repository_policy_that_denies_pulling_denies_the_mount_to_the_root_too(
    owner: Doors, source: str | None
) -> None:
    await set_policy(owner, "secret", Effect="Deny", Action="ecr:GetDownloadUrlForLayer")
    assert not await mounted(owner, source)


async def test_of_several_repositories_that_have_a_blob_one_that_may_be_pulled_from_is_enough(owner: Doors) -> None:
    await owner.served("CreateRepository", repositoryName="shared")
    await owner.push_blob("shared", SECRET, DIGEST)
    doors = await pusher(owner, {"Action": PULL, "Resource": REGISTRY.arn("shared")})
    assert not await mounted(doors, "secret")
    assert await mounted(doors, None)


@SOURCES
@pytest.mark.parametrize("where", ["another account", "another region"])
async def test_a_blob_of_another_registry_is_not_mounted(owner: Doors, where: str, source: str | None) -> None:
    assert not await mounted(await elsewhere(owner, where), source)


@SOURCES
async def test_who_may_push_to_another_account_may_not_mount_what_it_may_not_pull_there(
    owner: Doors, source: str | None
) -> None:
    other = stranger(owner)
    await set_policy(owner, "app", Action=[*PUSH, *PULL], Principal={"AWS": other.account})
    assert not await mounted(other, source, HOST)
    await set_policy(owner, "secret", Action=PULL, Principal={"AWS": other.account})
    assert await mounted(other, source, HOST)


@pytest.mark.parametrize("source", ["..", "secret/../secret", "SECRET", "*", "se*", "secre?", "%73ecret/", "app", ""])
async def test_a_source_that_is_not_the_name_of_a_repository_with_the_blob_gives_nothing(
    owner: Doors, source: str
) -> None:
    assert not await mounted(owner, source)


# --- everybody -----------------------------------------------------------------------------------------------


async def test_what_is_open_to_everybody_opens_no_blob_of_another_repository(owner: Doors) -> None:
    await set_policy(owner, "app", Action=PULL)
    answer = await owner.request("GET", f"/v2/app/blobs/{DIGEST}", headers=HOST)
    assert answer.status == 404
    assert (await owner.request("GET", f"/v2/secret/blobs/{DIGEST}", headers=HOST)).status == 401
