"""Page tokens: where a list goes on, believed only for the same list asked by the same principal."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from wharfinger.domain import tokens
from wharfinger.domain.faults import InvalidParameter
from wharfinger.services.access import Caller
from wharfinger.state import State

DEFAULT: Final = 100
_PURPOSE: Final = "page token"


class Pages:
    """One list: `scope` is all that tells it from others, its operation, repository and filters."""

    def __init__(self, state: State, caller: Caller, *scope: str) -> None:
        self._key = state.secrets.key(_PURPOSE)
        self._scope = msgspec.msgpack.encode([caller.principal, *scope])

    def token(self, *position: str | int) -> str:
        """A token for what comes after `position`."""
        return tokens.sign(self._key, msgspec.msgpack.encode(position), self._scope)

    def position(self, token: str) -> list[Any]:
        """Where a token of this list leads. Raises InvalidParameter."""
        payload = tokens.verify(self._key, token, self._scope)
        if payload is None:
            raise InvalidParameter("nextToken", "Invalid token")
        found: list[Any] = msgspec.msgpack.decode(payload)
        return found
