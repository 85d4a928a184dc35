"""A client of a running server: signed JSON over HTTP, one request per call."""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any, Final
from urllib.parse import urlsplit

import click
import msgspec

from wharfinger.api import sigv4
from wharfinger.cli.access import Access
from wharfinger.contract import wharfinger as contract
from wharfinger.contract.service import Service, Shape

Document = dict[str, Any]
_CONNECT_SECONDS: Final = 10
_ANSWER_SECONDS: Final = 300  # a plan over a large registry is one call
_LONGEST_ANSWER: Final = 256 * 1024 * 1024
_PAGE: Final = 1000  # the most that lists give at a time


class Failure(click.ClickException):
    """Something that the server or the way to it refused, told in one sentence; exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence."""
        click.echo(f"wharfinger: {printable(self.message)}", file=file, err=file is None)


def printable(text: str) -> str:
    """On one line, and without what would move the cursor: others wrote reasons, tags and messages."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class Client:
    """Calls with the key of an Access. Answers are documents as the service model has them, times as seconds."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def call(self, request: Shape, service: Service = contract.SERVICE) -> Document:
        """One call of an operation, which the type of the request names. Raises Failure."""
        operation = type(request).__name__.removesuffix("Request")
        body = msgspec.json.encode(request)
        status, answer = self._post(body, signed(self._access, service, operation, body, datetime.now(UTC)))
        try:
            document = msgspec.json.decode(answer, type=Document)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Failure(f"{self._access.address} answered {status} with something else than JSON") from None
        if status != http.client.OK:
            raise Failure(str(document.get("message") or document.get("__type") or f"the server answered {status}"))
        return document

    def pages(self, request: Shape, member: str, service: Service = contract.SERVICE) -> Iterator[Document]:
        """The items of a list, each page called for when it is needed. Raises Failure."""
        asked = msgspec.structs.replace(request, max_results=_PAGE)
        while True:
            answer = self.call(asked, service)
            yield from answer.get(member) or ()
            if not answer.get("nextToken"):
                return
            asked = msgspec.structs.replace(asked, next_token=answer["nextToken"])

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = _connection(self._access)
        try:
            connection.connect()
            connection.sock.settimeout(_ANSWER_SECONDS)
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            content = answer.read(_LONGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"no answer from {self._access.address}: {_why(error)}; is the server running?") from None
        finally:
            connection.close()
        if len(content) > _LONGEST_ANSWER:
            raise Failure(f"the answer of {self._access.address} is longer than any should be")
        return answer.status, content


def signed(access: Access, service: Service, operation: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a call, its signature among them."""
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": urlsplit(access.address).netloc,
        "x-amz-date": at.strftime(sigv4.TIME),
        **({"x-amz-security-token": access.token} if access.token else {}),
        "x-amz-target": f"{service.target_prefix}.{operation}",
    }
    who = (access.key, access.secret, access.region, service.signing_name)
    body_hash = hashlib.sha256(body).hexdigest()
    headers["authorization"] = sigv4.authorization(*who, headers, method="POST", body_hash=body_hash)
    return headers


def _connection(access: Access) -> http.client.HTTPConnection:
    parts = urlsplit(access.address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise click.UsageError(
            f"{access.address!r} is no address of a server: it has to begin with http:// or https://"
        )
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_CONNECT_SECONDS)
    try:
        context = ssl.create_default_context(cafile=access.authority)
    except OSError as error:
        raise Failure(f"the certificates to trust, {access.authority}, cannot be read: {_why(error)}") from None
    return http.client.HTTPSConnection(host, port, timeout=_CONNECT_SECONDS, context=context)


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
