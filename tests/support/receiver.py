"""A receiver of web hooks that really listens, and answers as a test says."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self


class Delivery(NamedTuple):
    """One POST as it came, and the status that it was answered with."""

    path: str
    headers: Mapping[str, str]  # names in small letters
    body: bytes
    status: int

    @property
    def events(self) -> list[Any]:
        """What it tells of."""
        events: list[Any] = json.loads(self.body)
        return events


class Receiver:
    """Listens on a port of 127.0.0.1 while it is entered; answers 204 unless `answers` has something else to say."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int | bytes] = []  # the next ones: a status, or all of an answer
        self.raw: bytes | None = None  # always this, whatever it is
        self.opened = threading.Event()  # while it is closed, nothing is answered
        self.opened.set()
        self.asked = 0  # requests that came, answered or not
        self._server = _Server(("127.0.0.1", port), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def taken(self) -> list[Any]:
        """The events that were answered with 2xx."""
        return [event for one in list(self.deliveries) if one.status // 100 == 2 for event in one.events]

    @property
    def tags(self) -> list[str | None]:
        """Of the events that were taken."""
        return [event["detail"].get("image-tag") for event in self.taken]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.opened.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what some tests are about."""


def _handler(receiver: Receiver) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.asked += 1
            receiver.opened.wait()
            answer: int | bytes = receiver.answers.pop(0) if receiver.answers else 204
            status = answer if isinstance(answer, int) else int(answer.split()[1])
            if receiver.raw is not None:
                answer, status = receiver.raw, 0
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.deliveries.append(Delivery(self.path, headers, body, status))
            text = answer if isinstance(answer, bytes) else b"HTTP/1.1 %d Whatever\r\n\r\n" % status
            with suppress(OSError):
                self.wfile.write(text)

        def do_GET(self) -> None:
            receiver.deliveries.append(Delivery(self.path, {}, b"[]", 200))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class has
            pass

    return Handler
