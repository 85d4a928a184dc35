"""Uploads: bytes come in, by streams, chunks or parts, and end as a blob of a repository."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

from wharfinger.domain import digests
from wharfinger.domain.faults import (
    BlobDigestMismatch,
    BodyCutOff,
    LayerExists,
    RepositoryNotFound,
    Unavailable,
    UploadBusy,
    UploadDigestMismatch,
    UploadEmpty,
    UploadNotFound,
)
from wharfinger.domain.names import Registry
from wharfinger.domain.uploads import Chunk, Parts, Upload, check_part
from wharfinger.services import access
from wharfinger.services.access import Caller
from wharfinger.state import State
from wharfinger.state.blobs.hashing import RunningDigest
from wharfinger.state.blobs.store import BytesLost, Location, Writer, WriterBusy, size_of
from wharfinger.state.clock import DAY, HOUR
from wharfinger.state.db import blobs, uploads
from wharfinger.state.db.blobs import Blob
from wharfinger.state.db.database import Tx
from wharfinger.state.ids import new_storage_id, new_uuid

IDLE_TERM: Final = DAY  # after which an upload that nobody touches is dropped
_TOUCH_TERM: Final = HOUR

Body = AsyncIterator[bytes]


class Target(NamedTuple):
    """An upload as a request names it."""

    caller: Caller
    registry: Registry
    repository: str
    upload: str


async def begin(state: State, caller: Caller, registry: Registry, repository: str) -> Upload:
    """A new upload. Raises RepositoryNotFound."""
    upload = Upload(new_uuid(), registry, repository, caller.owner, new_storage_id(), 0, None, Parts(), state.clock())

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, repository)
        await uploads.add(tx, found.id, upload)

    await state.db.write(work)
    # after the row: a crash in between leaves an upload that is a clean 404, never a file that nobody knows
    await state.blobs.create(upload.storage_id)
    try:
        await _find(state, Target(caller, registry, repository, upload.id))
    except (RepositoryNotFound, UploadNotFound):
        # it was ended in between, with its repository, and nobody else knows of the file
        await state.blobs.unlink(upload.storage_id)
        raise
    return upload


async def status(state: State, target: Target) -> Upload:
    """How far an upload has come. Raises RepositoryNotFound, UploadNotFound."""
    return (await _find(state, target))[1]


async def append(state: State, target: Target, body: Body, chunk: Chunk) -> Upload:
    """Take a chunk, or a stream of any length.

    Where it is cut off, what came of it is kept, and the upload can go on from there. Raises RepositoryNotFound,
    UploadNotFound, UploadBusy, ChunkMisplaced, ChunkSizeMismatch, BodyCutOff, Unavailable.
    """
    async with _hold(state, target) as held:
        cut_off = await held.receive(body, chunk)
        await held.save()
        if cut_off:
            raise BodyCutOff
        return held.upload


async def finish(state: State, target: Target, body: Body, chunk: Chunk, digest: str) -> None:
    """Take the last chunk, if any, and make the upload the blob `digest` of its repository.

    Raises DigestInvalid, BlobDigestMismatch (the upload is over then), and as `append` does.
    """
    digests.check(digest)
    async with _hold(state, target) as held:
        if await held.receive(body, chunk):
            await held.save()
            raise BodyCutOff
        computed = await held.digest(digests.algorithm(digest))
        if computed != digest:
            await held.end()
            raise BlobDigestMismatch(digest, computed)
        await held.commit(digest)


async def put(state: State, caller: Caller, registry: Registry, repository: str, body: Body, digest: str) -> None:
    """Take a whole blob in one request; of one that is cut off or of another digest nothing is left.

    Raises RepositoryNotFound, DigestInvalid, BlobDigestMismatch, BodyCutOff, Unavailable.
    """
    digests.check(digest)
    upload = await begin(state, caller, registry, repository)
    target = Target(caller, registry, repository, upload.id)
    try:
        await finish(state, target, body, Chunk(), digest)
    except (BodyCutOff, Unavailable):
        with suppress(UploadNotFound, Unavailable):
            await cancel(state, target)
        raise


async def cancel(state: State, target: Target) -> None:
    """End an upload and drop its bytes. Raises RepositoryNotFound, UploadNotFound."""
    _, upload = await _find(state, target)
    await _end(state, upload)


async def add_part(state: State, target: Target, first: int, last: int, part: bytes) -> Upload:
    """Take a part of a layer, bytes `first` to `last` of it.

    Raises RepositoryNotFound, UploadNotFound, UploadBusy, PartMisplaced, TooManyParts, Unavailable.
    """
    async with _hold(state, target) as held:
        check_part(held.upload, first, last, len(part))
        parts = held.upload.parts.and_one_of(len(part))
        await held.receive(_pieces(part), Chunk())
        await held.save(parts)
        return held.upload


async def complete(state: State, target: Target, expected: Sequence[str]) -> str:
    """Make the parts a layer of the repository: its digest, which has to be among `expected`.

    Raises RepositoryNotFound, UploadNotFound, UploadEmpty, PartTooSmall, UploadDigestMismatch, LayerExists.
    """
    async with _hold(state, target) as held:
        upload = held.upload
        if upload.size == 0:
            raise UploadEmpty(target.registry, target.repository, target.upload)
        upload.parts.check_complete()
        computed = await held.digest(digests.CANONICAL)
        if computed not in expected:
            await held.end()
            raise UploadDigestMismatch(target.registry, target.repository, target.upload, computed)
        present = await state.db.ask(blobs.find, target.registry, target.repository, computed)
        if isinstance(present, Blob) and await held.give_way(present):
            raise LayerExists(target.registry, target.repository, computed)
        await held.commit(computed)
        return computed


async def _pieces(part: bytes) -> Body:
    yield part


async def _find(state: State, target: Target) -> tuple[int, Upload]:
    found = await state.db.ask(uploads.find, target.registry, target.repository, target.upload)
    if found.repository is None:
        raise RepositoryNotFound(target.registry, target.repository)
    if found.upload is None or found.upload.owner != target.caller.owner:
        raise UploadNotFound(target.registry, target.repository, target.upload)
    return found.repository, found.upload


async def _end(state: State, upload: Upload) -> None:
    async def work(tx: Tx) -> None:
        if await uploads.delete(tx, upload.id):
            await blobs.note_unlinks(tx, [upload.storage_id], state.clock())

    await state.db.write(work)


@asynccontextmanager
async def _hold(state: State, target: Target) -> AsyncIterator[_Held]:
    """The upload, for this request alone."""
    _, upload = await _find(state, target)
    try:
        async with state.blobs.writer(upload.storage_id) as writer:
            # its last writer may have moved or ended it between the look and the lock
            repository, upload = await _find(state, target)
            await writer.begin(_location(upload))
            yield _Held(state, target, repository, upload, writer)
    except WriterBusy:
        raise UploadBusy(upload.id) from None
    except BytesLost:
        await _end(state, upload)
        raise UploadNotFound(target.registry, target.repository, upload.id) from None


class _Held:
    """An upload that this request alone may change. `saved` is what the database knows of it."""

    def __init__(self, state: State, target: Target, repository: int, upload: Upload, writer: Writer) -> None:
        self._state = state
        self._target = target
        self._repository = repository
        self._writer = writer
        self._saved = upload
        self._touched_at = upload.touched_at
        self._running = RunningDigest(upload.hash_state, is_start=upload.size == 0)
        self.upload = upload

    async def receive(self, body: Body, chunk: Chunk) -> bool:
        """Write what comes; whether it was cut off."""
        chunk.check_start(self.upload)
        size = self.upload.size
        cut_off = False
        try:
            async for piece in body:
                await self._writer.write(piece)
                self._running.update(piece)
                size += len(piece)
                await self._stay()
        except BodyCutOff:
            cut_off = True
        except Unavailable:
            # what came of a chunk that cannot be kept would only fill the disk further
            await self._writer.rewind()
            raise
        else:
            chunk.check_length(size - self.upload.size)
        self.upload = self.upload._replace(size=size, hash_state=self._running.state)
        return cut_off

    async def _stay(self) -> None:
        """However slowly it comes, what is still coming is not idle."""
        now = self._state.clock()
        if now - self._touched_at > _TOUCH_TERM:
            self._touched_at = now
            await self._state.db.write(uploads.touch, self.upload.id, now)

    async def save(self, parts: Parts | None = None) -> None:
        """Make durable what was received, then say so in the database."""
        if parts is not None:
            self.upload = self.upload._replace(parts=parts)
        await self._durably(self._writer.sync())
        saved = await self._state.db.write(uploads.advance, self._saved, self.upload, self._state.clock())
        if not saved:
            raise await self._lost()
        self._saved = self.upload

    async def digest(self, algorithm: str) -> str:
        """The digest of all bytes; they are read again where no running digest of this algorithm was kept."""
        running = self._running.digest
        if running is not None and algorithm == digests.CANONICAL:
            return running
        location = await self._durably(self._writer.sync())
        hashed = hashlib.new(algorithm)
        async for piece in self._state.blobs.read(location, 0, location.size):
            hashed.update(piece)
        return f"{algorithm}:{hashed.hexdigest()}"

    async def commit(self, digest: str) -> None:
        """The bytes become a blob: durable first, then blob, link and lease in one transaction."""
        location = await self._durably(self._sync_with_name())
        lost = await self._lost_bytes(digest)
        now = self._state.clock()

        async def work(tx: Tx) -> bool:
            if not await uploads.finish(tx, self._saved):
                return False
            blob, unneeded = await blobs.add(tx, digest, location, lost, now)
            await blobs.link(tx, self._repository, blob, now + self._state.rules.blob_lease)
            if unneeded is not None:
                await blobs.note_unlinks(tx, [unneeded], now)
            return True

        if not await self._state.db.write(work):
            raise await self._lost()

    async def give_way(self, present: Blob) -> bool:
        """End the upload for a blob that the repository has; False if it has just lost it.

        Clients take it for success, so it is the same promise as any other "it is there".
        """

        async def work(tx: Tx) -> bool:
            now = self._state.clock()  # it may have waited for its turn
            if not await blobs.renew(tx, present.repository, [present.id], now + self._state.rules.blob_lease):
                return False
            if await uploads.delete(tx, self.upload.id):
                await blobs.note_unlinks(tx, [self.upload.storage_id], now)
            return True

        return not await self._is_lost(present.location) and await self._state.db.write(work)

    async def _lost_bytes(self, digest: str) -> str | None:
        """The storage id under which the blob should be and is not: whoever pushes it again makes it whole."""
        stored = await self._state.db.ask(blobs.stored, digest)
        if stored is None or not (stored.is_rotten or await self._is_lost(stored.location)):
            return None
        return stored.location.storage_id

    async def _is_lost(self, location: Location) -> bool:
        try:
            found = await self._state.blobs.look(location.storage_id)
        except Unavailable:
            return True
        return size_of(found, location) != location.size

    async def end(self) -> None:
        """Drop the upload and its bytes."""
        await _end(self._state, self.upload)

    async def _sync_with_name(self) -> Location:
        """At once, for neither waits for the other, and the disk makes one flush of two."""
        name = asyncio.ensure_future(self._state.blobs.publish(self.upload.storage_id))
        try:
            return await self._writer.sync()
        finally:
            await name

    async def _durably(self, sync: Awaitable[Location]) -> Location:
        try:
            location = await sync
        except Unavailable:
            # after a failed sync the kernel may have dropped the bytes, and a second one would succeed
            await self.end()
            raise
        self.upload = self.upload._replace(segments=location.segments)
        return location

    async def _lost(self) -> UploadNotFound | UploadBusy:
        """The upload has ended or moved meanwhile: what was written is taken back."""
        with suppress(Unavailable):
            await self._writer.rewind()
        registry, repository, upload = self._target.registry, self._target.repository, self.upload.id
        found = await self._state.db.ask(uploads.find, registry, repository, upload)
        return UploadNotFound(registry, repository, upload) if found.upload is None else UploadBusy(upload)


def _location(upload: Upload) -> Location:
    return Location(upload.storage_id, upload.size, upload.segments)
