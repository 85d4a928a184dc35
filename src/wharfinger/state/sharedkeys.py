"""The keys of nodes that share a database: the data key is in it, wrapped, and each node has a copy of the master key.

A node may start with the old master key while another has the new one, so a rotation ends when somebody says so:
docs/decisions/0016-nodes.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from wharfinger.state.db import data_key
from wharfinger.state.db.database import Database, Tx
from wharfinger.state.keyfiles import RotationRefused, make_key, new_data_key, read_key, unwrapped, wrapped
from wharfinger.state.secrets import Secrets, SecretsUnreadable

_CURE: Final = "put a copy of the file there that the other nodes have, or say with --master-key where it is"


class SharedKeys(NamedTuple):
    """The database, the data directory of this node, and its file of the master key."""

    db: Database
    directory: Path
    master: Path

    async def read(self) -> Secrets:
        """What every process works with; nothing is written. Raises SecretsUnreadable."""
        return Secrets(self._opened(self._key(), await self.db.read(data_key.wraps))[1])

    async def make(self) -> None:
        """Make the data key if no node has made it yet. Raises SecretsUnreadable."""
        if await self.db.read(data_key.wraps):
            return
        # elsewhere, a file that is missing may be on a disk that is not mounted yet
        if self.master.parent == self.directory:
            make_key(self.master)
        wrap = wrapped(self._key(), new_data_key())

        async def work(tx: Tx) -> None:
            if not await data_key.wraps(tx):
                await data_key.put(tx, [wrap])

        await self.db.write(work)

    async def rotate(self, to: Path) -> None:
        """Wrap the data key under the master key in the file `to`, made if it is not there, beside the present one.

        Raises SecretsUnreadable, RotationRefused, OSError; the present master key is good then as before.
        """
        await self.read()
        make_key(to)
        master, key = self._key(), read_key(to)
        if key == master:
            raise RotationRefused(f"{to} holds the master key that is in use: name another file")

        async def work(tx: Tx) -> None:
            wraps = await data_key.wraps(tx)
            _, data = self._opened(master, wraps)
            await data_key.put(tx, [wrapped(key, data), *(wrap for wrap in wraps if unwrapped(key, wrap) is None)])

        await self.db.write(work)

    async def finish(self) -> int:
        """End the master keys that are older than the one in use: how many. Raises SecretsUnreadable."""
        master = self._key()

        async def work(tx: Tx) -> int:
            wraps = await data_key.wraps(tx)
            at, _ = self._opened(master, wraps)
            await data_key.put(tx, wraps[: at + 1])
            return len(wraps) - at - 1

        return await self.db.write(work)

    async def masters(self) -> int:
        """How many master keys open the data key; more than one while a rotation is not finished."""
        return len(await self.db.read(data_key.wraps))

    def _key(self) -> bytes:
        if not os.path.lexists(self.master):
            raise SecretsUnreadable(f"there is no master key at {self.master}: {_CURE}")
        return read_key(self.master)

    def _opened(self, master: bytes, wraps: Sequence[bytes]) -> tuple[int, bytes]:
        """Which of some wraps the master key opens, and the data key in it."""
        for at, wrap in enumerate(wraps):
            if (data := unwrapped(master, wrap)) is not None:
                return at, data
        if not wraps:
            raise SecretsUnreadable("the database has no data key yet: start a server on it once")
        raise SecretsUnreadable(f"the master key at {self.master} does not open the data key in the database: {_CURE}")
