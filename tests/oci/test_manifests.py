"""Manifests: which kinds are kept, how they are found, which are refused and why, and how images and tags go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from support.content import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    OCI_LAYER,
    Image,
    descriptor,
    image,
    index,
    layer,
    sha256,
)
from support.oci import Answer
from support.registry import Registry
from support.wire import Wire

UNKNOWN = "sha256:" + "0" * 64
LIMIT = 4 * 1024 * 1024
ORAS_ARTIFACT = "application/vnd.cncf.oras.artifact.manifest.v1+json"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def manifest(media_type: str, *blobs: bytes, children: tuple[Image, ...] = (), **members: Any) -> Image:
    """A manifest written by hand."""
    body = {"schemaVersion": 2, "mediaType": media_type, **members}
    return Image(json.dumps(body).encode(), media_type, {sha256(content): content for content in blobs}, children)


def body_of(of: Image) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(of.manifest)
    return body


def put(registry: Registry, app: str, reference: str, body: Any, media_type: str | None = OCI_IMAGE) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": media_type} if media_type is not None else None
    return registry.oci.call("PUT", f"/v2/{app}/manifests/{reference}", content, headers)


def tags(registry: Registry, app: str) -> list[str]:
    found: list[str] = registry.oci.get(f"/v2/{app}/tags/list").json["tags"]
    return found


# --- the kinds of manifests that are kept --------------------------------------------------------------------


def oci_image() -> Image:
    return image()


def docker_image() -> Image:
    return image(media_type=DOCKER_IMAGE)


def oci_index() -> Image:
    return index(image(architecture="amd64"), image(architecture="arm64"))


def docker_list() -> Image:
    return index(image(media_type=DOCKER_IMAGE), image(media_type=DOCKER_IMAGE), media_type=DOCKER_LIST)


def nested_index() -> Image:
    return index(index(image()), image())


def index_of_nothing() -> Image:
    return manifest(OCI_INDEX, manifests=[])


def index_of_docker_images() -> Image:
    return index(image(media_type=DOCKER_IMAGE))


def image_without_layers() -> Image:
    return manifest(OCI_IMAGE, b"{}", config=descriptor(OCI_EMPTY, b"{}"), layers=[])


def one_blob_as_config_and_layer() -> Image:
    return manifest(OCI_IMAGE, b"{}", config=descriptor(OCI_EMPTY, b"{}"), layers=[descriptor(OCI_EMPTY, b"{}")])


def index_with_one_child_twice() -> Image:
    child = image()
    return index(child, child)


def zstd_layers() -> Image:
    return image(layer_type="application/vnd.oci.image.layer.v1.tar+zstd")


def layers_of_a_type_of_their_own() -> Image:
    return image(layer_type="application/vnd.example.model.weights")


def foreign_layers() -> Image:
    here = layer()
    there = [descriptor(NONDISTRIBUTABLE, b"there", urls=["https://example.com/layer"])]
    return manifest(
        OCI_IMAGE, b"{}", here, config=descriptor(OCI_CONFIG, b"{}"), layers=[descriptor(OCI_LAYER, here), *there]
    )


def docker_foreign_layers() -> Image:
    there = [descriptor(FOREIGN, b"there", urls=["https://example.com/layer"])]
    return manifest(DOCKER_IMAGE, b"{}", config=descriptor("application/json", b"{}"), layers=there)


def helm_chart() -> Image:
    chart, config = layer(), b'{"name":"chart","version":"0.1.0","apiVersion":"v2"}'
    return manifest(
        OCI_IMAGE,
        chart,
        config,
        config=descriptor("application/vnd.cncf.helm.config.v1+json", config),
        layers=[descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", chart)],
        annotations={"org.opencontainers.image.title": "chart", "org.opencontainers.image.version": "0.1.0"},
    )


def cosign_signature() -> Image:
    payload = b'{"critical":{"identity":{"docker-reference":"app"}}}'
    signature = {"dev.cosignproject.cosign/signature": "MEUCIQ=="}
    return manifest(
        OCI_IMAGE,
        payload,
        b"{}",
        config=descriptor(OCI_CONFIG, b"{}"),
        layers=[descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload, annotations=signature)],
    )


def buildkit_cache_as_an_image() -> Image:
    cached, config = layer(), b'{"layers":[],"records":[]}'
    return manifest(
        OCI_IMAGE,
        cached,
        config,
        config=descriptor("application/vnd.buildkit.cacheconfig.v0", config),
        layers=[descriptor(OCI_LAYER, cached)],
    )


def buildkit_cache_as_an_index() -> Image:
    cached, config = layer(), b'{"layers":[],"records":[]}'
    return manifest(
        OCI_INDEX,
        cached,
        config,
        manifests=[
            descriptor(OCI_LAYER, cached),
            descriptor("application/vnd.buildkit.cacheconfig.v0", config),
        ],
    )


def artifact() -> Image:
    return image(artifact_type="application/vnd.example.sbom", config_type=OCI_EMPTY)


def artifact_with_a_subject() -> Image:
    return image(subject=image(), artifact_type="application/vnd.example.sbom", config_type=OCI_EMPTY)


def index_with_a_subject() -> Image:
    return manifest(OCI_INDEX, manifests=[], subject=descriptor(OCI_IMAGE, b"?"), artifactType="application/vnd.x")


def oras_artifact() -> Image:
    blob = layer()
    return manifest(
        ORAS_ARTIFACT,
        blob,
        artifactType="application/vnd.example.signature",
        blobs=[descriptor("application/octet-stream", blob)],
        subject=descriptor(OCI_IMAGE, b"?"),
    )


def members_that_nobody_knows() -> Image:
    one = image()
    return Image(json.dumps({**body_of(one), "x-example": [{"a": None}]}).encode(), one.media_type, one.blobs)


def written_with_odd_whitespace() -> Image:
    one = image()
    return Image(json.dumps(body_of(one), indent="\t \n").encode() + b"\n\n", one.media_type, one.blobs)


def without_a_media_type_of_its_own() -> Image:
    one = image()
    body = body_of(one)
    del body["mediaType"]
    return Image(json.dumps(body).encode(), one.media_type, one.blobs)


KINDS = (
    oci_image,
    docker_image,
    oci_index,
    docker_list,
    nested_index,
    index_of_nothing,
    index_of_docker_images,
    image_without_layers,
    one_blob_as_config_and_layer,
    index_with_one_child_twice,
    zstd_layers,
    layers_of_a_type_of_their_own,
    foreign_layers,
    docker_foreign_layers,
    helm_chart,
    cosign_signature,
    buildkit_cache_as_an_image,
    buildkit_cache_as_an_index,
    artifact,
    artifact_with_a_subject,
    index_with_a_subject,
    oras_artifact,
    members_that_nobody_knows,
    written_with_odd_whitespace,
    without_a_media_type_of_its_own,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.replace("_", " "))
def test_a_manifest_is_served_with_the_very_bytes_and_type_that_were_pushed(
    kind: Callable[[], Image], registry: Registry
) -> None:
    app, one = registry.create(), kind()
    registry.oci.push(app, one, "latest")
    for reference in ("latest", one.digest):
        answer = registry.oci.get(f"/v2/{app}/manifests/{reference}")
        assert (answer.status, answer.body) == (200, one.manifest)
        assert answer.headers["Content-Type"] == one.media_type


@pytest.mark.parametrize("reference", ["tag", "digest"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_comes_with_its_size_its_digest_and_its_type(
    method: str, reference: str, registry: Registry
) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    answer = registry.oci.call(method, f"/v2/{app}/manifests/{'latest' if reference == 'tag' else one.digest}")
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(one.manifest))
    assert answer.headers["Docker-Content-Digest"] == one.digest
    assert answer.headers["Content-Type"] == OCI_IMAGE


def test_a_pushed_manifest_is_answered_with_where_it_is(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    answer = registry.oci.put_manifest(app, "latest", one.manifest, one.media_type)
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v2/{app}/manifests/{one.digest}"
    assert answer.headers["Docker-Content-Digest"] == one.digest


def test_a_manifest_pushed_by_digest_has_no_tag(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    assert registry.images(app) == [{"imageDigest": one.digest}]


def test_a_manifest_can_be_pushed_again(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    for reference in ("latest", one.digest):
        assert registry.oci.put_manifest(app, reference, one.manifest, one.media_type).status == 201
    assert registry.images(app) == [{"imageDigest": one.digest, "imageTag": "latest"}]


def test_a_tag_that_moves_leaves_its_old_image_untagged(registry: Registry) -> None:
    app, old, new = registry.create(), image(), image()
    registry.oci.push(app, old, "latest")
    registry.oci.push(app, new, "latest")
    assert registry.oci.get(f"/v2/{app}/manifests/latest").body == new.manifest
    assert registry.oci.get(f"/v2/{app}/manifests/{old.digest}").body == old.manifest


def test_parameters_of_the_content_type_are_ignored(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    answer = registry.oci.put_manifest(app, "latest", one.manifest, f"{OCI_IMAGE}; charset=utf-8")
    assert answer.status == 201
    assert registry.oci.head(f"/v2/{app}/manifests/latest").headers["Content-Type"] == OCI_IMAGE


def test_a_manifest_that_says_its_own_type_needs_no_content_type(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    assert put(registry, app, "latest", one.manifest, None).status == 201


def test_a_manifest_of_exactly_the_limit_is_taken(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    content = one.manifest + b" " * (LIMIT - len(one.manifest))
    assert registry.oci.put_manifest(app, "large", content, OCI_IMAGE).status == 201
    assert registry.oci.get(f"/v2/{app}/manifests/large").body == content


def test_a_cosign_signature_is_found_by_its_tag(registry: Registry) -> None:
    app, one, signature = registry.create(), image(), cosign_signature()
    registry.oci.push(app, one, "latest")
    tag = one.digest.replace(":", "-") + ".sig"
    registry.oci.push(app, signature, tag)
    assert registry.oci.get(f"/v2/{app}/manifests/{tag}").body == signature.manifest


@pytest.mark.parametrize("kind", [artifact_with_a_subject, index_with_a_subject, oras_artifact])
def test_the_answer_to_a_manifest_with_a_subject_says_that_it_was_seen(
    kind: Callable[[], Image], registry: Registry
) -> None:
    app, one = registry.create(), kind()
    registry.oci.push(app, one)
    answer = registry.oci.put_manifest(app, one.digest, one.manifest, one.media_type)
    assert answer.headers["OCI-Subject"] == body_of(one)["subject"]["digest"]


def test_the_answer_to_a_manifest_without_a_subject_speaks_of_none(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    assert "OCI-Subject" not in registry.oci.put_manifest(app, "latest", one.manifest, one.media_type).headers


# --- sha512 --------------------------------------------------------------------------------------------------


def sha512(content: bytes) -> str:
    return "sha512:" + hashlib.sha512(content).hexdigest()


def test_a_manifest_pushed_by_its_sha512_is_found_by_it(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    pushed = registry.oci.put_manifest(app, sha512(one.manifest), one.manifest, one.media_type)
    assert (pushed.status, pushed.headers["Docker-Content-Digest"]) == (201, sha512(one.manifest))
    found = registry.oci.get(f"/v2/{app}/manifests/{sha512(one.manifest)}")
    assert (found.body, found.headers["Docker-Content-Digest"]) == (one.manifest, sha512(one.manifest))


def test_a_manifest_may_refer_to_blobs_and_children_by_sha512(registry: Registry) -> None:
    app, content = registry.create(), layer()
    for blob in (content, b"{}"):
        registry.oci.push_blob(app, blob, sha512(blob))
    child = manifest(
        OCI_IMAGE,
        config={"mediaType": OCI_CONFIG, "digest": sha512(b"{}"), "size": 2},
        layers=[{"mediaType": OCI_LAYER, "digest": sha512(content), "size": len(content)}],
    )
    assert registry.oci.put_manifest(app, sha512(child.manifest), child.manifest, OCI_IMAGE).status == 201
    parent = {"mediaType": OCI_IMAGE, "digest": sha512(child.manifest), "size": len(child.manifest)}
    assert put(registry, app, "latest", manifest(OCI_INDEX, manifests=[parent]).manifest, OCI_INDEX).status == 201


# --- tags in the query ---------------------------------------------------------------------------------------


def push_with_tags(registry: Registry, app: str, one: Image, *names: str) -> Answer:
    registry.oci.push(app, one)
    query = "&".join(f"tag={name}" for name in names)
    return registry.oci.put_manifest(app, f"{one.digest}?{query}", one.manifest, one.media_type)


# 100 is also as many header lines as Python's own client reads
@pytest.mark.parametrize("number", [1, 10, 100])
def test_a_push_by_digest_can_set_many_tags(number: int, registry: Registry) -> None:
    app, one = registry.create(), image()
    names = [f"v{item:03}" for item in range(number)]
    answer = push_with_tags(registry, app, one, *names)
    assert answer.status == 201
    assert [tag.strip() for line in answer.headers.getlist("OCI-Tag") for tag in line.split(",")] == names
    assert registry.tags(app) == dict.fromkeys(names, one.digest)


def test_a_push_with_more_tags_than_can_be_set_sets_none_of_them(registry: Registry) -> None:
    app, one = registry.create(), image()
    assert push_with_tags(registry, app, one, *(f"v{item}" for item in range(101))).status == 414
    assert tags(registry, app) == []


def test_a_bad_tag_in_the_query_refuses_the_push(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    answer = registry.oci.put_manifest(app, f"{one.digest}?tag=good&tag=not%20good", one.manifest, one.media_type)
    assert (answer.status, answer.code) == (400, "TAG_INVALID")
    assert "'not good'" in answer.message
    assert tags(registry, app) == []


def test_one_immutable_tag_of_several_refuses_them_all(registry: Registry) -> None:
    app, old, new = registry.create(imageTagMutability="IMMUTABLE"), image(), image()
    registry.oci.push(app, old, "taken")
    registry.oci.push(app, new)
    answer = registry.oci.put_manifest(app, f"{new.digest}?tag=free&tag=taken", new.manifest, new.media_type)
    assert (answer.status, answer.code) == (400, "TAG_INVALID")
    assert registry.tags(app) == {"taken": old.digest}


def test_only_the_tag_in_the_path_counts_where_there_is_one(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    answer = registry.oci.put_manifest(app, "latest?tag=other", one.manifest, one.media_type)
    assert answer.status == 201
    assert tags(registry, app) == ["latest"]


# --- manifests that are refused ------------------------------------------------------------------------------


def refused(registry: Registry, app: str, answer: Answer, status: int, code: str, word: str) -> None:
    """Refused with this status and code, for a reason that the message tells, and nothing was stored."""
    assert (answer.status, answer.code) == (status, code)
    assert word in answer.message
    assert registry.images(app) == []


def with_layer(**members: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The only layer of a manifest changed; None takes a member away."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        changed = {**body["layers"][0], **members}
        return {**body, "layers": [{name: value for name, value in changed.items() if value is not None}]}

    return change


def with_members(**members: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {**body, **members}


def with_sizes(size: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {
        **body,
        "config": {**body["config"], "size": size},
        "layers": [{**item, "size": size} for item in body["layers"]],
    }


def without(member: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {name: value for name, value in body.items() if name != member}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(with_members(manifests=[]), "'manifests'", id="layers and manifests"),
        pytest.param(with_members(blobs=[]), "'blobs'", id="layers and blobs"),
        pytest.param(with_members(schemaVersion=1), "schemaVersion", id="schema version 1"),
        pytest.param(with_members(mediaType=DOCKER_IMAGE), DOCKER_IMAGE, id="another type than the header says"),
        pytest.param(with_members(mediaType=5), "'mediaType'", id="media type that is no text"),
        pytest.param(without("layers"), "'layers'", id="no layers"),
        pytest.param(with_members(layers={}), "'layers'", id="layers that are no list"),
        pytest.param(with_members(layers=["x"]), "'layers[0]'", id="layer that is no descriptor"),
        pytest.param(without("config"), "'config'", id="no config"),
        pytest.param(with_members(config=[]), "'config'", id="config that is no descriptor"),
        pytest.param(with_layer(digest=None), "'layers[0]' has no digest", id="layer without a digest"),
        pytest.param(with_layer(digest="sha256:abc"), "'layers[0]' has no digest", id="layer with half a digest"),
        pytest.param(with_layer(digest="md5:" + "0" * 32), "'layers[0]' has no digest", id="unknown algorithm"),
        pytest.param(with_layer(digest=["x"]), "'layers[0]' has no digest", id="digest that is no text"),
        pytest.param(with_layer(size=None), "'layers[0]' has no size", id="layer without a size"),
        pytest.param(with_layer(size=-1), "'layers[0]' has no size", id="negative size"),
        pytest.param(with_layer(size="10"), "'layers[0]' has no size", id="size that is no number"),
        pytest.param(with_layer(size=True), "'layers[0]' has no size", id="size that is a truth"),
        pytest.param(with_layer(size=1.5), "'layers[0]' has no size", id="size that is a fraction"),
        pytest.param(with_layer(size=2**63), "'layers[0]' has no size", id="size beyond all bounds"),
        pytest.param(with_sizes(2**63 - 1), "size", id="sizes beyond all bounds together"),
        pytest.param(with_layer(mediaType=5), "'layers[0]' has no media type", id="layer type that is no text"),
        pytest.param(with_layer(mediaType="\0"), "'layers[0]' has no media type", id="layer type with NUL"),
        pytest.param(with_layer(mediaType="\ud800"), "'layers[0]' has no media type", id="half a surrogate pair"),
        pytest.param(with_members(subject="x"), "'subject'", id="subject that is no descriptor"),
        pytest.param(with_members(subject={"digest": "x", "size": 1}), "'subject'", id="subject without a digest"),
        pytest.param(with_members(annotations=["x"]), "'annotations'", id="annotations that are no object"),
        pytest.param(with_members(annotations={"a": 1}), "'annotations'", id="annotation that is no text"),
        pytest.param(with_members(artifactType=5), "'artifactType'", id="artifact type that is no text"),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_refused_by_name_of_the_member(
    change: Callable[[dict[str, Any]], dict[str, Any]], word: str, registry: Registry
) -> None:
    app, one = registry.create(), image()
    for digest, content in one.blobs.items():
        registry.oci.push_blob(app, content, digest)
    answer = put(registry, app, "latest", change(body_of(one)))
    refused(registry, app, answer, 400, "MANIFEST_INVALID", word)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param(b"", "not valid JSON", id="empty"),
        pytest.param(b"latest", "not valid JSON", id="no JSON"),
        pytest.param(b'{"schemaVersion":2', "not valid JSON", id="cut off"),
        pytest.param(b'{"schemaVersion":2}\xff', "not valid JSON", id="not UTF-8"),
        pytest.param('{"schemaVersion":2}'.encode("utf-16"), "not valid JSON", id="UTF-16"),
        pytest.param(b"[" * 200_000, "not valid JSON", id="nested without end"),
        pytest.param(b'{"size":' + b"9" * 10_000 + b"}", "not valid JSON", id="number without end"),
        pytest.param(b"[]", "not a JSON object", id="list"),
        pytest.param(b"null", "not a JSON object", id="null"),
        pytest.param(b'{"size":NaN}', "NaN", id="not a number"),
        pytest.param(b'{"schemaVersion":2,"schemaVersion":2}', "occurs twice", id="duplicate key"),
        pytest.param(b'{"config":{"size":1,"size":2}}', "occurs twice", id="duplicate key inside"),
        pytest.param(b'{"size":1,"si\\u007ae":2}', "occurs twice", id="duplicate key in disguise"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes, word: str, registry: Registry) -> None:
    app = registry.create()
    refused(registry, app, put(registry, app, "latest", content), 400, "MANIFEST_INVALID", word)


@pytest.mark.parametrize(
    ("media_type", "word"),
    [
        pytest.param("application/vnd.docker.distribution.manifest.v1+json", "are not supported", id="schema 1"),
        pytest.param("application/vnd.docker.distribution.manifest.v1+prettyjws", "are not supported", id="signed"),
        pytest.param("application/vnd.oci.artifact.manifest.v1+json", "are not supported", id="OCI artifact manifest"),
        pytest.param("application/json", "are not supported", id="JSON"),
        pytest.param(None, "said neither in the request nor in the manifest", id="not said"),
        pytest.param("; charset=utf-8", "said neither in the request nor in the manifest", id="only parameters"),
    ],
)
def test_manifests_of_other_types_are_refused(media_type: str | None, word: str, registry: Registry) -> None:
    app, one = registry.create(), image()
    for digest, content in one.blobs.items():
        registry.oci.push_blob(app, content, digest)
    answer = put(registry, app, "latest", without("mediaType")(body_of(one)), media_type)
    refused(registry, app, answer, 400, "MANIFEST_INVALID", word)


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "by transfer encoding"])
def test_a_manifest_over_the_limit_is_refused(chunked: bool, registry: Registry) -> None:
    app = registry.create()
    content = b" " * (LIMIT + 1)
    path, headers = f"/v2/{app}/manifests/latest", {"Content-Type": OCI_IMAGE}
    answer = registry.oci.call("PUT", path, iter([content]) if chunked else content, headers)
    refused(registry, app, answer, 413, "MANIFEST_INVALID", f"{LIMIT} bytes")


def test_a_manifest_that_was_cut_off_is_not_stored_even_if_all_of_it_had_come(registry: Registry) -> None:
    app, one = registry.create(), image_without_layers()
    registry.oci.push_blob(app, b"{}", sha256(b"{}"))
    with Wire(registry.server, registry.password) as wire:
        headers = {"Content-Type": one.media_type, "Content-Length": str(len(one.manifest) + 1)}
        wire.request("PUT", f"/v2/{app}/manifests/latest", headers)
        wire.send(one.manifest)
        wire.hang_up()
        wire.read(1)  # an answer, or the end of the connection
    assert registry.images(app) == []


@pytest.mark.parametrize("digest", [UNKNOWN, "sha512:" + "0" * 128], ids=["sha256", "sha512"])
def test_a_manifest_of_another_digest_is_refused_with_both_digests(digest: str, registry: Registry) -> None:
    app, one = registry.create(), image()
    answer = put(registry, app, digest, one.manifest)
    refused(registry, app, answer, 400, "DIGEST_INVALID", digest)
    assert (one.digest if digest == UNKNOWN else sha512(one.manifest)) in answer.message


@pytest.mark.parametrize("digest", ["sha256:abc", "sha256:" + "A" * 64, "md5:" + "0" * 32, "a:b"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_no_digest_is_refused(method: str, digest: str, registry: Registry) -> None:
    app = registry.create()
    answer = registry.oci.call(method, f"/v2/{app}/manifests/{digest}", image().manifest if method == "PUT" else None)
    refused(registry, app, answer, 400, "DIGEST_INVALID", "sha256 or sha512")


@pytest.mark.parametrize(
    "tag",
    ["a%20b", "a%2Bb", "caf%C3%A9", "a%00", "a" * 301, "%21"],
    ids=["blank", "plus", "not ASCII", "NUL", "301 characters", "exclamation mark"],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_can_be_no_tag_is_refused(method: str, tag: str, registry: Registry) -> None:
    app, one = registry.create(), image()
    answer = registry.oci.call(method, f"/v2/{app}/manifests/{tag}", one.manifest if method == "PUT" else None)
    refused(registry, app, answer, 400, "TAG_INVALID", "1 to 300 letters")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("App", id="upper case"),
        pytest.param("..", id="traversal"),
        pytest.param("app/../other", id="traversal inside"),
        pytest.param("app/%2e%2e/other", id="encoded traversal"),
        pytest.param("a..b", id="two dots"),
        pytest.param("app/", id="slash at the end"),
        pytest.param("-app", id="begins with a dash"),
        pytest.param("app_", id="ends with a separator"),
        pytest.param("app%00", id="NUL"),
        pytest.param("a%20b", id="blank"),
        pytest.param("caf%C3%A9", id="not ASCII"),
        pytest.param("a", id="too short"),
        pytest.param("a" * 257, id="too long"),
    ],
)
def test_what_can_be_no_repository_is_refused(name: str, registry: Registry) -> None:
    with Wire(registry.server, registry.password) as wire:
        wire.request("PUT", f"/v2/{name}/manifests/latest", {"Content-Length": "0"})
        answer = wire.answer()
    assert (answer.status, answer.code) == (400, "NAME_INVALID")
    assert "2 to 256 lower-case letters" in answer.message


@pytest.mark.parametrize(
    "name",
    [
        "v2/app",
        "manifests/latest",
        "app/blobs",
        "blobs/uploads",
        "app/blobs/uploads",
        "tags/list",
        "app/referrers",
        "catalog",
        "a" * 256,
    ],
)
def test_a_repository_may_have_any_word_of_the_paths_in_its_name(name: str, registry: Registry) -> None:
    app, one = registry.create(name), image()
    referrer = image(subject=one)
    registry.oci.push(app, one, "list", "uploads")
    registry.oci.push(app, referrer)
    assert registry.oci.get(f"/v2/{app}/manifests/list").body == one.manifest
    assert tags(registry, app) == ["list", "uploads"]
    (found,) = registry.oci.get(f"/v2/{app}/referrers/{one.digest}").json["manifests"]
    assert found["digest"] == referrer.digest
    for digest, content in one.blobs.items():
        assert registry.oci.get(f"/v2/{app}/blobs/{digest}").body == content


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_repository_is_not_found(method: str, registry: Registry) -> None:
    content = image_without_layers().manifest if method == "PUT" else None
    answer = registry.oci.call(method, "/v2/none/manifests/latest", content, {"Content-Type": OCI_IMAGE})
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")
    assert (
        answer.message == f"The repository with name 'none' does not exist in the registry with id '{registry.account}'"
    )


@pytest.mark.parametrize("reference", ["none", UNKNOWN], ids=["tag", "digest"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_image_is_not_found(method: str, reference: str, registry: Registry) -> None:
    answer = registry.oci.call(method, f"/v2/{registry.create()}/manifests/{reference}")
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
    assert answer.message == "Requested image not found"


def test_head_of_an_unknown_image_is_404_without_a_body(registry: Registry) -> None:
    answer = registry.oci.head(f"/v2/{registry.create()}/manifests/none")
    assert (answer.status, answer.body) == (404, b"")


# --- references ----------------------------------------------------------------------------------------------


def pushed_without(registry: Registry, app: str, one: Image, *missing: str) -> Answer:
    """The answer to a manifest of which some blobs or children were not pushed."""
    for child in one.children:
        if child.digest not in missing:
            registry.oci.push(app, child)
    for digest, content in one.blobs.items():
        if digest not in missing:
            registry.oci.push_blob(app, content, digest)
    return registry.oci.put_manifest(app, "latest", one.manifest, one.media_type)


def config_of(one: Image) -> list[str]:
    return [body_of(one)["config"]["digest"]]


def layers_of(one: Image) -> list[str]:
    return [item["digest"] for item in body_of(one)["layers"]]


def all_blobs_of(one: Image) -> list[str]:
    return list(one.blobs)


def children_of(one: Image) -> list[str]:
    return [child.digest for child in one.children]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        pytest.param(oci_image, config_of, id="config"),
        pytest.param(oci_image, layers_of, id="layer"),
        pytest.param(docker_image, all_blobs_of, id="config and layers"),
        pytest.param(zstd_layers, layers_of, id="layer of any type"),
        pytest.param(foreign_layers, config_of, id="config beside foreign layers"),
        pytest.param(oras_artifact, all_blobs_of, id="blob of an artifact"),
        pytest.param(buildkit_cache_as_an_index, all_blobs_of, id="blobs in an index"),
        pytest.param(oci_index, children_of, id="children"),
        pytest.param(docker_list, children_of, id="children of a list"),
    ],
)
def test_a_manifest_whose_parts_are_missing_is_refused_with_all_their_digests(
    kind: Callable[[], Image], missing: Callable[[Image], list[str]], registry: Registry
) -> None:
    app, one = registry.create(), kind()
    absent = missing(one)
    answer = pushed_without(registry, app, one, *absent)
    refused(registry, app, answer, 404, "MANIFEST_BLOB_UNKNOWN", f"'{app}'")
    assert all(digest in answer.message for digest in absent)


def test_only_the_parts_that_are_missing_are_named(registry: Registry) -> None:
    app, one = registry.create(), image(layer(), layer())
    absent, *others = all_blobs_of(one)
    answer = pushed_without(registry, app, one, absent)
    assert absent in answer.message
    assert not any(digest in answer.message for digest in others)


@pytest.mark.parametrize("kind", [oci_image, oci_index, nested_index])
def test_parts_that_only_another_repository_has_are_missing(kind: Callable[[], Image], registry: Registry) -> None:
    app, one = registry.create(), kind()
    registry.oci.push(registry.create("another"), one, "latest")
    answer = registry.oci.put_manifest(app, "latest", one.manifest, one.media_type)
    refused(registry, app, answer, 404, "MANIFEST_BLOB_UNKNOWN", f"'{app}'")


def test_parts_that_only_another_account_has_are_missing(registry: Registry) -> None:
    app, one = registry.create(), image()
    other = Registry(registry.server, registry.account[::-1])
    other.oci.push(other.create(app), one, "latest")
    answer = registry.oci.put_manifest(app, "latest", one.manifest, one.media_type)
    refused(registry, app, answer, 404, "MANIFEST_BLOB_UNKNOWN", registry.account)


def test_an_image_is_not_seen_from_another_repository(registry: Registry) -> None:
    one = image()
    registry.oci.push(registry.create("app"), one, "latest")
    registry.create("another")
    for reference in ("latest", one.digest):
        assert registry.oci.get(f"/v2/another/manifests/{reference}").code == "MANIFEST_UNKNOWN"


def test_a_subject_need_not_be_there(registry: Registry) -> None:
    app, one = registry.create(), artifact_with_a_subject()
    registry.oci.push(app, one, "latest")
    assert registry.oci.head(f"/v2/{app}/manifests/{body_of(one)['subject']['digest']}").status == 404


# --- immutable tags ------------------------------------------------------------------------------------------


def test_an_immutable_tag_does_not_move(registry: Registry) -> None:
    app, old, new = registry.create(imageTagMutability="IMMUTABLE"), image(), image()
    registry.oci.push(app, old, "v1")
    registry.oci.push(app, new)
    answer = registry.oci.put_manifest(app, "v1", new.manifest, new.media_type)
    assert (answer.status, answer.code) == (400, "TAG_INVALID")
    assert answer.message == (
        f"The image tag 'v1' already exists in the '{app}' repository and cannot be overwritten because the tag is "
        "immutable."
    )
    assert registry.tags(app) == {"v1": old.digest}


def test_a_refused_tag_does_not_bring_its_image_in(registry: Registry) -> None:
    app, old, new = registry.create(imageTagMutability="IMMUTABLE"), image(), image()
    registry.oci.push(app, old, "v1")
    for digest, content in new.blobs.items():
        registry.oci.push_blob(app, content, digest)
    registry.oci.put_manifest(app, "v1", new.manifest, new.media_type)
    assert registry.oci.head(f"/v2/{app}/manifests/{new.digest}").status == 404


def test_the_same_image_can_be_pushed_again_under_its_immutable_tag(registry: Registry) -> None:
    app, one = registry.create(imageTagMutability="IMMUTABLE"), image()
    registry.oci.push(app, one, "v1")
    assert registry.oci.put_manifest(app, "v1", one.manifest, one.media_type).status == 201


def test_an_immutable_tag_can_be_deleted_and_used_again(registry: Registry) -> None:
    app, old, new = registry.create(imageTagMutability="IMMUTABLE"), image(), image()
    registry.oci.push(app, old, "v1")
    assert registry.oci.delete(f"/v2/{app}/manifests/v1").status == 202
    registry.oci.push(app, new, "v1")
    assert registry.tags(app) == {"v1": new.digest}


EXCLUSIONS = {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}]}


@pytest.mark.parametrize(
    ("settings", "tag", "status"),
    [
        pytest.param({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"} | EXCLUSIONS, "dev-1", 201, id="excluded"),
        pytest.param({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"} | EXCLUSIONS, "v1", 400, id="not excluded"),
        pytest.param({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"} | EXCLUSIONS, "dev-1", 400, id="only these"),
        pytest.param({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"} | EXCLUSIONS, "v1", 201, id="not these"),
    ],
)
def test_exclusion_filters_say_which_tags_move(
    settings: Mapping[str, Any], tag: str, status: int, registry: Registry
) -> None:
    app, old, new = registry.create(**settings), image(), image()
    registry.oci.push(app, old, tag)
    registry.oci.push(app, new)
    assert registry.oci.put_manifest(app, tag, new.manifest, new.media_type).status == status


# --- deleting ------------------------------------------------------------------------------------------------


def test_a_deleted_image_is_gone_under_its_digest_and_all_its_tags(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a", "b")
    assert registry.oci.delete(f"/v2/{app}/manifests/{one.digest}").status == 202
    for reference in ("a", "b", one.digest):
        assert registry.oci.get(f"/v2/{app}/manifests/{reference}").code == "MANIFEST_UNKNOWN"
    assert tags(registry, app) == []


def test_a_deleted_tag_leaves_the_image_and_its_other_tags(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a", "b")
    assert registry.oci.delete(f"/v2/{app}/manifests/a").status == 202
    assert registry.oci.get(f"/v2/{app}/manifests/a").code == "MANIFEST_UNKNOWN"
    assert tags(registry, app) == ["b"]
    assert registry.oci.head(f"/v2/{app}/manifests/{one.digest}").status == 200


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_image_is_deleted_once(by: str, registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    path = f"/v2/{app}/manifests/{'latest' if by == 'tag' else one.digest}"
    assert registry.oci.delete(path).status == 202
    answer = registry.oci.delete(path)
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")


def test_a_deleted_image_can_be_pushed_again(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    registry.oci.delete(f"/v2/{app}/manifests/{one.digest}")
    registry.oci.push(app, one, "latest")
    assert registry.oci.get(f"/v2/{app}/manifests/latest").body == one.manifest


@pytest.mark.parametrize("kind", [oci_image, oci_index, artifact])
def test_the_child_of_an_index_is_not_deleted_and_the_answer_names_the_index(
    kind: Callable[[], Image], registry: Registry
) -> None:
    app, child = registry.create(), kind()
    parent = index(child)
    registry.oci.push(app, parent, "latest")
    answer = registry.oci.delete(f"/v2/{app}/manifests/{child.digest}")
    assert (answer.status, answer.code) == (405, "UNSUPPORTED")
    assert answer.message == f"Requested image referenced by manifest list: [{parent.digest}]"
    assert registry.oci.get(f"/v2/{app}/manifests/{child.digest}").body == child.manifest


def test_the_last_tag_of_a_child_can_go_and_the_child_stays(registry: Registry) -> None:
    app, child = registry.create(), image()
    registry.oci.push(app, child, "child")
    registry.oci.push(app, index(child), "latest")
    assert registry.oci.delete(f"/v2/{app}/manifests/child").status == 202
    assert tags(registry, app) == ["latest"]
    assert registry.oci.get(f"/v2/{app}/manifests/{child.digest}").body == child.manifest


def test_without_their_index_children_can_be_deleted(registry: Registry) -> None:
    app, child = registry.create(), image()
    parent = index(child)
    registry.oci.push(app, parent, "latest")
    assert registry.oci.delete(f"/v2/{app}/manifests/{parent.digest}").status == 202
    assert registry.oci.head(f"/v2/{app}/manifests/{child.digest}").status == 200
    assert registry.oci.delete(f"/v2/{app}/manifests/{child.digest}").status == 202
    assert registry.images(app) == []


def test_the_subject_of_a_referrer_can_be_deleted(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    registry.oci.push(app, image(subject=one))
    assert registry.oci.delete(f"/v2/{app}/manifests/{one.digest}").status == 202
