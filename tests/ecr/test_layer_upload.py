"""Layers that are put together from parts by the ECR API."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

from support.content import UNKNOWN, UNKNOWN_UPLOAD, sha256, sha512
from support.ecr_errors import invalid, no_repository
from support.ecr_layers import begin, check, complete, send, uploaded
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.server import Server
from wharfinger.domain.faults import TooManyParts
from wharfinger.domain.uploads import Parts

MEBIBYTE: Final = 1024 * 1024


def test_an_upload_has_a_lower_case_uuid_and_advises_parts_of_ten_mebibytes(registry: Registry) -> None:
    registry.create("app")
    begun = RawEcr(registry).call("InitiateLayerUpload", {"repositoryName": "app"}).json
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
    [[UNKNOWN], [UNKNOWN, "sha256:00"], [sha512(b"layer")]],
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
    for reply in (send(registry, UNKNOWN_UPLOAD, 0, b"a"), complete(registry, UNKNOWN_UPLOAD, sha256(b"a"))):
        assert (reply.status, reply.error[0]) == (400, "UploadNotFoundException")
        assert UNKNOWN_UPLOAD in reply.error[1]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("InitiateLayerUpload", {}),
        ("CompleteLayerUpload", {"uploadId": UNKNOWN_UPLOAD, "layerDigests": [UNKNOWN]}),
        ("BatchCheckLayerAvailability", {"layerDigests": [UNKNOWN]}),
        ("GetDownloadUrlForLayer", {"layerDigest": UNKNOWN}),
    ],
)
def test_layers_of_a_missing_repository_are_not_found(
    registry: Registry, operation: str, arguments: dict[str, Any]
) -> None:
    reply = RawEcr(registry).call(operation, {"repositoryName": "missing", **arguments})
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
