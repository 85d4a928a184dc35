"""Arguments that break a constraint of the model are named as ECR names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from support.content import UNKNOWN, UNKNOWN_UPLOAD
from support.raw_ecr import RawEcr
from support.registry import Registry

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
        {"repositoryName": "app", "subjectId": {"imageDigest": UNKNOWN}, "maxResults": 51},
        "maxResults",
        "Member must have value less than or equal to 50",
    ),
    "artifact types": (
        "ListImageReferrers",
        {
            "repositoryName": "app",
            "subjectId": {"imageDigest": UNKNOWN},
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
        {
            "repositoryName": "app",
            "uploadId": UNKNOWN_UPLOAD,
            "partFirstByte": -1,
            "partLastByte": 0,
            "layerPartBlob": "YQ==",
        },
        "partFirstByte",
        "Member must have value greater than or equal to 0",
    ),
}


@pytest.mark.parametrize(("operation", "body", "path", "constraint"), VALIDATION.values(), ids=VALIDATION)
def test_a_constraint_that_is_broken_is_named_as_ecr_names_it(
    registry: Registry, operation: str, body: dict[str, Any], path: str, constraint: str
) -> None:
    reply = RawEcr(registry).call(operation, body)
    message = f"Invalid parameter at '{path}' failed to satisfy constraint: '{constraint}'"
    assert (reply.status, reply.error) == (400, ("InvalidParameterException", message))


def test_parameters_are_checked_before_the_repository_is_looked_for(registry: Registry) -> None:
    reply = RawEcr(registry).call("BatchDeleteImage", {"repositoryName": "missing", "imageIds": []})
    assert reply.error[0] == "InvalidParameterException"
