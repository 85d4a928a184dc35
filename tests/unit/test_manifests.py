"""Which manifests are kept and which are refused, and what is read from their bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from wharfinger.domain.faults import ManifestDigestMismatch, ManifestInvalid, ManifestTooLarge
from wharfinger.domain.manifests import LIMIT, Descriptor, Kind, Manifest, read

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ORAS_ARTIFACT = "application/vnd.cncf.oras.artifact.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LONGEST = 2**63 - 1


def entry(name: str, media_type: str = OCI_LAYER, size: Any = 10, **more: Any) -> dict[str, Any]:
    """A descriptor of something called `name`."""
    return {"mediaType": media_type, "digest": digest_of(name), "size": size, **more}


def digest_of(name: str) -> str:
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def an_image(**members: Any) -> dict[str, Any]:
    config = entry("config", OCI_CONFIG, 3)
    return {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": config, "layers": [entry("layer")], **members}


def an_index(**members: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry("child", OCI_IMAGE)], **members}


def an_artifact(**members: Any) -> dict[str, Any]:
    return {"mediaType": ORAS_ARTIFACT, "artifactType": "application/x.test", "blobs": [entry("blob")], **members}


def without(body: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != member}


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


def read_body(body: Any, media_type: str | None = None) -> Manifest:
    return read(encoded(body), media_type)


def refusal_of(content: bytes, media_type: str | None = OCI_IMAGE) -> str:
    """Why a manifest is refused: one sentence."""
    with pytest.raises(ManifestInvalid) as caught:
        read(content, media_type)
    return caught.value.reason


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


# --- what is no manifest -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"manifest", id="no JSON"),
        pytest.param(encoded(an_image()) + b"{}", id="two values"),
        pytest.param(encoded(an_image())[:-1] + b",}", id="comma too many"),
        pytest.param(b"\xef\xbb\xbf" + encoded(an_image()), id="byte order mark"),
        pytest.param(json.dumps(an_image()).encode("utf-16"), id="UTF-16"),
        pytest.param(json.dumps(an_image()).encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(json.dumps(an_image()).encode("utf-32"), id="UTF-32"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b'"\xff"'), id="invalid UTF-8"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b'"\xed\xa0\x80"'), id="surrogate in UTF-8"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"NaN"), id="NaN"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"-Infinity"), id="infinity"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b'"\n"'), id="line break in a text"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"9" * 5000), id="number of 5000 digits"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"[" * 10_000), id="10,000 lists deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10,000 objects deep"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"2", id="number"),
    ],
)
def test_what_is_no_json_object_in_utf_8_is_refused(content: bytes) -> None:
    assert refusal_of(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"schemaVersion": 2, ' + encoded(an_image())[1:], id="in the manifest"),
        pytest.param(encoded(an_image()).replace(b'"size": 10', b'"size": 10, "size": 10'), id="in a descriptor"),
        pytest.param(
            encoded(an_image())[:-1] + b', "annotations": {"a": "1", "\\u0061": "2"}}', id="escaped, in annotations"
        ),
        pytest.param(encoded(an_image())[:-1] + b', "x": [{"y": {"z": 1, "z": 1}}]}', id="where nobody looks"),
    ],
)
def test_a_member_that_occurs_twice_is_refused(content: bytes) -> None:
    json.loads(content)  # it is JSON
    assert "twice" in refusal_of(content)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(an_image(manifests=[]), id="image with manifests"),
        pytest.param(an_image(manifests=None), id="image with manifests that are null"),
        pytest.param(an_image(blobs=[]), id="image with blobs"),
        pytest.param(an_index(layers=[]), id="index with layers"),
        pytest.param(an_index(blobs=[]), id="index with blobs"),
        pytest.param(an_artifact(layers=[]), id="artifact with layers"),
        pytest.param(an_artifact(manifests=[]), id="artifact with manifests"),
    ],
)
def test_what_is_two_things_at_once_is_refused(body: dict[str, Any]) -> None:
    assert refusal_of(encoded(body), None)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(an_image(schemaVersion=1), id="schema version 1"),
        pytest.param(an_image(schemaVersion=3), id="schema version 3"),
        pytest.param(an_image(schemaVersion="2"), id="schema version as a text"),
        pytest.param(an_image(schemaVersion=None), id="schema version null"),
        pytest.param(an_image(mediaType=7), id="media type no text"),
        pytest.param(without(an_image(), "config"), id="no config"),
        pytest.param(an_image(config=None), id="config null"),
        pytest.param(an_image(config=[]), id="config no descriptor"),
        pytest.param(without(an_image(), "layers"), id="no layers"),
        pytest.param(an_image(layers=None), id="layers null"),
        pytest.param(an_image(layers={}), id="layers no list"),
        pytest.param(an_image(layers=[None]), id="layer null"),
        pytest.param(an_image(layers=["sha256:" + "0" * 64]), id="layer no descriptor"),
        pytest.param(without(an_index(), "manifests"), id="no manifests"),
        pytest.param(an_index(manifests={}), id="manifests no list"),
        pytest.param(an_artifact(blobs={}), id="blobs no list"),
        pytest.param(an_artifact(blobs=[None]), id="blob null"),
        pytest.param(an_image(subject=[]), id="subject no descriptor"),
        pytest.param(an_image(subject={}), id="subject empty"),
        pytest.param(an_image(subject=""), id="subject an empty text"),
        pytest.param(an_image(subject=digest_of("subject")), id="subject a text"),
        pytest.param(an_image(artifactType=7), id="artifact type no text"),
        pytest.param(an_image(artifactType="a\0b"), id="NUL in the artifact type"),
        pytest.param(an_image(artifactType="\ud800"), id="half a surrogate pair in the artifact type"),
        pytest.param(an_image(annotations=[]), id="annotations no object"),
        pytest.param(an_image(annotations={"a": 1}), id="annotation no text"),
        pytest.param(an_image(annotations={"a": None}), id="annotation null"),
        pytest.param(an_image(annotations={"a": "b\0"}), id="NUL in an annotation"),
        pytest.param(an_image(annotations={"a\0": "b"}), id="NUL in the name of an annotation"),
        pytest.param(an_image(annotations={"a": "\udc00"}), id="half a surrogate pair in an annotation"),
        pytest.param(an_image(annotations={"\ud800": "b"}), id="half a surrogate pair in the name of an annotation"),
    ],
)
def test_a_member_of_a_wrong_kind_is_refused(body: dict[str, Any]) -> None:
    assert refusal_of(encoded(body), None)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"size": -1}, id="negative size"),
        pytest.param({"size": 2**63}, id="size beyond 64 bits"),
        pytest.param({"size": 10**400}, id="absurd size"),
        pytest.param({"size": True}, id="size true"),
        pytest.param({"size": 10.0}, id="size with a point"),
        pytest.param({"size": "10"}, id="size as a text"),
        pytest.param({"size": None}, id="size null"),
        pytest.param({"digest": None}, id="digest null"),
        pytest.param({"digest": 7}, id="digest no text"),
        pytest.param({"digest": ""}, id="digest empty"),
        pytest.param({"digest": "0" * 64}, id="digest without an algorithm"),
        pytest.param({"digest": "sha384:" + "0" * 96}, id="digest of an unknown algorithm"),
        pytest.param({"digest": "md5:" + "0" * 32}, id="digest of a weak algorithm"),
        pytest.param({"digest": "sha256:" + "A" * 64}, id="digest in upper case"),
        pytest.param({"digest": "sha256:" + "0" * 63}, id="digest too short"),
        pytest.param({"digest": digest_of("x") + "\n"}, id="digest and a line break"),
        pytest.param({"digest": "sha256:../../" + "0" * 58}, id="digest with a path"),
        pytest.param({"mediaType": None}, id="media type null"),
        pytest.param({"mediaType": 7}, id="media type no text"),
        pytest.param({"mediaType": "a\0b"}, id="NUL in the media type"),
        pytest.param({"mediaType": "\ud800"}, id="half a surrogate pair in the media type"),
    ],
)
@pytest.mark.parametrize("place", ["config", "layers", "manifests", "blobs", "subject"])
def test_a_descriptor_that_is_none_is_refused_wherever_it_is(place: str, change: dict[str, Any]) -> None:
    broken = entry("broken", OCI_IMAGE) | change
    body = {
        "config": an_image(config=broken),
        "layers": an_image(layers=[entry("fine"), broken]),
        "manifests": an_index(manifests=[entry("fine", OCI_IMAGE), broken]),
        "blobs": an_artifact(blobs=[entry("fine"), broken]),
        "subject": an_index(subject=broken),
    }[place]
    assert place in refusal_of(encoded(body), None)


@pytest.mark.parametrize("member", ["digest", "size"])
def test_a_descriptor_needs_a_digest_and_a_size(member: str) -> None:
    assert member in refusal_of(encoded(an_image(layers=[without(entry("layer"), member)])), None)


def test_the_largest_size_that_fits_64_bits_is_one() -> None:
    config = entry("config", size=0)
    assert read_body(an_image(config=config, layers=[entry("layer", size=LONGEST)])).size == LONGEST


def test_sizes_that_together_do_not_fit_64_bits_are_refused() -> None:
    """A database holds no such number: what is kept has to have a size that can be kept."""
    assert refusal_of(encoded(an_image(layers=[entry("a", size=LONGEST), entry("b", size=LONGEST)])), None)


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
