"""The whole application in the process of the test, with a clock that moves only when it is told to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.content import sha256
from support.ecr_wire import JSON_1_1, TARGET
from wharfinger.server import data
from wharfinger.server.app import Application, build
from wharfinger.server.settings import Settings
from wharfinger.state import State

ACCOUNT = "123456789012"
REGION = "eu-central-1"


class StillClock:
    """Milliseconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_123

    def __call__(self) -> int:
        return self.now

    def forward(self, milliseconds: int) -> None:
        self.now += milliseconds


class Held:
    """An open application and its clock."""

    def __init__(self, application: Application, state: State, clock: StillClock) -> None:
        self._application = application
        self.state = state
        self.clock = clock

    async def ecr(self, operation: str, **arguments: Any) -> Any:
        """A call of the ECR API that succeeds: its answer."""
        scope = f"{ACCOUNT}/20260101/{REGION}/ecr/aws4_request"
        headers = {
            "content-type": JSON_1_1,
            "x-amz-target": f"{TARGET}.{operation}",
            "x-amz-date": "20260101T000000Z",
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, "
            "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
        }
        status, body = await self.ask("POST", "/", headers, json.dumps(arguments).encode())
        assert status == 200, body
        return json.loads(body)

    async def push_blob(self, repository: str, content: bytes) -> None:
        """A whole blob, through the other door."""
        (data,) = (await self.ecr("GetAuthorizationToken"))["authorizationData"]
        login = {"authorization": f"Basic {data['authorizationToken']}"}
        address = f"/v2/{repository}/blobs/uploads/?digest={sha256(content)}"
        status, body = await self.ask("POST", address, login, content)
        assert status == 201, body

    async def ask(
        self, method: str, address: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, bytes]:
        """One request: status and body."""
        parts = urlsplit(address)
        scope = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@asynccontextmanager
async def held(directory: Path, **more: Any) -> AsyncIterator[Held]:
    """An application on a new data directory."""
    settings = Settings(data=str(directory), open=True, **more)
    clock = StillClock()
    await data.prepare(settings)
    application = build(settings, clock)
    state = await application.start()
    try:
        yield Held(application, state, clock)
    finally:
        await application.stop()
