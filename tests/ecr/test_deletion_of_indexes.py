"""BatchDeleteImage where images hold each other: indexes, their children, and referrers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import pytest

from support.content import OCI_INDEX, OCI_LAYER, Image, descriptor, index, series
from support.deletions import REFERENCED, World, after
from support.manifests import manifest
from support.raw_ecr import RawEcr
from support.registry import Registry


def test_children_become_deletable_when_their_index_is_gone(world: World) -> None:
    world.delete({"imageTag": "idx"})
    answer = world.delete({"imageDigest": "@child"}, {"imageTag": "ct"}, {"imageDigest": "@child with two tags"})
    assert answer["failures"] == []
    assert world.state() == after(index=None, child=None, tagged_child=None, child_with_two_tags=None)


ORDERS: Final = tuple(itertools.permutations(range(3)))
FAMILY: Final = ({"imageDigest": "@child"}, {"imageTag": "ct"}, {"imageTag": "idx"})


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_an_index_and_its_children_go_in_one_call_in_any_order(world: World, order: Sequence[int]) -> None:
    answer = world.delete(*(FAMILY[number] for number in order))
    assert (len(answer["imageIds"]), answer["failures"]) == (3, [])
    assert world.state() == after(index=None, child=None, tagged_child=None)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_an_index_of_an_index_and_all_below_go_in_one_call_in_any_order(
    registry: Registry, order: Sequence[int]
) -> None:
    app, (leaf,) = registry.create(), series(1)
    inner = index(leaf)
    outer = index(inner)
    registry.oci.push(app, outer)
    tree = (leaf, inner, outer)
    answer = registry.delete(app, *(tree[number].digest for number in order))
    assert (len(answer["imageIds"]), answer["failures"]) == (3, [])
    assert registry.images(app) == []


def test_an_index_inside_another_index_is_a_child_too(registry: Registry) -> None:
    app, (leaf,) = registry.create(), series(1)
    inner = index(leaf)
    outer = index(inner)
    registry.oci.push(app, outer, "v1")
    answer = registry.delete(app, leaf.digest, inner.digest)
    assert answer["imageIds"] == []
    reasons = [item["failureReason"] for item in answer["failures"]]
    assert reasons == [f"Requested image referenced by manifest list: [{parent.digest}]" for parent in (inner, outer)]


def test_a_child_of_two_indexes_is_held_by_both(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    first, second = index(child, annotations={"number": "1"}), index(child, annotations={"number": "2"})
    for one in (first, second):
        registry.oci.push(app, one)
    (failed,) = registry.delete(app, child.digest)["failures"]
    reason = f"Requested image referenced by manifest list: [{first.digest}, {second.digest}]"
    assert failed["failureReason"] == reason


def test_a_child_is_held_by_the_index_that_stays(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    first, second = index(child, annotations={"number": "1"}), index(child, annotations={"number": "2"})
    for one in (first, second):
        registry.oci.push(app, one)
    answer = registry.delete(app, child.digest, first.digest)
    assert answer["imageIds"] == [{"imageDigest": first.digest}]
    assert answer["failures"][0]["failureReason"].endswith(f"[{second.digest}]")


def test_of_two_tags_of_a_child_the_last_one_stays(world: World) -> None:
    answer = world.delete({"imageTag": "ct1"}, {"imageTag": "ct2"})
    assert answer == {
        "imageIds": [world.real({"imageDigest": "@child with two tags", "imageTag": "ct1"})],
        "failures": [world.failure({"imageTag": "ct2"}, REFERENCED, "@index")],
    }
    assert world.state() == after(child_with_two_tags=["ct2"])


def test_an_index_of_another_repository_holds_nothing(world: World) -> None:
    registry, (child,) = world.registry, series(1)
    registry.oci.push(registry.create("other"), index(child), "v1")
    registry.oci.push(world.app, child, "copy")
    assert registry.delete(world.app, child.digest)["failures"] == []


def test_a_referrer_outlives_its_subject(world: World) -> None:
    world.delete({"imageDigest": "@subject"})
    answer = world.registry.ecr.list_image_referrers(
        repositoryName=world.app, subjectId={"imageDigest": world.images["subject"].digest}
    )
    assert [item["digest"] for item in answer["referrers"]] == [world.images["referrer"].digest]


# --- a digest that is a blob's and a child's -----------------------------------------------------------------


def listed_twice(child: Image) -> Image:
    """An index that lists the bytes of a manifest as an image, and as a blob."""
    entries = [descriptor(kind, child.manifest) for kind in (child.media_type, OCI_LAYER)]
    return manifest(OCI_INDEX, child.manifest, children=(child,), manifests=entries)


def test_a_child_that_its_index_lists_as_a_blob_too_is_held(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    both = listed_twice(child)
    registry.oci.push(app, both, "both")
    (failed,) = registry.delete(app, child.digest)["failures"]
    assert failed["failureReason"] == f"Requested image referenced by manifest list: [{both.digest}]"


def test_a_blob_that_its_index_lists_as_a_child_too_is_held(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    registry.oci.push(app, listed_twice(child), "both")
    assert registry.oci.delete(f"/v2/{app}/blobs/{child.digest}").status == 405


def test_an_index_and_what_it_lists_twice_go_in_one_call(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    both = listed_twice(child)
    registry.oci.push(app, both)
    assert registry.delete(app, child.digest, both.digest)["failures"] == []
    assert registry.images(app) == []


@pytest.mark.parametrize("there", ["image", "blob"])
def test_an_index_that_lists_a_digest_twice_needs_the_image_and_the_blob(registry: Registry, there: str) -> None:
    app, (child,) = registry.create(), series(1)
    both = listed_twice(child)
    if there == "image":
        registry.oci.push(app, child)
    else:
        registry.oci.push_blob(app, child.manifest, child.digest)
    answer = registry.oci.put_manifest(app, "both", both.manifest, both.media_type)
    assert (answer.status, answer.code) == (404, "MANIFEST_BLOB_UNKNOWN")


def test_a_child_alone_does_not_make_a_blob_of_the_same_bytes_a_layer(registry: Registry) -> None:
    app, (child,) = registry.create(), series(1)
    registry.oci.push(app, index(child))
    registry.oci.push_blob(app, child.manifest, child.digest)
    answer = RawEcr(registry).call("GetDownloadUrlForLayer", {"repositoryName": app, "layerDigest": child.digest})
    assert (answer.status, answer.code) == (400, "LayerInaccessibleException")
