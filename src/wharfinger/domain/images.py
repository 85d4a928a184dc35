"""Images as they are asked for: by digest, by tag or by both, in lists, and what an id can fail with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from wharfinger.domain import digests, tags

FailureCode = Literal[
    "ImageNotFound",
    "ImageTagDoesNotMatchDigest",
    "MissingDigestAndTag",
    "InvalidImageDigest",
    "InvalidImageTag",
    "ImageReferencedByManifestList",
    "ImageHeld",  # of our own: ECR has no holds
]


class ImageId(NamedTuple):
    """How a caller names an image; both absent is an error of that id only."""

    digest: str | None = None
    tag: str | None = None


class Failure(NamedTuple):
    """An id that could not be served, echoed as it was given. Failures are data: the other ids go on."""

    id: ImageId
    code: FailureCode
    blockers: tuple[str, ...] = ()  # digests of the indexes that list the image, or the holds on it in words


class StoredImage(NamedTuple):
    """An image of a repository with all its tags, in the order in which they were made."""

    key: int
    digest: str
    tags: tuple[str, ...]


class Selection:
    """A state of a repository, as far as a list of ids touches it, and the look-ups in it."""

    def __init__(self, images: Iterable[StoredImage]) -> None:
        self._by_digest = {image.digest: image for image in images}
        self._by_tag = {tag: image for image in self._by_digest.values() for tag in image.tags}

    def find(self, asked: ImageId) -> StoredImage | FailureCode:
        """The image that `asked` means, or why there is none."""
        malformed = check(asked)
        if malformed:
            return malformed
        by_tag = self._by_tag.get(asked.tag) if asked.tag is not None else None
        if asked.digest is None:
            return by_tag or "ImageNotFound"
        if asked.tag is None:
            return self._by_digest.get(asked.digest) or "ImageNotFound"
        if by_tag is None:
            return "ImageNotFound"
        return by_tag if by_tag.digest == asked.digest else "ImageTagDoesNotMatchDigest"


def check(asked: ImageId) -> FailureCode | None:
    """What is wrong with an id by itself."""
    if asked.digest is None and asked.tag is None:
        return "MissingDigestAndTag"
    if asked.digest is not None and not digests.has_ecr_form(asked.digest):
        return "InvalidImageDigest"
    if asked.tag is not None and not tags.is_tag(asked.tag):
        return "InvalidImageTag"
    return None
