"""Layers by the ECR API: calls that begin, send, complete and look up."""

from __future__ import annotations

import base64
from typing import Any

from support.answer import Answer
from support.content import sha256
from support.raw_ecr import RawEcr
from support.registry import Registry


def begin(registry: Registry, repository: str = "app") -> str:
    """A new upload: its id."""
    return str(registry.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"])


def send(registry: Registry, upload: str, first: int, part: bytes, last: int | None = None, **more: Any) -> Answer:
    """UploadLayerPart, with bounds that fit if none are given."""
    arguments = {
        "repositoryName": "app",
        "uploadId": upload,
        "partFirstByte": first,
        "partLastByte": first + len(part) - 1 if last is None else last,
        "layerPartBlob": base64.b64encode(part).decode(),
        **more,
    }
    return RawEcr(registry).call("UploadLayerPart", arguments)


def complete(registry: Registry, upload: str, *digests: str, repository: str = "app") -> Answer:
    """CompleteLayerUpload."""
    arguments = {"repositoryName": repository, "uploadId": upload, "layerDigests": list(digests)}
    return RawEcr(registry).call("CompleteLayerUpload", arguments)


def uploaded(registry: Registry, content: bytes, repository: str = "app") -> str:
    """A layer of one part: its digest."""
    upload = begin(registry, repository)
    assert send(registry, upload, 0, content, repositoryName=repository).status == 200
    reply = complete(registry, upload, sha256(content), repository=repository)
    assert reply.status == 200, reply
    return sha256(content)


def check(registry: Registry, *digests: str, repository: str = "app") -> Any:
    """BatchCheckLayerAvailability: what it answers."""
    arguments = {"repositoryName": repository, "layerDigests": list(digests)}
    return RawEcr(registry).call("BatchCheckLayerAvailability", arguments).json
