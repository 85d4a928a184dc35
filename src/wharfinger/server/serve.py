"""Running the server: one parent that holds the data directory, and workers that answer.

granian's traps and how each is avoided: docs/decisions/0001-server.md.
"""

from __future__ import annotations

import asyncio
import logging
import logging.config
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from multiprocessing.queues import SimpleQueue
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from wharfinger.server import data, logs, probe, queues, tls, traces
from wharfinger.server.app import Application, build
from wharfinger.server.settings import Settings
from wharfinger.server.shares import Block

log = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 30
LEAVING_SECONDS: Final = 3600  # for a worker that was replaced: an upload that it receives may take long
_LAST_SECONDS: Final = 10  # in which its connections finish their handshakes and send what they were opened for
_LEAVE: Final = signal.SIGUSR1  # another worker has taken its place
_STOP: Final = signal.SIGUSR2  # the server is about to stop
_CONNECTIONS: Final = 4096  # per worker; idle ones count, so it is far above what is ever in flight
_BUFFER: Final = 192 * 1024  # bytes per connection and direction; granian's 400 KiB add up with many slow clients
_POLL_SECONDS: Final = 0.02
_START_SECONDS: Final = 10


class _NotStarted(Exception):
    """A worker that was to replace another one."""


def serve(settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; `ready` is called once, when requests are answered.

    Raises DirectoryInUse, SchemaTooNew, SchemaTooOld, SecretsUnreadable, Unavailable, PortTaken, AccessFileInvalid,
    CertificateUnusable, TracesUnusable, CopyUnfinished.
    """
    traces.are_wanted()  # said before there are workers that could not start
    logging.config.dictConfig(logs.configuration(settings))
    data.keep_private()
    with data.held(settings.directory):
        queues.check_port(settings.host, settings.port)
        asyncio.run(data.prepare(settings))
        started: SimpleQueue[int] = multiprocessing.SimpleQueue()
        figures = Block()
        load = partial(_load, settings, started, figures.path)
        _Server(settings, ready, started).serve(target_loader=load, wrap_loader=False)


def _load(settings: Settings, started: SimpleQueue[int], figures: str, others: Iterable[socket.socket]) -> Application:
    """Runs in each worker, which has inherited the queues of the `others`."""
    for each in others:
        each.close()
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()

    def leave() -> None:
        application.leave()
        queues.leave()

    def tell() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(_LEAVE, leave)
        loop.add_signal_handler(_STOP, application.end)
        # a terminal sends Ctrl-C to the workers, too: the parent tells them, and a second signal would cut requests off
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        started.put(os.getpid())

    application = build(settings, started=tell, figures=figures)
    return application


def _follow(parent: int) -> None:
    """A worker whose parent was killed would serve on, and nobody could stop it by the server's process id."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


class _Server(MPServer):
    """granian with every bound set that it leaves open, word when it is ready, and workers replaced without a loss."""

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
            log_dictconfig=logs.configuration(settings),
            log_access=False,
            respawn_failed_workers=True,
            workers_kill_timeout=DRAIN_SECONDS,
        )
        self._settings = settings
        self._ready = ready
        self._starts = started
        self._started: set[int] = set()  # workers, by process id, that heed signals
        self._leaving: list[Any] = []  # workers that were replaced, and finish what they have begun
        self._is_stopping = threading.Event()
        self._pair: tls.Pair | None = None
        if settings.tls is not None:
            self._show(tls.Pair(settings.tls))
        data.announce(settings, self._pair)

    def _show(self, pair: tls.Pair | None) -> None:
        """What workers that are started from now on speak TLS with."""
        self._pair = pair
        certificate, key = pair.paths if pair else (None, None)
        shown: Any = (pair is not None, certificate, key, None, str(SSLProtocols.tls12), None, [], False)
        self.ssl_ctx = shown

    def _init_shared_socket(self) -> None:
        self._queues = queues.for_each(self.workers, self.bind_addr, self.bind_port, self.backlog)

    def _drop_shared_socket(self) -> None:
        for queue in self._queues:
            queue.socket.close()

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> WorkerProcess:  # type: ignore[override]
        self._shd, self._sso = self._queues[idx]
        others = [queue.socket for queue in self._queues if queue.socket is not self._sso]
        return super()._spawn_worker(idx, target, partial(callback_loader, others))

    def _stop_workers(self) -> None:
        """A worker that is just starting loses a signal, or hangs by it, so it is waited for.

        First each is told what comes, and load balancers get the time to notice. Each gets one SIGTERM only: a second
        one would cut off the requests that the first lets finish.
        """
        self._wait_for_starts(self.wrks)
        for worker in self.wrks:
            if worker.inner.pid in self._started:
                with suppress(ProcessLookupError):
                    os.kill(worker.inner.pid, _STOP)
        time.sleep(self._settings.drain_delay)
        self._is_stopping.set()
        end = time.monotonic() + DRAIN_SECONDS
        super()._stop_workers()  # type: ignore[no-untyped-call]
        for worker in self._leaving:
            _end(worker, end - time.monotonic())

    def _wait_for_starts(self, workers: Iterable[Any]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while any(self._is_starting(worker) for worker in workers) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _is_starting(self, worker: Any) -> bool:
        self._note_starts()
        return worker.inner.is_alive() and worker.inner.pid not in self._started

    def _note_starts(self) -> None:
        while not self._starts.empty():
            self._started.add(self._starts.get())

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        """SIGHUP, or the files of the certificate have changed. What cannot be used is left, and said once."""
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        before = self._pair
        try:
            if self._settings.tls is not None:
                self._show(tls.Pair(self._settings.tls))
            self._respawn_workers(range(self.workers), spawn_target, target_loader)
        except (tls.CertificateUnusable, _NotStarted) as error:
            log.error("all stays as it was: %s", error)  # noqa: TRY400 - the reason is known
            unused = self._pair
            self._show(before)
        else:
            unused = before
            data.announce(self._settings, self._pair)
            log.info("the workers were replaced%s", ", and show the new certificate" if self._pair else "")
        if unused is not None and unused is not self._pair:
            unused.close()
        self.respawned_wrks.clear()  # those that were lost meanwhile are no crash loop
        self._look_again()

    def _respawn_workers(self, workers: Iterable[int], spawn_target: Any, target_loader: Any, delay: float = 0) -> None:  # noqa: ARG002
        """The new one starts before the old one, if that lives, is told to finish what it has begun.

        Raises _NotStarted; the old one lives on then.
        """
        for index in workers:
            old: Any = self.wrks[index]
            new: Any = self._spawn_worker(index, spawn_target, target_loader)
            is_replaced = old.is_alive()
            new.interrupt_by_parent = is_replaced  # until it has started, its end is no crash
            new.start()
            if is_replaced:
                self._wait_for_starts([old, new])
                if new.inner.pid not in self._started:
                    new.kill()
                    raise _NotStarted("a worker did not start")
                new.interrupt_by_parent = False
                self._let_go(old)
            self.wrks[index] = new
            self.respawned_wrks[index] = time.monotonic()
        self._note_starts()  # not by a thread, which forking would break; and it never fills up
        self._look_again()

    def _let_go(self, worker: Any) -> None:
        worker.interrupt_by_parent = True
        with suppress(ProcessLookupError):
            os.kill(worker.inner.pid, _LEAVE)
        self._leaving = [each for each in self._leaving if each.is_alive()] + [worker]
        threading.Thread(target=self._see_off, args=(worker,), daemon=True).start()

    def _see_off(self, worker: Any) -> None:
        self._is_stopping.wait(_LAST_SECONDS)
        worker.terminate()
        _end(worker, LEAVING_SECONDS)

    def _look_again(self) -> None:
        """granian forgets that it was called while it answers a call."""
        if self.interrupt_signal or self.interrupt_children or self.reload_signal:
            self.main_loop_interrupt.set()

    def startup(self, *args: Any, **kwargs: Any) -> None:
        super().startup(*args, **kwargs)  # type: ignore[no-untyped-call]
        threading.Thread(target=self._tell, daemon=True).start()
        if self._pair is not None:
            # it only looks: to fork is for the main thread
            threading.Thread(target=self._pair.follow, args=(self.signal_handler_reload,), daemon=True).start()

    def _tell(self) -> None:
        while not self.interrupt_signal:
            if probe.missing(self._settings) is None:
                self._ready()
                return
            time.sleep(_POLL_SECONDS)


def _end(worker: Any, seconds: float) -> None:
    """Wait for a worker that was told to stop, and if it does not, kill it."""
    worker.join(max(0.0, seconds))
    if worker.is_alive():
        worker.kill()
