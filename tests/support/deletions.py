"""A repository with an image of every kind, to delete from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from support.content import OCI_EMPTY, Image, image, index, layer
from support.ecr_errors import failure
from support.raw_ecr import RawEcr
from support.registry import Registry

Id = dict[str, str]
State = dict[str, list[str]]
REFERENCED: Final = "ImageReferencedByManifestList"


START: Final[Mapping[str, list[str]]] = {
    "solo": ["solo"],
    "many": ["a", "b", "c"],
    "bare": [],
    "child": [],
    "tagged child": ["ct"],
    "child with two tags": ["ct1", "ct2"],
    "index": ["idx"],
    "subject": ["subject"],
    "referrer": [],
    "artifact": [],
    "artifacts": ["sha256-old"],
}


class World:
    """The repository `app`. A case names its images; `@many` stands for the digest of that image."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.app = registry.create("app")
        self.images = _images()
        registry.push_blobs(self.app, self.images["solo"])
        for name, tags in START.items():
            one = self.images[name]
            query = "&".join(f"tag={tag}" for tag in tags)
            answer = registry.oci.put_manifest(self.app, f"{one.digest}?{query}", one.manifest, one.media_type)
            assert answer.status == 201, answer

    def real(self, item: Mapping[str, str]) -> Id:
        """An id with the digest that a name stands for."""
        return {key: self._digest(value) for key, value in item.items()}

    def delete(self, *ids: Mapping[str, str]) -> Any:
        """BatchDeleteImage, as it is on the wire."""
        arguments = {"repositoryName": self.app, "imageIds": [self.real(item) for item in ids]}
        reply = RawEcr(self.registry).call("BatchDeleteImage", arguments)
        assert reply.status == 200, reply
        return reply.json

    def failure(self, item: Mapping[str, str], code: str, *parents: str) -> dict[str, Any]:
        """A failure as it has to be."""
        if code != REFERENCED:
            return failure(self.real(item), code)
        listed = ", ".join(self._digest(parent) for parent in parents)
        reason = f"Requested image referenced by manifest list: [{listed}]"
        return {"imageId": self.real(item), "failureCode": code, "failureReason": reason}

    def state(self) -> State:
        """The images that are there, by name, with their tags."""
        names = {one.digest: name for name, one in self.images.items()}
        found: State = {}
        for page in self.registry.ecr.get_paginator("describe_images").paginate(repositoryName=self.app):
            for item in page["imageDetails"]:
                found[names[item["imageDigest"]]] = sorted(item.get("imageTags", []))
        return found

    def _digest(self, value: str) -> str:
        return self.images[value[1:]].digest if value.startswith("@") else value


def _images() -> dict[str, Image]:
    content = layer()
    plain = {
        name: image(content, config_type=OCI_EMPTY, annotations={"name": name})
        for name in START
        if name not in {"index", "artifacts", "referrer"}
    }
    return {
        **plain,
        "index": index(plain["child"], plain["tagged child"], plain["child with two tags"]),
        "artifacts": index(plain["artifact"]),
        "referrer": image(content, config_type=OCI_EMPTY, subject=plain["subject"]),
    }


def after(**changes: list[str] | None) -> State:
    """The state at the start with some images changed, or gone (None)."""
    merged = {**START, **{name.replace("_", " "): tags for name, tags in changes.items()}}
    return {name: tags for name, tags in merged.items() if tags is not None}
