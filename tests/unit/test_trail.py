"""What the trail says of a principal, and what it takes over from a request or an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wharfinger.contract import ecr, wharfinger
from wharfinger.domain import trail
from wharfinger.domain.trail import ROOMS, Room, identity, told

ROOT = "arn:aws:iam::123456789012:root"
KEY = "WHRFABCDEFGH23456789"
SMALL = Room(letters=10, items=3)


# --- who -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (ROOT, {"type": "Root", "principalId": "123456789012"}),
        ("arn:aws:iam::123456789012:user/team/anna", {"type": "IAMUser", "userName": "anna"}),
        ("arn:aws-cn:sts::123456789012:federated-user/ci", {"type": "FederatedUser", "userName": "ci"}),
        ("arn:aws:iam::123456789012:robot/deploy", {"type": "Robot", "userName": "deploy"}),
    ],
    ids=["root", "user", "federated", "another kind"],
)
def test_a_principal_is_told_as_cloudtrail_does(principal: str, expected: dict[str, str]) -> None:
    common = {"arn": principal, "accountId": "123456789012", "accessKeyId": KEY}
    assert identity(principal, KEY) == {**common, **expected}


def test_a_session_of_a_role_is_told_with_the_role() -> None:
    found = identity("arn:aws:sts::123456789012:assumed-role/deployer/run-7", None)
    assert (found["type"], found["sessionContext"]["sessionIssuer"]["arn"]) == (
        "AssumedRole",
        "arn:aws:iam::123456789012:role/deployer",
    )


def test_nobody_is_told_as_nobody() -> None:
    assert identity("", None)["accountId"] == "ANONYMOUS_PRINCIPAL"


def test_of_a_login_that_was_not_believed_the_key_is_told_and_no_name() -> None:
    assert identity(None, KEY) == {"type": "Unknown", "accessKeyId": KEY}


@pytest.mark.parametrize("key", ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a" * 20, KEY * 2, ""])
def test_a_key_that_is_none_may_be_a_secret_and_is_not_told(key: str) -> None:
    assert "accessKeyId" not in identity(None, key)
    assert "accessKeyId" not in identity(ROOT, key)


# --- what ----------------------------------------------------------------------------------------------------


def test_members_have_the_names_of_the_api_and_those_that_were_not_sent_are_missing() -> None:
    request = ecr.BatchDeleteImageRequest(repository_name="app", image_ids=[ecr.ImageIdentifier(image_tag="v1")])
    assert told(request, ROOMS[0]) == {"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]}


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (
            wharfinger.PutWebhookRequest(name="ci", url="https://ci.example", secret="marked" * 4),
            {"name", "url"},
        ),
        (
            ecr.AuthorizationData(authorization_token="marked", expires_at=1.0, proxy_endpoint="http://localhost"),
            {"expiresAt", "proxyEndpoint"},
        ),
        (ecr.GetDownloadUrlForLayerResponse(download_url="marked", layer_digest="sha256:1"), {"layerDigest"}),
        (ecr.ListImagesRequest(repository_name="app", next_token="marked"), {"repositoryName"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_sensitive_is_in_no_record_and_no_repr(value: Any, left: set[str]) -> None:
    assert told(value, ROOMS[0]).keys() == left
    assert "marked" not in repr([value])


def test_content_is_left_out() -> None:
    part = ecr.UploadLayerPartRequest(
        repository_name="app", upload_id="0" * 36, part_first_byte=0, part_last_byte=5, layer_part_blob=b"marked"
    )
    assert "marked" not in repr((told(part, ROOMS[0]), part))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://hooks.example/services/T0/marked", "https://hooks.example/…"),
        ("https://user:marked@ci.example:8443/", "https://ci.example:8443/…"),
        ("HTTP://store.example?X-Amz-Signature=marked", "HTTP://store.example/…"),
        (
            '{"urls":["https://a.example/marked","http://b.example"]}',
            '{"urls":["https://a.example/…","http://b.example"]}',
        ),
        ("http://localhost:5050", "http://localhost:5050"),
        (
            "arn:aws:ecr:eu-central-1:123456789012:repository/app",
            "arn:aws:ecr:eu-central-1:123456789012:repository/app",
        ),
    ],
)
def test_of_an_address_the_host_is_told(text: str, shown: str) -> None:
    assert told(text, ROOMS[0]) == shown


def test_a_password_in_an_address_is_not_uncovered_by_a_cut() -> None:
    assert "marked" not in told("http://name:marked-and-long@host/path", Room(letters=20, items=1))


# --- how much ------------------------------------------------------------------------------------------------


def test_what_is_long_is_cut_and_says_so() -> None:
    value = {"text": "x" * 11, "list": [1, 2, 3, 4], "fits": "x" * 10}
    assert told(value, SMALL) == {
        "text": "x" * 10 + "… (11 letters)",
        "list": [1, 2, 3, "… (4 items)"],
        "fits": "x" * 10,
    }


def test_of_a_map_as_many_members_are_told_as_there_is_room_for() -> None:
    assert told(dict.fromkeys("abcd", 1), SMALL) == {"a": 1, "b": 1, "c": 1, "…": "4 members"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"manifest": "x" * 4_000_000},
        {"ids": [{"tag": "t" * 128}] * 5000},
        {"manifest": "\x01" * 4_000_000},
        {f"{name:05}" + "\x01" * 20_000: ["\x01" * 20_000] * 100 for name in range(100)},
        [[[["x" * 200] * 9] * 9] * 9] * 9,
    ],
    ids=["long text", "long list", "text that grows", "all of it", "deep"],
)
def test_a_record_fits_into_its_line_whatever_was_asked(parameters: Any) -> None:
    line = trail.line({"eventVersion": "1"}, parameters, parameters)
    assert len(line) <= trail.LONGEST
    assert line.count(b"\n") == 1
    assert json.loads(line)["requestParameters"]


def test_a_policy_is_told_whole() -> None:
    text = "x" * 10240  # the longest that ECR takes
    assert json.loads(trail.line({}, {"policyText": text}, {"policyText": text}))["requestParameters"] == {
        "policyText": text
    }


@pytest.mark.parametrize(
    ("operation", "reads"),
    [
        ("DescribeImages", True),
        ("BatchGetImage", True),
        ("ListEvents", True),
        ("BatchDeleteImage", False),
        ("PutImage", False),
    ],
)
def test_reading_is_known_by_its_name(operation: str, reads: bool) -> None:
    assert trail.is_reading(operation) is reads
