"""The frame around every call of the ECR API: targets, bodies, validation, errors, and the form of every answer."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
import urllib3

from support.content import image, layer, sha256
from support.ecr_model import MODEL, UUID, smallest, strangers
from support.ecr_wire import TARGET, Reply, Wire, values
from support.registry import Registry
from support.server import Server
from wharfinger.api.ecr.entry import HANDLERS
from wharfinger.contract.ecr import OPERATIONS

BUILT: Final = {
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "BatchGetImage",
    "CompleteLayerUpload",
    "CreateRepository",
    "DeleteRepository",
    "DescribeImages",
    "DescribeRegistry",
    "DescribeRepositories",
    "GetAccountSetting",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "ListImageReferrers",
    "ListImages",
    "ListTagsForResource",
    "PutAccountSetting",
    "PutImage",
    "PutImageScanningConfiguration",
    "PutImageTagMutability",
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
    reply = Wire(registry).call(operation, smallest(operation))
    code, message = reply.error
    assert (reply.status, code) == (501, "NotImplementedException")
    assert message.startswith(f"{operation} is an operation of Amazon ECR")


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_an_operation_that_is_built_does_its_work_or_says_what_hinders_it(registry: Registry, operation: str) -> None:
    reply = Wire(registry).call(operation, smallest(operation))
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
    reply = Wire(registry).call("", headers={"X-Amz-Target": target})
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
    reply = Wire(registry).call("DescribeRepositories", body)
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
    reply = Wire(registry).call("DescribeRepositories", body)
    assert (reply.status, reply.error) == (400, ("SerializationException", message))


def test_a_structure_or_a_flag_of_the_wrong_type_is_a_serialization_error(registry: Registry) -> None:
    body = {"repositoryName": "app", "imageScanningConfiguration": {"scanOnPush": "yes"}}
    reply = Wire(registry).call("CreateRepository", body)
    assert reply.error == ("SerializationException", "STRING_VALUE can not be converted to a Boolean")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_body_of_another_content_type_is_refused(registry: Registry, content_type: str) -> None:
    reply = Wire(registry).call("DescribeRepositories", headers={"Content-Type": content_type})
    assert (reply.status, reply.error[0]) == (400, "MalformedHttpRequestException")
    assert content_type in reply.error[1]


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1; charset=utf-8"],
)
def test_json_under_another_name_is_accepted(registry: Registry, content_type: str | None) -> None:
    assert Wire(registry).call("DescribeRepositories", headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize("chunked", [False, True], ids=["with-length", "chunked"])
def test_a_body_over_a_mebibyte_is_too_large(registry: Registry, chunked: bool) -> None:
    body = padded(MEBIBYTE + 1)
    reply = Wire(registry).call("DescribeRepositories", iter([body]) if chunked else body)
    assert (reply.status, reply.error[0]) == (413, "RequestEntityTooLargeException")


def test_a_body_of_one_mebibyte_is_read(registry: Registry) -> None:
    assert Wire(registry).call("DescribeRepositories", padded(MEBIBYTE)).status == 200


def test_an_empty_body_is_a_request_without_arguments(registry: Registry) -> None:
    assert Wire(registry).call("DescribeRepositories", b"").json == {"repositories": []}


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        pytest.param("Content-Length: 200", b'{"repositoryName":"half"}', id="short-of-its-length"),
        pytest.param("Transfer-Encoding: chunked", b'19\r\n{"repositoryName":"half"}\r\n', id="without-a-last-chunk"),
    ],
)
def test_a_body_that_is_cut_off_is_not_acted_on(registry: Registry, framing: str, body: bytes) -> None:
    answer = Wire(registry).cut_off("CreateRepository", framing, body)
    # a web server may hang up instead of answering
    assert answer == b"" or b"RequestAbortedException" in answer
    assert registry.ecr.describe_repositories()["repositories"] == []


@pytest.mark.parametrize("operation", ["DescribeRepositories", "PutImage", "UploadLayerPart"])
def test_callers_that_do_not_send_their_bodies_do_not_hold_up_the_others(registry: Registry, operation: str) -> None:
    wire = Wire(registry)
    silent = [wire.begin(operation, "Content-Length: 100") for _ in range(16)]
    try:
        # many, because the server may come to some of them before it comes to the silent ones
        statuses = {wire.call(operation, smallest(operation), timeout=5).status for _ in range(50)}
    finally:
        for connection in silent:
            connection.close()
    assert statuses <= {200, 400}


def test_null_is_the_same_as_absent(registry: Registry) -> None:
    created = Wire(registry).call(
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
    wire = Wire(registry)
    absent = wire.call("CreateRepository", {})
    assert absent.status == 400
    assert wire.call("CreateRepository", {"repositoryName": None}).error == absent.error


def test_members_that_the_model_does_not_have_are_ignored(registry: Registry) -> None:
    body = {"repositoryName": "app", "newMember": {"deep": [1, None]}, "imageScanningConfiguration": {"mode": "x"}}
    assert Wire(registry).call("CreateRepository", body).status == 200


# --- validation ----------------------------------------------------------------------------------------------

NAME_PATTERN: Final = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
UUID_PATTERN: Final = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
VALIDATION: Final[Mapping[str, tuple[str, dict[str, Any], str, str]]] = {
    "name absent": ("CreateRepository", {}, "repositoryName", "must not be null"),
    "name short": (
        "CreateRepository",
        {"repositoryName": "a"},
        "repositoryName",
        "must have length greater than or equal to 2",
    ),
    "name long": (
        "CreateRepository",
        {"repositoryName": "a" * 257},
        "repositoryName",
        "must have length less than or equal to 256",
    ),
    "name pattern": (
        "CreateRepository",
        {"repositoryName": "App"},
        "repositoryName",
        f"must satisfy regular expression '{NAME_PATTERN}'",
    ),
    "registry id": (
        "ListImages",
        {"repositoryName": "app", "registryId": "222"},
        "registryId",
        "must satisfy regular expression '[0-9]{12}'",
    ),
    "enumeration": (
        "CreateRepository",
        {"repositoryName": "app", "imageTagMutability": "SOMETIMES"},
        "imageTagMutability",
        "Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]",
    ),
    "list absent": ("BatchDeleteImage", {"repositoryName": "app"}, "imageIds", "Member must not be null"),
    "list empty": (
        "BatchDeleteImage",
        {"repositoryName": "app", "imageIds": []},
        "imageIds",
        "Member must have length greater than or equal to 1",
    ),
    "list long": (
        "BatchDeleteImage",
        {"repositoryName": "app", "imageIds": [{"imageTag": "a"}] * 101},
        "imageIds",
        "Member must have length less than or equal to 100",
    ),
    "list element null": (
        "BatchDeleteImage",
        {"repositoryName": "app", "imageIds": [{"imageTag": "a"}, None]},
        "imageIds.2.member",
        "Member must not be null",
    ),
    "number small": (
        "DescribeRepositories",
        {"maxResults": 0},
        "maxResults",
        "Member must have value greater than or equal to 1",
    ),
    "number big": (
        "DescribeRepositories",
        {"maxResults": 1001},
        "maxResults",
        "Member must have value less than or equal to 1000",
    ),
    "number absurd": (
        "DescribeRepositories",
        {"maxResults": 10**30},
        "maxResults",
        "Member must have value less than or equal to 1000",
    ),
    "referrers on a page": (
        "ListImageReferrers",
        {"repositoryName": "app", "subjectId": {"imageDigest": "sha256:" + "0" * 64}, "maxResults": 51},
        "maxResults",
        "Member must have value less than or equal to 50",
    ),
    "artifact types": (
        "ListImageReferrers",
        {
            "repositoryName": "app",
            "subjectId": {"imageDigest": "sha256:" + "0" * 64},
            "filter": {"artifactTypes": ["a"] * 6},
        },
        "filter.artifactTypes",
        "Member must have length less than or equal to 5",
    ),
    "subject absent": (
        "ListImageReferrers",
        {"repositoryName": "app", "subjectId": {}},
        "subjectId.imageDigest",
        "Member must not be null",
    ),
    "element of a list": (
        "DescribeRepositories",
        {"repositoryNames": ["app", "BB"]},
        "repositoryNames.2.member",
        f"Member must satisfy regular expression '{NAME_PATTERN}'",
    ),
    "member of an element, capitalised": (
        "TagResource",
        {"resourceArn": "arn", "tags": [{"Key": "a", "Value": "b"}, {"Key": None, "Value": "b"}]},
        "tags.2.member.key",
        "Member must not be null",
    ),
    "too many exclusion filters": (
        "CreateRepository",
        {
            "repositoryName": "app",
            "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a"}] * 6,
        },
        "imageTagMutabilityExclusionFilters",
        "Member must have length less than or equal to 5",
    ),
    "encryption without a type": (
        "CreateRepository",
        {"repositoryName": "app", "encryptionConfiguration": {}},
        "encryptionConfiguration.encryptionType",
        "Member must not be null",
    ),
    "empty manifest": (
        "PutImage",
        {"repositoryName": "app", "imageManifest": ""},
        "imageManifest",
        "Member must have length greater than or equal to 1",
    ),
    "layers": (
        "BatchCheckLayerAvailability",
        {"repositoryName": "app", "layerDigests": ["sha256:0"] * 101},
        "layerDigests",
        "Member must have length less than or equal to 100",
    ),
    "setting name": ("GetAccountSetting", {"name": ""}, "name", "Member must have length greater than or equal to 1"),
    "upload id": (
        "CompleteLayerUpload",
        {"repositoryName": "app", "uploadId": "../etc/passwd", "layerDigests": ["sha256:0"]},
        "uploadId",
        f"Member must satisfy regular expression '{UUID_PATTERN}'",
    ),
    "negative byte": (
        "UploadLayerPart",
        {"repositoryName": "app", "uploadId": UUID, "partFirstByte": -1, "partLastByte": 0, "layerPartBlob": "YQ=="},
        "partFirstByte",
        "Member must have value greater than or equal to 0",
    ),
}


@pytest.mark.parametrize(("operation", "body", "path", "constraint"), VALIDATION.values(), ids=VALIDATION)
def test_a_constraint_that_is_broken_is_named_as_ecr_names_it(
    registry: Registry, operation: str, body: dict[str, Any], path: str, constraint: str
) -> None:
    reply = Wire(registry).call(operation, body)
    message = f"Invalid parameter at '{path}' failed to satisfy constraint: '{constraint}'"
    assert (reply.status, reply.error) == (400, ("InvalidParameterException", message))


def test_parameters_are_checked_before_the_repository_is_looked_for(registry: Registry) -> None:
    reply = Wire(registry).call("BatchDeleteImage", {"repositoryName": "missing", "imageIds": []})
    assert reply.error[0] == "InvalidParameterException"


# --- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("ListImages", {"repositoryName": "missing"}, "RepositoryNotFoundException"),
        ("ListImages", {}, "InvalidParameterException"),
        ("ListImages", b"{", "SerializationException"),
        ("FlyToTheMoon", {}, "UnknownOperationException"),
        ("GetLifecyclePolicy", {"repositoryName": "app"}, "NotImplementedException"),
    ],
    ids=["modelled", "parameter", "json", "target", "not-built"],
)
def test_an_error_is_a_plain_code_and_a_message(
    registry: Registry, operation: str, body: dict[str, Any] | bytes, code: str
) -> None:
    reply = Wire(registry).call(operation, body)
    assert reply.json == {"__type": code, "message": reply.json["message"]}
    assert reply.headers["x-amzn-errortype"] == code
    assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize("operation", ["DescribeRepositories", "ListImages", "FlyToTheMoon"])
def test_every_answer_has_a_request_id_of_its_own(registry: Registry, operation: str) -> None:
    first, second = (Wire(registry).call(operation).headers["x-amzn-requestid"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)
    assert first != second


# --- answers -------------------------------------------------------------------------------------------------

UNKNOWN: Final = "sha256:" + "0" * 64
EMPTY: Final[Mapping[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "ListImages": ({"repositoryName": "app"}, ("imageIds",)),
    "DescribeImages": ({"repositoryName": "app"}, ("imageDetails",)),
    "ListImageReferrers": ({"repositoryName": "app", "subjectId": {"imageDigest": UNKNOWN}}, ("referrers",)),
    "BatchGetImage": ({"repositoryName": "app", "imageIds": [{"imageTag": "a"}]}, ("images",)),
    "BatchDeleteImage": ({"repositoryName": "app", "imageIds": [{"imageTag": "a"}]}, ("imageIds",)),
    "BatchCheckLayerAvailability": ({"repositoryName": "app", "layerDigests": [UNKNOWN]}, ("failures",)),
    "DescribeRegistry": ({}, ("replicationConfiguration", "rules")),
}


@pytest.mark.parametrize(("operation", "arguments", "path"), [(name, *case) for name, case in EMPTY.items()], ids=EMPTY)
def test_an_empty_list_is_sent_as_such(
    registry: Registry, operation: str, arguments: dict[str, Any], path: tuple[str, ...]
) -> None:
    registry.create("app")
    answer = Wire(registry).call(operation, arguments).json
    for member in path:
        answer = answer[member]
    assert answer == []


def test_lists_of_what_went_well_and_of_failures_are_both_sent_where_one_is_empty(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a")
    wire = Wire(registry)
    ids = {"repositoryName": app, "imageIds": [{"imageTag": "a"}]}
    assert wire.call("BatchCheckLayerAvailability", {"repositoryName": app, "layerDigests": [""]}).json["layers"] == []
    assert wire.call("BatchGetImage", ids).json["failures"] == []
    assert wire.call("BatchDeleteImage", ids).json["failures"] == []


def test_no_repositories_and_no_resource_tags_are_empty_lists(registry: Registry) -> None:
    wire = Wire(registry)
    assert wire.call("DescribeRepositories").json == {"repositories": []}
    arn = wire.call("CreateRepository", {"repositoryName": "app"}).json["repository"]["repositoryArn"]
    assert wire.call("ListTagsForResource", {"resourceArn": arn}).json == {"tags": []}


def test_an_operation_without_output_answers_an_empty_object(registry: Registry) -> None:
    wire = Wire(registry)
    arn = wire.call("CreateRepository", {"repositoryName": "app"}).json["repository"]["repositoryArn"]
    assert wire.call("TagResource", {"resourceArn": arn, "tags": [{"Key": "a", "Value": "b"}]}).body == b"{}"
    assert wire.call("UntagResource", {"resourceArn": arn, "tagKeys": ["a"]}).body == b"{}"


@pytest.fixture(scope="module")
def transcript(server: Server) -> dict[str, list[Reply]]:
    """One answer at least of every operation that is built, from a short life of a repository."""
    registry = Registry(server, f"{int.from_bytes(os.urandom(6)) % 10**12:012d}")
    wire, content = Wire(registry), layer(1000)
    replies: dict[str, list[Reply]] = {}

    def call(operation: str, **arguments: Any) -> Any:
        reply = wire.call(operation, arguments)
        assert reply.status == 200, (operation, reply)
        replies.setdefault(operation, []).append(reply)
        return reply.json

    app = {"repositoryName": "app"}
    arn = {
        "resourceArn": call(
            "CreateRepository",
            **app,
            tags=[{"Key": "team", "Value": "a"}],
            encryptionConfiguration={"encryptionType": "KMS"},
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
        )["repository"]["repositoryArn"]
    }
    call("CreateRepository", repositoryName="other")
    call("DescribeRepositories", maxResults=1)
    call("DescribeRepositories", repositoryNames=["app", "other"])
    call("TagResource", **arn, tags=[{"Key": "stage", "Value": "b"}])
    call("ListTagsForResource", **arn)
    call("UntagResource", **arn, tagKeys=["stage"])
    call("PutImageTagMutability", **app, imageTagMutability="MUTABLE")
    call("PutImageScanningConfiguration", **app, imageScanningConfiguration={"scanOnPush": True})
    call("GetAuthorizationToken")
    call("DescribeRegistry")
    call("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    call("GetAccountSetting", name="BLOB_MOUNTING")
    upload = {**app, "uploadId": call("InitiateLayerUpload", **app)["uploadId"]}
    bounds = {"partFirstByte": 0, "partLastByte": len(content) - 1}
    call("UploadLayerPart", **upload, **bounds, layerPartBlob=base64.b64encode(content).decode())
    call("CompleteLayerUpload", **upload, layerDigests=[sha256(content)])
    one = image(content)
    signature = image(content, subject=one, artifact_type="application/vnd.test", annotations={"a": "b"})
    registry.oci.push("app", one)
    registry.oci.push("app", signature)
    for tag in ("v1", "v2"):
        call("PutImage", **app, imageManifest=one.text, imageTag=tag)
    call("BatchCheckLayerAvailability", **app, layerDigests=[sha256(content), UNKNOWN, "", "x"])
    call("GetDownloadUrlForLayer", **app, layerDigest=sha256(content))
    ids = [{"imageDigest": one.digest}, {"imageTag": "missing"}, {}, {"imageDigest": "x"}]
    call("BatchGetImage", **app, imageIds=ids)
    call("ListImages", **app, maxResults=1)
    call("DescribeImages", **app)
    call("DescribeImages", **app, maxResults=1)
    call("ListImageReferrers", **app, subjectId={"imageDigest": one.digest})
    call("BatchDeleteImage", **app, imageIds=ids)
    call("DeleteRepository", **app, force=True)
    return replies


def test_the_transcript_has_every_operation_that_is_built(transcript: dict[str, list[Reply]]) -> None:
    assert set(transcript) == set(HANDLERS)


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_every_value_of_an_answer_is_of_the_type_that_the_model_says(
    transcript: dict[str, list[Reply]], operation: str
) -> None:
    for reply in transcript[operation]:
        assert list(strangers(reply.json, MODEL.operation_model(operation).output_shape)) == []


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_absent_members_are_left_out_and_never_null(transcript: dict[str, list[Reply]], operation: str) -> None:
    for reply in transcript[operation]:
        assert [path for path, value in values(reply.json) if value is None] == []


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_times_have_milliseconds_at_most(transcript: dict[str, list[Reply]], operation: str) -> None:
    for reply in transcript[operation]:
        times = [float(found) for found in re.findall(rb'At":([0-9.eE+]+)', reply.body)]
        assert times == [round(time, 3) for time in times]
        assert all(1.7e9 < time < 1e10 for time in times)


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_an_answer_is_json_of_the_protocol_with_its_length(transcript: dict[str, list[Reply]], operation: str) -> None:
    for reply in transcript[operation]:
        assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert int(reply.headers["Content-Length"]) == len(reply.body)


def padded(size: int) -> bytes:
    """A request of exactly this many bytes."""
    return b'{"padding":"' + b"x" * (size - 14) + b'"}'
