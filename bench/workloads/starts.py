"""How soon a server answers, what it holds when it does nothing, and how often it syncs."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from bench import load
from bench.bars import ONE, under
from bench.load import Push
from bench.results import Sample
from bench.targets import REPOSITORY, Server
from bench.targets.target import Door
from bench.workloads.workload import KIB, Run, Scale, Workload

_START: Final[frozenset[Door]] = frozenset({"start"})
_PUSH: Final[frozenset[Door]] = frozenset({"push"})
_QUIET_SECONDS: Final = 2


def _started(target: Server, scale: Scale) -> Run:
    """After kill -9, so that there is something to mend."""
    del scale

    def run() -> Sample:
        target.kill()
        return Sample(target.start())

    return run


def _idle(target: Server, scale: Scale) -> Run:
    del scale

    def run() -> Sample:
        target.kill()
        target.start()
        time.sleep(_QUIET_SECONDS)
        return Sample(target.tree.memory())

    return run


def _synced(target: Server, scale: Scale) -> Run:
    """One image of one layer, pushed by one client, with strace beside it."""
    del scale
    push = Push("streamed", 100 * KIB, 1, image=True, repositories=[REPOSITORY])

    def run() -> Sample:
        with tempfile.TemporaryDirectory() as directory:
            calls = Path(directory) / "calls"
            pids = [part for pid in target.tree.pids() for part in ("-p", str(pid))]
            command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,syncfs", "-o", str(calls), *pids]
            tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _until_traced(target, tracer)
            found = load.pushed(target, push, 1)
            tracer.terminate()
            tracer.wait()
            return Sample(synced(calls.read_text()), found.errors, found.error)

    return run


def _until_traced(target: Server, tracer: subprocess.Popen[bytes]) -> None:
    """Until each thread of the target has a tracer."""
    threads = [task for pid in target.tree.pids() for task in Path(f"/proc/{pid}/task").iterdir()]
    while not all("TracerPid:\t0" not in (task / "status").read_text() for task in threads):
        if tracer.poll() is not None:
            raise SystemExit("strace may not look at other processes here")
        time.sleep(0.01)


def synced(trace: str) -> int:
    """How many syncs began; one that was interrupted in the trace has two lines."""
    return len(re.findall(r"\b(?:fsync|fdatasync|syncfs)\(", trace))


WORKLOADS: Final = (
    Workload(
        "start",
        "start after kill -9 to the first answer",
        "s",
        _START,
        _started,
        (under(1, ONE),),
        less_is_better=True,
    ),
    Workload(
        "idle-memory",
        "memory of all processes with nothing to do",
        "MiB",
        _START,
        _idle,
        (under(90, ONE),),
        less_is_better=True,
    ),
    Workload(
        "syncs",
        "fsync and fdatasync calls for an image of one layer",
        "calls",
        _PUSH,
        _synced,
        less_is_better=True,
        program="strace",
    ),
)
