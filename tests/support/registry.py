"""A registry as a test sees it: one account in one region, through both doors."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from support.content import Image
from support.oci import Oci
from support.server import REGION, Server


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
        data = self.ecr.get_authorization_token()["authorizationData"][0]
        user, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
        assert user == "AWS"
        return password

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
        return {item["imageTag"]: item["imageDigest"] for item in self.images(repository) if "imageTag" in item}

    def images(self, repository: str) -> Sequence[dict[str, str]]:
        """Every line of ListImages."""
        pages = self.ecr.get_paginator("list_images").paginate(repositoryName=repository)
        return [item for page in pages for item in page["imageIds"]]


def as_id(text: str | dict[str, str]) -> dict[str, str]:
    """An image id in the form of the API."""
    if isinstance(text, dict):
        return text
    return {"imageDigest": text} if ":" in text else {"imageTag": text}


def error_of(caught: Any) -> tuple[str, str]:
    """Code and message of what boto3 raised."""
    error: ClientError = caught.value
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


def raw_call(server: Server, operation: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """A call on an open server with any body: status, parsed answer, headers."""
    target = f"AmazonEC2ContainerRegistry_V20150921.{operation}"
    sent = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=123456789012/20260101/eu-central-1/ecr/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    answer = urllib3.request("POST", server.endpoint + "/", body=body, headers=sent, retries=False)
    return answer.status, json.loads(answer.data), dict(answer.headers)
