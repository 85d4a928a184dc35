"""What a manifest refers to has to be in its repository, but for its subject."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.answer import Answer
from support.content import Image, image, layer
from support.manifests import (
    artifact_with_a_subject,
    body_of,
    buildkit_cache_as_an_index,
    docker_image,
    docker_list,
    foreign_layers,
    nested_index,
    oci_image,
    oci_index,
    oras_artifact,
    refused,
    zstd_layers,
)
from support.registry import Registry


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
