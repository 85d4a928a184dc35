"""Files that are neither blobs nor the database."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from wharfinger.domain.faults import Unavailable

_IN_MEMORY: Final = 1024 * 1024


class Scratch:
    """Room in a directory for what is too large to be held in memory while it comes."""

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)

    def file(self) -> ScratchFile:
        """For use with `with`; it has no name, and its bytes go when it ends."""
        return ScratchFile(self._directory)


class ScratchFile:
    """Bytes in memory up to a mebibyte, from there on on the disk."""

    def __init__(self, directory: str) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=directory)  # noqa: SIM115 - closed in __exit__
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Append. Raises Unavailable."""
        with disk_errors():
            self.size += self._file.write(piece)

    def content(self) -> bytes:
        """All of it. Raises Unavailable."""
        with disk_errors():
            self._file.seek(0)
            return self._file.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


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
