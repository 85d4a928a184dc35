"""The place outside: S3, Google Cloud Storage or Azure. Each request's bytes are an object of their own, a segment.

Its key is `<storage id>/<name of the segment>`. It is written once, in parts while the body comes, under a name that
nobody else has; what belongs together the database knows, so that of two who write at once one's bytes are not used.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from wharfinger.domain.faults import TooManyParts, Unavailable
from wharfinger.domain.stores import StoreAddress
from wharfinger.domain.uploads import PART_COUNT
from wharfinger.state.blobs import segments
from wharfinger.state.blobs.segments import Span
from wharfinger.state.blobs.store import BytesLost, Location, Stored, StoreMisconfigured, Writer, beside

if TYPE_CHECKING:
    from pathlib import Path

    from obstore import AsyncWritableFile, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig

log = logging.getLogger(__name__)

PIECE: Final = 128 * 1024
_PART: Final = 12 * 1024 * 1024  # 10,000 of them, which is all that S3 takes, are 117 GiB
_PARALLEL: Final = 3  # parts of a body on their way at a time; with the one that fills up, what is held of it
_BATCH: Final = 1024 * 1024
_TERM: Final = timedelta(minutes=10)
_LISTED: Final = 1000
_KEY: Final = re.compile(r"([0-9a-f]{32})/(\d{1,19}-[0-9a-f]{16})")
_STORAGE_ID: Final = re.compile("[0-9a-f]{32}")
_ERRORS: Final = (BaseError, OSError, NotImplementedError)
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_CLIENT: Final[ClientConfig] = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=60),  # also for a part that is sent
    "timeout": timedelta(days=1),  # a whole body, read by a slow client
}
_RETRY: Final[RetryConfig] = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=30),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=4), "base": 2},
}


def open_store(address: StoreAddress) -> ObjectStore:
    """The store at an address, with what the environment says of it and of the rights. Raises StoreMisconfigured."""
    config: Any = dict(address.options)  # its names were checked
    named = os.environ.get("AWS_ENDPOINT_URL", "") if address.kind == "s3" else ""
    if config.get("endpoint", config.get("base_url", named)).startswith("http://"):
        config["allow_http"] = "true"
    common: dict[str, Any] = {"prefix": address.prefix or None, "client_options": _CLIENT, "retry_config": _RETRY}
    try:
        if address.kind == "s3":
            return ObjectStore(S3Store(address.container, config=config, **common))
        if address.kind == "gs":
            return ObjectStore(GCSStore(address.container, config=config, **common))
        return ObjectStore(AzureStore(address.container, config=config, **common))
    except (*_ERRORS, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise StoreMisconfigured(
            f"the store {address.kind}://{address.container} cannot be used: {first_line}"
        ) from None


class ObjectStore:
    """Segments under storage ids. Nothing is locked: who of two writers wins is decided where it is stored."""

    def __init__(self, objects: S3Store | GCSStore | AzureStore) -> None:
        self._objects = objects

    async def create(self, storage_id: str) -> None:
        """An object without bytes has no segment."""

    @asynccontextmanager
    async def writer(self, storage_id: str) -> AsyncIterator[Writer]:
        writer = _SegmentWriter(self._objects, storage_id)
        try:
            yield writer
        finally:
            await writer.abort()

    async def publish(self, storage_id: str) -> None:
        """A segment is there under its name when it is complete."""

    async def read(self, location: Location, start: int, length: int) -> AsyncGenerator[bytes, None]:
        if location.segments is None:
            raise Unavailable("a blob is not in this store")
        whole = {span.name: span.length for span in segments.spans(location.segments, location.size)}
        for part in segments.parts(location.segments, location.size, start, length):
            async with aclosing(self._pieces(location.storage_id, part, whole[part.name])) as pieces:
                async for piece in pieces:
                    yield piece

    def path(self, location: Location) -> Path | None:  # noqa: ARG002
        return None

    async def address(self, location: Location) -> str | None:
        names = segments.names(location.segments or "")
        if len(names) != 1:
            return None
        try:
            return await obstore.sign_async(self._objects, "GET", f"{location.storage_id}/{names[0]}", _TERM)
        except _ERRORS as error:
            log.warning("a blob has no address of its own, it is sent from here: %s", _reason(error))
            return None

    async def look(self, storage_id: str) -> Stored | None:
        found = [entry async for entry in self._listed(prefix=_checked(storage_id))]
        return _stored(found) if found else None

    async def page(self, after: str, limit: int) -> Sequence[Stored]:
        found: list[Stored] = []
        group: list[ObjectMeta] = []
        # "0" comes right after the slash that follows a storage id
        async for entry in self._listed(offset=f"{after}0" if after else None):
            if entry["path"][:32] <= after:
                continue  # not every store knows of offsets
            if group and entry["path"][:32] != group[0]["path"][:32]:
                found.append(_stored(group))
                group = []
                if len(found) == limit:
                    return found
            group.append(entry)
        return [*found, _stored(group)] if group else found

    async def unlink(self, storage_id: str) -> None:
        paths = [entry["path"] async for entry in self._listed(prefix=_checked(storage_id))]
        if paths:
            await _remove(self._objects, paths)

    async def trim(self, location: Location) -> None:
        found = await self.look(location.storage_id)
        names = beside(found, location) if found else []
        if names:
            await _remove(self._objects, [f"{location.storage_id}/{name}" for name in names])

    async def _listed(self, prefix: str | None = None, offset: str | None = None) -> AsyncIterator[ObjectMeta]:
        """Segments in the order of their keys; what no server would have named so is none of them."""
        entries = aiter(obstore.list(self._objects, prefix, offset=offset, chunk_size=_LISTED))
        while True:
            with _store_errors():
                some = await anext(entries, None)
            if some is None:
                return
            for entry in some:
                if _KEY.fullmatch(entry["path"]):
                    yield entry

    async def _pieces(self, storage_id: str, part: Span, size: int) -> AsyncGenerator[bytes, None]:
        with _store_errors():
            found = await obstore.get_async(
                self._objects,
                f"{storage_id}/{part.name}",
                options={"range": (part.start, part.start + part.length)},
            )
            present = found.meta["size"]
            chunks = aiter(found.stream(min_chunk_size=PIECE))
        if present != size:
            raise Unavailable(f"a segment of {size} bytes has {present} in the store")
        left = part.length
        while left:
            with _store_errors():
                chunk = await anext(chunks, None)
            if chunk is None or len(chunk) > left:
                raise Unavailable("the store gave other bytes than were asked for")
            left -= len(chunk)
            view = memoryview(chunk)
            for at in range(0, len(view), PIECE):
                yield bytes(view[at : at + PIECE])


class _SegmentWriter:
    """Writes one segment; a second one where more comes after `sync`."""

    def __init__(self, objects: S3Store | GCSStore | AzureStore, storage_id: str) -> None:
        self._objects = objects
        self._file: AsyncWritableFile | None = None
        self._name = ""
        self._batch: list[bytes] = []
        self._batched = 0
        self._size = 0
        self._begun = self._synced = Location(_checked(storage_id), segments="")

    async def begin(self, location: Location) -> None:
        names = segments.names(location.segments or "")
        if bool(names) != bool(location.size):
            raise BytesLost
        self._begun = self._synced = location._replace(segments=" ".join(names))
        self._size = location.size

    async def write(self, piece: bytes) -> None:
        if self._file is None:
            await self._open()
        self._batch.append(piece)
        self._batched += len(piece)
        self._size += len(piece)
        if self._batched >= _BATCH:
            await self._send()

    async def sync(self) -> Location:
        if self._file is not None:
            await self._send()
            file, self._file = self._file, None
            with _store_errors():
                # completed even if nobody waits for it any more: a part that is cut off may be there or not
                await asyncio.shield(file.close())
            more = segments.and_one(self._synced.segments or "", self._name)
            self._synced = Location(self._begun.storage_id, self._size, more)
        return self._synced

    async def rewind(self) -> None:
        await self.abort()
        kept = set(segments.names(self._begun.segments or ""))
        written = [name for name in segments.names(self._synced.segments or "") if name not in kept]
        self._synced, self._size = self._begun, self._begun.size
        if written:
            await _remove(self._objects, [f"{self._begun.storage_id}/{name}" for name in written])

    async def abort(self) -> None:
        """Give up what is not complete, so that no part of it stays."""
        self._batch, self._batched = [], 0
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(*_ERRORS):
                await asyncio.shield(file.__aexit__(_Abort, _Abort(), None))

    async def _open(self) -> None:
        if len(segments.names(self._synced.segments or "")) >= PART_COUNT:
            raise TooManyParts(PART_COUNT)
        self._name = segments.new_name(self._size)
        path = f"{self._begun.storage_id}/{self._name}"
        file = obstore.open_writer_async(self._objects, path, buffer_size=_PART, max_concurrency=_PARALLEL)
        self._file = await file.__aenter__()

    async def _send(self) -> None:
        """In larger pieces: each costs the way to another thread and back."""
        batch, self._batch, self._batched = b"".join(self._batch), [], 0
        if batch and self._file is not None:
            with _store_errors():
                await asyncio.shield(self._file.write(batch))


class _Abort(Exception):
    """Tells a writer that what it has is not to be completed."""


async def _remove(objects: S3Store | GCSStore | AzureStore, paths: Sequence[str]) -> None:
    with _store_errors(), suppress(FileNotFoundError):
        await obstore.delete_async(objects, paths if len(paths) > 1 else paths[0])


def _stored(group: Sequence[ObjectMeta]) -> Stored:
    """All that is under one storage id."""
    return Stored(
        group[0]["path"][:32],
        sum(entry["size"] for entry in group),
        max(int(entry["last_modified"].timestamp() * 1000) for entry in group),
        {entry["path"][33:]: entry["size"] for entry in group},
    )


def _checked(storage_id: str) -> str:
    if not _STORAGE_ID.fullmatch(storage_id):
        raise ValueError(f"{storage_id!r} is no storage id")
    return storage_id


@contextmanager
def _store_errors() -> Iterator[None]:
    """What the store refuses becomes a fault."""
    try:
        yield
    except _ERRORS as error:
        raise Unavailable(f"store: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    """What is known of an error without what its text may tell: addresses, keys, signatures."""
    text = str(error)
    told = [found[1] for found in (_STATUS.search(text), _CODE.search(text)) if found]
    if not told:
        told = ["no answer"] if "error sending request" in text else [type(error).__name__]
    return " ".join(told)
