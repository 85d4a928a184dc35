"""kill -9 at any moment (promises P1, P2 and P7): what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest
import urllib3

from support.content import OCI_CONFIG, OCI_IMAGE, OCI_LAYER, descriptor, image, index, sha256
from support.failpoints import Failpoints, Killed
from support.invariants import broken
from support.oci import Oci
from support.poll import until
from support.registry import Registry
from support.server import Server
from support.states import Answer, Clock, Doors, create_repository, empty, prepared, without_syncs
from wharfinger.services import collect
from wharfinger.state import State
from wharfinger.state.clock import HOUR, MINUTE
from wharfinger.state.db.database import Tx
from wharfinger.state.db.sqlite import FILE, Sqlite

# --- a real server, killed while clients push ----------------------------------------------------------------

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


# --- the same by every single step, in this process ----------------------------------------------------------


Journey = Callable[[Doors], Awaitable[None]]
CONTENT = b"0123456789" * 1000
DIGEST = sha256(CONTENT)
ONE, OTHER, CHILD = image(), image(), image()
INDEX = index(CHILD)
APP = {"repositoryName": "app"}


async def push_whole(doors: Doors) -> None:
    await ended(doors.oci("POST", f"app/blobs/uploads/?digest={DIGEST}", CONTENT))


async def push_in_chunks(doors: Doors) -> None:
    upload = await doors.begin("app")
    await ended(doors.oci("PATCH", upload, CONTENT[:5000]))
    await ended(doors.oci("PATCH", upload, CONTENT[5000:]))
    await ended(doors.oci("PUT", f"{upload}?digest={DIGEST}"))


async def push_by_parts(doors: Doors) -> None:
    begun = await doors.ecr("InitiateLayerUpload", **APP)
    where = {**APP, "uploadId": begun.json["uploadId"]}
    last = len(CONTENT) - 1
    await ended(doors.ecr("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=CONTENT))
    answer = await doors.ecr("CompleteLayerUpload", **where, layerDigests=[DIGEST])
    assert answer.status == 200 or answer.code == "LayerAlreadyExistsException"


async def push_to_two_repositories(doors: Doors) -> None:
    await push_whole(doors)
    await ended(doors.oci("POST", f"other/blobs/uploads/?digest={DIGEST}", CONTENT))


async def begin_and_cancel(doors: Doors) -> None:
    upload = await doors.begin("app")
    await ended(doors.oci("PATCH", upload, CONTENT))
    await ended(doors.oci("DELETE", upload))


async def push_a_wrong_digest(doors: Doors) -> None:
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest={DIGEST}", b"something else")
    assert answer.code == "DIGEST_INVALID"


async def push_an_image(doors: Doors) -> None:
    await doors.push("app", OTHER, "tag", "more")


async def push_an_index(doors: Doors) -> None:
    await doors.push("app", INDEX, "index")


async def delete_an_image(doors: Doors) -> None:
    ids = [{"imageTag": "old"}, {"imageDigest": ONE.digest}]
    assert (await doors.ecr("BatchDeleteImage", **APP, imageIds=ids)).status == 200


async def delete_the_repository(doors: Doors) -> None:
    answer = await doors.ecr("DeleteRepository", **APP, force=True)
    assert answer.status == 200 or answer.code == "RepositoryNotFoundException"


JOURNEYS = [
    push_whole,
    push_in_chunks,
    push_by_parts,
    push_to_two_repositories,
    begin_and_cancel,
    push_a_wrong_digest,
    push_an_image,
    push_an_index,
    delete_an_image,
    delete_the_repository,
]


async def ended(call: Awaitable[Answer]) -> None:
    answer = await call
    assert answer.status < 300, answer


async def begin_anew(state: State, directory: Path) -> None:
    """Two repositories, and in one of them an image under the tag `old`."""
    await empty(state, directory)
    for name in ("app", "other"):
        await create_repository(state, name)
    await Doors(state).push("app", ONE, "old")


@pytest.fixture
async def fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[State]:
    without_syncs(monkeypatch)
    async with prepared(tmp_path / "data") as opened:
        yield opened


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("journey", JOURNEYS)
async def test_killed_at_any_step_nothing_is_half_there_and_the_same_can_be_done_again(
    fast: State, tmp_path: Path, journey: Journey, after: bool
) -> None:
    for step in itertools.count(1):
        await begin_anew(fast, tmp_path / "data")
        try:
            await journey(Doors(Failpoints(fast, step, after=after).state))
        except Killed:
            assert broken(tmp_path / "data") == [], f"killed at step {step}"
        else:
            assert step > 1, "there are steps to be killed at"
            return
        await journey(Doors(fast))
        await collect.sweep(fast)
        assert broken(tmp_path / "data") == [], f"killed at step {step}, then done again"


@pytest.mark.parametrize("method", ["push", "delete"])
async def test_an_image_comes_and_goes_with_its_tags_references_and_events_or_not_at_all(
    fast: State, tmp_path: Path, method: str
) -> None:
    seen: list[dict[str, object]] = []
    for step, after in itertools.product((1, 2, 3), (False, True)):
        await begin_anew(fast, tmp_path / "data")
        for digest, content in OTHER.blobs.items():
            await Doors(fast).push_blob("app", content, digest)
        seen.append(rows(tmp_path / "data"))
        doors = Doors(Failpoints(fast, step, after=after).state)
        with suppress(Killed):
            if method == "push":
                await doors.put_manifest("app", f"{OTHER.digest}?tag=a&tag=b&tag=old", OTHER)
            else:
                await delete_an_image(doors)
        seen.append(rows(tmp_path / "data"))
    before, complete = seen[0], seen[-1]
    assert before != complete
    assert [found for found in seen if found not in (before, complete)] == []


def rows(directory: Path) -> dict[str, object]:
    """How many there are in each table that a push or deletion of an image touches."""
    connection = apsw.Connection(str(directory / FILE))
    tables = ("images", "tags", "image_references", "events")
    return {table: connection.execute(f"SELECT count(*) FROM {table}").get for table in tables}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_step_of_a_chunk_an_upload_goes_on_where_it_was_acknowledged(
    fast: State, tmp_path: Path, after: bool
) -> None:
    for step in itertools.count(1):
        await begin_anew(fast, tmp_path / "data")
        doors = Doors(fast)
        upload = await doors.begin("app")
        await ended(doors.oci("PATCH", upload, CONTENT[:5000]))
        try:
            await Doors(Failpoints(fast, step, after=after).state).oci("PATCH", upload, CONTENT[5000:])
        except Killed:
            offset = int((await doors.oci("GET", upload)).headers["range"].removeprefix("0-")) + 1
            assert offset in {5000, len(CONTENT)}
            await ended(doors.oci("PUT", f"{upload}?digest={DIGEST}", CONTENT[offset:]))
            assert broken(tmp_path / "data") == []
        else:
            return


# --- what an acknowledgement stands on -----------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data", clock) as opened:
        await create_repository(opened)
        yield opened


@pytest.fixture
def order(state: State, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the disk, in its order: bytes, their sync, that of their name, and commits."""
    noted: list[str] = []

    def noting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted_call(*args: Any) -> Any:
            result = call(*args)
            noted.append(name)
            return result

        return noted_call

    for function, name in (("write", "bytes"), ("fdatasync", "sync"), ("fsync", "name")):
        monkeypatch.setattr(os, function, noting(name, getattr(os, function)))
    assert isinstance(state.db, Sqlite)
    state.db._writer._connection.set_commit_hook(noting("commit", bool))
    return noted


@pytest.mark.parametrize(
    ("journey", "expected"),
    [
        (push_whole, ["commit", "bytes", "sync", "name", "commit"]),
        (push_in_chunks, ["commit", *["bytes", "sync", "commit"] * 2, "name", "commit"]),
        (push_by_parts, ["commit", "bytes", "sync", "commit", "name", "commit"]),
    ],
)
async def test_bytes_and_their_name_are_durable_before_a_row_says_that_they_are_there(
    state: State, order: list[str], journey: Journey, expected: list[str]
) -> None:
    await journey(Doors(state))
    assert order == expected


async def found_by_head(doors: Doors) -> None:
    await ended(doors.oci("HEAD", f"app/blobs/{DIGEST}"))


async def found_by_an_availability_check(doors: Doors) -> None:
    answer = await doors.ecr("BatchCheckLayerAvailability", **APP, layerDigests=[DIGEST])
    assert answer.json["layers"][0]["layerAvailability"] == "AVAILABLE"


async def mounted(doors: Doors) -> None:
    await ended(doors.ecr("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED"))
    await ended(doors.oci("POST", f"app/blobs/uploads/?mount={DIGEST}&from=app"))


@pytest.mark.parametrize("promise", [push_whole, found_by_head, found_by_an_availability_check, mounted, push_by_parts])
@pytest.mark.parametrize("age", [0, 30 * MINUTE, 90 * MINUTE, 3 * HOUR], ids=["new", "young", "old", "over"])
async def test_a_blob_that_is_said_to_be_there_is_held_for_an_hour(
    state: State, clock: Clock, promise: Journey, age: int
) -> None:
    doors = Doors(state)
    await push_whole(doors)
    clock.move(age)
    await promise(doors)
    assert await state.db.read(leased_until, DIGEST) >= clock() + HOUR


async def leased_until(tx: Tx, digest: str) -> int:
    row = await tx.one(
        "SELECT l.leased_until FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id WHERE b.digest = :digest",
        digest=digest,
    )
    assert row is not None
    return int(row[0])
