"""What the processes of a target take, as Linux counts it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KIB: Final = 1024  # in a MiB


class Tree:
    """All processes of a session that was made for the first of them."""

    def __init__(self, leader: int) -> None:
        self.leader = leader

    def pids(self) -> list[int]:
        """Those that live."""
        found = []
        for directory in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if int(_fields(directory)[3]) == self.leader:
                    found.append(int(directory.name))
        return found

    def kill(self) -> None:
        """kill -9 of all of them."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def cpu(self) -> float:
        """Seconds of processor that they have taken."""
        return sum(float(_fields(path)[11]) + float(_fields(path)[12]) for path in self._paths()) / _TICKS

    def memory(self) -> float:
        """MiB that they hold now. What they share is counted once; pages of files are those of the largest of them."""
        return sum(self._each("smaps_rollup", "Pss_Anon")) + max(self._each("status", "RssFile"), default=0)

    def peak(self) -> float:
        """MiB, the sum of the most that each of them has held (VmHWM)."""
        return sum(self._each("status", "VmHWM"))

    def forget_peak(self) -> None:
        """What they hold now is the most that they have held."""
        for path in self._paths():
            with suppress(OSError):
                (path / "clear_refs").write_text("5")

    def _each(self, file: str, name: str) -> list[float]:
        """MiB by a line of a file that each process has."""
        texts = [(path / file).read_text() for path in self._paths()]
        return [int(size) / _KIB for text in texts for size in re.findall(rf"^{name}:\s+(\d+)", text, re.MULTILINE)]

    def _paths(self) -> Iterator[Path]:
        return (Path(f"/proc/{pid}") for pid in self.pids())


def _fields(process: Path) -> list[str]:
    """Of its `stat`, from the state on, which follows a name that may have anything in it."""
    return (process / "stat").read_text().rpartition(")")[2].split()
