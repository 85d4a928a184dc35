"""Manifests: what is read from their bytes, and which ones this registry keeps.

The bytes are stored and returned as they came; nothing here writes JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from wharfinger.domain import digests
from wharfinger.domain.faults import ManifestDigestMismatch, ManifestInvalid, ManifestTooLarge

LIMIT: Final = 4 * 1024 * 1024
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_IMAGE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
ORAS_ARTIFACT: Final = "application/vnd.cncf.oras.artifact.manifest.v1+json"

Kind = Literal["image", "index", "artifact"]
KINDS: Final[Mapping[str, Kind]] = {
    OCI_IMAGE: "image",
    DOCKER_IMAGE: "image",
    OCI_INDEX: "index",
    DOCKER_LIST: "index",
    ORAS_ARTIFACT: "artifact",
}
# the list that each kind is made of; a body with another kind's list is two things at once and refused
_LISTS: Final[Mapping[Kind, str]] = {"image": "layers", "index": "manifests", "artifact": "blobs"}
_ELSEWHERE: Final = (
    "application/vnd.docker.image.rootfs.foreign.diff.",
    "application/vnd.oci.image.layer.nondistributable.",
)
_MOST_BYTES: Final = 2**63 - 1


class Descriptor(NamedTuple):
    """A reference by digest, as a manifest makes it."""

    media_type: str
    digest: str
    size: int


class Manifest(NamedTuple):
    """What the registry needs to know of a manifest."""

    content: bytes
    digest: str
    media_type: str
    kind: Kind
    blobs: tuple[Descriptor, ...]  # the config first, then the layers that are kept here
    children: tuple[Descriptor, ...]
    subject: str | None
    artifact_type: str | None
    annotations: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of the config and the layers kept here, each counted once."""
        return sum({blob.digest: blob.size for blob in self.blobs}.values())

    @property
    def is_index(self) -> bool:
        """Whether it lists other manifests."""
        return self.kind == "index"


def read(content: bytes, media_type: str | None, digest: str | None = None) -> Manifest:
    """Read the manifest `content`, sent as `media_type` (None: it must say so itself) under `digest` if given.

    Raises ManifestTooLarge, ManifestInvalid, ManifestDigestMismatch.
    """
    if len(content) > LIMIT:
        raise ManifestTooLarge(LIMIT)
    named = digest is not None and digests.is_digest(digest)
    computed = digests.of(content, digests.algorithm(digest) if digest and named else digests.CANONICAL)
    if digest not in {None, computed}:
        raise ManifestDigestMismatch(str(digest), computed)
    body = _body(content)
    said = _media_type(body, media_type)
    kind = KINDS[said]
    for other, member in _LISTS.items():
        if other != kind and member in body:
            raise ManifestInvalid(f"a manifest of type {said} has no member '{member}'")
    entries = _descriptors(body, _LISTS[kind], required=kind != "artifact")
    config = _descriptor(body.get("config"), "config") if kind == "image" else None
    if sum(entry.size for entry in entries) + (config.size if config else 0) > _MOST_BYTES:
        raise ManifestInvalid("the sizes of all that the manifest refers to add up to more than can be")
    is_blob = [kind != "index" or _is_blob(entry) for entry in entries]
    layers = [entry for entry, blob in zip(entries, is_blob, strict=True) if blob]
    return Manifest(
        content=content,
        digest=computed,
        media_type=said,
        kind=kind,
        blobs=tuple(([config] if config else []) + [item for item in layers if not _is_elsewhere(item)]),
        children=tuple(entry for entry, blob in zip(entries, is_blob, strict=True) if not blob),
        subject=_subject(body),
        artifact_type=_text(body, "artifactType") or (config.media_type if config else None) or None,
        annotations=_annotations(body),
    )


def _body(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content.decode(), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid("the manifest is not valid JSON in UTF-8") from error
    if not isinstance(body, dict):
        raise ManifestInvalid("the manifest is not a JSON object")
    if body.get("schemaVersion", 2) != 2:
        raise ManifestInvalid("the manifest's schemaVersion is not 2")
    return body


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ManifestInvalid("a member occurs twice in one object of the manifest")
    return found


def _no_constant(name: str) -> None:
    raise ManifestInvalid(f"{name} is not JSON")


def _media_type(body: Mapping[str, Any], sent: str | None) -> str:
    own = _text(body, "mediaType")
    if own and sent and own != sent:
        raise ManifestInvalid(f"it was sent as {sent} and says of itself {own}")
    said = own or sent
    if said is None:
        raise ManifestInvalid("its media type is said neither in the request nor in the manifest")
    if said not in KINDS:
        raise ManifestInvalid(f"manifests of type {said} are not supported")
    return said


def _descriptors(body: Mapping[str, Any], member: str, *, required: bool) -> list[Descriptor]:
    entries = body.get(member)
    if entries is None and not required:
        return []
    if not isinstance(entries, list):
        raise ManifestInvalid(f"the manifest's '{member}' is not a list")
    return [_descriptor(entry, f"{member}[{number}]") for number, entry in enumerate(entries)]


def _descriptor(entry: Any, where: str) -> Descriptor:
    if not isinstance(entry, dict):
        raise ManifestInvalid(f"the manifest's '{where}' is not a descriptor")
    digest, size, media_type = entry.get("digest"), entry.get("size"), entry.get("mediaType", "")
    if not isinstance(digest, str) or not digests.is_digest(digest):
        raise ManifestInvalid(f"the manifest's '{where}' has no digest that is known here")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MOST_BYTES:
        raise ManifestInvalid(f"the manifest's '{where}' has no size")
    if not _is_text(media_type):
        raise ManifestInvalid(f"the manifest's '{where}' has no media type")
    return Descriptor(media_type, digest, size)


def _is_blob(entry: Descriptor) -> bool:
    """Cache manifests of older buildkits list blobs in an index: known by a type that is no manifest's."""
    return bool(entry.media_type) and not any(word in entry.media_type for word in ("manifest", "index"))


def _is_elsewhere(entry: Descriptor) -> bool:
    """Foreign layers are fetched from their own addresses, so the registry need not have them."""
    return entry.media_type.startswith(_ELSEWHERE)


def _subject(body: Mapping[str, Any]) -> str | None:
    return _descriptor(body["subject"], "subject").digest if body.get("subject") is not None else None


def _text(body: Mapping[str, Any], member: str) -> str | None:
    value = body.get(member)
    if value is not None and not _is_text(value):
        raise ManifestInvalid(f"the manifest's '{member}' is not a text")
    return value or None


def _annotations(body: Mapping[str, Any]) -> Mapping[str, str]:
    found = body.get("annotations")
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(_is_text(text) for pair in found.items() for text in pair):
        raise ManifestInvalid("the manifest's 'annotations' are not texts")
    return found


def _is_text(value: Any) -> bool:
    """A string that a database can hold: half of a surrogate pair and NUL are what JSON allows beyond that."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
