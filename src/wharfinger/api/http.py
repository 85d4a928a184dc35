"""The little of HTTP that both doors share: a request, a response, and bodies that stay within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qsl

from wharfinger.contract.service import Service, Shape
from wharfinger.domain import forwarded
from wharfinger.domain.faults import BodyCutOff, BodyTooLarge, Fault, Malformed
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.state.files import Scratch, ScratchFile

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Pieces = AsyncGenerator[bytes, None]

SILENCE: Final = 60  # seconds without a byte of a body, after which its sender counts as gone
WHOLE_BODY: Final = 300  # seconds for a body of bounded size
_MOST_PARAMETERS: Final = 1000
_DRAIN_BYTES: Final = 1024 * 1024
_DRAIN_SECONDS: Final = 1
_LARGE_ANSWER: Final = 256 * 1024
_PIECE: Final = 16 * 1024
_LARGE_PIECE: Final = 32 * 1024
_WITHOUT_BODY: Final = {"GET", "HEAD"}
_SEND_FILE: Final = "http.response.pathsend"


class Request:
    """One request, read as far as somebody asked for it. Of `trusted` peers it is believed for whom they forward."""

    def __init__(
        self, scope: Scope, receive: Receive, request_id: str, trusted: Sequence[forwarded.Network] = ()
    ) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.id = request_id
        self.operation = ""  # what a door takes the request for, for the log
        self.caller: Caller | None = None  # as soon as a door knows it
        self.challenge: Literal["Basic", "Bearer"] = "Basic"  # how to log in, for who is not
        self.service: Service | None = None  # what follows is for the trail: each is set when it is known
        self.key: str | None = None  # id of the access key
        self.registry: Registry | None = None
        self.repository = ""
        self.part = ""  # the reference, digest or upload that a path names
        self.arguments: Shape | None = None
        self.result: Shape | None = None
        self.fault: Fault | None = None
        self.received = 0  # bytes of the body, until now
        self._receive = receive
        self._ahead: asyncio.Future[Message] | None = None
        self._trusted = trusted
        self._headers: dict[bytes, bytes] | None = None
        self._ended = self.method in _WITHOUT_BODY

    @property
    def headers(self) -> dict[bytes, bytes]:
        """By lower-case name; of one that was sent twice, the values joined as one list."""
        if self._headers is None:
            found: dict[bytes, bytes] = {}
            for name, value in self.scope["headers"]:
                found[name] = found[name] + b"," + value if name in found else value
            self._headers = found
        return self._headers

    def header(self, name: bytes) -> str | None:
        """The value of a header as text."""
        value = self.headers.get(name)
        return value.decode("latin-1") if value is not None else None

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values, in order. Raises Malformed."""
        text = self.scope["query_string"].decode("latin-1")
        if not text:
            return []
        try:
            return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            raise Malformed(f"a query can have at most {_MOST_PARAMETERS} parameters") from None

    @property
    def client(self) -> str:
        """The IP address of the client as text, "" if it is not known."""
        return self._origin.client

    @property
    def peer(self) -> str:
        """The IP address that the connection comes from as text, "" if it is not known."""
        return forwarded.shown((self.scope.get("client") or ("",))[0])

    @property
    def is_secure(self) -> bool:
        """Whether the client came by TLS."""
        return self._origin.is_secure

    @property
    def host(self) -> str:
        """The host and port that the client meant; what it signed is the header `host`, and may be another."""
        # every request is asked this; without proxies no address has to be read for it
        return self._origin.host if self._trusted else self.header(b"host") or ""

    @cached_property
    def _origin(self) -> forwarded.Origin:
        peer = self.scope.get("client") or ("",)
        is_secure = self.scope.get("scheme") == "https"
        direct = forwarded.direct(peer[0], self.header(b"host") or "", is_secure=is_secure)
        if not self._trusted:
            return direct
        said = (self.header(b"x-forwarded-" + name) for name in (b"for", b"proto", b"host"))
        return forwarded.origin(direct, forwarded.Forwarded(*said), self._trusted)

    @property
    def length(self) -> int | None:
        """The Content-Length, None if none was sent."""
        value = self.headers.get(b"content-length")
        return int(value) if value is not None and value.isdigit() else None

    @cached_property
    def _expected(self) -> int | None:
        """How many bytes a body of known length has; a coding of the transfer overrides the length (RFC 9112, 6.3)."""
        return None if b"transfer-encoding" in self.headers else self.length

    async def stream(self) -> Pieces:
        """The body as it comes. Raises BodyCutOff if it ends before its end."""
        while not self._ended:
            try:
                async with asyncio.timeout(SILENCE):
                    message = await self._message()
            except TimeoutError:
                raise BodyCutOff from None
            if message["type"] != "http.request":
                self._ended = True
                raise BodyCutOff
            self._ended = not message.get("more_body", False)
            if piece := message.get("body", b""):
                self.received += len(piece)
                # servers say that it was the last one with another message, which costs as much as this one
                self._ended |= self.received == self._expected
                if len(piece) >= _LARGE_PIECE and not self._ended:
                    # the server takes the next one from the socket while this one is hashed and written
                    self._ahead = asyncio.ensure_future(self._receive())
                yield piece

    async def _message(self) -> Message:
        ahead, self._ahead = self._ahead, None
        return await (self._receive() if ahead is None else ahead)

    def close(self) -> None:
        """Nobody asks for more of the body."""
        if self._ahead is not None and not self._ahead.cancel():
            self._ahead.exception()  # and nobody has to hear of it

    async def bounded(self, limit: int) -> Pieces:
        """The body as it comes, of at most `limit` bytes. Raises BodyTooLarge, BodyCutOff."""
        if self.length is not None and self.length > limit:
            raise BodyTooLarge(limit)
        size = 0
        deadline = asyncio.get_running_loop().time() + WHOLE_BODY
        async for piece in self.stream():
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(limit)
            if asyncio.get_running_loop().time() > deadline:
                raise BodyCutOff
            yield piece

    async def drain(self) -> None:
        """Read a little of a body that nobody wants: a client that still writes would not see the answer.

        One that waits for `100 Continue` has not begun to write, and reading would make it.
        """
        if self._ended or self.header(b"expect") is not None:
            return
        size = 0
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for piece in self.stream():
                    size += len(piece)
                    if size > _DRAIN_BYTES:
                        return
        except (TimeoutError, BodyCutOff):
            return

    async def gone(self) -> None:
        """Until the client has left; to be asked when its body was read."""
        while (await self._message())["type"] != "http.disconnect":
            pass


class Response(NamedTuple):
    """An answer whose body is at hand."""

    status: int
    headers: Sequence[Header] = ()
    body: bytes = b""


class FileResponse(NamedTuple):
    """An answer whose body is a part of an object in the store: a whole file, or pieces."""

    status: int
    headers: Sequence[Header]
    path: Path | None
    pieces: Pieces


def off_memory(response: Response | FileResponse, scratch: Scratch) -> Response | FileResponse:
    """The same answer, on the disk if it is large: clients that are slow to read it cost no memory then.

    Raises Unavailable.
    """
    if isinstance(response, FileResponse) or len(response.body) <= _LARGE_ANSWER:
        return response
    file = scratch.file()
    file.write(response.body)
    headers = [*response.headers]
    if all(name != b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % len(response.body)))
    return FileResponse(response.status, headers, None, _pieces(file))


async def begun(pieces: Pieces) -> Pieces:
    """The same pieces, of which the first is at hand: what cannot be read is known before the answer begins.

    Raises Unavailable.
    """
    first = await anext(pieces, b"")

    async def all_of_them() -> Pieces:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return all_of_them()


async def _pieces(file: ScratchFile) -> Pieces:
    with file:
        for start in range(0, file.size, _PIECE):
            yield file.piece(start, _PIECE)


async def respond(request: Request, response: Response | FileResponse, more: Sequence[Header], send: Send) -> None:
    """Send an answer, and more headers; the body of a HEAD request's answer is left out, its length is not."""
    await request.drain()
    has_body = request.method != "HEAD"
    headers = [*response.headers, *more]
    if isinstance(response, Response):
        if response.status != 204 and all(name != b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body if has_body else b""})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if not has_body:
        await send({"type": "http.response.body", "body": b""})
    elif response.path is not None and _SEND_FILE in request.scope.get("extensions", ()):
        await send({"type": _SEND_FILE, "path": str(response.path)})
    elif await _send_pieces(request, response.pieces, send):
        await send({"type": "http.response.body", "body": b""})


async def _send_pieces(request: Request, pieces: Pieces, send: Send) -> bool:
    """Whether the client stayed to the last piece.

    Not every server lets `send` fail when it has gone, and the store would be read to the end for nobody.
    """
    gone = asyncio.create_task(request.gone())
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if gone.done():
                    return False
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    finally:
        gone.cancel()
        await asyncio.wait([gone])
    return True
