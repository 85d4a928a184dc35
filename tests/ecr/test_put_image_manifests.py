"""PutImage: which manifests are refused, and in which words."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from support.content import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    ORAS_ARTIFACT,
    UNKNOWN,
    Image,
    descriptor,
    image,
    index,
    layer,
    series,
    sha256,
)
from support.ecr_errors import invalid
from support.put_image import changed, ready, refused
from support.raw_ecr import RawEcr
from support.registry import Registry

NOT_A_MANIFEST: Final = invalid("ImageManifest", "Invalid JSON syntax")


def required(registry: Registry, repository: str, what: str, *digests: str) -> tuple[str, str]:
    text = (
        f"{what} with digests '[{', '.join(digests)}]' required for pushing image into repository with name "
        f"'{repository}' in the registry with id '{registry.account}' do not exist"
    )
    return {"Layers": "LayersNotFoundException", "Images": "ReferencedImagesNotFoundException"}[what], text


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
    registry.push_blobs(app, signature)
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
    body = {
        "mediaType": ORAS_ARTIFACT,
        "artifactType": "application/vnd.test",
        "blobs": json.loads(one.manifest)["layers"],
    }
    put = registry.ecr.put_image(repositoryName=app, imageManifest=json.dumps(body), imageTag="v1")["image"]
    assert put["imageManifestMediaType"] == ORAS_ARTIFACT


def test_a_media_type_that_nobody_says_is_refused(registry: Registry) -> None:
    app, one = ready(registry)
    reply = RawEcr(registry).call(
        "PutImage", {"repositoryName": app, "imageManifest": changed(one, mediaType=...).text}
    )
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
    reply = RawEcr(registry).call(
        "PutImage", {"repositoryName": app, "imageManifest": changed(one, config=config, layers=layers).text}
    )
    assert reply.status in {200, 400}, reply


@pytest.mark.parametrize(
    "string", [r'"\ud800"', r'"{\"a\": \"\udc00\"}"', r'"\ud800\u0041"'], ids=["alone", "inside", "before-a-letter"]
)
def test_half_of_a_surrogate_pair_in_the_request_is_an_error_of_the_caller(registry: Registry, string: str) -> None:
    app = registry.create()
    body = f'{{"repositoryName": "{app}", "imageManifest": {string}}}'
    reply = RawEcr(registry).call("PutImage", body.encode())
    assert (reply.status, reply.error[0]) == (400, "SerializationException")
