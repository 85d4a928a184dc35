"""Real servers on one database and one store: requests go to one after the other, and one of them is killed.

With a database of its own each server would need nothing else; on SQLite they share the files by links.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import urllib3

from support.answer import Answer
from support.content import image, sha256
from support.invariants import broken
from support.oci import Oci, span
from support.poll import until
from support.registry import new_password
from support.server import Server

SHARED = ("wharfinger.db", "write.lock", "blobs", "secrets.key", "master.key")
ACCOUNT = "000000000001"
_PUSHES = 3  # between two kills


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    one = Server(tmp_path / "one/data", open=True)
    outside = {name: one.settings[name] for name in ("database", "store") if name in one.settings}
    others = [Server(tmp_path / name / "data", open=True, **outside) for name in ("two", "three")]
    with ExitStack() as stack:
        for server in (one, *others):
            server.directory.mkdir(parents=True)
            if server is not one:
                for name in SHARED:
                    (server.directory / name).symlink_to(one.directory / name)
            stack.enter_context(server)
        yield [one, *others]


class Turns:
    """A proxy that knows no better: each request goes to the next server, and to another one if that is not there."""

    def __init__(self, servers: list[Server], password: str) -> None:
        self._turns = itertools.cycle([Oci(server.endpoint, password) for server in servers])

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer | None:
        """None: whether the request was carried out is not known."""
        for _ in range(20):
            try:
                return next(self._turns).call(method, path, body, headers)
            except urllib3.exceptions.NewConnectionError:
                continue
            except urllib3.exceptions.HTTPError:
                return None
        raise AssertionError("no server is there")


def push(turns: Turns, tag: str, made: bytes, media_type: str, blobs: dict[str, bytes]) -> bool:
    """Every request by another server: whether the last one was acknowledged."""
    for digest, content in blobs.items():
        begun = turns.call("POST", "/v2/app/blobs/uploads/")
        if begun is None or begun.status != 202:
            return False
        half = len(content) // 2
        for first, piece in ((0, content[:half]), (half, content[half:])):
            sent = turns.call("PATCH", begun.headers["Location"], piece, span(first, first + len(piece) - 1))
            if sent is None or sent.status != 202:
                return False
        ended = turns.call("PUT", f"{begun.headers['Location']}?digest={digest}")
        if ended is None or ended.status != 201:
            return False
    put = turns.call("PUT", f"/v2/app/manifests/{tag}", made, {"Content-Type": media_type})
    return put is not None and put.status == 201


def ready(servers: list[Server]) -> Turns:
    ecr = servers[0].ecr(ACCOUNT)
    ecr.create_repository(repositoryName="app")
    return Turns(servers, new_password(ecr))


def test_a_push_by_requests_to_three_servers_is_whole_on_each_and_its_deletion_too(servers: list[Server]) -> None:
    turns, made = ready(servers), image()
    assert push(turns, "one", made.manifest, made.media_type, dict(made.blobs))
    for _ in servers:
        answer = turns.call("GET", "/v2/app/manifests/one")
        assert answer is not None
        assert answer.content == made.manifest
    servers[1].ecr(ACCOUNT).batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "one"}])
    answers = [turns.call("GET", "/v2/app/manifests/one") for _ in servers]
    assert [answer and answer.status for answer in answers] == [404] * 3


def test_an_upload_goes_on_at_another_server_where_the_killed_one_had_acknowledged_it(servers: list[Server]) -> None:
    ready(servers)
    clients = [Oci(server.endpoint, new_password(servers[0].ecr(ACCOUNT))) for server in servers]
    content = random.Random(1).randbytes(3 * 1024 * 1024)
    place = clients[0].begin("app")
    assert clients[0].call("PATCH", place, content[: 2**20], span(0, 2**20 - 1)).status == 202
    servers[0].kill()
    assert clients[1].get(place).headers["Range"] == f"0-{2**20 - 1}"
    assert clients[2].call("PATCH", place, content[2**20 :], span(2**20, len(content) - 1)).status == 202
    assert clients[1].finish(place, sha256(content)).status == 201
    assert clients[2].get(f"/v2/app/blobs/{sha256(content)}").content == content


def test_servers_killed_again_and_again_lose_nothing_that_was_acknowledged(servers: list[Server]) -> None:
    turns, pushed = ready(servers), dict[str, bytes]()
    is_over = threading.Event()

    def go_on() -> None:
        for number in itertools.count():
            if is_over.is_set():
                return
            made = image()
            if push(turns, f"t{number}", made.manifest, made.media_type, dict(made.blobs)):
                pushed[f"t{number}"] = made.manifest

    client = threading.Thread(target=go_on)
    client.start()
    try:
        for server in (*servers, servers[1]):
            wanted = len(pushed) + _PUSHES
            until(lambda wanted=wanted: len(pushed) >= wanted, "pushes succeed")  # type: ignore[misc]
            server.kill()
            server.start()
    finally:
        is_over.set()
        client.join()
    for tag, manifest in pushed.items():
        answer = turns.call("GET", f"/v2/app/manifests/{tag}")
        assert answer is not None
        assert answer.content == manifest
    assert broken(servers[0].directory) == []
