"""The frame around every call of the ECR API: targets, bodies and errors."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
import urllib3

from support.ecr_model import MODEL, smallest
from support.raw_ecr import TARGET, RawEcr
from support.registry import Registry
from support.server import Server
from wharfinger.api.ecr import HANDLERS
from wharfinger.contract.ecr import OPERATIONS

BUILT: Final = {
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "BatchGetImage",
    "CompleteLayerUpload",
    "CreateRepository",
    "DeleteLifecyclePolicy",
    "DeleteRepository",
    "DescribeImages",
    "DescribeRegistry",
    "DescribeRepositories",
    "GetAccountSetting",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "GetLifecyclePolicy",
    "GetLifecyclePolicyPreview",
    "InitiateLayerUpload",
    "ListImageReferrers",
    "ListImages",
    "ListTagsForResource",
    "PutAccountSetting",
    "PutImage",
    "PutImageScanningConfiguration",
    "PutImageTagMutability",
    "PutLifecyclePolicy",
    "StartLifecyclePolicyPreview",
    "TagResource",
    "UntagResource",
    "UploadLayerPart",
}
MEBIBYTE: Final = 1024 * 1024


# --- operations ----------------------------------------------------------------------------------------------


def test_the_contract_has_every_operation_of_the_model() -> None:
    assert set(OPERATIONS) == set(MODEL.operation_names)


def test_the_operations_that_are_promised_are_built() -> None:
    assert set(HANDLERS) >= BUILT


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_the_right_to_call_an_operation_has_its_name(operation: str) -> None:
    # AWS asks for the right to read images where referrers are listed
    expected = "BatchGetImage" if operation == "ListImageReferrers" else operation
    assert OPERATIONS[operation].action == f"ecr:{expected}"


@pytest.mark.parametrize("operation", sorted(set(MODEL.operation_names) - set(HANDLERS)))
def test_an_operation_that_is_not_built_says_so_by_name(registry: Registry, operation: str) -> None:
    reply = RawEcr(registry).call(operation, smallest(operation))
    code, message = reply.error
    assert (reply.status, code) == (501, "NotImplementedException")
    assert message.startswith(f"{operation} is an operation of Amazon ECR")


@pytest.mark.parametrize("operation", sorted(set(MODEL.operation_names) - set(HANDLERS)))
def test_the_body_for_an_operation_that_is_not_built_is_not_looked_at(registry: Registry, operation: str) -> None:
    reply = RawEcr(registry).call(operation, b"no json")
    assert (reply.status, reply.error[0]) == (501, "NotImplementedException")


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_an_operation_that_is_built_does_its_work_or_says_what_hinders_it(registry: Registry, operation: str) -> None:
    reply = RawEcr(registry).call(operation, smallest(operation))
    assert reply.status in {200, 400}, reply


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param(f"{TARGET}.", id="no-operation"),
        pytest.param("DescribeRepositories", id="no-service"),
        pytest.param("SpencerFrontendService.DescribeRepositories", id="another-service"),
        pytest.param(f"{TARGET}.FlyToTheMoon", id="unknown"),
        pytest.param(f"{TARGET}.describerepositories", id="wrong-case"),
        pytest.param(f"{TARGET}.__class__", id="no-operation-of-the-model"),
    ],
)
def test_a_target_that_is_no_operation_is_refused(registry: Registry, target: str | None) -> None:
    reply = RawEcr(registry).call("", headers={"X-Amz-Target": target})
    assert (reply.status, reply.error[0]) == (400, "UnknownOperationException")


def test_get_greets_and_names_both_doors(server: Server) -> None:
    answer = urllib3.request("GET", server.endpoint + "/", retries=False)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"Wharfinger" in answer.data
    assert b"/v2/" in answer.data


# --- the body ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="unfinished"),
        pytest.param(b"{} {}", id="more-than-one"),
        pytest.param(b"{'maxResults': 1}", id="python"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
        pytest.param(b'{"nextToken": "\xff"}', id="no-utf-8-in-a-string"),
        pytest.param(b'{"nextToken": "\\ud800"}', id="half-a-surrogate-pair"),
        pytest.param(b'{"maxResults": NaN}', id="not-a-number"),
        pytest.param(b'{"maxResults": 1e999}', id="beyond-numbers"),
        pytest.param(b"[" * 100_000, id="bottomless"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'"text"', id="string"),
        pytest.param(b"1", id="number"),
        pytest.param(b"null", id="null"),
    ],
)
def test_a_body_that_is_no_json_object_is_a_serialization_error(registry: Registry, body: bytes) -> None:
    reply = RawEcr(registry).call("DescribeRepositories", body)
    assert (reply.status, reply.error[0]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"repositoryNames": "app"}, "STRING_VALUE can not be converted to a List"),
        ({"repositoryNames": {}}, "Start of structure or map found where not expected."),
        ({"repositoryNames": [7]}, "NUMBER_VALUE can not be converted to a String"),
        ({"nextToken": 1.5}, "DECIMAL_VALUE can not be converted to a String"),
        ({"nextToken": ["a"]}, "Start of list found where not expected."),
        ({"nextToken": True}, "TRUE_VALUE can not be converted to a String"),
        ({"maxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ({"maxResults": 1.5}, "DECIMAL_VALUE can not be converted to an Integer"),
        ({"maxResults": False}, "FALSE_VALUE can not be converted to an Integer"),
    ],
    ids=json.dumps,
)
def test_a_value_of_the_wrong_type_is_a_serialization_error(
    registry: Registry, body: dict[str, Any], message: str
) -> None:
    reply = RawEcr(registry).call("DescribeRepositories", body)
    assert (reply.status, reply.error) == (400, ("SerializationException", message))


def test_a_structure_or_a_flag_of_the_wrong_type_is_a_serialization_error(registry: Registry) -> None:
    body = {"repositoryName": "app", "imageScanningConfiguration": {"scanOnPush": "yes"}}
    reply = RawEcr(registry).call("CreateRepository", body)
    assert reply.error == ("SerializationException", "STRING_VALUE can not be converted to a Boolean")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml"])
def test_a_body_of_another_content_type_is_refused(registry: Registry, content_type: str) -> None:
    reply = RawEcr(registry).call("DescribeRepositories", headers={"Content-Type": content_type})
    assert (reply.status, reply.error[0]) == (400, "MalformedHttpRequestException")
    assert content_type in reply.error[1]


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1; charset=utf-8"],
)
def test_json_under_another_name_is_accepted(registry: Registry, content_type: str | None) -> None:
    assert RawEcr(registry).call("DescribeRepositories", headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize("chunked", [False, True], ids=["with-length", "chunked"])
def test_a_body_over_a_mebibyte_is_too_large(registry: Registry, chunked: bool) -> None:
    body = padded(MEBIBYTE + 1)
    reply = RawEcr(registry).call("DescribeRepositories", iter([body]) if chunked else body)
    assert (reply.status, reply.error[0]) == (413, "RequestEntityTooLargeException")


def test_a_body_of_one_mebibyte_is_read(registry: Registry) -> None:
    assert RawEcr(registry).call("DescribeRepositories", padded(MEBIBYTE)).status == 200


def test_an_empty_body_is_a_request_without_arguments(registry: Registry) -> None:
    assert RawEcr(registry).call("DescribeRepositories", b"").json == {"repositories": []}


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        pytest.param({"Content-Length": "200"}, b'{"repositoryName":"half"}', id="short-of-its-length"),
        pytest.param(
            {"Transfer-Encoding": "chunked"}, b'19\r\n{"repositoryName":"half"}\r\n', id="without-a-last-chunk"
        ),
    ],
)
def test_a_body_that_is_cut_off_is_not_acted_on(registry: Registry, framing: dict[str, str], body: bytes) -> None:
    answer = RawEcr(registry).cut_off("CreateRepository", framing, body)
    # a web server may hang up instead of answering
    assert answer == b"" or b"RequestAbortedException" in answer
    assert registry.ecr.describe_repositories()["repositories"] == []


@pytest.mark.parametrize("operation", ["DescribeRepositories", "PutImage", "UploadLayerPart"])
def test_callers_that_do_not_send_their_bodies_do_not_hold_up_the_others(registry: Registry, operation: str) -> None:
    raw = RawEcr(registry)
    silent = [raw.begin(operation, {"Content-Length": "100"}) for _ in range(16)]
    try:
        # many, because the server may come to some of them before it comes to the silent ones
        statuses = {raw.call(operation, smallest(operation), timeout=5).status for _ in range(50)}
    finally:
        for connection in silent:
            connection.close()
    assert statuses <= {200, 400}


def test_null_is_the_same_as_absent(registry: Registry) -> None:
    created = RawEcr(registry).call(
        "CreateRepository",
        {
            "repositoryName": "app",
            "registryId": None,
            "tags": None,
            "imageTagMutability": None,
            "imageTagMutabilityExclusionFilters": None,
            "imageScanningConfiguration": {"scanOnPush": None},
            "encryptionConfiguration": None,
        },
    )
    assert created.status == 200
    assert created.json["repository"]["imageTagMutability"] == "MUTABLE"


def test_null_where_a_member_is_required_is_the_same_as_absent(registry: Registry) -> None:
    raw = RawEcr(registry)
    absent = raw.call("CreateRepository", {})
    assert absent.status == 400
    assert raw.call("CreateRepository", {"repositoryName": None}).error == absent.error


def test_members_that_the_model_does_not_have_are_ignored(registry: Registry) -> None:
    body = {"repositoryName": "app", "newMember": {"deep": [1, None]}, "imageScanningConfiguration": {"mode": "x"}}
    assert RawEcr(registry).call("CreateRepository", body).status == 200


def padded(size: int) -> bytes:
    """A request of exactly this many bytes."""
    return b'{"padding":"' + b"x" * (size - 14) + b'"}'


# --- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("ListImages", {"repositoryName": "missing"}, "RepositoryNotFoundException"),
        ("ListImages", {}, "InvalidParameterException"),
        ("ListImages", b"{", "SerializationException"),
        ("FlyToTheMoon", {}, "UnknownOperationException"),
        ("StartImageScan", {"repositoryName": "app"}, "NotImplementedException"),
    ],
    ids=["modelled", "parameter", "json", "target", "not-built"],
)
def test_an_error_is_a_plain_code_and_a_message(
    registry: Registry, operation: str, body: dict[str, Any] | bytes, code: str
) -> None:
    reply = RawEcr(registry).call(operation, body)
    assert reply.json == {"__type": code, "message": reply.json["message"]}
    assert reply.headers["x-amzn-errortype"] == code
    assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize("operation", ["DescribeRepositories", "ListImages", "FlyToTheMoon"])
def test_every_answer_has_a_request_id_of_its_own(registry: Registry, operation: str) -> None:
    first, second = (RawEcr(registry).call(operation).headers["x-amzn-requestid"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)
    assert first != second
