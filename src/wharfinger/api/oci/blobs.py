"""Blobs of a repository: reading, looking up, deleting."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from wharfinger.api.http import FileResponse, Header, Response, begun
from wharfinger.api.oci.call import Call, Handler, ascii_header
from wharfinger.contract.oci import OCTET_STREAM, VERSION_HEADER
from wharfinger.domain.faults import RangeNotSatisfiable
from wharfinger.services import blobs, pull
from wharfinger.services.identities import ANONYMOUS
from wharfinger.state.db.blobs import Blob

_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.IGNORECASE)
_SMALL: Final = 64 * 1024  # bytes that are read sooner than a server begins with a file


class Span(NamedTuple):
    """The bytes of a blob that are wanted."""

    start: int
    length: int


async def get_blob(call: Call) -> Response | FileResponse:
    """The bytes of a blob, or one range of them."""
    found = await pull.blob(call.state, call.registry, call.repository, call.part)
    span = _span(call.request.header(b"range"), found.size)
    elsewhere = await pull.address(call.state, found)
    if elsewhere is not None:
        return Response(307, [VERSION_HEADER, ascii_header(b"location", elsewhere)])
    wanted = span or Span(0, found.size)
    headers = _described(call.part, wanted.length)
    if span is not None:
        last = span.start + span.length - 1
        headers.append((b"content-range", b"bytes %d-%d/%d" % (span.start, last, found.size)))
    status = 200 if span is None else 206
    pieces = call.state.blobs.read(found.location, *wanted)
    if wanted.length <= _SMALL:
        return Response(status, headers, b"".join([piece async for piece in pieces]))
    path = call.state.blobs.path(found.location)
    if path is not None and span is None:
        # a server that can send files does so by itself, else the pieces go through here
        return FileResponse(status, headers, path, pieces)
    return FileResponse(status, headers, None, await begun(pieces))


async def head_blob(call: Call) -> Response:
    """Whether the blob is there; to a client that pushes, a promise that it stays until its manifest comes."""
    found = await _looked_up(call)
    return Response(200, _described(call.part, found.size))


async def delete_blob(call: Call) -> Response:
    """Take a blob that no image needs from the repository."""
    await blobs.delete(call.state, call.registry, call.repository, call.part)
    return Response(202, [VERSION_HEADER])


HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    ("blob", "GET"): get_blob,
    ("blob", "HEAD"): head_blob,
    ("blob", "DELETE"): delete_blob,
}


async def _looked_up(call: Call) -> Blob:
    """Who is nobody, or holds a download address, may only read, and is promised nothing."""
    is_reader = call.caller.login == ANONYMOUS or call.query("token") is not None
    look_up = pull.blob if is_reader else blobs.promise
    return await look_up(call.state, call.registry, call.repository, call.part)


def _described(digest: str, length: int) -> list[Header]:
    return [
        VERSION_HEADER,
        (b"content-type", OCTET_STREAM),
        (b"content-length", b"%d" % length),
        ascii_header(b"docker-content-digest", digest),
        (b"accept-ranges", b"bytes"),
    ]


def _span(header: str | None, size: int) -> Span | None:
    """One range of bytes; None for the whole: no range, several, or one that cannot be read (RFC 9110, 14.2)."""
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= end:
        raise RangeNotSatisfiable(size)
    return Span(start, end - start)
