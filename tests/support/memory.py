"""How much memory a server took at its highest."""

from __future__ import annotations

import re
from pathlib import Path

from support.server import Server

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def forget_peak(server: Server) -> int:
    """From here on, `peak` speaks of what comes. Bytes that are resident now."""
    for process in _processes(server):
        Path(f"/proc/{process}/clear_refs").write_text("5")
    return peak(server)


def peak(server: Server) -> int:
    """Bytes that were resident at the most, of the parent and all workers together."""
    total = 0
    for process in _processes(server):
        found = _PEAK.search(Path(f"/proc/{process}/status").read_text())
        total += int(found[1]) * 1024 if found else 0
    return total


def _processes(server: Server) -> list[int]:
    return [server.pid, *server.workers()]
