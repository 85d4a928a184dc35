"""The form of every answer of the ECR API: empty lists, times, and what is left out."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from support.answer import Answer
from support.content import UNKNOWN, image, layer, sha256
from support.ecr_model import MODEL, strangers
from support.lifecycle import policy, rule
from support.poll import until
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.server import Server
from wharfinger.api.ecr import HANDLERS

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
    answer = RawEcr(registry).call(operation, arguments).json
    for member in path:
        answer = answer[member]
    assert answer == []


def test_lists_of_what_went_well_and_of_failures_are_both_sent_where_one_is_empty(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a")
    raw = RawEcr(registry)
    ids = {"repositoryName": app, "imageIds": [{"imageTag": "a"}]}
    assert raw.call("BatchCheckLayerAvailability", {"repositoryName": app, "layerDigests": [""]}).json["layers"] == []
    assert raw.call("BatchGetImage", ids).json["failures"] == []
    assert raw.call("BatchDeleteImage", ids).json["failures"] == []


def test_no_repositories_and_no_resource_tags_are_empty_lists(registry: Registry) -> None:
    raw = RawEcr(registry)
    assert raw.call("DescribeRepositories").json == {"repositories": []}
    arn = raw.call("CreateRepository", {"repositoryName": "app"}).json["repository"]["repositoryArn"]
    assert raw.call("ListTagsForResource", {"resourceArn": arn}).json == {"tags": []}


def test_an_operation_without_output_answers_an_empty_object(registry: Registry) -> None:
    raw = RawEcr(registry)
    arn = raw.call("CreateRepository", {"repositoryName": "app"}).json["repository"]["repositoryArn"]
    assert raw.call("TagResource", {"resourceArn": arn, "tags": [{"Key": "a", "Value": "b"}]}).body == b"{}"
    assert raw.call("UntagResource", {"resourceArn": arn, "tagKeys": ["a"]}).body == b"{}"


@pytest.fixture(scope="module")
def transcript(server: Server) -> dict[str, list[Answer]]:
    """One answer at least of every operation that is built, from a short life of a repository."""
    registry = Registry(server, f"{int.from_bytes(os.urandom(6)) % 10**12:012d}")
    raw, content = RawEcr(registry), layer(1000)
    replies: dict[str, list[Answer]] = {}

    def call(operation: str, **arguments: Any) -> Any:
        reply = raw.call(operation, arguments)
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
    use_lifecycle(call)
    call("DescribeRepositories", maxResults=1)
    call("DescribeRepositories", repositoryNames=["app", "other"])
    call("TagResource", **arn, tags=[{"Key": "stage", "Value": "b"}])
    call("ListTagsForResource", **arn)
    call("UntagResource", **arn, tagKeys=["stage"])
    call("PutImageTagMutability", **app, imageTagMutability="MUTABLE")
    call("PutImageScanningConfiguration", **app, imageScanningConfiguration={"scanOnPush": True})
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}
    call("SetRepositoryPolicy", **app, policyText=json.dumps(policy))
    call("GetRepositoryPolicy", **app)
    call("DeleteRepositoryPolicy", **app)
    policy["Statement"][0]["Resource"] = "*"
    call("PutRegistryPolicy", policyText=json.dumps(policy))
    call("GetRegistryPolicy")
    call("DeleteRegistryPolicy")
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


def use_lifecycle(call: Callable[..., Any]) -> None:
    """The operations on the lifecycle policy of a repository."""
    app = {"repositoryName": "app"}
    call("PutLifecyclePolicy", **app, lifecyclePolicyText=policy(rule(days=1)))
    call("GetLifecyclePolicy", **app)
    call("StartLifecyclePolicyPreview", **app)
    until(lambda: call("GetLifecyclePolicyPreview", **app)["status"] == "COMPLETE", "a preview")
    call("DeleteLifecyclePolicy", **app)


def test_the_transcript_has_every_operation_that_is_built(transcript: dict[str, list[Answer]]) -> None:
    assert set(transcript) == set(HANDLERS)


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_every_value_of_an_answer_is_of_the_type_that_the_model_says(
    transcript: dict[str, list[Answer]], operation: str
) -> None:
    for reply in transcript[operation]:
        assert list(strangers(reply.json, MODEL.operation_model(operation).output_shape)) == []


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_absent_members_are_left_out_and_never_null(transcript: dict[str, list[Answer]], operation: str) -> None:
    for reply in transcript[operation]:
        assert [path for path, value in values(reply.json) if value is None] == []


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_times_have_milliseconds_at_most(transcript: dict[str, list[Answer]], operation: str) -> None:
    for reply in transcript[operation]:
        times = [float(found) for found in re.findall(rb'At":([0-9.eE+]+)', reply.body)]
        assert times == [round(time, 3) for time in times]
        assert all(1.7e9 < time < 1e10 or (time == 0 and "LifecyclePolicy" in operation) for time in times)


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_an_answer_is_json_of_the_protocol_with_its_length(transcript: dict[str, list[Answer]], operation: str) -> None:
    for reply in transcript[operation]:
        assert reply.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert int(reply.headers["Content-Length"]) == len(reply.body)


def values(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in parsed JSON that is no list and no object, with its path."""
    if isinstance(data, dict):
        for name, item in data.items():
            yield from values(item, f"{path}.{name}")
    elif isinstance(data, list):
        for number, item in enumerate(data):
            yield from values(item, f"{path}[{number}]")
    else:
        yield path, data
