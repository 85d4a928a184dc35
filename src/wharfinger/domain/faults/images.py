"""What can be wrong with images."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault
from wharfinger.domain.names import Registry


class ImageNotFound(Fault):
    """No image under this digest, tag or both; the absent one is None."""

    registry: Registry
    repository: str
    digest: str | None
    tag: str | None


class ImageExists(Fault):
    """The same manifest is there under the same tag (None: untagged)."""

    registry: Registry
    repository: str
    digest: str
    tag: str | None


class AnswerTooLarge(Fault):
    """The manifests asked for are over `limit` bytes together."""

    limit: int


class ImageHeld(Fault):
    """The image, or its tag, must not be deleted: `holds` say why."""

    holds: tuple[str, ...]


class ImageReferenced(Fault):
    """The image is listed in these indexes of its repository, so it stays."""

    parents: tuple[str, ...]


class TagImmutable(Fault):
    """The tag is taken and may not be moved."""

    repository: str
    tag: str


class TagInvalid(Fault):
    """Not a tag, nor a digest."""

    tag: str


class TooManyTags(Fault):
    """An image would carry more than `limit` tags."""

    limit: int


class TooManyTagsAtOnce(Fault):
    """One push would set more than `limit` tags."""

    limit: int


class ManifestInvalid(Fault):
    """Not a manifest that this registry keeps: `reason` is one sentence."""

    reason: str


class ManifestTooLarge(Fault):
    """Over `limit` bytes."""

    limit: int


class ManifestDigestMismatch(Fault):
    """The digest said with a manifest is not that of its bytes."""

    expected: str
    computed: str


class LayersMissing(Fault):
    """A manifest refers to layers or a config that this repository does not have."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]


class ImagesMissing(Fault):
    """An index lists manifests that this repository does not have."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]
