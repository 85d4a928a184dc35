"""A copy beside a real server under pushes, killed twice: it ends equal, and serves all that was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from support import postgresql
from support.content import OCI_EMPTY, Image, image, layer, sha256
from support.disk import without_syncs
from support.doors import new_doors
from support.oci import Oci
from support.registry import Registry
from support.rows import run_sql
from support.server import Server
from support.state import ACCOUNT
from support.stores import new_address, rights
from wharfinger.state.clock import system_clock

# with 2,000 it takes some minutes
IMAGES = int(os.environ.get("TEST_COPY_IMAGES", "200"))
SHARED = layer()
_PAUSE = 0.3  # between two pushes: a copy is to be able to keep up
COUNT = "SELECT count(*) FROM copied_bytes WHERE is_whole = 1"


class Place(NamedTuple):
    """Where a copy goes, as settings of a server."""

    settings: Mapping[str, Any]
    directory: Path

    @property
    def file(self) -> Path:
        """The settings as a file."""
        file = self.directory.with_suffix(".toml")
        lines = {"data": str(self.directory), **self.settings}
        file.write_text("\n".join(f"{name} = {msgspec.json.encode(value).decode()}" for name, value in lines.items()))
        return file

    @property
    def variables(self) -> dict[str, str]:
        """With the rights to its store."""
        return {**os.environ, **rights(str(self.settings.get("store", "")))}

    def blobs(self) -> int:
        """How many were copied until now."""
        if self.settings["database"]:
            [[count]] = postgresql.execute(self.settings["database"], COUNT)
            return int(count)
        with suppress(Exception):
            [[count]] = run_sql(self.directory, COUNT)
            return int(count)
        return 0  # there are no tables yet

    def server(self) -> Server:
        """A server on the copy."""
        return Server(self.directory, open=True, **self.settings)


def filled(directory: Path, images: int) -> None:
    """A data directory with images, each with a layer of its own and one that all have."""

    async def push() -> None:
        async with new_doors(directory, system_clock, database="", store="") as doors:  # type: ignore[arg-type]
            await doors.push("app", image(SHARED, config_type=OCI_EMPTY), "v0")
            for number in range(1, images):
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
            if self._is_over.wait(_PAUSE):
                return
            new = image(layer(2000), config_type=OCI_EMPTY)
            self._oci.push("app", new, f"during{number}")
            self.pushed[f"during{number}"] = new

    def stop(self) -> None:
        """When the image that is under way is pushed."""
        self._is_over.set()
        self.join()


@contextmanager
def copying(source: Path, to: Place, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "wharfinger", "copy", "--from", str(source), "--to", str(to.file), *options]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=to.variables, **pipes) as process:
        yield process


def kill_when(source: Path, to: Place, blobs: int) -> None:
    """Begin to copy, and kill -9 when so many blobs are there."""
    with copying(source, to) as process:
        while to.blobs() < blobs and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def end_of(source: Path, to: Place, *options: str) -> str:
    """What is printed by a copy that is done."""
    with copying(source, to, *options) as process:
        printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return printed.strip()


def listed(server: Server) -> Sequence[dict[str, str]]:
    return Registry(server, ACCOUNT).images("app")


@pytest.fixture(params=[pytest.param("inside", marks=pytest.mark.about_sqlite), "outside"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    directory = tmp_path / "copy"
    kinds = {"database": "", "store": ""}
    if request.param == "outside":
        kinds = {"database": postgresql.database_of(directory), "store": new_address("s3")}
    return Place({"master_key": str(tmp_path / "source/master.key"), **kinds}, directory)


@pytest.mark.timeout(900)
def test_a_copy_during_pushes_that_is_killed_twice_ends_equal(tmp_path: Path, to: Place, record_property: Any) -> None:
    source, images = tmp_path / "source", IMAGES
    filled(source, images)
    with Server(source, open=True, database="", store="") as server:
        pusher = Pusher(Registry(server, ACCOUNT).oci)
        pusher.start()
        pushed = [0]
        for part in (8, 3):
            kill_when(source, to, images // part)
            pushed.append(len(pusher.pushed))
        while_serving = end_of(source, to)
        pushed.append(len(pusher.pushed))
        assert pushed[-1] > pushed[0]
        pusher.stop()
        expected = listed(server)
    last = end_of(source, to, "--deep")
    record_property("copy", f"{while_serving}; {last}; pushes at each kill and at the end {pushed[1:]}")
    assert last.startswith(f"equal: {images + len(pusher.pushed):,} images, ")
    with to.server() as server:
        assert listed(server) == expected
        oci = Registry(server, ACCOUNT).oci
        for tag, one in pusher.pushed.items():
            assert oci.get(f"/v2/app/manifests/{tag}").body == one.manifest
        doctor = [sys.executable, "-m", "wharfinger", "doctor", "--deep", "--config", str(to.file)]
        found = subprocess.run(doctor, env=to.variables, capture_output=True, text=True, check=False)
    assert "All is well." in found.stdout, found.stdout
