"""ListImages: lines, filters and pages, which DescribeImages shares."""

from __future__ import annotations

from typing import Any

import pytest

from support.content import UNKNOWN, series
from support.ecr_errors import invalid, no_repository
from support.raw_ecr import RawEcr
from support.registry import Registry


def mixed(registry: Registry) -> tuple[str, list[dict[str, str]]]:
    """A repository with two tags on one image, none on the next, one on the third: its lines in order."""
    app, (first, second, third) = registry.create(), series(3)
    registry.put_images(app, first, second, third, tags=("b", None, "c"))
    registry.put_image(app, first, "a")
    return app, [
        {"imageDigest": first.digest, "imageTag": "a"},
        {"imageDigest": first.digest, "imageTag": "b"},
        {"imageDigest": second.digest},
        {"imageDigest": third.digest, "imageTag": "c"},
    ]


def test_images_are_listed_once_for_each_tag_and_once_if_untagged(registry: Registry) -> None:
    app, lines = mixed(registry)
    assert RawEcr(registry).call("ListImages", {"repositoryName": app}).json == {"imageIds": lines}


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ({}, [0, 1, 2, 3]),
        ({"tagStatus": "ANY"}, [0, 1, 2, 3]),
        ({"tagStatus": "TAGGED"}, [0, 1, 3]),
        ({"tagStatus": "UNTAGGED"}, [2]),
        ({"imageStatus": "ACTIVE"}, [0, 1, 2, 3]),
        ({"imageStatus": "ANY"}, [0, 1, 2, 3]),
        ({"imageStatus": "ARCHIVED"}, []),
        ({"imageStatus": "ACTIVATING"}, []),
        ({"tagStatus": "UNTAGGED", "imageStatus": "ACTIVE"}, [2]),
        ({"tagStatus": "TAGGED", "imageStatus": "ARCHIVED"}, []),
    ],
    ids=str,
)
def test_a_filter_chooses_images_by_their_tags_and_their_status(
    registry: Registry, condition: dict[str, str], wanted: list[int]
) -> None:
    app, lines = mixed(registry)
    arguments = {"repositoryName": app, "filter": condition}
    assert RawEcr(registry).call("ListImages", arguments).json["imageIds"] == [lines[number] for number in wanted]
    details = RawEcr(registry).call("DescribeImages", arguments).json["imageDetails"]
    digests = dict.fromkeys(lines[number]["imageDigest"] for number in wanted)
    assert [item["imageDigest"] for item in details] == list(digests)


@pytest.mark.parametrize("operation", ["ListImages", "DescribeImages", "ListImageReferrers"])
@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"])
def test_a_missing_repository_is_an_error_whatever_the_filter(registry: Registry, operation: str, status: str) -> None:
    arguments: dict[str, Any] = {"repositoryName": "missing", "filter": {"imageStatus": status}}
    if operation == "ListImageReferrers":
        arguments.update(filter={"artifactStatus": status}, subjectId={"imageDigest": UNKNOWN})
    assert RawEcr(registry).call(operation, arguments).error == no_repository("missing", registry.account)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("condition", [{}, {"tagStatus": "TAGGED"}, {"tagStatus": "UNTAGGED"}], ids=str)
def test_pages_of_any_size_hold_every_line_once(registry: Registry, size: int, condition: dict[str, str]) -> None:
    app, _ = mixed(registry)
    whole = registry.ecr.list_images(repositoryName=app, filter=condition)["imageIds"]
    pages = list(
        registry.ecr.get_paginator("list_images").paginate(
            repositoryName=app, filter=condition, PaginationConfig={"PageSize": size}
        )
    )
    assert [item for page in pages for item in page["imageIds"]] == whole
    assert max(len(page["imageIds"]) for page in pages) <= size


def test_a_page_of_images_has_a_hundred_lines_if_nothing_is_said(registry: Registry) -> None:
    app, images = registry.create(), series(101)
    registry.put_images(app, *images)
    first = registry.ecr.list_images(repositoryName=app)
    second = registry.ecr.list_images(repositoryName=app, nextToken=first["nextToken"])
    assert [len(page["imageIds"]) for page in (first, second)] == [100, 1]
    assert "nextToken" not in second
    assert len(registry.ecr.describe_images(repositoryName=app)["imageDetails"]) == 100


def test_a_page_goes_on_in_the_middle_of_an_image_with_many_tags(registry: Registry) -> None:
    app, (one,) = registry.create(), series(1)
    registry.push_blobs(app, one)
    registry.oci.put_manifest(app, f"{one.digest}?tag=a&tag=b&tag=c", one.manifest, one.media_type)
    first = registry.ecr.list_images(repositoryName=app, maxResults=2)
    second = registry.ecr.list_images(repositoryName=app, maxResults=2, nextToken=first["nextToken"])
    assert [[item["imageTag"] for item in page["imageIds"]] for page in (first, second)] == [["a", "b"], ["c"]]


def test_images_that_go_while_a_list_is_read_do_not_end_it(registry: Registry) -> None:
    app, lines = mixed(registry)
    first = registry.ecr.list_images(repositoryName=app, maxResults=2)
    registry.delete(app, lines[0]["imageDigest"], lines[2]["imageDigest"])
    second = registry.ecr.list_images(repositoryName=app, maxResults=2, nextToken=first["nextToken"])
    assert second["imageIds"] == [lines[3]]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"filter": {"tagStatus": "UNTAGGED"}}, id="another-filter"),
        pytest.param({"filter": {}, "repositoryName": "other"}, id="another-repository"),
    ],
)
@pytest.mark.parametrize("operation", ["ListImages", "DescribeImages"])
def test_a_page_token_is_for_the_list_that_gave_it(
    registry: Registry, operation: str, arguments: dict[str, Any]
) -> None:
    raw, (app, _) = RawEcr(registry), mixed(registry)
    registry.create("other")
    token = raw.call(operation, {"repositoryName": app, "maxResults": 1}).json["nextToken"]
    reply = raw.call(operation, {"repositoryName": app, **arguments, "nextToken": token})
    assert reply.error == invalid("nextToken", "Invalid token")


def test_a_page_token_is_for_the_operation_that_gave_it(registry: Registry) -> None:
    raw, (app, _) = RawEcr(registry), mixed(registry)
    token = raw.call("ListImages", {"repositoryName": app, "maxResults": 1}).json["nextToken"]
    reply = raw.call("DescribeImages", {"repositoryName": app, "nextToken": token})
    assert reply.error == invalid("nextToken", "Invalid token")


@pytest.mark.parametrize("operation", ["ListImages", "DescribeImages"])
@pytest.mark.parametrize("change", [lambda token: token[:-2], lambda token: "A" + token[1:], lambda token: token * 2])
def test_a_page_token_that_was_changed_is_refused(registry: Registry, operation: str, change: Any) -> None:
    raw, (app, _) = RawEcr(registry), mixed(registry)
    token = raw.call(operation, {"repositoryName": app, "maxResults": 1}).json["nextToken"]
    changed = change(token) if change(token) != token else "B" + token[1:]
    reply = raw.call(operation, {"repositoryName": app, "nextToken": changed})
    assert reply.error == invalid("nextToken", "Invalid token")
