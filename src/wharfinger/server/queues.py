"""The queues of new connections: one for each worker, which its successor takes over.

Of one queue for all, the worker that is awake takes whatever comes at once: docs/decisions/0019-connections.md.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from typing import Any, NamedTuple

from granian.net import SocketSpec  # type: ignore[attr-defined]


class PortTaken(Exception):
    """Something else listens there already."""


def check_port(host: str, port: int) -> None:
    """Queues share a port with anyone who shares it, so somebody else's server would not be noticed.

    Raises PortTaken.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken from None
            raise


class Queue(NamedTuple):
    """One of them, held by the parent as long as it lives: a worker that ends takes nothing with it."""

    listener: Any  # granian's
    socket: socket.socket


def for_each(workers: int, host: str, port: int, length: int) -> list[Queue]:
    """One for each worker, all at one port. Linux shares connections out to them by a hash of both ends' addresses.

    Other systems give all to one of the queues, so there is one for all.
    """
    if sys.platform != "linux":
        return [_opened(host, port, length)] * workers
    return [_opened(host, port, length) for _ in range(workers)]


def _opened(host: str, port: int, length: int) -> Queue:
    listener = SocketSpec(host, port, length).build()
    return Queue(listener, socket.socket(fileno=listener.get_fd()))


def leave() -> None:
    """Leave new connections to the successor: an empty queue takes the place of this process's own.

    granian stops to accept only together with all that it has not got a request of yet, handshakes among it.
    """
    with socket.socket(socket.AF_UNIX) as empty:
        empty.bind("")  # a name that nobody knows
        empty.listen()
        empty.setblocking(False)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
            if _is_queue(int(name)):
                os.dup2(empty.fileno(), int(name), inheritable=False)


def _is_queue(descriptor: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        copy = socket.socket(fileno=os.dup(descriptor))
    except OSError:  # it was there for listing the others
        return False
    with copy:
        is_tcp = copy.family in {socket.AF_INET, socket.AF_INET6}
        return is_tcp and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
