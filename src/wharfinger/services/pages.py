"""Page tokens: where a list goes on, believed only for the same list asked by the same principal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from wharfinger.domain import tokens
from wharfinger.domain.faults import InvalidParameter
from wharfinger.services.access import Caller
from wharfinger.state import State

DEFAULT: Final = 100
_PURPOSE: Final = "page token"

T = TypeVar("T")
Position = tuple[str | int, ...]


class Page(NamedTuple, Generic[T]):
    """Some items of a list, and the token of the next page."""

    items: Sequence[T]
    next_token: str | None


class Pages:
    """One list: `scope` is all that tells it from others, its operation, repository and filters."""

    def __init__(self, state: State, caller: Caller, *scope: str) -> None:
        self._key = state.secrets.key(_PURPOSE)
        self._scope = msgspec.msgpack.encode([caller.owner, *scope])

    def page(self, items: Sequence[T], *, has_more: bool, position: Callable[[T], Position]) -> Page[T]:
        """A page, with a token for what comes after its last item if there is more."""
        if not has_more:
            return Page(items, None)
        return Page(items, self.token(position(items[-1])))

    def token(self, position: Position) -> str:
        """The token that leads to a place in the list."""
        return tokens.sign(self._key, msgspec.msgpack.encode(position), self._scope)

    def position(self, token: str) -> list[Any]:
        """Where a token of this list leads. Raises InvalidParameter."""
        payload = tokens.verify(self._key, token, self._scope)
        if payload is None:
            raise InvalidParameter("nextToken", "Invalid token")
        found: list[Any] = msgspec.msgpack.decode(payload)
        return found
