"""The keys of identity providers, as they publish them: fetched when a token needs them, and remembered for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from wharfinger.domain import principals, webtokens
from wharfinger.domain.faults import IssuerUnreachable
from wharfinger.domain.receivers import receiver
from wharfinger.domain.webtokens import Key
from wharfinger.services import outgoing
from wharfinger.services.outgoing import Failed
from wharfinger.state import State
from wharfinger.state.clock import HOUR, SECOND

log = logging.getLogger(__name__)
FRESH: Final = HOUR  # after that the issuer is asked again
STALE: Final = 24 * HOUR  # for so long its keys are good while it cannot be reached
PAUSE: Final = 30 * SECOND  # between two questions to one issuer, whatever tokens come
_MOST: Final = 1000
_DISCOVERY: Final = "/.well-known/openid-configuration"
_HEADERS: Final = {"accept": "application/json"}


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


@dataclass(slots=True)
class _Held:
    keys: Sequence[Key] = ()
    fetched_at: int | None = None
    asked_at: int | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Issuers:
    """What the issuers said last, as one worker knows it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._held: dict[str, _Held] = {}

    async def keys(self, issuer: str, wanted: str) -> Sequence[Key]:
        """The keys of an issuer, asked again where the one that is wanted is not among them.

        Raises IssuerUnreachable.
        """
        if issuer not in self._held and len(self._held) >= _MOST:
            self._held.clear()
        held = self._held.setdefault(issuer, _Held())
        async with held.turn:
            now = self._state.clock()
            is_due = held.fetched_at is None or now - held.fetched_at >= FRESH
            is_unknown = all(key.id != wanted for key in held.keys)
            if (is_due or is_unknown) and (held.asked_at is None or now - held.asked_at >= PAUSE):
                held.asked_at = now
                await self._ask(issuer, held)
            if held.fetched_at is None or now - held.fetched_at >= STALE:
                raise IssuerUnreachable(issuer)
            return held.keys

    async def _ask(self, issuer: str, held: _Held) -> None:
        try:
            held.keys = await self._fetch(issuer)
        except (Failed, ValueError) as error:
            log.warning("the keys of the issuer %s cannot be had: %s", issuer, error)
        else:
            held.fetched_at = held.asked_at

    async def _fetch(self, issuer: str) -> Sequence[Key]:
        """Raises Failed, ValueError."""
        found = msgspec.json.decode(await self._get(issuer.rstrip("/") + _DISCOVERY), type=_Discovery)
        if found.issuer != issuer:
            raise ValueError("its configuration names another issuer")
        return webtokens.read_keys(await self._get(found.jwks_uri))

    async def _get(self, url: str) -> bytes:
        """Raises Failed; ValueError for a URL that is out of bounds, and for what is no plain answer."""
        private = self._state.rules.webhook_private
        to = receiver(url)
        if to is None or not (to.is_encrypted or (private and principals.is_loopback(to.host))):
            raise ValueError("it names a URL that is not asked")
        status, body = await outgoing.get(to, _HEADERS, private=private)
        if status != 200:
            raise ValueError(f"it answered {status}")
        return body
