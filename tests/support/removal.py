"""Deletions in a short notation: ids are written as `tag`, `@image` (by digest) and `@image:tag` (by both)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wharfinger.domain.images import ImageId, StoredImage
from wharfinger.domain.removal import Guards, Reading, Removal, removal

Tags = Mapping[str, Sequence[str]]
Children = Mapping[str, Sequence[str]]
HELD = "ImageReferencedByManifestList"
TAG_ONLY = Reading()
WHOLE_IMAGE = Reading(digest_and_tag="image")
UNTAG = Reading(last_tag_of_child="untag")


class Outcome(NamedTuple):
    """What was answered and what stays, in the notation of this module."""

    entries: list[str]
    failures: list[tuple[str, ...]]  # code, id, the indexes that hold the image
    left: dict[str, list[str]]


def digest_of(name: str) -> str:
    """Of an image by its name."""
    return "sha256:" + name.encode().hex()


def name_of(digest: str) -> str:
    """The other way."""
    return bytes.fromhex(digest.removeprefix("sha256:")).decode()


def as_id(text: str) -> ImageId:
    """An id out of the notation."""
    name, _, tag = text[1:].partition(":") if text.startswith("@") else ("", "", text)
    return ImageId(digest_of(name) if name else None, tag or None)


def as_text(asked: ImageId) -> str:
    """An id in the notation."""
    if asked.digest is None:
        return asked.tag or ""
    return f"@{name_of(asked.digest)}" + (f":{asked.tag}" if asked.tag else "")


def stored(tags: Tags) -> dict[str, StoredImage]:
    return {name: StoredImage(key, digest_of(name), tuple(of)) for key, (name, of) in enumerate(tags.items(), 1)}


def parents(images: Mapping[str, StoredImage], children: Children) -> Mapping[str, Sequence[StoredImage]]:
    return {
        images[child].digest: [images[index] for index, listed in children.items() if child in listed]
        for child in {child for listed in children.values() for child in listed}
    }


def decided(tags: Tags, children: Children, asked: Sequence[ImageId], reading: Reading) -> Removal:
    images = stored(tags)
    return removal(asked, list(images.values()), Guards(parents(images, children)), reading)


def remove(tags: Tags, *asked: str, children: Children | None = None, reading: Reading = TAG_ONLY) -> Outcome:
    found = decided(tags, children or {}, [as_id(text) for text in asked], reading)
    gone = {name_of(image.digest) for image in found.images}
    return Outcome(
        [as_text(entry) for entry in found.entries],
        [(item.code, as_text(item.id), *map(name_of, item.blockers)) for item in found.failures],
        {name: [tag for tag in of if tag not in found.tags] for name, of in tags.items() if name not in gone},
    )
