"""What was deleted comes back: the same digests, with their tags, from whichever way they went (promise P6)."""

from __future__ import annotations

from typing import Any

import pytest

from support.content import Image, image, index
from support.doors import Doors
from support.state import Clock, collect_all
from wharfinger.state.clock import DAY, HOUR

APP = {"repositoryName": "app"}
ONE = image()


async def tags(doors: Doors) -> dict[str | None, str]:
    """Every line of ListImages: a tag, or None, with the digest."""
    lines = (await doors.served("ListImages", **APP))["imageIds"]
    return {line.get("imageTag"): line["imageDigest"] for line in lines}


async def deletion(doors: Doors) -> Any:
    """What was deleted last."""
    return (await doors.served("ListDeletions", maxResults=1))["deletions"][0]


async def restore_last(doors: Doors) -> Any:
    """Bring back what was deleted last: the answer."""
    return await doors.served("RestoreDeletion", deletionId=(await deletion(doors))["deletionId"])


async def is_whole(doors: Doors, one: Image, reference: str) -> bool:
    """Whether an image is served with the bytes that were pushed, its layers and children too."""
    answer = await doors.oci("GET", f"app/manifests/{reference}")
    if (answer.status, answer.body) != (200, one.manifest):
        return False
    for digest, content in one.blobs.items():
        blob = await doors.oci("GET", f"app/blobs/{digest}")
        if (blob.status, blob.content) != (200, content):
            return False
    return all([await is_whole(doors, child, child.digest) for child in one.children])


async def delete(doors: Doors, way: str, one: Image) -> None:
    """Delete an image that has the one tag `latest`."""
    if way == "the data plane, by digest":
        assert (await doors.oci("DELETE", f"app/manifests/{one.digest}")).status == 202
    elif way == "the data plane, by its last tag":
        assert (await doors.oci("DELETE", "app/manifests/latest")).status == 202
    elif way == "BatchDeleteImage, by digest":
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": one.digest}])
    elif way == "BatchDeleteImage, by its last tag":
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    elif way == "DeleteImages":
        await doors.served("DeleteImages", **APP, imageIds=[{"imageTag": "latest"}], reason="tidying")
    else:
        await doors.served("DeleteRepository", **APP, force=True)


WAYS = (
    "the data plane, by digest",
    "the data plane, by its last tag",
    "BatchDeleteImage, by digest",
    "BatchDeleteImage, by its last tag",
    "DeleteImages",
    "DeleteRepository",
)


@pytest.mark.parametrize("way", WAYS)
async def test_an_image_comes_back_whole_whichever_way_it_went(doors: Doors, clock: Clock, way: str) -> None:
    await doors.push("app", ONE, "latest")
    await delete(doors, way, ONE)
    assert not await is_whole(doors, ONE, "latest")
    clock.move(6 * DAY)  # leases are over, the term is not
    await collect_all(doors.state)
    answer = await restore_last(doors)
    assert answer["imageIds"] == [{"imageDigest": ONE.digest, "imageTag": "latest"}]
    assert answer["failures"] == []
    assert await is_whole(doors, ONE, "latest")
    assert (await doors.served("ListDeletions"))["deletions"] == []


async def test_all_that_one_call_deleted_comes_back_at_once(doors: Doors) -> None:
    others = [image() for _ in range(3)]
    for number, one in enumerate(others):
        await doors.push("app", one, f"v{number}", f"also-{number}")
    before = await tags(doors)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": one.digest} for one in others])
    await restore_last(doors)
    assert await tags(doors) == before


async def test_a_tag_that_was_taken_from_an_image_that_stayed_comes_back(doors: Doors) -> None:
    await doors.push("app", ONE, "one", "two")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "two"}])
    assert (await deletion(doors))["untagged"] == [{"imageDigest": ONE.digest, "imageTag": "two"}]
    await restore_last(doors)
    assert await tags(doors) == {"one": ONE.digest, "two": ONE.digest}


async def test_a_tag_that_was_taken_meanwhile_stays_and_is_reported(doors: Doors) -> None:
    newer = image()
    await doors.push("app", ONE, "latest", "v1")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    await doors.push("app", newer, "latest")
    answer = await restore_last(doors)
    assert answer["imageIds"] == [{"imageDigest": ONE.digest, "imageTag": "v1"}]
    assert [
        (item["imageId"]["imageTag"], item["failureCode"], item["holderDigest"]) for item in answer["failures"]
    ] == [("latest", "TagTaken", newer.digest)]
    assert await tags(doors) == {"latest": newer.digest, "v1": ONE.digest}


async def test_an_image_that_was_pushed_again_meanwhile_gets_its_tags_back(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    await doors.push("app", ONE)
    await restore_last(doors)
    assert await tags(doors) == {"latest": ONE.digest}
    assert (await doors.served("ListDeletedImages"))["images"] == []


async def test_a_repository_comes_back_with_its_settings_and_images(doors: Doors) -> None:
    await doors.served("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    await doors.served("PutDeletionSettings", **APP, settings={"binDays": 30})
    before = (await doors.served("DescribeRepositories", repositoryNames=["app"]))["repositories"]
    await doors.push("app", ONE, "latest")
    await doors.served("DeleteRepository", **APP, force=True)
    assert (await deletion(doors))["wholeRepository"]
    await restore_last(doors)
    assert (await doors.served("DescribeRepositories", repositoryNames=["app"]))["repositories"] == before
    assert (await doors.served("GetDeletionSettings", **APP))["settings"] == {"binDays": 30}
    assert await is_whole(doors, ONE, "latest")


async def test_images_go_into_the_repository_that_has_the_name_now(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("DeleteRepository", **APP, force=True)
    await doors.served("CreateRepository", **APP, imageTagMutability="IMMUTABLE")
    await restore_last(doors)
    assert await is_whole(doors, ONE, "latest")
    [found] = (await doors.served("DescribeRepositories", repositoryNames=["app"]))["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE"


async def test_without_its_repository_an_image_does_not_come_back(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    number = (await deletion(doors))["deletionId"]
    await doors.served("DeleteRepository", **APP)
    assert (await doors.wharfinger("RestoreDeletion", deletionId=number)).code == "RepositoryNotFoundException"


async def test_an_index_comes_back_with_children_that_were_deleted_after_it(doors: Doors) -> None:
    amd64, arm64 = image(architecture="amd64"), image(architecture="arm64")
    both = index(amd64, arm64)
    await doors.push("app", both, "latest", "v1")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": both.digest}])
    number = (await deletion(doors))["deletionId"]
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": one.digest} for one in (amd64, arm64)])
    answer = await doors.served("RestoreDeletion", deletionId=number)
    assert answer["failures"] == []
    assert await is_whole(doors, both, "latest")
    assert await is_whole(doors, both, "v1")


async def test_an_index_whose_child_is_gone_for_good_stays_in_the_bin(doors: Doors) -> None:
    one, two = image(), image()
    both = index(one, two)
    await doors.push("app", both, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": both.digest}])
    kept = (await deletion(doors))["deletionId"]
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": one.digest}])
    await doors.served("EmptyBin", deletionIds=[(await deletion(doors))["deletionId"]])
    await collect_all(doors.state)
    answer = await doors.served("RestoreDeletion", deletionId=kept)
    assert answer["imageIds"] == []
    assert [(item["failureCode"], item["holderDigest"]) for item in answer["failures"]] == [
        ("ChildMissing", one.digest)
    ]
    await doors.push("app", one)
    await doors.served("RestoreDeletion", deletionId=kept)
    assert await is_whole(doors, both, "latest")


async def test_an_index_comes_back_with_its_platforms_its_sbom_and_all_tags(doors: Doors, clock: Clock) -> None:
    amd64, arm64 = image(architecture="amd64"), image(architecture="arm64")
    both = index(amd64, arm64)
    sbom = image(subject=both, artifact_type="application/spdx+json")
    await doors.push("app", both, "latest", "v1")
    await doors.push("app", sbom)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": both.digest}])
    clock.move(2 * HOUR)
    await collect_all(doors.state)  # the SBOM has followed
    assert not await is_whole(doors, sbom, sbom.digest)
    await restore_last(doors)
    assert await is_whole(doors, both, "latest")
    assert await is_whole(doors, both, "v1")
    assert await is_whole(doors, sbom, sbom.digest)
    subject = {"imageDigest": both.digest}
    found = (await doors.served("ListImageReferrers", **APP, subjectId=subject))["referrers"]
    assert [item["digest"] for item in found] == [sbom.digest]


async def test_a_single_image_comes_back_with_its_referrers(doors: Doors, clock: Clock) -> None:
    signature = image(subject=ONE)
    await doors.push("app", ONE, "latest")
    await doors.push("app", signature)
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": ONE.digest}])
    clock.move(2 * HOUR)
    await collect_all(doors.state)
    answer = await doors.served("RestoreImages", **APP, imageIds=[{"imageDigest": ONE.digest}])
    assert answer["failures"] == []
    assert await is_whole(doors, ONE, "latest")
    assert await is_whole(doors, signature, signature.digest)


async def test_by_a_tag_what_it_pointed_to_last_comes_back(doors: Doors) -> None:
    newer = image()
    for one in (ONE, newer):
        await doors.push("app", one, "latest")
        await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    answer = await doors.served("RestoreImages", **APP, imageIds=[{"imageTag": "latest"}])
    assert answer["imageIds"] == [{"imageDigest": newer.digest, "imageTag": "latest"}]


async def test_what_is_not_in_the_bin_is_reported(doors: Doors) -> None:
    answer = await doors.served("RestoreImages", **APP, imageIds=[{"imageTag": "latest"}, {"imageDigest": ONE.digest}])
    assert [item["failureCode"] for item in answer["failures"]] == ["ImageNotFound", "ImageNotFound"]
    assert answer["imageIds"] == []


async def test_a_restoration_is_not_done_twice(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    number = (await deletion(doors))["deletionId"]
    await doors.served("RestoreDeletion", deletionId=number)
    assert (await doors.wharfinger("RestoreDeletion", deletionId=number)).code == "DeletionNotFoundException"


async def test_another_account_neither_sees_nor_restores_it(doors: Doors) -> None:
    await doors.push("app", ONE, "latest")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "latest"}])
    number = (await deletion(doors))["deletionId"]
    other = Doors(doors.state, "999999999999")
    assert (await other.served("ListDeletions"))["deletions"] == []
    assert (await other.served("ListDeletedImages"))["images"] == []
    assert (await other.wharfinger("RestoreDeletion", deletionId=number)).code == "DeletionNotFoundException"
    assert (await other.wharfinger("EmptyBin", deletionIds=[number])).code == "DeletionNotFoundException"
