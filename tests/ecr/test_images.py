"""Looking at images: BatchGetImage, ListImages, DescribeImages, ListImageReferrers, and what `/v2/` says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import (
    DOCKER_CONFIG,
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    Image,
    image,
    index,
    layer,
)
from support.ecr_held import Held, held
from support.ecr_images import UNKNOWN, failure, invalid, no_image, no_repository, push_blobs, series
from support.ecr_wire import Wire
from support.registry import Registry, error_of
from support.server import Server

MEBIBYTE: Final = 1024 * 1024
DAY: Final = 24 * 3_600_000
EMPTY_CONFIG_IMAGE: Final = (
    '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {"mediaType": '
    '"application/vnd.oci.empty.v1+json", "digest": '
    '"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "size": 2}, "layers": []}'
)


def put(registry: Registry, repository: str, *images: Image, tags: tuple[str | None, ...] = ()) -> None:
    """Images of one series, the first with the first of the tags and so on."""
    push_blobs(registry, repository, *images)
    for number, one in enumerate(images):
        registry.put_image(repository, one, tags[number] if number < len(tags) else None)


def get(registry: Registry, repository: str, *ids: dict[str, str], **more: Any) -> Any:
    return Wire(registry).call("BatchGetImage", {"repositoryName": repository, "imageIds": list(ids), **more}).json


def describe(registry: Registry, repository: str, *ids: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    """Image details as they are on the wire."""
    arguments = {"repositoryName": repository, **({"imageIds": list(ids)} if ids else {}), **more}
    found: list[dict[str, Any]] = Wire(registry).call("DescribeImages", arguments).json["imageDetails"]
    return found


def shown(answer: Any) -> list[tuple[str, str | None]]:
    """Digests and tags of a BatchGetImage."""
    return [(item["imageId"]["imageDigest"], item["imageId"].get("imageTag")) for item in answer["images"]]


# --- BatchGetImage -------------------------------------------------------------------------------------------


def test_an_image_comes_with_its_id_manifest_and_media_type(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    expected = {
        "registryId": registry.account,
        "repositoryName": app,
        "imageId": {"imageDigest": one.digest, "imageTag": "v1"},
        "imageManifest": one.text,
        "imageManifestMediaType": OCI_IMAGE,
    }
    for asked in ({"imageTag": "v1"}, {"imageDigest": one.digest}, {"imageDigest": one.digest, "imageTag": "v1"}):
        assert get(registry, app, asked) == {"images": [expected], "failures": []}


def test_an_image_comes_by_digest_once_for_each_of_its_tags(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v2", "v1")
    assert sorted(shown(get(registry, app, {"imageDigest": one.digest})), key=str) == [
        (one.digest, "v1"),
        (one.digest, "v2"),
    ]


def test_an_image_comes_by_one_tag_once(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v2", "v1")
    assert shown(get(registry, app, {"imageTag": "v2"})) == [(one.digest, "v2")]


def test_an_untagged_image_comes_without_a_tag(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    assert shown(get(registry, app, {"imageDigest": one.digest})) == [(one.digest, None)]


def test_ids_that_mean_the_same_are_answered_once(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    both = {"imageDigest": one.digest, "imageTag": "v1"}
    asked = ({"imageTag": "v1"}, {"imageDigest": one.digest}, both, {"imageTag": "v1"})
    assert shown(get(registry, app, *asked)) == [(one.digest, "v1")]


def test_images_come_in_the_order_of_the_ids(registry: Registry) -> None:
    app, images = registry.create(), series(3)
    put(registry, app, *images, tags=("a", "b", "c"))
    answer = get(registry, app, {"imageTag": "c"}, {"imageDigest": images[0].digest}, {"imageTag": "b"})
    assert [digest for digest, _ in shown(answer)] == [images[2].digest, images[0].digest, images[1].digest]


WRONG_IDS: Final = {
    "unknown tag": ({"imageTag": "nope"}, "ImageNotFound"),
    "unknown digest": ({"imageDigest": UNKNOWN}, "ImageNotFound"),
    "both unknown": ({"imageDigest": UNKNOWN, "imageTag": "nope"}, "ImageNotFound"),
    "digest of another tag": ({"imageDigest": UNKNOWN, "imageTag": "v1"}, "ImageTagDoesNotMatchDigest"),
    "neither": ({}, "MissingDigestAndTag"),
    "malformed digest": ({"imageDigest": "sha256:zz"}, "InvalidImageDigest"),
    "no digest at all": ({"imageDigest": "invalid_digest"}, "InvalidImageDigest"),
    "malformed digest beside a tag": ({"imageDigest": "sha256:zz", "imageTag": "v1"}, "InvalidImageDigest"),
    "malformed tag": ({"imageTag": "a b"}, "InvalidImageTag"),
    "malformed tag beside a digest": ({"imageDigest": UNKNOWN, "imageTag": "a/b"}, "InvalidImageTag"),
    "short digest": ({"imageDigest": "sha256:abc"}, "ImageNotFound"),
    "nul": ({"imageTag": "v1\u0000"}, "InvalidImageTag"),
}


@pytest.mark.parametrize(("asked", "code"), WRONG_IDS.values(), ids=WRONG_IDS)
def test_an_id_that_finds_nothing_is_a_failure_and_echoed(registry: Registry, asked: dict[str, str], code: str) -> None:
    app = registry.create()
    registry.oci.push(app, image(), "v1")
    assert get(registry, app, asked) == {"images": [], "failures": [failure(asked, code)]}


def test_a_known_digest_with_an_unknown_tag_is_not_found(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    asked = {"imageDigest": one.digest, "imageTag": "nope"}
    assert get(registry, app, asked) == {"images": [], "failures": [failure(asked, "ImageNotFound")]}


def test_ids_that_fail_do_not_hinder_the_others(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    answer = get(registry, app, {"imageTag": "x"}, {"imageTag": "v1"}, {}, {"imageTag": "x"})
    assert shown(answer) == [(one.digest, "v1")]
    assert answer["failures"] == [
        failure({"imageTag": "x"}, "ImageNotFound"),
        failure({}, "MissingDigestAndTag"),
        failure({"imageTag": "x"}, "ImageNotFound"),
    ]


def test_a_hundred_images_come_in_one_call(registry: Registry) -> None:
    app, images = registry.create(), series(100)
    put(registry, app, *images)
    answer = get(registry, app, *({"imageDigest": one.digest} for one in images))
    assert shown(answer) == [(one.digest, None) for one in images]


@pytest.mark.parametrize("accepted", [[OCI_IMAGE], [DOCKER_IMAGE], ["text/plain", DOCKER_LIST]], ids=" ".join)
def test_the_stored_bytes_come_whatever_media_types_are_accepted(registry: Registry, accepted: list[str]) -> None:
    app, one = registry.create(), image(media_type=DOCKER_IMAGE)
    registry.oci.push(app, one, "v1")
    (found,) = get(registry, app, {"imageTag": "v1"}, acceptedMediaTypes=accepted)["images"]
    assert (found["imageManifest"], found["imageManifestMediaType"]) == (one.text, DOCKER_IMAGE)


def test_a_hundred_media_types_may_be_accepted_and_no_more(registry: Registry) -> None:
    app = registry.create()
    arguments = {"repositoryName": app, "imageIds": [{"imageTag": "a"}], "acceptedMediaTypes": ["a/b"] * 101}
    constraint = "Member must have length less than or equal to 100"
    assert Wire(registry).call("BatchGetImage", arguments).error == invalid("acceptedMediaTypes", constraint)


def test_an_image_is_tagged_again_with_what_was_got(registry: Registry) -> None:
    app, one = registry.create(), image(media_type=DOCKER_IMAGE, annotations={"title": "\u65e5\u672c"})
    registry.oci.push(app, one, "v1")
    (got,) = registry.ecr.batch_get_image(repositoryName=app, imageIds=[{"imageTag": "v1"}])["images"]
    registry.ecr.put_image(repositoryName=app, imageManifest=got["imageManifest"], imageTag="v2")
    assert registry.tags(app) == {"v1": one.digest, "v2": one.digest}


def test_a_large_manifest_under_many_tags_does_not_fill_the_memory_of_the_server(directory: Path) -> None:
    (one,) = series(1)
    largest = one._replace(manifest=one.manifest[:-1] + b" " * (4 * MEBIBYTE - len(one.manifest)) + b"}")
    with Server(directory, open=True) as server:
        registry = Registry(server, "123456789012")
        registry.create("app")
        push_blobs(registry, "app", one)
        query = "&".join(f"tag=t{number}" for number in range(60))
        registry.oci.put_manifest("app", f"{largest.digest}?{query}", largest.manifest, largest.media_type)
        before = peak(server)
        Wire(registry).call("BatchGetImage", {"repositoryName": "app", "imageIds": [{"imageDigest": largest.digest}]})
        assert peak(server) - before < 200


def peak(server: Server) -> int:
    """The most mebibytes that a process of the server has ever held."""
    statuses = [Path(f"/proc/{process}/status").read_text() for process in (server.pid, *server.workers())]
    return max(int(text.partition("VmHWM:")[2].split()[0]) for text in statuses) // 1024


# --- when an image was pulled --------------------------------------------------------------------------------


def test_an_image_that_was_never_pulled_has_no_pull_time(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    registry.oci.head(f"/v2/{app}/manifests/v1")
    assert "lastRecordedPullTime" not in describe(registry, app)[0]


@pytest.mark.parametrize("door", ["ecr", "oci"])
def test_a_pull_is_recorded_before_it_is_answered(registry: Registry, door: str) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    if door == "ecr":
        get(registry, app, {"imageDigest": one.digest})
    else:
        registry.oci.get(f"/v2/{app}/manifests/v1")
    assert before.timestamp() <= describe(registry, app)[0]["lastRecordedPullTime"] <= datetime.now(UTC).timestamp()


async def test_the_pull_time_is_written_once_a_day(tmp_path: Path) -> None:
    async with held(tmp_path) as here:
        await here.ecr("CreateRepository", repositoryName="app")
        await here.push_blob("app", b"{}")
        await here.ecr("PutImage", repositoryName="app", imageManifest=EMPTY_CONFIG_IMAGE, imageTag="v1")
        first = here.clock.now / 1000
        assert await pulled(here) == first
        here.clock.forward(DAY - 1)
        assert await pulled(here) == first
        here.clock.forward(1)
        assert await pulled(here) == here.clock.now / 1000


async def pulled(here: Held) -> float:
    """Pull, and say when the last pull was by the books."""
    await here.ecr("BatchGetImage", repositoryName="app", imageIds=[{"imageTag": "v1"}])
    (found,) = (await here.ecr("DescribeImages", repositoryName="app"))["imageDetails"]
    when: float = found["lastRecordedPullTime"]
    return when


# --- ListImages ----------------------------------------------------------------------------------------------


def mixed(registry: Registry) -> tuple[str, list[dict[str, str]]]:
    """A repository with two tags on one image, none on the next, one on the third: its lines in order."""
    app, (first, second, third) = registry.create(), series(3)
    put(registry, app, first, second, third, tags=("b", None, "c"))
    registry.put_image(app, first, "a")
    return app, [
        {"imageDigest": first.digest, "imageTag": "a"},
        {"imageDigest": first.digest, "imageTag": "b"},
        {"imageDigest": second.digest},
        {"imageDigest": third.digest, "imageTag": "c"},
    ]


def test_images_are_listed_once_for_each_tag_and_once_if_untagged(registry: Registry) -> None:
    app, lines = mixed(registry)
    assert Wire(registry).call("ListImages", {"repositoryName": app}).json == {"imageIds": lines}


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
    assert Wire(registry).call("ListImages", arguments).json["imageIds"] == [lines[number] for number in wanted]
    details = Wire(registry).call("DescribeImages", arguments).json["imageDetails"]
    digests = dict.fromkeys(lines[number]["imageDigest"] for number in wanted)
    assert [item["imageDigest"] for item in details] == list(digests)


@pytest.mark.parametrize("operation", ["ListImages", "DescribeImages", "ListImageReferrers"])
@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"])
def test_a_missing_repository_is_an_error_whatever_the_filter(registry: Registry, operation: str, status: str) -> None:
    arguments: dict[str, Any] = {"repositoryName": "missing", "filter": {"imageStatus": status}}
    if operation == "ListImageReferrers":
        arguments.update(filter={"artifactStatus": status}, subjectId={"imageDigest": UNKNOWN})
    assert Wire(registry).call(operation, arguments).error == no_repository("missing", registry.account)


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
    put(registry, app, *images)
    first = registry.ecr.list_images(repositoryName=app)
    second = registry.ecr.list_images(repositoryName=app, nextToken=first["nextToken"])
    assert [len(page["imageIds"]) for page in (first, second)] == [100, 1]
    assert "nextToken" not in second
    assert len(registry.ecr.describe_images(repositoryName=app)["imageDetails"]) == 100


def test_a_page_goes_on_in_the_middle_of_an_image_with_many_tags(registry: Registry) -> None:
    app, (one,) = registry.create(), series(1)
    push_blobs(registry, app, one)
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
    wire, (app, _) = Wire(registry), mixed(registry)
    registry.create("other")
    token = wire.call(operation, {"repositoryName": app, "maxResults": 1}).json["nextToken"]
    reply = wire.call(operation, {"repositoryName": app, **arguments, "nextToken": token})
    assert reply.error == invalid("nextToken", "Invalid token")


def test_a_page_token_is_for_the_operation_that_gave_it(registry: Registry) -> None:
    wire, (app, _) = Wire(registry), mixed(registry)
    token = wire.call("ListImages", {"repositoryName": app, "maxResults": 1}).json["nextToken"]
    reply = wire.call("DescribeImages", {"repositoryName": app, "nextToken": token})
    assert reply.error == invalid("nextToken", "Invalid token")


@pytest.mark.parametrize("operation", ["ListImages", "DescribeImages"])
@pytest.mark.parametrize("change", [lambda token: token[:-2], lambda token: "A" + token[1:], lambda token: token * 2])
def test_a_page_token_that_was_changed_is_refused(registry: Registry, operation: str, change: Any) -> None:
    wire, (app, _) = Wire(registry), mixed(registry)
    token = wire.call(operation, {"repositoryName": app, "maxResults": 1}).json["nextToken"]
    changed = change(token) if change(token) != token else "B" + token[1:]
    reply = wire.call(operation, {"repositoryName": app, "nextToken": changed})
    assert reply.error == invalid("nextToken", "Invalid token")


# --- DescribeImages ------------------------------------------------------------------------------------------


def test_an_image_is_described_by_these_fields_and_no_others(registry: Registry) -> None:
    app, one = registry.create(), image(layer(5000), layer(3000))
    before = (datetime.now(UTC) - timedelta(milliseconds=1)).timestamp()
    registry.oci.push(app, one, "v1", "v2")
    (found,) = describe(registry, app)
    assert before <= found.pop("imagePushedAt") <= datetime.now(UTC).timestamp()
    assert sorted(found.pop("imageTags")) == ["v1", "v2"]
    assert found == {
        "registryId": registry.account,
        "repositoryName": app,
        "imageDigest": one.digest,
        "imageSizeInBytes": sum(map(len, one.blobs.values())),
        "imageManifestMediaType": OCI_IMAGE,
        "artifactMediaType": OCI_CONFIG,
        "imageStatus": "ACTIVE",
    }


def test_an_untagged_image_is_described_without_tags(registry: Registry) -> None:
    app = registry.create()
    registry.oci.push(app, image())
    assert "imageTags" not in describe(registry, app)[0]


def test_an_index_is_as_large_as_its_largest_image_and_has_no_artifact_type(registry: Registry) -> None:
    app, small, large = registry.create(), image(layer(100)), image(layer(9000))
    both = index(small, large)
    registry.oci.push(app, both, "v1")
    (found,) = describe(registry, app, {"imageTag": "v1"})
    assert found["imageSizeInBytes"] == large.size
    assert found["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in found


def test_an_index_of_indexes_is_as_large_as_the_largest_image_in_it(registry: Registry) -> None:
    app, small, large = registry.create(), image(layer(100)), image(layer(9000))
    registry.oci.push(app, index(index(small), index(large)), "v1")
    assert describe(registry, app, {"imageTag": "v1"})[0]["imageSizeInBytes"] == large.size


def test_a_layer_that_an_image_lists_twice_is_counted_once(registry: Registry) -> None:
    app, content = registry.create(), layer()
    one = image(content, content)
    registry.oci.push(app, one, "v1")
    assert describe(registry, app)[0]["imageSizeInBytes"] == sum(map(len, one.blobs.values()))


@pytest.mark.parametrize(
    ("settings", "media_type"),
    [
        ({"media_type": DOCKER_IMAGE}, DOCKER_CONFIG),
        ({"config_type": "application/vnd.cncf.helm.config.v1+json"}, "application/vnd.cncf.helm.config.v1+json"),
        ({"config_type": OCI_EMPTY, "artifact_type": "application/vnd.test"}, "application/vnd.test"),
    ],
    ids=["docker", "helm", "artifact"],
)
def test_the_artifact_type_is_that_of_the_manifest_or_its_config(
    registry: Registry, settings: dict[str, str], media_type: str
) -> None:
    app = registry.create()
    registry.oci.push(app, image(**settings), "v1")  # type: ignore[arg-type]  # all texts
    assert describe(registry, app)[0]["artifactMediaType"] == media_type


def test_an_image_with_a_subject_names_it(registry: Registry) -> None:
    app, subject = registry.create(), image()
    registry.oci.push(app, image(subject=subject), "signature")
    assert describe(registry, app)[0]["subjectManifestDigest"] == subject.digest


def test_an_image_that_is_named_by_one_tag_is_described_with_all(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1", "v2")
    (found,) = describe(registry, app, {"imageTag": "v2"})
    assert sorted(found["imageTags"]) == ["v1", "v2"]


def test_ids_of_one_image_describe_it_once(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1", "v2")
    found = describe(registry, app, {"imageTag": "v2"}, {"imageDigest": one.digest}, {"imageTag": "v1"})
    assert [item["imageDigest"] for item in found] == [one.digest]


def test_images_that_are_named_come_in_the_order_of_the_ids(registry: Registry) -> None:
    app, images = registry.create(), series(3)
    put(registry, app, *images, tags=("a", "b", "c"))
    found = describe(registry, app, {"imageTag": "c"}, {"imageTag": "a"})
    assert [item["imageDigest"] for item in found] == [images[2].digest, images[0].digest]


def test_a_filter_beside_ids_is_ignored(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "v1")
    found = describe(registry, app, {"imageTag": "v1"}, filter={"tagStatus": "UNTAGGED", "imageStatus": "ARCHIVED"})
    assert [item["imageDigest"] for item in found] == [one.digest]


@pytest.mark.parametrize(
    ("asked", "digest", "tag"),
    [
        ({"imageTag": "nope"}, "null", "nope"),
        ({"imageDigest": UNKNOWN}, UNKNOWN, "null"),
        ({"imageDigest": UNKNOWN, "imageTag": "nope"}, UNKNOWN, "nope"),
        ({"imageDigest": UNKNOWN, "imageTag": "v1"}, UNKNOWN, "v1"),
    ],
    ids=["tag", "digest", "both", "of-another-image"],
)
def test_one_missing_image_fails_the_whole_description(
    registry: Registry, asked: dict[str, str], digest: str, tag: str
) -> None:
    app = registry.create()
    registry.oci.push(app, image(), "v1")
    reply = Wire(registry).call("DescribeImages", {"repositoryName": app, "imageIds": [{"imageTag": "v1"}, asked]})
    assert (reply.status, reply.error) == (400, no_image(app, registry.account, digest, tag))


@pytest.mark.parametrize("asked", [{}, {"imageDigest": "sha256:zz"}, {"imageTag": "a b"}], ids=str)
def test_an_id_that_can_be_none_fails_a_description_as_a_parameter(registry: Registry, asked: dict[str, str]) -> None:
    app = registry.create()
    reply = Wire(registry).call("DescribeImages", {"repositoryName": app, "imageIds": [asked]})
    assert (reply.status, reply.error[0]) == (400, "InvalidParameterException")


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("condition", "wanted"), [({}, [0, 1, 2]), ({"tagStatus": "TAGGED"}, [0, 2])], ids=["all", "tagged"]
)
def test_pages_of_any_size_describe_every_image_once(
    registry: Registry, size: int, condition: dict[str, str], wanted: list[int]
) -> None:
    app, images = registry.create(), series(3)
    put(registry, app, *images, tags=("a", None, "c"))
    registry.put_image(app, images[0], "d")
    pages = list(
        registry.ecr.get_paginator("describe_images").paginate(
            repositoryName=app, filter=condition, PaginationConfig={"PageSize": size}
        )
    )
    found = [item["imageDigest"] for page in pages for item in page["imageDetails"]]
    assert found == [images[number].digest for number in wanted]
    assert max(len(page["imageDetails"]) for page in pages) <= size


@pytest.mark.parametrize("paging", [{"maxResults": 5}, {"nextToken": "x"}], ids=["maxResults", "nextToken"])
def test_images_that_are_named_have_no_pages(registry: Registry, paging: dict[str, Any]) -> None:
    app = registry.create()
    registry.oci.push(app, image(), "v1")
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_images(repositoryName=app, imageIds=[{"imageTag": "v1"}], **paging)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert f"'{next(iter(paging))}'" in message


# --- ListImageReferrers --------------------------------------------------------------------------------------


def referrers(registry: Registry, repository: str, subject: str, **more: Any) -> Any:
    arguments = {"repositoryName": repository, "subjectId": {"imageDigest": subject}, **more}
    return Wire(registry).call("ListImageReferrers", arguments).json


def signed(registry: Registry, *types: str) -> tuple[str, Image, list[Image]]:
    """An image, and a referrer of it for each artifact type."""
    app, content = registry.create(), layer()
    subject = image(content, config_type=OCI_EMPTY)
    artifacts = [
        image(content, config_type=OCI_EMPTY, subject=subject, artifact_type=kind, annotations={"number": str(number)})
        for number, kind in enumerate(types)
    ]
    put(registry, app, subject, *artifacts)
    return app, subject, artifacts


def test_a_referrer_is_shown_by_these_fields_and_no_others(registry: Registry) -> None:
    app, subject, (signature,) = signed(registry, "application/vnd.signature")
    assert referrers(registry, app, subject.digest) == {
        "referrers": [
            {
                "digest": signature.digest,
                "mediaType": OCI_IMAGE,
                "artifactType": "application/vnd.signature",
                "size": len(signature.manifest),
                "annotations": {"number": "0"},
                "artifactStatus": "ACTIVE",
            }
        ]
    }


def test_a_referrer_without_an_artifact_type_has_that_of_its_config(registry: Registry) -> None:
    app, subject = registry.create(), image()
    registry.oci.push(app, image(subject=subject, config_type="application/vnd.test.config"))
    (found,) = referrers(registry, app, subject.digest)["referrers"]
    assert found["artifactType"] == "application/vnd.test.config"
    assert "annotations" not in found


def test_a_subject_that_nobody_refers_to_has_no_referrers(registry: Registry) -> None:
    app = registry.create()
    assert referrers(registry, app, UNKNOWN) == {"referrers": []}


@pytest.mark.parametrize("subject", ["latest", "sha256:zz", "", "md5:00"])
def test_a_subject_that_is_no_digest_is_an_invalid_parameter(registry: Registry, subject: str) -> None:
    app = registry.create()
    reply = Wire(registry).call("ListImageReferrers", {"repositoryName": app, "subjectId": {"imageDigest": subject}})
    assert (reply.status, reply.error[0]) == (400, "InvalidParameterException")


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        ([], [0, 1, 2]),
        (["a/sbom"], [1]),
        (["a/sbom", "a/none"], [1]),
        (["a/signature"], [0, 2]),
        (["a/signature", "a/sbom"], [0, 1, 2]),
        (["a/none"], []),
    ],
    ids=str,
)
def test_referrers_are_chosen_by_artifact_type(registry: Registry, types: list[str], wanted: list[int]) -> None:
    app, subject, artifacts = signed(registry, "a/signature", "a/sbom", "a/signature")
    found = referrers(registry, app, subject.digest, filter={"artifactTypes": types})["referrers"]
    assert [item["digest"] for item in found] == [artifacts[number].digest for number in wanted]


@pytest.mark.parametrize(("status", "count"), [("ACTIVE", 1), ("ANY", 1), ("ARCHIVED", 0), ("ACTIVATING", 0)])
def test_referrers_are_chosen_by_status(registry: Registry, status: str, count: int) -> None:
    app, subject, _ = signed(registry, "a/signature")
    found = referrers(registry, app, subject.digest, filter={"artifactStatus": status})["referrers"]
    assert len(found) == count


@pytest.mark.parametrize(("size", "first_page"), [(None, 20), (1, 1), (7, 7), (50, 50)])
def test_pages_of_referrers_have_twenty_or_what_is_asked_for(
    registry: Registry, size: int | None, first_page: int
) -> None:
    app, subject, artifacts = signed(registry, *["a/signature"] * 52)
    more = {} if size is None else {"maxResults": size}
    page = referrers(registry, app, subject.digest, **more)
    assert len(page["referrers"]) == first_page
    found = page["referrers"]
    while "nextToken" in page:
        page = referrers(registry, app, subject.digest, **more, nextToken=page["nextToken"])
        found += page["referrers"]
    assert [item["digest"] for item in found] == [artifact.digest for artifact in artifacts]


def test_a_page_token_of_referrers_is_for_one_subject_and_filter(registry: Registry) -> None:
    app, subject, _ = signed(registry, "a/signature", "a/signature")
    token = referrers(registry, app, subject.digest, maxResults=1)["nextToken"]
    for asked, condition in ((UNKNOWN, {}), (subject.digest, {"artifactTypes": ["a/signature"]})):
        arguments = {"repositoryName": app, "subjectId": {"imageDigest": asked}, "filter": condition}
        reply = Wire(registry).call("ListImageReferrers", {**arguments, "nextToken": token})
        assert reply.error == invalid("nextToken", "Invalid token")


@pytest.mark.parametrize("kind", [None, "a/sbom"], ids=["all", "of-a-type"])
def test_both_doors_list_the_same_referrers(registry: Registry, kind: str | None) -> None:
    app, subject, _ = signed(registry, "a/signature", "a/sbom", "a/signature")
    registry.oci.push(app, image(subject=subject))
    query, condition = (f"?artifactType={kind}", {"artifactTypes": [kind]}) if kind else ("", {})
    by_oci = registry.oci.get(f"/v2/{app}/referrers/{subject.digest}{query}").json["manifests"]
    by_ecr = referrers(registry, app, subject.digest, filter=condition)["referrers"]
    assert by_oci == [{name: item[name] for name in item if name != "artifactStatus"} for item in by_ecr]
    assert len(by_oci) == (1 if kind else 4)


def test_a_referrer_that_was_deleted_is_not_listed(registry: Registry) -> None:
    app, subject, (first, second) = signed(registry, "a/signature", "a/signature")
    registry.delete(app, first.digest)
    assert [item["digest"] for item in referrers(registry, app, subject.digest)["referrers"]] == [second.digest]


def test_referrers_of_another_repository_are_not_listed(registry: Registry) -> None:
    _, subject, _ = signed(registry, "a/signature")
    assert referrers(registry, registry.create("other"), subject.digest) == {"referrers": []}
