"""Requests that a server is in the middle of."""

from __future__ import annotations

import http.client
from collections.abc import Mapping


def send_half(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str], content: bytes
) -> bytes:
    """A request whose body the server has begun to ask for, and was sent the first half of: the other half."""
    connection.putrequest(method, path)
    for name, value in {**headers, "Content-Length": str(len(content)), "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    told = connection.sock.recv(1000)
    assert told == b"HTTP/1.1 100 Continue\r\n\r\n", told
    connection.send(content[: len(content) // 2])
    return content[len(content) // 2 :]
