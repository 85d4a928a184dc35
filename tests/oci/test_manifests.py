"""Manifests: which kinds are kept, how they are found, and what a push is answered with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.content import OCI_CONFIG, OCI_IMAGE, OCI_INDEX, OCI_LAYER, Image, image, layer, sha512
from support.manifests import (
    KINDS,
    LIMIT,
    artifact_with_a_subject,
    body_of,
    cosign_signature,
    index_with_a_subject,
    manifest,
    oras_artifact,
    put,
)
from support.registry import Registry


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
