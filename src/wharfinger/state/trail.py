"""The files of the trail: lines, one file for each hour in UTC, written by all workers and read while they write."""

from __future__ import annotations

import errno
import functools
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from wharfinger.state.clock import HOUR, SECOND

_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d\.jsonl", re.ASCII)
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Line(NamedTuple):
    """A line and where the next one begins."""

    content: bytes
    end: int


def name(at: int) -> str:
    """The file for a time, so that no worker has to ask another; the names are in the order of the times."""
    return _name(at // HOUR)


@functools.lru_cache(maxsize=16)  # nearly all lines are of the same hour
def _name(hour: int) -> str:
    return datetime.fromtimestamp(hour * HOUR // SECOND, UTC).isoformat()[:13] + ".jsonl"


class TrailFiles:
    """One worker's hold on them. `share` is how many bytes an hour those may fill who did not say who they are."""

    def __init__(self, directory: Path, share: int) -> None:
        self._directory = directory
        self._share = share
        self._name = ""
        self._descriptor: int | None = None
        self._strangers = 0
        self.lost = 0  # records that are missing since the last one that is not: refused by the disk, or over the share
        self.complained_at = 0  # when the log was last told that one is missing

    def append(self, at: int, line: bytes, *, stranger: bool) -> None:
        """Write a line of the time `at`, in one piece; that this process is killed does not undo it. Raises OSError."""
        self.lost += 1  # as long as it is not written
        descriptor = self._open(name(at))
        if stranger and self._strangers + len(line) > self._share:
            return
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._strangers += len(line) if stranger else 0
        self.lost = 0

    def close(self) -> None:
        """Nothing is kept back, so nothing has to be written."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def names(self) -> list[str]:
        """The files that are there, oldest first."""
        try:
            return sorted(file.name for file in self._directory.iterdir() if _NAME.fullmatch(file.name))
        except FileNotFoundError:
            return []

    def read(self, file: str, start: int, length: int) -> list[Line]:
        """Whole lines from a place on, within so many bytes; nothing of one that is being written, or of no file."""
        if length <= 0:
            return []
        try:
            descriptor = os.open(self._directory / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return []
        try:
            content = os.pread(descriptor, length, start)
        finally:
            os.close(descriptor)
        if b"\n" not in content and len(content) == length:
            return [Line(b"", start + length)]  # no record is as long as that
        return list(lines_of(content, start))

    def size(self, file: str) -> int:
        """In bytes; 0 of a file that is gone."""
        try:
            return (self._directory / file).stat().st_size
        except FileNotFoundError:
            return 0

    def extend(self, file: str, content: bytes) -> None:
        """Write lines of another place's file, durably. Raises OSError."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        with open(os.open(self._directory / file, _FLAGS, 0o600), "ab") as to:  # noqa: PTH123 - a mode
            to.write(content)
            to.flush()
            os.fsync(to.fileno())

    def delete(self, file: str) -> None:
        """Remove a file, if it is there."""
        (self._directory / file).unlink(missing_ok=True)

    def expire(self, now: int, term: int, most: int) -> None:
        """Delete the files that are over their term, and the oldest while all together have more bytes."""
        sizes = {file: self.size(file) for file in self.names() if file < name(now)}
        room = most - self.size(name(now))
        for file in reversed(sizes):
            room -= sizes[file]
            if room < 0 or file < name(now - term):
                self.delete(file)

    def _open(self, wanted: str) -> int:
        if self._descriptor is not None and self._name == wanted and os.fstat(self._descriptor).st_nlink:
            return self._descriptor
        self.close()
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._descriptor = os.open(self._directory / wanted, _FLAGS, 0o600)
        if self._name != wanted:
            self._name, self._strangers = wanted, 0
        return self._descriptor


def lines_of(content: bytes, start: int) -> Iterator[Line]:
    """Whole lines of some bytes, which begin at `start`."""
    for line in content.splitlines(keepends=True):
        start += len(line)
        if line.endswith(b"\n"):
            yield Line(line, start)
