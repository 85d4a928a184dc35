"""BatchCheckLayerAvailability: which layers a repository has."""

from __future__ import annotations

import pytest

from support.content import OCI_CONFIG, OCI_LAYER, UNKNOWN, image
from support.ecr_errors import invalid
from support.ecr_layers import check, uploaded
from support.raw_ecr import RawEcr
from support.registry import Registry


def test_layers_are_looked_up_in_the_order_of_the_digests(registry: Registry) -> None:
    registry.create("app")
    one, two = uploaded(registry, b"one"), uploaded(registry, b"three")
    assert check(registry, two, UNKNOWN, one) == {
        "layers": [
            {"layerDigest": two, "layerAvailability": "AVAILABLE", "layerSize": 5},
            {"layerDigest": UNKNOWN, "layerAvailability": "UNAVAILABLE"},
            {"layerDigest": one, "layerAvailability": "AVAILABLE", "layerSize": 3},
        ],
        "failures": [],
    }


def test_layers_of_an_image_are_shown_with_their_media_types(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    config, content = one.blobs
    assert [item["mediaType"] for item in check(registry, config, content)["layers"]] == [OCI_CONFIG, OCI_LAYER]


def test_a_layer_that_only_another_repository_has_is_unavailable(registry: Registry) -> None:
    registry.create("app")
    digest = uploaded(registry, b"layer", registry.create("other"))
    assert check(registry, digest)["layers"] == [{"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}]


@pytest.mark.parametrize("digest", ["sha256:abc", "sha512:" + "0" * 128, "sha256:" + "A" * 64, "md5:00"])
def test_a_digest_of_ecr_s_form_that_can_be_no_layer_is_unavailable(registry: Registry, digest: str) -> None:
    registry.create("app")
    assert check(registry, digest)["layers"] == [{"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}]


@pytest.mark.parametrize("digest", ["latest", "sha256:zz", "sha256:", ":00", "a b:00", "../etc/passwd", "x" * 1000])
def test_a_malformed_digest_is_a_failure_and_echoed(registry: Registry, digest: str) -> None:
    registry.create("app")
    answer = check(registry, digest)
    (failed,) = answer["failures"]
    assert (failed["layerDigest"], failed["failureCode"]) == (digest, "InvalidLayerDigest")
    assert failed["failureReason"]
    assert answer["layers"] == []


def test_an_empty_digest_is_a_failure(registry: Registry) -> None:
    registry.create("app")
    (failed,) = check(registry, "")["failures"]
    assert failed["failureCode"] == "MissingLayerDigest"
    assert failed["failureReason"]


def test_digests_that_fail_do_not_hinder_the_others(registry: Registry) -> None:
    registry.create("app")
    digest = uploaded(registry, b"layer")
    answer = check(registry, "b d", digest, "", "a d")
    assert [item["layerDigest"] for item in answer["layers"]] == [digest]
    assert [item["failureCode"] for item in answer["failures"]] == [
        "InvalidLayerDigest",
        "MissingLayerDigest",
        "InvalidLayerDigest",
    ]


def test_a_digest_over_a_thousand_characters_is_an_invalid_parameter(registry: Registry) -> None:
    registry.create("app")
    arguments = {"repositoryName": "app", "layerDigests": [UNKNOWN, "x" * 1001]}
    constraint = "Member must have length less than or equal to 1000"
    reply = RawEcr(registry).call("BatchCheckLayerAvailability", arguments)
    assert reply.error == invalid("layerDigests.2.member", constraint)
