"""How an answer is sent: as long as somebody reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from wharfinger.api.http import FileResponse, Message, Request, respond


class Reading:
    """A client that asks for a layer and takes `most` pieces of it: then it has gone, which `send` does not tell."""

    def __init__(self, most: int) -> None:
        self.pieces = 0
        self._most = most
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.pieces += bool(message.get("body"))
        if self.pieces == self._most:
            self._gone.set()


class Layer:
    """What is read of an object of a hundred pieces."""

    def __init__(self) -> None:
        self.was_read = 0
        self.is_closed = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(100):
                await asyncio.sleep(0)  # the store answers
                self.was_read += 1
                yield b"piece"
        finally:
            self.is_closed = True


def send_to(client: Reading, layer: Layer) -> None:
    async def run() -> None:
        request = Request({"method": "GET", "raw_path": b"/v2/app/blobs/d", "headers": []}, client.receive, "id")
        await respond(request, FileResponse(200, [], None, layer.pieces()), [], client.send)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_an_object_is_read_to_its_end_while_the_client_reads() -> None:
    client, layer = Reading(most=101), Layer()
    send_to(client, layer)
    assert client.pieces == layer.was_read == 100


def test_nothing_more_is_read_of_an_object_when_the_client_has_gone() -> None:
    client, layer = Reading(most=3), Layer()
    send_to(client, layer)
    assert layer.was_read < 10
    assert layer.is_closed
