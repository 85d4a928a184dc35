"""A registry as a test sees it: one account in one region, through both doors."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from support.content import Image
from support.oci import Oci
from support.server import REGION, Server

_FAR = 500_000_000_000


class Registry:
    """`ecr` is a boto3 client, `oci` the data plane with a login of the same principal."""

    def __init__(self, server: Server, account: str, region: str = REGION) -> None:
        self.server = server
        self.account = account
        self.region = region
        self.ecr = server.ecr(account, region=region)
        self._oci: Oci | None = None

    @property
    def password(self) -> str:
        """A new authorization token."""
        return new_password(self.ecr)

    @property
    def oci(self) -> Oci:
        """The data plane."""
        if self._oci is None:
            self._oci = Oci(self.server.endpoint, self.password)
        return self._oci

    def create(self, name: str = "app", **settings: Any) -> str:
        """A new repository: its name."""
        self.ecr.create_repository(repositoryName=name, **settings)
        return name

    def push_blobs(self, repository: str, *images: Image) -> None:
        """The blobs of images, each once."""
        for digest, content in {digest: content for one in images for digest, content in one.blobs.items()}.items():
            self.oci.push_blob(repository, content, digest)

    def put_images(self, repository: str, *images: Image, tags: tuple[str | None, ...] = ()) -> None:
        """Images of one series, the first with the first of the tags and so on."""
        self.push_blobs(repository, *images)
        for number, one in enumerate(images):
            self.put_image(repository, one, tags[number] if number < len(tags) else None)

    def put_image(self, repository: str, image: Image, tag: str | None = None, **more: Any) -> Any:
        """PutImage, of an image whose blobs are there."""
        if tag is not None:
            more["imageTag"] = tag
        return self.ecr.put_image(
            repositoryName=repository, imageManifest=image.text, imageManifestMediaType=image.media_type, **more
        )

    def delete(self, repository: str, *ids: str | dict[str, str]) -> Any:
        """BatchDeleteImage; a text is a tag or a digest."""
        return self.ecr.batch_delete_image(repositoryName=repository, imageIds=[as_id(item) for item in ids])

    def tags(self, repository: str) -> dict[str, str]:
        """Every tag with the digest it points to, by ListImages."""
        return tagged(self.images(repository))

    def images(self, repository: str) -> Sequence[dict[str, str]]:
        """Every line of ListImages."""
        return listed(self.ecr, repository)


def new_password(ecr: Any) -> str:
    """An authorization token of a boto3 client's principal."""
    (data,) = ecr.get_authorization_token()["authorizationData"]
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
    assert user == "AWS"
    return str(password)


def listed(ecr: Any, repository: str) -> list[dict[str, str]]:
    """Every line of ListImages."""
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository)
    return [item for page in pages for item in page["imageIds"]]


def tagged(lines: Sequence[dict[str, str]]) -> dict[str, str]:
    """Of the lines of ListImages, every tag with its digest."""
    return {item["imageTag"]: item["imageDigest"] for item in lines if "imageTag" in item}


def stranger(registry: Registry, region: str = REGION) -> Registry:
    """A registry of another account on the same server, far from the accounts of other tests."""
    return Registry(registry.server, f"{(int(registry.account) + _FAR) % 10**12:012d}", region)


def abroad(registry: Registry, region: str = "us-west-2") -> Registry:
    """The registry of the same account in another region."""
    return Registry(registry.server, registry.account, region)


def as_id(text: str | dict[str, str]) -> dict[str, str]:
    """An image id in the form of the API."""
    if isinstance(text, dict):
        return text
    return {"imageDigest": text} if ":" in text else {"imageTag": text}


def error_of(caught: Any) -> tuple[str, str]:
    """Code and message of what boto3 raised."""
    error: ClientError = caught.value
    return error.response["Error"]["Code"], error.response["Error"]["Message"]
