"""S12: under a digest there are the bytes of this digest, by whichever door they came and by whichever they go.

Attacks: distribution CVE-2026-85747 (a manifest that was fetched was not compared with the digest that was wanted),
oras-go, regclient and containerd (a pinned digest that nobody looked at).

There is no upstream yet: pull-through and replication will have to come through the same two functions that check here,
`services/uploads.py` for blobs and `domain/manifests.py` for manifests. What a disk does to bytes is in
`tests/state/test_scrub.py` and `tests/state/test_audit_bytes.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import pytest

from support.answer import Answer
from support.content import OCI_IMAGE, image, sha256, sha512
from support.doors import Doors

APP: Final = {"repositoryName": "app"}
CONTENT: Final = b"these bytes"
OTHER: Final = b"other bytes"
Push = Callable[[Doors, bytes, str], Awaitable[Answer]]


# --- blobs ---------------------------------------------------------------------------------------------------


async def whole(doors: Doors, content: bytes, digest: str) -> Answer:
    return await doors.oci("POST", f"app/blobs/uploads/?digest={digest}", content)


async def in_the_last_request(doors: Doors, content: bytes, digest: str) -> Answer:
    return await doors.oci("PUT", f"{await doors.begin('app')}?digest={digest}", content)


async def streamed(doors: Doors, content: bytes, digest: str) -> Answer:
    upload = await doors.begin("app")
    await doors.oci("PATCH", upload, content)
    return await doors.oci("PUT", f"{upload}?digest={digest}")


async def in_chunks(doors: Doors, content: bytes, digest: str) -> Answer:
    upload = await doors.begin("app")
    for start in range(0, len(content), 4):
        piece = content[start : start + 4]
        headers = {"content-range": f"{start}-{start + len(piece) - 1}"}
        assert (await doors.oci("PATCH", upload, piece, headers)).status == 202
    return await doors.oci("PUT", f"{upload}?digest={digest}")


async def in_parts(doors: Doors, content: bytes, digest: str) -> Answer:
    upload = (await doors.served("InitiateLayerUpload", **APP))["uploadId"]
    where = {**APP, "uploadId": upload}
    part = base64.b64encode(content).decode()
    await doors.served("UploadLayerPart", **where, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=part)
    return await doors.asked("CompleteLayerUpload", **where, layerDigests=[digest])


PUSHES: Final = pytest.mark.parametrize("push", [whole, in_the_last_request, streamed, in_chunks, in_parts])


@PUSHES
async def test_the_bytes_of_a_digest_are_taken_by_every_way_to_push(doors: Doors, push: Push) -> None:
    assert (await push(doors, CONTENT, sha256(CONTENT))).status < 300
    assert (await doors.oci("GET", f"app/blobs/{sha256(CONTENT)}")).content == CONTENT


@PUSHES
@pytest.mark.parametrize("is_there", [False, True], ids=["new", "there already"])
async def test_other_bytes_are_refused_by_every_way_to_push(doors: Doors, push: Push, is_there: bool) -> None:
    """Also where a blob of this digest is there, so that nobody finds out what others have by lying."""
    if is_there:
        await doors.served("CreateRepository", repositoryName="other")
        await doors.push_blob("other", CONTENT, sha256(CONTENT))
    answer = await push(doors, OTHER, sha256(CONTENT))
    assert (answer.status, answer.code in {"DIGEST_INVALID", "InvalidLayerException"}) == (400, True)
    for digest in (sha256(CONTENT), sha256(OTHER)):
        assert (await doors.oci("HEAD", f"app/blobs/{digest}")).status == 404


@pytest.mark.parametrize("push", [whole, in_the_last_request, streamed, in_chunks])
async def test_the_other_algorithm_is_checked_as_well(doors: Doors, push: Push) -> None:
    assert (await push(doors, OTHER, sha512(CONTENT))).code == "DIGEST_INVALID"
    assert (await doors.oci("HEAD", f"app/blobs/{sha512(CONTENT)}")).status == 404


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        "sha256",
        "md5:" + "0" * 32,
        "sha1:" + "0" * 40,
        "sha256:" + "0" * 63,
        "sha256:" + "Z" * 64,
        "none:",
    ],
)
@pytest.mark.parametrize("push", [whole, in_the_last_request, streamed])
async def test_what_checks_nothing_is_no_digest(doors: Doors, push: Push, digest: str) -> None:
    assert (await push(doors, CONTENT, digest)).code == "DIGEST_INVALID"


# --- manifests -----------------------------------------------------------------------------------------------


async def test_a_manifest_of_another_digest_is_neither_stored_nor_tagged(doors: Doors) -> None:
    one, other = image(), image()
    await doors.push("app", one)
    await doors.push("app", other)
    wrong = one.digest
    changed = other.manifest + b" "
    put = await doors.oci("PUT", f"app/manifests/{wrong}?tag=v1", changed, {"content-type": OCI_IMAGE})
    more = {"imageManifest": changed.decode(), "imageDigest": wrong, "imageTag": "v1"}
    put_image = await doors.asked("PutImage", **APP, **more)
    assert (put.code, put_image.code) == ("DIGEST_INVALID", "ImageDigestDoesNotMatchException")
    for reference in ("v1", sha256(changed)):
        assert (await doors.oci("HEAD", f"app/manifests/{reference}")).status == 404
    assert (await doors.oci("GET", f"app/manifests/{wrong}")).body == one.manifest


@pytest.mark.parametrize("door", ["OCI", "ECR"])
@pytest.mark.parametrize("space", [b" ", b"\n", b"\r\n\t "], ids=repr)
async def test_a_manifest_comes_back_byte_for_byte_at_every_door(doors: Doors, door: str, space: bytes) -> None:
    """Whatever it looks like: to write it anew would be to make another one."""
    one = image(annotations={"text": "é\\u00e9\\/ \U0001f600"})
    one = one._replace(manifest=space + one.manifest.replace(b'": ', b'"  :') + space)
    for digest, content in one.blobs.items():
        await doors.push_blob("app", content, digest)
    if door == "OCI":
        assert (await doors.put_manifest("app", "v1", one)).status == 201
    else:
        await doors.served("PutImage", **APP, imageManifest=one.text, imageTag="v1")
    for reference in ("v1", one.digest):
        found = await doors.oci("GET", f"app/manifests/{reference}")
        assert (found.body, found.headers["docker-content-digest"]) == (one.manifest, one.digest)
    [got] = (await doors.served("BatchGetImage", **APP, imageIds=[{"imageTag": "v1"}]))["images"]
    assert got["imageManifest"].encode() == one.manifest


async def test_a_layer_comes_back_byte_for_byte_at_every_door(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    for digest, content in one.blobs.items():
        answer = await doors.served("GetDownloadUrlForLayer", **APP, layerDigest=digest)
        url = urlsplit(answer["downloadUrl"])
        found = await doors.request("GET", f"{url.path}?{url.query}")
        part = await doors.oci("GET", f"app/blobs/{digest}", headers={"range": "bytes=2-5"})
        assert (sha256(found.content), part.content) == (digest, content[2:6])
