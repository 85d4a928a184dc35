"""DescribeImages: what an image is described by, and when it was pulled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import (
    DOCKER_CONFIG,
    DOCKER_IMAGE,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    UNKNOWN,
    image,
    index,
    layer,
    series,
)
from support.doors import Doors
from support.ecr_errors import no_image
from support.moments import Period
from support.poll import until
from support.raw_ecr import RawEcr
from support.registry import Registry, error_of
from support.state import Clock

DAY: Final = 24 * 3_600_000


def describe(registry: Registry, repository: str, *ids: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    """Image details as they are on the wire."""
    arguments = {"repositoryName": repository, **({"imageIds": list(ids)} if ids else {}), **more}
    found: list[dict[str, Any]] = RawEcr(registry).call("DescribeImages", arguments).json["imageDetails"]
    return found


# --- DescribeImages ------------------------------------------------------------------------------------------


def test_an_image_is_described_by_these_fields_and_no_others(registry: Registry) -> None:
    app, one = registry.create(), image(layer(5000), layer(3000))
    push = Period()
    registry.oci.push(app, one, "v1", "v2")
    (found,) = describe(registry, app)
    assert datetime.fromtimestamp(found.pop("imagePushedAt"), UTC) in push
    assert sorted(found.pop("imageTags")) == ["v1", "v2"]
    assert found == {
        "registryId": registry.account,
        "repositoryName": app,
        "imageDigest": one.digest,
        "imageSizeInBytes": sum(map(len, one.blobs.values())),
        "imageManifestMediaType": OCI_IMAGE,
        "artifactMediaType": OCI_CONFIG,
        "imageStatus": "ACTIVE",
    }


def test_an_untagged_image_is_described_without_tags(registry: Registry) -> None:
    app = registry.create()
    registry.oci.push(app, image())
    assert "imageTags" not in describe(registry, app)[0]


def test_an_index_is_as_large_as_its_largest_image_and_has_no_artifact_type(registry: Registry) -> None:
    app, small, large = registry.create(), image(layer(100)), image(layer(9000))
    both = index(small, large)
    registry.oci.push(app, both, "v1")
    (found,) = describe(registry, app, {"imageTag": "v1"})
    assert found["imageSizeInBytes"] == large.size
    assert found["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in found


def test_an_index_of_indexes_is_as_large_as_the_largest_image_in_it(registry: Registry) -> None:
    app, small, large = registry.create(), image(layer(100)), image(layer(9000))
    registry.oci.push(app, index(index(small), index(large)), "v1")
    assert describe(registry, app, {"imageTag": "v1"})[0]["imageSizeInBytes"] == large.size


def test_a_layer_that_an_image_lists_twice_is_counted_once(registry: Registry) -> None:
    app, content = registry.create(), layer()
    one = image(content, content)
    registry.oci.push(app, one, "v1")
    assert describe(registry, app)[0]["imageSizeInBytes"] == sum(map(len, one.blobs.values()))


@pytest.mark.parametrize(
    ("settings", "media_type"),
    [
        ({"media_type": DOCKER_IMAGE}, DOCKER_CONFIG),
        ({"config_type": "application/vnd.cncf.helm.config.v1+json"}, "application/vnd.cncf.helm.config.v1+json"),
        ({"config_type": OCI_EMPTY, "artifact_type": "application/vnd.test"}, "application/vnd.test"),
    ],
    ids=["docker", "helm", "artifact"],
)
def test_the_artifact_type_is_that_of_the_manifest_or_its_config(
    registry: Registry, settings: dict[str, str], media_type: str
) -> None:
    app = registry.create()
    registry.oci.push(app, image(**settings), "v1")  # type: ignore[arg-type]  # all texts
    assert describe(registry, app)[0]["artifactMediaType"] == media_type


def test_an_image_with_a_subject_names_it(registry: Registry) -> None:
    app, subject = registry.create(), image()
    registry.oci.push(app, image(subject=subject), "signature")
    assert describe(registry, app)[0]["subjectManifestDigest"] == subject.digest


def test_an_image_that_is_named_by_one_tag_is_described_with_all(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1", "v2")
    (found,) = describe(registry, app, {"imageTag": "v2"})
    assert sorted(found["imageTags"]) == ["v1", "v2"]


def test_ids_of_one_image_describe_it_once(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1", "v2")
    found = describe(registry, app, {"imageTag": "v2"}, {"imageDigest": one.digest}, {"imageTag": "v1"})
    assert [item["imageDigest"] for item in found] == [one.digest]


def test_images_that_are_named_come_in_the_order_of_the_ids(registry: Registry) -> None:
    app, images = registry.create(), series(3)
    registry.put_images(app, *images, tags=("a", "b", "c"))
    found = describe(registry, app, {"imageTag": "c"}, {"imageTag": "a"})
    assert [item["imageDigest"] for item in found] == [images[2].digest, images[0].digest]


def test_a_filter_beside_ids_is_ignored(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    found = describe(registry, app, {"imageTag": "v1"}, filter={"tagStatus": "UNTAGGED", "imageStatus": "ARCHIVED"})
    assert [item["imageDigest"] for item in found] == [one.digest]


@pytest.mark.parametrize(
    ("asked", "digest", "tag"),
    [
        ({"imageTag": "nope"}, "null", "nope"),
        ({"imageDigest": UNKNOWN}, UNKNOWN, "null"),
        ({"imageDigest": UNKNOWN, "imageTag": "nope"}, UNKNOWN, "nope"),
        ({"imageDigest": UNKNOWN, "imageTag": "v1"}, UNKNOWN, "v1"),
    ],
    ids=["tag", "digest", "both", "of-another-image"],
)
def test_one_missing_image_fails_the_whole_description(
    registry: Registry, asked: dict[str, str], digest: str, tag: str
) -> None:
    app = registry.create()
    registry.oci.push(app, image(), "v1")
    reply = RawEcr(registry).call("DescribeImages", {"repositoryName": app, "imageIds": [{"imageTag": "v1"}, asked]})
    assert (reply.status, reply.error) == (400, no_image(app, registry.account, digest, tag))


@pytest.mark.parametrize("asked", [{}, {"imageDigest": "sha256:zz"}, {"imageTag": "a b"}], ids=str)
def test_an_id_that_can_be_none_fails_a_description_as_a_parameter(registry: Registry, asked: dict[str, str]) -> None:
    app = registry.create()
    reply = RawEcr(registry).call("DescribeImages", {"repositoryName": app, "imageIds": [asked]})
    assert (reply.status, reply.error[0]) == (400, "InvalidParameterException")


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("condition", "wanted"), [({}, [0, 1, 2]), ({"tagStatus": "TAGGED"}, [0, 2])], ids=["all", "tagged"]
)
def test_pages_of_any_size_describe_every_image_once(
    registry: Registry, size: int, condition: dict[str, str], wanted: list[int]
) -> None:
    app, images = registry.create(), series(3)
    registry.put_images(app, *images, tags=("a", None, "c"))
    registry.put_image(app, images[0], "d")
    pages = list(
        registry.ecr.get_paginator("describe_images").paginate(
            repositoryName=app, filter=condition, PaginationConfig={"PageSize": size}
        )
    )
    found = [item["imageDigest"] for page in pages for item in page["imageDetails"]]
    assert found == [images[number].digest for number in wanted]
    assert max(len(page["imageDetails"]) for page in pages) <= size


@pytest.mark.parametrize("paging", [{"maxResults": 5}, {"nextToken": "x"}], ids=["maxResults", "nextToken"])
def test_images_that_are_named_have_no_pages(registry: Registry, paging: dict[str, Any]) -> None:
    app = registry.create()
    registry.oci.push(app, image(), "v1")
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_images(repositoryName=app, imageIds=[{"imageTag": "v1"}], **paging)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert f"'{next(iter(paging))}'" in message


# --- when an image was pulled --------------------------------------------------------------------------------


def test_an_image_that_was_never_pulled_has_no_pull_time(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    registry.oci.head(f"/v2/{app}/manifests/v1")
    assert "lastRecordedPullTime" not in describe(registry, app)[0]


@pytest.mark.parametrize("door", ["ecr", "oci"])
def test_a_pull_is_recorded(registry: Registry, door: str) -> None:
    """Before it is answered, but where the disk takes longer than a client is made to wait."""
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    pull = Period()
    if door == "ecr":
        registry.ecr.batch_get_image(repositoryName=app, imageIds=[{"imageDigest": one.digest}])
    else:
        registry.oci.get(f"/v2/{app}/manifests/v1")
    until(lambda: "lastRecordedPullTime" in describe(registry, app)[0], "the pull is recorded")
    assert datetime.fromtimestamp(describe(registry, app)[0]["lastRecordedPullTime"], UTC) in pull


async def test_the_pull_time_is_written_once_a_day(doors: Doors, clock: Clock) -> None:
    await doors.push("app", image(), "v1")
    first = clock() / 1000
    assert await pulled(doors) == first
    clock.move(DAY - 1)
    assert await pulled(doors) == first
    clock.move(1)
    assert await pulled(doors) == clock() / 1000


async def pulled(doors: Doors) -> float:
    """Pull, and say when the last pull was by the books."""
    await doors.served("BatchGetImage", repositoryName="app", imageIds=[{"imageTag": "v1"}])
    (found,) = (await doors.served("DescribeImages", repositoryName="app"))["imageDetails"]
    when: float = found["lastRecordedPullTime"]
    return when
