"""kill -9 of a real server (promises P1, P2 and P7): what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3

from support.content import OCI_CONFIG, OCI_IMAGE, OCI_LAYER, descriptor, sha256
from support.invariants import broken
from support.oci import Oci
from support.poll import until
from support.registry import Registry
from support.server import Server

ACCOUNT = "000000000001"


@dataclass
class Upload:
    """An upload that was not finished, as its client knows it."""

    content: bytes
    acknowledged: int = 0
    sent: int = 0
    finishing: bool = False


@dataclass
class Journal:
    """What may be true after a crash: of everything that was acknowledged one thing, of the last request two."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    # by reference, the manifests that may be under it; None is a 404
    manifests: dict[str, set[bytes | None]] = field(default_factory=dict)
    acknowledged: int = 0

    def may_be(self, reference: str, value: bytes | None) -> None:
        """A request is on its way."""
        self.manifests.setdefault(reference, {None}).add(value)

    def is_now(self, reference: str, value: bytes | None) -> None:
        """It was acknowledged."""
        self.manifests[reference] = {value}
        self.acknowledged += 1


class Client(threading.Thread):
    """Pushes to a repository of its own in every way, until the server is gone."""

    def __init__(self, server: Server, password: str, repository: str, journal: Journal, seed: str) -> None:
        super().__init__(daemon=True)
        self._oci = Oci(server.endpoint, password)
        self._repository = repository
        self._journal = journal
        self._random = random.Random(seed)
        self.failure: BaseException | None = None

    def run(self) -> None:
        journeys: tuple[Callable[[], object], ...] = (
            self._whole,
            self._streamed,
            self._chunked,
            self._image,
            self._image,
        )
        try:
            while True:
                self._random.choice(journeys)()
        except urllib3.exceptions.HTTPError:
            return  # the server was killed
        except BaseException as error:  # noqa: BLE001 - the test has to see it
            self.failure = error

    def _call(self, method: str, path: str, body: bytes | Iterator[bytes] | None, status: int, **headers: str) -> str:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._oci.call(method, path, body, sent)
        assert answer.status == status, (method, path, answer)
        return str(answer.headers.get("Location"))

    def _content(self) -> bytes:
        # an upload of one byte shows the same Range as one of none
        return self._random.randbytes(self._random.choice([10, 1000, 50_000, 300_000]))

    def _whole(self, content: bytes | None = None) -> None:
        content = content if content is not None else self._content()
        self._call("POST", f"/v2/{self._repository}/blobs/uploads/?digest={sha256(content)}", content, 201)
        self._pushed(content)

    def _streamed(self, content: bytes | None = None) -> None:
        path, upload = self._begin(content if content is not None else self._content())
        upload.sent = len(upload.content)
        self._call("PATCH", path, (upload.content[at : at + 9000] for at in range(0, upload.sent, 9000)), 202)
        self._received(upload)
        self._finish(path, upload)

    def _chunked(self, content: bytes | None = None) -> None:
        path, upload = self._begin(content if content is not None else self._content())
        size = len(upload.content) // 3 + 1
        while upload.sent < len(upload.content):
            start, upload.sent = upload.sent, min(upload.sent + size, len(upload.content))
            chunk = upload.content[start : upload.sent]
            self._call("PATCH", path, chunk, 202, Content_Range=f"{start}-{upload.sent - 1}")
            self._received(upload)
        self._finish(path, upload)

    def _begin(self, content: bytes) -> tuple[str, Upload]:
        path = self._call("POST", f"/v2/{self._repository}/blobs/uploads/", None, 202)
        upload = self._journal.uploads[path] = Upload(content)
        self._journal.acknowledged += 1
        return path, upload

    def _received(self, upload: Upload) -> None:
        upload.acknowledged = upload.sent
        self._journal.acknowledged += 1

    def _finish(self, path: str, upload: Upload) -> None:
        upload.finishing = True
        self._call("PUT", f"{path}?digest={sha256(upload.content)}", None, 201)
        del self._journal.uploads[path]
        self._pushed(upload.content)

    def _pushed(self, content: bytes) -> None:
        self._journal.blobs[sha256(content)] = content
        self._journal.acknowledged += 1

    def _image(self) -> None:
        config, layer = self._random.randbytes(100), self._content()
        for content in (config, layer):
            self._random.choice([self._whole, self._streamed, self._chunked])(content)
        manifest = manifest_of(config, layer)
        digest = sha256(manifest)
        for reference in (f"t{self._random.randrange(5)}", digest, f"t{self._random.randrange(5)}"):
            for known in (reference, digest):
                self._journal.may_be(known, manifest)
            self._call("PUT", f"/v2/{self._repository}/manifests/{reference}", manifest, 201, Content_Type=OCI_IMAGE)
            for known in (reference, digest):
                self._journal.is_now(known, manifest)
        if self._random.random() < 0.3:
            self._delete_a_tag()

    def _delete_a_tag(self) -> None:
        """If it is the last one, its image goes with it."""
        tags = [name for name, may in self._journal.manifests.items() if ":" not in name and None not in may]
        tag = self._random.choice(tags)
        [tagged] = self._journal.manifests[tag]
        others = [name for name in tags if name != tag and self._journal.manifests[name] == {tagged}]
        gone = [tag] if others else [tag, sha256(tagged or b"")]
        for reference in gone:
            self._journal.may_be(reference, None)
        self._call("DELETE", f"/v2/{self._repository}/manifests/{tag}", None, 202)
        for reference in gone:
            self._journal.is_now(reference, None)


def manifest_of(config: bytes, layer: bytes) -> bytes:
    """A manifest of these blobs: made here, because its bytes have to be those of the seed."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor(OCI_CONFIG, config),
        "layers": [descriptor(OCI_LAYER, layer)],
    }
    return json.dumps(body).encode()


def check(oci: Oci, repository: str, journal: Journal) -> None:
    """All that was acknowledged is there; what was on its way is there whole or not at all."""
    for digest, content in journal.blobs.items():
        assert oci.get(f"/v2/{repository}/blobs/{digest}").body == content
    for reference, allowed in journal.manifests.items():
        answer = oci.get(f"/v2/{repository}/manifests/{reference}")
        assert answer.status in {200, 404}
        found = answer.body if answer.status == 200 else None
        assert found in allowed, (reference, answer)
        journal.manifests[reference] = {found}
    for path, upload in journal.uploads.items():
        resume(oci, repository, path, upload)
        journal.blobs[sha256(upload.content)] = upload.content
    journal.uploads.clear()


def resume(oci: Oci, repository: str, path: str, upload: Upload) -> None:
    """An upload goes on at an offset that is at least the one acknowledged; or its end was on its way and came."""
    answer = oci.get(path)
    digest = sha256(upload.content)
    if answer.status == 404:
        assert upload.finishing
        assert oci.get(f"/v2/{repository}/blobs/{digest}").body == upload.content
        return
    assert answer.status == 204
    last = int(answer.headers["Range"].removeprefix("0-"))
    offset = last + 1 if last else 0
    assert upload.acknowledged <= offset <= upload.sent
    rest = upload.content[offset:]
    if rest:
        chunk = {"Content-Range": f"{offset}-{len(upload.content) - 1}"}
        assert oci.call("PATCH", path, rest, chunk).status == 202
    assert oci.call("PUT", f"{path}?digest={digest}").status == 201


@dataclass
class Fleet:
    """A server, and clients that push to it until it is gone."""

    server: Server
    journals: dict[str, Journal]
    password: str

    def acknowledged(self) -> int:
        """How many requests were, over all lives of the server."""
        return sum(journal.acknowledged for journal in self.journals.values())

    def push_until_killed(self, seed: str, after: int) -> None:
        """Kill the server when so many more requests were acknowledged, in the middle of others."""
        clients = [
            Client(self.server, self.password, name, journal, f"{seed} {name}")
            for name, journal in self.journals.items()
        ]
        wanted = self.acknowledged() + after
        for client in clients:
            client.start()
        until(lambda: self.acknowledged() >= wanted or any(client.failure for client in clients), "clients push")
        self.server.kill()
        for client in clients:
            client.join(30)
        assert [client.failure for client in clients if client.failure] == []


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_while_clients_push_loses_nothing_that_was_acknowledged(directory: Path, seed: int) -> None:
    moments = random.Random(seed)
    with Server(directory, open=True, workers=2) as server:
        registry = Registry(server, ACCOUNT)
        names = [registry.create(f"client/{number}") for number in range(4)]
        fleet = Fleet(server, {name: Journal() for name in names}, registry.password)
        for life in range(3):
            fleet.push_until_killed(f"{seed} {life}", after=moments.randrange(10, 150))
            assert broken(directory) == []
            server.start()
            for name, journal in fleet.journals.items():
                check(Oci(server.endpoint, fleet.password), name, journal)
    assert broken(directory) == []
