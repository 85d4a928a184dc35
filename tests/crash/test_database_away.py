"""A server over HTTP whose PostgreSQL restarts or fails over while clients push: what they were told stays true."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from support import postgresql
from support.content import OCI_EMPTY, Image, image
from support.invariants import broken
from support.oci import Oci
from support.poll import until
from support.postgresql import PostgresqlServer, execute
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.server import Server
from support.steadfast import Steadfast

ACCOUNT = "000000000042"
_SOME = 3
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wharfinger' AND wait_event_type = 'Lock'"


@pytest.fixture
def primary() -> Iterator[PostgresqlServer]:
    """One that can be stopped, and followed."""
    own = PostgresqlServer(wal_level="replica", max_wal_senders="4")
    own.start()
    yield own
    own.remove()


@pytest.fixture
def standby(primary: PostgresqlServer) -> Iterator[PostgresqlServer]:
    own = PostgresqlServer(follows=primary, wal_level="replica", max_wal_senders="4")
    own.start()
    primary.wait_for_standby()
    yield own
    own.remove()


class Pusher(threading.Thread):
    """Pushes images and tries each until it is acknowledged, until it is told to stop."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(daemon=True)
        self.client = Steadfast(registry)
        self.pushed: dict[str, Image] = {}
        self._is_over = threading.Event()

    def run(self) -> None:
        for number in itertools.count():
            if self._is_over.is_set():
                return
            new = image(config_type=OCI_EMPTY)
            self.client.push("app", new, f"t{number}")
            self.pushed[f"t{number}"] = new

    def wait_for_more(self) -> None:
        """Return when some more pushes were acknowledged."""
        wanted = len(self.pushed) + _SOME
        until(lambda: len(self.pushed) >= wanted, "pushes succeed")

    def stop(self) -> None:
        self._is_over.set()
        self.join()


@contextmanager
def pushing(registry: Registry) -> Iterator[Pusher]:
    """All the time within the block; at its end all that was acknowledged has to be there."""
    pusher = Pusher(registry)
    pusher.start()
    try:
        pusher.wait_for_more()
        yield pusher
        pusher.wait_for_more()
    finally:
        pusher.stop()
    for tag, pushed in pusher.pushed.items():
        assert registry.oci.get(f"/v2/app/manifests/{tag}").body == pushed.manifest


def readiness(server: Server) -> tuple[int, str]:
    """What `/readyz` answers."""
    answer = Oci(server.endpoint, None).get("/readyz")
    return answer.status, answer.body.decode()


def is_told_everywhere(registry: Registry) -> None:
    """That the database is away: at both doors, and to machines."""
    answer = registry.oci.get("/v2/app/manifests/t0")
    assert (answer.status, answer.code) == (503, "UNKNOWN")
    answer = RawEcr(registry).call("ListImages", {"repositoryName": "app"})
    assert (answer.status, answer.code) == (500, "ServerException")
    until(lambda: readiness(registry.server)[0] == 503, "machines are told, a second later at most")
    assert "not ready: database" in readiness(registry.server)[1]
    assert Oci(registry.server.endpoint, None).get("/healthz").status == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_database_that_is_restarted_under_pushes(
    primary: PostgresqlServer, directory: Path, how: signal.Signals
) -> None:
    postgresql.belongs(directory, primary.url("postgres"))
    with Server(directory, open=True) as server:
        registry = Registry(server, ACCOUNT)
        registry.create()
        with pushing(registry) as pusher:
            primary.stop(how)
            is_told_everywhere(registry)
            primary.start()
            until(lambda: readiness(server)[0] == 200, "the server is ready again")
    assert set(pusher.client.retries) <= {"503"}
    assert broken(directory) == []


def test_a_database_that_fails_over_with_open_transactions(
    primary: PostgresqlServer, standby: PostgresqlServer, directory: Path
) -> None:
    both = f"postgresql://wharfinger@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    postgresql.belongs(directory, primary.url("postgres"))
    with Server(directory, open=True, database=both) as server, ThreadPoolExecutor(1) as pool:
        registry = Registry(server, ACCOUNT)
        registry.create()
        one = image(config_type=OCI_EMPTY)
        registry.push_blobs("app", one)
        with pushing(registry) as pusher:
            with nobody_writes(primary):
                putting = pool.submit(registry.oci.put_manifest, "app", "one", one.manifest, one.media_type)
                until(lambda: execute(primary.url("postgres"), _WAITING)[0][0] > 0, "a transaction is open")
                primary.stop(signal.SIGQUIT)
            assert putting.result().status == 503
            is_told_everywhere(registry)
            standby.promote()
            until(lambda: readiness(server)[0] == 200, "the server is ready again")
            assert registry.oci.put_manifest("app", "one", one.manifest, one.media_type).status == 201
    assert set(pusher.client.retries) == {"503"}
    postgresql.belongs(directory, standby.url("postgres"))
    assert broken(directory) == []


@contextmanager
def nobody_writes(server: PostgresqlServer) -> Iterator[None]:
    """Who wants to write an image waits, in a transaction that is open."""
    connection = postgresql.run(asyncpg.connect(server.url("postgres")))
    postgresql.run(connection.execute("BEGIN; LOCK TABLE images IN EXCLUSIVE MODE"))
    try:
        yield
    finally:
        connection.terminate()
