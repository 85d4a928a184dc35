"""Holds: what must not be deleted, and why.

A hold keeps what it names from being deleted, by every way to delete. It does not keep a tag from being moved by a push
(that is what tag immutability is for): the image that the tag pointed to is then held no more, unless by its digest.
An index that is held keeps its children, because it lists them. A pattern of tags holds no image that has no tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from wharfinger.domain import digests, names, patterns
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.images import StoredImage
from wharfinger.domain.names import Registry

OWN_HOLDS: Final = 1000  # of a registry, beside those of its feeds
PATTERN_HOLDS: Final = 100  # of them
FEEDS: Final = 100  # of a registry
NAMED: Final = 10  # so many holds are named where an image is refused
_REASON_LENGTH: Final = 1000
_REPOSITORIES: Final = re.compile(r"[a-z0-9._/*-]{1,256}")
_TAGS: Final = re.compile(r"[a-zA-Z0-9_.*-]{1,300}")


class Hold(NamedTuple):
    """A digest, a tag or a pattern of tags, in a repository or in those that a pattern names."""

    id: int
    registry: Registry
    repository: str
    image: str
    reason: str
    feed: str | None
    created_at: int
    created_by: str  # ARN
    expires_at: int | None

    def __str__(self) -> str:
        origin = f", feed {self.feed}" if self.feed is not None else ""
        return f"hold {self.id} on {self.image}{origin}: {self.reason}"

    @property
    def is_pattern(self) -> bool:
        """Whether it may hold more than what it names."""
        return patterns.is_pattern(self.repository) or patterns.is_pattern(self.image)

    def covers(self, repository: str) -> bool:
        """Whether it is about images of this repository."""
        return patterns.matches(self.repository, repository)


class Holds:
    """The holds that cover one repository, by what they hold."""

    def __init__(self, holds: Iterable[Hold] = ()) -> None:
        self._exact: dict[str, list[Hold]] = {}
        self._patterns: list[Hold] = []
        for hold in holds:
            if patterns.is_pattern(hold.image):
                self._patterns.append(hold)
            else:
                self._exact.setdefault(hold.image, []).append(hold)

    def of_image(self, image: StoredImage) -> tuple[Hold, ...]:
        """Those that keep an image: by its digest, or by one of its tags."""
        return _in_order([*self._exact.get(image.digest, ()), *self.of_tags(image.tags)])

    def of_tags(self, tags: Sequence[str]) -> tuple[Hold, ...]:
        """Those that keep at least one of some tags."""
        found = [hold for tag in tags for hold in self._exact.get(tag, ())]
        found += [hold for hold in self._patterns if any(patterns.matches(hold.image, tag) for tag in tags)]
        return _in_order(found)


def check(repository: str, image: str) -> None:
    """Refuse a hold that could never hold anything. Raises InvalidParameter."""
    is_repository = _REPOSITORIES.fullmatch if patterns.is_pattern(repository) else names.is_repository
    if not is_repository(repository):
        raise InvalidParameter(
            "repositoryName", "Member must be the name of a repository, or a pattern of names with *"
        )
    is_image = digests.is_digest if ":" in image else _TAGS.fullmatch
    if not is_image(image):
        raise InvalidParameter("image", "Member must be a digest, a tag, or a pattern of tags with *")


def reason_of_use(reference: str) -> str:
    """Why a feed holds an image."""
    return f"in use as {reference}"[:_REASON_LENGTH]


def _in_order(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    return tuple(sorted(holds, key=lambda hold: hold.id))
