"""PutImage: what is stored under which digest and tag."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from support.content import OCI_EMPTY, OCI_IMAGE, UNKNOWN, Image, descriptor, series, sha256, sha512
from support.doors import Doors
from support.ecr_errors import invalid
from support.put_image import changed, ready, refused
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.state import Clock

LIMIT: Final = 4 * 1024 * 1024


def annotated(one: Image, size: int, character: str = "x") -> Image:
    """The same image with an annotation that brings its manifest to a number of bytes."""
    empty = len(changed(one, annotations={"padding": ""}).manifest)
    padding = character * ((size - empty) // len(character.encode()))
    body = {**json.loads(one.manifest), "annotations": {"padding": padding}}
    return one._replace(manifest=json.dumps(body, ensure_ascii=False).encode())


def exists(registry: Registry, repository: str, digest: str, tag: str) -> tuple[str, str]:
    text = (
        f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{repository}' in "
        f"registry with id '{registry.account}'"
    )
    return "ImageAlreadyExistsException", text


# --- digest and bytes ----------------------------------------------------------------------------------------


def test_an_image_is_answered_as_it_was_put(registry: Registry) -> None:
    app, one = ready(registry)
    arguments = {"repositoryName": app, "imageManifest": one.text, "imageTag": "v1"}
    assert RawEcr(registry).call("PutImage", arguments).json == {
        "image": {
            "registryId": registry.account,
            "repositoryName": app,
            "imageId": {"imageDigest": one.digest, "imageTag": "v1"},
            "imageManifest": one.text,
            "imageManifestMediaType": OCI_IMAGE,
        }
    }


def test_an_untagged_image_is_answered_without_a_tag(registry: Registry) -> None:
    app, one = ready(registry)
    assert registry.put_image(app, one)["image"]["imageId"] == {"imageDigest": one.digest}


FORMS: Final = {
    "odd spaces": lambda body: json.dumps(body, indent="\t", separators=(" ,\r\n", "  :  ")) + "\n\n ",
    "compact": lambda body: json.dumps(body, separators=(",", ":")),
    "letters of the world": lambda body: json.dumps(
        {**body, "annotations": {"\u00fc": "\u65e5\u672c \U0001f600"}}, ensure_ascii=False
    ),
    "letters as escapes": lambda body: json.dumps({**body, "annotations": {"\u00fc": "\u65e5\u672c \U0001f600"}}),
    "needless escapes": lambda body: json.dumps(body).replace("a", "\\u0061").replace("/", "\\/"),
    "odd order": lambda body: json.dumps(dict(reversed(body.items()))),
    "numbers": lambda body: json.dumps({**body, "extra": 0}).replace('"extra": 0', '"extra": [1.0, 1e2, -0, 10E-3]'),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_digest_is_of_the_bytes_as_sent_and_they_come_back(registry: Registry, form: Any) -> None:
    app, one = ready(registry)
    text: str = form(json.loads(one.manifest))
    digest = sha256(text.encode())
    put = registry.ecr.put_image(repositoryName=app, imageManifest=text, imageTag="v1")["image"]
    assert put["imageId"]["imageDigest"] == digest
    got = registry.ecr.batch_get_image(repositoryName=app, imageIds=[{"imageDigest": digest}])["images"]
    assert [item["imageManifest"] for item in got] == [text]
    assert registry.oci.get(f"/v2/{app}/manifests/v1").body == text.encode()


def test_a_manifest_that_is_not_escaped_on_the_wire_is_the_same_manifest(registry: Registry) -> None:
    app, one = ready(registry)
    body = {**json.loads(one.manifest), "annotations": {"title": "\u65e5\u672c \U0001f600"}}
    text = json.dumps(body, ensure_ascii=False)
    request = json.dumps({"repositoryName": app, "imageManifest": text}, ensure_ascii=False)
    answer = RawEcr(registry).call("PutImage", request.encode()).json
    assert answer["image"]["imageId"] == {"imageDigest": sha256(text.encode())}


def test_a_digest_that_is_right_is_accepted(registry: Registry) -> None:
    app, one = ready(registry)
    put = registry.put_image(app, one, "v1", imageDigest=one.digest)["image"]
    assert put["imageId"] == {"imageDigest": one.digest, "imageTag": "v1"}


def test_an_image_may_be_put_under_its_sha512_digest(registry: Registry) -> None:
    app, one = ready(registry)
    digest = sha512(one.manifest)
    assert registry.put_image(app, one, "v1", imageDigest=digest)["image"]["imageId"]["imageDigest"] == digest
    assert registry.oci.get(f"/v2/{app}/manifests/{digest}").body == one.manifest


@pytest.mark.parametrize(
    "digest",
    [UNKNOWN, "sha512:" + "0" * 128, "sha256:zz", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", "latest"],
    ids=["another", "another-sha512", "malformed", "no-value", "unknown-algorithm", "no-digest"],
)
def test_a_digest_that_is_not_that_of_the_manifest_is_refused(registry: Registry, digest: str) -> None:
    app, one = ready(registry)
    assert refused(registry, app, one, "v1", imageDigest=digest)[0] == "ImageDigestDoesNotMatchException"


# --- tags ----------------------------------------------------------------------------------------------------


def test_an_image_without_a_tag_is_stored_untagged(registry: Registry) -> None:
    app, one = ready(registry)
    registry.put_image(app, one)
    assert registry.images(app) == [{"imageDigest": one.digest}]


@pytest.mark.parametrize("tag", [None, "v1"], ids=["untagged", "tagged"])
def test_an_image_that_is_there_cannot_be_put_again_without_a_tag(registry: Registry, tag: str | None) -> None:
    app, one = ready(registry)
    registry.put_image(app, one, tag)
    assert refused(registry, app, one) == exists(registry, app, one.digest, "null")


@pytest.mark.parametrize("setting", ["MUTABLE", "IMMUTABLE"])
def test_an_image_cannot_be_put_again_under_the_same_tag(registry: Registry, setting: str) -> None:
    app, one = ready(registry, imageTagMutability=setting)
    registry.put_image(app, one, "v1")
    assert refused(registry, app, one, "v1") == exists(registry, app, one.digest, "v1")


def test_an_image_that_is_there_gets_another_tag(registry: Registry) -> None:
    app, one = ready(registry)
    registry.put_image(app, one)
    registry.put_image(app, one, "v1")
    registry.put_image(app, one, "v2")
    assert registry.images(app) == [
        {"imageDigest": one.digest, "imageTag": "v1"},
        {"imageDigest": one.digest, "imageTag": "v2"},
    ]


def test_a_tag_that_moves_leaves_its_old_image_untagged(registry: Registry) -> None:
    app, (old, new) = registry.create(), series(2)
    registry.push_blobs(app, old)
    registry.put_image(app, old, "v1")
    registry.put_image(app, new, "v1")
    assert registry.images(app) == [
        {"imageDigest": old.digest},
        {"imageDigest": new.digest, "imageTag": "v1"},
    ]


async def test_a_new_tag_does_not_change_when_an_image_was_pushed(doors: Doors, clock: Clock) -> None:
    (one,) = series(1)
    text = changed(one, layers=[], config=descriptor(OCI_EMPTY, b"{}")).text
    await doors.push_blob("app", b"{}", sha256(b"{}"))
    await doors.served("PutImage", repositoryName="app", imageManifest=text, imageTag="v1")
    pushed_at = clock() / 1000
    clock.move(5_000)
    await doors.served("PutImage", repositoryName="app", imageManifest=text, imageTag="v2")
    (found,) = (await doors.served("DescribeImages", repositoryName="app"))["imageDetails"]
    assert (found["imageTags"], found["imagePushedAt"]) == (["v1", "v2"], pushed_at)


@pytest.mark.parametrize(
    "tag",
    ["a b", "a/b", "a:b", "a@b", "a+b", "\u00fc", "v1\n", "v1\u0000", "..\\x", "$(id)"],
    ids=ascii,
)
def test_a_tag_has_letters_digits_dots_hyphens_and_underscores(registry: Registry, tag: str) -> None:
    app, one = ready(registry)
    pattern = "must satisfy regular expression '[a-zA-Z0-9-_.]+'"
    assert refused(registry, app, one, tag) == invalid("imageTag", pattern)


@pytest.mark.parametrize(
    ("tag", "constraint"),
    [
        ("", "must have length greater than or equal to 1"),
        ("a" * 301, "must have length less than or equal to 300"),
    ],
    ids=["empty", "long"],
)
def test_a_tag_has_one_to_three_hundred_characters(registry: Registry, tag: str, constraint: str) -> None:
    app, one = ready(registry)
    reply = RawEcr(registry).call("PutImage", {"repositoryName": app, "imageManifest": one.text, "imageTag": tag})
    assert reply.error == invalid("imageTag", constraint)


@pytest.mark.parametrize("tag", ["a" * 300, "A-1_b.c", "-", ".", "_x", "sha256-" + "0" * 64], ids=lambda tag: tag[:9])
def test_a_tag_of_ecr_s_form_is_pulled_at_both_doors(registry: Registry, tag: str) -> None:
    app, one = ready(registry)
    registry.put_image(app, one, tag)
    got = registry.ecr.batch_get_image(repositoryName=app, imageIds=[{"imageTag": tag}])["images"]
    assert [item["imageManifest"] for item in got] == [one.text]
    # clients send these two as they are, URL libraries take them for a folder
    if tag not in {".", ".."}:
        assert registry.oci.get(f"/v2/{app}/manifests/{tag}").body == one.manifest


def test_an_image_has_a_thousand_tags_and_no_more(registry: Registry) -> None:
    app, one = ready(registry)
    for fifty in range(20):
        query = "&".join(f"tag=t{fifty}-{number}" for number in range(50))
        answer = registry.oci.put_manifest(app, f"{one.digest}?{query}", one.manifest, one.media_type)
        assert answer.status == 201
    assert refused(registry, app, one, "one-more")[0] == "LimitExceededException"
    registry.delete(app, "t0-0")
    registry.put_image(app, one, "one-more")


# --- the limit -----------------------------------------------------------------------------------------------


def test_a_manifest_may_have_four_mebibytes(registry: Registry) -> None:
    app, one = ready(registry)
    largest = annotated(one, LIMIT)
    assert len(largest.manifest) == LIMIT
    registry.put_image(app, largest, "v1")
    assert registry.oci.get(f"/v2/{app}/manifests/v1").body == largest.manifest


@pytest.mark.parametrize("character", ["x", "\u00fc"], ids=["one-byte-each", "two-bytes-each"])
def test_a_manifest_over_four_mebibytes_is_refused(registry: Registry, character: str) -> None:
    app, one = ready(registry)
    larger = annotated(one, LIMIT + 2, character)
    assert len(larger.manifest) > LIMIT
    constraint = "Member must have length less than or equal to 4194304"
    assert refused(registry, app, larger, "v1") == invalid("imageManifest", constraint)


def test_a_manifest_of_the_limit_may_be_sent_as_escapes(registry: Registry) -> None:
    app, one = ready(registry)
    largest = annotated(one, LIMIT)
    escaped = json.dumps(largest.text).replace("x", "\\u0078")
    body = f'{{"repositoryName": "{app}", "imageManifest": {escaped}}}'
    assert len(body) > 5.9 * LIMIT
    answer = RawEcr(registry).call("PutImage", body.encode()).json
    assert answer["image"]["imageId"] == {"imageDigest": largest.digest}
