"""The application: what answers which path, in one screen. An ASGI callable; nothing exists before `build`."""

from __future__ import annotations

import asyncio
import logging
import re
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
from wharfinger.server import logs
from wharfinger.server.data import open_state
from wharfinger.server.machines import TEXT, Machines
from wharfinger.server.metrics import Metrics
from wharfinger.server.settings import Settings
from wharfinger.server.traces import Traces, are_wanted
from wharfinger.services import clocks, declared, jobs, shared_trail, webhooks
from wharfinger.state import State
from wharfinger.state.clock import Clock, system_clock
from wharfinger.state.ids import new_public_uuid

log = logging.getLogger(__name__)
Answer = Response | FileResponse
_READING: Final = {"GET", "HEAD"}
# of the event loop: granian stops it within the first few, and signals get lost until it runs again
_TURNS: Final = 100
# what people push is shown by no browser as anything but what it is said to be
_AS_SAID: Final = (b"x-content-type-options", b"nosniff")
_PUBLISH_SECONDS: Final = 1
# as the W3C has it; of what a client sends to be known by, only this is shown
_TRACE: Final = re.compile("[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_GREETING: Final = (
    f"Wharfinger {__version__}, a container registry.\n"
    "The ECR API is POST /, the OCI distribution API is /v2/. Log in with what `wharfinger env` prints.\n"
)


class Door(Protocol):
    """One API: what it answers, and how it words what goes wrong."""

    async def answer(self, request: Request) -> Answer: ...

    def refuse(self, request: Request, fault: Fault) -> Answer: ...

    def fail(self, request: Request) -> Answer: ...


def build(
    settings: Settings,
    clock: Clock = system_clock,
    started: Callable[[], None] = lambda: None,
    figures: str | None = None,
) -> Application:
    """A server's application; its data directory is prepared, and opened when the worker starts.

    `figures` is the block that its workers share for their metrics, None if there is but one.
    """
    return Application(settings, clock, started, Metrics(figures))


class Application:
    """Dispatches requests to the doors and a few pages for machines."""

    def __init__(self, settings: Settings, clock: Clock, started: Callable[[], None], counted: Metrics) -> None:
        self._settings = settings
        self._trusted = settings.proxies
        self._metrics = counted
        self._clock = clock
        self._started = started
        self._is_leaving = False
        self._is_ending = False
        self._machines: Machines | None = None
        self._traces: Traces | None = None
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
        state = await open_state(self._settings, self._clock)
        if are_wanted():
            self._traces = Traces()
            state = self._traces.of(state)
        self._state = state
        self._aws = AwsDoor(state, self._settings.addresses)
        self._oci = OciDoor(state)
        self._sts = StsDoor(state)
        self._machines = Machines(state, self._settings, self._metrics)
        beside = (
            jobs.run_forever,
            webhooks.run_forever,
            declared.run_forever,
            shared_trail.run_forever,
            clocks.run_forever,
            self._publish,
        )
        self._beside = [asyncio.create_task(each(state)) for each in beside]
        return state

    def leave(self) -> None:
        """From now on clients are told not to come back on the same connection."""
        self._is_leaving = True

    def end(self) -> None:
        """The server is about to stop: nobody is to come any more, and what others can do is left to them."""
        self._is_leaving = self._is_ending = True
        for task in self._beside:
            task.cancel()

    async def stop(self) -> None:
        """End what goes on beside the requests, finish what was written, close the data directory."""
        self.end()
        await asyncio.gather(*self._beside, return_exceptions=True)
        if self._state is not None:
            await shared_trail.hand_over_the_rest(self._state)
            self._state.trail.close()
            await self._state.db.close()
        if self._traces is not None:
            await self._traces.close()
        self._metrics.close()

    async def _publish(self, state: State) -> None:
        while True:
            self._metrics.publish(state)
            await asyncio.sleep(_PUBLISH_SECONDS)

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
        request = Request(scope, receive, new_public_uuid(), self._trusted)
        self._metrics.begin()
        try:
            if self._traces is None:
                await self._serve(request, send)
            else:
                await self._traces.request(request, self._serve(request, send))
        finally:
            request.close()
            self._metrics.end()

    async def _serve(self, request: Request, send: Send) -> int:
        began = time.perf_counter()
        response = await self._answer(request)
        if self._state is not None:
            trail.note(self._state, request, response)
        request.arguments = request.result = None  # for as long as a slow client takes to read, they would be held
        seconds = time.perf_counter() - began
        self._metrics.count(request, response, seconds)
        if (request.method not in _READING or response.status >= 500) and log.isEnabledFor(logging.INFO):
            _tell(request, response.status, seconds)
        more = [_AS_SAID, (b"x-amzn-requestid", request.id.encode())]
        if self._is_leaving:
            more.append((b"connection", b"close"))
        try:
            await respond(request, response, more, send)
        except Unavailable as fault:
            # the rest of a body cannot be had; the client sees that it was cut off
            self._metrics.fault(fault)
            _tell_why(request, fault)
            raise
        return response.status

    async def _answer(self, request: Request) -> Answer:
        path = request.path
        if path.startswith(b"/v2/") or path == b"/v2":
            return await self._through(self._oci, request)
        if path == b"/" and is_meant(request):
            return await self._through(self._sts, request)
        if path == b"/" and request.method == "POST":
            return await self._through(self._aws, request)
        if request.method not in _READING:
            return Response(404, [TEXT], b"Not found\n")
        if path == b"/healthz":
            return Response(200, [TEXT], b"ok\n")
        if path == b"/readyz":
            return await self._ready()
        if path == b"/metrics" and self._machines is not None:
            return await self._machines.metrics(request)
        if path == b"/":
            return Response(200, [TEXT], _GREETING.encode())
        return Response(404, [TEXT], b"Not found\n")

    async def _ready(self) -> Response:
        if self._is_ending:
            return Response(503, [TEXT], b"not ready: leaving\n")
        if self._machines is None:
            return Response(503, [TEXT], b"not ready: the worker is starting\n")
        return await self._machines.ready()

    async def _through(self, door: Door | None, request: Request) -> Answer:
        """A fault is answered in the words of its door; what no one foresaw by a request id and no more."""
        if door is None or self._state is None:
            return Response(503, [TEXT], b"The worker is starting\n")
        try:
            return off_memory(await door.answer(request), self._state.scratch)
        except Fault as fault:
            request.fault = fault
            if isinstance(fault, Unavailable):
                _tell_why(request, fault)
            return door.refuse(request, fault)
        except Exception:
            log.exception("the request failed", extra=logs.fields(request=request.id))
            return door.fail(request)


def _tell(request: Request, status: int, seconds: float) -> None:
    path = request.path.decode("latin-1").encode("unicode_escape").decode()
    traced = _TRACE.fullmatch(request.header(b"traceparent") or "")
    told = logs.fields(
        method=request.method,
        path=path,
        operation=request.operation,
        status=status,
        ms=round(seconds * 1000, 1),
        received=request.received,
        client=request.client,
        login=request.caller.login.kind if request.caller is not None else None,
        trace=traced["trace"] if traced is not None else None,
        request=request.id,
    )
    log.info("answered", extra=told)


def _tell_why(request: Request, fault: Unavailable) -> None:
    log.error("the %s cannot be used: %s", fault.part, fault.reason, extra=logs.fields(request=request.id))
