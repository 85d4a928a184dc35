"""A scrape reaches one worker, and tells of all: also of those that have ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from urllib3 import HTTPHeaderDict

from support import postgresql
from support.answer import Answer
from support.oci import Oci
from support.poll import until
from support.registry import Registry
from support.scraped import Scraped
from support.server import Server
from support.tls import connection, encrypted
from wharfinger.server.shares import Block, Share

ACCOUNT = "000000000001"


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with Server(directory, open=True, workers=2) as running:
        yield running


def scraped(server: Server) -> Scraped:
    return Scraped(Oci(server.endpoint, None).get("/metrics"))


def scraped_of(server: Server, worker: int) -> Scraped:
    with server.connected(worker) as client:
        client.request("GET", "/metrics")
        answer = client.getresponse()
        return Scraped(Answer(answer.status, HTTPHeaderDict(), answer.read()))


def ask(server: Server, worker: int, times: int) -> None:
    """Requests without a login."""
    with server.connected(worker) as client:
        for _ in range(times):
            client.request("GET", "/v2/")
            answer = client.getresponse()
            assert (answer.status, answer.read() != b"") == (401, True)


def asked(server: Server, worker: int) -> float:
    return scraped_of(server, worker).requests("oci", "GET ping", "4xx")


def test_the_figures_of_two_workers_are_exact_whichever_is_asked(server: Server) -> None:
    one, two = server.workers()
    ask(server, one, 7)
    ask(server, two, 5)
    assert [asked(server, worker) for worker in (one, two)] == [12, 12]


def test_what_a_killed_worker_counted_stays_and_its_successor_goes_on(server: Server) -> None:
    killed, other = server.workers()
    ask(server, killed, 7)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - {killed}) == 2, "the worker is replaced")
    until(lambda: not Path(f"/proc/{killed}").exists(), "nothing is left of it")
    [new] = set(server.workers()) - {killed, other}
    until(lambda: scraped(server).value("wharfinger_workers") == 2, "the new worker counts")
    ask(server, new, 5)
    assert asked(server, new) == 12


def test_statements_of_all_workers_are_told(server: Server) -> None:
    Registry(server, ACCOUNT).create("app")
    for worker in server.workers():
        found = scraped_of(server, worker)
        assert found.value("wharfinger_workers") == 2
        connections = found.value("wharfinger_database_connections")
        assert connections >= 2 if postgresql.IN_USE else connections == 4  # a pool has as many as it needed
        assert found.value("wharfinger_memory_bytes", process="workers") > 10_000_000
        assert found.value("wharfinger_memory_bytes", process="parent") > 10_000_000


def test_jobs_that_were_done_are_counted(server: Server) -> None:
    until(
        lambda: scraped(server).value("wharfinger_jobs_total", kind="trail", outcome="done") == 1,
        "the job that each server begins with is counted",
    )


def test_it_is_told_when_the_certificate_that_is_shown_ends(directory: Path) -> None:
    with encrypted(directory, open=True) as server, connection(server) as client:
        client.request("GET", "/metrics")
        answer = client.getresponse()
        found = Scraped(Answer(answer.status, HTTPHeaderDict(), answer.read()))
        shown = x509.load_pem_x509_certificate(Path(server.settings["tls_cert"]).read_bytes())
    expiry = found.value("wharfinger_certificate_expiry_seconds")
    assert expiry == shown.not_valid_after_utc.timestamp()


# --- shares --------------------------------------------------------------------------------------------------


def in_another_process(path: str, gauges: tuple[int, ...], add: float) -> None:
    """A worker that adds to all of three numbers, and is killed."""
    pid = os.fork()
    if not pid:
        share = Share(3, gauges, path)
        for place in range(3):
            share.numbers[place] += add
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_share_of_one_that_ended_is_gone_on_with() -> None:
    block = Block()
    for _ in range(50):
        in_another_process(block.path, (), 2)
    share = Share(3, (), block.path)
    assert list(share.numbers) == [100, 100, 100]
    assert share.totals() == ([100, 100, 100], [os.getpid()])


def test_what_tells_of_now_ends_with_its_worker() -> None:
    block = Block()
    share = Share(3, (1,), block.path)
    in_another_process(block.path, (1,), 2)
    share.numbers[1] = 5
    assert share.totals()[0] == [2, 5, 2]


def test_a_block_takes_up_room_for_those_at_a_time_only() -> None:
    block = Block()
    for _ in range(20):
        in_another_process(block.path, (), 1)
    held = Path(block.path).stat().st_blocks * 512
    assert held <= os.sysconf("SC_PAGESIZE")
