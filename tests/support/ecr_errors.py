"""The errors and failures of the ECR API in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_REASONS: Final[Mapping[str, str]] = {
    "ImageNotFound": "Requested image not found",
    "ImageTagDoesNotMatchDigest": "Invalid request parameters: given tag does not map to the given digest",
    "MissingDigestAndTag": "Invalid request parameters: both tag and digest cannot be null",
    "InvalidImageDigest": (
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
    ),
    "InvalidImageTag": "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
}


def failure(image_id: Mapping[str, str], code: str) -> dict[str, Any]:
    """An id that could not be served, as a batch shows it."""
    return {"imageId": dict(image_id), "failureCode": code, "failureReason": _REASONS[code]}


def no_repository(name: str, account: str) -> tuple[str, str]:
    """The error for a repository that is not there."""
    text = f"The repository with name '{name}' does not exist in the registry with id '{account}'"
    return "RepositoryNotFoundException", text


def no_image(repository: str, account: str, digest: str = "null", tag: str = "null") -> tuple[str, str]:
    """The error for an image that is not there."""
    text = (
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
        f"with name '{repository}' in the registry with id '{account}'"
    )
    return "ImageNotFoundException", text


def denied(account: str, action: str, resource: str) -> tuple[str, str]:
    """The error for the root of an account that asks another account for something."""
    text = (
        f"User: arn:aws:iam::{account}:root is not authorized to perform: {action} on resource: {resource} "
        f"because no resource-based policy allows the {action} action"
    )
    return "AccessDeniedException", text


def invalid(path: str, constraint: str) -> tuple[str, str]:
    """The error for a parameter that breaks a constraint."""
    return "InvalidParameterException", f"Invalid parameter at '{path}' failed to satisfy constraint: '{constraint}'"
