"""The identity policies that AWS has ready for Amazon ECR, under AWS's names. Source: AWS's documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

_PULL: Final = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
)
_READ: Final = (
    *_PULL,
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
)
_PUSH: Final = (
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)


def _policy(*actions: str) -> str:
    statement: dict[str, str | Sequence[str]] = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


MANAGED: Final[Mapping[str, str]] = {
    "AdministratorAccess": _policy("*"),
    "AmazonEC2ContainerRegistryFullAccess": _policy("ecr:*"),
    "AmazonEC2ContainerRegistryPowerUser": _policy(*_READ, *_PUSH),
    "AmazonEC2ContainerRegistryReadOnly": _policy(*_READ),
    "AmazonEC2ContainerRegistryPullOnly": _policy(
        "ecr:GetAuthorizationToken", "ecr:BatchImportUpstreamImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"
    ),
}
