"""Which manifests are kept, and what is read from their bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from support.content import DOCKER_IMAGE, DOCKER_LIST, OCI_CONFIG, OCI_IMAGE, OCI_INDEX, OCI_LAYER
from support.manifest_bodies import (
    an_artifact,
    an_image,
    an_index,
    digest_of,
    encoded,
    entry,
    read_body,
    refusal_of,
    without,
)
from wharfinger.domain.faults import ManifestDigestMismatch, ManifestTooLarge
from wharfinger.domain.manifests import LIMIT, Descriptor, Kind, read

# --- what is kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(an_image(), "image", id="OCI image"),
        pytest.param(an_image(mediaType=DOCKER_IMAGE), "image", id="docker image"),
        pytest.param(an_index(), "index", id="OCI index"),
        pytest.param(an_index(mediaType=DOCKER_LIST), "index", id="docker manifest list"),
        pytest.param(an_artifact(), "artifact", id="ORAS artifact"),
    ],
)
def test_a_manifest_of_this_type_is_kept(body: dict[str, Any], kind: Kind) -> None:
    manifest = read_body(body)
    assert (manifest.kind, manifest.media_type) == (kind, body["mediaType"])
    assert manifest.is_index == (kind == "index")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(an_image(layers=[]), id="image without layers"),
        pytest.param(an_index(manifests=[]), id="index without children"),
        pytest.param(without(an_artifact(), "blobs"), id="artifact without blobs"),
        pytest.param(without(an_image(), "schemaVersion"), id="no schema version"),
        pytest.param(an_image(config=entry("empty", "application/vnd.oci.empty.v1+json", 2)), id="empty config"),
        pytest.param(an_image(layers=[entry("l", OCI_LAYER.replace("gzip", "zstd"))]), id="layer in zstd"),
        pytest.param(an_image(layers=[without(entry("layer"), "mediaType")]), id="layer without a media type"),
        pytest.param(an_image(layers=[entry("layer", size=0)]), id="layer of no bytes"),
        pytest.param(an_image(unknown={"deep": [1, None, 1.5]}), id="members that nobody knows"),
        pytest.param(an_image(subject=None, annotations=None, artifactType=None), id="optional members that are null"),
        pytest.param(an_index(manifests=[entry("child", OCI_INDEX)]), id="index of an index"),
    ],
)
def test_this_is_a_manifest_too(body: dict[str, Any]) -> None:
    assert read_body(body).content == encoded(body)


def test_the_digest_is_that_of_the_bytes_as_they_came() -> None:
    content = b" \n" + json.dumps(an_image(), indent=3).encode() + b"\n"
    manifest = read(content, None)
    assert manifest.content == content
    assert manifest.digest == "sha256:" + hashlib.sha256(content).hexdigest()


def test_the_config_and_the_layers_are_its_blobs_in_this_order() -> None:
    manifest = read_body(an_image(layers=[entry("a"), entry("b")]))
    assert manifest.blobs == (
        Descriptor(OCI_CONFIG, digest_of("config"), 3),
        Descriptor(OCI_LAYER, digest_of("a"), 10),
        Descriptor(OCI_LAYER, digest_of("b"), 10),
    )
    assert manifest.children == ()


def test_the_manifests_of_an_index_are_its_children() -> None:
    manifest = read_body(an_index(manifests=[entry("a", OCI_IMAGE), entry("b", OCI_INDEX)]))
    assert [child.digest for child in manifest.children] == [digest_of("a"), digest_of("b")]
    assert manifest.blobs == ()


def test_a_manifest_of_an_index_without_a_media_type_is_a_child() -> None:
    manifest = read_body(an_index(manifests=[without(entry("child"), "mediaType")]))
    assert [child.digest for child in manifest.children] == [digest_of("child")]


def test_the_blobs_of_an_artifact_are_its_blobs() -> None:
    assert [blob.digest for blob in read_body(an_artifact()).blobs] == [digest_of("blob")]


def test_a_buildkit_cache_lists_blobs_in_an_index() -> None:
    cache = entry("cache", "application/vnd.buildkit.cacheconfig.v0")
    manifest = read_body(an_index(manifests=[entry("layer", OCI_LAYER), cache]))
    assert [blob.digest for blob in manifest.blobs] == [digest_of("layer"), digest_of("cache")]
    assert manifest.children == ()


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    ],
)
def test_a_foreign_layer_need_not_be_here(media_type: str) -> None:
    layers = [entry("foreign", media_type, 1000, urls=["https://layers.example/1"]), entry("own")]
    manifest = read_body(an_image(layers=layers))
    assert [blob.digest for blob in manifest.blobs] == [digest_of("config"), digest_of("own")]
    assert manifest.size == 13


def test_a_blob_that_is_listed_twice_counts_once() -> None:
    assert read_body(an_image(layers=[entry("layer"), entry("layer"), entry("other", size=100)])).size == 113


@pytest.mark.parametrize("body", [an_image(), an_index(), an_artifact()], ids=["image", "index", "artifact"])
def test_the_subject_is_read_as_its_digest(body: dict[str, Any]) -> None:
    assert read_body({**body, "subject": entry("subject", OCI_IMAGE)}).subject == digest_of("subject")
    assert read_body(body).subject is None


@pytest.mark.parametrize(
    ("body", "artifact_type"),
    [
        pytest.param(an_image(artifactType="application/x.test"), "application/x.test", id="said"),
        pytest.param(an_image(), OCI_CONFIG, id="an image's config says it"),
        pytest.param(an_image(artifactType=""), OCI_CONFIG, id="empty is not said"),
        pytest.param(an_image(config=without(entry("config"), "mediaType")), None, id="not even the config says it"),
        pytest.param(an_index(artifactType="application/x.test"), "application/x.test", id="an index says it"),
        pytest.param(an_index(), None, id="an index has none"),
        pytest.param(an_artifact(), "application/x.test", id="an artifact"),
    ],
)
def test_the_artifact_type_is_said_by_the_manifest_or_else_by_its_config(
    body: dict[str, Any], artifact_type: str | None
) -> None:
    assert read_body(body).artifact_type == artifact_type


def test_annotations_are_read_as_they_are() -> None:
    annotations = {"org.opencontainers.image.created": "2026-01-01T00:00:00Z", "": "", "é": "😀"}
    assert read_body(an_image(annotations=annotations)).annotations == annotations
    assert read_body(an_image()).annotations == {}


# --- media types ---------------------------------------------------------------------------------------------


def test_a_manifest_that_says_its_type_need_not_be_sent_with_it() -> None:
    assert read_body(an_image(), None).media_type == OCI_IMAGE


def test_a_manifest_that_does_not_say_its_type_is_what_it_was_sent_as() -> None:
    assert read_body(without(an_image(), "mediaType"), OCI_IMAGE).media_type == OCI_IMAGE


@pytest.mark.parametrize("said", [None, ""])
def test_an_empty_type_is_not_said(said: str | None) -> None:
    assert read_body(an_image(mediaType=said), OCI_IMAGE).media_type == OCI_IMAGE


@pytest.mark.parametrize("sent", [None, ""])
def test_a_type_has_to_be_said_somewhere(sent: str | None) -> None:
    assert refusal_of(encoded(without(an_image(), "mediaType")), sent)


@pytest.mark.parametrize(
    ("said", "sent"), [(OCI_IMAGE, DOCKER_IMAGE), (DOCKER_IMAGE, OCI_IMAGE), (OCI_IMAGE, OCI_INDEX)]
)
def test_what_is_said_and_what_was_sent_have_to_agree(said: str, sent: str) -> None:
    reason = refusal_of(encoded(an_image(mediaType=said)), sent)
    assert said in reason
    assert sent in reason


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/json",
        OCI_CONFIG,
        OCI_IMAGE.upper(),
        f"{OCI_IMAGE} ",
    ],
    ids=["docker schema 1", "signed docker schema 1", "dropped OCI artifact", "JSON", "config", "upper case", "space"],
)
def test_a_manifest_of_another_type_is_refused(media_type: str) -> None:
    assert media_type in refusal_of(encoded(an_image(mediaType=media_type)), None)
    assert media_type in refusal_of(encoded(without(an_image(), "mediaType")), media_type)


def test_docker_schema_1_is_refused_by_its_version_under_any_type() -> None:
    body = {"schemaVersion": 1, "name": "app", "tag": "latest", "fsLayers": [], "history": []}
    assert refusal_of(encoded(body), DOCKER_IMAGE)


# --- limits and digests --------------------------------------------------------------------------------------


def padded(length: int) -> bytes:
    """A manifest of exactly `length` bytes."""
    content = encoded(an_image())
    return content + b" " * (length - len(content))


def test_a_manifest_of_4_mib_is_kept() -> None:
    assert LIMIT == 4 * 1024 * 1024
    assert len(read(padded(LIMIT), None).content) == LIMIT


def test_a_manifest_with_one_byte_more_is_too_large() -> None:
    with pytest.raises(ManifestTooLarge) as caught:
        read(padded(LIMIT + 1), None)
    assert caught.value.limit == LIMIT


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_is_kept_under_the_digest_that_was_said(algorithm: str) -> None:
    content = encoded(an_image())
    digest = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    assert read(content, None, digest).digest == digest


@pytest.mark.parametrize(
    "digest",
    [
        pytest.param(digest_of("other"), id="of other bytes"),
        pytest.param("sha512:" + "0" * 128, id="of other bytes in sha512"),
        pytest.param("sha256:" + hashlib.sha256(encoded(an_image())).hexdigest().upper(), id="in upper case"),
        pytest.param("sha384:" + hashlib.sha384(encoded(an_image())).hexdigest(), id="of an unknown algorithm"),
        pytest.param("latest", id="no digest"),
        pytest.param("", id="empty"),
    ],
)
def test_a_digest_that_is_not_that_of_the_bytes_is_a_mismatch(digest: str) -> None:
    with pytest.raises(ManifestDigestMismatch) as caught:
        read(encoded(an_image()), None, digest)
    assert caught.value.expected == digest
    assert digest != caught.value.computed
