"""The bytes of blobs, from one installation to another. What is not there is copied, and hashed on its way.

Bytes keep their storage ids, which are never used for others, so what came once need not come again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from wharfinger.domain import digests
from wharfinger.domain.faults import Unavailable
from wharfinger.services.scrub import Damage, Rot
from wharfinger.state import State
from wharfinger.state.blobs.store import BlobStore, Location, Stored, size_of
from wharfinger.state.db import audit, copies
from wharfinger.state.db.audit import Blob
from wharfinger.state.db.database import Tx

_STEP: Final = 200
_AT_ONCE: Final = 8
_LISTED: Final = 1000
_MOST_DAMAGED: Final = 1000
T = TypeVar("T")


class Progress(NamedTuple):
    """How much was copied so far."""

    blobs: int = 0
    bytes: int = 0


class Counts(NamedTuple):
    """Of blobs: those that are there, those that cannot be because they are damaged at the source, and the rest."""

    there: int
    damaged: int
    missing: int


class _Found(NamedTuple):
    """A blob at the destination: where it is, None if it is not, or not whole; and whether something is there."""

    blob: Blob
    location: Location | None
    has_bytes: bool


class TooMuchDamage(Exception):
    """So many blobs of the source are damaged that something larger is wrong."""


class _Damaged(Exception):
    """The bytes at the source are not those that were pushed."""

    def __init__(self, damage: Damage) -> None:
        self.damage = damage


Tell: TypeAlias = Callable[[Progress | Rot], Awaitable[None]]


class BlobCopy:
    """Copies blobs of `source` that `to` does not have. With `deep`, what is there is read and hashed again."""

    def __init__(self, source: State, to: State, tell: Tell, *, deep: bool) -> None:
        self._source = source
        self._to = to
        self._tell = tell
        self._deep = deep
        self.progress = Progress()
        self.damaged: set[str] = set()  # storage ids

    async def look_at_all(self) -> None:
        """One round that takes nobody's word, and looks what is there."""
        listing = _Listing(self._to.blobs)
        async for blobs in self._stored():
            found = await self._found(listing, blobs)
            lacking = [each for each in found if each.location is None]
            if self._deep:
                lacking += await self._damaged(found)
            # what an interrupted copy left, or what was to be unlinked there
            await asyncio.gather(*(self._to.blobs.unlink(each.blob.storage_id) for each in lacking if each.has_bytes))
            await self._bring([each.blob for each in lacking])

    async def go_on(self) -> int:
        """One round over what the source has by now: how many blobs were missing."""
        missing = 0
        async for blobs in self._stored():
            lacking = await self._lacking(blobs)
            missing += len(lacking)
            await self._bring(lacking)
        return missing

    async def complete(self, snapshot: Tx) -> bool:
        """Copy what is missing of a snapshot; False if the source had removed some of it already."""
        async for blobs in _all(snapshot):
            await self._bring(await self._lacking(blobs))
            if any(blob.storage_id not in self.damaged for blob in await self._lacking(blobs)):
                return False
        return True

    async def count(self, snapshot: Tx) -> Counts:
        """How many blobs of a snapshot are there with all their bytes, by what the store says."""
        listing = _Listing(self._to.blobs)
        there = damaged = missing = 0
        async for blobs in _all(snapshot):
            for each in await self._found(listing, blobs):
                if each.location is not None:
                    there += 1
                elif each.blob.storage_id in self.damaged:
                    damaged += 1
                else:
                    missing += 1
        return Counts(there, damaged, missing)

    async def _stored(self) -> AsyncIterator[Sequence[Blob]]:
        after = ""
        while page := await self._source.db.read(audit.stored_blobs, after, _STEP):
            yield page
            after = page[-1].storage_id

    async def _lacking(self, blobs: Sequence[Blob]) -> list[Blob]:
        came = await self._to.db.read(copies.whole, _ids(blobs))
        return [blob for blob in blobs if blob.storage_id not in came and blob.storage_id not in self.damaged]

    async def _found(self, listing: _Listing, blobs: Sequence[Blob]) -> list[_Found]:
        came = await self._to.db.read(copies.whole, _ids(blobs))
        found: list[_Found] = []
        for blob in blobs:
            location = Location(blob.storage_id, blob.size, came.get(blob.storage_id))
            stored = await listing.find(blob.storage_id)
            is_whole = blob.storage_id in came and size_of(stored, location) == blob.size
            found.append(_Found(blob, location if is_whole else None, stored is not None))
        return found

    async def _damaged(self, found: Sequence[_Found]) -> list[_Found]:
        """Those of the blobs that are there which do not read well."""
        damaged: list[_Found] = []

        async def look(each: _Found) -> None:
            if each.location is not None and not await self._reads_well(each.blob, each.location):
                damaged.append(each)

        await _at_once(found, look)
        return damaged

    async def _bring(self, blobs: Sequence[Blob]) -> None:
        """Copy blobs, some at a time. Raises Unavailable, TooMuchDamage."""
        if not blobs:
            return
        begun = await self._to.db.write(copies.begun, _ids(blobs))

        async def bring(blob: Blob) -> None:
            await self._bring_one(blob, is_begun=blob.storage_id in begun)

        await _at_once(blobs, bring)
        await self._tell(self.progress)

    async def _bring_one(self, blob: Blob, *, is_begun: bool) -> None:
        if is_begun:
            await self._to.blobs.unlink(blob.storage_id)
        try:
            location = await self._copied(blob)
        except _Damaged as error:
            await self._to.blobs.unlink(blob.storage_id)
            # one that was collected or pushed again meanwhile is not damaged
            if await self._source.db.read(audit.is_stored, blob):
                await self._note_damage(blob, error.damage)
            return
        if self._deep and not await self._reads_well(blob, location):
            raise Unavailable(f"bytes of {blob.digest} are others at the destination than were written there")
        await self._to.db.write(copies.came, blob.storage_id, location.segments)
        self.progress = Progress(self.progress.blobs + 1, self.progress.bytes + blob.size)

    async def _note_damage(self, blob: Blob, damage: Damage) -> None:
        self.damaged.add(blob.storage_id)
        await self._tell(Rot("blob", blob.digest, damage))
        if len(self.damaged) == _MOST_DAMAGED:
            raise TooMuchDamage

    async def _copied(self, blob: Blob) -> Location:
        """Where the bytes are now, durably. Raises _Damaged, Unavailable."""
        present = size_of(await self._source.blobs.look(blob.storage_id), blob.location)
        if present != blob.size:
            raise _Damaged("missing" if present is None else "size")
        if not digests.is_digest(blob.digest):
            raise _Damaged("content")
        hashed = hashlib.new(digests.algorithm(blob.digest))
        await self._to.blobs.create(blob.storage_id)
        async with self._to.blobs.writer(blob.storage_id) as writer:
            await writer.begin(Location(blob.storage_id))
            async for piece in self._read(blob):
                hashed.update(piece)
                await writer.write(piece)
            if not blob.digest.endswith(f":{hashed.hexdigest()}"):
                raise _Damaged("content")
            location = await writer.sync()
        await self._to.blobs.publish(blob.storage_id)
        return location

    async def _read(self, blob: Blob) -> AsyncIterator[bytes]:
        try:
            async for piece in self._source.blobs.read(blob.location, 0, blob.size):
                yield piece
        except Unavailable:
            raise _Damaged("unreadable") from None

    async def _reads_well(self, blob: Blob, location: Location) -> bool:
        """Whether the bytes at the destination have their digest."""
        hashed: Any = hashlib.new(digests.algorithm(blob.digest))
        try:
            async for piece in self._to.blobs.read(location, 0, location.size):
                hashed.update(piece)
        except Unavailable:
            return False
        return blob.digest.endswith(f":{hashed.hexdigest()}")


class _Listing:
    """What a store has, asked for in the order of the storage ids and not object by object."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._page: dict[str, Stored] = {}
        self._last = ""
        self._is_all = False

    async def find(self, storage_id: str) -> Stored | None:
        """Each id comes after the one before."""
        while storage_id > self._last and not self._is_all:
            page = await self._store.page(self._last, _LISTED)
            self._page = {stored.storage_id: stored for stored in page}
            self._is_all = len(page) < _LISTED
            self._last = page[-1].storage_id if page else self._last
        return self._page.get(storage_id)


async def _at_once(items: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Some at a time; the first failure ends all."""
    waiting = iter(items)

    async def work_on() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(items))):
                group.create_task(work_on())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _all(snapshot: Tx) -> AsyncIterator[Sequence[Blob]]:
    after = ""
    while page := await audit.stored_blobs(snapshot, after, _STEP):
        yield page
        after = page[-1].storage_id


def _ids(blobs: Sequence[Blob]) -> list[str]:
    return [blob.storage_id for blob in blobs]
