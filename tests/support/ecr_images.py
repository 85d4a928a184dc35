"""Many images at little cost, and what ECR says of those it does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from support.content import OCI_EMPTY, Image, image, layer
from support.registry import Registry
from support.server import REGION

REMOTE = 500_000_000_000
UNKNOWN = "sha256:" + "0" * 64


REASONS: Final[Mapping[str, str]] = {
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
    return {"imageId": dict(image_id), "failureCode": code, "failureReason": REASONS[code]}


def series(count: int) -> Sequence[Image]:
    """Images that differ in an annotation only, so that their blobs need to be pushed but once."""
    content = layer()
    return [image(content, config_type=OCI_EMPTY, annotations={"number": str(number)}) for number in range(count)]


def push_blobs(registry: Registry, repository: str, *images: Image) -> None:
    """The blobs of images, each once."""
    for digest, content in {digest: content for one in images for digest, content in one.blobs.items()}.items():
        registry.oci.push_blob(repository, content, digest)


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


def invalid(path: str, constraint: str) -> tuple[str, str]:
    """The error for a parameter that breaks a constraint."""
    return "InvalidParameterException", f"Invalid parameter at '{path}' failed to satisfy constraint: '{constraint}'"


def stranger(registry: Registry, region: str = REGION) -> Registry:
    """A registry of another account on the same server, far from the accounts of other tests."""
    return Registry(registry.server, f"{(int(registry.account) + REMOTE) % 10**12:012d}", region)


def abroad(registry: Registry, region: str = "us-west-2") -> Registry:
    """The registry of the same account in another region."""
    return Registry(registry.server, registry.account, region)
