"""A certificate that is renewed is shown without a restart: no request is lost by it, and no bad pair is taken."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from support.certificates import certificate
from support.content import sha256
from support.in_flight import send_half
from support.oci import Oci
from support.poll import until
from support.registry import new_password
from support.server import REGION, WEB_SERVER, Server
from support.tls import connection, encrypted, renew, serial, serial_shown, status
from wharfinger.server import serve

pytestmark = pytest.mark.skipif(WEB_SERVER != "granian", reason="only `wharfinger serve` looks at the files again")
CONTENT = os.urandom(200_000)
TAKEN = "show the new certificate"
NOT_TAKEN = "all stays as it was"


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with encrypted(directory, open=True, workers=2) as running:
        yield running
        running.kill()  # and what a test left of it


@pytest.fixture
def login(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A repository `app`, and the header for it."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(server.directory / "tls/trust/ca.crt"))
    ecr = server.ecr("000000000001", region=REGION)
    ecr.create_repository(repositoryName="app")
    return dict(urllib3.make_headers(basic_auth=f"AWS:{new_password(ecr)}"))


def renewed(server: Server) -> None:
    """The certificate was renewed, and all workers show the new one."""
    times = server.log.read_text().count(TAKEN)
    made = renew(server.directory)
    until(lambda: server.log.read_text().count(TAKEN) > times, "all workers were replaced")
    until(lambda: serial_shown(server) == serial(made.certificate), "the new certificate is shown")


def write(server: Server, content: bytes, name: str = "server.crt") -> None:
    """As one who does not care for those who read."""
    (server.directory / "tls" / name).write_bytes(content)


def refused(server: Server, times: int = 1) -> None:
    """The server has said that it does not take what is in the files."""
    until(lambda: server.log.read_text().count(NOT_TAKEN) >= times, "it is said that the pair is not taken")


@contextmanager
def asking(server: Server, login: dict[str, str], *, kept: bool) -> Iterator[list[str]]:
    """Clients that ask all the time, each on a new connection, or on one that is kept: what went wrong for them."""
    failures: list[str] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                with connection(server) as client:
                    is_open = True
                    while is_open and not ended.is_set():
                        client.request("GET", "/v2/", headers=login)
                        answer = client.getresponse()
                        answer.read()
                        assert answer.status == 200
                        is_open = kept and not answer.will_close
            except (OSError, http.client.HTTPException, AssertionError) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield failures
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_a_renewed_certificate_is_shown_without_a_restart(server: Server) -> None:
    before = serial_shown(server)
    renewed(server)
    assert serial_shown(server) != before


@pytest.mark.parametrize("kept", [False, True], ids=["on new connections", "on kept connections"])
def test_no_request_fails_while_the_certificate_is_renewed(server: Server, login: dict[str, str], kept: bool) -> None:
    before = set(server.workers())
    with asking(server, login, kept=kept) as failures:
        for _ in range(2):
            renewed(server)
        until(lambda: not before & set(server.workers()), "the old workers have ended")
    assert failures == []


def test_an_upload_in_flight_is_finished_while_the_certificate_is_renewed(
    server: Server, login: dict[str, str]
) -> None:
    with connection(server) as upload:
        rest = send_half(upload, "POST", f"/v2/app/blobs/uploads/?digest={sha256(CONTENT)}", login, CONTENT)
        made = renew(server.directory)
        until(lambda: TAKEN in server.log.read_text(), "all workers were replaced")
        assert serial_shown(server) == serial(made.certificate)
        upload.send(rest)
        assert upload.getresponse().status == 201


def test_a_download_in_flight_is_finished_while_the_certificate_is_renewed(
    server: Server, login: dict[str, str]
) -> None:
    content = os.urandom(20_000_000)
    with connection(server) as client:
        client.request("POST", f"/v2/app/blobs/uploads/?digest={sha256(content)}", content, login)
        assert client.getresponse().status == 201
    with connection(server) as reader:
        reader.request("GET", f"/v2/app/blobs/{sha256(content)}", headers=login)
        answer = reader.getresponse()
        first = answer.read(1000)
        renew(server.directory)
        until(lambda: TAKEN in server.log.read_text(), "all workers were replaced")
        assert sha256(first + answer.read()) == sha256(content)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB", b"no certificate"])
def test_half_a_certificate_is_not_taken(server: Server, content: bytes) -> None:
    before = serial_shown(server)
    write(server, content)
    refused(server)
    assert serial_shown(server) == before


def test_a_certificate_that_the_key_does_not_fit_is_not_taken(server: Server, tmp_path: Path) -> None:
    before = serial_shown(server)
    write(server, certificate(tmp_path, "localhost").path.read_bytes())
    refused(server)
    assert serial_shown(server) == before


def test_a_pair_that_is_not_taken_is_told_of_once(server: Server) -> None:
    write(server, b"no certificate")
    refused(server)
    renewed_by_hand = server.log.read_text().count(NOT_TAKEN)
    write(server, b"no certificate either")
    refused(server, renewed_by_hand + 1)
    assert server.log.read_text().count(NOT_TAKEN) == renewed_by_hand + 1


def test_a_worker_that_is_started_beside_a_bad_pair_shows_the_old_certificate(server: Server) -> None:
    before = serial_shown(server)
    write(server, b"no certificate")
    refused(server)
    old = set(server.workers())
    for worker in old:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - old) == 2, "the workers are replaced")
    server.wait()
    assert serial_shown(server) == before


def test_files_that_are_gone_change_nothing_until_they_are_back(server: Server) -> None:
    before = serial_shown(server)
    path = server.directory / "tls" / "server.crt"
    away = path.rename(path.with_suffix(".away"))
    refused(server)
    assert serial_shown(server) == before
    away.rename(path)
    renewed(server)


def test_a_good_pair_is_taken_after_a_bad_one(server: Server) -> None:
    path = server.directory / "tls" / "server.crt"
    good = path.read_bytes()
    write(server, b"no certificate")
    refused(server)
    write(server, good)
    renewed(server)


def test_a_server_that_is_replacing_its_workers_can_be_stopped(server: Server) -> None:
    before = set(server.workers())
    renew(server.directory)
    until(lambda: bool(set(server.workers()) - before), "a new worker is there")
    assert server._process is not None
    server._process.terminate()
    assert server._process.wait(serve.DRAIN_SECONDS / 2) == 0  # after the whole of it, workers would be killed


def test_an_old_worker_that_is_still_at_work_ends_with_the_server(server: Server, login: dict[str, str]) -> None:
    with connection(server) as upload:
        rest = send_half(upload, "POST", f"/v2/app/blobs/uploads/?digest={sha256(CONTENT)}", login, CONTENT)
        renew(server.directory)
        until(lambda: TAKEN in server.log.read_text(), "all workers were replaced")
        assert server._process is not None
        server._process.terminate()
        upload.send(rest)
        assert upload.getresponse().status == 201
        assert server._process.wait(60) == 0


def test_a_worker_that_cannot_start_does_not_take_the_place_of_one_that_serves(server: Server) -> None:
    before, workers = serial_shown(server), set(server.workers())
    key = server.directory / "master.key"
    away = key.rename(key.with_suffix(".away"))
    renew(server.directory)
    refused(server)
    assert (serial_shown(server), status(server)) == (before, 200)
    assert workers <= set(server.workers())
    away.rename(key)
    renewed(server)


def test_a_worker_that_does_not_stop_in_its_time_is_killed() -> None:
    worker = multiprocessing.get_context("fork").Process(target=signal.pause)
    worker.start()
    serve._end(worker, 0)
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL


def test_hangup_replaces_the_workers_of_a_server_without_tls(directory: Path) -> None:
    with Server(directory, open=True, workers=2) as server:
        before = set(server.workers())
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: len(set(server.workers()) - before) == 2, "there are two new workers")
        until(lambda: not before & set(server.workers()), "the old ones end")
        assert Oci(server.endpoint, None).get("/readyz").status == 200
