"""Requests that the server makes itself, to where its users tell it to: to no address that is out of bounds.

A host's addresses are looked up, all of them are checked, and the connection goes to one of those very addresses, so
that a name that leads elsewhere a moment later leads nowhere. Redirects are answers like others, proxies of the
environment are not used, and a certificate has to be the host's.
"""

from __future__ import annotations

import asyncio
import functools
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from wharfinger.domain.receivers import Failure, Receiver, may_be_reached

SECONDS: Final = 10  # for all of a request
_CONNECT_SECONDS: Final = 3  # for each address
_ADDRESSES: Final = 3  # tried
_LOOKUPS: Final = 16  # at a time; threads of their own, for a name server that is down must not hold up anything else
_HEAD_LIMIT: Final = 64 * 1024
BODY_LIMIT: Final = 64 * 1024
_BODY_SECONDS: Final = 1
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")


class Failed(Exception):
    """No answer came."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


async def addresses(receiver: Receiver, *, private: bool) -> Sequence[str]:
    """The IP addresses of a host. Raises Failed if there is none, or one that must not be reached."""
    loop = asyncio.get_running_loop()
    lookup = functools.partial(socket.getaddrinfo, receiver.host, receiver.port, type=socket.SOCK_STREAM)
    try:
        found = await loop.run_in_executor(_lookups(), lookup)
    except (OSError, UnicodeError):
        raise Failed(Failure("HostRefused")) from None
    # without the zone that a link-local one may have
    unique = list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))
    if not unique or not all(may_be_reached(address, private=private) for address in unique):
        raise Failed(Failure("HostRefused"))
    return unique


async def post(receiver: Receiver, headers: Mapping[str, str], body: bytes, *, private: bool) -> int:
    """Send one POST: the status of its answer. Raises Failed."""
    with _failures():
        async with asyncio.timeout(SECONDS) as deadline:
            sent = _head("POST", receiver, {"content-length": str(len(body)), **headers}) + body
            async with _asked(receiver, sent, private=private) as reader:
                status, _ = await _answer(reader)
                deadline.reschedule(None)
                await _ignore_rest(reader)
                return status


async def get(receiver: Receiver, headers: Mapping[str, str], *, private: bool) -> tuple[int, bytes]:
    """Send one GET: the status and the body of its answer, of BODY_LIMIT bytes at most. Raises Failed."""
    with _failures():
        async with (
            asyncio.timeout(SECONDS),
            _asked(receiver, _head("GET", receiver, headers), private=private) as reader,
        ):
            status, fields = await _answer(reader)
            return status, await _body(reader, fields)


@contextmanager
def _failures() -> Iterator[None]:
    """What can go wrong with a request, as Failed."""
    try:
        yield
    except TimeoutError:
        failure = Failure("NotInTime")
    except ssl.SSLError as error:
        failure = Failure("NotTrusted", getattr(error, "verify_message", None) or error.reason or "no TLS")
    except OSError as error:
        failure = Failure("NotConnected", os.strerror(error.errno) if error.errno else "no answer")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        failure = Failure("NotHttp")
    else:
        return
    raise Failed(failure)


@asynccontextmanager
async def _asked(receiver: Receiver, sent: bytes, *, private: bool) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await _connect(receiver, await addresses(receiver, private=private))
    try:
        writer.write(sent)
        await writer.drain()
        yield reader
    finally:
        writer.transport.abort()


def _head(method: str, receiver: Receiver, headers: Mapping[str, str]) -> bytes:
    fields = {"host": receiver.authority, "connection": "close", **headers}
    lines = [f"{method} {receiver.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _connect(receiver: Receiver, found: Sequence[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first address that answers."""
    *others, last = found[:_ADDRESSES]
    for address in others:
        with suppress(OSError):
            return await _connect_to(address, receiver)
    return await _connect_to(last, receiver)


async def _connect_to(address: str, receiver: Receiver) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    tls, name = (await asyncio.to_thread(_tls), receiver.host) if receiver.is_encrypted else (None, None)
    async with asyncio.timeout(_CONNECT_SECONDS):
        return await asyncio.open_connection(address, receiver.port, limit=_HEAD_LIMIT, ssl=tls, server_hostname=name)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Mapping[bytes, bytes]]:
    """Status and header fields of the first answer that is not preliminary. Raises ValueError if it is not HTTP."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        match = _STATUS.match(head)
        if match is None:
            raise ValueError("no status line")
        status = int(match[1])
        if status >= 200:
            pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
            return status, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, fields: Mapping[bytes, bytes]) -> bytes:
    """As long as it says, in chunks, or up to the end. Raises ValueError if it is too long."""
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        found = bytearray()
        while size := _size((await reader.readuntil(b"\r\n")).partition(b";")[0].strip(), 16, len(found)):
            found += await reader.readexactly(size)
            await reader.readuntil(b"\r\n")
        return bytes(found)
    if b"content-length" in fields:
        return await reader.readexactly(_size(fields[b"content-length"], 10, 0))
    found = bytearray()
    while piece := await reader.read(BODY_LIMIT):
        _size(b"%d" % len(piece), 10, len(found))
        found += piece
    return bytes(found)


def _size(text: bytes, base: int, before: int) -> int:
    size = int(text, base)
    if size < 0 or before + size > BODY_LIMIT:
        raise ValueError("a body that is too long")
    return size


async def _ignore_rest(reader: asyncio.StreamReader) -> None:
    """Some receivers take it ill if nobody listens; how it ends does not matter."""
    with suppress(OSError):
        async with asyncio.timeout(_BODY_SECONDS):
            left = BODY_LIMIT
            while left > 0 and (piece := await reader.read(left)):
                left -= len(piece)


@functools.cache
def _tls() -> ssl.SSLContext:
    """With the authorities of the system, or those that SSL_CERT_FILE names. Made once, because that takes a while."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # some systems leave it to their configuration
    return context


@functools.cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup")
