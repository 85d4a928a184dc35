"""Files that are neither blobs nor the database."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from wharfinger.domain.faults import Unavailable

_IN_MEMORY: Final = 64 * 1024  # of a scratch file, so that many slow clients cost no memory
_WHOLE: Final = 4  # larger ones that are in memory as a whole at a time


class Scratch:
    """Room in a directory for what is too large to be held in memory while it comes."""

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)
        self._turns = asyncio.Semaphore(_WHOLE)

    def file(self) -> ScratchFile:
        """For use with `with`; it has no name, and its bytes go when it ends."""
        return ScratchFile(self._directory)

    def free(self) -> int:
        """Bytes that the disk has left. Raises Unavailable."""
        with disk_errors():
            return shutil.disk_usage(self._directory).free

    @asynccontextmanager
    async def whole(self, file: ScratchFile) -> AsyncIterator[bytes]:
        """All of a file in memory; for a large one callers wait their turn. Raises Unavailable."""
        if file.size <= _IN_MEMORY:
            yield file.content()
            return
        async with self._turns:
            yield file.content()


class ScratchFile:
    """Bytes in memory while they are few, from there on on the disk."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Append. Raises Unavailable."""
        if self._file is None and self.size + len(piece) <= _IN_MEMORY:
            self._memory += piece
        else:
            with disk_errors():
                self._on_disk().write(piece)
        self.size += len(piece)

    def content(self) -> bytes:
        """All of it. Raises Unavailable."""
        return self.piece(0, self.size)

    def piece(self, start: int, length: int) -> bytes:
        """Some of it. Raises Unavailable."""
        if self._file is None:
            return bytes(self._memory[start : start + length])
        with disk_errors():
            self._file.seek(start)
            return self._file.read(length)

    def _on_disk(self) -> IO[bytes]:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - closed in __exit__
            self._file.write(self._memory)
            self._memory.clear()
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            with suppress(OSError):  # what the disk has no room for any more is not needed any more
                self._file.close()


def draft(path: Path, content: bytes) -> Path:
    """A file beside `path`, for this user alone, that holds all of `content` durably: for `publish`."""
    made = path.with_name(f"{path.name}.new")
    made.unlink(missing_ok=True)
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return made


def publish(made: Path, path: Path) -> None:
    """Put a draft in the place of `path`, durably: a crash leaves what was there, or all of the new."""
    made.rename(path)
    sync(path.parent)


def sync(directory: Path) -> None:
    """Make the names in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors() -> Iterator[None]:
    """What the disk refuses becomes a fault."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"disk: {errno.errorcode.get(error.errno or 0, 'error')}") from error


def write_private(path: Path, content: bytes) -> None:
    """For the own user only, and whole: under another name first, so that a crash never leaves half of it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123 - a mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync(path.parent)
