"""What a place for bytes has to offer.

A storage id is made for one upload and never used again, so bytes are written under their final name while they
come, nothing is copied when they turn out to be a blob, and a late unlink can never hit bytes that were pushed
again under the same digest. Which digest the bytes have, only the database knows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, Protocol


class WriterBusy(Exception):
    """Somebody else is writing under the same storage id."""


class BytesLost(Exception):
    """Fewer bytes are there than were acknowledged."""


class Stored(NamedTuple):
    """An object as the place has it, whatever the database says."""

    storage_id: str
    size: int
    written_at: int  # last, in ms since 1970


class Writer(Protocol):
    """The right to write an object. What was not synced when it is let go may be there or not."""

    async def begin(self, at: int) -> None:
        """Go on from byte `at`, dropping whatever lies beyond. Raises BytesLost, Unavailable."""
        ...

    async def write(self, piece: bytes) -> None:
        """Append. Raises Unavailable; what was synced before is not hurt."""
        ...

    async def sync(self) -> None:
        """Make what was written durable. Raises Unavailable; then nothing may be believed of the whole object."""
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
        """Make the object's name durable, after its bytes are."""
        ...

    def read(self, storage_id: str, start: int, length: int) -> AsyncIterator[bytes]:
        """A part of an object, in pieces of bounded size. Raises Unavailable."""
        ...

    def path(self, storage_id: str, size: int) -> Path | None:
        """A file of `size` bytes that a web server may send by itself; None: use `read`. Raises Unavailable."""
        ...

    async def look(self, storage_id: str) -> Stored | None:
        """An object without its bytes; None if it is not there. Raises Unavailable."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[Stored]:
        """Objects in the order of their storage ids, those after one. Raises Unavailable."""
        ...

    async def unlink(self, storage_id: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...
