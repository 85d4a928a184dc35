"""Manifests of every kind that clients push, most of them written by hand."""

from __future__ import annotations

import json
from typing import Any

from support.answer import Answer
from support.content import (
    DOCKER_IMAGE,
    DOCKER_LIST,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_IMAGE,
    OCI_INDEX,
    OCI_LAYER,
    ORAS_ARTIFACT,
    Image,
    descriptor,
    image,
    index,
    layer,
    sha256,
)
from support.registry import Registry

LIMIT = 4 * 1024 * 1024
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def manifest(media_type: str, *blobs: bytes, children: tuple[Image, ...] = (), **members: Any) -> Image:
    """A manifest written by hand."""
    body = {"schemaVersion": 2, "mediaType": media_type, **members}
    return Image(json.dumps(body).encode(), media_type, {sha256(content): content for content in blobs}, children)


def body_of(of: Image) -> dict[str, Any]:
    """A manifest, parsed."""
    body: dict[str, Any] = json.loads(of.manifest)
    return body


def put(registry: Registry, app: str, reference: str, body: Any, media_type: str | None = OCI_IMAGE) -> Answer:
    """Push bytes as they are, or a body that still has to be written."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": media_type} if media_type is not None else None
    return registry.oci.call("PUT", f"/v2/{app}/manifests/{reference}", content, headers)


def oci_image() -> Image:
    return image()


def docker_image() -> Image:
    return image(media_type=DOCKER_IMAGE)


def oci_index() -> Image:
    return index(image(architecture="amd64"), image(architecture="arm64"))


def docker_list() -> Image:
    return index(image(media_type=DOCKER_IMAGE), image(media_type=DOCKER_IMAGE), media_type=DOCKER_LIST)


def nested_index() -> Image:
    return index(index(image()), image())


def index_of_nothing() -> Image:
    return manifest(OCI_INDEX, manifests=[])


def index_of_docker_images() -> Image:
    return index(image(media_type=DOCKER_IMAGE))


def image_without_layers() -> Image:
    return manifest(OCI_IMAGE, b"{}", config=descriptor(OCI_EMPTY, b"{}"), layers=[])


def one_blob_as_config_and_layer() -> Image:
    return manifest(OCI_IMAGE, b"{}", config=descriptor(OCI_EMPTY, b"{}"), layers=[descriptor(OCI_EMPTY, b"{}")])


def index_with_one_child_twice() -> Image:
    child = image()
    return index(child, child)


def zstd_layers() -> Image:
    return image(layer_type="application/vnd.oci.image.layer.v1.tar+zstd")


def layers_of_a_type_of_their_own() -> Image:
    return image(layer_type="application/vnd.example.model.weights")


def foreign_layers() -> Image:
    here = layer()
    there = [descriptor(NONDISTRIBUTABLE, b"there", urls=["https://example.com/layer"])]
    return manifest(
        OCI_IMAGE, b"{}", here, config=descriptor(OCI_CONFIG, b"{}"), layers=[descriptor(OCI_LAYER, here), *there]
    )


def docker_foreign_layers() -> Image:
    there = [descriptor(FOREIGN, b"there", urls=["https://example.com/layer"])]
    return manifest(DOCKER_IMAGE, b"{}", config=descriptor("application/json", b"{}"), layers=there)


def helm_chart() -> Image:
    chart, config = layer(), b'{"name":"chart","version":"0.1.0","apiVersion":"v2"}'
    return manifest(
        OCI_IMAGE,
        chart,
        config,
        config=descriptor("application/vnd.cncf.helm.config.v1+json", config),
        layers=[descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", chart)],
        annotations={"org.opencontainers.image.title": "chart", "org.opencontainers.image.version": "0.1.0"},
    )


def cosign_signature() -> Image:
    payload = b'{"critical":{"identity":{"docker-reference":"app"}}}'
    signature = {"dev.cosignproject.cosign/signature": "MEUCIQ=="}
    return manifest(
        OCI_IMAGE,
        payload,
        b"{}",
        config=descriptor(OCI_CONFIG, b"{}"),
        layers=[descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload, annotations=signature)],
    )


def buildkit_cache_as_an_image() -> Image:
    cached, config = layer(), b'{"layers":[],"records":[]}'
    return manifest(
        OCI_IMAGE,
        cached,
        config,
        config=descriptor("application/vnd.buildkit.cacheconfig.v0", config),
        layers=[descriptor(OCI_LAYER, cached)],
    )


def buildkit_cache_as_an_index() -> Image:
    cached, config = layer(), b'{"layers":[],"records":[]}'
    return manifest(
        OCI_INDEX,
        cached,
        config,
        manifests=[
            descriptor(OCI_LAYER, cached),
            descriptor("application/vnd.buildkit.cacheconfig.v0", config),
        ],
    )


def artifact() -> Image:
    return image(artifact_type="application/vnd.example.sbom", config_type=OCI_EMPTY)


def artifact_with_a_subject() -> Image:
    return image(subject=image(), artifact_type="application/vnd.example.sbom", config_type=OCI_EMPTY)


def index_with_a_subject() -> Image:
    return manifest(OCI_INDEX, manifests=[], subject=descriptor(OCI_IMAGE, b"?"), artifactType="application/vnd.x")


def oras_artifact() -> Image:
    blob = layer()
    return manifest(
        ORAS_ARTIFACT,
        blob,
        artifactType="application/vnd.example.signature",
        blobs=[descriptor("application/octet-stream", blob)],
        subject=descriptor(OCI_IMAGE, b"?"),
    )


def members_that_nobody_knows() -> Image:
    one = image()
    return Image(json.dumps({**body_of(one), "x-example": [{"a": None}]}).encode(), one.media_type, one.blobs)


def written_with_odd_whitespace() -> Image:
    one = image()
    return Image(json.dumps(body_of(one), indent="\t \n").encode() + b"\n\n", one.media_type, one.blobs)


def without_a_media_type_of_its_own() -> Image:
    one = image()
    body = body_of(one)
    del body["mediaType"]
    return Image(json.dumps(body).encode(), one.media_type, one.blobs)


KINDS = (
    oci_image,
    docker_image,
    oci_index,
    docker_list,
    nested_index,
    index_of_nothing,
    index_of_docker_images,
    image_without_layers,
    one_blob_as_config_and_layer,
    index_with_one_child_twice,
    zstd_layers,
    layers_of_a_type_of_their_own,
    foreign_layers,
    docker_foreign_layers,
    helm_chart,
    cosign_signature,
    buildkit_cache_as_an_image,
    buildkit_cache_as_an_index,
    artifact,
    artifact_with_a_subject,
    index_with_a_subject,
    oras_artifact,
    members_that_nobody_knows,
    written_with_odd_whitespace,
    without_a_media_type_of_its_own,
)


def refused(registry: Registry, app: str, answer: Answer, status: int, code: str, word: str) -> None:
    """Refused with this status and code, for a reason that the message tells, and nothing was stored."""
    assert (answer.status, answer.code) == (status, code)
    assert word in answer.message
    assert registry.images(app) == []
