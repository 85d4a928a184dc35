"""Figures that all workers of a server add up, in memory that they share: one block, of which each has a share.

A scrape reaches one worker and has to tell of all. A share is numbers at known places, so nothing grows with what is
counted; a worker that starts goes on with a share that nobody has any more, so nothing grows with workers either.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from array import array
from collections.abc import Collection, Iterator, MutableSequence
from typing import Final

_MOST: Final = 1024  # workers at a time: those that were replaced may live on for an hour
_NUMBER: Final = 8  # bytes
_PAGE: Final = mmap.ALLOCATIONGRANULARITY


class Block:
    """The memory. It takes up room only where something was counted, and is gone with the last process that has it."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("wharfinger-figures")

    @property
    def path(self) -> str:
        """A name under which this process and its workers can open it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"


class Whole:
    """The numbers of a server that has one worker only."""

    def __init__(self, length: int) -> None:
        self.numbers: MutableSequence[float] = array("d", bytes(length * _NUMBER))

    def totals(self) -> tuple[list[float], list[int]]:
        """Each number, and this process."""
        return list(self.numbers), [os.getpid()]

    def close(self) -> None:
        """There is nothing to leave."""


class Share:
    """`length` numbers of this worker, to be changed in place. Those at `gauges` tell of now and begin at 0.

    All others go on from where the worker before left them.
    """

    def __init__(self, length: int, gauges: Collection[int], path: str) -> None:
        self._gauges = frozenset(gauges)
        self._length = length + 1  # the process id comes first
        self._size = -(-self._length * _NUMBER // _PAGE) * _PAGE
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        os.ftruncate(self._descriptor, _MOST * self._size)
        self._memory = mmap.mmap(self._descriptor, self._size, offset=self._claim() * self._size)
        self._all = memoryview(self._memory).cast("d")
        numbers = self._all[1 : self._length]
        self.numbers: MutableSequence[float] = numbers  # type: ignore[assignment]  # one in all that is needed
        for place in gauges:
            self.numbers[place] = 0
        self._all[0] = os.getpid()

    def _claim(self) -> int:
        """The first share that no living process has: the system ends a lock with its process. Raises OSError."""
        for number in range(_MOST):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except (BlockingIOError, PermissionError):
                continue
            return number
        raise OSError("there are more workers than figures can be kept of")

    def totals(self) -> tuple[list[float], list[int]]:
        """Each number over all workers, those that have ended too, and the process ids of those that live."""
        sums = [0.0] * (self._length - 1)
        workers = []
        for pid, numbers in self._shares():
            lives = os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - as a text it costs a third
            if lives:
                workers.append(pid)
            for place, number in enumerate(numbers):
                if number and (lives or place not in self._gauges):
                    sums[place] += number
        return sums, workers

    def _shares(self) -> Iterator[tuple[int, array[float]]]:
        for number in range(_MOST):
            content = os.pread(self._descriptor, self._length * _NUMBER, number * self._size)
            pid = int(struct.unpack_from("d", content)[0])
            if not pid:
                return  # they are taken in order
            numbers = array("d", content)
            yield pid, numbers[1:]

    def close(self) -> None:
        """Leave the share to another worker."""
        self.numbers.release()  # type: ignore[attr-defined]
        self._all.release()
        self._memory.close()
        os.close(self._descriptor)
