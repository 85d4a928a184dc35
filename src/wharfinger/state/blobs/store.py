"""What a place for bytes has to offer.

A storage id is made for one upload and never used again, so bytes are written under their final name while they
come, nothing is copied when they turn out to be a blob, and a late unlink can never hit bytes that were pushed
again under the same digest. Which digest the bytes have, only the database knows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from wharfinger.state.blobs import segments


class WriterBusy(Exception):
    """Somebody else is writing under the same storage id."""


class BytesLost(Exception):
    """Fewer bytes are there than were acknowledged."""


class StoreMisconfigured(Exception):
    """Something that a store needs is missing or wrong; the text says what."""


class Location(NamedTuple):
    """Where bytes are, and how many: what the database keeps of an upload or a blob."""

    storage_id: str
    size: int = 0
    segments: str | None = None  # for the store alone: of what the bytes are put together; None: one file


class Stored(NamedTuple):
    """What a place has under a storage id, whatever the database says."""

    storage_id: str
    size: int
    written_at: int  # last, in ms since 1970
    segments: Mapping[str, int] | None = None  # their sizes by name; None: it is one file


def size_of(found: Stored | None, location: Location) -> int | None:
    """How many bytes of a location are there without a gap, None if there are none at all: to compare with its size."""
    if location.segments == "":
        return 0
    if found is None or location.segments is None or found.segments is None:
        return found.size if found is not None else None
    end = 0
    for span in segments.spans(location.segments, location.size):
        present = found.segments.get(span.name)
        if present != span.length:
            return end + (present or 0)
        end += span.length
    return end


def beside(found: Stored, location: Location) -> list[str]:
    """Names of segments that are under the storage id of a location, and are none of it."""
    return sorted(set(found.segments or ()).difference(segments.names(location.segments or "")))


class Writer(Protocol):
    """The right to write an object. What was not synced when it is let go may be there or not."""

    async def begin(self, location: Location) -> None:
        """Go on after the bytes of a location, dropping whatever lies beyond. Raises BytesLost, Unavailable."""
        ...

    async def write(self, piece: bytes) -> None:
        """Append. Raises Unavailable, TooManyParts; what was synced before is not hurt."""
        ...

    async def sync(self) -> Location:
        """Make what was written durable: where all bytes are now.

        Raises Unavailable; then nothing may be believed of the whole object.
        """
        ...

    async def rewind(self) -> None:
        """Take back all that was written since `begin`, synced or not. Raises Unavailable."""
        ...


class BlobStore(Protocol):
    """A place for bytes."""

    async def create(self, storage_id: str) -> None:
        """Make an empty object. Raises Unavailable."""
        ...

    def writer(self, storage_id: str) -> AbstractAsyncContextManager[Writer]:
        """The right to write, which only one request has at a time. Raises WriterBusy, BytesLost, Unavailable.

        Whoever gets it has to look again how far the object has come: its last writer may just have ended it.
        """
        ...

    async def publish(self, storage_id: str) -> None:
        """Make the object's name durable; its bytes are by `sync`, at the same time or before."""
        ...

    def read(self, location: Location, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """Some of the bytes, in pieces of bounded size. Raises Unavailable."""
        ...

    def path(self, location: Location) -> Path | None:
        """The bytes as a file that a web server may send by itself; None: use `read`. Raises Unavailable."""
        ...

    async def address(self, location: Location) -> str | None:
        """A URL from which anyone may read the bytes for some minutes; None: use `path` or `read`.

        Whoever has it needs no other right, so it is shown to nobody but the one who may read them.
        """
        ...

    async def look(self, storage_id: str) -> Stored | None:
        """What is under a storage id, without the bytes; None if nothing is. Raises Unavailable."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[Stored]:
        """Objects in the order of their storage ids, those after one. Raises Unavailable."""
        ...

    async def unlink(self, storage_id: str) -> None:
        """Remove an object with all that is under its storage id; one that is not there is no error."""
        ...

    async def trim(self, location: Location) -> None:
        """Remove what is under the storage id of a blob and no part of it: nobody can need it. Raises Unavailable."""
        ...
