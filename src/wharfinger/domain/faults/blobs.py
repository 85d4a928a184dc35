"""What can be wrong with layers and uploads."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault
from wharfinger.domain.names import Registry


class DigestInvalid(Fault):
    """Not a digest of an algorithm that is known here."""

    digest: str


class BlobNotFound(Fault):
    """The repository has no blob of this digest."""

    digest: str


class BlobReferenced(Fault):
    """An image of the repository needs the blob."""

    digest: str


class BlobDigestMismatch(Fault):
    """The bytes that came are not those of the digest that was said."""

    expected: str
    computed: str


class LayerNotFound(Fault):
    """No layer of this digest in the repository."""

    registry: Registry
    repository: str
    digest: str


class LayerInaccessible(Fault):
    """The layer is there, and no image refers to it."""

    registry: Registry
    repository: str
    digest: str


class LayerExists(Fault):
    """The repository has this layer already."""

    registry: Registry
    repository: str
    digest: str


class UploadNotFound(Fault):
    """No such upload in this repository, or not the caller's."""

    registry: Registry
    repository: str
    upload: str


class UploadBusy(Fault):
    """Another request is writing to the same upload."""

    upload: str


class UploadEmpty(Fault):
    """Completed without a part."""

    registry: Registry
    repository: str
    upload: str


class UploadDigestMismatch(Fault):
    """None of the digests said at completion is that of the layer."""

    registry: Registry
    repository: str
    upload: str
    computed: str


class ChunkMisplaced(Fault):
    """A chunk does not begin where the upload stands: at `size` bytes."""

    repository: str
    upload: str
    size: int


class ChunkRangeInvalid(Fault):
    """A Content-Range that cannot be read."""

    content_range: str


class ChunkSizeMismatch(Fault):
    """The range that was said and the bytes that came differ in length."""

    said: int
    came: int


class PartMisplaced(Fault):
    """A part does not follow the last byte received, or its bounds do not fit its bytes."""

    registry: Registry
    repository: str
    upload: str
    first: int
    last: int
    length: int
    next: int


class PartTooSmall(Fault):
    """A part that is not the last one has fewer than `minimum` bytes."""

    minimum: int


class TooManyParts(Fault):
    """More than `limit` parts in one upload."""

    limit: int


class RangeNotSatisfiable(Fault):
    """No byte of a blob of `size` bytes lies in the range asked for."""

    size: int
