"""Layers by the ECR API: put together from parts, looked up, and downloaded from an address that is its own login."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.exceptions import ClientError

from support.content import OCI_CONFIG, OCI_LAYER, Image, image, index, sha256
from support.ecr_held import held
from support.ecr_images import UNKNOWN, abroad, invalid, no_repository, push_blobs, series, stranger
from support.ecr_model import UUID
from support.ecr_wire import Reply, Wire
from support.registry import Registry, error_of
from support.server import Server
from wharfinger.domain.faults import TooManyParts, UploadNotFound
from wharfinger.domain.names import Registry as RegistryName
from wharfinger.domain.uploads import Parts
from wharfinger.services import uploads
from wharfinger.services.access import Caller

MEBIBYTE: Final = 1024 * 1024
HOUR: Final = 3_600_000


def begin(registry: Registry, repository: str = "app") -> str:
    return str(registry.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"])


def send(registry: Registry, upload: str, first: int, part: bytes, last: int | None = None, **more: Any) -> Reply:
    """UploadLayerPart, with bounds that fit if none are given."""
    arguments = {
        "repositoryName": "app",
        "uploadId": upload,
        "partFirstByte": first,
        "partLastByte": first + len(part) - 1 if last is None else last,
        "layerPartBlob": base64.b64encode(part).decode(),
        **more,
    }
    return Wire(registry).call("UploadLayerPart", arguments)


def complete(registry: Registry, upload: str, *digests: str, repository: str = "app") -> Reply:
    arguments = {"repositoryName": repository, "uploadId": upload, "layerDigests": list(digests)}
    return Wire(registry).call("CompleteLayerUpload", arguments)


def uploaded(registry: Registry, content: bytes, repository: str = "app") -> str:
    """A layer of one part: its digest."""
    upload = begin(registry, repository)
    assert send(registry, upload, 0, content, repositoryName=repository).status == 200
    reply = complete(registry, upload, sha256(content), repository=repository)
    assert reply.status == 200, reply
    return sha256(content)


def check(registry: Registry, *digests: str, repository: str = "app") -> Any:
    arguments = {"repositoryName": repository, "layerDigests": list(digests)}
    return Wire(registry).call("BatchCheckLayerAvailability", arguments).json


# --- upload --------------------------------------------------------------------------------------------------


def test_an_upload_has_a_lower_case_uuid_and_advises_parts_of_ten_mebibytes(registry: Registry) -> None:
    registry.create("app")
    begun = Wire(registry).call("InitiateLayerUpload", {"repositoryName": "app"}).json
    assert len(begun["uploadId"]) == 36
    assert begun == {"uploadId": begun["uploadId"].lower(), "partSize": 10 * MEBIBYTE}


def test_a_part_is_answered_with_the_last_byte_received(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry)
    assert send(registry, upload, 0, b"12345").json == {
        "registryId": registry.account,
        "repositoryName": "app",
        "uploadId": upload,
        "lastByteReceived": 4,
    }
    assert send(registry, upload, 5, b"678").json["lastByteReceived"] == 7


def test_a_layer_that_is_complete_is_answered_with_its_digest(registry: Registry) -> None:
    registry.create("app")
    upload, content = begin(registry), os.urandom(1000)
    send(registry, upload, 0, content)
    assert complete(registry, upload, sha256(content)).json == {
        "registryId": registry.account,
        "repositoryName": "app",
        "uploadId": upload,
        "layerDigest": sha256(content),
    }


def test_parts_make_the_layer_in_their_order(registry: Registry) -> None:
    registry.create("app")
    upload, content = begin(registry), os.urandom(5 * MEBIBYTE + 7)
    for first in (0, 5 * MEBIBYTE):
        assert send(registry, upload, first, content[first : first + 5 * MEBIBYTE]).status == 200
    assert complete(registry, upload, sha256(content)).status == 200
    assert registry.oci.get(f"/v2/app/blobs/{sha256(content)}").body == content


MISPLACED: Final = {
    "gap": (6, b"12345", 10),
    "overlap": (4, b"12345", 8),
    "repeated": (0, b"12345", 4),
    "more bytes said than sent": (5, b"12345", 20),
    "fewer bytes said than sent": (5, b"12345", 5),
    "last before first": (5, b"12345", 2),
    "absurd": (2**63, b"12345", 2**63 + 4),
}


@pytest.mark.parametrize(("first", "part", "last"), MISPLACED.values(), ids=MISPLACED)
def test_a_part_that_does_not_follow_is_refused_with_the_last_byte_that_is_valid(
    registry: Registry, first: int, part: bytes, last: int
) -> None:
    registry.create("app")
    upload = begin(registry)
    send(registry, upload, 0, b"abcde")
    reply = send(registry, upload, first, part, last)
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, "InvalidLayerPartException")
    assert reply.json == {
        "__type": "InvalidLayerPartException",
        "message": reply.json["message"],
        "registryId": registry.account,
        "repositoryName": "app",
        "uploadId": upload,
        "lastValidByteReceived": 4,
    }


def test_an_upload_goes_on_after_a_part_that_was_refused(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry)
    send(registry, upload, 0, b"a" * 5 * MEBIBYTE)
    assert send(registry, upload, 7, b"xyz").status == 400
    assert send(registry, upload, 5 * MEBIBYTE, b"b").status == 200
    assert complete(registry, upload, sha256(b"a" * 5 * MEBIBYTE + b"b")).status == 200


def test_an_sdk_sees_where_to_go_on(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry)
    send(registry, upload, 0, b"abcde")
    with pytest.raises(registry.ecr.exceptions.InvalidLayerPartException) as caught:
        registry.ecr.upload_layer_part(
            repositoryName="app", uploadId=upload, partFirstByte=9, partLastByte=9, layerPartBlob=b"x"
        )
    assert caught.value.response["lastValidByteReceived"] == 4


def test_a_part_may_have_twenty_mebibytes(registry: Registry) -> None:
    registry.create("app")
    upload, content = begin(registry), bytes(20 * MEBIBYTE)
    assert send(registry, upload, 0, content).json["lastByteReceived"] == 20 * MEBIBYTE - 1
    assert complete(registry, upload, sha256(content)).status == 200


def test_a_part_over_twenty_mebibytes_is_refused(registry: Registry) -> None:
    registry.create("app")
    reply = send(registry, begin(registry), 0, bytes(20 * MEBIBYTE + 1))
    assert reply.error == invalid("layerPartBlob", "Member must have length less than or equal to 20971520")


@pytest.mark.parametrize("text", ["%%%", "YQ", "YQ=", "Y Q==", "\u00e4", "YQ==YQ=="], ids=ascii)
def test_a_part_that_is_no_base64_is_a_serialization_error(registry: Registry, text: str) -> None:
    registry.create("app")
    reply = send(registry, begin(registry), 0, b"a", layerPartBlob=text)
    assert (reply.status, reply.error[0]) == (400, "SerializationException")


def test_a_part_without_a_byte_is_refused(registry: Registry) -> None:
    registry.create("app")
    reply = send(registry, begin(registry), 0, b"", last=0)
    assert (reply.status, reply.error[0]) == (400, "InvalidParameterException")


@pytest.mark.parametrize(
    ("sizes", "is_small"),
    [
        ([1], False),
        ([5 * MEBIBYTE, 1], False),
        ([5 * MEBIBYTE - 1, 1], True),
        ([1, 5 * MEBIBYTE], True),
        ([5 * MEBIBYTE, 1, 1], True),
    ],
    ids=str,
)
def test_every_part_but_the_last_has_five_mebibytes(registry: Registry, sizes: list[int], is_small: bool) -> None:
    registry.create("app")
    upload, content = begin(registry), bytes(sum(sizes))
    first = 0
    for size in sizes:
        assert send(registry, upload, first, bytes(size)).status == 200
        first += size
    reply = complete(registry, upload, sha256(content))
    if is_small:
        text = "All layer parts except the last part should be at least 5MB"
        assert (reply.status, reply.error) == (400, ("LayerPartTooSmallException", text))
    else:
        assert reply.status == 200


def test_a_layer_has_at_most_4200_parts() -> None:
    almost = Parts(number=4199, last_size=5 * MEBIBYTE)
    with pytest.raises(TooManyParts):
        almost.and_one_of(1).and_one_of(1)


@pytest.mark.parametrize(
    "digests",
    [[UNKNOWN], [UNKNOWN, "sha256:00"], ["sha512:" + hashlib.sha512(b"layer").hexdigest()]],
    ids=["another", "others", "sha512"],
)
def test_a_layer_of_another_digest_is_invalid(registry: Registry, digests: list[str]) -> None:
    registry.create("app")
    upload = begin(registry)
    send(registry, upload, 0, b"layer")
    reply = complete(registry, upload, *digests)
    assert (reply.status, reply.error[0]) == (400, "InvalidLayerException")
    assert check(registry, sha256(b"layer"))["layers"][0]["layerAvailability"] == "UNAVAILABLE"


def test_one_of_several_digests_has_to_be_right(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry)
    send(registry, upload, 0, b"layer")
    answer = complete(registry, upload, UNKNOWN, sha256(b"layer"), "sha512:" + "0" * 128).json
    assert answer["layerDigest"] == sha256(b"layer")


def test_an_upload_without_parts_is_empty(registry: Registry) -> None:
    registry.create("app")
    reply = complete(registry, begin(registry), sha256(b""))
    assert (reply.status, reply.error[0]) == (400, "EmptyUploadException")


def test_a_layer_that_the_repository_has_exists_already(registry: Registry) -> None:
    registry.create("app")
    uploaded(registry, b"layer")
    upload = begin(registry)
    send(registry, upload, 0, b"layer")
    reply = complete(registry, upload, sha256(b"layer"))
    assert (reply.status, reply.error[0]) == (400, "LayerAlreadyExistsException")
    assert sha256(b"layer") in reply.error[1]


def test_a_layer_that_another_repository_has_is_new(registry: Registry) -> None:
    registry.create("app")
    registry.create("other")
    uploaded(registry, b"layer", "other")
    assert uploaded(registry, b"layer") == sha256(b"layer")


def test_an_upload_ends_with_its_layer(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry)
    send(registry, upload, 0, b"layer")
    complete(registry, upload, sha256(b"layer"))
    assert send(registry, upload, 5, b"more").error[0] == "UploadNotFoundException"
    assert complete(registry, upload, sha256(b"layer")).error[0] == "UploadNotFoundException"


def test_an_upload_is_the_same_at_both_doors(registry: Registry) -> None:
    registry.create("app")
    path = registry.oci.begin("app")
    assert send(registry, path.rpartition("/")[2], 0, b"layer").status == 200
    assert registry.oci.get(path).headers["Range"] == "0-4"
    assert registry.oci.call("PUT", f"{path}?digest={sha256(b'layer')}").status == 201


# --- whose upload --------------------------------------------------------------------------------------------


def test_an_upload_may_be_named_in_capitals(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry)
    assert send(registry, upload.upper(), 0, b"layer").status == 200


def test_an_unknown_upload_is_not_found(registry: Registry) -> None:
    registry.create("app")
    for reply in (send(registry, UUID, 0, b"a"), complete(registry, UUID, sha256(b"a"))):
        assert (reply.status, reply.error[0]) == (400, "UploadNotFoundException")
        assert UUID in reply.error[1]


def test_an_upload_of_another_repository_is_not_found(registry: Registry) -> None:
    registry.create("app")
    upload = begin(registry, registry.create("other"))
    assert send(registry, upload, 0, b"a").error[0] == "UploadNotFoundException"
    assert complete(registry, upload, sha256(b"a")).error[0] == "UploadNotFoundException"


@pytest.mark.parametrize("make", [stranger, abroad], ids=["account", "region"])
def test_an_upload_of_another_registry_is_not_found(registry: Registry, make: Any) -> None:
    other: Registry = make(registry)
    registry.create("app")
    upload = begin(other, other.create("app"))
    assert send(registry, upload, 0, b"a").error[0] == "UploadNotFoundException"


async def test_an_upload_of_another_principal_is_not_found(tmp_path: Path) -> None:
    async with held(tmp_path) as here:
        await here.ecr("CreateRepository", repositoryName="app")
        registry = RegistryName("123456789012", "eu-central-1")
        owner, other = (Caller(f"arn:aws:iam::123456789012:{name}", registry) for name in ("root", "user/x"))
        upload = await uploads.begin(here.state, owner, registry, "app")
        with pytest.raises(UploadNotFound):
            await uploads.status(here.state, uploads.Target(other, registry, "app", upload.id))
        await uploads.status(here.state, uploads.Target(owner, registry, "app", upload.id))


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("InitiateLayerUpload", {}),
        ("CompleteLayerUpload", {"uploadId": UUID, "layerDigests": [UNKNOWN]}),
        ("BatchCheckLayerAvailability", {"layerDigests": [UNKNOWN]}),
        ("GetDownloadUrlForLayer", {"layerDigest": UNKNOWN}),
    ],
)
def test_layers_of_a_missing_repository_are_not_found(
    registry: Registry, operation: str, arguments: dict[str, Any]
) -> None:
    reply = Wire(registry).call(operation, {"repositoryName": "missing", **arguments})
    assert reply.error == no_repository("missing", registry.account)


def test_parts_may_come_to_different_workers(strict_server: Server, account: str) -> None:
    environment = strict_server.environment(account=account)

    def client() -> Any:
        """A new connection, which any worker may take."""
        return strict_server.ecr(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])

    client().create_repository(repositoryName="app")
    upload = client().initiate_layer_upload(repositoryName="app")["uploadId"]
    part = os.urandom(5 * MEBIBYTE)
    for number in range(4):
        client().upload_layer_part(
            repositoryName="app",
            uploadId=upload,
            partFirstByte=number * len(part),
            partLastByte=(number + 1) * len(part) - 1,
            layerPartBlob=part,
        )
    digest = sha256(part * 4)
    answer = client().complete_layer_upload(repositoryName="app", uploadId=upload, layerDigests=[digest])
    assert answer["layerDigest"] == digest


# --- BatchCheckLayerAvailability -----------------------------------------------------------------------------


def test_layers_are_looked_up_in_the_order_of_the_digests(registry: Registry) -> None:
    registry.create("app")
    one, two = uploaded(registry, b"one"), uploaded(registry, b"three")
    assert check(registry, two, UNKNOWN, one) == {
        "layers": [
            {"layerDigest": two, "layerAvailability": "AVAILABLE", "layerSize": 5},
            {"layerDigest": UNKNOWN, "layerAvailability": "UNAVAILABLE"},
            {"layerDigest": one, "layerAvailability": "AVAILABLE", "layerSize": 3},
        ],
        "failures": [],
    }


def test_layers_of_an_image_are_shown_with_their_media_types(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    config, content = one.blobs
    assert [item["mediaType"] for item in check(registry, config, content)["layers"]] == [OCI_CONFIG, OCI_LAYER]


def test_a_layer_that_only_another_repository_has_is_unavailable(registry: Registry) -> None:
    registry.create("app")
    digest = uploaded(registry, b"layer", registry.create("other"))
    assert check(registry, digest)["layers"] == [{"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}]


@pytest.mark.parametrize("digest", ["sha256:abc", "sha512:" + "0" * 128, "sha256:" + "A" * 64, "md5:00"])
def test_a_digest_of_ecr_s_form_that_can_be_no_layer_is_unavailable(registry: Registry, digest: str) -> None:
    registry.create("app")
    assert check(registry, digest)["layers"] == [{"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}]


@pytest.mark.parametrize("digest", ["latest", "sha256:zz", "sha256:", ":00", "a b:00", "../etc/passwd", "x" * 1000])
def test_a_malformed_digest_is_a_failure_and_echoed(registry: Registry, digest: str) -> None:
    registry.create("app")
    answer = check(registry, digest)
    (failed,) = answer["failures"]
    assert (failed["layerDigest"], failed["failureCode"]) == (digest, "InvalidLayerDigest")
    assert failed["failureReason"]
    assert answer["layers"] == []


def test_an_empty_digest_is_a_failure(registry: Registry) -> None:
    registry.create("app")
    (failed,) = check(registry, "")["failures"]
    assert failed["failureCode"] == "MissingLayerDigest"
    assert failed["failureReason"]


def test_digests_that_fail_do_not_hinder_the_others(registry: Registry) -> None:
    registry.create("app")
    digest = uploaded(registry, b"layer")
    answer = check(registry, "b d", digest, "", "a d")
    assert [item["layerDigest"] for item in answer["layers"]] == [digest]
    assert [item["failureCode"] for item in answer["failures"]] == [
        "InvalidLayerDigest",
        "MissingLayerDigest",
        "InvalidLayerDigest",
    ]


def test_a_digest_over_a_thousand_characters_is_an_invalid_parameter(registry: Registry) -> None:
    registry.create("app")
    arguments = {"repositoryName": "app", "layerDigests": [UNKNOWN, "x" * 1001]}
    constraint = "Member must have length less than or equal to 1000"
    reply = Wire(registry).call("BatchCheckLayerAvailability", arguments)
    assert reply.error == invalid("layerDigests.2.member", constraint)


# --- GetDownloadUrlForLayer ----------------------------------------------------------------------------------


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


async def test_a_download_address_is_good_for_an_hour(tmp_path: Path) -> None:
    (one,) = series(1)
    async with held(tmp_path) as here:
        await here.ecr("CreateRepository", repositoryName="app")
        for content in one.blobs.values():
            await here.push_blob("app", content)
        await here.ecr("PutImage", repositoryName="app", imageManifest=one.text)
        answer = await here.ecr("GetDownloadUrlForLayer", repositoryName="app", layerDigest=next(iter(one.blobs)))
        here.clock.forward(HOUR - 1)
        assert (await here.ask("GET", answer["downloadUrl"])) == (200, next(iter(one.blobs.values())))
        here.clock.forward(1)
        status, body = await here.ask("GET", answer["downloadUrl"])
        assert status == 403
        assert json.loads(body)["errors"][0]["code"] == "DENIED"


def test_a_layer_that_no_image_refers_to_is_inaccessible(registry: Registry) -> None:
    registry.create("app")
    digest = uploaded(registry, b"layer")
    with pytest.raises(registry.ecr.exceptions.LayerInaccessibleException):
        address(registry, digest)


def test_a_layer_is_inaccessible_once_its_last_image_is_deleted(registry: Registry) -> None:
    registry.create("app")
    first, second = series(2)
    push_blobs(registry, "app", first)
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
    reply = Wire(registry).call("GetDownloadUrlForLayer", {"repositoryName": "app", "layerDigest": digest})
    pattern = "Member must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
    assert reply.error == invalid("layerDigest", pattern)


def test_a_layer_of_a_sha512_digest_is_downloaded(registry: Registry) -> None:
    registry.create("app")
    (one,) = series(1)
    push_blobs(registry, "app", one)
    content = b"long digest"
    digest = "sha512:" + hashlib.sha512(content).hexdigest()
    registry.oci.push_blob("app", content, digest)
    body = json.loads(one.manifest)
    body["layers"].append({"mediaType": OCI_LAYER, "digest": digest, "size": len(content)})
    registry.ecr.put_image(repositoryName="app", imageManifest=json.dumps(body))
    assert fetch(address(registry, digest)).data == content
