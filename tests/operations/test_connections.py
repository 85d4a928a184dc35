"""New connections: every worker gets its share of them, and what waits for one that died is not lost."""

from __future__ import annotations

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.oci import Oci
from support.server import Server


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with Server(directory, open=True, workers=2) as running:
        yield running


def test_connections_that_come_at_once_are_shared_by_the_workers(server: Server) -> None:
    """Of one queue for both, the one that is awake would take all of every other burst; by chance it is one in 128."""
    bursts = [burst(server, 8) for _ in range(20)]
    assert sum(len(set(takers)) == 1 for takers in bursts) <= 4, bursts


def burst(server: Server, size: int) -> list[int]:
    """The workers that take connections which are opened faster than one worker wakes up."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(size)]
        for each in sockets:
            each.connect(("127.0.0.1", server.port))
        return [server.taker(adopted(server, each)) for each in sockets]


def adopted(server: Server, connected: socket.socket) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.sock = connected
    return connection


def test_connections_of_a_worker_that_was_killed_are_served_by_its_successor(server: Server) -> None:
    os.kill(server.workers()[0], signal.SIGKILL)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: Oci(server.endpoint, None).get("/healthz").status, range(32)))
    assert answers == [200] * 32
