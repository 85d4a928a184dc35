"""PutImage, case by case: what is stored under which digest and tag, what is refused, and in which words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    Image,
    descriptor,
    image,
    index,
    layer,
    sha256,
)
from support.ecr_held import held
from support.ecr_images import UNKNOWN, invalid, push_blobs, series
from support.ecr_wire import Wire
from support.registry import Registry, error_of

ORAS: Final = "application/vnd.cncf.oras.artifact.manifest.v1+json"
NOT_A_MANIFEST: Final = invalid("ImageManifest", "Invalid JSON syntax")
LIMIT: Final = 4 * 1024 * 1024


def changed(one: Image, **members: Any) -> Image:
    """The same image with other members in its manifest; ... takes one away."""
    body = {**json.loads(one.manifest), **members}
    body = {name: value for name, value in body.items() if value is not ...}
    return one._replace(manifest=json.dumps(body).encode(), media_type=body.get("mediaType", one.media_type))


def annotated(one: Image, size: int, character: str = "x") -> Image:
    """The same image with an annotation that brings its manifest to a number of bytes."""
    empty = len(changed(one, annotations={"padding": ""}).manifest)
    padding = character * ((size - empty) // len(character.encode()))
    body = {**json.loads(one.manifest), "annotations": {"padding": padding}}
    return one._replace(manifest=json.dumps(body, ensure_ascii=False).encode())


def ready(registry: Registry, **settings: Any) -> tuple[str, Image]:
    """A repository, and an image whose blobs are there."""
    app, (one,) = registry.create(**settings), series(1)
    push_blobs(registry, app, one)
    return app, one


def refused(registry: Registry, repository: str, pushed: Image, tag: str | None = None, **more: Any) -> tuple[str, str]:
    """The error of a PutImage, after which nothing has changed."""
    before = registry.images(repository)
    with pytest.raises(ClientError) as caught:
        registry.put_image(repository, pushed, tag, **more)
    assert registry.images(repository) == before
    return error_of(caught)


def exists(registry: Registry, repository: str, digest: str, tag: str) -> tuple[str, str]:
    text = (
        f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{repository}' in "
        f"registry with id '{registry.account}'"
    )
    return "ImageAlreadyExistsException", text


def required(registry: Registry, repository: str, what: str, *digests: str) -> tuple[str, str]:
    text = (
        f"{what} with digests '[{', '.join(digests)}]' required for pushing image into repository with name "
        f"'{repository}' in the registry with id '{registry.account}' do not exist"
    )
    return {"Layers": "LayersNotFoundException", "Images": "ReferencedImagesNotFoundException"}[what], text


# --- digest and bytes ----------------------------------------------------------------------------------------


def test_an_image_is_answered_as_it_was_put(registry: Registry) -> None:
    app, one = ready(registry)
    arguments = {"repositoryName": app, "imageManifest": one.text, "imageTag": "v1"}
    assert Wire(registry).call("PutImage", arguments).json == {
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
    answer = Wire(registry).call("PutImage", request.encode()).json
    assert answer["image"]["imageId"] == {"imageDigest": sha256(text.encode())}


def test_a_digest_that_is_right_is_accepted(registry: Registry) -> None:
    app, one = ready(registry)
    put = registry.put_image(app, one, "v1", imageDigest=one.digest)["image"]
    assert put["imageId"] == {"imageDigest": one.digest, "imageTag": "v1"}


def test_an_image_may_be_put_under_its_sha512_digest(registry: Registry) -> None:
    app, one = ready(registry)
    digest = "sha512:" + hashlib.sha512(one.manifest).hexdigest()
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
    push_blobs(registry, app, old)
    registry.put_image(app, old, "v1")
    registry.put_image(app, new, "v1")
    assert registry.images(app) == [
        {"imageDigest": old.digest},
        {"imageDigest": new.digest, "imageTag": "v1"},
    ]


async def test_a_new_tag_does_not_change_when_an_image_was_pushed(tmp_path: Path) -> None:
    (one,) = series(1)
    text = changed(one, layers=[], config=descriptor(OCI_EMPTY, b"{}")).text
    async with held(tmp_path) as here:
        await here.ecr("CreateRepository", repositoryName="app")
        await here.push_blob("app", b"{}")
        await here.ecr("PutImage", repositoryName="app", imageManifest=text, imageTag="v1")
        pushed_at = here.clock.now / 1000
        here.clock.forward(5_000)
        await here.ecr("PutImage", repositoryName="app", imageManifest=text, imageTag="v2")
        (found,) = (await here.ecr("DescribeImages", repositoryName="app"))["imageDetails"]
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
    reply = Wire(registry).call("PutImage", {"repositoryName": app, "imageManifest": one.text, "imageTag": tag})
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


# --- references ----------------------------------------------------------------------------------------------


def test_layers_and_config_that_are_missing_are_all_named(registry: Registry) -> None:
    app, one = registry.create(), image(layer(), layer())
    assert refused(registry, app, one, "v1") == required(registry, app, "Layers", *one.blobs)


def test_one_missing_layer_is_enough(registry: Registry) -> None:
    app, one = registry.create(), image(layer(), layer())
    *present, missing = one.blobs
    for digest in present:
        registry.oci.push_blob(app, one.blobs[digest], digest)
    assert refused(registry, app, one, "v1") == required(registry, app, "Layers", missing)


def test_layers_of_another_repository_do_not_count(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(registry.create("other"), one, "v1")
    assert refused(registry, app, one, "v1") == required(registry, app, "Layers", *one.blobs)


def test_foreign_layers_need_not_be_there(registry: Registry) -> None:
    app, one = ready(registry)
    entry = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", layer(), urls=["https://x.test/"])
    registry.put_image(app, changed(one, layers=[entry]), "v1")


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_children_that_are_missing_are_all_named(registry: Registry, media_type: str) -> None:
    app, (present, *missing) = registry.create(), series(3)
    registry.oci.push(app, present)
    index_ = index(present, *missing, media_type=media_type)
    expected = required(registry, app, "Images", *(child.digest for child in missing))
    assert refused(registry, app, index_, "v1") == expected


def test_children_in_another_repository_do_not_count(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    registry.oci.push(registry.create("other"), child, "v1")
    assert refused(registry, app, index(child), "v1") == required(registry, app, "Images", child.digest)


def test_a_blob_is_no_child(registry: Registry) -> None:
    app, one = ready(registry)
    registry.oci.push_blob(app, one.manifest, one.digest)
    assert refused(registry, app, index(one), "v1") == required(registry, app, "Images", one.digest)


def test_an_index_may_list_an_index(registry: Registry) -> None:
    app, one = ready(registry)
    inner = index(one)
    for each in (one, inner):
        registry.put_image(app, each)
    registry.put_image(app, index(inner), "v1")
    assert registry.tags(app) == {"v1": index(inner).digest}


def test_a_subject_need_not_be_there(registry: Registry) -> None:
    app, subject = registry.create(), image()
    signature = image(subject=subject)
    push_blobs(registry, app, signature)
    registry.put_image(app, signature)
    (found,) = registry.ecr.list_image_referrers(repositoryName=app, subjectId={"imageDigest": subject.digest})[
        "referrers"
    ]
    assert found["digest"] == signature.digest


# --- media types ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [OCI_IMAGE, DOCKER_IMAGE])
@pytest.mark.parametrize("said", ["both", "manifest", "parameter"])
def test_the_media_type_is_said_by_the_manifest_or_the_parameter_or_both(
    registry: Registry, media_type: str, said: str
) -> None:
    app, one = ready(registry)
    text = changed(one, mediaType=... if said == "parameter" else media_type).text
    more = {} if said == "manifest" else {"imageManifestMediaType": media_type}
    put = registry.ecr.put_image(repositoryName=app, imageManifest=text, imageTag="v1", **more)["image"]
    assert put["imageManifestMediaType"] == media_type


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_an_index_of_either_kind_is_stored(registry: Registry, media_type: str) -> None:
    app, one = ready(registry)
    registry.put_image(app, one)
    put = registry.put_image(app, index(one, media_type=media_type), "v1")["image"]
    assert put["imageManifestMediaType"] == media_type


def test_an_artifact_manifest_of_oras_is_stored(registry: Registry) -> None:
    app, one = ready(registry)
    body = {"mediaType": ORAS, "artifactType": "application/vnd.test", "blobs": json.loads(one.manifest)["layers"]}
    put = registry.ecr.put_image(repositoryName=app, imageManifest=json.dumps(body), imageTag="v1")["image"]
    assert put["imageManifestMediaType"] == ORAS


def test_a_media_type_that_nobody_says_is_refused(registry: Registry) -> None:
    app, one = ready(registry)
    reply = Wire(registry).call("PutImage", {"repositoryName": app, "imageManifest": changed(one, mediaType=...).text})
    assert reply.error == NOT_A_MANIFEST


@pytest.mark.parametrize(
    ("said", "sent"), [(OCI_IMAGE, DOCKER_IMAGE), (DOCKER_IMAGE, OCI_IMAGE), (OCI_IMAGE, OCI_INDEX)]
)
def test_media_types_that_disagree_are_refused(registry: Registry, said: str, sent: str) -> None:
    app, one = ready(registry)
    pushed = changed(one, mediaType=said)._replace(media_type=sent)
    assert refused(registry, app, pushed, "v1") == NOT_A_MANIFEST


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v3+json",
        "APPLICATION/VND.OCI.IMAGE.MANIFEST.V1+JSON",
    ],
)
def test_a_media_type_that_is_not_known_is_refused(registry: Registry, media_type: str) -> None:
    app, one = ready(registry)
    assert refused(registry, app, changed(one, mediaType=media_type), "v1") == NOT_A_MANIFEST


# --- bodies --------------------------------------------------------------------------------------------------

ENTRY: Final = descriptor("application/octet-stream", b"x")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="unfinished"),
        pytest.param("not json", id="text"),
        pytest.param("[]", id="list"),
        pytest.param("null", id="null"),
        pytest.param(" ", id="blank"),
        pytest.param("\ufeff{}", id="byte-order-mark"),
        pytest.param('{"a": NaN}', id="not-a-number"),
        pytest.param("[" * 100_000, id="bottomless"),
        pytest.param('{"a":' * 100_000, id="bottomless-objects"),
        pytest.param('{"schemaVersion": 2, "a": ' + "9" * 5000 + "}", id="endless-number"),
    ],
)
def test_a_manifest_that_is_no_json_object_is_refused(registry: Registry, text: str) -> None:
    app = registry.create()
    broken = Image(text.encode(), OCI_IMAGE)
    assert refused(registry, app, broken, "v1") == NOT_A_MANIFEST


def test_a_member_that_occurs_twice_is_refused(registry: Registry) -> None:
    app, one = ready(registry)
    twice = one.text.replace("{", '{"schemaVersion": 2, ', 1)
    assert refused(registry, app, one._replace(manifest=twice.encode()), "v1") == NOT_A_MANIFEST


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"manifests": [ENTRY]}, id="image-and-index"),
        pytest.param({"blobs": [ENTRY]}, id="image-and-artifact"),
        pytest.param({"layers": ...}, id="no-layers"),
        pytest.param({"layers": {}}, id="layers-no-list"),
        pytest.param({"layers": ["sha256:00"]}, id="layer-no-descriptor"),
        pytest.param({"config": ...}, id="no-config"),
        pytest.param({"config": "x"}, id="config-no-descriptor"),
        pytest.param({"layers": [{**ENTRY, "digest": "sha256:zz"}]}, id="malformed-digest"),
        pytest.param({"layers": [{**ENTRY, "digest": "../../etc/passwd"}]}, id="traversal"),
        pytest.param({"layers": [{**ENTRY, "digest": None}]}, id="no-digest"),
        pytest.param({"layers": [{**ENTRY, "digest": UNKNOWN.upper()}]}, id="capital-digest"),
        pytest.param({"layers": [{**ENTRY, "size": -1}]}, id="negative-size"),
        pytest.param({"layers": [{**ENTRY, "size": "1"}]}, id="size-no-number"),
        pytest.param({"layers": [{**ENTRY, "size": True}]}, id="size-a-flag"),
        pytest.param({"layers": [{**ENTRY, "size": 2**63}]}, id="size-beyond-numbers"),
        pytest.param({"layers": [{**ENTRY, "mediaType": 1}]}, id="media-type-no-text"),
        pytest.param({"schemaVersion": 1}, id="schema-1"),
        pytest.param({"subject": "sha256:00"}, id="subject-no-descriptor"),
        pytest.param({"subject": {**ENTRY, "digest": "latest"}}, id="subject-no-digest"),
        pytest.param({"annotations": {"a": 1}}, id="annotation-no-text"),
        pytest.param({"annotations": {"a": "\ud800"}}, id="annotation-half-a-surrogate-pair"),
        pytest.param({"annotations": {"a": "\0"}}, id="annotation-nul"),
        pytest.param({"artifactType": {}}, id="artifact-type-no-text"),
        pytest.param({"artifactType": "\udfff"}, id="artifact-type-half-a-surrogate-pair"),
    ],
)
def test_a_manifest_that_is_not_what_it_says_is_refused(registry: Registry, members: dict[str, Any]) -> None:
    app, one = ready(registry)
    assert refused(registry, app, changed(one, **members), "v1") == NOT_A_MANIFEST


def test_an_index_with_layers_is_refused(registry: Registry) -> None:
    app, one = ready(registry)
    registry.put_image(app, one)
    both = changed(index(one), layers=[ENTRY])
    assert refused(registry, app, both, "v1") == NOT_A_MANIFEST


@pytest.mark.parametrize("digest", [sha256(b"{}"), None], ids=["the-same-blob", "another-blob"])
def test_sizes_that_no_number_can_sum_up_are_an_error_of_the_caller_at_most(
    registry: Registry, digest: str | None
) -> None:
    app, one = ready(registry)
    (entry,) = json.loads(one.manifest)["layers"]
    huge = {"size": 2**63 - 1}
    config = {**descriptor(OCI_EMPTY, b"{}"), **huge}
    layers = [{**entry, **huge, **({"digest": digest} if digest else {})}]
    reply = Wire(registry).call(
        "PutImage", {"repositoryName": app, "imageManifest": changed(one, config=config, layers=layers).text}
    )
    assert reply.status in {200, 400}, reply


@pytest.mark.parametrize(
    "string", [r'"\ud800"', r'"{\"a\": \"\udc00\"}"', r'"\ud800\u0041"'], ids=["alone", "inside", "before-a-letter"]
)
def test_half_of_a_surrogate_pair_in_the_request_is_an_error_of_the_caller(registry: Registry, string: str) -> None:
    app = registry.create()
    body = f'{{"repositoryName": "{app}", "imageManifest": {string}}}'
    reply = Wire(registry).call("PutImage", body.encode())
    assert (reply.status, reply.error[0]) == (400, "SerializationException")


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
    answer = Wire(registry).call("PutImage", body.encode()).json
    assert answer["image"]["imageId"] == {"imageDigest": largest.digest}
