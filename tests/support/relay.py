"""A network between a client of PostgreSQL and its server: it counts, and it can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

Cut = Literal["before it arrives", "before the answer"]
_COMMIT = b"COMMIT\0"


class Relay:
    """Passes on what it gets. `cut` says where the next commit ends every connection; `is_away`, that there is none."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._parts = parts
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.cut: Cut | None = None
        self.is_silent = False  # bytes get lost, and nobody is told
        self.round_trips = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back, self._asked), self._pass(there, writer, self._answered))
        finally:
            for each in (writer, back):
                each.close()
                self._writers.discard(each)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Callable[[bytes], bool]
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if look(data) and not self.is_silent:
                    writer.write(data)
        writer.close()

    def _asked(self, data: bytes) -> bool:
        self.round_trips += 1
        if self.cut == "before it arrives" and _COMMIT in data:
            self.end_all()
            return False
        return True

    def _answered(self, data: bytes) -> bool:
        if self.cut == "before the answer" and _COMMIT in data:
            self.end_all()
            return False
        return True

    def end_all(self) -> None:
        """As if somebody had pulled the cable, and put it back."""
        self.cut = None
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[Relay]:
    """A network to the server of a database."""
    relay = Relay(url)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    relay.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"
    try:
        yield relay
    finally:
        relay.end_all()
        server.close()
