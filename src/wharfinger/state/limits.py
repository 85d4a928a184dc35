"""How much one principal may do at a time, as one worker counts it. Nothing is limited unless somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from wharfinger.domain.faults import Throttled
from wharfinger.state.clock import SECOND

_MOST: Final = 10_000


class Limits:
    """Requests in a second, and uploads that send at the same time; 0 is no limit."""

    def __init__(self, requests: int, uploads: int) -> None:
        self._requests = requests
        self._uploads = uploads
        self._left: dict[str, tuple[float, int]] = {}  # requests, and when they were counted
        self._sending: dict[str, int] = {}

    def count(self, principal: str, now: int) -> None:
        """Count a request. What was not used within a second is not saved. Raises Throttled."""
        if not self._requests:
            return
        left, before = self._left.pop(principal, (float(self._requests), now))
        left = min(self._requests, left + self._requests * max(0, now - before) / SECOND)
        if len(self._left) >= _MOST:
            self._left.pop(next(iter(self._left)))  # the one that was counted longest ago
        self._left[principal] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise Throttled

    @contextmanager
    def uploading(self, login: str) -> Iterator[None]:
        """For as long as a body comes in. Raises Throttled."""
        sending = self._sending.get(login, 0)
        if self._uploads and sending >= self._uploads:
            raise Throttled
        self._sending[login] = sending + 1
        try:
            yield
        finally:
            self._sending[login] -= 1
            if not self._sending[login]:
                del self._sending[login]
