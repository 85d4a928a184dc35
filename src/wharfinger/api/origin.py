"""What a request says of itself to the conditions of policies: where it came from, how, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from wharfinger.api.http import Request
from wharfinger.state.clock import SECOND

_Finder = Callable[[Request, int], str | None]
_FINDERS: Final[Mapping[str, _Finder]] = {
    "aws:sourceip": lambda request, _: request.client,
    "aws:useragent": lambda request, _: request.header(b"user-agent"),
    "aws:referer": lambda request, _: request.header(b"referer"),
    "aws:securetransport": lambda request, _: "true" if request.is_secure else "false",
    "aws:currenttime": lambda _, now: datetime.fromtimestamp(now // SECOND, UTC).isoformat(),
    "aws:epochtime": lambda _, now: str(now // SECOND),
    "aws:viaawsservice": lambda *_: "false",
    "aws:principalisawsservice": lambda *_: "false",
}


class Origin(Mapping[str, tuple[str, ...]]):
    """Condition keys of a request at a time in milliseconds. Most requests are asked for none, so none is made before.

    What is not known is not there.
    """

    def __init__(self, request: Request, now: int) -> None:
        self._request = request
        self._now = now

    def __getitem__(self, name: str) -> tuple[str, ...]:
        value = _FINDERS[name](self._request, self._now)
        if not value:
            raise KeyError(name)
        return (value,)

    def __iter__(self) -> Iterator[str]:
        return (name for name, find in _FINDERS.items() if find(self._request, self._now))

    def __len__(self) -> int:
        return sum(1 for _ in self)
