"""The application: what answers which path, in one screen. An ASGI callable; nothing exists before `build`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from wharfinger import __version__
from wharfinger.api import trail
from wharfinger.api.aws.entry import AwsDoor
from wharfinger.api.http import FileResponse, Receive, Request, Response, Scope, Send, off_memory, respond
from wharfinger.api.oci.entry import OciDoor
from wharfinger.api.sts.entry import StsDoor, is_meant
from wharfinger.domain.faults import Fault, Unavailable
from wharfinger.server.data import open_state
from wharfinger.server.settings import Settings
from wharfinger.services import clocks, declared, health, jobs, shared_trail, webhooks
from wharfinger.state import State
from wharfinger.state.clock import Clock, system_clock
from wharfinger.state.ids import new_uuid

log = logging.getLogger(__name__)
Answer = Response | FileResponse
_READING: Final = {"GET", "HEAD"}
# of the event loop: granian stops it within the first few, and signals get lost until it runs again
_TURNS: Final = 100
# what people push is shown by no browser as anything but what it is said to be
_AS_SAID: Final = (b"x-content-type-options", b"nosniff")
_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_GREETING: Final = (
    f"Wharfinger {__version__}, a container registry.\n"
    "The ECR API is POST /, the OCI distribution API is /v2/. Log in with what `wharfinger env` prints.\n"
)


class Door(Protocol):
    """One API: what it answers, and how it words what goes wrong."""

    async def answer(self, request: Request) -> Answer: ...

    def refuse(self, request: Request, fault: Fault) -> Answer: ...

    def fail(self, request: Request) -> Answer: ...


def build(settings: Settings, clock: Clock = system_clock, started: Callable[[], None] = lambda: None) -> Application:
    """A server's application; its data directory is prepared, and opened when the worker starts."""
    return Application(settings, clock, started)


class Application:
    """Dispatches requests to the doors and a few pages for machines."""

    def __init__(self, settings: Settings, clock: Clock, started: Callable[[], None]) -> None:
        self._settings = settings
        self._trusted = settings.proxies
        self._clock = clock
        self._started = started
        self._is_leaving = False
        self._state: State | None = None
        self._aws: Door | None = None
        self._oci: Door | None = None
        self._sts: Door | None = None
        self._beside: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def start(self) -> State:
        """Open the data directory and begin with what goes on beside the requests."""
        self._state = state = await open_state(self._settings, self._clock)
        self._aws = AwsDoor(state, self._settings.addresses)
        self._oci = OciDoor(state)
        self._sts = StsDoor(state)
        beside = (
            jobs.run_forever,
            webhooks.run_forever,
            declared.run_forever,
            shared_trail.run_forever,
            clocks.run_forever,
        )
        self._beside = [asyncio.create_task(each(state)) for each in beside]
        return state

    def leave(self) -> None:
        """From now on clients are told not to come back on the same connection."""
        self._is_leaving = True

    async def stop(self) -> None:
        """End what goes on beside the requests, finish what was written, close the data directory."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        if self._state is not None:
            await shared_trail.hand_over_the_rest(self._state)
            self._state.trail.close()
            await self._state.db.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    # a worker that stayed would answer its share of all requests with an error
                    log.exception("the data directory cannot be opened")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                self._started()
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope, receive, new_uuid(), self._trusted)
        response = await self._answer(request)
        if self._state is not None:
            trail.note(self._state, request, response)
        request.arguments = request.result = None  # for as long as a slow client takes to read, they would be held
        if request.method not in _READING or response.status >= 500:
            log.info(
                "%s %s %s %d %.0f ms %s %s",
                request.method,
                request.path.decode("latin-1").encode("unicode_escape").decode(),  # no line of its own
                request.operation,
                response.status,
                (time.perf_counter() - began) * 1000,
                request.client or "-",
                request.id,
            )
        headers = [*response.headers, _AS_SAID, (b"x-amzn-requestid", request.id.encode())]
        if self._is_leaving:
            headers.append((b"connection", b"close"))
        await respond(request, response._replace(headers=headers), send)

    async def _answer(self, request: Request) -> Answer:
        path = request.path
        if path.startswith(b"/v2/") or path == b"/v2":
            return await self._through(self._oci, request)
        if path == b"/" and is_meant(request):
            return await self._through(self._sts, request)
        if path == b"/" and request.method == "POST":
            return await self._through(self._aws, request)
        if request.method not in _READING:
            return Response(404, [_TEXT], b"Not found\n")
        if path == b"/healthz":
            return Response(200, [_TEXT], b"ok\n")
        if path == b"/readyz":
            return await self._ready()
        if path == b"/":
            return Response(200, [_TEXT], _GREETING.encode())
        return Response(404, [_TEXT], b"Not found\n")

    async def _ready(self) -> Response:
        missing = await health.missing(self._state) if self._state is not None else "the worker is starting"
        if missing is None:
            return Response(200, [_TEXT], b"ready\n")
        return Response(503, [_TEXT], f"not ready: {missing}\n".encode())

    async def _through(self, door: Door | None, request: Request) -> Answer:
        """A fault is answered in the words of its door; what no one foresaw by a request id and no more."""
        if door is None or self._state is None:
            return Response(503, [_TEXT], b"The worker is starting\n")
        try:
            return off_memory(await door.answer(request), self._state.scratch)
        except Fault as fault:
            request.fault = fault
            if isinstance(fault, Unavailable):
                log.error("%s unavailable: %s", request.id, fault.reason)  # noqa: TRY400 - the reason is known
            return door.refuse(request, fault)
        except Exception:
            log.exception("%s failed", request.id)
            return door.fail(request)
