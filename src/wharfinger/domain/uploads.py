"""How a layer may be put together: ECR's parts and OCI's chunks."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from wharfinger.domain.faults import (
    ChunkMisplaced,
    ChunkRangeInvalid,
    ChunkSizeMismatch,
    InvalidParameter,
    PartMisplaced,
    PartTooSmall,
    TooManyParts,
)
from wharfinger.domain.names import Registry

PART_SIZE: Final = 10 * 1024 * 1024  # what ECR advises its clients to send
PART_MINIMUM: Final = 5 * 1024 * 1024
PART_COUNT: Final = 4200
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONTENT_RANGE: Final = re.compile(r"(?:bytes )?(\d{1,19})-(\d{1,19})(?:/.*)?")


class Parts(NamedTuple):
    """What an upload remembers of the parts it was sent through the ECR API."""

    number: int = 0
    last_size: int = 0
    has_short: bool = False  # a part before the last is under the minimum

    def and_one_of(self, length: int) -> Parts:
        """With one more part of `length` bytes."""
        if self.number >= PART_COUNT:
            raise TooManyParts(PART_COUNT)
        short = self.has_short or (self.number > 0 and self.last_size < PART_MINIMUM)
        return Parts(self.number + 1, length, short)

    def check_complete(self) -> None:
        """Refuse an upload of which a part other than the last is too small."""
        if self.has_short:
            raise PartTooSmall(PART_MINIMUM)


class Upload(NamedTuple):
    """An upload under way. `size` bytes have been received and acknowledged; the store knows them by `segments`."""

    id: str
    registry: Registry
    repository: str
    owner: str
    storage_id: str
    size: int
    hash_state: bytes | None
    parts: Parts
    touched_at: int  # ms since 1970
    segments: str | None = None


def is_upload(text: str) -> bool:
    """Whether `text` can be an upload's id."""
    return _ID.fullmatch(text) is not None


def check_part(upload: Upload, first: int, last: int, length: int) -> None:
    """Refuse a part that does not continue the upload, or whose bounds are not those of its bytes."""
    if length == 0:
        raise InvalidParameter("layerPartBlob", "Member must have length greater than or equal to 1")
    if first != upload.size or last - first + 1 != length:
        raise PartMisplaced(upload.registry, upload.repository, upload.id, first, last, length, next=upload.size)


class Chunk(NamedTuple):
    """What a chunk says of itself; None where it says nothing."""

    start: int | None = None
    length: int | None = None

    def check_start(self, upload: Upload) -> None:
        """Refuse a chunk that does not begin where the upload stands."""
        if self.start not in {None, upload.size}:
            raise ChunkMisplaced(upload.repository, upload.id, upload.size)

    def check_length(self, came: int) -> None:
        """Refuse a chunk that ended, but not where it said."""
        if self.length not in {None, came}:
            raise ChunkSizeMismatch(self.length or 0, came)


def chunk(content_range: str | None, length: int | None) -> Chunk:
    """Read a Content-Range; `length` is the Content-Length if there is one. Raises ChunkRangeInvalid, -SizeMismatch."""
    if content_range is None:
        return Chunk()
    match = _CONTENT_RANGE.fullmatch(content_range)
    if match is None:
        raise ChunkRangeInvalid(content_range)
    first, last = int(match[1]), int(match[2])
    if last < first:
        raise ChunkRangeInvalid(content_range)
    found = Chunk(first, last - first + 1)
    if length is not None:
        found.check_length(length)
    return found
