"""Bodies of manifests about things that are only names, and what the rules read from them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from support.content import OCI_CONFIG, OCI_IMAGE, OCI_INDEX, OCI_LAYER, ORAS_ARTIFACT
from wharfinger.domain.faults import ManifestInvalid
from wharfinger.domain.manifests import Manifest, read


def entry(name: str, media_type: str = OCI_LAYER, size: Any = 10, **more: Any) -> dict[str, Any]:
    """A descriptor of something called `name`."""
    return {"mediaType": media_type, "digest": digest_of(name), "size": size, **more}


def digest_of(name: str) -> str:
    """Of something by its name."""
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def an_image(**members: Any) -> dict[str, Any]:
    """The body of an image, with other members."""
    config = entry("config", OCI_CONFIG, 3)
    return {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": config, "layers": [entry("layer")], **members}


def an_index(**members: Any) -> dict[str, Any]:
    """The body of an index, with other members."""
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry("child", OCI_IMAGE)], **members}


def an_artifact(**members: Any) -> dict[str, Any]:
    """The body of an artifact, with other members."""
    return {"mediaType": ORAS_ARTIFACT, "artifactType": "application/x.test", "blobs": [entry("blob")], **members}


def without(body: dict[str, Any], member: str) -> dict[str, Any]:
    """A body that lacks a member."""
    return {name: value for name, value in body.items() if name != member}


def encoded(body: Any) -> bytes:
    """As it is sent."""
    return json.dumps(body).encode()


def read_body(body: Any, media_type: str | None = None) -> Manifest:
    """What the rules read from a body."""
    return read(encoded(body), media_type)


def refusal_of(content: bytes, media_type: str | None = OCI_IMAGE) -> str:
    """Why a manifest is refused: one sentence."""
    with pytest.raises(ManifestInvalid) as caught:
        read(content, media_type)
    return caught.value.reason
