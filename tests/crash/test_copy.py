"""A copy beside a real server under pushes, killed twice: it ends equal, and serves all that was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.content import OCI_EMPTY, Image, image, layer, sha256
from support.disk import without_syncs
from support.doors import new_doors
from support.oci import Oci
from support.poll import until
from support.registry import Registry
from support.server import Server
from support.state import ACCOUNT
from wharfinger.state.clock import system_clock

IMAGES = 2000
SHARED = layer()


def filled(directory: Path) -> None:
    """A data directory with many images, each with a layer of its own and one that all have."""

    async def push() -> None:
        async with new_doors(directory, system_clock) as doors:  # type: ignore[arg-type]
            await doors.push("app", image(SHARED, config_type=OCI_EMPTY), "v0")
            for number in range(1, IMAGES):
                own = layer()
                await doors.push_blob("app", own, sha256(own))
                await doors.put_manifest("app", f"v{number}", image(SHARED, own, config_type=OCI_EMPTY))

    with pytest.MonkeyPatch.context() as patch:
        without_syncs(patch)
        asyncio.run(push())


class Pusher(threading.Thread):
    """Pushes images, one after the other, until it is told to stop."""

    def __init__(self, oci: Oci) -> None:
        super().__init__(daemon=True)
        self._oci = oci
        self._is_over = threading.Event()
        self.pushed: dict[str, Image] = {}

    def run(self) -> None:
        for number in itertools.count():
            if self._is_over.is_set():
                return
            new = image(SHARED, layer(2000))
            self._oci.push("app", new, f"during{number}")
            self.pushed[f"during{number}"] = new

    def stop(self) -> None:
        self._is_over.set()
        self.join()


@contextmanager
def copying(source: Path, to: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "wharfinger", "copy", "--from", str(source), "--to", str(to), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process


def files_of(directory: Path) -> int:
    return sum(1 for _ in (directory / "blobs").glob("*/*"))


def kill_when(source: Path, to: Path, files: int) -> None:
    """Begin to copy, and kill -9 when so many files are there."""
    with copying(source, to) as process:
        until(lambda: files_of(to) >= files or process.poll() is not None, "a part is copied")
        process.kill()
    assert process.returncode == -signal.SIGKILL


def end_of(source: Path, to: Path) -> str:
    """The last line of a copy that is done."""
    with copying(source, to, "--deep") as process:
        printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return next(line for line in printed.splitlines() if line.startswith("equal: "))


def listed(server: Server) -> Sequence[dict[str, str]]:
    return Registry(server, ACCOUNT).images("app")


@pytest.mark.timeout(600)
def test_a_copy_during_pushes_that_is_killed_twice_ends_equal(tmp_path: Path) -> None:
    source, to = tmp_path / "source", tmp_path / "copy"
    filled(source)
    with Server(source, open=True) as server:
        pusher = Pusher(Registry(server, ACCOUNT).oci)
        pusher.start()
        pushed = [0]
        for part in (3, 2):
            kill_when(source, to, files_of(source) // part)
            pushed.append(len(pusher.pushed))
        while_serving = end_of(source, to)
        pushed.append(len(pusher.pushed))
        assert sorted(set(pushed)) == pushed  # some came during each
        pusher.stop()
        expected = listed(server)
    last = end_of(source, to)
    print(while_serving, last, pushed, sep="\n")
    assert last.startswith(f"equal: {IMAGES + len(pusher.pushed):,} images, ")
    shutil.copy(source / "master.key", to / "master.key")
    with Server(to, open=True) as server:
        assert listed(server) == expected
        oci = Registry(server, ACCOUNT).oci
        for tag, one in pusher.pushed.items():
            assert oci.get(f"/v2/app/manifests/{tag}").body == one.manifest
        doctor = [sys.executable, "-m", "wharfinger", "doctor", "--deep", "--data", str(to)]
        assert "All is well." in subprocess.run(doctor, check=True, capture_output=True, text=True).stdout
