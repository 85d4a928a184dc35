"""BatchDeleteImage: a case for each row of docs/reference/deleting.md, and what an OCI DELETE makes of the same."""

from __future__ import annotations

import base64
import http.client
import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import pytest
import urllib3
from botocore.exceptions import ClientError

from support.content import OCI_EMPTY, Image, image, index, layer
from support.ecr_held import held
from support.ecr_images import UNKNOWN, failure, invalid, no_repository, push_blobs, series
from support.ecr_wire import Wire
from support.oci import Oci
from support.registry import Registry, error_of
from support.server import Server

Id = dict[str, str]
State = dict[str, list[str]]
REFERENCED: Final = "ImageReferencedByManifestList"


# --- a repository with an image of every kind ----------------------------------------------------------------

START: Final[Mapping[str, list[str]]] = {
    "solo": ["solo"],
    "many": ["a", "b", "c"],
    "bare": [],
    "child": [],
    "tagged child": ["ct"],
    "child with two tags": ["ct1", "ct2"],
    "index": ["idx"],
    "subject": ["subject"],
    "referrer": [],
    "artifact": [],
    "artifacts": ["sha256-old"],
}


class World:
    """The repository `app`. A case names its images; `@many` stands for the digest of that image."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.app = registry.create("app")
        self.images = _images()
        push_blobs(registry, self.app, self.images["solo"])
        for name, tags in START.items():
            one = self.images[name]
            query = "&".join(f"tag={tag}" for tag in tags)
            answer = registry.oci.put_manifest(self.app, f"{one.digest}?{query}", one.manifest, one.media_type)
            assert answer.status == 201, answer

    def real(self, item: Mapping[str, str]) -> Id:
        """An id with the digest that a name stands for."""
        return {key: self._digest(value) for key, value in item.items()}

    def delete(self, *ids: Mapping[str, str]) -> Any:
        """BatchDeleteImage, as it is on the wire."""
        arguments = {"repositoryName": self.app, "imageIds": [self.real(item) for item in ids]}
        reply = Wire(self.registry).call("BatchDeleteImage", arguments)
        assert reply.status == 200, reply
        return reply.json

    def failure(self, item: Mapping[str, str], code: str, *parents: str) -> dict[str, Any]:
        """A failure as it has to be."""
        if code != REFERENCED:
            return failure(self.real(item), code)
        listed = ", ".join(self._digest(parent) for parent in parents)
        reason = f"Requested image referenced by manifest list: [{listed}]"
        return {"imageId": self.real(item), "failureCode": code, "failureReason": reason}

    def state(self) -> State:
        """The images that are there, by name, with their tags."""
        names = {one.digest: name for name, one in self.images.items()}
        found: State = {}
        for page in self.registry.ecr.get_paginator("describe_images").paginate(repositoryName=self.app):
            for item in page["imageDetails"]:
                found[names[item["imageDigest"]]] = sorted(item.get("imageTags", []))
        return found

    def _digest(self, value: str) -> str:
        return self.images[value[1:]].digest if value.startswith("@") else value


def _images() -> dict[str, Image]:
    content = layer()
    plain = {
        name: image(content, config_type=OCI_EMPTY, annotations={"name": name})
        for name in START
        if name not in {"index", "artifacts", "referrer"}
    }
    return {
        **plain,
        "index": index(plain["child"], plain["tagged child"], plain["child with two tags"]),
        "artifacts": index(plain["artifact"]),
        "referrer": image(content, config_type=OCI_EMPTY, subject=plain["subject"]),
    }


def after(**changes: list[str] | None) -> State:
    """The state at the start with some images changed, or gone (None)."""
    merged = {**START, **{name.replace("_", " "): tags for name, tags in changes.items()}}
    return {name: tags for name, tags in merged.items() if tags is not None}


@pytest.fixture
def world(registry: Registry) -> World:
    return World(registry)


# --- each row ------------------------------------------------------------------------------------------------


class Removed(NamedTuple):
    """A case in which ids are served."""

    asked: Sequence[Id]
    entries: Sequence[Id]
    left: State


REMOVED: Final[Mapping[str, Removed]] = {
    "1 one tag of several": Removed(
        [{"imageTag": "a"}],
        [{"imageDigest": "@many", "imageTag": "a"}],
        after(many=["b", "c"]),
    ),
    "2 the last tag": Removed(
        [{"imageTag": "solo"}],
        [{"imageDigest": "@solo", "imageTag": "solo"}],
        after(solo=None),
    ),
    "3 digest of an image with tags": Removed(
        [{"imageDigest": "@many"}],
        [{"imageDigest": "@many", "imageTag": tag} for tag in ("a", "b", "c")],
        after(many=None),
    ),
    "3 digest of an image with one tag": Removed(
        [{"imageDigest": "@solo"}],
        [{"imageDigest": "@solo", "imageTag": "solo"}],
        after(solo=None),
    ),
    "4 digest of an untagged image": Removed(
        [{"imageDigest": "@bare"}],
        [{"imageDigest": "@bare"}],
        after(bare=None),
    ),
    "5 digest and one tag of several": Removed(
        [{"imageDigest": "@many", "imageTag": "b"}],
        [{"imageDigest": "@many", "imageTag": "b"}],
        after(many=["a", "c"]),
    ),
    "5 digest and the last tag": Removed(
        [{"imageDigest": "@solo", "imageTag": "solo"}],
        [{"imageDigest": "@solo", "imageTag": "solo"}],
        after(solo=None),
    ),
    "15 one tag of several on a child": Removed(
        [{"imageTag": "ct1"}],
        [{"imageDigest": "@child with two tags", "imageTag": "ct1"}],
        after(child_with_two_tags=["ct2"]),
    ),
    "15 digest and one tag of several on a child": Removed(
        [{"imageDigest": "@child with two tags", "imageTag": "ct2"}],
        [{"imageDigest": "@child with two tags", "imageTag": "ct2"}],
        after(child_with_two_tags=["ct1"]),
    ),
    "16 index by tag": Removed(
        [{"imageTag": "idx"}],
        [{"imageDigest": "@index", "imageTag": "idx"}],
        after(index=None),
    ),
    "16 index by digest": Removed(
        [{"imageDigest": "@index"}],
        [{"imageDigest": "@index", "imageTag": "idx"}],
        after(index=None),
    ),
    "17 subject with a referrer": Removed(
        [{"imageDigest": "@subject"}],
        [{"imageDigest": "@subject", "imageTag": "subject"}],
        after(subject=None),
    ),
    "18 index of artifacts under a fallback tag": Removed(
        [{"imageTag": "sha256-old"}],
        [{"imageDigest": "@artifacts", "imageTag": "sha256-old"}],
        after(artifacts=None),
    ),
    "19 referrer": Removed(
        [{"imageDigest": "@referrer"}],
        [{"imageDigest": "@referrer"}],
        after(referrer=None),
    ),
    "the only tags of an image, all of them": Removed(
        [{"imageTag": "a"}, {"imageTag": "b"}, {"imageTag": "c"}],
        [{"imageDigest": "@many", "imageTag": tag} for tag in ("a", "b", "c")],
        after(many=None),
    ),
    "the only tags of an image with its digest each": Removed(
        [{"imageDigest": "@many", "imageTag": tag} for tag in ("a", "b", "c")],
        [{"imageDigest": "@many", "imageTag": tag} for tag in ("a", "b", "c")],
        after(many=None),
    ),
    "one id twice": Removed(
        [{"imageTag": "a"}, {"imageTag": "a"}],
        [{"imageDigest": "@many", "imageTag": "a"}],
        after(many=["b", "c"]),
    ),
    "one image by digest, then by its tag": Removed(
        [{"imageDigest": "@solo"}, {"imageTag": "solo"}],
        [{"imageDigest": "@solo", "imageTag": "solo"}],
        after(solo=None),
    ),
    "one image by its tag, then by digest": Removed(
        [{"imageTag": "b"}, {"imageDigest": "@many"}],
        [{"imageDigest": "@many", "imageTag": tag} for tag in ("a", "b", "c")],
        after(many=None),
    ),
    "one tag in two ways": Removed(
        [{"imageTag": "a"}, {"imageDigest": "@many", "imageTag": "a"}],
        [{"imageDigest": "@many", "imageTag": "a"}],
        after(many=["b", "c"]),
    ),
    "an untagged image twice": Removed(
        [{"imageDigest": "@bare"}, {"imageDigest": "@bare"}],
        [{"imageDigest": "@bare"}],
        after(bare=None),
    ),
}


@pytest.mark.parametrize("case", REMOVED.values(), ids=REMOVED)
def test_what_is_named_goes_and_is_answered(world: World, case: Removed) -> None:
    answer = world.delete(*case.asked)
    assert sorted(answer["imageIds"], key=str) == sorted(map(world.real, case.entries), key=str)
    assert answer["failures"] == []
    assert world.state() == case.left


REFUSED: Final[Mapping[str, tuple[Id, str, Sequence[str]]]] = {
    "6 known digest, unknown tag": ({"imageDigest": "@many", "imageTag": "nope"}, "ImageNotFound", ()),
    "7 tag of another image": ({"imageDigest": "@solo", "imageTag": "a"}, "ImageTagDoesNotMatchDigest", ()),
    "7 known tag, unknown digest": ({"imageDigest": UNKNOWN, "imageTag": "a"}, "ImageTagDoesNotMatchDigest", ()),
    "8 both unknown": ({"imageDigest": UNKNOWN, "imageTag": "nope"}, "ImageNotFound", ()),
    "9 neither": ({}, "MissingDigestAndTag", ()),
    "10 malformed digest": ({"imageDigest": "sha256:invalid-digest"}, "InvalidImageDigest", ()),
    "10 no digest": ({"imageDigest": "invalid_digest"}, "InvalidImageDigest", ()),
    "10 empty digest": ({"imageDigest": ""}, "InvalidImageDigest", ()),
    "10 malformed digest beside a tag": ({"imageDigest": "sha256:zz", "imageTag": "a"}, "InvalidImageDigest", ()),
    "10 traversal": ({"imageDigest": "../../etc/passwd"}, "InvalidImageDigest", ()),
    "11 malformed tag": ({"imageTag": "a b"}, "InvalidImageTag", ()),
    "11 malformed tag beside a digest": ({"imageDigest": "@many", "imageTag": "a/b"}, "InvalidImageTag", ()),
    "12 unknown tag": ({"imageTag": "nope"}, "ImageNotFound", ()),
    "12 tag in another case": ({"imageTag": "SOLO"}, "ImageNotFound", ()),
    "12 pattern": ({"imageTag": "_"}, "ImageNotFound", ()),
    "12 unknown digest": ({"imageDigest": UNKNOWN}, "ImageNotFound", ()),
    "12 short digest": ({"imageDigest": "sha256:abc"}, "ImageNotFound", ()),
    "12 unknown algorithm": ({"imageDigest": "md5:00"}, "ImageNotFound", ()),
    "13 child of an index": ({"imageDigest": "@child"}, REFERENCED, ("@index",)),
    "13 tagged child by digest": ({"imageDigest": "@tagged child"}, REFERENCED, ("@index",)),
    "13 child with two tags by digest": ({"imageDigest": "@child with two tags"}, REFERENCED, ("@index",)),
    "14 last tag of a child": ({"imageTag": "ct"}, REFERENCED, ("@index",)),
    "14 last tag of a child with its digest": (
        {"imageDigest": "@tagged child", "imageTag": "ct"},
        REFERENCED,
        ("@index",),
    ),
    "18 artifact in the index of a fallback tag": ({"imageDigest": "@artifact"}, REFERENCED, ("@artifacts",)),
}


@pytest.mark.parametrize(("asked", "code", "parents"), REFUSED.values(), ids=REFUSED)
def test_an_id_that_cannot_be_served_is_a_failure_and_changes_nothing(
    world: World, asked: Id, code: str, parents: Sequence[str]
) -> None:
    assert world.delete(asked) == {"imageIds": [], "failures": [world.failure(asked, code, *parents)]}
    assert world.state() == START


@pytest.mark.parametrize("setting", ["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"])
@pytest.mark.parametrize("asked", [{"imageTag": "solo"}, {"imageDigest": "@solo"}], ids=["by-tag", "by-digest"])
def test_immutability_does_not_hinder_and_the_tag_may_be_pushed_again(world: World, setting: str, asked: Id) -> None:
    more: dict[str, Any] = {}
    if setting.endswith("EXCLUSION"):
        pattern = "solo" if setting.startswith("MUTABLE") else "other"
        more["imageTagMutabilityExclusionFilters"] = [{"filterType": "WILDCARD", "filter": pattern}]
    world.registry.ecr.put_image_tag_mutability(repositoryName=world.app, imageTagMutability=setting, **more)
    assert world.delete(asked)["failures"] == []
    world.registry.put_image(world.app, world.images["many"], "solo")
    assert world.state() == after(solo=None, many=["a", "b", "c", "solo"])


async def test_a_digest_with_a_tag_may_be_read_as_the_whole_image(tmp_path: Path) -> None:
    (one,) = series(1)
    async with held(tmp_path, digest_and_tag="image") as here:
        await here.ecr("CreateRepository", repositoryName="app")
        for content in one.blobs.values():
            await here.push_blob("app", content)
        for tag in ("a", "b"):
            await here.ecr("PutImage", repositoryName="app", imageManifest=one.text, imageTag=tag)
        asked = [{"imageDigest": one.digest, "imageTag": "a"}]
        answer = await here.ecr("BatchDeleteImage", repositoryName="app", imageIds=asked)
        assert sorted(item["imageTag"] for item in answer["imageIds"]) == ["a", "b"]
        assert (await here.ecr("ListImages", repositoryName="app"))["imageIds"] == []


# --- indexes and their children ------------------------------------------------------------------------------


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


# --- a list of ids -------------------------------------------------------------------------------------------


def test_what_list_images_prints_can_be_deleted_as_it_is(world: World) -> None:
    listed = world.registry.images(world.app)
    answer = world.registry.ecr.batch_delete_image(repositoryName=world.app, imageIds=listed)
    assert answer["failures"] == []
    assert sorted(answer["imageIds"], key=str) == sorted(listed, key=str)
    assert world.state() == {}


def test_entries_and_failures_come_in_the_order_of_the_ids(world: World) -> None:
    answer = world.delete(
        {"imageTag": "nope"}, {"imageTag": "solo"}, {}, {"imageTag": "c"}, {"imageDigest": "@bare"}, {"imageTag": "a b"}
    )
    assert answer == {
        "imageIds": [
            world.real({"imageDigest": "@solo", "imageTag": "solo"}),
            world.real({"imageDigest": "@many", "imageTag": "c"}),
            world.real({"imageDigest": "@bare"}),
        ],
        "failures": [
            world.failure({"imageTag": "nope"}, "ImageNotFound"),
            world.failure({}, "MissingDigestAndTag"),
            world.failure({"imageTag": "a b"}, "InvalidImageTag"),
        ],
    }


def test_an_unknown_id_that_comes_twice_fails_twice(world: World) -> None:
    answer = world.delete({"imageTag": "nope"}, {"imageTag": "nope"})
    assert answer["failures"] == [world.failure({"imageTag": "nope"}, "ImageNotFound")] * 2


def test_a_deletion_that_is_repeated_finds_nothing(world: World) -> None:
    world.delete({"imageTag": "solo"})
    assert world.delete({"imageTag": "solo"}) == {
        "imageIds": [],
        "failures": [world.failure({"imageTag": "solo"}, "ImageNotFound")],
    }


def test_a_hundred_images_go_in_one_call(registry: Registry) -> None:
    app, images = registry.create(), series(101)
    push_blobs(registry, app, images[0])
    for one in images:
        registry.put_image(app, one)
    answer = registry.delete(app, *(one.digest for one in images[:100]))
    assert answer["imageIds"] == [{"imageDigest": one.digest} for one in images[:100]]
    assert registry.images(app) == [{"imageDigest": images[100].digest}]


BAD_CALLS: Final[Mapping[str, tuple[dict[str, Any], str, str]]] = {
    "no ids": ({}, "imageIds", "Member must not be null"),
    "null": ({"imageIds": None}, "imageIds", "Member must not be null"),
    "an empty list": ({"imageIds": []}, "imageIds", "Member must have length greater than or equal to 1"),
    "101 ids": (
        {"imageIds": [{"imageTag": "solo"}] * 101},
        "imageIds",
        "Member must have length less than or equal to 100",
    ),
    "null among ids": (
        {"imageIds": [{"imageTag": "solo"}, None]},
        "imageIds.2.member",
        "Member must not be null",
    ),
    "an empty tag": (
        {"imageIds": [{"imageTag": "solo"}, {"imageTag": ""}]},
        "imageIds.2.member.imageTag",
        "Member must have length greater than or equal to 1",
    ),
    "a long tag": (
        {"imageIds": [{"imageTag": "solo"}, {"imageTag": "x" * 301}]},
        "imageIds.2.member.imageTag",
        "Member must have length less than or equal to 300",
    ),
}


@pytest.mark.parametrize(("arguments", "path", "constraint"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_nothing_is_deleted_by_a_call_that_is_refused_as_a_whole(
    world: World, arguments: dict[str, Any], path: str, constraint: str
) -> None:
    reply = Wire(world.registry).call("BatchDeleteImage", {"repositoryName": world.app, **arguments})
    assert (reply.status, reply.error) == (400, invalid(path, constraint))
    assert world.state() == START


def test_a_missing_repository_is_an_error_of_the_whole_call(registry: Registry) -> None:
    with pytest.raises(ClientError) as caught:
        registry.delete("missing", "v1")
    assert error_of(caught) == no_repository("missing", registry.account)


# --- on the wire ---------------------------------------------------------------------------------------------


def test_the_samples_of_aws_are_answered_word_for_word(registry: Registry) -> None:
    registry.create("ubuntu")
    old, new = series(2)
    push_blobs(registry, "ubuntu", old)
    registry.put_image("ubuntu", old, "trusty")
    registry.put_image("ubuntu", old, "precise")
    registry.put_image("ubuntu", new, "xenial")
    registry.put_image("ubuntu", new, "latest")
    wire = Wire(registry)

    by_tag = wire.call("BatchDeleteImage", {"repositoryName": "ubuntu", "imageIds": [{"imageTag": "precise"}]})
    assert by_tag.json == {"failures": [], "imageIds": [{"imageDigest": old.digest, "imageTag": "precise"}]}

    by_digest = wire.call("BatchDeleteImage", {"repositoryName": "ubuntu", "imageIds": [{"imageDigest": new.digest}]})
    assert by_digest.json == {
        "failures": [],
        "imageIds": [
            {"imageDigest": new.digest, "imageTag": "xenial"},
            {"imageDigest": new.digest, "imageTag": "latest"},
        ],
    }

    asked = [{"imageTag": "nope"}, {}, {"imageDigest": "sha256:zz"}]
    failed = wire.call("BatchDeleteImage", {"repositoryName": "ubuntu", "imageIds": asked})
    assert failed.status == 200
    assert failed.json == {
        "failures": [
            {
                "failureCode": "ImageNotFound",
                "failureReason": "Requested image not found",
                "imageId": {"imageTag": "nope"},
            },
            {
                "failureCode": "MissingDigestAndTag",
                "failureReason": "Invalid request parameters: both tag and digest cannot be null",
                "imageId": {},
            },
            {
                "failureCode": "InvalidImageDigest",
                "failureReason": "Invalid request parameters: image digest should satisfy the regex "
                "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
                "imageId": {"imageDigest": "sha256:zz"},
            },
        ],
        "imageIds": [],
    }


def test_an_answer_has_the_headers_that_were_captured_from_aws(world: World) -> None:
    arguments = {"repositoryName": world.app, "imageIds": [{"imageTag": "solo"}]}
    reply = Wire(world.registry).call("BatchDeleteImage", arguments)
    assert [name for name in ("x-amzn-RequestId", "Date", "Content-Length") if name not in reply.headers] == []
    assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"


# --- OCI DELETE ----------------------------------------------------------------------------------------------

OCI_REMOVED: Final[Mapping[str, tuple[str, State]]] = {
    "1 one tag of several": ("a", after(many=["b", "c"])),
    "2 the last tag": ("solo", after(solo=None)),
    "3 digest of an image with tags": ("@many", after(many=None)),
    "4 digest of an untagged image": ("@bare", after(bare=None)),
    # where ECR's own API refuses: a client that deletes by tag wants the tag gone
    "14 last tag of a child": ("ct", after(tagged_child=[])),
    "15 one tag of several on a child": ("ct1", after(child_with_two_tags=["ct2"])),
    "16 index by tag": ("idx", after(index=None)),
    "16 index by digest": ("@index", after(index=None)),
    "17 subject with a referrer": ("@subject", after(subject=None)),
    "18 index of artifacts under a fallback tag": ("sha256-old", after(artifacts=None)),
    "19 referrer": ("@referrer", after(referrer=None)),
}


@pytest.mark.parametrize(("reference", "left"), OCI_REMOVED.values(), ids=OCI_REMOVED)
def test_an_oci_delete_removes_the_same(world: World, reference: str, left: State) -> None:
    (named,) = world.real({"reference": reference}).values()
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{named}")
    assert (answer.status, answer.body) == (202, b"")
    assert world.state() == left


OCI_REFUSED: Final[Mapping[str, tuple[str, int, str]]] = {
    "10 malformed digest": ("sha256:zz", 400, "DIGEST_INVALID"),
    "10 unknown algorithm": ("md5:00", 400, "DIGEST_INVALID"),
    "11 malformed tag": ("a b", 400, "TAG_INVALID"),
    "12 unknown tag": ("nope", 404, "MANIFEST_UNKNOWN"),
    "12 unknown digest": (UNKNOWN, 404, "MANIFEST_UNKNOWN"),
    "13 child of an index": ("@child", 405, "UNSUPPORTED"),
    "13 tagged child by digest": ("@tagged child", 405, "UNSUPPORTED"),
    "18 artifact in the index of a fallback tag": ("@artifact", 405, "UNSUPPORTED"),
}


@pytest.mark.parametrize(("reference", "status", "code"), OCI_REFUSED.values(), ids=OCI_REFUSED)
def test_an_oci_delete_that_is_refused_changes_nothing(world: World, reference: str, status: int, code: str) -> None:
    (named,) = world.real({"reference": reference}).values()
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{quote(named, safe=':')}")
    assert (answer.status, answer.code) == (status, code)
    assert world.state() == START


def test_an_oci_delete_says_which_index_holds_a_child(world: World) -> None:
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{world.images['child'].digest}")
    assert answer.message == f"Requested image referenced by manifest list: [{world.images['index'].digest}]"


@pytest.mark.parametrize("reference", ["nope", UNKNOWN], ids=["tag", "digest"])
def test_an_oci_delete_of_what_is_not_there_is_worded_as_ecr_words_it(world: World, reference: str) -> None:
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{reference}")
    assert answer.message == "Requested image not found"


def test_an_oci_delete_in_a_missing_repository_says_so(registry: Registry) -> None:
    answer = registry.oci.delete(f"/v2/missing/manifests/{UNKNOWN}")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


# --- gone, everywhere and at once ----------------------------------------------------------------------------


def test_an_image_that_is_deleted_is_gone_at_both_doors(world: World) -> None:
    registry, one = world.registry, world.images["many"]
    world.delete({"imageDigest": "@many"})
    for reference in (one.digest, "a", "b", "c"):
        assert registry.oci.get(f"/v2/{world.app}/manifests/{reference}").code == "MANIFEST_UNKNOWN"
        assert registry.oci.head(f"/v2/{world.app}/manifests/{reference}").status == 404
    assert {"a", "b", "c"}.isdisjoint(registry.oci.get(f"/v2/{world.app}/tags/list").json["tags"])
    ids = [{"imageDigest": one.digest}, {"imageTag": "a"}]
    failures = registry.ecr.batch_get_image(repositoryName=world.app, imageIds=ids)["failures"]
    assert [item["failureCode"] for item in failures] == ["ImageNotFound"] * 2
    assert one.digest not in {item["imageDigest"] for item in registry.images(world.app)}


def test_of_many_who_delete_one_image_at_once_one_does(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.delete({"imageTag": "solo"}), range(8)))
    assert sorted(len(answer["imageIds"]) for answer in answers) == [0] * 7 + [1]
    failed = world.failure({"imageTag": "solo"}, "ImageNotFound")
    assert [answer["failures"] for answer in answers if not answer["imageIds"]] == [[failed]] * 7


def test_an_image_that_is_deleted_is_gone_on_every_worker_at_once(strict_server: Server, account: str) -> None:
    environment = strict_server.environment(account=account)
    ecr = strict_server.ecr(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    ecr.create_repository(repositoryName="app")
    login = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    one = image()
    Oci(strict_server.endpoint, base64.b64decode(login).decode().partition(":")[2]).push("app", one, "v1")
    before = {worker: sockets(worker) for worker in strict_server.workers()}
    # connections that stay open stay with the worker that took them
    connections = [http.client.HTTPConnection("127.0.0.1", strict_server.port) for _ in range(32)]

    def statuses(path: str) -> set[int]:
        found = set()
        for connection in connections:
            connection.request("GET", f"/v2/app/{path}", headers={"Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            answer.read()
            found.add(answer.status)
        return found

    def by_digest(_: int) -> Any:
        return ecr.batch_get_image(repositoryName="app", imageIds=[{"imageDigest": one.digest}])

    assert statuses("manifests/v1") == {200}
    assert all(sockets(worker) > count for worker, count in before.items())
    ecr.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "v1"}])
    assert statuses("manifests/v1") == {404}
    assert statuses(f"manifests/{one.digest}") == {404}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(by_digest, range(32)))
    assert {item["failureCode"] for answer in answers for item in answer["failures"]} == {"ImageNotFound"}
    assert all(answer["images"] == [] for answer in answers)
    for connection in connections:
        connection.close()


def sockets(process: int) -> int:
    """How many sockets a process has open."""
    count = 0
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(file.readlink()).startswith("socket:")
    return count


def test_layers_of_a_deleted_image_stay_for_the_images_that_share_them(world: World) -> None:
    registry, shared = world.registry, world.images["solo"].blobs
    world.delete({"imageTag": "solo"})
    assert all(registry.oci.get(f"/v2/{world.app}/blobs/{digest}").body == shared[digest] for digest in shared)


def test_a_layer_that_was_mounted_outlives_the_image_it_came_from(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    registry.create("other")
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    for digest in one.blobs:
        assert registry.oci.call("POST", f"/v2/other/blobs/uploads/?mount={digest}&from={app}").status == 201
    registry.delete(app, "v1")
    registry.ecr.delete_repository(repositoryName=app)
    registry.put_image("other", one, "v1")
    url = registry.ecr.get_download_url_for_layer(repositoryName="other", layerDigest=list(one.blobs)[-1])
    assert urllib3.request("GET", url["downloadUrl"]).data == list(one.blobs.values())[-1]
