"""BatchGetImage: which manifests come, under which ids, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from support.content import DOCKER_IMAGE, DOCKER_LIST, OCI_IMAGE, UNKNOWN, image, series
from support.ecr_errors import failure, invalid
from support.memory import peak
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.server import Server

MEBIBYTE: Final = 1024 * 1024


def get(registry: Registry, repository: str, *ids: dict[str, str], **more: Any) -> Any:
    return RawEcr(registry).call("BatchGetImage", {"repositoryName": repository, "imageIds": list(ids), **more}).json


def shown(answer: Any) -> list[tuple[str, str | None]]:
    """Digests and tags of a BatchGetImage."""
    return [(item["imageId"]["imageDigest"], item["imageId"].get("imageTag")) for item in answer["images"]]


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
    registry.put_images(app, *images, tags=("a", "b", "c"))
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
    registry.put_images(app, *images)
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
    assert RawEcr(registry).call("BatchGetImage", arguments).error == invalid("acceptedMediaTypes", constraint)


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
        registry.push_blobs("app", one)
        query = "&".join(f"tag=t{number}" for number in range(60))
        registry.oci.put_manifest("app", f"{largest.digest}?{query}", largest.manifest, largest.media_type)
        before = peak(server)
        RawEcr(registry).call("BatchGetImage", {"repositoryName": "app", "imageIds": [{"imageDigest": largest.digest}]})
        assert peak(server) - before < 200 * MEBIBYTE
