"""Manifests that are refused and why, and names that can be none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.content import DOCKER_IMAGE, OCI_IMAGE, UNKNOWN, image, sha256, sha512
from support.manifests import LIMIT, body_of, image_without_layers, put, refused
from support.registry import Registry
from support.wire import Wire


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
    assert registry.oci.tags(app) == ["list", "uploads"]
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
