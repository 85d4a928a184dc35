"""Both doors without a socket: the whole application in the process of the test, called as a web server would."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from urllib3 import HTTPHeaderDict

from support.answer import Answer
from support.content import Image
from support.raw_ecr import headers
from support.server import REGION
from support.state import ACCOUNT, Clock, prepared, settings_of
from wharfinger.api.aws.entry import AwsDoor
from wharfinger.api.http import Message
from wharfinger.api.oci.entry import OciDoor
from wharfinger.api.sts.entry import StsDoor
from wharfinger.contract.wharfinger import OPERATIONS as WHARFINGER
from wharfinger.domain.names import Registry
from wharfinger.server.app import Application, build
from wharfinger.server.machines import Machines
from wharfinger.server.settings import Settings
from wharfinger.services import login
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.state import State


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
        raw_path: bytes | None = None,
    ) -> Answer:
        """One request; the answer's body is collected unless `sink` takes its pieces.

        `raw_path` is the path as bytes, where no text would do.
        """
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
            "raw_path": path.encode() if raw_path is None else raw_path,
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
        answered = HTTPHeaderDict((name.decode(), value.decode()) for name, value in start["headers"])
        return Answer(start["status"], answered, bytes(collected), files[0] if files else None)


class Doors(Asgi):
    """Both doors of a state for one account, without jobs beside them."""

    def __init__(
        self, state: State, account: str = ACCOUNT, *, sends_files: bool = True, settings: Settings | None = None
    ) -> None:
        settings = settings or Settings(open=True)
        application = build(settings, state.clock)
        application._state = state
        application._aws = AwsDoor(state, settings.addresses)
        application._oci = OciDoor(state)
        application._sts = StsDoor(state)
        application._machines = Machines(state, settings, application._metrics)
        super().__init__(application, sends_files=sends_files)
        self.account = account
        self.state = state

    def _login(self) -> str:
        """With a new token, for the clock may have moved."""
        caller = Caller(
            f"arn:aws:iam::{self.account}:root", Registry(self.account, REGION), Login("open", self.account)
        )
        password = login.issue_token(self.state, caller).password
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
        """A call of the ECR API; bytes are sent in base64."""
        return await self._json("ecr", operation, arguments)

    async def wharfinger(self, operation: str, **arguments: Any) -> Answer:
        """A call of Wharfinger's own service."""
        return await self._json("wharfinger", operation, arguments)

    async def _json(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Answer:
        body = json.dumps(arguments, default=lambda value: base64.b64encode(value).decode())
        return await self.raw(service, operation, body.encode())

    async def raw(self, service: str, operation: str, body: bytes | Body) -> Answer:
        """A call with any bytes as its arguments."""
        return await self.request("POST", "/", body, headers(operation, self.account, REGION, service))

    async def asked(self, operation: str, **arguments: Any) -> Answer:
        """A call of whichever service has the operation."""
        return await self._json("wharfinger" if operation in WHARFINGER else "ecr", operation, arguments)

    async def served(self, operation: str, **arguments: Any) -> Any:
        """The same, which succeeds: what it answers."""
        answer = await self.asked(operation, **arguments)
        assert answer.status == 200, (operation, answer)
        return answer.json

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


@asynccontextmanager
async def new_doors(directory: Path, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Doors]:
    """The doors of a new data directory, with the repository `app` in it."""
    async with prepared(directory, clock, **settings) as state:
        doors = Doors(state, settings=settings_of(directory, **settings))
        await doors.served("CreateRepository", repositoryName="app")
        yield doors
