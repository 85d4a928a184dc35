"""Traces, if the variables of OpenTelemetry say where to: a span for each request, transaction and call of the store.

Without them nothing is imported and nothing is measured. All else is set by the same variables.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final, cast

from wharfinger import __version__
from wharfinger.api.http import Request
from wharfinger.server.metrics import named
from wharfinger.state import State
from wharfinger.state.blobs.store import BlobStore
from wharfinger.state.db.database import Database

_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_LAST_SECONDS: Final = 5
_PROGRAM: Final = "opentelemetry.exporter.otlp.proto.http"


class TracesUnusable(Exception):
    """Traces are wanted, and what sends them is not installed."""


def are_wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody said where they go. Raises TracesUnusable."""
    said = next((name for name in _VARIABLES if environ.get(name)), None)
    if said is None or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    try:
        is_there = find_spec(_PROGRAM) is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        raise TracesUnusable(f"{said} is set: install wharfinger[otel], or take the variable away")
    return True


class Traces:
    """The spans of one worker. They are sent by a thread, and dropped when nobody takes them."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        name = os.environ.get("OTEL_SERVICE_NAME", "wharfinger")
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": name, "service.version": __version__}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("wharfinger", __version__)
        self._server, self._client, self._failed = SpanKind.SERVER, SpanKind.CLIENT, StatusCode.ERROR
        self._context = TraceContextTextMapPropagator()

    async def request(self, request: Request, served: Awaitable[int]) -> None:
        """A span for a request, under that of its client if it names one, until the answer is handed over."""
        carrier = {"traceparent": request.header(b"traceparent") or ""}
        with self._tracer.start_as_current_span(
            request.method, self._context.extract(carrier), self._server, record_exception=False
        ) as span:
            status = await served
            door, operation = named(request)
            span.update_name(f"{door} {operation}")
            span.set_attributes(
                {
                    "http.request.method": request.method,
                    "http.response.status_code": status,
                    "wharfinger.door": door,
                    "wharfinger.operation": operation,
                    "wharfinger.request": request.id,
                }
            )
            if status >= 500:
                span.set_status(self._failed)

    def of(self, state: State) -> State:
        """The same state, whose database and store have spans."""
        return replace(
            state,
            db=cast("Database", _Spanned("database", state.db, self._span)),
            blobs=cast("BlobStore", _Spanned("store", state.blobs, self._span)),
        )

    async def _span(self, name: str, work: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        # an exception may hold what clients sent: that there was one is enough
        with self._tracer.start_as_current_span(name, kind=self._client, record_exception=False) as span:
            if args and callable(args[0]):
                span.set_attribute("code.function.name", f"{args[0].__module__}.{args[0].__qualname__}")
            return await work(*args, **kwargs)

    async def close(self) -> None:
        """Send what was not sent yet, if it is taken soon."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, _LAST_SECONDS)


class _Spanned:
    """Something whose coroutines have spans; all else is as it was."""

    def __init__(self, part: str, inner: Any, span: Callable[..., Awaitable[Any]]) -> None:
        self._part, self._inner, self._span = part, inner, span

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found) or name == "close":
            return found

        def with_span(*args: Any, **kwargs: Any) -> Awaitable[Any]:
            return self._span(f"{self._part} {name}", found, *args, **kwargs)

        return with_span
