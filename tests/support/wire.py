"""HTTP as bytes on a socket: half a body, a path that no library would send, a reader that stalls."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import urllib3

from support.answer import Answer
from support.server import Server


class Wire:
    """One connection, with the login of a password if there is one."""

    def __init__(self, server: Server, password: str | None = None, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", server.port))
        self._headers = {"Host": server.host}
        if password is not None:
            self._headers |= urllib3.make_headers(basic_auth=f"AWS:{password}")
        self._method = ""

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        """The head of a request; a body is sent by `send`."""
        self._method = method
        lines = [f"{name}: {value}" for name, value in {**self._headers, **(headers or {})}.items()]
        self.send("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1"))

    def send(self, content: bytes) -> None:
        """Bytes as they are."""
        self._socket.sendall(content)

    def send_all_that_is_taken(self, size: int) -> None:
        """A body of zeros, until it ends or the server does not listen any more."""
        piece = bytes(64 * 1024)
        try:
            for _ in range(size // len(piece)):
                self.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            return

    def head(self) -> bytes:
        """The next head that the server sends, and no byte of what follows it."""
        found = b""
        while not found.endswith(b"\r\n\r\n"):
            byte = self._socket.recv(1)
            assert byte, f"the connection ended after {found!r}"
            found += byte
        return found

    def read(self, size: int) -> bytes:
        """So many bytes of what the server sends."""
        found = b""
        while len(found) < size and (piece := self._socket.recv(size - len(found))):
            found += piece
        return found

    def answer(self) -> Answer:
        """The whole answer to the last request."""
        with http.client.HTTPResponse(self._socket, method=self._method) as response:
            response.begin()
            headers = urllib3.HTTPHeaderDict()
            for name, value in response.getheaders():
                headers.add(name, value)
            return Answer(response.status, headers, response.read())

    def hang_up(self) -> None:
        """Send no more; what the server still says can be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Go away, whatever was promised."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
