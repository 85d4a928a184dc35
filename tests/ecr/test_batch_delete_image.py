"""BatchDeleteImage: a case for each row of docs/reference/deleting.md, and lists of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from botocore.exceptions import ClientError

from support.content import UNKNOWN, series
from support.deletions import REFERENCED, START, Id, State, World, after
from support.doors import new_doors
from support.ecr_errors import invalid, no_repository
from support.raw_ecr import RawEcr
from support.registry import Registry, error_of


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
    async with new_doors(tmp_path, digest_and_tag="image") as doors:
        await doors.push("app", one, "a", "b")
        asked = [{"imageDigest": one.digest, "imageTag": "a"}]
        answer = await doors.served("BatchDeleteImage", repositoryName="app", imageIds=asked)
        assert sorted(item["imageTag"] for item in answer["imageIds"]) == ["a", "b"]
        assert (await doors.served("ListImages", repositoryName="app"))["imageIds"] == []


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
    registry.push_blobs(app, images[0])
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
    reply = RawEcr(world.registry).call("BatchDeleteImage", {"repositoryName": world.app, **arguments})
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
    registry.push_blobs("ubuntu", old)
    registry.put_image("ubuntu", old, "trusty")
    registry.put_image("ubuntu", old, "precise")
    registry.put_image("ubuntu", new, "xenial")
    registry.put_image("ubuntu", new, "latest")
    raw = RawEcr(registry)

    by_tag = raw.call("BatchDeleteImage", {"repositoryName": "ubuntu", "imageIds": [{"imageTag": "precise"}]})
    assert by_tag.json == {"failures": [], "imageIds": [{"imageDigest": old.digest, "imageTag": "precise"}]}

    by_digest = raw.call("BatchDeleteImage", {"repositoryName": "ubuntu", "imageIds": [{"imageDigest": new.digest}]})
    assert by_digest.json == {
        "failures": [],
        "imageIds": [
            {"imageDigest": new.digest, "imageTag": "xenial"},
            {"imageDigest": new.digest, "imageTag": "latest"},
        ],
    }

    asked = [{"imageTag": "nope"}, {}, {"imageDigest": "sha256:zz"}]
    failed = raw.call("BatchDeleteImage", {"repositoryName": "ubuntu", "imageIds": asked})
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
    reply = RawEcr(world.registry).call("BatchDeleteImage", arguments)
    assert [name for name in ("x-amzn-RequestId", "Date", "Content-Length") if name not in reply.headers] == []
    assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"
