"""Reading all bytes again: which are not those that were pushed any more, and which images that hits.

A damaged blob is marked as rotten. From then on pushes and pulls take it for one that is not there, so a client that
pushes the image again sends its bytes, and those take the place of the damaged ones (`blobs.add`). A damaged manifest
is put right by pushing it again (`push.image`). A server may run meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Final, Literal, NamedTuple

from wharfinger.domain import digests
from wharfinger.domain.faults import Unavailable
from wharfinger.services import audit as audits
from wharfinger.state import State
from wharfinger.state.blobs.store import beside, size_of
from wharfinger.state.db import audit
from wharfinger.state.db.audit import Blob, Place

Damage = Literal["missing", "size", "content", "unreadable"]
_STEP: Final = 100


class Progress(NamedTuple):
    """How much was read so far."""

    blobs: int = 0
    manifests: int = 0
    bytes: int = 0


class Rot(NamedTuple):
    """Bytes that are not those that were pushed; the images that it hits come next."""

    kind: Literal["blob", "manifest"]
    digest: str
    damage: Damage


class Hit(NamedTuple):
    """An image with damaged bytes."""

    rot: Rot
    place: Place


class Recovery(NamedTuple):
    """A blob that was marked as rotten, and reads well again."""

    digest: str


Found = Progress | Rot | Hit | Recovery


def pause(read: int, elapsed: float, rate: float | None) -> float:
    """Seconds to wait after so many bytes in so many seconds, where not more than `rate` are to be read in one."""
    return max(0.0, read / rate - elapsed) if rate else 0.0


async def run(state: State, rate: float | None = None) -> AsyncIterator[Found]:
    """Read every blob and every manifest once, not more than `rate` bytes per second. Raises Unavailable.

    The last that comes is the Progress at the end.
    """
    scrub = _Scrub(state, rate)
    async for found in scrub.blobs():
        yield found
    async for found in scrub.manifests():
        yield found
    yield scrub.progress


class _Scrub:
    def __init__(self, state: State, rate: float | None) -> None:
        self._state = state
        self._rate = rate
        self._began = asyncio.get_running_loop().time()
        self.progress = Progress()

    async def blobs(self) -> AsyncIterator[Found]:
        after = 0
        while page := await self._state.db.read(audit.blobs, after, _STEP):
            for blob in page:
                damage = await self._damage(blob)
                if damage is None and blob.rotten_at is not None:
                    await self._state.db.write(audit.mark_good, blob)
                    yield Recovery(blob.digest)
                # a blob that was collected or pushed again meanwhile is not to be marked
                if damage is not None and await self._state.db.write(audit.mark_rotten, blob, self._state.clock()):
                    rot = Rot("blob", blob.digest, damage)
                    yield rot
                    async for hit in hits(self._state, rot):
                        yield hit
                self.progress = self.progress._replace(blobs=self.progress.blobs + 1)
            after = page[-1].id
            yield self.progress

    async def manifests(self) -> AsyncIterator[Found]:
        async for content, _ in audits.stored_manifests(self._state):
            await self._read(len(content.manifest))
            self.progress = self.progress._replace(manifests=self.progress.manifests + 1)
            if audits.has_its_digest(content):
                continue
            places = await self._state.db.read(audit.places, [content.image])
            for place in places.values():
                rot = Rot("manifest", content.digest, "content")
                yield rot
                yield Hit(rot, place)

    async def _damage(self, blob: Blob) -> Damage | None:
        """What is wrong with the bytes of a blob."""
        file = await self._state.blobs.look(blob.storage_id)
        present = size_of(file, blob.location)
        if file is not None and beside(file, blob.location):
            await self._state.blobs.trim(blob.location)
        if present is None:
            return "missing"
        if present != blob.size:
            return "size"
        if not digests.is_digest(blob.digest):
            return "content"
        hashed = hashlib.new(digests.algorithm(blob.digest))
        try:
            async for piece in self._state.blobs.read(blob.location, 0, blob.size):
                hashed.update(piece)
                await self._read(len(piece))
        except Unavailable:
            return "unreadable"
        return None if blob.digest.endswith(f":{hashed.hexdigest()}") else "content"

    async def _read(self, count: int) -> None:
        self.progress = self.progress._replace(bytes=self.progress.bytes + count)
        elapsed = asyncio.get_running_loop().time() - self._began
        wait = pause(self.progress.bytes, elapsed, self._rate)
        if wait:
            await asyncio.sleep(wait)


async def hits(state: State, rot: Rot) -> AsyncIterator[Hit]:
    """Every image that refers to a blob: those of each repository, then those in the bin."""
    repository = await state.db.read(audit.next_repository, rot.digest, 0)
    while repository is not None:
        async for hit in _hits_in(state, rot, repository):
            yield hit
        repository = await state.db.read(audit.next_repository, rot.digest, repository)
    async for hit in _hits_in(state, rot, None):
        yield hit


async def _hits_in(state: State, rot: Rot, repository: int | None) -> AsyncIterator[Hit]:
    after = 0
    while keys := await state.db.read(audit.referring, rot.digest, repository, after, _STEP):
        for place in (await state.db.read(audit.places, keys)).values():
            yield Hit(rot, place)
        after = keys[-1]
