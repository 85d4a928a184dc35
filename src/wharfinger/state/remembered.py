"""Answers of the database that each request needs again, kept for as long as nobody changes a right.

One statement asks whether that is so, at each request and before anything that is kept is used: a right that was taken
away is gone with the next request, on every worker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar, TypeVarTuple

from wharfinger.state.db import rights
from wharfinger.state.db.database import Database, Tx

_MOST: Final = 10_000
_MOST_SIGNED: Final = 1_000  # texts of some kilobytes
_UNKNOWN: Final = object()
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Answers:
    """What was read at one version of the rights. Whoever holds an older one can spoil no newer one."""

    def __init__(self, version: int) -> None:
        self.version = version
        self._found: dict[Hashable, Any] = {}

    def known(self, key: Hashable, otherwise: Any = None) -> Any:
        """What was kept under a key, if anything was."""
        return self._found.get(key, otherwise)

    def keep(self, key: Hashable, found: Any) -> None:
        """Keep something for as long as the rights stay as they are."""
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[key] = found

    async def get(self, tx: Tx, read: Callable[[Tx, *Ts], Awaitable[T]], *args: *Ts) -> T:
        """What `read` says, from memory if it was asked before."""
        key = (read, args)
        if key not in self._found:
            self.keep(key, await read(tx, *args))
        found: T = self._found[key]
        return found


class Remembered:
    """The answers of one worker."""

    def __init__(self) -> None:
        self._answers = Answers(-1)
        self._told: dict[str, int] = {}
        self._signed: dict[bytes, Any] = {}

    async def now(self, tx: Tx) -> Answers:
        """The answers that are good in this transaction."""
        return self.at(await rights.version(tx))

    def at(self, version: int) -> Answers:
        """The answers at a version of the rights."""
        if version != self._answers.version:
            self._answers = Answers(version)
        return self._answers

    async def ask(self, db: Database, read: Callable[[Tx, *Ts], Awaitable[T]], *args: *Ts) -> T:
        """What `read` says, from memory if nobody has changed a right since it was asked before."""
        known = self.at(await db.rights_version()).known((read, args), _UNKNOWN)
        if known is not _UNKNOWN:
            answer: T = known
            return answer

        async def work(tx: Tx) -> T:
            return await (await self.now(tx)).get(tx, read, *args)

        return await db.read(work)

    def is_news(self, name: str, now: int, step: int) -> bool:
        """Whether nobody has told this of `name` within `step` milliseconds; from now on somebody has."""
        if now - self._told.get(name, -step) < step:
            return False
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[name] = now
        return True

    def signed(self, text: bytes) -> Any:
        """What a text says whose signature was checked before; None if it was not."""
        return self._signed.get(text)

    def keep_signed(self, text: bytes, found: Any) -> None:
        """Keep what a signed text says. That never changes; whether it is still good is another question."""
        if len(self._signed) >= _MOST_SIGNED:
            self._signed.clear()
        self._signed[text] = found
