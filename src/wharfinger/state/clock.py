"""The only source of time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


_SURE: Final = 2 * SECOND  # an answer that took longer tells little of the time


def system_clock() -> int:
    """The time of the machine."""
    return time.time_ns() // 1_000_000


class SharedClock:
    """One time for all nodes: that of what they share, as far as this machine's is off it."""

    def __init__(self, machine: Clock = system_clock) -> None:
        self._machine = machine
        self._ahead = 0

    def __call__(self) -> int:
        return self._machine() + self._ahead

    async def follow(self, told: Callable[[], Awaitable[int]]) -> int:
        """Ask what time it is: how far this machine's is off it, in ms."""
        began = self._machine()
        now = await told()
        ended = self._machine()
        if ended - began <= _SURE:
            self._ahead = now - (began + ended) // 2
        return self._ahead
