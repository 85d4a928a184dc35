"""GetDownloadUrlForLayer: an address that is its own login."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.exceptions import ClientError

from support.content import OCI_LAYER, UNKNOWN, Image, image, index, series, sha512
from support.doors import Doors
from support.ecr_errors import invalid
from support.ecr_layers import uploaded
from support.raw_ecr import RawEcr
from support.registry import Registry, error_of, stranger
from support.state import Clock

HOUR: Final = 3_600_000


def address(registry: Registry, digest: str, repository: str = "app") -> str:
    answer = registry.ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)
    assert answer["layerDigest"] == digest
    return str(answer["downloadUrl"])


def fetch(url: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, url, headers=headers, retries=False, redirect=False)


def downloadable(registry: Registry) -> tuple[Image, str, bytes]:
    """An image in a repository, its layer's digest and bytes."""
    registry.create("app")
    one = image()
    registry.oci.push("app", one, "v1")
    digest, content = list(one.blobs.items())[-1]
    return one, digest, content


def test_an_image_is_pushed_and_pulled_by_the_ecr_api_alone(registry: Registry) -> None:
    one = image()
    registry.create("app")
    for content in one.blobs.values():
        uploaded(registry, content)
    registry.put_image("app", one, "v1")
    (got,) = registry.ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "v1"}])["images"]
    manifest = json.loads(got["imageManifest"])
    found = {
        entry["digest"]: fetch(address(registry, entry["digest"])).data
        for entry in (manifest["config"], *manifest["layers"])
    }
    assert found == one.blobs


def test_a_part_of_a_layer_is_downloaded_by_range(registry: Registry) -> None:
    _, digest, content = downloadable(registry)
    answer = fetch(address(registry, digest), Range="bytes=10-19")
    assert (answer.status, answer.data) == (206, content[10:20])
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(content)}"


def test_the_size_of_a_layer_is_seen_by_head(registry: Registry) -> None:
    _, digest, content = downloadable(registry)
    answer = fetch(address(registry, digest), "HEAD")
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(content)))


def test_a_download_address_is_refused_for_another_layer(registry: Registry) -> None:
    one, digest, _ = downloadable(registry)
    config = next(iter(one.blobs))
    assert fetch(address(registry, digest).replace(digest, config)).status == 403


def test_a_download_address_is_refused_for_another_repository(registry: Registry) -> None:
    one, digest, _ = downloadable(registry)
    registry.oci.push(registry.create("other"), one)
    url = address(registry, digest)
    assert fetch(url.replace("/v2/app/", "/v2/other/")).status == 403


def test_a_download_address_leads_to_the_host_that_clients_use(registry: Registry) -> None:
    _, digest, _ = downloadable(registry)
    assert urlsplit(address(registry, digest)).netloc == f"localhost:{registry.server.port}"


def test_a_download_address_never_leads_to_the_same_layer_of_another_account(registry: Registry) -> None:
    one, digest, _ = downloadable(registry)
    other = stranger(registry)
    other.oci.push(other.create("app"), one)
    url = address(registry, digest)
    registry.ecr.delete_repository(repositoryName="app", force=True)
    assert fetch(url).status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda url: url[:-1], 403),
        (lambda url: url + "A", 403),
        (lambda url: url.replace("token=", "token=A"), 403),
        (lambda url: url.partition("token=")[0] + "token=", 403),
        (lambda url: url.partition("token=")[0] + "token=%C3%A9", 403),
        (lambda url: url.partition("?")[0], 401),
        (lambda url: url.replace("token=", "other="), 401),
    ],
    ids=["shorter", "longer", "shifted", "empty", "no-ascii", "none", "renamed"],
)
def test_a_download_address_that_was_changed_is_refused(registry: Registry, change: Any, status: int) -> None:
    _, digest, _ = downloadable(registry)
    assert fetch(change(address(registry, digest))).status == status


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST", "PATCH"])
def test_a_download_address_is_good_for_reading_only(registry: Registry, method: str) -> None:
    _, digest, content = downloadable(registry)
    assert fetch(address(registry, digest), method).status == 401
    assert fetch(address(registry, digest)).data == content


async def test_a_download_address_is_good_for_an_hour(doors: Doors, clock: Clock) -> None:
    (one,) = series(1)
    await doors.push("app", one)
    digest, content = next(iter(one.blobs.items()))
    answer = await doors.served("GetDownloadUrlForLayer", repositoryName="app", layerDigest=digest)
    url = urlsplit(answer["downloadUrl"])
    clock.move(HOUR - 1)
    found = await doors.request("GET", f"{url.path}?{url.query}")
    assert (found.status, found.content) == (200, content)
    clock.move(1)
    refused = await doors.request("GET", f"{url.path}?{url.query}")
    assert (refused.status, refused.code) == (403, "DENIED")


def test_a_layer_that_no_image_refers_to_is_inaccessible(registry: Registry) -> None:
    registry.create("app")
    digest = uploaded(registry, b"layer")
    with pytest.raises(registry.ecr.exceptions.LayerInaccessibleException):
        address(registry, digest)


def test_a_layer_is_inaccessible_once_its_last_image_is_deleted(registry: Registry) -> None:
    registry.create("app")
    first, second = series(2)
    registry.push_blobs("app", first)
    for one in (first, second):
        registry.put_image("app", one)
    digest = next(iter(first.blobs))
    registry.delete("app", first.digest)
    assert fetch(address(registry, digest)).status == 200
    registry.delete("app", second.digest)
    with pytest.raises(registry.ecr.exceptions.LayerInaccessibleException):
        address(registry, digest)


def test_a_layer_that_is_not_there_is_not_found(registry: Registry) -> None:
    registry.create("app")
    with pytest.raises(ClientError) as caught:
        address(registry, UNKNOWN)
    code, message = error_of(caught)
    assert code == "LayersNotFoundException"
    assert UNKNOWN in message


def test_a_manifest_is_no_layer(registry: Registry) -> None:
    app, child = registry.create(), image()
    registry.oci.push(app, index(child), "v1")
    with pytest.raises(registry.ecr.exceptions.LayersNotFoundException):
        address(registry, child.digest)


@pytest.mark.parametrize("digest", ["latest", "", "sha256:zz", "../../etc/passwd"])
def test_a_layer_is_asked_for_by_a_digest(registry: Registry, digest: str) -> None:
    registry.create("app")
    reply = RawEcr(registry).call("GetDownloadUrlForLayer", {"repositoryName": "app", "layerDigest": digest})
    pattern = "Member must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
    assert reply.error == invalid("layerDigest", pattern)


def test_a_layer_of_a_sha512_digest_is_downloaded(registry: Registry) -> None:
    registry.create("app")
    (one,) = series(1)
    registry.push_blobs("app", one)
    content = b"long digest"
    digest = sha512(content)
    registry.oci.push_blob("app", content, digest)
    body = json.loads(one.manifest)
    body["layers"].append({"mediaType": OCI_LAYER, "digest": digest, "size": len(content)})
    registry.ecr.put_image(repositoryName="app", imageManifest=json.dumps(body))
    assert fetch(address(registry, digest)).data == content
