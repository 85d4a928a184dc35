"""Whether this process can do its work, and what waits to be done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from wharfinger.domain.faults import Unavailable
from wharfinger.state import State
from wharfinger.state.db import schema, standing
from wharfinger.state.db.standing import Standing

log = logging.getLogger(__name__)
SECONDS: Final = 3.0  # that a check may take
_KEPT_SECONDS: Final = 1.0
_STANDING_KEPT_SECONDS: Final = 10.0
_SILENT: Final = "does not answer"
_NO_OBJECT: Final = "0" * 32  # a storage id that nothing has
_LEAST_FREE: Final = 64 * 1024**2
T = TypeVar("T")


async def missing(state: State) -> str | None:
    """What is missing, as the end of a sentence; None if nothing is."""
    try:
        return await state.db.read(schema.unfit)
    except Unavailable as fault:
        return f"the database cannot be read ({fault.reason})"


async def missing_store(state: State) -> str | None:
    """Why the store of the layers does not answer; None if it does."""
    try:
        await state.blobs.look(_NO_OBJECT)
    except Unavailable as fault:
        return fault.reason
    return None


class Readiness:
    """What a worker needs to answer requests, looked at when somebody asks: each thing by one look at a time.

    Anybody may ask, so what is found says no reasons and no addresses, and is kept for a second.
    """

    def __init__(self, state: State) -> None:
        self._checks = {
            "database": _Look(lambda: _database(state), _KEPT_SECONDS),
            "store": _Look(lambda: _store(state), _KEPT_SECONDS),
        }
        # a full disk hurts pushes only, and another server would not have more room on the same disk
        self._hints = {"disk": _Look(lambda: _disk(state), _KEPT_SECONDS)}

    async def problems(self) -> Mapping[str, str | None]:
        """What is wrong with each thing that requests need, as the end of a sentence; None: nothing."""
        return await _found(self._checks)

    async def hints(self) -> Mapping[str, str | None]:
        """What is wrong with what most requests can do without."""
        return await _found(self._hints)


class Overview:
    """What waits in the database, asked of it once in some seconds however many want to know."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._look: _Look[Standing] = _Look(lambda: state.db.read(standing.read, state.clock()), _STANDING_KEPT_SECONDS)

    async def standing(self) -> Standing | None:
        """None if the database cannot be read."""
        try:
            return await self._look.found()
        except (Unavailable, TimeoutError):
            return None


class _Look(Generic[T]):
    """Asks at most one thing at a time, however many want to know, also after it was not answered in time."""

    def __init__(self, ask: Callable[[], Awaitable[T]], kept: float) -> None:
        self._ask = ask
        self._kept = kept
        self._asked: asyncio.Future[T] | None = None
        self._good_until = 0.0

    async def found(self) -> T:
        """What was found, not long ago. Raises TimeoutError, and what `ask` raises."""
        now = asyncio.get_running_loop().time()
        if self._asked is None or (self._asked.done() and now >= self._good_until):
            self._asked = asyncio.ensure_future(self._ask())
            self._asked.add_done_callback(self._keep)
        async with asyncio.timeout(SECONDS):
            return await asyncio.shield(self._asked)

    def _keep(self, asked: asyncio.Future[Any]) -> None:
        self._good_until = asyncio.get_running_loop().time() + self._kept
        if not asked.cancelled():
            asked.exception()  # whoever asked may have gone


async def _found(looks: Mapping[str, _Look[str | None]]) -> Mapping[str, str | None]:
    return dict(zip(looks, await asyncio.gather(*map(_problem, looks.values())), strict=True))


async def _problem(look: _Look[str | None]) -> str | None:
    try:
        return await look.found()
    except TimeoutError:
        return _SILENT


async def _database(state: State) -> str | None:
    try:
        return await state.db.read(schema.unfit)
    except Unavailable as fault:
        log.warning("the database cannot be read: %s", fault.reason)
        return "cannot be read"


async def _store(state: State) -> str | None:
    reason = await missing_store(state)
    if reason is None:
        return None
    log.warning("the store cannot be read: %s", reason)
    return "cannot be read"


async def _disk(state: State) -> str | None:
    free = await asyncio.to_thread(state.scratch.free)
    return None if free >= _LEAST_FREE else "has no room, and pushes will fail"
