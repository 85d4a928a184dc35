"""How images and tags go by DELETE, and which have to stay."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.content import Image, image, index
from support.manifests import artifact, oci_image, oci_index
from support.registry import Registry


def test_a_deleted_image_is_gone_under_its_digest_and_all_its_tags(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a", "b")
    assert registry.oci.delete(f"/v2/{app}/manifests/{one.digest}").status == 202
    for reference in ("a", "b", one.digest):
        assert registry.oci.get(f"/v2/{app}/manifests/{reference}").code == "MANIFEST_UNKNOWN"
    assert registry.oci.tags(app) == []


def test_a_deleted_tag_leaves_the_image_and_its_other_tags(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a", "b")
    assert registry.oci.delete(f"/v2/{app}/manifests/a").status == 202
    assert registry.oci.get(f"/v2/{app}/manifests/a").code == "MANIFEST_UNKNOWN"
    assert registry.oci.tags(app) == ["b"]
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
    assert registry.oci.tags(app) == ["latest"]
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
