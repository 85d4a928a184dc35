"""Tags of manifests: several in the query of a push, and those that must not move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.answer import Answer
from support.content import Image, image
from support.registry import Registry

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
    assert registry.oci.tags(app) == []


def test_a_bad_tag_in_the_query_refuses_the_push(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    answer = registry.oci.put_manifest(app, f"{one.digest}?tag=good&tag=not%20good", one.manifest, one.media_type)
    assert (answer.status, answer.code) == (400, "TAG_INVALID")
    assert "'not good'" in answer.message
    assert registry.oci.tags(app) == []


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
    assert registry.oci.tags(app) == ["latest"]


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
