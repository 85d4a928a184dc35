"""Image tags, and the resource tags of a repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from wharfinger.domain.faults import InvalidParameter, ResourceTagsInvalid, TooManyResourceTags

TAGS_PER_IMAGE: Final = 1000
RESOURCE_TAGS: Final = 50
PATTERN: Final = "[a-zA-Z0-9-_.]+"
_TAG: Final = re.compile(rf"(?=.{{1,300}}\Z){PATTERN}")
_RESOURCE_TEXT: Final = re.compile(r"[\w +\-=._:/@]*")


def is_tag(text: str) -> bool:
    """Whether `text` can be an image's tag."""
    return _TAG.fullmatch(text) is not None


def check(tag: str) -> None:
    """Refuse what cannot be a tag, as ECR's single-image operations do."""
    if not is_tag(tag):
        raise InvalidParameter("imageTag", f"must satisfy regular expression '{PATTERN}'")


def merged(present: Mapping[str, str], added: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The resource tags of a repository after `added` ones are put over those it has.

    Raises ResourceTagsInvalid, TooManyResourceTags.
    """
    result = dict(present)
    for key, value in added:
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise ResourceTagsInvalid
        if not _RESOURCE_TEXT.fullmatch(key) or not _RESOURCE_TEXT.fullmatch(value):
            raise ResourceTagsInvalid
        result[key] = value
    if len(result) > RESOURCE_TAGS:
        raise TooManyResourceTags(RESOURCE_TAGS)
    return result
