"""Something between a server and its S3: it counts the requests, and answers some of them itself as a test says."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

Trouble = Literal["cut", "cut after", "silence"]


class Asked(NamedTuple):
    """A request, by what it does."""

    method: str
    what: str  # object, part, copy, begin, complete, abort, list, delete, bucket


class Answered(NamedTuple):
    """An answer that does not come from the store."""

    status: int
    body: bytes


Meddle = Callable[[Asked], Answered | Trouble | None]
_SOURCE: Final = "x-amz-copy-source"
_RANGE: Final = "x-amz-copy-source-range"


def error(status: int, code: str) -> Answered:
    """As S3 says it."""
    return Answered(status, f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode())


class Between:
    """`asked` is what came through; `meddle` decides what does not get to the store, or whose answer is lost."""

    def __init__(self, endpoint: str) -> None:
        self.asked: list[Asked] = []
        self.copies: list[tuple[str, str | None]] = []  # to which path within the store, and of which range
        self.meddle: Meddle = lambda _: None
        self.address = ""
        self.end = threading.Event()  # of all silence
        self._target = urlsplit(endpoint).netloc

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """One request and its answer."""
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        asked = Asked(handler.command, _what(handler.command, handler.path, is_copy=_SOURCE in handler.headers))
        self.asked.append(asked)
        if asked.what == "copy":
            self.copies.append((urlsplit(handler.path).path, handler.headers.get(_RANGE)))
        answer = self.meddle(asked)
        if answer == "silence":
            self.end.wait(30)
        if answer in {"cut", "silence"}:
            handler.close_connection = True
            return
        if isinstance(answer, Answered):
            self._reply(handler, answer.status, [], answer.body)
            return
        with closing(http.client.HTTPConnection(self._target, timeout=60)) as connection:
            try:
                connection.request(handler.command, handler.path, body, dict(handler.headers))
                found = connection.getresponse()
                content = found.read()
            except (OSError, http.client.HTTPException):
                answer = "cut after"  # by the store itself
        if answer == "cut after":
            handler.close_connection = True
            return
        self._reply(handler, found.status, found.getheaders(), content)

    def _reply(
        self, handler: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes
    ) -> None:
        handler.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding"} and not (
                name.lower() == "content-length" and handler.command != "HEAD"
            ):
                handler.send_header(name, value)
        if handler.command != "HEAD":
            handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


@contextmanager
def between(endpoint: str) -> Iterator[Between]:
    """Listens within the block."""
    made = Between(endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def _handle(self) -> None:
            made.handle(self)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            made.end.set()
            server.shutdown()
            thread.join()


def _what(method: str, path: str, *, is_copy: bool) -> str:
    parts = urlsplit(path)
    is_object = parts.path.strip("/").count("/") > 0
    if not is_object:
        return "list" if method == "GET" else "delete" if method == "POST" else "bucket"
    if is_copy:
        return "copy"
    if "partNumber=" in parts.query:
        return "part"
    if method == "POST":
        return "begin" if parts.query.startswith("uploads") else "complete"
    if "uploadId=" in parts.query:
        return "abort"
    return "object"
