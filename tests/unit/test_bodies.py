"""How bodies come and go: the next piece while one is worked on, an answer as long as somebody reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from wharfinger.api.http import FileResponse, Header, Message, Request, respond

# --- what a client sends ---------------------------------------------------------------------------------------


class Sending:
    """A client that sends pieces of a size, as fast as they are taken."""

    def __init__(self, count: int, size: int, last: int | None = None) -> None:
        self.taken = 0
        self._count = count
        self._size = size
        self._last = size if last is None else last

    async def receive(self) -> Message:
        await asyncio.sleep(0)
        self.taken += 1
        has_more = self.taken < self._count
        return {"type": "http.request", "body": bytes(self._size if has_more else self._last), "more_body": has_more}


def request_of(client: Sending, headers: Sequence[Header] = ()) -> Request:
    return Request({"method": "PUT", "raw_path": b"/v2/app/blobs/uploads/u", "headers": headers}, client.receive, "id")


@pytest.mark.parametrize(("size", "ahead"), [(100_000, [2, 3, 3]), (1000, [1, 2, 3])], ids=["large", "small"])
async def test_of_large_pieces_the_next_one_comes_while_one_is_worked_on(size: int, ahead: list[int]) -> None:
    client = Sending(3, size)
    request = request_of(client)
    taken = []
    async for _ in request.stream():
        await asyncio.sleep(0.001)
        taken.append(client.taken)
    assert taken == ahead
    assert request.received == 3 * size


async def test_a_piece_that_came_ahead_is_not_lost_when_somebody_else_reads_on() -> None:
    client = Sending(3, 100_000)
    request = request_of(client)
    async with aclosing(request.stream()) as body:
        await anext(body)
    assert sum([len(piece) async for piece in request.stream()]) == 200_000


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ([(b"content-length", b"3000")], 3),
        ([], 4),
        ([(b"content-length", b"3000"), (b"transfer-encoding", b"chunked")], 4),
    ],
    ids=["of known length", "of unknown length", "of a length that is overridden"],
)
async def test_nobody_waits_for_the_end_of_a_body_that_is_there(headers: list[Header], asked: int) -> None:
    client = Sending(4, 1000, last=0)  # as granian sends: that it was the last piece is another message
    request = request_of(client, headers)
    assert sum([len(piece) async for piece in request.stream()]) == 3000
    assert client.taken == asked


@pytest.mark.parametrize("waits", [True, False])
async def test_a_request_leaves_nothing_behind_that_waits_for_more(waits: bool) -> None:
    client = Sending(3, 100_000)
    request = request_of(client)
    async for _ in request.stream():
        break
    if not waits:
        await asyncio.sleep(0.001)
    request.close()
    await asyncio.sleep(0.001)
    assert asyncio.all_tasks() == {asyncio.current_task()}


# --- what a client is sent -------------------------------------------------------------------------------------


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
