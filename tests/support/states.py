"""The registry without a socket: a prepared State, a clock that stands still, and a driver for the application."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import pytest

from support.content import Image
from wharfinger.api.ecr.entry import EcrDoor
from wharfinger.api.http import Message
from wharfinger.api.oci.entry import OciDoor
from wharfinger.domain.mutability import Mutability
from wharfinger.domain.names import Registry
from wharfinger.server import data
from wharfinger.server.app import Application, build
from wharfinger.server.settings import Settings
from wharfinger.services import access, repositories
from wharfinger.services.access import Caller
from wharfinger.state import State
from wharfinger.state.db import sqlite
from wharfinger.state.db.database import Tx

ACCOUNT = "123456789012"
REGION = "eu-central-1"
REGISTRY = Registry(ACCOUNT, REGION)
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:root", REGISTRY)


class Clock:
    """Milliseconds that pass only when a test says so."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def move(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds


def settings_of(directory: Path, **more: Any) -> Settings:
    """Settings of an open server on a directory."""
    return Settings(data=str(directory), open=True, **more)


def opened(directory: Path, clock: Callable[[], int] | None = None, **settings: Any) -> State:
    """What one worker has open, on a directory that is prepared."""
    return data.open_state(settings_of(directory, **settings), clock or Clock())


@asynccontextmanager
async def prepared(directory: Path, clock: Callable[[], int] | None = None, **settings: Any) -> AsyncIterator[State]:
    """A new data directory, open as one worker has it; without jobs beside it."""
    await data.prepare(settings_of(directory, **settings))
    state = opened(directory, clock, **settings)
    try:
        yield state
    finally:
        await state.db.close()


async def create_repository(state: State, name: str = "app", mutability: Mutability | None = None) -> str:
    """A new repository: its name."""
    await repositories.create(
        state,
        REGISTRY,
        name,
        mutability=mutability or Mutability(),
        scan_on_push=False,
        encryption_type="AES256",
        kms_key=None,
        resource_tags=[],
    )
    return name


async def empty(state: State, directory: Path) -> None:
    """Take everything out of a data directory again: much cheaper than a new one."""

    async def work(tx: Tx) -> None:
        for table in ("repositories", "blobs", "unlinks", "events"):
            await tx.run(f"DELETE FROM {table}")

    await state.db.write(work)
    for file in list((directory / "blobs").glob("*/*")):
        file.unlink()


class Body:
    """What a client sends: pieces as they come, and then the end, a hang-up, or nothing for ever."""

    def __init__(
        self, pieces: Iterable[bytes] | AsyncIterable[bytes] = (), then: Literal["end", "hang up", "silence"] = "end"
    ) -> None:
        self._pieces = pieces if isinstance(pieces, AsyncIterable) else _async(pieces)
        self._iterator = aiter(self._pieces)
        self._then = then
        self._ended = False

    async def receive(self) -> Message:
        """The next message, as a web server gives it to an application."""
        if not self._ended:
            piece = await anext(self._iterator, None)
            if piece is not None:
                return {"type": "http.request", "body": piece, "more_body": True}
            self._ended = True
            if self._then == "end":
                return {"type": "http.request", "body": b"", "more_body": False}
        if self._then == "hang up":
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this wait")


async def _async(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application sent. `file` is what it left to the web server to send, if it was offered to."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    file: Path | None

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code, of either door."""
        found = self.json
        return str(found["__type"] if "__type" in found else found["errors"][0]["code"])


class Asgi:
    """Calls an application as a web server would; `sends_files` is whether that can send files by itself."""

    def __init__(self, application: Application, *, sends_files: bool = True) -> None:
        self._application = application
        self._extensions: dict[str, Any] = {"http.response.pathsend": {}} if sends_files else {}

    async def request(
        self,
        method: str,
        target: str,
        body: bytes | Body = b"",
        headers: Mapping[str, str] | None = None,
        sink: Callable[[bytes], Any] | None = None,
    ) -> Answer:
        """One request; the answer's body is collected unless `sink` takes its pieces."""
        path, _, query = target.partition("?")
        sent = {"host": "localhost:5050", **{name.lower(): value for name, value in (headers or {}).items()}}
        if isinstance(body, bytes):
            sent.setdefault("content-length", str(len(body)))
            body = Body([body])
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 5050),
            "extensions": self._extensions,
        }
        collected = bytearray()
        started: list[Message] = []
        files: list[Path] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            elif message["type"] == "http.response.pathsend":
                files.append(Path(message["path"]))
            else:
                (sink or collected.extend)(message.get("body", b""))

        await self._application(scope, body.receive, send)
        [start] = started
        answered = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], answered, bytes(collected), files[0] if files else None)


class Doors(Asgi):
    """Both doors of a state for one account, without jobs beside them."""

    def __init__(self, state: State, account: str = ACCOUNT, *, sends_files: bool = True) -> None:
        settings = Settings(open=True)
        application = build(settings, state.clock)
        application._state = state
        application._ecr = EcrDoor(state, settings.addresses)
        application._oci = OciDoor(state)
        super().__init__(application, sends_files=sends_files)
        self.account = account
        self._state = state

    def _login(self) -> str:
        """With a new token, for the clock may have moved."""
        caller = Caller(f"arn:aws:iam::{self.account}:root", Registry(self.account, REGION))
        password = access.issue_token(self._state, caller).password
        return "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()

    async def oci(
        self,
        method: str,
        path: str,
        body: bytes | Body = b"",
        headers: Mapping[str, str] | None = None,
        sink: Callable[[bytes], Any] | None = None,
    ) -> Answer:
        """A request to the data plane; `path` is what comes after `/v2/`, or a Location."""
        target = path if path.startswith("/v2/") else f"/v2/{path}"
        return await self.request(method, target, body, {"authorization": self._login(), **(headers or {})}, sink)

    async def ecr(self, operation: str, **arguments: Any) -> Answer:
        """A call of the JSON API; bytes are sent in base64."""
        sent = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"AmazonEC2ContainerRegistry_V20150921.{operation}",
            "x-amz-date": "20260101T000000Z",
            "authorization": f"AWS4-HMAC-SHA256 Credential={self.account}/20260101/{REGION}/ecr/aws4_request, "
            "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
        }
        body = json.dumps(arguments, default=lambda value: base64.b64encode(value).decode())
        return await self.request("POST", "/", body.encode(), sent)

    async def begin(self, repository: str) -> str:
        """A new upload: its path."""
        answer = await self.oci("POST", f"{repository}/blobs/uploads/")
        assert answer.status == 202, answer
        return answer.headers["location"]

    async def push_blob(self, repository: str, content: bytes, digest: str) -> None:
        """A whole blob in one request."""
        answer = await self.oci("POST", f"{repository}/blobs/uploads/?digest={digest}", content)
        assert answer.status == 201, answer

    async def put_manifest(self, repository: str, reference: str, image: Image) -> Answer:
        """The bytes of a manifest."""
        path = f"{repository}/manifests/{reference}"
        return await self.oci("PUT", path, image.manifest, {"content-type": image.media_type})

    async def push(self, repository: str, image: Image, *references: str) -> None:
        """An image with all its blobs and children, under tags, or untagged if none is given."""
        for child in image.children:
            await self.push(repository, child)
        for digest, content in image.blobs.items():
            await self.push_blob(repository, content, digest)
        for reference in references or (image.digest,):
            answer = await self.put_manifest(repository, reference, image)
            assert answer.status == 201, answer


def without_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that are not about a power cut: the same steps, and nobody waits for the disk."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda _: None)
    pragmas = tuple(pragma.replace("synchronous=FULL", "synchronous=OFF") for pragma in sqlite._PRAGMAS)
    monkeypatch.setattr(sqlite, "_PRAGMAS", pragmas)


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail if it does not come to that."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nothing tells of it by itself
            await asyncio.sleep(0.001)


def write_rows(directory: Path, name: str, count: int) -> None:
    """What another process does in a test: `count` writes of its own, each waited for."""
    from wharfinger.state.db import blobs  # noqa: PLC0415 - a child process pays for what it needs
    from wharfinger.state.db.sqlite import Sqlite  # noqa: PLC0415

    async def write() -> None:
        db = Sqlite(directory)
        for number in range(count):
            await db.write(blobs.note_unlinks, [f"{name}-{number}"])
        await db.close()

    asyncio.run(write())


def migrate_at_once(directory: Path, barrier: Any) -> None:
    """What another process does in a test: migrate at the same moment as all who share the barrier."""
    from wharfinger.state.db.schema import migrate  # noqa: PLC0415
    from wharfinger.state.db.sqlite import Sqlite  # noqa: PLC0415

    async def run() -> None:
        db = Sqlite(directory)
        barrier.wait(30)
        await migrate(db)
        await db.close()

    asyncio.run(run())


def hold_writer(root: Path, storage_id: str, begun: Any, end: Any) -> None:
    """What another process does in a test: have the right to write an object until it is told to end."""
    from wharfinger.state.blobs.directory import DirectoryStore  # noqa: PLC0415

    async def hold() -> None:
        async with DirectoryStore(root).writer(storage_id):
            begun.set()
            end.wait(30)

    asyncio.run(hold())


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """A disk that is full: within the block no file of this process grows beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
