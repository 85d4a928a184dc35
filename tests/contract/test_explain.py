"""What is wrong with a request is said in ECR's words, and the decoder and its explanation always agree."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from support.ecr_requests import bodies, example, spoiled
from wharfinger.contract.ecr import OPERATIONS
from wharfinger.contract.explain import Mismatch, Violation, explain, java_set_order

# what `explain` says of a body in which it finds nothing wrong
NOTHING = Mismatch("The request body could not be read")
ID = {"imageTag": "latest"}
NAME = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
DIGEST = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"
ARN = "arn:aws:ecr:eu-central-1:123456789012:repository/app"
MUTABILITIES = "[IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]"


def explained(operation: str, members: Any) -> Violation | Mismatch:
    return of_bytes(operation, json.dumps(members).encode())


def of_bytes(operation: str, body: bytes) -> Violation | Mismatch:
    return explain(body, OPERATIONS[operation].request)


def is_accepted(operation: str, body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=OPERATIONS[operation].request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


@pytest.mark.parametrize(
    ("operation", "members", "path", "constraint"),
    [
        pytest.param(
            "BatchDeleteImage", {"repositoryName": "app"}, "imageIds", "Member must not be null", id="missing list"
        ),
        pytest.param(
            "BatchDeleteImage",
            {"repositoryName": "app", "imageIds": None},
            "imageIds",
            "Member must not be null",
            id="null list",
        ),
        pytest.param("ListTagsForResource", {}, "resourceArn", "Member must not be null", id="missing string"),
        pytest.param(
            "PutImageScanningConfiguration",
            {"repositoryName": "app"},
            "imageScanningConfiguration",
            "Member must not be null",
            id="missing structure",
        ),
        pytest.param(
            "BatchDeleteImage",
            {"repositoryName": "app", "imageIds": []},
            "imageIds",
            "Member must have length greater than or equal to 1",
            id="list too short",
        ),
        pytest.param(
            "BatchDeleteImage",
            {"repositoryName": "app", "imageIds": [ID] * 101},
            "imageIds",
            "Member must have length less than or equal to 100",
            id="list too long",
        ),
        pytest.param(
            "PutLifecyclePolicy",
            {"repositoryName": "app", "lifecyclePolicyText": "{}"},
            "lifecyclePolicyText",
            "Member must have length greater than or equal to 100",
            id="string too short",
        ),
        pytest.param(
            "PutImage",
            {"repositoryName": "app", "imageManifest": "x" * 4194305},
            "imageManifest",
            "Member must have length less than or equal to 4194304",
            id="string too long",
        ),
        pytest.param(
            "UploadLayerPart",
            {
                "repositoryName": "app",
                "uploadId": "01234567-89ab-cdef-0123-456789abcdef",
                "partFirstByte": 0,
                "partLastByte": 20971520,
                "layerPartBlob": base64.b64encode(bytes(20971521)).decode(),
            },
            "layerPartBlob",
            "Member must have length less than or equal to 20971520",
            id="blob too long",
        ),
        pytest.param(
            "DescribeRepositories",
            {"maxResults": 1001},
            "maxResults",
            "Member must have value less than or equal to 1000",
            id="number too big",
        ),
        pytest.param(
            "DescribeRepositories",
            {"maxResults": 10**30},
            "maxResults",
            "Member must have value less than or equal to 1000",
            id="number beyond 64 bits",
        ),
        pytest.param(
            "DescribeRepositories",
            {"maxResults": 0},
            "maxResults",
            "Member must have value greater than or equal to 1",
            id="number too small",
        ),
        pytest.param(
            "PutImageTagMutability",
            {"repositoryName": "app", "imageTagMutability": "immutable"},
            "imageTagMutability",
            f"Member must satisfy enum value set: {MUTABILITIES}",
            id="enumeration",
        ),
        pytest.param(
            "DescribeRepositories",
            {"registryId": "123"},
            "registryId",
            "must satisfy regular expression '[0-9]{12}'",
            id="registryId",
        ),
        pytest.param("CreateRepository", {}, "repositoryName", "must not be null", id="name missing"),
        pytest.param(
            "CreateRepository", {"repositoryName": None}, "repositoryName", "must not be null", id="name null"
        ),
        pytest.param(
            "CreateRepository",
            {"repositoryName": "a"},
            "repositoryName",
            "must have length greater than or equal to 2",
            id="name too short",
        ),
        pytest.param(
            "CreateRepository",
            {"repositoryName": "a" * 257},
            "repositoryName",
            "must have length less than or equal to 256",
            id="name too long",
        ),
        pytest.param(
            "CreateRepository",
            {"repositoryName": "App"},
            "repositoryName",
            f"must satisfy regular expression '{NAME}'",
            id="name of other characters",
        ),
        pytest.param(
            "CreateRepository",
            {"repositoryName": "app\n"},
            "repositoryName",
            f"must satisfy regular expression '{NAME}'",
            id="name and a line break",
        ),
        pytest.param(
            "DescribeRepositories",
            {"repositoryNames": ["app", "App"]},
            "repositoryNames.2.member",
            f"Member must satisfy regular expression '{NAME}'",
            id="name in a list",
        ),
        pytest.param(
            "GetDownloadUrlForLayer",
            {"repositoryName": "app", "layerDigest": "latest"},
            "layerDigest",
            f"Member must satisfy regular expression '{DIGEST}'",
            id="pattern",
        ),
        pytest.param(
            "TagResource",
            {"resourceArn": ARN, "tags": [{"Key": "a", "Value": "b"}, {"Key": None, "Value": "b"}]},
            "tags.2.member.key",
            "Member must not be null",
            id="null in an element",
        ),
        pytest.param(
            "TagResource",
            {"resourceArn": ARN, "tags": [{"Key": "a"}]},
            "tags.1.member.value",
            "Member must not be null",
            id="missing in an element",
        ),
        pytest.param(
            "TagResource",
            {"resourceArn": ARN, "tags": [None]},
            "tags.1.member",
            "Member must not be null",
            id="null element",
        ),
        pytest.param(
            "BatchDeleteImage",
            {"repositoryName": "app", "imageIds": [ID, {"imageTag": "t" * 301}]},
            "imageIds.2.member.imageTag",
            "Member must have length less than or equal to 300",
            id="string in an element",
        ),
        pytest.param(
            "CreateRepository",
            {"repositoryName": "app", "encryptionConfiguration": {}},
            "encryptionConfiguration.encryptionType",
            "Member must not be null",
            id="missing in a structure",
        ),
    ],
)
def test_a_broken_constraint_is_worded_as_ecr_words_it(
    operation: str, members: dict[str, Any], path: str, constraint: str
) -> None:
    assert explained(operation, members) == Violation(path, constraint)


def test_of_several_faults_the_first_in_the_order_of_the_model_is_named() -> None:
    found = explained("BatchDeleteImage", {"imageIds": [], "repositoryName": "App", "registryId": "1"})
    assert isinstance(found, Violation)
    assert found.path == "registryId"


def test_an_optional_member_that_is_null_is_absent() -> None:
    members = {"registryId": None, "repositoryNames": None, "nextToken": None, "maxResults": None}
    body = json.dumps(members).encode()
    assert (
        msgspec.json.decode(body, type=OPERATIONS["DescribeRepositories"].request)
        == OPERATIONS["DescribeRepositories"].request()
    )


def test_members_that_the_model_does_not_know_are_ignored() -> None:
    assert is_accepted("DescribeRepositories", b'{"maxResults": 5, "futureMember": {"deep": [1, null]}}')


@pytest.mark.parametrize(
    ("members", "message"),
    [
        pytest.param({"repositoryNames": "app"}, "STRING_VALUE can not be converted to a List", id="string for list"),
        pytest.param({"repositoryNames": True}, "TRUE_VALUE can not be converted to a List", id="true for list"),
        pytest.param({"maxResults": "7"}, "STRING_VALUE can not be converted to an Integer", id="string for number"),
        pytest.param({"maxResults": 7.0}, "DECIMAL_VALUE can not be converted to an Integer", id="decimal for integer"),
        pytest.param({"maxResults": False}, "FALSE_VALUE can not be converted to an Integer", id="false for number"),
        pytest.param({"nextToken": 7}, "NUMBER_VALUE can not be converted to a String", id="number for string"),
        pytest.param({"nextToken": []}, "Start of list found where not expected.", id="list for string"),
        pytest.param(
            {"nextToken": {}}, "Start of structure or map found where not expected.", id="structure for string"
        ),
        pytest.param([], "Start of list found where not expected.", id="list for the whole"),
        pytest.param("text", "STRING_VALUE can not be converted to a Structure", id="string for the whole"),
    ],
)
def test_a_value_of_a_wrong_type_is_no_violation_but_a_mismatch(members: Any, message: str) -> None:
    assert explained("DescribeRepositories", members) == Mismatch(message)


def test_a_body_that_is_null_is_a_mismatch() -> None:
    assert isinstance(explained("DescribeRepositories", None), Mismatch)


@pytest.mark.parametrize(
    "text", ["#", "QQ", "QQ=", "QQ==QQ==", "Q Q=", "QQ==\n", "-_==", "é"], ids=lambda text: repr(text).strip("'")
)
def test_a_blob_that_is_no_base64_is_a_mismatch_that_names_it(text: str) -> None:
    members = {
        "repositoryName": "app",
        "uploadId": "01234567-89ab-cdef-0123-456789abcdef",
        "partFirstByte": 0,
        "partLastByte": 1,
        "layerPartBlob": text,
    }
    assert explained("UploadLayerPart", members) == Mismatch("The value of 'layerPartBlob' is not base64")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"maxResults": 5,}', id="comma too many"),
        pytest.param(b"{'maxResults': 5}", id="single quotes"),
        pytest.param(b'{"maxResults": 5} {}', id="two values"),
        pytest.param(b'{"maxResults": NaN}', id="NaN"),
        pytest.param(b'{"maxResults": 1E400}', id="number out of range"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param('{"maxResults": 5}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"nextToken": "\xff"}', id="invalid UTF-8"),
        pytest.param(b'{"nextToken": "\xed\xa0\x80"}', id="surrogate in UTF-8"),
        pytest.param(b'{"nextToken": "\\ud800 alone"}', id="half a surrogate pair"),
        pytest.param(b'{"nextToken": "\n"}', id="line break in a string"),
        pytest.param(b"[" * 10_000, id="10,000 lists deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10,000 structures deep"),
        pytest.param(b'{"imageIds":' + b"[" * 10_000 + b"]" * 10_000 + b"}", id="10,000 lists deep in a member"),
    ],
)
def test_what_is_no_json_is_refused_and_called_so(body: bytes) -> None:
    assert not is_accepted("DescribeRepositories", body)
    found = of_bytes("DescribeRepositories", body)
    assert isinstance(found, Mismatch)
    assert found.message.startswith("The request body is not valid JSON")


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        pytest.param(
            ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"],
            ["IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"],
            id="as seen on AWS",
        ),
        pytest.param(["d", "b", "p", "a"], ["p", "a", "b", "d"], id="by hash and not by alphabet"),
        pytest.param(["Aa", "BB"], ["Aa", "BB"], id="equal hashes as they come"),
        pytest.param(["BB", "Aa"], ["BB", "Aa"], id="equal hashes the other way round"),
    ],
)
def test_an_enumeration_is_listed_in_the_order_of_a_java_set(values: list[str], listed: list[str]) -> None:
    assert java_set_order(values) == listed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_whole_valid_request_is_accepted_and_nothing_is_found_in_it(operation: str) -> None:
    body = json.dumps(example(inspect.type_info(OPERATIONS[operation].request))).encode()
    assert is_accepted(operation, body)
    assert of_bytes(operation, body) == NOTHING


@pytest.mark.parametrize("operation", OPERATIONS)
def test_decoder_and_explanation_agree_on_every_single_change_of_a_valid_request(operation: str) -> None:
    changed = [json.dumps(value).encode() for value in spoiled(inspect.type_info(OPERATIONS[operation].request))]
    disagreed = [body for body in changed if is_accepted(operation, body) != (of_bytes(operation, body) == NOTHING)]
    assert disagreed == []


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(sorted(OPERATIONS)).flatmap(
        lambda name: st.tuples(st.just(name), bodies(inspect.type_info(OPERATIONS[name].request)))
    )
)
def test_decoder_and_explanation_agree_on_any_request(request_: tuple[str, Any]) -> None:
    operation, members = request_
    body = json.dumps(members).encode()
    assert is_accepted(operation, body) == (of_bytes(operation, body) == NOTHING)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=50) | st.text(max_size=50).map(str.encode))
def test_any_bytes_can_be_explained(operation: str, body: bytes) -> None:
    assert is_accepted(operation, body) == (of_bytes(operation, body) == NOTHING)
