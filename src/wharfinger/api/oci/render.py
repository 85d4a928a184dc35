"""Errors of the OCI API."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wharfinger.api import wording
from wharfinger.api.http import Header, Request, Response
from wharfinger.contract.oci import JSON, VERSION_HEADER
from wharfinger.domain import faults as f


def refusal(fault: f.Fault, request: Request) -> Response:
    """A fault in the form that container clients read."""
    words = wording.WORDS[type(fault)]
    # who has to ask the server's operator needs it, and not all clients show headers
    detail = {"requestId": request.id} if words.oci_status >= 500 else None
    headers = _headers(fault, words.oci_status, request)
    return error(words.oci_status, words.oci, wording.oci_text(fault), headers, detail)


def failure(request_id: str) -> Response:
    """Something that should not have happened; the log knows more under the same id."""
    message = f"The request {request_id} failed for a reason of the server's own"
    return error(500, "UNKNOWN", message, [], {"requestId": request_id})


def error(
    status: int, code: str, message: str, headers: list[Header], detail: Mapping[str, str] | None = None
) -> Response:
    """The one form of an error."""
    told = {"code": code, "message": message}
    body = msgspec.json.encode({"errors": [{**told, "detail": detail} if detail else told]})
    return Response(status, [VERSION_HEADER, (b"content-type", JSON), *headers], body)


def _headers(fault: f.Fault, status: int, request: Request) -> list[Header]:
    if status == 401:
        return [(b"www-authenticate", _challenge(request).encode())]
    if isinstance(fault, f.MethodNotAllowed):
        return [(b"allow", fault.allowed.encode())]
    if isinstance(fault, f.ChunkMisplaced):
        return [
            (b"location", f"/v2/{fault.repository}/blobs/uploads/{fault.upload}".encode()),
            (b"range", received(fault.size)),
        ]
    if isinstance(fault, f.RangeNotSatisfiable):
        return [(b"content-range", b"bytes */%d" % fault.size)]
    return []


def _challenge(request: Request) -> str:
    # a host is echoed only if it can stand in a quoted string
    host = request.host
    realm = host if host.isascii() and host.isprintable() and not {'"', "\\"} & set(host) else ""
    if request.challenge == "Bearer":
        scheme = "https" if request.is_secure else "http"
        return f'Bearer realm="{scheme}://{realm}/v2/token",service="{realm}"'
    return f'Basic realm="https://{realm}/",service="ecr.amazonaws.com"'


def received(size: int) -> bytes:
    """The Range header of an upload; one without a byte shows as `0-0`, as every registry does."""
    return b"0-%d" % max(0, size - 1)
