"""What a target is: a program that is started, waited for, filled and ended."""

from __future__ import annotations

import http.client
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from bench.results import Kind
from bench.targets.processes import Tree
from support.oci import Oci
from support.ports import free_port

REPOSITORY: Final = "bench"
TOOLS: Final = Path(__file__).parents[2] / ".tools"
_START_SECONDS: Final = 30

# what can be asked of a target: pulls, pushes, deletions at the data plane, calls of ECR, a start, a ceiling of pushes
# `post`: takes a layer in the body of the POST, which the specification leaves to registries
Door = Literal["pull", "push", "post", "delete", "ecr", "start", "ceiling"]


class Missing(Exception):
    """A target cannot be run here; the text says what to do about it."""


class Target:
    """Something with a name that can be compared."""

    name: str
    kind: Kind = "peer"
    durability: str
    doors: frozenset[Door]

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @classmethod
    def version(cls) -> str:
        """Of the program. Raises Missing if it is not there."""
        raise NotImplementedError


class Server(Target):
    """A target that listens; `oci` talks to its data plane."""

    answers: frozenset[int] = frozenset({200, 401})
    ready = "/v2/"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.authorization = ""
        self.environment = dict(os.environ)
        self.oci = Oci(self.address, None)
        self.placed: set[tuple[str, str]] = set()  # repository and digest
        self.ecr: Any = None  # where it has such a door

    def __enter__(self) -> Self:
        with ExitStack() as failing:
            failing.callback(self._stack.close)
            self.start()
            self.prepare()
            failing.pop_all()
        return self

    def start(self) -> float:
        """Start the program; the seconds until it answers for the first time."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            self.command(),
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.tree = Tree(self._process.pid)
        self._stack.callback(self._stop, self._process)
        self._wait(began)
        return time.perf_counter() - began

    def kill(self) -> None:
        """kill -9 of all its processes."""
        self.tree.kill()
        self._process.wait()

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            Tree(process.pid).kill()
            process.wait()

    def command(self) -> list[str]:
        raise NotImplementedError

    def prepare(self) -> None:
        """Log in and make the repository, where the target has such things."""

    def create(self, repository: str) -> None:
        """Make a repository, where that is needed before a push."""

    @property
    def headers(self) -> dict[str, str]:
        """Those of all requests to the data plane."""
        return {"Authorization": self.authorization} if self.authorization else {}

    def place_blob(self, content: bytes, digest: str, repository: str = REPOSITORY) -> None:
        """Have it there to be pulled; once is enough."""
        if (repository, digest) not in self.placed:
            self.placed.add((repository, digest))
            self.store_blob(content, digest, repository)

    def store_blob(self, content: bytes, digest: str, repository: str) -> None:
        """Push it."""
        location = path_of(self.oci.begin(repository))
        path = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        answer = self.oci.call("PUT", path, content, {"Content-Type": "application/octet-stream"})
        assert answer.status == 201, answer

    def place_manifest(self, reference: str, content: bytes, media_type: str, repository: str = REPOSITORY) -> None:
        """The same with a manifest, whose blobs are there."""
        answer = self.oci.put_manifest(repository, reference, content, media_type)
        assert answer.status == 201, answer

    def _wait(self, began: float) -> None:
        while time.perf_counter() - began < _START_SECONDS:
            with suppress(OSError, http.client.HTTPException), closing(self._connection()) as connection:
                connection.request("GET", self.ready)
                if connection.getresponse().status in self.answers:
                    return
            if self._process.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self._process.returncode}")
            time.sleep(0.002)
        self.kill()
        raise SystemExit(f"{self.name} did not start")

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)


def path_of(location: str) -> str:
    """Of a Location, which may be a whole URL."""
    return re.sub(r"^https?://[^/]+", "", location)


def program(name: str, remedy: str) -> str:
    """The path of a program. Raises Missing with what brings it."""
    found = shutil.which(name, path=f"{TOOLS / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise Missing(f"{name} is not installed: {remedy}")
    return found


def printed(*command: str) -> str:
    """What a command says on both channels."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def filesystem(directory: str, read: Callable[[], str] = lambda: Path("/proc/mounts").read_text()) -> str:
    """The kind of the file system that a directory is on."""
    mounts = [line.split()[1:3] for line in read().splitlines()]
    under = [(point, kind) for point, kind in mounts if Path(directory).resolve().is_relative_to(point)]
    return max(under, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]


def conditions() -> dict[str, str]:
    """What a reader has to know of the machine."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "cores": str(os.cpu_count()),
        "processor": cpu[1] if cpu else platform.machine(),
        "kernel": platform.release(),
        "Python": sys.version.split()[0],
        "file system": filesystem(tempfile.gettempdir()),
    }
