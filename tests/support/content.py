"""Images made of random bytes: real manifests, configs and layers with the right digests."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
ORAS_ARTIFACT = "application/vnd.cncf.oras.artifact.manifest.v1+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

UNKNOWN = "sha256:" + "0" * 64  # nothing has this digest
UNKNOWN_UPLOAD = "00000000-0000-4000-8000-000000000000"


class Image(NamedTuple):
    """A manifest and all that it needs."""

    manifest: bytes
    media_type: str
    blobs: Mapping[str, bytes] = {}
    children: Sequence[Image] = ()

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return sha256(self.manifest)

    @property
    def text(self) -> str:
        """As PutImage takes it."""
        return self.manifest.decode()

    @property
    def size(self) -> int:
        """Config and layers, or the largest child."""
        return max([sum(map(len, self.blobs.values())), *(child.size for child in self.children)])


def sha256(content: bytes) -> str:
    """The digest of some bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def sha512(content: bytes) -> str:
    """The other digest."""
    return "sha512:" + hashlib.sha512(content).hexdigest()


def descriptor(media_type: str, content: bytes, **more: Any) -> dict[str, Any]:
    """A reference to some bytes."""
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content), **more}


def layer(size: int = 100) -> bytes:
    """A gzipped tar with one file of random bytes: what docker and podman can unpack."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo(f"file-{os.urandom(4).hex()}")
        member.size = size
        archive.addfile(member, io.BytesIO(os.urandom(size)))
    return gzip.compress(file.getvalue(), compresslevel=1)


def image(
    *layers: bytes,
    media_type: str = OCI_IMAGE,
    architecture: str = "amd64",
    subject: Image | None = None,
    artifact_type: str | None = None,
    annotations: Mapping[str, str] | None = None,
    layer_type: str | None = None,
    config_type: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Image:
    """An image; without layers given, it has one of its own."""
    docker = media_type == DOCKER_IMAGE
    contents = layers or (layer(),)
    config_type = config_type or (DOCKER_CONFIG if docker else OCI_CONFIG)
    config = b"{}" if config_type == OCI_EMPTY else _config(contents, architecture, labels or {})
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(config_type, config),
        "layers": [descriptor(layer_type or (DOCKER_LAYER if docker else OCI_LAYER), content) for content in contents],
    }
    if artifact_type is not None:
        body["artifactType"] = artifact_type
    if subject is not None:
        body["subject"] = descriptor(subject.media_type, subject.manifest)
    if annotations is not None:
        body["annotations"] = dict(annotations)
    blobs = {sha256(content): content for content in (config, *contents)}
    return Image(json.dumps(body).encode(), media_type, blobs)


def index(*children: Image, media_type: str = OCI_INDEX, annotations: Mapping[str, str] | None = None) -> Image:
    """An index of images, each for a platform of its own."""
    names = itertools.chain(("amd64", "arm64", "s390x", "ppc64le", "riscv64"), map("other{}".format, itertools.count()))
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [
            descriptor(child.media_type, child.manifest, platform={"os": "linux", "architecture": name})
            for child, name in zip(children, names, strict=False)
        ],
    }
    if annotations is not None:
        body["annotations"] = dict(annotations)
    return Image(json.dumps(body).encode(), media_type, {}, children)


def series(count: int) -> Sequence[Image]:
    """Images that differ in an annotation only, so that their blobs need to be pushed but once."""
    content = layer()
    return [image(content, config_type=OCI_EMPTY, annotations={"number": str(number)}) for number in range(count)]


def _config(layers: Sequence[bytes], architecture: str, labels: Mapping[str, str]) -> bytes:
    return json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Labels": {"unique": os.urandom(4).hex(), **labels}},
            "rootfs": {"type": "layers", "diff_ids": [sha256(gzip.decompress(content)) for content in layers]},
            "history": [{"created": "2026-01-01T00:00:00Z"} for _ in layers],
        }
    ).encode()
