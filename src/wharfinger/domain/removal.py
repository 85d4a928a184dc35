"""What a list of image ids removes. Every way to delete asks this, so all obey the same rules.

Behaviour and its sources: docs/reference/deleting.md.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Literal, NamedTuple

from wharfinger.domain.images import Failure, FailureCode, ImageId, Selection, StoredImage

Parents = Mapping[str, Sequence[StoredImage]]


class Reading(NamedTuple):
    """How two questions that the sources leave open are read."""

    # an id with digest and tag: only that tag goes, or the whole image
    digest_and_tag: Literal["tag", "image"] = "tag"
    # the last tag of an image that an index lists: refused, as ECR does, or the image stays untagged
    last_tag_of_child: Literal["refuse", "untag"] = "refuse"

    def tag_of(self, asked: ImageId) -> str | None:
        """The one tag that an id removes; None if it means the whole image."""
        return None if asked.digest is not None and self.digest_and_tag == "image" else asked.tag


class Removal(NamedTuple):
    """What goes, and what is answered."""

    entries: Sequence[ImageId]  # one for each tag that goes, one without a tag for an untagged image
    failures: Sequence[Failure]
    tags: Sequence[str]  # those that go from images that stay
    images: Sequence[StoredImage]  # those that go, with all their tags


Found = Sequence[tuple[ImageId, StoredImage | FailureCode]]


def removal(asked: Sequence[ImageId], images: Sequence[StoredImage], parents: Parents, reading: Reading) -> Removal:
    """Decide what `asked` removes, all ids seen against the one state that `images` and `parents` give.

    `parents` holds, by digest, the indexes that list an image. Duplicates are answered once; an index and its
    children may go in one call, in any order.
    """
    selection = Selection(images)
    found = [(item, selection.find(item)) for item in asked]
    whole = _whole(found, parents, reading)
    entries: dict[ImageId, None] = {}
    failures: list[Failure] = []
    tags: dict[str, None] = {}
    for item, image in found:
        if not isinstance(image, StoredImage):
            failures.append(Failure(item, image))
            continue
        tag = reading.tag_of(item)
        if image.key in whole:
            entries.update(dict.fromkeys(_entries(image, tag)))
        elif tag is not None and (_leaves_a_tag(image, tag, tags) or reading.last_tag_of_child == "untag"):
            tags[tag] = None
            entries[ImageId(image.digest, tag)] = None
        else:
            holders = tuple(parent.digest for parent in _holders(image, parents, whole))
            failures.append(Failure(item, "ImageReferencedByManifestList", holders))
    return Removal(list(entries), failures, list(tags), list(whole.values()))


def _whole(found: Found, parents: Parents, reading: Reading) -> dict[int, StoredImage]:
    """The images that go: named as such or by all their tags, and held by no index that stays."""
    named: dict[int, set[str | None]] = {}
    going: dict[int, StoredImage] = {}
    for item, image in found:
        if isinstance(image, StoredImage):
            names = named.setdefault(image.key, set())
            names.add(reading.tag_of(item))
            if None in names or names.issuperset(image.tags):
                going[image.key] = image
    while held := [key for key, image in going.items() if _holders(image, parents, going)]:
        for key in held:
            del going[key]
    return going


def _holders(image: StoredImage, parents: Parents, going: Container[int]) -> list[StoredImage]:
    return [parent for parent in parents.get(image.digest, ()) if parent.key not in going]


def _leaves_a_tag(image: StoredImage, tag: str, going: Container[str]) -> bool:
    return any(other != tag and other not in going for other in image.tags)


def _entries(image: StoredImage, tag: str | None) -> list[ImageId]:
    if tag is not None:
        return [ImageId(image.digest, tag)]
    return [ImageId(image.digest, name) for name in image.tags] or [ImageId(image.digest)]
