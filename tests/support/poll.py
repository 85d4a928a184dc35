"""Waiting for what a server does after its answer, or without one."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_DEADLINE_SECONDS = 60


def until(condition: Callable[[], bool], what: str) -> None:
    """Return when the condition holds; fail if it does not come to that."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {_DEADLINE_SECONDS} seconds in vain: {what}"
        time.sleep(0.01)


def until_listening(port: int, log: Path) -> None:
    """Return when something listens on a port of this machine."""

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    until(listens, f"for a server on port {port}, whose log is {log}")


async def until_async(condition: Callable[[], bool]) -> None:
    """The same within a test that is a coroutine."""
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - nothing tells of it by itself
            await asyncio.sleep(0.001)


async def until_quiet() -> None:
    """Return when all is done that requests within the test's own process have left to be done after their answers."""
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
