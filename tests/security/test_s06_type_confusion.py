"""S6: what kind of thing a manifest is, is said once, checked, and the same for everybody who reads it.

Attacks: GHSA-qq97-vm5h-rrhg of distribution and of the specification (one document that is an image to one client and
an index to another, for it has `layers` and `manifests`, or a media type in the header that is not the one inside).

Members one by one are in `tests/oci/test_manifests_refused.py` and `tests/ecr/test_put_image_manifests.py`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from support.answer import Answer
from support.content import DOCKER_IMAGE, DOCKER_LIST, OCI_IMAGE, OCI_INDEX, ORAS_ARTIFACT, Image, image, index
from support.doors import Doors, new_doors
from support.state import Clock

APP: Final = {"repositoryName": "app"}
TYPES: Final = (OCI_IMAGE, OCI_INDEX, DOCKER_IMAGE, DOCKER_LIST, ORAS_ARTIFACT)


class Pushed(NamedTuple):
    """An image and an index of it, both there, and the parts of a document that would be both."""

    doors: Doors
    image: dict[str, Any]
    listing: dict[str, Any]

    async def put(self, door: str, content: bytes, media_type: str | None) -> Answer:
        """Push a document as somebody says that it is."""
        if door == "OCI":
            headers = {"content-type": media_type} if media_type else {}
            return await self.doors.oci("PUT", "app/manifests/odd", content, headers)
        more = {"imageManifestMediaType": media_type} if media_type else {}
        return await self.doors.asked("PutImage", **APP, imageManifest=content.decode(), imageTag="odd", **more)

    async def is_there(self) -> bool:
        return (await self.doors.oci("HEAD", "app/manifests/odd")).status == 200


@pytest.fixture
async def pushed(tmp_path: Path, clock: Clock) -> AsyncIterator[Pushed]:
    async with new_doors(tmp_path / "data", clock) as doors:
        one = image()
        both = index(one)
        await doors.push("app", both, "v1")
        yield Pushed(doors, json.loads(one.manifest), json.loads(both.manifest))


DOORS: Final = pytest.mark.parametrize("door", ["OCI", "ECR"])


@DOORS
@pytest.mark.parametrize("media_type", TYPES)
async def test_a_document_that_is_an_image_and_an_index_is_neither(pushed: Pushed, door: str, media_type: str) -> None:
    both = {**pushed.listing, **pushed.image, "mediaType": media_type}
    assert (await pushed.put(door, json.dumps(both).encode(), media_type)).status == 400
    assert not await pushed.is_there()


@DOORS
@pytest.mark.parametrize("said", [media_type for media_type in TYPES if media_type != OCI_IMAGE])
async def test_a_media_type_beside_the_document_is_the_one_inside(pushed: Pushed, door: str, said: str) -> None:
    assert (await pushed.put(door, json.dumps(pushed.image).encode(), said)).status == 400
    assert not await pushed.is_there()


@DOORS
async def test_a_document_that_leaves_its_type_open_has_the_members_of_the_type_that_is_said(
    pushed: Pushed, door: str
) -> None:
    for body, said in ((pushed.image, OCI_INDEX), (pushed.listing, OCI_IMAGE)):
        open_ = {name: value for name, value in body.items() if name != "mediaType"}
        assert (await pushed.put(door, json.dumps(open_).encode(), said)).status == 400
    assert not await pushed.is_there()


@DOORS
@pytest.mark.parametrize("member", ["mediaType", "config", "layers", "manifests", "schemaVersion", "subject"])
async def test_a_member_that_is_said_twice_is_read_by_nobody(pushed: Pushed, door: str, member: str) -> None:
    """Parsers differ in which of the two counts."""
    body = pushed.listing if member == "manifests" else pushed.image
    value = json.dumps(body.get(member, {}))
    text = json.dumps({name: item for name, item in body.items() if name != member})
    twice = f'{text[:-1]}, "{member}": {value}, "{member}": {value}}}'
    assert (await pushed.put(door, twice.encode(), None)).status == 400
    assert not await pushed.is_there()


@pytest.mark.parametrize("accept", [OCI_IMAGE, OCI_INDEX, DOCKER_IMAGE, "*/*", "text/html", "application/json"])
@pytest.mark.parametrize("kind", ["image", "index", "docker"])
async def test_a_manifest_is_shown_as_what_it_is_whatever_somebody_wants(
    pushed: Pushed, kind: str, accept: str
) -> None:
    one: Image = {"image": image(), "index": index(image()), "docker": image(media_type=DOCKER_IMAGE)}[kind]
    await pushed.doors.push("app", one, "odd")
    for reference in ("odd", one.digest):
        for method in ("GET", "HEAD"):
            answer = await pushed.doors.oci(method, f"app/manifests/{reference}", headers={"accept": accept})
            assert answer.headers["content-type"] == one.media_type
            assert answer.headers["docker-content-digest"] == one.digest
            assert answer.body == (one.manifest if method == "GET" else b"")
    asked = {**APP, "imageIds": [{"imageTag": "odd"}], "acceptedMediaTypes": [accept]}
    [found] = (await pushed.doors.served("BatchGetImage", **asked))["images"]
    assert (found["imageManifest"], found["imageManifestMediaType"]) == (one.text, one.media_type)


async def test_a_blob_is_no_manifest_and_a_manifest_no_blob(pushed: Pushed) -> None:
    """The bytes of a manifest may be a blob too, which then is not listed, tagged or served as a manifest."""
    one = image()
    await pushed.doors.push("app", one, "odd")
    assert (await pushed.doors.oci("GET", f"app/blobs/{one.digest}")).status == 404
    lonely = image()
    await pushed.doors.push_blob("app", lonely.manifest, lonely.digest)
    assert (await pushed.doors.oci("GET", f"app/manifests/{lonely.digest}")).status == 404
    served = await pushed.doors.oci("GET", f"app/blobs/{lonely.digest}")
    assert served.headers["content-type"] == "application/octet-stream"


async def test_what_a_request_says_twice_is_judged_as_it_is_done(pushed: Pushed) -> None:
    """The right is asked for the same value that the operation then uses."""
    await pushed.doors.served("CreateRepository", repositoryName="closed")
    await pushed.doors.push("closed", image(), "v1")
    policy = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "ecr:ListImages"}}'
    await pushed.doors.served("SetRepositoryPolicy", repositoryName="closed", policyText=policy)
    for first, second in (("app", "closed"), ("closed", "app")):
        body = f'{{"repositoryName": "{first}", "repositoryName": "{second}"}}'.encode()
        answer = await pushed.doors.raw("ecr", "ListImages", body)
        assert (answer.status == 200) == (second == "app")
