"""What a handler of an operation gets, and the small translations that several of them share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from wharfinger.api.addresses import Addresses
from wharfinger.contract.service import Operation, Shape
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.state import State

_LAST_TIME: Final = 253402300800.0
_LAST_NUMBER: Final = 2**63 - 1  # that a database has


class Call(NamedTuple):
    """One call: who makes it, and for which registry."""

    state: State
    addresses: Addresses
    caller: Caller
    registry: Registry
    operation: Operation

    @property
    def cause(self) -> Cause:
        """What the call leaves behind with all that it changes."""
        return Cause(self.caller.principal, self.operation.name)


Handler = Callable[[Call, Any], Awaitable[Shape]]


def refuse_paging(asked: str, *, next_token: str | None, limit: int | None) -> None:
    """A request for named things has no pages."""
    for name, value in (("nextToken", next_token), ("maxResults", limit)):
        if value is not None:
            raise InvalidParameter(name, f"Member must be null when {asked} is given")


def milliseconds(time: float, path: str = "time") -> int:
    """A time of the protocol as it is stored. Raises InvalidParameter for what is none."""
    if not 0 <= time < _LAST_TIME:
        raise InvalidParameter(path, "Member must be a time between 1970 and 9999")
    return round(time * 1000)


def seconds(milliseconds: int) -> float:
    """A time as the protocol writes it."""
    return milliseconds / 1000


def number(text: str) -> int:
    """The number of a row as the protocol writes it; what is too large for any row means none."""
    return min(int(text), _LAST_NUMBER)
