"""A server that is told to stop says so first, and load balancers get the time that they need."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.doors import Doors
from support.poll import until
from support.server import Server


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with Server(directory, open=True, workers=2, drain_delay=3) as running:
        yield running
        running.kill()


def asked(server: Server, path: str) -> tuple[int, str, bytes]:
    """Status, the header `connection` and body of an answer over a new connection."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("connection", ""), answer.read()


def test_a_server_that_leaves_says_so_and_still_answers_those_who_have_not_heard(server: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(server.stop)
        until(lambda: asked(server, "/readyz")[0] == 503, "it says that it leaves")
        assert asked(server, "/readyz")[2] == b"not ready: leaving\n"
        assert asked(server, "/healthz")[:2] == (200, "close")
        assert asked(server, "/v2/")[:2] == (401, "close")
        assert not ended.done()
        assert ended.result(60) == 0


async def test_connections_that_are_open_are_not_come_back_on(doors: Doors) -> None:
    assert "connection" not in (await doors.request("GET", "/healthz")).headers
    doors._application.end()
    assert (await doors.request("GET", "/healthz")).headers["connection"] == "close"


async def test_a_worker_that_was_replaced_is_still_ready(doors: Doors) -> None:
    """It leaves, but the server does not: a probe that it answers is about the server."""
    doors._application.leave()
    answer = await doors.request("GET", "/readyz")
    assert answer.status == 200
    assert answer.headers["connection"] == "close"
