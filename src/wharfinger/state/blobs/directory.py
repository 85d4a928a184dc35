"""The place inside: files in a directory, 256 folders deep by the first two digits of the storage id."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from wharfinger.domain.faults import Unavailable
from wharfinger.state.blobs.store import BytesLost, Location, Stored, Writer, WriterBusy
from wharfinger.state.files import disk_errors, sync

# bytes that are read at once: large pieces are fast, and many readers, who may be slow, would hold too many of them
PIECE: Final = 512 * 1024
_SMALL_PIECE: Final = 128 * 1024
FEW: Final = 16  # readers
WRITE_BACK: Final = 8 * 1024 * 1024  # bytes after which the disk is set to work, so that little is left for the end
_AT_ONCE: Final = getattr(os, "RWF_NOWAIT", None)  # Linux has it
_SHARDS: Final = 256
_STORAGE_ID: Final = re.compile("[0-9a-f]{32}")


class DirectoryStore:
    """Objects are files. A file that is being written is locked, so that two requests never mix their bytes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._buffer = memoryview(bytearray(PIECE))  # one for all, as nothing is awaited while it is used
        self._readers = 0

    @classmethod
    def prepare(cls, root: Path) -> None:
        """Make the folders, durably, so that a blob needs but one folder synced later."""
        for shard in range(_SHARDS):
            (root / f"{shard:02x}").mkdir(parents=True, exist_ok=True)
        sync(root)
        sync(root.parent)

    async def create(self, storage_id: str) -> None:
        with disk_errors():
            os.close(os.open(self._file(storage_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    @asynccontextmanager
    async def writer(self, storage_id: str) -> AsyncIterator[Writer]:
        with disk_errors():
            try:
                descriptor = os.open(self._file(storage_id), os.O_WRONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                raise BytesLost from None
        try:
            _claim(descriptor)
            writer = _FileWriter(storage_id, descriptor)
            try:
                yield writer
            finally:
                await writer.rest()
        finally:
            os.close(descriptor)

    async def publish(self, storage_id: str) -> None:
        with disk_errors():
            await asyncio.to_thread(sync, self._file(storage_id).parent)

    async def read(self, location: Location, start: int, length: int) -> AsyncGenerator[bytes, None]:
        with disk_errors():
            descriptor = os.open(self._name(location.storage_id), os.O_RDONLY | os.O_CLOEXEC)
        self._readers += 1
        try:
            end = start + length
            while start < end:
                size = min(PIECE if self._readers <= FEW else _SMALL_PIECE, end - start)
                with disk_errors():
                    piece = self._read_at_once(descriptor, size, start)
                    if piece is None:
                        piece = await asyncio.to_thread(os.pread, descriptor, size, start)
                if not piece:
                    raise Unavailable("a blob has fewer bytes on the disk than it had when it was pushed")
                start += len(piece)
                yield piece
        finally:
            self._readers -= 1
            os.close(descriptor)

    def path(self, location: Location) -> Path | None:
        path = self._file(location.storage_id)
        with disk_errors():
            present = path.stat().st_size
        if present != location.size:
            raise Unavailable(f"a blob of {location.size} bytes has {present} on the disk")
        # measured: a web server that sends files is the better one for many, and slower for a few that are large
        return path if self._readers >= FEW or location.size <= PIECE else None

    async def address(self, location: Location) -> str | None:  # noqa: ARG002
        return None

    async def look(self, storage_id: str) -> Stored | None:
        file = self._file(storage_id)
        with disk_errors():
            found = await asyncio.to_thread(_look, file)
            if found is None:
                # where the folder is missing too, it is the disk that is not there, and nothing is known of the file
                await asyncio.to_thread(file.parent.stat)
        return found

    async def page(self, after: str, limit: int) -> Sequence[Stored]:
        found: list[Stored] = []
        for shard in range(int(after[:2] or "0", 16), _SHARDS):
            folder = self._root / f"{shard:02x}"
            with disk_errors():
                found += await asyncio.to_thread(_listed, folder, after, limit - len(found))
            if len(found) == limit:
                break
        return found

    async def unlink(self, storage_id: str) -> None:
        with disk_errors():
            await asyncio.to_thread(self._file(storage_id).unlink, missing_ok=True)

    async def trim(self, location: Location) -> None:
        """A file has nothing beside it."""

    def _read_at_once(self, descriptor: int, length: int, start: int) -> bytes | None:
        """A part of a file if it is in memory; None if the disk would have to be waited for, or nobody can tell."""
        if _AT_ONCE is None:
            return None
        try:
            size = os.preadv(descriptor, [self._buffer[:length]], start, _AT_ONCE)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EOPNOTSUPP}:
                return None
            raise
        return bytes(self._buffer[:size])

    def _name(self, storage_id: str) -> str:
        if not _STORAGE_ID.fullmatch(storage_id):
            raise ValueError(f"{storage_id!r} is no storage id")
        return f"{self._root}/{storage_id[:2]}/{storage_id}"

    def _file(self, storage_id: str) -> Path:
        return Path(self._name(storage_id))


class _FileWriter:
    def __init__(self, storage_id: str, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = self._synced = Location(storage_id)
        self._size = 0
        self._handed_on = 0  # bytes that the disk was set to work on
        self._handing_on: asyncio.Future[None] | None = None

    async def begin(self, location: Location) -> None:
        with disk_errors():
            if os.fstat(self._descriptor).st_size < location.size:
                raise BytesLost
        self._begun = self._synced = location
        await self.rewind()

    async def rewind(self) -> None:
        self._size = self._handed_on = self._begun.size
        with disk_errors():
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)

    async def write(self, piece: bytes) -> None:
        # inline: it goes to the page cache, and a hop to a thread costs more than that
        with disk_errors():
            written = os.write(self._descriptor, piece)
            while written < len(piece):
                written += os.write(self._descriptor, piece[written:])
        self._size += len(piece)
        if self._size - self._handed_on >= WRITE_BACK and (self._handing_on is None or self._handing_on.done()):
            start, self._handed_on = self._handed_on, self._size
            args = (self._descriptor, start, self._size - start)
            self._handing_on = asyncio.get_running_loop().run_in_executor(None, _write_back, *args)

    async def rest(self) -> None:
        """Until nothing uses the file but by its caller's doing."""
        if self._handing_on is not None:
            await asyncio.wait([self._handing_on])

    async def sync(self) -> Location:
        if self._size != self._synced.size:
            with disk_errors():
                await asyncio.to_thread(os.fdatasync, self._descriptor)
            self._synced = self._begun._replace(size=self._size)
        return self._synced


def _write_back(descriptor: int, start: int, length: int) -> None:
    """Begin to write a part of a file to the disk. Linux does so when it is told that the part is not needed soon.

    What goes wrong with it is told to who syncs the file.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(descriptor, start, length, os.POSIX_FADV_DONTNEED)


def _look(file: Path) -> Stored | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return Stored(file.name, status.st_size, status.st_mtime_ns // 1_000_000)


def _listed(folder: Path, after: str, limit: int) -> list[Stored]:
    """Files of one folder; what no server would have named so is none of them."""
    names = [path.name for path in folder.iterdir()]
    ours = sorted(name for name in names if name[:2] == folder.name and _STORAGE_ID.fullmatch(name))
    found: list[Stored] = []
    for name in ours:
        stored = _look(folder / name) if name > after else None
        if stored is not None:
            found.append(stored)
        if len(found) == limit:
            break
    return found


def _claim(descriptor: int) -> None:
    with disk_errors():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WriterBusy from None
