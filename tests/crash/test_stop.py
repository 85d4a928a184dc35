"""Stopping and starting: requests in flight are answered, lost processes are replaced, mix-ups are explained."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from support.content import image, sha256
from support.in_flight import send_half
from support.poll import until
from support.ports import free_port
from support.registry import Registry
from support.server import Server
from support.wire import Wire
from wharfinger.server.serve import DRAIN_SECONDS

ACCOUNT = "000000000001"
CONTENT = os.urandom(200_000)


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    """A server of the test's own, with two workers."""
    with Server(directory, open=True, workers=2) as running:
        yield running
        running.kill()  # and what a test left of it


@pytest.fixture
def registry(server: Server) -> Registry:
    made = Registry(server, ACCOUNT)
    made.create("app")
    return made


class HalfSent:
    """A blob, or a chunk of one, of which half was sent to a server that has begun to read it."""

    def __init__(self, registry: Registry, method: str = "POST", path: str | None = None) -> None:
        server = registry.server
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        path = path or f"/v2/app/blobs/uploads/?digest={sha256(CONTENT)}"
        login = {"Authorization": registry.oci._headers["authorization"]}
        self._rest = send_half(self._connection, method, path, login, CONTENT)

    def finish(self) -> int:
        """Send the rest: the status of the answer."""
        self._connection.send(self._rest)
        status = self._connection.getresponse().status
        self._connection.close()
        return status


@contextlib.contextmanager
def stopping(server: Server) -> Iterator[Future[int]]:
    """SIGTERM was sent; the exit status comes when the server has ended."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(server.stop)


def is_refused(server: Server) -> bool:
    """Whether a new request is turned away, and not left waiting."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except (ConnectionError, http.client.RemoteDisconnected):
            return True
    return False


def wait_on(server: Server) -> None:
    """Until the server has been stopping for a while: what it does again and again meanwhile has been done often."""
    until(lambda: is_refused(server), "new requests are refused")
    time.sleep(1.5)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def serve(directory: Path, port: int) -> subprocess.CompletedProcess[str]:
    """A server that is expected not to start."""
    command = [sys.executable, "-m", "wharfinger", "serve", "--data", str(directory), "--port", str(port)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)


# --- stopping ------------------------------------------------------------------------------------------------


def test_an_upload_in_flight_is_finished_when_the_server_is_told_to_stop(server: Server, registry: Registry) -> None:
    upload = HalfSent(registry)
    with stopping(server) as ended:
        until(lambda: is_refused(server), "new requests are refused")
        assert upload.finish() == 201
        assert ended.result(60) == 0
    server.start()
    assert registry.oci.get(f"/v2/app/blobs/{sha256(CONTENT)}").body == CONTENT


def test_new_requests_are_refused_while_the_server_stops(server: Server, registry: Registry) -> None:
    upload = HalfSent(registry)
    with stopping(server):
        until(lambda: is_refused(server), "new requests are refused")
        assert is_refused(server)
        upload.finish()


def test_a_download_in_flight_is_finished_when_the_server_is_told_to_stop(server: Server, registry: Registry) -> None:
    content = os.urandom(20_000_000)
    registry.oci.push_blob("app", content, sha256(content))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", f"/v2/app/blobs/{sha256(content)}", headers=dict(registry.oci._headers))
    answer = connection.getresponse()
    first = answer.read(1000)
    with stopping(server) as ended:
        until(lambda: is_refused(server), "new requests are refused")
        assert first + answer.read() == content
        connection.close()
        assert ended.result(60) == 0


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_upload_that_goes_on_for_a_while_is_finished_before_the_server_ends(
    server: Server, registry: Registry, method: str
) -> None:
    path = registry.oci.begin("app") if method == "PATCH" else None
    upload = HalfSent(registry, method, path)
    with stopping(server) as ended:
        wait_on(server)
        assert upload.finish() == (201 if method == "POST" else 202)
        assert ended.result(60) == 0


def test_an_upload_in_flight_is_finished_after_ctrl_c(server: Server, registry: Registry) -> None:
    upload = HalfSent(registry)
    os.killpg(server.pid, signal.SIGINT)  # as a terminal does: to the workers too
    wait_on(server)
    assert upload.finish() == 201
    assert server._process is not None
    assert server._process.wait(60) == 0


def test_a_worker_leaves_ctrl_c_to_its_parent(server: Server, registry: Registry) -> None:
    """It would be told twice to stop, and the second time cuts off what the first one let finish."""
    upload, workers = HalfSent(registry), server.workers()
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    time.sleep(0.5)
    assert upload.finish() == 201
    assert server.workers() == workers


def test_a_chunk_that_was_finished_while_the_server_stopped_is_there_when_it_is_started(
    server: Server, registry: Registry
) -> None:
    path = registry.oci.begin("app")
    upload = HalfSent(registry, "PATCH", path)
    with stopping(server):
        wait_on(server)
        upload.finish()
    server.start()
    assert registry.oci.get(path).headers["Range"] == f"0-{len(CONTENT) - 1}"


# a range goes through the program piece by piece, a whole blob is sent by the web server
@pytest.mark.parametrize("headers", [{"Range": "bytes=0-"}, {}], ids=["a range", "a whole blob"])
def test_a_download_that_goes_on_for_a_while_is_finished_before_the_server_ends(
    server: Server, registry: Registry, headers: dict[str, str]
) -> None:
    content = os.urandom(50_000_000)
    registry.oci.push_blob("app", content, sha256(content))
    with Wire(server, registry.password, receive_buffer=64 * 1024) as reader:
        reader.request("GET", f"/v2/app/blobs/{sha256(content)}", headers)
        assert reader.head().startswith(b"HTTP/1.1 206 " if headers else b"HTTP/1.1 200 ")
        first = reader.read(len(content) // 2)
        with stopping(server) as ended:
            wait_on(server)
            assert sha256(first + reader.read(len(content) - len(first))) == sha256(content)
            assert ended.result(60) == 0


def test_an_idle_connection_does_not_keep_the_server_from_stopping(server: Server) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        assert server.stop() == 0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_with_status_0(server: Server, sent: signal.Signals) -> None:
    assert server._process is not None
    server._process.send_signal(sent)
    assert server._process.wait(60) == 0


def test_a_worker_that_is_just_starting_stops_with_the_server(server: Server) -> None:
    before = set(server.workers())
    os.kill(min(before), signal.SIGKILL)
    while not set(server.workers()) - before:
        pass  # without a pause: it is about the first moments of the new one
    assert server._process is not None
    server._process.terminate()
    server._process.wait(DRAIN_SECONDS / 2)  # after the whole of it, the worker would be killed


def has_come_to(server: Server, step: str, workers: int) -> bool:
    """Whether a server that was just started has done one of its first steps."""
    if step in {"server.lock", "server.json"}:
        return (server.directory / step).exists()
    if step == "an answer":
        return readiness(server) == 200
    return len(server.workers()) >= {"nothing": 0, "a worker": 1, "all workers": workers}[step]


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("step", ["nothing", "server.lock", "server.json", "a worker", "all workers", "an answer"])
def test_a_server_that_has_just_been_started_can_be_stopped(tmp_path: Path, workers: int, step: str) -> None:
    for number in range(3):
        server = Server(tmp_path / str(number), open=True, workers=workers)
        server.launch()
        while not has_come_to(server, step, workers):
            pass  # without a pause: it is about the first moments
        assert server._process is not None
        server._process.terminate()
        server._process.wait(DRAIN_SECONDS / 2)  # after the whole of it, the workers would be killed


def test_no_worker_outlives_the_server(server: Server) -> None:
    workers = server.workers()
    server.stop()
    assert [pid for pid in workers if is_alive(pid)] == []


# --- losing processes ----------------------------------------------------------------------------------------


def test_a_worker_that_was_killed_is_replaced(server: Server) -> None:
    killed, other = server.workers()
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - {killed}) == 2, "there are two workers again")
    assert other in server.workers()


def test_killing_a_worker_loses_nothing_that_was_acknowledged(server: Server, registry: Registry) -> None:
    pushed = [image() for _ in range(5)]
    for number, one in enumerate(pushed):
        registry.oci.push("app", one, f"t{number}")
    killed = server.workers()[0]
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - {killed}) == 2, "there are two workers again")
    server.wait()
    tags = Registry(server, ACCOUNT).tags("app")
    assert tags == {f"t{number}": one.digest for number, one in enumerate(pushed)}


def test_an_upload_goes_on_with_another_worker_when_its_own_was_killed(server: Server, registry: Registry) -> None:
    upload = registry.oci.begin("app")
    assert registry.oci.call("PATCH", upload, CONTENT[:1000]).status == 202
    before = set(server.workers())
    for killed in before:
        os.kill(killed, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - before) == 2, "the workers are replaced")
    server.wait()
    fresh = Registry(server, ACCOUNT).oci
    assert fresh.get(upload).headers["Range"] == "0-999"
    assert fresh.call("PUT", f"{upload}?digest={sha256(CONTENT)}", CONTENT[1000:]).status == 201


def test_a_server_does_not_keep_a_worker_that_could_not_open_its_data(server: Server) -> None:
    """It may try again or end: what must not be is that a part of the requests is never answered again."""
    assert server._process is not None
    key = server.directory / "master.key"
    key.rename(key.with_suffix(".away"))
    before = set(server.workers())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not before & set(server.workers()), "the workers are replaced, or the server ends")
    until(lambda: server_ended(server) or readiness(server) == 503, "the new workers have failed")
    key.with_suffix(".away").rename(key)
    until(lambda: server_ended(server) or readiness(server) == 200, "the server answers again, or has ended")


def server_ended(server: Server) -> bool:
    assert server._process is not None
    return server._process.poll() is not None


def readiness(server: Server) -> int:
    """The status of the answer, 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    return 0


def test_workers_whose_parent_was_killed_end_by_themselves(server: Server) -> None:
    workers = server.workers()
    kill_parent(server)
    until(lambda: not any(is_alive(pid) for pid in workers), "the workers end")


def kill_parent(server: Server) -> None:
    assert server._process is not None
    server._process.kill()
    server._process.wait()


def test_a_server_whose_parent_was_killed_can_be_started_again(server: Server, registry: Registry) -> None:
    registry.oci.push_blob("app", CONTENT, sha256(CONTENT))
    workers = server.workers()
    kill_parent(server)
    until(lambda: not any(is_alive(pid) for pid in workers), "the workers end")
    server.start()
    assert registry.oci.get(f"/v2/app/blobs/{sha256(CONTENT)}").body == CONTENT


# --- mix-ups -------------------------------------------------------------------------------------------------


def test_a_second_server_on_the_same_directory_is_told_of_the_first_and_what_to_do(server: Server) -> None:
    second = serve(server.directory, free_port())
    assert second.returncode != 0
    assert f"process {server.pid} is serving {server.directory} already" in second.stderr
    assert "--data" in second.stderr
    assert "--workers" in second.stderr


def test_a_second_server_leaves_the_first_alone(server: Server) -> None:
    before = (server.directory / "server.json").read_bytes()
    serve(server.directory, free_port())
    server.wait()
    assert (server.directory / "server.json").read_bytes() == before


def test_a_port_that_is_taken_is_named_with_what_to_do(directory: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        refused = serve(directory, port)
    assert refused.returncode != 0
    assert f"something listens on 127.0.0.1:{port} already" in refused.stderr
    assert "--port" in refused.stderr


def test_no_process_is_left_of_a_server_that_found_its_port_taken(directory: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        serve(directory, listener.getsockname()[1])
    with Server(directory, open=True) as server:
        server.wait()
