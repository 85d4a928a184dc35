"""boto3 alone takes an image through its whole life: no container client, no data plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from support.content import OCI_IMAGE, UNKNOWN, Image, descriptor, image, index, layer, sha256
from support.oci import Oci
from support.registry import error_of
from support.shell import Shell

PART = 5 * 1024 * 1024


def upload(ecr: Any, content: bytes, repository: str = "app", part: int = PART) -> str:
    """A blob, part by part, as AWS's documentation shows it; its digest."""
    upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    for first in range(0, len(content), part):
        piece = content[first : first + part]
        last = first + len(piece) - 1
        answer = ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload_id,
            partFirstByte=first,
            partLastByte=last,
            layerPartBlob=piece,
        )
        assert answer["lastByteReceived"] == last
    answer = ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[sha256(content)])
    digest: str = answer["layerDigest"]
    return digest


def push(ecr: Any, pushed: Image, *tags: str, repository: str = "app") -> None:
    """An image with its blobs and children, under each of the tags, or untagged."""
    for child in pushed.children:
        push(ecr, child, repository=repository)
    for content in pushed.blobs.values():
        upload(ecr, content, repository)
    for tag in tags or (None,):
        named = {"imageTag": tag} if tag else {}
        ecr.put_image(repositoryName=repository, imageManifest=pushed.text, **named)


def test_a_layer_sent_in_parts_is_read_back_whole(shell: Shell) -> None:
    big = layer(PART + 1_000_000)
    one = image(big)
    shell.create()
    push(shell.ecr, one, "1")
    url = shell.ecr.get_download_url_for_layer(repositoryName="app", layerDigest=sha256(big))["downloadUrl"]
    assert urllib3.request("GET", url).data == big


def test_a_layer_is_available_before_its_image_is(shell: Shell) -> None:
    shell.create()
    content = layer()
    upload(shell.ecr, content)
    layers = shell.ecr.batch_check_layer_availability(repositoryName="app", layerDigests=[sha256(content), UNKNOWN])
    assert [found["layerAvailability"] for found in layers["layers"]] == ["AVAILABLE", "UNAVAILABLE"]


def test_an_image_is_got_as_it_was_put(shell: Shell) -> None:
    one = image()
    shell.create()
    push(shell.ecr, one, "1")
    got = shell.ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "1"}])["images"][0]
    assert (got["imageManifest"], got["imageManifestMediaType"]) == (one.text, OCI_IMAGE)
    assert got["imageId"] == {"imageDigest": one.digest, "imageTag": "1"}


def test_an_index_is_described_with_the_size_of_its_largest_image(shell: Shell) -> None:
    multi = index(image(layer(100)), image(layer(5000), architecture="arm64"))
    shell.create()
    push(shell.ecr, multi, "multi")
    assert shell.details("multi")["imageSizeInBytes"] == multi.size


def test_an_artifact_is_found_by_its_subject(shell: Shell) -> None:
    subject = image()
    sbom = image(subject=subject, artifact_type="application/vnd.example.sbom", annotations={"made": "by hand"})
    shell.create()
    push(shell.ecr, subject, "1")
    push(shell.ecr, sbom)
    found = shell.ecr.list_image_referrers(repositoryName="app", subjectId={"imageDigest": subject.digest})
    expected = descriptor(OCI_IMAGE, sbom.manifest, artifactType="application/vnd.example.sbom")
    expected |= {"annotations": {"made": "by hand"}, "artifactStatus": "ACTIVE"}
    assert found["referrers"] == [expected]


def test_an_image_is_tagged_again_from_its_own_manifest(shell: Shell) -> None:
    one = image()
    shell.create()
    push(shell.ecr, one, "1")
    got = shell.ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "1"}])["images"][0]
    shell.ecr.put_image(repositoryName="app", imageManifest=got["imageManifest"], imageTag="2")
    assert shell.tags() == {"1": one.digest, "2": one.digest}


@pytest.mark.parametrize(
    ("operation", "arguments", "member"),
    [
        ("describe_repositories", {}, "repositories"),
        ("list_images", {"repositoryName": "app"}, "imageIds"),
        ("describe_images", {"repositoryName": "app"}, "imageDetails"),
    ],
)
def test_a_paginator_sees_everything_once(
    shell: Shell, operation: str, arguments: Mapping[str, str], member: str
) -> None:
    for name in ("app", "base", "tools"):
        shell.create(name)
    for tag in ("1", "2", "3"):
        push(shell.ecr, image(), tag)
    pages = shell.ecr.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 1})
    assert [len(page[member]) for page in pages] == [1, 1, 1]


def test_a_tag_and_an_image_are_deleted_in_one_call(shell: Shell) -> None:
    kept, gone = image(), image()
    shell.create()
    push(shell.ecr, kept, "a", "b")
    push(shell.ecr, gone, "c", "d")
    shell.delete("a", gone.digest)
    assert shell.tags() == {"b": kept.digest}


def test_what_is_deleted_is_answered_as_a_failure_and_not_raised(shell: Shell) -> None:
    shell.create()
    push(shell.ecr, image(), "1")
    shell.delete("1")
    answer = shell.ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "1"}])
    assert answer["images"] == []
    assert answer["failures"] == [
        {"imageId": {"imageTag": "1"}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
    ]


def test_a_repository_with_images_is_deleted_by_force(shell: Shell) -> None:
    shell.create()
    push(shell.ecr, image(), "1")
    shell.ecr.delete_repository(repositoryName="app", force=True)
    assert shell.ecr.describe_repositories()["repositories"] == []


@pytest.mark.parametrize(
    ("operation", "arguments", "exception"),
    [
        ("list_images", {"repositoryName": "nope"}, "RepositoryNotFoundException"),
        ("create_repository", {"repositoryName": "app"}, "RepositoryAlreadyExistsException"),
        ("delete_repository", {"repositoryName": "app"}, "RepositoryNotEmptyException"),
        ("describe_images", {"repositoryName": "app", "imageIds": [{"imageTag": "no"}]}, "ImageNotFoundException"),
        ("put_image", {"repositoryName": "app", "imageManifest": image().text}, "LayersNotFoundException"),
        ("get_download_url_for_layer", {"repositoryName": "app", "layerDigest": UNKNOWN}, "LayersNotFoundException"),
        ("create_repository", {"repositoryName": "UPPER"}, "InvalidParameterException"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_has_its_own_exception_class(
    shell: Shell, operation: str, arguments: Mapping[str, Any], exception: str
) -> None:
    shell.create()
    push(shell.ecr, image(), "1")
    with pytest.raises(getattr(shell.ecr.exceptions, exception)):
        getattr(shell.ecr, operation)(**arguments)


def test_a_session_with_a_wrong_secret_is_refused(shell: Shell) -> None:
    session = boto3.Session(shell.environment["AWS_ACCESS_KEY_ID"], "not-the-secret", region_name=shell.region)
    ecr = session.client("ecr", endpoint_url=shell.environment["AWS_ENDPOINT_URL_ECR"])
    with pytest.raises(ClientError) as caught:
        ecr.describe_repositories()
    assert error_of(caught)[0] == "InvalidSignatureException"


def test_an_authorization_token_opens_the_data_plane_at_its_proxy_endpoint(shell: Shell) -> None:
    data = shell.ecr.get_authorization_token()["authorizationData"][0]
    answer = Oci(data["proxyEndpoint"], None).get("/v2/", {"Authorization": f"Basic {data['authorizationToken']}"})
    assert answer.status == 200
