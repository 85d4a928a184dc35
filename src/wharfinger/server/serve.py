"""Running the server: one parent that holds the data directory, and workers that answer.

granian's traps and how each is avoided: docs/decisions/0001-server.md.
"""

from __future__ import annotations

import asyncio
import errno
import http.client
import logging.config
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.queues import SimpleQueue
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from wharfinger.server import data, logs
from wharfinger.server.app import Application, build
from wharfinger.server.settings import Settings

DRAIN_SECONDS: Final = 30
_CONNECTIONS: Final = 4096  # per worker; idle ones count, so it is far above what is ever in flight
_BUFFER: Final = 192 * 1024  # bytes per connection and direction; granian's 400 KiB add up with many slow clients
_POLL_SECONDS: Final = 0.02
_START_SECONDS: Final = 10


class PortTaken(Exception):
    """Something else listens there already."""


def serve(settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; `ready` is called once, when requests are answered.

    Raises DirectoryInUse, SchemaTooNew, SecretsUnreadable, PortTaken, AccessFileInvalid.
    """
    logging.config.dictConfig(logs.configuration(settings.log_level))
    data.keep_private()
    with data.held(settings.directory):
        _check_port(settings)
        asyncio.run(data.prepare(settings))
        data.announce(settings)
        started: SimpleQueue[int] = multiprocessing.SimpleQueue()
        _Server(settings, ready, started).serve(target_loader=partial(_load, settings, started), wrap_loader=False)


def _check_port(settings: Settings) -> None:
    """granian's workers share a port with anyone who shares it, so somebody else's server would not be noticed."""
    family, kind, protocol, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken from None
            raise


def _load(settings: Settings, started: SimpleQueue[int]) -> Application:
    """Runs in each worker."""
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    return build(settings, started=lambda: started.put(os.getpid()))


def _follow(parent: int) -> None:
    """A worker whose parent was killed would serve on, and nobody could stop it by the server's process id."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


class _Server(MPServer):
    """granian with every bound set that it leaves open, and word when it is ready."""

    def __init__(self, settings: Settings, ready: Callable[[], None], started: SimpleQueue[int]) -> None:
        super().__init__(
            "wharfinger",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            workers=settings.workers,
            loop=Loops.auto,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=30_000, keep_alive=True, max_buffer_size=_BUFFER),
            websockets=False,
            backlog=_CONNECTIONS,
            backpressure=_CONNECTIONS,
            runtime_blocking_threads=32,
            log_level=LogLevels.warning,
            log_dictconfig=logs.configuration(settings.log_level),
            log_access=False,
            respawn_failed_workers=True,
            workers_kill_timeout=DRAIN_SECONDS,
        )
        self._settings = settings
        self._ready = ready
        self._starts = started
        self._started: set[int] = set()  # workers, by process id, that heed signals

    def _stop_workers(self) -> None:
        """A worker that is just starting loses a signal, or hangs by it, so it is waited for.

        Each gets one signal only: a second one would cut off the requests that the first lets finish.
        """
        deadline = time.monotonic() + _START_SECONDS
        while any(self._is_starting(worker) for worker in self.wrks) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        super()._stop_workers()  # type: ignore[no-untyped-call]

    def _is_starting(self, worker: Any) -> bool:
        self._note_starts()
        return worker.inner.is_alive() and worker.inner.pid not in self._started

    def _note_starts(self) -> None:
        while not self._starts.empty():
            self._started.add(self._starts.get())

    def _respawn_workers(self, *args: Any, **kwargs: Any) -> None:
        self._note_starts()  # not by a thread, which forking would break; and it never fills up
        super()._respawn_workers(*args, **kwargs)

    def startup(self, *args: Any, **kwargs: Any) -> None:
        super().startup(*args, **kwargs)  # type: ignore[no-untyped-call]
        threading.Thread(target=self._tell, daemon=True).start()

    def _tell(self) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)  # noqa: S104
        while not self.interrupt_signal:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection(host, self._settings.port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    self._ready()
                    return
            time.sleep(_POLL_SECONDS)
