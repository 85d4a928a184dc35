"""What a list of image ids removes. Every way to delete asks this, so all obey the same rules.

Behaviour and its sources: docs/reference/deleting.md.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Literal, NamedTuple

from wharfinger.domain.holds import NAMED, Hold, Holds
from wharfinger.domain.images import Failure, FailureCode, ImageId, Selection, StoredImage


class Guards(NamedTuple):
    """What keeps images from going."""

    parents: Mapping[str, Sequence[StoredImage]] = {}  # by digest, the indexes that list an image
    holds: Holds = Holds()  # those that cover the repository


class Reading(NamedTuple):
    """How two questions that the sources leave open are read."""

    # an id with digest and tag: only that tag goes, or the whole image
    digest_and_tag: Literal["tag", "image"] = "tag"
    # the last tag of an image that an index lists: refused, as ECR does, or the image stays untagged
    last_tag_of_child: Literal["refuse", "untag"] = "refuse"  # that of a held image is always refused

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
Held = Mapping[int, Sequence[Hold]]  # what holds each image, by its key


def removal(asked: Sequence[ImageId], images: Sequence[StoredImage], guards: Guards, reading: Reading) -> Removal:
    """Decide what `asked` removes, all ids seen against the one state that `images` and `guards` give.

    Duplicates are answered once; an index and its children may go in one call, in any order.
    """
    selection = Selection(images)
    found = [(item, selection.find(item)) for item in asked]
    held = {image.key: guards.holds.of_image(image) for image in images}
    whole = _whole(found, guards, held, reading)
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
            continue
        keeping = held[image.key] if tag is None else guards.holds.of_tags([tag])
        may_stay_untagged = reading.last_tag_of_child == "untag" and not held[image.key]
        if tag is not None and not keeping and (_leaves_a_tag(image, tag, tags) or may_stay_untagged):
            tags[tag] = None
            entries[ImageId(image.digest, tag)] = None
        else:
            failures.append(_refusal(item, image, keeping or held[image.key], guards, whole))
    return Removal(list(entries), failures, list(tags), list(whole.values()))


def _whole(found: Found, guards: Guards, held: Held, reading: Reading) -> dict[int, StoredImage]:
    """The images that go: named as such or by all their tags, not held, and listed by no index that stays."""
    named: dict[int, set[str | None]] = {}
    going: dict[int, StoredImage] = {}
    for item, image in found:
        if isinstance(image, StoredImage) and not held[image.key]:
            names = named.setdefault(image.key, set())
            names.add(reading.tag_of(item))
            if None in names or names.issuperset(image.tags):
                going[image.key] = image
    while listed := [key for key, image in going.items() if _parents(image, guards, going)]:
        for key in listed:
            del going[key]
    return going


def _parents(image: StoredImage, guards: Guards, going: Container[int]) -> list[StoredImage]:
    return [parent for parent in guards.parents.get(image.digest, ()) if parent.key not in going]


def _refusal(
    asked: ImageId, image: StoredImage, keeping: Sequence[Hold], guards: Guards, going: Container[int]
) -> Failure:
    if keeping:
        return Failure(asked, "ImageHeld", tuple(map(str, keeping[:NAMED])))
    parents = tuple(parent.digest for parent in _parents(image, guards, going))
    return Failure(asked, "ImageReferencedByManifestList", parents)


def _leaves_a_tag(image: StoredImage, tag: str, going: Container[str]) -> bool:
    return any(other != tag and other not in going for other in image.tags)


def _entries(image: StoredImage, tag: str | None) -> list[ImageId]:
    if tag is not None:
        return [ImageId(image.digest, tag)]
    return [ImageId(image.digest, name) for name in image.tags] or [ImageId(image.digest)]
