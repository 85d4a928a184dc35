"""The ECR API without an SDK in between: what is sent is sent as it is, what is answered is shown as it is."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import urllib3

from support.registry import Registry

TARGET = "AmazonEC2ContainerRegistry_V20150921"
JSON_1_1 = "application/x-amz-json-1.1"
Headers = Mapping[str, str | None]


class Reply(NamedTuple):
    """Status, headers (names in any case) and body."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of an error."""
        return self.json["__type"], self.json["message"]


class Wire:
    """Raw calls as the principal of a registry on an open server."""

    def __init__(self, registry: Registry) -> None:
        self._server = registry.server
        self._account = registry.account
        self._region = registry.region

    def call(
        self,
        operation: str,
        body: Mapping[str, Any] | Sequence[Any] | bytes | Iterable[bytes] = b"{}",
        headers: Headers | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """One call; a mapping is sent as JSON, bytes as they are, pieces as chunks. A header of None is not sent."""
        content = json.dumps(body).encode() if isinstance(body, (Mapping, list)) else body
        sent = {**self.headers(operation), **(headers or {})}
        answer = urllib3.request(
            "POST",
            self._server.endpoint + "/",
            body=content,
            headers={name: value for name, value in sent.items() if value is not None},
            retries=False,
            timeout=timeout,
        )
        return Reply(answer.status, answer.headers, answer.data)

    def headers(self, operation: str) -> dict[str, str]:
        """What an SDK sends along."""
        scope = f"{self._account}/20260101/{self._region}/ecr/aws4_request"
        return {
            "Content-Type": JSON_1_1,
            "X-Amz-Target": f"{TARGET}.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, "
            "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
        }

    def begin(self, operation: str, framing: str, body: bytes = b"") -> socket.socket:
        """Say by `framing` that more is to come than `body`, and send no more."""
        lines = [f"{name}: {value}" for name, value in self.headers(operation).items()]
        head = "\r\n".join(["POST / HTTP/1.1", f"Host: {self._server.host}", *lines, framing, "", ""])
        connection = socket.create_connection(("127.0.0.1", self._server.port), timeout=30)
        connection.sendall(head.encode() + body)
        return connection

    def cut_off(self, operation: str, framing: str, body: bytes) -> bytes:
        """The same, and end there: what was answered, if anything."""
        with self.begin(operation, framing, body) as connection:
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer


def values(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in parsed JSON that is no list and no object, with its path."""
    if isinstance(data, dict):
        for name, item in data.items():
            yield from values(item, f"{path}.{name}")
    elif isinstance(data, list):
        for number, item in enumerate(data):
            yield from values(item, f"{path}[{number}]")
    else:
        yield path, data
